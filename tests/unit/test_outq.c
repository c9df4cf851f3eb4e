/* A queue against a model of it: one growing text, and how much of it was taken. */
#include "chat/outq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

enum { STEPS = 20000, ROOM = 1 << 16 };

struct model {
    struct wc_outq q;
    char text[ROOM];
    size_t from, to;
    uint32_t random;
};

static uint32_t below(struct model *m, uint32_t n)
{
    m->random = m->random * 1664525 + 1013904223; /* Knuth, TAOCP vol. 2, 3.3.4 */
    return (m->random >> 8) % n;
}

static void compare(struct model *m)
{
    static char all[ROOM];
    assert_int_equal(m->q.bytes, m->to - m->from);
    wc_outq_copy(&m->q, all);
    assert_memory_equal(all, m->text + m->from, m->q.bytes);
    struct wc_str first = wc_outq_first(&m->q);
    assert_true(m->q.bytes == 0 ? first.p == NULL : first.n != 0 && first.n <= m->q.bytes);
    if (first.p != NULL)
        assert_memory_equal(first.p, m->text + m->from, first.n);
}

static void push(struct model *m, struct wc_frame *shared)
{
    static uint32_t count;
    bool own = below(m, 2) == 0;
    char text[3000];
    size_t n = own ? 1 + below(m, below(m, 20) == 0 ? sizeof(text) - 1 : 90) : shared->len;
    for (size_t i = 0; own && i < n; i++)
        text[i] = (char)('a' + (++count + i) % 26);
    memcpy(m->text + m->to, own ? text : shared->bytes, n);
    m->to += n;
    if (own)
        wc_outq_push_str(&m->q, (struct wc_str){text, n});
    else
        wc_outq_push(&m->q, shared);
}

static void bytes_stay_in_order(void **state)
{
    (void)state;
    static struct model m;
    m.random = 7;
    struct wc_frame *shared = wc_frame_of(WC_STR("shared by all, "));
    size_t emptied = 0;
    for (int i = 0; i < STEPS; i++) {
        if (ROOM - m.to < 4096) {
            memmove(m.text, m.text + m.from, m.to - m.from);
            m.to -= m.from;
            m.from = 0;
        }
        if (below(&m, 5) < 3 && m.to - m.from < ROOM / 2) {
            push(&m, shared);
        } else {
            size_t n = below(&m, 8) == 0 ? m.q.bytes : below(&m, (uint32_t)m.q.bytes + 1);
            wc_outq_took(&m.q, n);
            m.from += n;
            emptied += n != 0 && m.q.bytes == 0;
        }
        compare(&m);
    }
    assert_true(emptied > 100);
    wc_outq_took(&m.q, m.q.bytes);
    assert_null(m.q.ring);
    assert_int_equal(shared->refs, 1);
    wc_frame_unref(shared);
}

/* One who reads slowly but goes on reading: what is written makes room for what comes. */
static void a_queue_that_is_never_empty_does_not_grow(void **state)
{
    (void)state;
    struct wc_outq q = {0};
    static char all[4096];
    wc_outq_push_str(&q, WC_STR("0123456789"));
    size_t least = SIZE_MAX, most = 0;
    for (int i = 0; i < 100000; i++) {
        wc_outq_push_str(&q, WC_STR("0123456789"));
        wc_outq_took(&q, 10);
        uintptr_t at = (uintptr_t)wc_outq_first(&q).p;
        least = at < least ? at : least;
        most = at > most ? at : most;
    }
    assert_true(most - least < 4096);
    wc_outq_copy(&q, all);
    assert_memory_equal(all, "0123456789", 10);
    wc_outq_clear(&q);
}

static void a_pipe_gets_all_of_it(void **state)
{
    (void)state;
    int fds[2];
    char got[64] = "";
    assert_int_equal(pipe(fds), 0);
    struct wc_outq q = {0};
    struct wc_frame *shared = wc_frame_of(WC_STR("two "));
    wc_outq_push_str(&q, WC_STR("one "));
    wc_outq_push(&q, shared);
    wc_outq_push_str(&q, WC_STR("three"));
    wc_outq_took(&q, 2);
    assert_int_equal(wc_outq_write(&q, fds[1]), WC_OUTQ_DONE);
    assert_int_equal(read(fds[0], got, sizeof(got)), 11);
    assert_string_equal(got, "e two three");
    assert_int_equal(shared->refs, 1);
    wc_frame_unref(shared);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_stay_in_order),
        cmocka_unit_test(a_queue_that_is_never_empty_does_not_grow),
        cmocka_unit_test(a_pipe_gets_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
