#include "redis/connection.h"

#include "base/clock.h"
#include "base/mem.h"
#include "redis/adapter.h"

#include <ctype.h>
#include <hiredis/async.h>
#include <stdio.h>

static void schedule(struct wc_connection *c, double delay_s)
{
    ev_timer_stop(c->loop, &c->retry);
    ev_timer_set(&c->retry, delay_s, 0.0);
    ev_timer_start(c->loop, &c->retry);
}

static void set_problem(struct wc_connection *c, const char *why)
{
    snprintf(c->problem, sizeof c->problem, "%s", why);
    if (islower((unsigned char)c->problem[1]))
        c->problem[0] = (char)tolower((unsigned char)c->problem[0]);
}

static void log_loss(struct wc_connection *c)
{
    uint64_t repeated;
    if (!wc_log_allowed(&c->log_limit, &repeated))
        return;
    wc_log(c->log, WC_WARN, c->was_up ? "redis lost" : "redis not ready", WC_Z("addr", c->url->shown),
           WC_Z("why", c->problem), WC_I("repeated", repeated));
}

/* The context is gone or going; c->problem says why. */
static void went_down(struct wc_connection *c)
{
    log_loss(c);
    c->up = c->was_up = false;
    c->unanswered = c->discard = 0;
    ev_timer_stop(c->loop, &c->setup);
    schedule(c, wc_route_delay(&c->route));
    c->events->down(c->arg, c->problem);
}

static void let_go(struct wc_connection *c)
{
    redisAsyncContext *ac = c->ac;
    c->ac = NULL;
    if (ac == NULL)
        return;
    ac->data = NULL; /* what hiredis still calls back for it is not for us */
    redisAsyncFree(ac);
}

void wc_connection_drop(struct wc_connection *c, const char *why)
{
    if (c->ac == NULL)
        return;
    set_problem(c, why);
    let_go(c);
    went_down(c);
}

/* The connection that an answer is for; NULL when the answer is that there is none or that it's no longer wanted. */
static struct wc_connection *owner(const redisAsyncContext *ac, const void *reply)
{
    return reply != NULL ? ac->data : NULL;
}

/* The same for a step of the set-up, with error replies dealt with: they end the attempt. */
static struct wc_connection *accepted(const redisAsyncContext *ac, const redisReply *reply)
{
    struct wc_connection *c = owner(ac, reply);
    if (c == NULL || reply->type != REDIS_REPLY_ERROR)
        return c;
    wc_connection_drop(c, reply->str);
    return NULL;
}

static void ask(struct wc_connection *c, redisCallbackFn *fn, const struct wc_str *argv, size_t argc)
{
    const char *p[4];
    size_t n[4];
    for (size_t i = 0; i < argc; i++) {
        p[i] = argv[i].p;
        n[i] = argv[i].n;
    }
    /* fails only on a context that is being freed */
    (void)redisAsyncCommandArgv(c->ac, fn, NULL, (int)argc, p, n);
}

static void become_up(struct wc_connection *c)
{
    ev_timer_stop(c->loop, &c->setup);
    wc_route_good(&c->route);
    c->problem[0] = '\0';
    c->up = true;
    if (c->was_up)
        wc_log(c->log, WC_WARN, "redis scripts loaded again", WC_Z("addr", c->url->shown));
    else
        wc_log(c->log, WC_INFO, "redis ready", WC_Z("addr", c->url->shown),
               WC_I("ms", wc_monotonic_ms() - c->started_ms));
    c->was_up = true;
    c->events->up(c->arg);
}

static void on_script(redisAsyncContext *ac, void *answer, void *unused)
{
    (void)unused;
    const redisReply *reply = answer;
    struct wc_connection *c = accepted(ac, reply);
    if (c == NULL)
        return;
    const struct wc_script_source *script = &wc_scripts[c->scripts++];
    struct wc_str sha1 = {reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0};
    if (!wc_str_is(sha1, script->sha1))
        wc_connection_drop(c, "SCRIPT LOAD answers with another SHA-1 than the one built in");
    else if (c->scripts == WC_SCRIPT_COUNT)
        become_up(c);
}

static void load_scripts(struct wc_connection *c)
{
    c->scripts = 0;
    for (size_t i = 0; i < WC_SCRIPT_COUNT; i++)
        ask(c, on_script, (struct wc_str[]){WC_STR("SCRIPT"), WC_STR("LOAD"), wc_scripts[i].text}, 3);
}

static void on_role(redisAsyncContext *ac, void *answer, void *unused)
{
    (void)unused;
    struct wc_connection *c = accepted(ac, answer);
    if (c == NULL)
        return;
    if (wc_str_is(wc_reply_str(answer, 0), "master"))
        load_scripts(c);
    else
        wc_connection_drop(c, "it is no master: a failover is under way");
}

static void check_role(struct wc_connection *c)
{
    if (c->url->master != NULL)
        ask(c, on_role, (struct wc_str[]){WC_STR("ROLE")}, 1);
    else
        load_scripts(c);
}

