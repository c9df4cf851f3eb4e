#include "redis/subscriber.h"

#include "base/mem.h"
#include "base/table.h"
#include "redis/command.h"
#include "redis/route.h"
#include "redis/wire.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#define BATCH_MAX 100 /* names in one command */

/*
 * What Redis and we know of a name. It outlives its subscription until Redis has answered everything, so that a
 * message or a confirmation meant for an earlier subscription of the name never reaches a later one.
 */
struct wc_subscription {
    struct wc_table_node node;
    const struct wc_subscription_events *events; /* NULL: nobody has subscribed */
    void *arg;
    struct wc_subscriber *subscriber;
    struct wc_subscription *prev, *next; /* among those that may need a command, while `dirty` */
    uint32_t subscribes, unsubscribes;   /* written and not answered */
    bool on_wire : 1;                    /* the last command written for it is SUBSCRIBE */
    bool requested : 1;                  /* … for who has subscribed now, on this connection */
    bool confirmed : 1;
    bool losing : 1; /* is to be told of the loss */
    bool dirty : 1;
    uint16_t n;
    char name[];
};

enum state { DOWN, OPENING, GREETING, UP };

struct wc_subscriber {
    struct ev_loop *loop;
    struct wc_log *log;
    struct wc_redis_url url;
    struct wc_route route;
    struct wc_wire wire;
    enum state state;
    ev_timer retry;  /* the next attempt */
    ev_timer setup;  /* this one has taken too long */
    ev_timer answer; /* a confirmation has taken too long */
    ev_timer drop;   /* a reconnection was asked for */
    char drop_why[100];
    size_t unanswered;
    struct wc_table all;             /* by name */
    struct wc_subscription *dirty;   /* list */
    struct wc_subscription *telling; /* of the loss: the next of `dirty` to look at */
    struct wc_subscriber_stats stats;
    struct wc_log_limit log_limit;
};

/* ---- the table of names ---- */

static struct wc_subscription *of_node(struct wc_table_node *node)
{
    return node != NULL ? WC_CONTAINER(node, struct wc_subscription, node) : NULL;
}

static struct wc_str name_of(const struct wc_table_node *node)
{
    const struct wc_subscription *sub = WC_CONTAINER(node, const struct wc_subscription, node);
    return (struct wc_str){sub->name, sub->n};
}

static struct wc_subscription *find(const struct wc_subscriber *s, struct wc_str name)
{
    return of_node(wc_table_find(&s->all, name));
}

static struct wc_subscription *find_or_add(struct wc_subscriber *s, struct wc_str name)
{
    struct wc_subscription *sub = find(s, name);
    if (sub != NULL)
        return sub;
    assert(name.n != 0 && name.n <= UINT16_MAX);
    sub = wc_alloc(offsetof(struct wc_subscription, name) + name.n);
    sub->subscriber = s;
    sub->n = (uint16_t)name.n;
    memcpy(sub->name, name.p, name.n);
    wc_table_add(&s->all, &sub->node);
    return sub;
}

static void mark_dirty(struct wc_subscription *sub)
{
    struct wc_subscriber *s = sub->subscriber;
    if (!sub->dirty)
        DL_APPEND(s->dirty, sub);
    sub->dirty = true;
    if (s->state == UP)
        wc_wire_want_write(&s->wire);
}

static void clean(struct wc_subscription *sub)
{
    struct wc_subscriber *s = sub->subscriber;
    if (s->telling == sub)
        s->telling = sub->next;
    DL_DELETE(s->dirty, sub);
    sub->dirty = false;
}

static void forget(struct wc_subscription *sub)
{
    if (sub->dirty)
        clean(sub);
    wc_table_remove(&sub->subscriber->all, &sub->node);
    free(sub);
}

static void forget_if_idle(struct wc_subscription *sub)
{
    if (sub->events == NULL && !sub->dirty && !sub->on_wire && sub->subscribes == 0 && sub->unsubscribes == 0)
        forget(sub);
}

/* ---- writing ---- */

struct batch {
    struct wc_str command;
    struct wc_str names[BATCH_MAX];
    size_t n;
};

