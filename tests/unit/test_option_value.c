#include "base/mem.h"
#include "base/option_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct wc_option duration = {.name = "d", .type = WC_OPT_DURATION};
static const struct wc_option size = {.name = "s", .type = WC_OPT_SIZE};
static const struct wc_option flag = {.name = "b", .type = WC_OPT_BOOL};
static const struct wc_option small = {.name = "n", .type = WC_OPT_U64, .min = 2, .max = 9};
static const struct wc_option choice = {.name = "c", .type = WC_OPT_CHOICE, .choices = "one|two"};
static const struct wc_option url = {.name = "u", .type = WC_OPT_STR};

static void assert_value(const struct wc_option *row, const char *text, uint64_t expected)
{
    uint64_t v = 4711;
    assert_true(wc_option_value_parse(row, wc_str(text), &v));
    assert_true(v == expected);
}

static void test_values(void **state)
{
    (void)state;
    assert_value(&duration, "0", 0);
    assert_value(&duration, "5", 5000);
    assert_value(&duration, "500ms", 500);
    assert_value(&duration, "2s", 2000);
    assert_value(&duration, "15m", 900000);
    assert_value(&duration, "1h", 3600000);
    assert_value(&duration, "7d", 604800000);
    assert_value(&size, "4096", 4096);
    assert_value(&size, "64k", 65536);
    assert_value(&size, "16m", 16777216);
    assert_value(&size, "1g", 1073741824);
    assert_value(&small, "2", 2);
    assert_value(&small, "9", 9);
    const char *words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < WC_COUNT(words); i++)
        assert_value(&flag, words[i], i % 2);
}

static void assert_all_refused(const struct wc_option *row, const char *const *texts)
{
    uint64_t v = 4711;
    for (; *texts != NULL; texts++)
        assert_false(wc_option_value_parse(row, wc_str(*texts), &v));
    assert_false(wc_option_value_parse(row, WC_STR_NONE, &v));
    assert_int_equal(v, 4711);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_refused(void **state)
{
    (void)state;
    assert_all_refused(&duration, TEXTS("s", "-1s", "1.5s", "1 s", "1S", "1w", "1h30m", "99999999999999999999s",
                                        "18446744073709551615s", "1s "));
    assert_all_refused(&size, TEXTS("k", "1kb", "1t", "18014398509481984k", "0x10", "-1"));
    assert_all_refused(&small, TEXTS("1", "10", "two", "2.0", "02", "18446744073709551618"));
    assert_all_refused(&flag, TEXTS("TRUE", "2", "y", " on"));
    assert_all_refused(&choice, TEXTS("on", "one|two", "onetwo", "|", "three"));
}

static void test_texts(void **state)
{
    (void)state;
    uint64_t v;
    assert_true(wc_option_value_parse(&url, WC_STR_NONE, &v));
    assert_true(wc_option_value_parse(&url, WC_STR("\xc3\xa4 b"), &v));
    assert_false(wc_option_value_parse(&url, WC_STR("a\0"), &v));
    assert_false(wc_option_value_parse(&url, WC_STR("a\x7f"), &v));
    assert_true(wc_option_value_parse(&choice, WC_STR("two"), &v));
    assert_true(wc_option_value_parse(&choice, WC_STR("one"), &v));
}

static void assert_written(const struct wc_option *row, uint64_t v, const char *expected)
{
    struct wc_buf b = WC_BUF_INIT;
    wc_option_value_number(row, v, &b);
    assert_true(wc_str_is(wc_buf_view(&b), expected));
    uint64_t back = v + 1;
    if (row->type == WC_OPT_DURATION || row->type == WC_OPT_SIZE) {
        assert_true(wc_option_value_parse(row, wc_buf_view(&b), &back));
        assert_true(back == v);
    }
    wc_buf_free(&b);
}

static void test_written(void **state)
{
    (void)state;
    assert_written(&duration, 0, "0");
    assert_written(&duration, 1, "1ms");
    assert_written(&duration, 90000, "90s");
    assert_written(&duration, 172800000, "2d");
    assert_written(&size, 0, "0");
    assert_written(&size, 1000, "1000");
    assert_written(&size, 65536, "64k");
    assert_written(&size, UINT64_MAX, "18446744073709551615");
    assert_written(&flag, 1, "true");
    assert_written(&small, 5, "5");
}

static void test_bounds(void **state)
{
    (void)state;
    const struct wc_option least = {.name = "a", .type = WC_OPT_DURATION, .min = 1000};
    const struct wc_option most = {.name = "b", .type = WC_OPT_U64, .max = 7};
    struct wc_buf b = WC_BUF_INIT;
    wc_option_value_takes(&least, &b);
    assert_true(wc_str_is(wc_buf_view(&b), "a duration (as in 500ms, 2s, 15m, 1h, 7d) of at least 1s"));
    b.n = 0;
    wc_option_value_takes(&most, &b);
    assert_true(wc_str_is(wc_buf_view(&b), "a number of at most 7"));
    wc_buf_free(&b);
}

static void assert_masked(const char *name, const char *text, const char *expected)
{
    struct wc_option row = {.name = name, .type = WC_OPT_STR};
    struct wc_buf b = WC_BUF_INIT;
    wc_option_value_mask(&row, wc_str(text), &b);
    assert_true(wc_str_is(wc_buf_view(&b), expected));
    wc_buf_free(&b);
}

static void test_mask(void **state)
{
    (void)state;
    assert_masked("redis-password", "x", "***");
    assert_masked("jwt-secret-file", "x", "***");
    assert_masked("redis-password", "", "");
    assert_masked("redis", "", "");
    assert_masked("redis", "host:1", "host:1");
    assert_masked("redis", "a@b", "a@b");
    assert_masked("redis", "redis://host:1/0", "redis://host:1/0");
    assert_masked("redis", "redis://:pw@host", "redis://***@host");
    assert_masked("redis", "redis://u:p@w/x@host", "redis://***@host");
    assert_masked("redis", "://", "://");
    assert_masked("redis", "x://@", "x://***@");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),  cmocka_unit_test(test_refused), cmocka_unit_test(test_texts),
        cmocka_unit_test(test_written), cmocka_unit_test(test_bounds),  cmocka_unit_test(test_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
