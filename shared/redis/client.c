#include "redis/client.h"

#include "base/clock.h"
#include "base/mem.h"
#include "redis/command.h"
#include "redis/connection.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * A command is in one of two lists: sent and not answered, or waiting for a connection. Both, one after the other, are
 * in the order in which the commands were given, and so of their deadlines.
 */
struct wc_redis {
    struct ev_loop *loop;
    struct wc_log *log;
    struct wc_redis_url url;
    uint64_t timeout_ms, queue_max;
    struct wc_redis_events events;
    void *arg;
    struct wc_connection connection;
    struct wc_command_list sent, waiting;
    ev_timer deadline; /* of the oldest, or earlier */
    bool ready;        /* told so; stays while the scripts are loaded again */
    bool closing;
    uint64_t away_since_ms;
    struct wc_redis_stats stats;
    struct wc_log_limit log_limit;
};

static void finish(struct wc_redis *r, struct wc_command *cmd, wc_err err, const redisReply *reply)
{
    r->stats.queued--;
    if (err != WC_OK)
        r->stats.failures++;
    cmd->cb(cmd->arg, err, (const struct wc_reply *)(const void *)reply);
    free(cmd);
}

static void send_waiting(struct wc_redis *r)
{
    struct wc_command *cmd;
    while ((cmd = wc_command_pop(&r->waiting)) != NULL) {
        wc_command_push(&r->sent, cmd);
        wc_connection_send(&r->connection, cmd->wire, cmd->n);
    }
}

static void take_back_sent(struct wc_redis *r)
{
    r->stats.retries += wc_command_prepend(&r->waiting, &r->sent);
}

static void on_up(void *arg)
{
    struct wc_redis *r = arg;
    send_waiting(r);
    if (r->ready)
        return;
    r->ready = true;
    r->stats.connects++;
    if (r->events.ready != NULL)
        r->events.ready(r->arg);
}

static void on_down(void *arg, const char *why)
{
    struct wc_redis *r = arg;
    take_back_sent(r);
    if (!r->ready)
        return;
    r->ready = false;
    r->away_since_ms = wc_monotonic_ms();
    if (r->events.lost != NULL)
        r->events.lost(r->arg, why);
}

static bool starts(const redisReply *reply, const char *word)
{
    return wc_str_starts((struct wc_str){reply->str, reply->len}, wc_str(word));
}

/* This server is not, or no longer, the one to talk to: a failover or a restart may be under way. */
static bool wrong_server(const redisReply *reply)
{
    return starts(reply, "READONLY") || starts(reply, "MASTERDOWN") || starts(reply, "LOADING") ||
           starts(reply, "NOAUTH");
}

static void log_error_reply(struct wc_redis *r, const redisReply *reply)
{
    uint64_t repeated;
    if (!wc_log_allowed(&r->log_limit, &repeated))
        return;
    struct wc_str text = {reply->str, reply->len < 200 ? reply->len : 200};
    wc_log(r->log, WC_WARN, "redis refuses a command", WC_S("reply", text), WC_I("repeated", repeated));
}

static void on_error_reply(struct wc_redis *r, const redisReply *reply)
{
    if (r->sent.head->script && starts(reply, "NOSCRIPT")) {
        take_back_sent(r);
        wc_connection_reload(&r->connection);
        return;
    }
    struct wc_command *cmd = wc_command_pop(&r->sent);
    log_error_reply(r, reply);
    if (wrong_server(reply))
        wc_connection_drop(&r->connection, reply->str);
    finish(r, cmd, WC_UNAVAILABLE, NULL);
}

static void on_reply(void *arg, const redisReply *reply)
{
    struct wc_redis *r = arg;
    assert(r->sent.head != NULL);
    if (reply->type == REDIS_REPLY_ERROR)
        on_error_reply(r, reply);
    else
        finish(r, wc_command_pop(&r->sent), WC_OK, reply);
}

static const struct wc_connection_events connection_events = {.up = on_up, .reply = on_reply, .down = on_down};

static const struct wc_command *oldest(const struct wc_redis *r)
{
    return r->sent.head != NULL ? r->sent.head : r->waiting.head;
}

static void arm_deadline(struct wc_redis *r, uint64_t now)
{
    const struct wc_command *cmd = oldest(r);
    if (cmd == NULL || ev_is_active(&r->deadline))
        return;
    double after_s = cmd->deadline_ms > now ? (double)(cmd->deadline_ms - now) / 1000.0 : 0.0;
    ev_timer_set(&r->deadline, after_s + 0.001, 0.0);
    ev_timer_start(r->loop, &r->deadline);
}

