#include "chat/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Each test runs twice: with a ring, where the kernel has one, and without. */
enum { SOCKETS = 40 };

struct end {
    struct wc_outq q;
    int ours, theirs;
    unsigned told;
    enum wc_outq_result result;
    size_t written;
};

struct fixture {
    struct wc_writer *writer;
    struct end ends[SOCKETS];
};

static int set_up_with(void **state, bool ring)
{
    struct fixture *f = WC_NEW(struct fixture);
    f->writer = wc_writer_new(ring);
    assert_true(ring || !wc_writer_has_ring(f->writer));
    for (size_t i = 0; i < SOCKETS; i++) {
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        f->ends[i].ours = fds[0];
        f->ends[i].theirs = fds[1];
    }
    *state = f;
    return 0;
}

static int set_up_ring(void **state)
{
    return set_up_with(state, true);
}

static int set_up_plain(void **state)
{
    return set_up_with(state, false);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < SOCKETS; i++) {
        wc_outq_clear(&f->ends[i].q);
        close(f->ends[i].ours);
        if (f->ends[i].theirs >= 0)
            close(f->ends[i].theirs);
    }
    wc_writer_free(f->writer);
    free(f);
    return 0;
}

static void on_written(void *arg, enum wc_outq_result result, size_t n)
{
    struct end *end = arg;
    end->told++;
    end->result = result;
    end->written += n;
}

static void add(struct fixture *f, struct end *end)
{
    wc_writer_add(f->writer, &end->q, end->ours, on_written, end);
}

static void expect(const struct end *end, const char *text)
{
    char got[256] = "";
    ssize_t n = read(end->theirs, got, sizeof(got) - 1);
    assert_true(n >= 0 || (errno == EAGAIN && text[0] == '\0'));
    assert_string_equal(got, text);
}

static struct wc_frame *frame(const char *text)
{
    return wc_frame_of(wc_str(text));
}

/* Half of them are told three things, a quarter another three, and each of the rest something of its own in between. */
static void everybody_gets_theirs_in_order(void **state)
{
    struct fixture *f = *state;
    struct wc_frame *shared[] = {frame("one "), frame("two "), frame("three "), frame("#1 one "), frame("#2 two ")};
    char own[SOCKETS][32];
    for (size_t i = 0; i < SOCKETS; i++) {
        struct wc_outq *q = &f->ends[i].q;
        snprintf(own[i], sizeof(own[i]), "own %zu ", i);
        wc_outq_push(q, shared[i % 4 == 1 ? 3 : 0]);
        if (i % 4 == 3)
            wc_outq_push_str(q, wc_str(own[i]));
        wc_outq_push(q, shared[i % 4 == 1 ? 4 : 1]);
        wc_outq_push(q, shared[2]);
        add(f, &f->ends[i]);
        add(f, &f->ends[i]);
    }
    wc_writer_run(f->writer);
    for (size_t i = 0; i < SOCKETS; i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s%s%s", i % 4 == 1 ? "#1 one " : "one ", i % 4 == 3 ? own[i] : "",
                 i % 4 == 1 ? "#2 two three " : "two three ");
        assert_int_equal(f->ends[i].told, 1);
        assert_int_equal(f->ends[i].result, WC_OUTQ_DONE);
        assert_int_equal(f->ends[i].written, strlen(text));
        expect(&f->ends[i], text);
    }
    for (size_t i = 0; i < WC_COUNT(shared); i++) {
        assert_int_equal(shared[i]->refs, 1);
        wc_frame_unref(shared[i]);
    }
}

/* Streams: what all get, and before each of it something of one's own. Together more than there is room for copies. */
static void lists_of_ones_own_arrive_whole(void **state)
{
    struct fixture *f = *state;
    enum { EVENTS = 40, DATA = 600 };
    struct wc_frame *shared[EVENTS];
    for (size_t i = 0; i < EVENTS; i++) {
        shared[i] = wc_frame_new(DATA);
        memset(shared[i]->bytes, (int)('!' + i), DATA);
    }
    for (size_t j = 0; j < SOCKETS; j++) {
        char own[32];
        for (size_t i = 0; i < EVENTS; i++) {
            snprintf(own, sizeof(own), "id %zu of %zu\n", i, j);
            wc_outq_push_str(&f->ends[j].q, wc_str(own));
            wc_outq_push(&f->ends[j].q, shared[i]);
        }
        add(f, &f->ends[j]);
    }
    wc_writer_run(f->writer);
    for (size_t j = 0; j < SOCKETS; j++) {
        static char got[EVENTS * (DATA + 32)], wanted[sizeof(got)];
        size_t n = 0;
        for (size_t i = 0; i < EVENTS; i++) {
            n += (size_t)snprintf(wanted + n, sizeof(wanted) - n, "id %zu of %zu\n", i, j);
            memset(wanted + n, (int)('!' + i), DATA);
            n += DATA;
        }
        assert_int_equal(f->ends[j].result, WC_OUTQ_DONE);
        assert_int_equal(read(f->ends[j].theirs, got, sizeof(got)), n);
        assert_memory_equal(got, wanted, n);
    }
    for (size_t i = 0; i < EVENTS; i++)
        wc_frame_unref(shared[i]);
}