/* The server's setting `name`, whose value may only be `must`. False: it was another, and the attempt is over. */
static bool setting_is(struct wc_connection *c, const char *name, struct wc_str value, const char *must)
{
    c->unsuitable = !wc_str_is(value, must);
    if (!c->unsuitable)
        return true;
    char why[100];
    snprintf(why, sizeof why, "%s is %.*s, must be %s", name, (int)(value.n < 40 ? value.n : 40), value.p, must);
    wc_connection_drop(c, why);
    return false;
}

static bool may_not_ask(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ARRAY)
        return reply->elements < 2;
    struct wc_str error = {reply->str, reply->type == REDIS_REPLY_ERROR ? reply->len : 0};
    return wc_str_starts(error, WC_STR("NOPERM")) || wc_str_starts(error, WC_STR("ERR unknown command"));
}

/* What CONFIG GET with a pattern answers of this name. */
static struct wc_str config_value(const struct wc_reply *reply, const char *name)
{
    for (size_t i = 0; i + 1 < wc_reply_count(reply); i += 2)
        if (wc_str_is(wc_reply_str(reply, i), name))
            return wc_reply_str(reply, i + 1);
    return WC_STR("");
}

static void on_append_only(redisAsyncContext *ac, void *answer, void *unused)
{
    (void)unused;
    struct wc_connection *c = owner(ac, answer);
    if (c != NULL && may_not_ask(answer)) {
        wc_log(c->log, WC_WARN, "redis does not tell whether it writes to its disk before it answers",
               WC_Z("addr", c->url->shown), WC_Z("why", "CONFIG GET is not allowed"));
        check_role(c);
        return;
    }
    c = accepted(ac, answer);
    if (c != NULL && setting_is(c, "appendonly", config_value(answer, "appendonly"), "yes") &&
        setting_is(c, "appendfsync", config_value(answer, "appendfsync"), "always"))
        check_role(c);
}

static void check_policy(struct wc_connection *c, struct wc_str policy)
{
    if (!setting_is(c, "maxmemory-policy", policy, "noeviction"))
        return;
    if (c->fsync) /* a pattern: before Redis 7 it takes no list of names */
        ask(c, on_append_only, (struct wc_str[]){WC_STR("CONFIG"), WC_STR("GET"), WC_STR("append*")}, 3);
    else
        check_role(c);
}

/* The value of one line of INFO; absent when there's no such line. */
static struct wc_str info_value(struct wc_str info, struct wc_str name)
{
    while (info.n != 0) {
        const char *end = memchr(info.p, '\n', info.n);
        size_t line = end != NULL ? (size_t)(end - info.p) : info.n;
        if (wc_str_starts(info, name)) {
            if (line > name.n && info.p[line - 1] == '\r')
                line--;
            return (struct wc_str){info.p + name.n, line - name.n};
        }
        info = wc_str_from(info, line + 1);
    }
    return WC_STR_NONE;
}

static void on_info(redisAsyncContext *ac, void *answer, void *unused)
{
    (void)unused;
    struct wc_connection *c = accepted(ac, answer);
    if (c == NULL)
        return;
    const struct wc_reply *reply = answer;
    struct wc_str policy = info_value(wc_reply_self(reply), WC_STR("maxmemory_policy:"));
    if (policy.p == NULL)
        wc_connection_drop(c, "neither CONFIG GET nor INFO tells maxmemory-policy");
    else
        check_policy(c, policy);
}

static void on_policy(redisAsyncContext *ac, void *answer, void *unused)
{
    (void)unused;
    struct wc_connection *c = owner(ac, answer);
    if (c != NULL && may_not_ask(answer)) {
        ask(c, on_info, (struct wc_str[]){WC_STR("INFO"), WC_STR("memory")}, 2);
        return;
    }
    c = accepted(ac, answer);
    const struct wc_reply *reply = answer;
    if (c != NULL)
        check_policy(c, wc_reply_str(reply, 1));
}

static void ask_policy(struct wc_connection *c)
{
    ask(c, on_policy, (struct wc_str[]){WC_STR("CONFIG"), WC_STR("GET"), WC_STR("maxmemory-policy")}, 3);
}

static void on_selected(redisAsyncContext *ac, void *answer, void *unused)
{
    (void)unused;
    struct wc_connection *c = accepted(ac, answer);
    if (c != NULL)
        ask_policy(c);
}

static void select_db(struct wc_connection *c)
{
    char db[16];
    snprintf(db, sizeof db, "%u", c->url->db);
    if (c->url->db != 0)
        ask(c, on_selected, (struct wc_str[]){WC_STR("SELECT"), wc_str(db)}, 2);
    else
        ask_policy(c);
}

static void on_authenticated(redisAsyncContext *ac, void *answer, void *unused)
{
    (void)unused;
    struct wc_connection *c = accepted(ac, answer);
    if (c != NULL)
        select_db(c);
}

