#include "http/ev_glue.h"

#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

enum { ROUNDS = 8 }; /* of h2o's loop in one go: others want their turn too */

/* What libh2o-evloop 2.2 has behind its public loop when it was built for epoll. */
struct epoll_loop {
    h2o_evloop_t super;
    int ep;
};

static int epoll_fd(h2o_evloop_t *loop)
{
    return ((struct epoll_loop *)loop)->ep;
}

static bool is_epoll(int fd)
{
    char path[64], target[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, target, sizeof(target));
    return n > 0 && wc_str_is((struct wc_str){target, (size_t)n}, "anon_inode:[eventpoll]");
}

static bool has_work(const h2o_evloop_t *loop)
{
    return loop->_pending_as_client != NULL || loop->_pending_as_server != NULL || loop->_statechanged.head != NULL;
}

bool wc_ev_glue_pump(struct wc_ev_glue *g)
{
    for (int i = 0; i < ROUNDS; i++) {
        h2o_evloop_run(g->h2o, 0);
        if (!has_work(g->h2o))
            return true;
    }
    return false;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
    (void)loop;
    (void)events;
    wc_ev_glue_pump(WC_CONTAINER(w, struct wc_ev_glue, readable));
}

static void on_wake(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    struct wc_ev_glue *g = WC_CONTAINER(w, struct wc_ev_glue, wake);
    g->wake_at = UINT64_MAX;
    wc_ev_glue_pump(g);
}

static void wake_in(struct wc_ev_glue *g, double seconds)
{
    ev_timer_stop(g->loop, &g->wake);
    ev_timer_set(&g->wake, seconds, 0.0);
    ev_timer_start(g->loop, &g->wake);
}

static void wake_for_timeouts(struct wc_ev_glue *g)
{
    uint64_t at = h2o_timeout_get_wake_at(&g->h2o->_timeouts);
    if (at == g->wake_at)
        return;
    g->wake_at = at;
    if (at == UINT64_MAX) {
        ev_timer_stop(g->loop, &g->wake);
        return;
    }
    /* A millisecond later: h2o takes a timeout for due only when its whole time has passed. */
    double seconds = (double)(at + 1) / 1000.0 - ev_now(g->loop);
    wake_in(g, seconds > 0.0 ? seconds : 0.0);
}

static void on_before_sleep(struct ev_loop *loop, ev_prepare *w, int events)
{
    (void)loop;
    (void)events;
    struct wc_ev_glue *g = WC_CONTAINER(w, struct wc_ev_glue, before_sleep);
    if (!has_work(g->h2o) || wc_ev_glue_pump(g)) {
        wake_for_timeouts(g);
        return;
    }
    g->wake_at = 0; /* there is more: the loop must not sleep */
    wake_in(g, 0.0);
}

/* h2o reads the clock only when it runs; what others begin before that would be timed from the past. */
static void on_after_sleep(struct ev_loop *loop, ev_check *w, int events)
{
    (void)events;
    WC_CONTAINER(w, struct wc_ev_glue, after_sleep)->h2o->_now = (uint64_t)(ev_now(loop) * 1000.0);
}

static void start_watchers(struct wc_ev_glue *g)
{
    ev_io_init(&g->readable, on_readable, epoll_fd(g->h2o), EV_READ);
    ev_io_start(g->loop, &g->readable);
    ev_timer_init(&g->wake, on_wake, 0.0, 0.0);
    ev_prepare_init(&g->before_sleep, on_before_sleep);
    ev_set_priority(&g->before_sleep, WC_TURN_LAST);
    ev_prepare_start(g->loop, &g->before_sleep);
    ev_check_init(&g->after_sleep, on_after_sleep);
    ev_set_priority(&g->after_sleep, EV_MAXPRI);
    ev_check_start(g->loop, &g->after_sleep);
}

bool wc_ev_glue_start(struct wc_ev_glue *g, struct ev_loop *loop, struct wc_buf *why)
{
    g->loop = loop;
    g->wake_at = UINT64_MAX;
    g->h2o = h2o_evloop_create();
    if (!is_epoll(epoll_fd(g->h2o))) {
        wc_buf_z(why,
                 "the HTTP library's epoll descriptor is not where it is in libh2o-evloop 2.2 (or /proc is not there)");
        h2o_evloop_destroy(g->h2o);
        return false;
    }
    start_watchers(g);
    return true;
}

void wc_ev_glue_stop(struct wc_ev_glue *g)
{
    ev_io_stop(g->loop, &g->readable);
    ev_timer_stop(g->loop, &g->wake);
    ev_prepare_stop(g->loop, &g->before_sleep);
    ev_check_stop(g->loop, &g->after_sleep);
    int ep = epoll_fd(g->h2o); /* h2o does not close it */
    h2o_evloop_destroy(g->h2o);
    close(ep);
}
