#include "chat/password.h"

#include "base/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define PATIENCE_S 60. /* with sanitizers on a busy machine */
#define PASSWORD   WC_STR("correct horse battery staple")

struct fixture {
    struct ev_loop *loop;
    struct wc_passwords *p;
    char phc[200];  /* of PASSWORD */
    char made[200]; /* by the last request for a hash */
    unsigned calls; /* callbacks so far */
    unsigned awaited;
    wc_err err;
    bool right;
    bool inside; /* a call is being made: no callback may fire */
    pthread_t thread;
};

static void called(struct fixture *f, wc_err err)
{
    assert_false(f->inside);
    assert_true(pthread_equal(pthread_self(), f->thread));
    f->err = err;
    if (++f->calls == f->awaited)
        ev_break(f->loop, EVBREAK_ONE);
}

static void on_hash(void *arg, wc_err err, const char *phc)
{
    struct fixture *f = arg;
    assert_int_equal(err, WC_OK);
    assert_non_null(phc);
    snprintf(f->made, sizeof(f->made), "%s", phc);
    called(f, err);
}

static void on_verify(void *arg, wc_err err, bool right)
{
    struct fixture *f = arg;
    f->right = right;
    called(f, err);
}

static void on_late(struct ev_loop *loop, struct ev_timer *w, int revents)
{
    (void)w, (void)revents;
    ev_break(loop, EVBREAK_ONE);
}

/* Runs the loop until that many callbacks have fired. */
static void await_at_least(struct fixture *f, unsigned n)
{
    struct ev_timer late;
    ev_timer_init(&late, on_late, PATIENCE_S, 0);
    ev_timer_start(f->loop, &late);
    f->awaited = n;
    if (f->calls < n)
        ev_run(f->loop, 0);
    ev_timer_stop(f->loop, &late);
    assert_true(f->calls >= n);
}

static void await_calls(struct fixture *f, unsigned n)
{
    await_at_least(f, n);
    assert_int_equal(f->calls, n);
}

static void restart(struct fixture *f, unsigned threads, unsigned queue)
{
    wc_passwords_free(f->p);
    f->p = wc_passwords_new(f->loop, threads, queue);
    assert_non_null(f->p);
    f->calls = 0;
}

static wc_err verify(struct fixture *f, struct wc_str password, struct wc_str phc)
{
    f->inside = true;
    wc_err err = wc_password_verify(f->p, password, phc, on_verify, f);
    f->inside = false;
    return err;
}

static bool is_right(struct fixture *f, struct wc_str password, struct wc_str phc)
{
    f->right = !f->right;
    assert_int_equal(verify(f, password, phc), WC_OK);
    await_calls(f, f->calls + 1);
    assert_int_equal(f->err, WC_OK);
    return f->right;
}

static void make_hash(struct fixture *f, struct wc_str password)
{
    f->inside = true;
    assert_int_equal(wc_password_hash(f->p, password, on_hash, f), WC_OK);
    f->inside = false;
    await_calls(f, f->calls + 1);
}

static int set_up(void **state)
{
    struct fixture *f = WC_NEW(struct fixture);
    f->thread = pthread_self();
    f->loop = ev_loop_new(EVFLAG_AUTO);
    restart(f, 2, 8);
    make_hash(f, PASSWORD);
    memcpy(f->phc, f->made, sizeof(f->phc));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wc_passwords_free(f->p);
    ev_loop_destroy(f->loop);
    free(f);
    return 0;
}

static void test_right_and_wrong(void **state)
{
    struct fixture *f = *state;
    struct wc_str phc = wc_str(f->phc);
    assert_true(is_right(f, PASSWORD, phc));
    assert_false(is_right(f, WC_STR("correct horse battery stapl"), phc));
    assert_false(is_right(f, WC_STR("correct horse battery staple "), phc));
    assert_false(is_right(f, WC_STR("Correct horse battery staple"), phc));
    assert_false(is_right(f, WC_STR("correct horse battery staple\0"), phc));
    assert_false(is_right(f, WC_STR_NONE, phc));
    assert_int_equal(wc_passwords_pending(f->p), 0);
}

static void test_parameters_and_salt(void **state)
{
    struct fixture *f = *state;
    assert_true(wc_str_starts(wc_str(f->phc), WC_STR("$argon2id$v=19$m=19456,t=2,p=1$")));
    assert_int_equal(strlen(f->phc), 97); /* 16 bytes of salt, 32 of hash */
    make_hash(f, PASSWORD);
    assert_string_not_equal(f->made, f->phc);
    assert_true(is_right(f, PASSWORD, wc_str(f->made)));
}