static void write_batch(struct wc_subscriber *s, struct batch *b)
{
    if (b->n == 0)
        return;
    struct wc_command_args args[3] = {{&b->command, 1}, {b->names, b->n}, {NULL, 0}};
    size_t bytes = wc_command_size(args);
    wc_command_format(wc_buf_reserve(&s->wire.out, bytes), args);
    s->wire.out.n += bytes;
    s->unanswered += b->n;
    b->n = 0;
    ev_timer_again(s->loop, &s->answer);
}

static void add_to_batch(struct wc_subscriber *s, struct batch *b, const struct wc_subscription *sub)
{
    b->names[b->n++] = name_of(&sub->node);
    if (b->n == BATCH_MAX)
        write_batch(s, b);
}

/* Each name is in one of the two at most, so their order does not matter. */
static void on_fill(void *arg)
{
    struct wc_subscriber *s = arg;
    struct batch subscribe = {.command = WC_STR("SUBSCRIBE")}, unsubscribe = {.command = WC_STR("UNSUBSCRIBE")};
    for (struct wc_subscription *sub = s->state == UP ? s->dirty : NULL, *next; sub != NULL; sub = next) {
        next = sub->next;
        clean(sub);
        if (sub->events != NULL && !sub->requested) {
            sub->requested = sub->on_wire = true;
            sub->subscribes++;
            add_to_batch(s, &subscribe, sub);
        } else if (sub->events == NULL && sub->on_wire) {
            sub->on_wire = false;
            sub->unsubscribes++;
            add_to_batch(s, &unsubscribe, sub);
        }
        forget_if_idle(sub);
    }
    write_batch(s, &subscribe);
    write_batch(s, &unsubscribe);
}

/* ---- the connection ---- */

static void schedule(struct wc_subscriber *s)
{
    ev_timer_stop(s->loop, &s->retry);
    ev_timer_set(&s->retry, wc_route_delay(&s->route), 0.0);
    ev_timer_start(s->loop, &s->retry);
}

static void log_loss(struct wc_subscriber *s, const char *why)
{
    uint64_t repeated;
    if (!wc_log_allowed(&s->log_limit, &repeated))
        return;
    wc_log(s->log, WC_WARN, s->state == UP ? "redis subscriber lost" : "redis subscriber not connected",
           WC_Z("addr", s->url.shown), WC_Z("why", why), WC_I("repeated", repeated));
}

static void reset(struct wc_table_node *node, void *arg)
{
    (void)arg;
    struct wc_subscription *sub = of_node(node);
    sub->subscribes = sub->unsubscribes = 0;
    sub->on_wire = false;
    if (sub->events == NULL) {
        forget(sub);
        return;
    }
    sub->losing = sub->losing || sub->confirmed;
    sub->requested = sub->confirmed = false;
    mark_dirty(sub);
}

/* Those who are told may subscribe and unsubscribe. */
static void tell_loss(struct wc_subscriber *s)
{
    s->telling = s->dirty;
    while (s->telling != NULL) {
        struct wc_subscription *sub = s->telling;
        s->telling = sub->next;
        if (sub->losing) {
            sub->losing = false;
            if (sub->events->lost != NULL)
                sub->events->lost(sub->arg);
        }
    }
}

static void went_down(struct wc_subscriber *s, const char *why)
{
    log_loss(s, why);
    s->state = DOWN;
    s->unanswered = 0;
    ev_timer_stop(s->loop, &s->setup);
    ev_timer_stop(s->loop, &s->answer);
    ev_timer_stop(s->loop, &s->drop);
    schedule(s);
    wc_table_each(&s->all, reset, NULL);
    tell_loss(s);
}

static void on_closed(void *arg, const char *why)
{
    went_down(arg, why);
}

static void give_up(struct wc_subscriber *s, const char *why)
{
    wc_wire_close(&s->wire);
    went_down(s, why);
}

static void on_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop, (void)revents;
    give_up(w->data, "no answer in time");
}

static void on_drop(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop, (void)revents;
    struct wc_subscriber *s = w->data;
    give_up(s, s->drop_why);
}

