#include "chat/work.h"

#include <assert.h>
#include <stdlib.h>

static void pump(struct wc_workq *q);

static void on_hold_over(EV_P_ ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    pump(timer->data);
}

void wc_workq_init(struct wc_workq *q, struct ev_loop *loop, unsigned max, wc_err (*run)(struct wc_work *w))
{
    *q = (struct wc_workq){.loop = loop, .max = max, .run = run};
    q->tail = &q->head;
    ev_timer_init(&q->hold, on_hold_over, 0., 0.);
    q->hold.data = q;
}

void wc_workq_stop(struct wc_workq *q)
{
    ev_timer_stop(q->loop, &q->hold);
    q->head = NULL;
    q->tail = &q->head;
}

static void append(struct wc_workq *q, struct wc_work *w)
{
    w->queued = true;
    w->next = NULL;
    *q->tail = w;
    q->tail = &w->next;
}

static struct wc_work *take(struct wc_workq *q)
{
    struct wc_work *w = q->head;
    q->head = w->next;
    if (q->head == NULL)
        q->tail = &q->head;
    w->queued = false;
    return w;
}

static void hold(struct wc_workq *q)
{
    if (ev_is_active(&q->hold))
        return;
    unsigned jitter = (unsigned)((uintptr_t)q >> 4) ^ (unsigned)(ev_now(q->loop) * 1e6);
    ev_timer_set(&q->hold, 0.1 + (jitter % 300) / 1000., 0.);
    ev_timer_start(q->loop, &q->hold);
}

static void pump(struct wc_workq *q)
{
    while (q->head != NULL && q->under_way < q->max && !ev_is_active(&q->hold)) {
        struct wc_work *w = take(q);
        wc_err err = q->run(w);
        if (err == WC_OK) {
            q->under_way++;
        } else if (err != WC_NOT_FOUND) {
            append(q, w);
            hold(q);
        }
    }
}

void wc_workq_add(struct wc_workq *q, struct wc_work *w)
{
    if (w->queued)
        return;
    append(q, w);
    pump(q);
}

void wc_workq_done(struct wc_workq *q)
{
    assert(q->under_way != 0);
    q->under_way--;
    pump(q);
}

void wc_workq_retry(struct wc_workq *q, struct wc_work *w)
{
    assert(q->under_way != 0);
    q->under_way--;
    if (!w->queued)
        append(q, w);
    hold(q);
}