static void test_odd_passwords(void **state)
{
    struct fixture *f = *state;
    char longest[WC_PASSWORD_MAX + 1];
    memset(longest, 'x', sizeof(longest));
    const struct wc_str odd[] = {
        WC_STR(""),
        WC_STR_NONE,
        WC_STR("a\0b"),
        WC_STR("\xff\xfe\x80"),
        WC_STR("p\xc3\xa4ssw\xc3\xb6rd \xf0\x9f\x94\x91"),
        {longest, WC_PASSWORD_MAX},
    };
    for (size_t i = 0; i < WC_COUNT(odd); i++) {
        make_hash(f, odd[i]);
        assert_true(is_right(f, odd[i], wc_str(f->made)));
        assert_false(is_right(f, WC_STR("a"), wc_str(f->made)));
    }
    struct wc_str over = {longest, sizeof(longest)};
    assert_int_equal(wc_password_hash(f->p, over, on_hash, f), WC_TOO_LARGE);
    assert_int_equal(verify(f, over, wc_str(f->phc)), WC_TOO_LARGE);
    assert_int_equal(wc_passwords_pending(f->p), 0);
}

#define SALT "$MDEyMzQ1Njc4OWFiY2RlZg"
#define HASH "$qhGYb1MyPEE+aES/CN6NCQDLQrWvmzyI+WAxnX2ZLmI" /* of "pw" */

static const char *const malformed[] = {
    "",
    "x",
    "$argon2id$",
    "plain text",
    "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
    "$argon2i$v=19$m=19456,t=2,p=1" SALT HASH,
    "$argon2id$v=16$m=19456,t=2,p=1" SALT HASH,
    "$argon2id$v=19$m=19456,t=2,p=1" SALT,
    "$argon2id$v=19$m=19456,t=2,p=1" SALT "$",
    "$argon2id$v=19$m=19456,t=2,p=1$" HASH,
    "$argon2id$v=19$m=19456,t=2,p=1" SALT "$/VyLEYQDoLw", /* of "pw", but 8 bytes can be guessed */
    "$argon2id$v=19$m=19456,t=2,p=1" SALT HASH "x",
    "$argon2id$v=19$m=19456,t=2,p=1" SALT HASH " ",
    "$argon2id$v=19$m=19456,t=2,p=1" SALT HASH "$",
    "$argon2id$v=19$m=4294967295,t=2,p=1" SALT HASH,
    "$argon2id$v=19$m=99999999999999999999,t=2,p=1" SALT HASH,
    "$argon2id$v=19$m=1,t=2,p=1" SALT HASH,
    "$argon2id$v=19$m=19456,t=4294967295,p=1" SALT HASH,
    "$argon2id$v=19$m=19456,t=0,p=1" SALT HASH,
    "$argon2id$v=19$m=19456,t=2,p=255" SALT HASH,
    "$argon2id$v=19$m=-1,t=2,p=1" SALT HASH,
    "$argon2id$v=19$m=,t=,p=" SALT HASH,
};

static void test_known_hash(void **state)
{
    struct fixture *f = *state;
    struct wc_str phc = WC_STR("$argon2id$v=19$m=19456,t=2,p=1" SALT HASH);
    assert_true(is_right(f, WC_STR("pw"), phc));
    assert_false(is_right(f, WC_STR("pW"), phc));
    assert_false(is_right(f, WC_STR("pw"), (struct wc_str){phc.p, phc.n - 1}));
}

static void test_malformed_is_never_right(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < WC_COUNT(malformed); i++) {
        if (is_right(f, WC_STR("pw"), wc_str(malformed[i])))
            fail_msg("right: %s", malformed[i]);
    }
    assert_false(is_right(f, WC_STR(""), WC_STR_NONE));
    char *big = wc_alloc(1 << 20);
    memset(big, '$', 1 << 20);
    assert_false(is_right(f, WC_STR("pw"), (struct wc_str){big, 1 << 20}));
    free(big);
    assert_false(is_right(f, WC_STR("pw"), WC_STR("$argon2id$v=19$m=19456,t=2,p=1" SALT HASH "\0")));
}

/* The shortest of some tries: what the work takes when nothing else disturbs. */
static double fastest_ms(struct fixture *f, struct wc_str phc)
{
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        assert_false(is_right(f, WC_STR("wrong"), phc));
        clock_gettime(CLOCK_MONOTONIC, &b);
        double ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
        best = ms < best ? ms : best;
    }
    return best;
}

/* Without the pretended work these differ by a factor of a hundred and more. */
static void test_malformed_takes_as_long(void **state)
{
    struct fixture *f = *state;
    double real = fastest_ms(f, wc_str(f->phc));
    const size_t some[] = {0, 3, 10, 14, 17};
    for (size_t i = 0; i < WC_COUNT(some); i++) {
        double ms = fastest_ms(f, wc_str(malformed[some[i]]));
        if (ms < real / 3 || ms > real * 3)
            fail_msg("%.2f ms for %s, %.2f ms for a real one", ms, malformed[some[i]], real);
    }
}

