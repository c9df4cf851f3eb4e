#ifndef WC_DRAIN_H
#define WC_DRAIN_H

#include "channel.h"

/*
 * The end of a worker in good order:
 *
 *   SERVING ─▶ ANNOUNCED  /readyz fails, Redis says draining: balancers go elsewhere; all is served as before
 *           ─▶ FIRST      no new connections; requests finish, WebSockets and event streams are told, some at a time
 *           ─▶ LAST       then the channels that drain last: telnet's users, who have to come back by hand
 *           ─▶ OVER       everybody has gone, or the time is over
 */
enum wc_drain_phase { WC_SERVING, WC_DRAIN_ANNOUNCED, WC_DRAIN_FIRST, WC_DRAIN_LAST, WC_DRAIN_OVER };

struct wc_drain_options {
    uint64_t delay_ms;  /* ANNOUNCED */
    uint64_t spread_ms; /* FIRST and LAST, half of it each; FIRST ends sooner when nobody is left */
    uint64_t max_ms;    /* all that is behind ANNOUNCED */
};

struct wc_drain {
    enum wc_drain_phase phase;
    const struct wc_drain_options *options;
    const struct wc_channel_ops *const *kinds;
    struct wc_channel **channels; /* of each kind; NULL: it is off */
    size_t n;
    ev_tstamp next, deadline;
};

void wc_drain_begin(struct wc_drain *d, ev_tstamp now);
/* To be called every few milliseconds. True once: when it is over. */
bool wc_drain_tick(struct wc_drain *d, ev_tstamp now);
/* Connections that are still there. */
size_t wc_drain_busy(const struct wc_drain *d);

#endif
