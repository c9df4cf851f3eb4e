#ifndef WC_REDIS_WIRE_H
#define WC_REDIS_WIRE_H

#include "base/buf.h"
#include "base/loop.h"
#include "redis/route.h"

/*
 * A socket of our own to Redis, with hiredis' parser: for subscriptions, for which hiredis' asynchronous contexts are
 * not made. Output is written at the end of the loop turn in which it was wanted; input is read at most 1 MiB a turn,
 * so that a flood on one connection doesn't starve the others. One element of an answer may have at most 4 MiB.
 */
struct redisReply;
struct redisReader;

struct wc_wire_events {
    void (*open)(void *arg);
    void (*fill)(void *arg); /* about to write: the last chance to add to `out` */
    /* Valid until it returns. May call wc_wire_close. */
    void (*reply)(void *arg, const struct redisReply *reply);
    void (*closed)(void *arg, const char *why); /* not after wc_wire_close */
};

struct wc_wire {
    struct ev_loop *loop;
    const struct wc_wire_events *events;
    void *arg;
    int fd; /* -1: closed */
    bool opening, blocked;
    ev_io readable, writable;
    ev_prepare flush;
    struct wc_buf out;
    struct redisReader *reader;
};

void wc_wire_init(struct wc_wire *w, struct ev_loop *loop, const struct wc_wire_events *events, void *arg);
/* To a numeric address or unix path. False with errno; else `open` or `closed` follows from the loop. */
bool wc_wire_connect(struct wc_wire *w, const struct wc_route *route, const char *address);
/* Something will be there to write, in `out` or by `fill`. Ignored while closed or opening. */
void wc_wire_want_write(struct wc_wire *w);
void wc_wire_close(struct wc_wire *w); /* no event; may be connected again */
void wc_wire_end(struct wc_wire *w);   /* closes it for good */

#endif