static void authenticate(struct wc_connection *c)
{
    struct wc_str password = c->url->password != NULL ? wc_str(c->url->password) : WC_STR("");
    if (c->url->user != NULL)
        ask(c, on_authenticated, (struct wc_str[]){WC_STR("AUTH"), wc_str(c->url->user), password}, 3);
    else if (c->url->password != NULL)
        ask(c, on_authenticated, (struct wc_str[]){WC_STR("AUTH"), password}, 2);
    else
        select_db(c);
}

/* In this and the next callback the context must not be freed: hiredis does it, and would twice. */
static void on_connect(const redisAsyncContext *ac, int status)
{
    struct wc_connection *c = ac->data;
    if (c == NULL)
        return;
    if (status == REDIS_OK) {
        if (c->url->path == NULL)
            (void)redisEnableKeepAlive(&c->ac->c); /* TCP_NODELAY is set by hiredis */
        authenticate(c);
        return;
    }
    c->ac = NULL;
    set_problem(c, ac->c.errstr);
    went_down(c);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    (void)status;
    struct wc_connection *c = ac->data;
    if (c == NULL)
        return;
    c->ac = NULL;
    set_problem(c, ac->c.errstr);
    went_down(c);
}

static void start(struct wc_connection *c, const char *address)
{
    redisAsyncContext *ac =
        c->url->path != NULL ? redisAsyncConnectUnix(address) : redisAsyncConnect(address, c->route.port);
    if (ac == NULL || ac->err != 0) {
        set_problem(c, ac != NULL ? ac->errstr : "out of memory");
        if (ac != NULL)
            redisAsyncFree(ac);
        went_down(c);
        return;
    }
    c->ac = ac;
    ac->data = c;
    wc_adapter_attach(c->loop, ac);
    redisAsyncSetConnectCallback(ac, on_connect);
    redisAsyncSetDisconnectCallback(ac, on_disconnect);
    ev_timer_again(c->loop, &c->setup);
}

static void attempt(struct wc_connection *c)
{
    const char *address = wc_route_next(&c->route);
    if (address == NULL) {
        wc_route_lookup(&c->route);
        return;
    }
    c->started_ms = wc_monotonic_ms();
    start(c, address);
}

static void on_route(void *arg, const char *why)
{
    struct wc_connection *c = arg;
    if (why == NULL) {
        attempt(c);
        return;
    }
    snprintf(c->problem, sizeof c->problem, "host name: %s", why);
    went_down(c);
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop, (void)revents;
    attempt(w->data);
}

static void on_setup_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop, (void)revents;
    struct wc_connection *c = w->data;
    bool connected = (c->ac->c.flags & REDIS_CONNECTED) != 0;
    wc_connection_drop(c, connected ? "no answer after connecting" : "no answer to connecting");
}

void wc_connection_flush(struct wc_connection *c)
{
    if (c->ac != NULL && (c->ac->c.flags & REDIS_CONNECTED) != 0)
        wc_adapter_flush(c->ac);
}

static void on_flush(struct ev_loop *loop, ev_prepare *w, int revents)
{
    (void)loop, (void)revents;
    wc_connection_flush(w->data);
}

void wc_connection_open(struct wc_connection *c, struct ev_loop *loop, struct wc_log *log,
                        const struct wc_redis_url *url, const struct wc_redis_options *options,
                        const struct wc_connection_events *events, void *arg)
{
    *c = (struct wc_connection){
        .loop = loop, .log = log, .url = url, .events = events, .arg = arg, .fsync = options->fsync};
    set_problem(c, "connecting");
    wc_route_init(&c->route, loop, url, on_route, c);
    ev_timer_init(&c->retry, on_retry, 0.0, 0.0);
    ev_timer_init(&c->setup, on_setup_timeout, 0.0, (double)options->connect_timeout_ms / 1000.0);
    ev_prepare_init(&c->flush, on_flush);
    ev_set_priority(&c->flush, WC_TURN_LAST);
    c->retry.data = c->setup.data = c->flush.data = c;
    ev_prepare_start(loop, &c->flush);
    schedule(c, 0.0);
}

void wc_connection_close(struct wc_connection *c)
{
    let_go(c);
    wc_route_end(&c->route);
    ev_timer_stop(c->loop, &c->retry);
    ev_timer_stop(c->loop, &c->setup);
    ev_prepare_stop(c->loop, &c->flush);
}

static void on_reply(redisAsyncContext *ac, void *answer, void *unused)
{
    (void)unused;
    struct wc_connection *c = owner(ac, answer);
    if (c == NULL)
        return;
    c->unanswered--;
    if (c->discard != 0)
        c->discard--;
    else
        c->events->reply(c->arg, answer);
}

void wc_connection_send(struct wc_connection *c, const char *wire, size_t n)
{
    c->unanswered++;
    (void)redisAsyncFormattedCommand(c->ac, on_reply, NULL, wire, n);
    wc_adapter_issued(c->ac);
}

void wc_connection_reload(struct wc_connection *c)
{
    c->up = false;
    c->discard = c->unanswered;
    set_problem(c, "the scripts were flushed");
    ev_timer_again(c->loop, &c->setup);
    load_scripts(c);
}
