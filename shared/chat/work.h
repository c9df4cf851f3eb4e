#ifndef WC_CHAT_WORK_H
#define WC_CHAT_WORK_H

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Things to be asked of Redis until it answers: a queue that keeps at most `max` under way and, when Redis is away,
 * holds everything back for a moment (with jitter, so that a fleet does not come back as a herd).
 *
 * The queue's `run` asks. WC_OK: the answer will come, and its callback ends with wc_workq_done or wc_workq_retry.
 * WC_NOT_FOUND: there is nothing to ask any more (the work may be freed already). Anything else: it is tried again
 * later.
 */
struct wc_work {
    struct wc_work *next;
    bool queued;
    uint8_t kind; /* for `run`, where a queue has things of several kinds */
};

struct wc_workq {
    struct ev_loop *loop;
    wc_err (*run)(struct wc_work *w);
    struct wc_work *head, **tail;
    unsigned under_way, max;
    ev_timer hold;
};

void wc_workq_init(struct wc_workq *q, struct ev_loop *loop, unsigned max, wc_err (*run)(struct wc_work *w));
void wc_workq_stop(struct wc_workq *q);                   /* forgets what is queued */
void wc_workq_add(struct wc_workq *q, struct wc_work *w); /* nothing when it is queued already */
void wc_workq_done(struct wc_workq *q);
void wc_workq_retry(struct wc_workq *q, struct wc_work *w);

#endif