/* The loop does not run in between, so nothing can leave: threads + queue are taken, no more. */
static void test_queue_bound(void **state)
{
    struct fixture *f = *state;
    restart(f, 1, 3);
    struct wc_str phc = wc_str(f->phc);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(verify(f, PASSWORD, phc), WC_OK);
        assert_int_equal(wc_passwords_pending(f->p), i + 1);
    }
    assert_int_equal(verify(f, PASSWORD, phc), WC_UNAVAILABLE);
    assert_int_equal(wc_password_hash(f->p, PASSWORD, on_hash, f), WC_UNAVAILABLE);
    assert_int_equal(wc_passwords_pending(f->p), 4);
    await_calls(f, 4);
    assert_int_equal(wc_passwords_pending(f->p), 0);
    assert_true(is_right(f, PASSWORD, phc));
}

struct order {
    struct fixture *f;
    unsigned expected;
};

static void on_ordered(void *arg, wc_err err, bool right)
{
    struct order *o = arg;
    assert_true(right);
    assert_int_equal(o->f->calls, o->expected);
    called(o->f, err);
}

static void test_one_thread_keeps_order(void **state)
{
    struct fixture *f = *state;
    struct order orders[5];
    restart(f, 1, 8);
    for (unsigned i = 0; i < WC_COUNT(orders); i++) {
        orders[i] = (struct order){f, i};
        assert_int_equal(wc_password_verify(f->p, PASSWORD, wc_str(f->phc), on_ordered, &orders[i]), WC_OK);
    }
    await_calls(f, WC_COUNT(orders));
}

static void test_inputs_are_copied(void **state)
{
    struct fixture *f = *state;
    char *password = wc_str_dup(PASSWORD);
    char *phc = wc_str_dup(wc_str(f->phc));
    assert_int_equal(verify(f, wc_str(password), wc_str(phc)), WC_OK);
    memset(password, 'x', strlen(password));
    memset(phc, 'x', strlen(phc));
    free(password);
    free(phc);
    await_calls(f, f->calls + 1);
    assert_true(f->right);
}

/* A callback may ask for the next one, even when the queue was full until then. */
static void on_again(void *arg, wc_err err, bool right)
{
    struct fixture *f = arg;
    assert_int_equal(err, WC_OK);
    assert_false(right);
    assert_int_equal(verify(f, PASSWORD, wc_str(f->phc)), WC_OK);
    called(f, err);
}

static void test_call_from_callback(void **state)
{
    struct fixture *f = *state;
    restart(f, 1, 0);
    assert_int_equal(wc_password_verify(f->p, WC_STR("wrong"), wc_str(f->phc), on_again, f), WC_OK);
    assert_int_equal(verify(f, PASSWORD, wc_str(f->phc)), WC_UNAVAILABLE);
    await_calls(f, 2);
    assert_true(f->right);
}

static void on_never(void *arg, wc_err err, bool right)
{
    (void)arg, (void)err, (void)right;
    fail_msg("called back after the end");
}

static void test_free_while_pending(void **state)
{
    struct fixture *f = *state;
    for (unsigned threads = 1; threads <= 3; threads++) {
        restart(f, threads, 20);
        for (int i = 0; i < 20; i++)
            assert_int_equal(wc_password_verify(f->p, PASSWORD, wc_str(f->phc), on_never, NULL), WC_OK);
        restart(f, 2, 8);
        ev_run(f->loop, EVRUN_NOWAIT); /* an event that was on its way finds nobody */
        assert_int_equal(wc_passwords_pending(f->p), 0);
        assert_true(is_right(f, PASSWORD, wc_str(f->phc)));
    }
}

/* Some have been answered, some are at work: those are finished before the end, and not answered any more. */
static void test_free_at_work(void **state)
{
    struct fixture *f = *state;
    for (unsigned threads = 1; threads <= 3; threads++) {
        restart(f, threads, 20);
        for (int i = 0; i < 20; i++)
            assert_int_equal(verify(f, PASSWORD, wc_str(f->phc)), WC_OK);
        await_at_least(f, 1);
        unsigned before = f->calls;
        wc_passwords_free(f->p);
        f->p = NULL;
        ev_run(f->loop, EVRUN_NOWAIT);
        assert_int_equal(f->calls, before);
    }
    restart(f, 2, 8);
}

static void test_edges(void **state)
{
    struct fixture *f = *state;
    restart(f, 0, 1);
    assert_true(is_right(f, PASSWORD, wc_str(f->phc)));
    restart(f, 1000, UINT32_MAX);
    for (int i = 0; i < 40; i++)
        assert_int_equal(verify(f, PASSWORD, wc_str(f->phc)), WC_OK);
    await_calls(f, 40);
    wc_passwords_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_and_wrong),
        cmocka_unit_test(test_parameters_and_salt),
        cmocka_unit_test(test_odd_passwords),
        cmocka_unit_test(test_known_hash),
        cmocka_unit_test(test_malformed_is_never_right),
        cmocka_unit_test(test_malformed_takes_as_long),
        cmocka_unit_test(test_queue_bound),
        cmocka_unit_test(test_one_thread_keeps_order),
        cmocka_unit_test(test_inputs_are_copied),
        cmocka_unit_test(test_call_from_callback),
        cmocka_unit_test(test_free_while_pending),
        cmocka_unit_test(test_free_at_work),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests_name("password", tests, set_up, tear_down);
}
