#ifndef WC_REDIS_CONNECTION_H
#define WC_REDIS_CONNECTION_H

#include "redis/client.h"
#include "redis/route.h"

/*
 * One connection to Redis, made ready and, when it is lost, made again for ever. In this order: connect, AUTH, SELECT,
 * look at maxmemory-policy and, where fsync is demanded, at the append-only file, with Sentinels ROLE, SCRIPT LOAD of
 * all scripts. All of it within connect_timeout_ms. Below the client's queue: it knows nothing of commands but their
 * bytes.
 */
struct redisAsyncContext;
struct redisReply;

struct wc_connection_events {
    void (*up)(void *arg); /* may send from here on; again after wc_connection_reload */
    /* The answer to the oldest wc_connection_send that has none yet. */
    void (*reply)(void *arg, const struct redisReply *reply);
    /* Lost, or an attempt failed: what was sent and not answered never will be. */
    void (*down)(void *arg, const char *why);
};

struct wc_connection {
    struct ev_loop *loop;
    struct wc_log *log;
    const struct wc_redis_url *url;
    double timeout_s;
    const struct wc_connection_events *events;
    void *arg;
    struct wc_route route;
    struct redisAsyncContext *ac; /* NULL between attempts */
    ev_timer retry;               /* the next attempt */
    ev_timer setup;               /* this one has taken too long */
    ev_prepare flush;
    uint64_t started_ms;
    size_t unanswered; /* of what was sent */
    size_t discard;    /* answers to come that nobody wants any more */
    size_t scripts;    /* loaded so far */
    bool up;
    bool was_up; /* on this connection, before the scripts had to be loaded again */
    bool unsuitable;
    bool fsync; /* demanded */
    char problem[200];
    struct wc_log_limit log_limit;
};

/* Starts with the first turn of the loop. `url` and `events` must outlive it. */
void wc_connection_open(struct wc_connection *c, struct ev_loop *loop, struct wc_log *log,
                        const struct wc_redis_url *url, const struct wc_redis_options *options,
                        const struct wc_connection_events *events, void *arg);
void wc_connection_close(struct wc_connection *c); /* no event after this */

/* Only while up. */
void wc_connection_send(struct wc_connection *c, const char *wire, size_t n);
void wc_connection_flush(struct wc_connection *c); /* not from inside an event */
/* Gives the connection up; `down` fires inside, then it is made again. Nothing when there is none. */
void wc_connection_drop(struct wc_connection *c, const char *why);
/* The scripts are gone (SCRIPT FLUSH): loads them again. Nothing may be sent until `up`; answers to what was sent
 * before are thrown away. */
void wc_connection_reload(struct wc_connection *c);

#endif
