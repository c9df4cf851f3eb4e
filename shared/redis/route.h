#ifndef WC_REDIS_ROUTE_H
#define WC_REDIS_ROUTE_H

#include "base/loop.h"
#include "redis/url.h"

/*
 * Which address to try next, and when. Unix sockets and numeric addresses are there at once. A host name is looked up
 * anew for each round of attempts (a failover may have moved it), by getaddrinfo in a thread of its own so that the
 * loop never waits for a name server; there is at most one such thread a route, and how long it takes is the resolver's
 * affair (resolv.conf's timeout and attempts). The addresses found are tried one after the other. Where Sentinels
 * know the master, the same thread asks them first.
 */
#define WC_ROUTE_ADDRESSES   8
#define WC_ROUTE_ADDRESS_LEN 64 /* an IPv6 address with a scope */

struct wc_lookup;

/* `why` is NULL when there are addresses now, else a sentence. */
typedef void (*wc_route_cb)(void *arg, const char *why);

struct wc_route {
    struct ev_loop *loop;
    const struct wc_redis_url *url;
    struct wc_lookup *lookup; /* under way, or NULL */
    wc_route_cb cb;
    void *arg;
    char address[WC_ROUTE_ADDRESSES][WC_ROUTE_ADDRESS_LEN];
    uint16_t port; /* of them all */
    size_t count, next;
    unsigned lookups;
    uint64_t backoff_ms;
    uint64_t good_ms; /* when the connection was made that holds, or 0 */
};

void wc_route_init(struct wc_route *route, struct ev_loop *loop, const struct wc_redis_url *url, wc_route_cb cb,
                   void *arg);
void wc_route_end(struct wc_route *route); /* no callback after this */

/* The numeric address (or the unix path) to try now, valid until the next lookup; NULL: ask wc_route_lookup first. */
const char *wc_route_next(struct wc_route *route);
/* Calls back from the loop, never inside this call. */
void wc_route_lookup(struct wc_route *route);

/* The connection is up. */
void wc_route_good(struct wc_route *route);
/* An attempt failed or the connection was lost: seconds until the next attempt. 0 when another address of the same
 * lookup is left, else 50 ms doubling up to 2 s, of which a random part of up to a half is taken off. Starts low again
 * after a connection that held for a quarter of a second. */
double wc_route_delay(struct wc_route *route);

/* A non-blocking TCP (TCP_NODELAY, keepalive) or unix socket on its way to `address`; -1 with errno. */
int wc_route_connect(const struct wc_route *route, const char *address);

#endif
