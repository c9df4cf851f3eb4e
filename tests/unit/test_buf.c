#include "base/buf.h"

#include <inttypes.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_grows(void **state)
{
    (void)state;
    struct wc_buf b = WC_BUF_INIT;
    wc_buf_add(&b, NULL, 0);
    for (int i = 0; i < 1000; i++)
        wc_buf_z(&b, "0123456789");
    assert_int_equal(b.n, 10000);
    assert_memory_equal(b.p + 9990, "0123456789", 10);
    wc_buf_free(&b);
    assert_null(b.p);
    assert_int_equal(b.n + b.cap, 0);
    wc_buf_free(&b);
    wc_buf_free(NULL);
}

static void test_reserve(void **state)
{
    (void)state;
    struct wc_buf b = WC_BUF_INIT;
    assert_non_null(wc_buf_reserve(&b, 0));
    wc_buf_c(&b, 'x');
    char *at = wc_buf_reserve(&b, 5000);
    assert_ptr_equal(at, b.p + 1);
    memset(at, 'y', 5000);
    wc_buf_free(&b);
}

static void test_printf(void **state)
{
    (void)state;
    char expected[1001];
    struct wc_buf b = WC_BUF_INIT;
    wc_buf_addf(&b, "%d-", 7);
    wc_buf_addf(&b, "%01000d", 5);
    snprintf(expected, sizeof(expected), "%01000d", 5);
    assert_int_equal(b.n, 1002);
    assert_memory_equal(b.p, "7-", 2);
    assert_memory_equal(b.p + 2, expected, 1000);
    wc_buf_free(&b);
}

static void test_printf_at_the_edge(void **state)
{
    (void)state;
    for (int n = 60; n < 70; n++) {
        struct wc_buf b = WC_BUF_INIT;
        wc_buf_addf(&b, "%0*d", n, 3);
        assert_int_equal(b.n, n);
        assert_int_equal(b.p[n - 1], '3');
        wc_buf_free(&b);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t v = 1;
    for (int i = 0; i < 64; i++, v *= 2) {
        char expected[24];
        struct wc_buf b = WC_BUF_INIT;
        wc_buf_u64(&b, v - 1);
        snprintf(expected, sizeof(expected), "%" PRIu64, v - 1);
        assert_true(wc_str_is(wc_buf_view(&b), expected));
        wc_buf_free(&b);
    }
}

static void test_drop(void **state)
{
    (void)state;
    struct wc_buf b = WC_BUF_INIT;
    wc_buf_drop(&b, 5);
    wc_buf_z(&b, "abcdef");
    wc_buf_drop(&b, 0);
    wc_buf_drop(&b, 2);
    assert_true(wc_str_is(wc_buf_view(&b), "cdef"));
    wc_buf_drop(&b, 99);
    assert_int_equal(b.n, 0);
    wc_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),   cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_printf),  cmocka_unit_test(test_printf_at_the_edge),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