/* Writes until nothing is left, a little at a time; what arrived is told by the sum of its bytes and their order. */
static void a_full_socket_gets_the_rest_later(void **state)
{
    struct fixture *f = *state;
    enum { FRAMES = 64, SIZE = 20000 };
    struct wc_frame *frames[FRAMES];
    for (size_t i = 0; i < FRAMES; i++) {
        frames[i] = wc_frame_new(SIZE);
        memset(frames[i]->bytes, (int)('!' + i), SIZE);
        for (size_t j = 0; j < SOCKETS; j++)
            wc_outq_push(&f->ends[j].q, frames[i]);
    }
    size_t got[SOCKETS] = {0}, left = SOCKETS, blocked = 0;
    while (left > 0) {
        for (size_t j = 0; j < SOCKETS; j++)
            if (f->ends[j].q.count != 0)
                add(f, &f->ends[j]);
        wc_writer_run(f->writer);
        left = 0;
        for (size_t j = 0; j < SOCKETS; j++) {
            char buf[65536];
            ssize_t n = read(f->ends[j].theirs, buf, sizeof(buf));
            for (ssize_t k = 0; k < n; k++)
                assert_int_equal(buf[k], '!' + (got[j] + (size_t)k) / SIZE);
            got[j] += n > 0 ? (size_t)n : 0;
            blocked += f->ends[j].result == WC_OUTQ_BLOCKED;
            left += got[j] < (size_t)FRAMES * SIZE;
        }
    }
    assert_true(blocked > SOCKETS);
    for (size_t j = 0; j < SOCKETS; j++)
        assert_int_equal(f->ends[j].written, FRAMES * SIZE);
    for (size_t i = 0; i < FRAMES; i++)
        wc_frame_unref(frames[i]);
}

static void a_broken_one_is_told_and_the_others_go_on(void **state)
{
    struct fixture *f = *state;
    struct wc_frame *shared[] = {frame("a"), frame("b")};
    close(f->ends[7].theirs);
    f->ends[7].theirs = -1;
    for (size_t i = 0; i < SOCKETS; i++) {
        wc_outq_push(&f->ends[i].q, shared[0]);
        wc_outq_push(&f->ends[i].q, shared[1]);
        add(f, &f->ends[i]);
    }
    wc_writer_run(f->writer);
    for (size_t i = 0; i < SOCKETS; i++) {
        assert_int_equal(f->ends[i].result, i == 7 ? WC_OUTQ_BROKEN : WC_OUTQ_DONE);
        if (i != 7)
            expect(&f->ends[i], "ab");
    }
    wc_frame_unref(shared[0]);
    wc_frame_unref(shared[1]);
}

static struct fixture *again;

static void on_written_more(void *arg, enum wc_outq_result result, size_t n)
{
    struct end *end = arg;
    on_written(arg, result, n);
    if (end->told < 3) {
        wc_outq_push_str(&end->q, WC_STR("more "));
        wc_writer_add(again->writer, &end->q, end->ours, on_written_more, end);
    }
}

static void what_a_callback_adds_is_written_too(void **state)
{
    struct fixture *f = again = *state;
    for (size_t i = 0; i < SOCKETS; i++) {
        wc_outq_push_str(&f->ends[i].q, WC_STR("first "));
        wc_writer_add(f->writer, &f->ends[i].q, f->ends[i].ours, on_written_more, &f->ends[i]);
    }
    wc_writer_run(f->writer);
    for (size_t i = 0; i < SOCKETS; i++)
        expect(&f->ends[i], "first more more ");
}

#define BOTH(test)                                                                                                     \
    {#test " (ring)", test, set_up_ring, tear_down, NULL},                                                             \
    {                                                                                                                  \
#test " (plain)", test, set_up_plain, tear_down, NULL                                                          \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(everybody_gets_theirs_in_order),      BOTH(lists_of_ones_own_arrive_whole),
        BOTH(a_full_socket_gets_the_rest_later),   BOTH(a_broken_one_is_told_and_the_others_go_on),
        BOTH(what_a_callback_adds_is_written_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
