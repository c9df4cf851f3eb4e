#include "vitals.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_S   0.1
#define WINDOW_S 5.0

#define AT(field) offsetof(struct wc_vitals, field)

static const struct wc_metric rows[] = {
    {"wcchat_loop_lag_seconds", NULL, WC_GAUGE, AT(lag_us), 1e-6,
     "By how much the loop was late at worst in the last ten seconds"},
    {"wcchat_cpu_usage", NULL, WC_GAUGE, AT(cpu_permille), 0.001,
     "Share of one processor that the worker took in the last seconds; more than 1 while passwords are hashed"},
    {"wcchat_draining", NULL, WC_GAUGE, AT(draining), 1, "1 from SIGTERM on"},
    {"process_cpu_seconds_total", NULL, WC_COUNTER, AT(cpu_ms), 0.001, "Processor time, of user and system"},
    {"process_resident_memory_bytes", NULL, WC_GAUGE, AT(resident), 1, "Resident memory"},
    {"process_start_time_seconds", NULL, WC_GAUGE, AT(started_s), 1, "When the worker was started"},
};

static double cpu_now(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0 ? (double)t.tv_sec + (double)t.tv_nsec / 1e9 : 0;
}

/* `<all> <resident> …`, in pages: proc(5), statm. */
static uint64_t resident(void)
{
    char line[128];
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    const char *space = fgets(line, sizeof(line), f) != NULL ? strchr(line, ' ') : NULL;
    fclose(f);
    return space != NULL ? strtoull(space, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static void next_window(struct wc_vitals *v, ev_tstamp now, double cpu)
{
    v->cpu_permille = (uint64_t)((cpu - v->cpu_from) / (now - v->from) * 1000);
    v->resident = resident();
    v->worst[1] = v->worst[0];
    v->worst[0] = 0;
    v->from = now;
    v->cpu_from = cpu;
}

static void on_tick(EV_P_ ev_timer *timer, int revents)
{
    struct wc_vitals *v = timer->data;
    (void)revents;
    /* Not ev_now: that is the turn's, and what came before us in the turn counts too. */
    ev_tstamp now = ev_time();
    double late = now - v->due, cpu = cpu_now();
    v->due = now + TICK_S;
    if (late > v->worst[0] && late < 3600) /* the clock may be set */
        v->worst[0] = late;
    if (now - v->from >= WINDOW_S || now < v->from)
        next_window(v, now, cpu);
    v->lag_us = (uint64_t)((v->worst[0] > v->worst[1] ? v->worst[0] : v->worst[1]) * 1e6);
    v->cpu_ms = (uint64_t)(cpu * 1000);
    ev_timer_stop(loop, timer);
    ev_timer_set(timer, TICK_S, 0.);
    ev_timer_start(loop, timer);
}

void wc_vitals_start(struct wc_vitals *v, struct ev_loop *loop, struct wc_metrics *m)
{
    *v = (struct wc_vitals){.loop = loop, .started_s = wc_wall_ms() / 1000, .resident = resident()};
    v->from = ev_time();
    v->cpu_from = cpu_now();
    v->due = v->from + TICK_S;
    ev_timer_init(&v->timer, on_tick, TICK_S, 0.);
    v->timer.data = v;
    ev_timer_start(loop, &v->timer);
    wc_metrics_add(m, rows, WC_COUNT(rows), v);
}

void wc_vitals_stop(struct wc_vitals *v)
{
    ev_timer_stop(v->loop, &v->timer);
}
