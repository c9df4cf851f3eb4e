#include "await.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define POLL_S 0.01 /* for conditions that no event of the loop brings about */

static void on_wake(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop, (void)w, (void)revents;
}

static void turn(struct ev_loop *loop, double at_most)
{
    ev_timer wake;
    ev_timer_init(&wake, on_wake, at_most > 0 ? at_most : 0, 0.0);
    ev_now_update(loop);
    ev_timer_start(loop, &wake);
    ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &wake);
}

struct await await_begin(struct ev_loop *loop, double seconds)
{
    return (struct await){.loop = loop, .until = ev_time() + seconds};
}

void await_turn(struct await *a, const char *condition, const char *file, int line)
{
    double left = a->until - ev_time();
    if (left <= 0) {
        print_error("waited in vain for: %s\n", condition);
        _fail(file, line);
    }
    turn(a->loop, left < POLL_S ? left : POLL_S);
}

void await_nothing(struct ev_loop *loop, double seconds)
{
    double until = ev_time() + seconds;
    while (ev_time() < until)
        turn(loop, until - ev_time());
}
