#ifndef WC_REDIS_LOOKUP_H
#define WC_REDIS_LOOKUP_H

#include "base/loop.h"

/* One name lookup off the loop: getaddrinfo in a short-lived thread, its end told to the loop through an eventfd. */
struct wc_lookup;
struct addrinfo;

/* Either `why` (a sentence) or `found` is NULL; both valid until the callback returns. The lookup is over then. */
typedef void (*wc_lookup_cb)(void *arg, const char *why, const struct addrinfo *found);

struct wc_lookup *wc_lookup_start(struct ev_loop *loop, const char *host, wc_lookup_cb cb, void *arg);
/* No callback after this; the thread ends by itself when the resolver lets it. NULL is fine. */
void wc_lookup_cancel(struct wc_lookup *lookup);

#endif
