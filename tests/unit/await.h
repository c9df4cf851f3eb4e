#ifndef AWAIT_H
#define AWAIT_H

#include "base/loop.h"

#include <stdbool.h>

/* Runs the loop until the condition holds; fails the test, naming it, when that takes longer than `seconds`. */
#define AWAIT(loop, seconds, condition)                                                                                \
    do {                                                                                                               \
        struct await await_ = await_begin(loop, seconds);                                                              \
        while (!(condition))                                                                                           \
            await_turn(&await_, #condition, __FILE__, __LINE__);                                                       \
    } while (0)

struct await {
    struct ev_loop *loop;
    double until;
};

struct await await_begin(struct ev_loop *loop, double seconds);
void await_turn(struct await *a, const char *condition, const char *file, int line); /* one turn of the loop */
/* Runs the loop for so long, whatever happens: to see that something does not. */
void await_nothing(struct ev_loop *loop, double seconds);

#endif
