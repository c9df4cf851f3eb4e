#ifndef WC_HTTP_EV_GLUE_H
#define WC_HTTP_EV_GLUE_H

#include "base/buf.h"
#include "base/loop.h"

#include <h2o.h>

/*
 * h2o's own loop inside libev's: its epoll descriptor is watched, and it is run without waiting whenever something is
 * readable, a timeout of its is due, or an answer has been queued by somebody else's callback (before the loop sleeps,
 * after everything else of the turn: WC_TURN_LAST). Idle, it costs nothing.
 */
struct wc_ev_glue {
    struct ev_loop *loop;
    h2o_evloop_t *h2o;
    ev_io readable;
    ev_timer wake;
    ev_prepare before_sleep;
    ev_check after_sleep;
    uint64_t wake_at; /* what `wake` is set for, in h2o's time; UINT64_MAX: nothing */
};

/* False and a sentence when h2o's epoll descriptor is not where it is expected to be. */
bool wc_ev_glue_start(struct wc_ev_glue *g, struct ev_loop *loop, struct wc_buf *why);
/* Runs what h2o has to do now, without waiting. False when there is more of it. */
bool wc_ev_glue_pump(struct wc_ev_glue *g);
/* Ends h2o's loop too: its context has been disposed of. */
void wc_ev_glue_stop(struct wc_ev_glue *g);

#endif