/* An answer that does not come in time means a connection that can't be trusted: the younger ones get a new one. */
static void on_deadline(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop, (void)revents;
    struct wc_redis *r = w->data;
    uint64_t now = wc_monotonic_ms();
    if (r->sent.head != NULL && r->sent.head->deadline_ms <= now) {
        char why[64];
        snprintf(why, sizeof why, "no answer within %llu ms", (unsigned long long)r->timeout_ms);
        wc_connection_drop(&r->connection, why);
    }
    while (r->waiting.head != NULL && r->waiting.head->deadline_ms <= now)
        finish(r, wc_command_pop(&r->waiting), WC_UNAVAILABLE, NULL);
    arm_deadline(r, now);
}

struct wc_redis *wc_redis_new(struct ev_loop *loop, struct wc_log *log, const struct wc_redis_options *options,
                              const struct wc_redis_events *events, void *arg, const char **why)
{
    assert(options->connect_timeout_ms != 0 && options->command_timeout_ms != 0 && options->queue_max != 0);
    struct wc_redis_url url;
    if (!wc_redis_url_read(&url, options->url, options->password_file, why))
        return NULL;
    struct wc_redis *r = WC_NEW(struct wc_redis);
    r->loop = loop;
    r->log = log;
    r->url = url;
    r->timeout_ms = options->command_timeout_ms;
    r->queue_max = options->queue_max;
    if (events != NULL)
        r->events = *events;
    r->arg = arg;
    r->away_since_ms = wc_monotonic_ms();
    ev_timer_init(&r->deadline, on_deadline, 0.0, 0.0);
    ev_set_priority(&r->deadline, EV_MINPRI); /* after the answers that came in the same turn */
    r->deadline.data = r;
    wc_connection_open(&r->connection, loop, log, &r->url, options, &connection_events, r);
    return r;
}

void wc_redis_free(struct wc_redis *r)
{
    if (r == NULL)
        return;
    r->closing = true;
    wc_connection_close(&r->connection);
    ev_timer_stop(r->loop, &r->deadline);
    wc_command_prepend(&r->waiting, &r->sent);
    struct wc_command *cmd;
    while ((cmd = wc_command_pop(&r->waiting)) != NULL)
        finish(r, cmd, WC_UNAVAILABLE, NULL);
    wc_redis_url_free(&r->url);
    free(r);
}

void wc_redis_flush(struct wc_redis *r)
{
    wc_connection_flush(&r->connection);
}

bool wc_redis_ready(const struct wc_redis *r)
{
    return r->ready;
}

const char *wc_redis_problem(const struct wc_redis *r)
{
    return r->ready ? NULL : r->connection.problem;
}

bool wc_redis_unsuitable(const struct wc_redis *r)
{
    return r->connection.unsuitable;
}

const struct wc_redis_stats *wc_redis_stats(const struct wc_redis *r)
{
    return &r->stats;
}

static bool must_refuse(struct wc_redis *r, uint64_t now)
{
    bool refused =
        r->closing || r->stats.queued >= r->queue_max || (!r->ready && now - r->away_since_ms >= r->timeout_ms);
    if (refused)
        r->stats.failures++;
    return refused;
}

static wc_err issue(struct wc_redis *r, const struct wc_command_args pieces[3], bool script, wc_redis_cb cb, void *arg)
{
    uint64_t now = wc_monotonic_ms();
    if (must_refuse(r, now))
        return WC_UNAVAILABLE;
    struct wc_command *cmd = wc_command_new(pieces);
    cmd->deadline_ms = now + r->timeout_ms;
    cmd->cb = cb;
    cmd->arg = arg;
    cmd->script = script;
    r->stats.commands++;
    r->stats.queued++;
    wc_command_push(&r->waiting, cmd);
    if (r->connection.up)
        send_waiting(r);
    arm_deadline(r, now);
    return WC_OK;
}

wc_err wc_redis_command(struct wc_redis *r, const struct wc_str *argv, size_t argc, wc_redis_cb cb, void *arg)
{
    return issue(r, (struct wc_command_args[3]){{argv, argc}}, false, cb, arg);
}

wc_err wc_redis_script(struct wc_redis *r, enum wc_script script, const struct wc_str *keys, size_t nkeys,
                       const struct wc_str *args, size_t nargs, wc_redis_cb cb, void *arg)
{
    char count[24];
    int n = snprintf(count, sizeof count, "%zu", nkeys);
    struct wc_str head[] = {WC_STR("EVALSHA"), {wc_scripts[script].sha1, 40}, {count, (size_t)n}};
    return issue(r, (struct wc_command_args[3]){{head, 3}, {keys, nkeys}, {args, nargs}}, true, cb, arg);
}