/* AUTH, or PING where there is no password: nobody is connected before Redis has answered. */
static void on_open(void *arg)
{
    struct wc_subscriber *s = arg;
    const char *user = s->url.user, *password = s->url.password;
    struct wc_str argv[3] = {WC_STR("PING")};
    size_t argc = 1;
    if (user != NULL || password != NULL) {
        argv[0] = WC_STR("AUTH");
        if (user != NULL)
            argv[argc++] = wc_str(user);
        argv[argc++] = password != NULL ? wc_str(password) : WC_STR("");
    }
    struct wc_command_args args[3] = {{argv, argc}};
    size_t bytes = wc_command_size(args);
    wc_command_format(wc_buf_reserve(&s->wire.out, bytes), args);
    s->wire.out.n += bytes;
    s->state = GREETING;
    wc_wire_want_write(&s->wire);
}

static void attempt(struct wc_subscriber *s)
{
    const char *address = wc_route_next(&s->route);
    if (address == NULL) {
        wc_route_lookup(&s->route);
        return;
    }
    if (!wc_wire_connect(&s->wire, &s->route, address)) {
        went_down(s, strerror(errno));
        return;
    }
    s->state = OPENING;
    ev_timer_again(s->loop, &s->setup);
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop, (void)revents;
    attempt(w->data);
}

static void on_route(void *arg, const char *why)
{
    struct wc_subscriber *s = arg;
    if (why != NULL)
        went_down(s, why);
    else
        attempt(s);
}

/* ---- reading ---- */

static void become_up(struct wc_subscriber *s)
{
    s->state = UP;
    s->stats.connects++;
    ev_timer_stop(s->loop, &s->setup);
    wc_route_good(&s->route);
    wc_log(s->log, WC_INFO, "redis subscriber connected", WC_Z("addr", s->url.shown),
           WC_I("channels", s->stats.channels));
    wc_wire_want_write(&s->wire);
}

static struct wc_str element(const redisReply *reply, size_t i)
{
    return wc_reply_str((const struct wc_reply *)(const void *)reply, i);
}

static void on_message(struct wc_subscriber *s, const redisReply *reply)
{
    struct wc_subscription *sub = find(s, element(reply, 1));
    if (sub == NULL || !sub->confirmed)
        return;
    s->stats.messages++;
    sub->events->message(sub->arg, element(reply, 2));
}

static void answered(struct wc_subscriber *s)
{
    if (s->unanswered != 0 && --s->unanswered != 0)
        ev_timer_again(s->loop, &s->answer);
    else
        ev_timer_stop(s->loop, &s->answer);
}

static void on_subscribed(struct wc_subscriber *s, const redisReply *reply)
{
    struct wc_subscription *sub = find(s, element(reply, 1));
    answered(s);
    if (sub == NULL || sub->subscribes == 0)
        return;
    sub->subscribes--;
    if (!sub->requested || sub->confirmed || sub->subscribes != 0) {
        forget_if_idle(sub);
        return;
    }
    sub->confirmed = true;
    if (sub->events->confirmed != NULL)
        sub->events->confirmed(sub->arg);
}

static void on_unsubscribed(struct wc_subscriber *s, const redisReply *reply)
{
    struct wc_subscription *sub = find(s, element(reply, 1));
    answered(s);
    if (sub == NULL || sub->unsubscribes == 0)
        return;
    sub->unsubscribes--;
    forget_if_idle(sub);
}

/* NOPERM to the greeting's PING is an answer too. */
static bool is_refusal(const struct wc_subscriber *s, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return false;
    bool pinged = s->state == GREETING && s->url.user == NULL && s->url.password == NULL;
    return !pinged || strncmp(reply->str, "NOPERM", 6) != 0;
}

static void on_reply(void *arg, const redisReply *reply)
{
    struct wc_subscriber *s = arg;
    if (is_refusal(s, reply)) {
        give_up(s, reply->str);
        return;
    }
    if (s->state == GREETING) {
        become_up(s);
        return;
    }
    struct wc_str kind = element(reply, 0);
    if (wc_str_is(kind, "message"))
        on_message(s, reply);
    else if (wc_str_is(kind, "subscribe"))
        on_subscribed(s, reply);
    else if (wc_str_is(kind, "unsubscribe"))
        on_unsubscribed(s, reply);
}

static const struct wc_wire_events wire_events = {
    .open = on_open, .fill = on_fill, .reply = on_reply, .closed = on_closed};

/* ---- for others ---- */

