#ifndef WC_REDIS_CLIENT_H
#define WC_REDIS_CLIENT_H

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/options.h"
#include "redis/scripts.h"

/*
 * The connection for commands: asynchronous, pipelined (what is issued in a loop turn leaves in one write at its end, a
 * lot of it every few commands), with its scripts loaded before it carries traffic, and back by itself after a loss.
 *
 * The contract of every call that takes a callback, here and everywhere in wcchat:
 *   - a call that fails at once (its result is not WC_OK) never calls back;
 *   - a callback never fires inside the call that started it;
 *   - it fires exactly once;
 *   - what it is given is valid until it returns.
 */
struct wc_redis;
struct wc_reply; /* hiredis' redisReply */

struct wc_redis_options {
    const char *url;           /* url.h */
    const char *password_file; /* beats the URL's password; one line */
    uint64_t connect_timeout_ms;
    uint64_t command_timeout_ms;
    uint64_t queue_max; /* commands waiting or in flight; one more is answered WC_UNAVAILABLE */
    bool fsync;         /* no option of its own: the server has to write to its disk before it answers */
};
extern const struct wc_option wc_redis_option_rows[];
extern const size_t wc_redis_option_count;

/* Fires with WC_OK and a reply that is no error, or with WC_UNAVAILABLE and NULL: no answer in time, connection lost
 * for too long, or an error reply (OOM, READONLY, LOADING, NOAUTH …; logged). A failed write may have happened. */
typedef void (*wc_redis_cb)(void *arg, wc_err err, const struct wc_reply *reply);

struct wc_redis_events {
    void (*ready)(void *arg);                 /* connected, checked, scripts loaded; after each connection */
    void (*lost)(void *arg, const char *why); /* after a ready */
};

/* Starts to connect at once and goes on for ever, with back-off and jitter (50 ms … 2 s). The URL is checked: NULL and
 * *why when it is wrong. `options` is copied. The process must ignore SIGPIPE: hiredis writes with write(2). */
struct wc_redis *wc_redis_new(struct ev_loop *loop, struct wc_log *log, const struct wc_redis_options *options,
                              const struct wc_redis_events *events, void *arg, const char **why);
/* Fires what is pending with WC_UNAVAILABLE, then frees. Not from inside a callback of its own. */
void wc_redis_free(struct wc_redis *r);

bool wc_redis_ready(const struct wc_redis *r);
/* Why it is not ready, for people: "connection refused", "maxmemory-policy is allkeys-lru, must be noeviction"; or
 * NULL. */
const char *wc_redis_problem(const struct wc_redis *r);
/* A server that must not be used at all (maxmemory-policy other than noeviction; no fsync where it is demanded): the
 * worker refuses to start. */
bool wc_redis_unsuitable(const struct wc_redis *r);

/* One command. The arguments are copied. While there is no connection it waits in the queue until its deadline
 * (command_timeout_ms from now). When the connection breaks under it, it is sent again on the next one, before
 * anything newer and in the old order: so every command given here must be one that may run twice with the same result.
 * WC_UNAVAILABLE at once: the queue is full, or Redis has been away for longer than a command would wait. */
WC_MUST_CHECK wc_err wc_redis_command(struct wc_redis *r, const struct wc_str *argv, size_t argc, wc_redis_cb cb,
                                      void *arg);
/* A script by its SHA; loaded again and repeated on NOSCRIPT. The same contract. */
WC_MUST_CHECK wc_err wc_redis_script(struct wc_redis *r, enum wc_script script, const struct wc_str *keys, size_t nkeys,
                                     const struct wc_str *args, size_t nargs, wc_redis_cb cb, void *arg);

/* What was issued in this turn leaves now. Not from inside a callback of the client's own. */
void wc_redis_flush(struct wc_redis *r);

struct wc_redis_stats {
    uint64_t commands, failures, retries, connects, queued; /* queued: a gauge */
};
const struct wc_redis_stats *wc_redis_stats(const struct wc_redis *r);

/* Reading replies: absent, out of range and wrong types give {NULL, 0}, 0 or NULL. */
size_t wc_reply_count(const struct wc_reply *r); /* of an array */
const struct wc_reply *wc_reply_at(const struct wc_reply *r, size_t i);
struct wc_str wc_reply_str(const struct wc_reply *r, size_t i); /* the i-th of an array, a string or status */
uint64_t wc_reply_u64(const struct wc_reply *r, size_t i);      /* an integer or a decimal string; 0 when negative */
struct wc_str wc_reply_self(const struct wc_reply *r);          /* a reply that is itself a string or status */
int64_t wc_reply_int(const struct wc_reply *r);                 /* a reply that is itself an integer */
bool wc_reply_nil(const struct wc_reply *r);

#endif
