#ifndef WC_VITALS_H
#define WC_VITALS_H

#include "base/loop.h"
#include "base/metrics.h"

#include <stdbool.h>

/*
 * What an autoscaler and an operator want to know of the process: processor time, memory, how late its loop is.
 *
 * The lag is by how much a timer of 100 ms is late, the worst of the last ten seconds: what everything else on the loop
 * waited too. The share of a processor is measured over the last five to ten seconds.
 */
struct wc_vitals {
    struct ev_loop *loop;
    ev_timer timer;
    ev_tstamp due, from, cpu_from; /* the next tick; where the present five seconds began */
    double worst[2];               /* lag in the present five seconds, and in those before */
    uint64_t lag_us, cpu_ms, cpu_permille, resident, started_s, draining;
};

void wc_vitals_start(struct wc_vitals *v, struct ev_loop *loop, struct wc_metrics *m);
void wc_vitals_stop(struct wc_vitals *v);

#endif
