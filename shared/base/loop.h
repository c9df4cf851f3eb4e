#ifndef WC_BASE_LOOP_H
#define WC_BASE_LOOP_H

/*
 * libev, for everybody: the one place that includes it. A loop turn is, in this order:
 *   callbacks of sockets, timers and async watchers   (work is collected)
 *   ev_prepare watchers, the highest priority first:  WC_TURN_POST    messages go to Redis, by conversation: it has
 *                                                                     them while the worker does all of the following
 *                                                     WC_TURN_FINISH  finished calls answer their channels
 *                                                     WC_TURN_WRITE   sessions write what they have, one writev each
 *                                                     WC_TURN_LAST    h2o's own loop
 *   then the loop sleeps.
 */
#define EV_MULTIPLICITY 1
#include <ev.h>

#define WC_TURN_POST   2
#define WC_TURN_FINISH 1
#define WC_TURN_WRITE  0
#define WC_TURN_LAST   (-2)

#endif