struct wc_subscriber *wc_subscriber_new(struct ev_loop *loop, struct wc_log *log,
                                        const struct wc_redis_options *options, const char **why)
{
    assert(options->connect_timeout_ms != 0 && options->command_timeout_ms != 0);
    struct wc_redis_url url;
    if (!wc_redis_url_read(&url, options->url, options->password_file, why))
        return NULL;
    struct wc_subscriber *s = WC_NEW(struct wc_subscriber);
    s->loop = loop;
    s->log = log;
    s->url = url;
    s->all.key = name_of;
    wc_route_init(&s->route, loop, &s->url, on_route, s);
    wc_wire_init(&s->wire, loop, &wire_events, s);
    ev_timer_init(&s->retry, on_retry, 0.0, 0.0);
    ev_timer_init(&s->setup, on_timeout, 0.0, (double)options->connect_timeout_ms / 1000.0);
    ev_timer_init(&s->answer, on_timeout, 0.0, (double)options->command_timeout_ms / 1000.0);
    ev_timer_init(&s->drop, on_drop, 0.0, 0.0);
    ev_set_priority(&s->answer, EV_MINPRI); /* after the answers that came in the same turn */
    s->retry.data = s->setup.data = s->answer.data = s->drop.data = s;
    ev_timer_start(loop, &s->retry);
    return s;
}

static void drop_node(struct wc_table_node *node, void *arg)
{
    (void)arg;
    free(of_node(node));
}

void wc_subscriber_free(struct wc_subscriber *s)
{
    if (s == NULL)
        return;
    wc_wire_end(&s->wire);
    wc_route_end(&s->route);
    ev_timer_stop(s->loop, &s->retry);
    ev_timer_stop(s->loop, &s->setup);
    ev_timer_stop(s->loop, &s->answer);
    ev_timer_stop(s->loop, &s->drop);
    wc_table_each(&s->all, drop_node, NULL);
    wc_table_free(&s->all);
    wc_redis_url_free(&s->url);
    free(s);
}

struct wc_subscription *wc_subscribe(struct wc_subscriber *s, struct wc_str channel,
                                     const struct wc_subscription_events *events, void *arg)
{
    assert(events->message != NULL);
    struct wc_subscription *sub = find_or_add(s, channel);
    assert(sub->events == NULL);
    sub->events = events;
    sub->arg = arg;
    s->stats.channels++;
    mark_dirty(sub);
    return sub;
}

void wc_unsubscribe(struct wc_subscription *sub)
{
    if (sub == NULL)
        return;
    sub->events = NULL;
    sub->requested = sub->confirmed = sub->losing = false;
    sub->subscriber->stats.channels--;
    if (sub->on_wire || sub->subscribes != 0 || sub->unsubscribes != 0)
        mark_dirty(sub);
    else
        forget(sub);
}

void *wc_subscription_of(const struct wc_subscriber *s, struct wc_str channel)
{
    const struct wc_subscription *sub = find(s, channel);
    return sub != NULL && sub->events != NULL ? sub->arg : NULL;
}

struct of_kind {
    const struct wc_subscription_events *events;
    void (*cb)(void *arg);
};

static void call_if_of_kind(struct wc_table_node *node, void *arg)
{
    const struct of_kind *kind = arg;
    const struct wc_subscription *sub = of_node(node);
    if (sub->events == kind->events)
        kind->cb(sub->arg);
}

void wc_subscriptions_each(struct wc_subscriber *s, const struct wc_subscription_events *events, void (*cb)(void *arg))
{
    struct of_kind kind = {events, cb};
    wc_table_each(&s->all, call_if_of_kind, &kind);
}

bool wc_subscription_confirmed(const struct wc_subscription *sub)
{
    return sub->confirmed;
}

struct wc_str wc_subscription_channel(const struct wc_subscription *sub)
{
    return name_of(&sub->node);
}

void wc_subscriber_reconnect(struct wc_subscriber *s, const char *why)
{
    if (s->state != UP || ev_is_active(&s->drop))
        return;
    snprintf(s->drop_why, sizeof s->drop_why, "%s", why);
    ev_timer_set(&s->drop, 0.0, 0.0);
    ev_timer_start(s->loop, &s->drop);
}

bool wc_subscriber_connected(const struct wc_subscriber *s)
{
    return s->state == UP;
}

const struct wc_subscriber_stats *wc_subscriber_stats(const struct wc_subscriber *s)
{
    return &s->stats;
}
