#ifndef WC_REDIS_LOOKUP_H
#define WC_REDIS_LOOKUP_H

#include "base/loop.h"

#include "redis/url.h"

/* Finds out off the loop where Redis is, in a short-lived thread, its end told to the loop through an eventfd: asks the
 * Sentinels for the master, if there are any, then getaddrinfo. */
struct wc_lookup;
struct addrinfo;

/* Either `why` (a sentence) or `found` is NULL; both valid until the callback returns. The lookup is over then. */
typedef void (*wc_lookup_cb)(void *arg, const char *why, uint16_t port, const struct addrinfo *found);

/* The url is copied. `turn`: which of the Sentinels is asked first; the others when it does not answer within half a
 * second. */
struct wc_lookup *wc_lookup_start(struct ev_loop *loop, const struct wc_redis_url *url, unsigned turn, wc_lookup_cb cb,
                                  void *arg);
/* No callback after this; the thread ends by itself when the resolver lets it. NULL is fine. */
void wc_lookup_cancel(struct wc_lookup *lookup);

#endif
