#include "base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_round_trip(void **state)
{
    (void)state;
    const char *good[] = {"0-0", "1-0", "1764000000000-12", "9223372036854775807-9223372036854775807"};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        struct wc_id id = {1, 1};
        assert_true(wc_id_parse(wc_str(good[i]), &id));
        struct wc_buf b = WC_BUF_INIT;
        wc_id_add(&b, id);
        assert_true(wc_str_is(wc_buf_view(&b), good[i]));
        wc_buf_free(&b);
    }
}

static void test_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "-",
                         "1",
                         "1-",
                         "-1",
                         "01-1",
                         "1-01",
                         "1-1-1",
                         "1--1",
                         "1-1 ",
                         " 1-1",
                         "a-1",
                         "1-*",
                         "$",
                         "+1-1",
                         "9223372036854775808-0",
                         "0-9223372036854775808"};
    struct wc_id id = {3, 4};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(wc_id_parse(wc_str(bad[i]), &id));
    assert_false(wc_id_parse(WC_STR_NONE, &id));
    assert_true(wc_id_eq(id, (struct wc_id){3, 4}));
}

static void test_order(void **state)
{
    (void)state;
    assert_true(wc_id_cmp((struct wc_id){1, 9}, (struct wc_id){2, 0}) < 0);
    assert_true(wc_id_cmp((struct wc_id){2, 1}, (struct wc_id){2, 0}) > 0);
    assert_int_equal(wc_id_cmp((struct wc_id){2, 1}, (struct wc_id){2, 1}), 0);
}

static void test_longest(void **state)
{
    (void)state;
    char out[WC_ID_MAX_LEN];
    assert_int_equal(wc_id_format((struct wc_id){UINT64_MAX, UINT64_MAX}, out), WC_ID_MAX_LEN);
}

static void assert_time(uint64_t ms, const char *expected)
{
    char out[24];
    wc_time_rfc3339(ms, out);
    assert_memory_equal(out, expected, 24);
}

static void test_time(void **state)
{
    (void)state;
    assert_time(0, "1970-01-01T00:00:00.000Z");
    assert_time(951782399999, "2000-02-28T23:59:59.999Z");
    assert_time(951782400000, "2000-02-29T00:00:00.000Z");
    assert_time(1795410001234, "2026-11-23T05:00:01.234Z");
    assert_time(UINT64_MAX, "9999-12-31T23:59:59.999Z");
}

static uint64_t parsed(const char *text)
{
    uint64_t ms = 7;
    return wc_time_parse(wc_str(text), &ms) ? ms : 7;
}

static void test_time_parsed(void **state)
{
    (void)state;
    assert_int_equal(parsed("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(parsed("2026-11-23T05:00:01.234Z"), 1795410001234);
    assert_int_equal(parsed("2026-11-23t05:00:01.2z"), 1795410001200);
    assert_int_equal(parsed("2026-11-23 05:00:01.2345678Z"), 1795410001234);
    assert_int_equal(parsed("2026-11-23T06:30:01+01:30"), 1795410001000);
    assert_int_equal(parsed("2026-11-22T23:00:01-06:00"), 1795410001000);
    assert_int_equal(parsed("2000-02-29T23:59:60Z"), 951868799000);
    const char *bad[] = {"",
                         "tomorrow",
                         "2026-11-23",
                         "2026-11-23T05:00Z",
                         "2026-11-23T05:00:01",
                         "2026-11-23T05:00:01.Z",
                         "2026-11-23T05:00:01Zx",
                         "2026-11-23T05:00:01+1:00",
                         "2026-11-23T05:00:01+24:00",
                         "2026-02-29T05:00:01Z",
                         "2026-13-01T05:00:01Z",
                         "2026-00-01T05:00:01Z",
                         "2026-01-00T05:00:01Z",
                         "2026-11-23T24:00:00Z",
                         "2026-11-23T05:60:00Z",
                         "2026-11-23T05:00:61Z",
                         "1969-12-31T23:59:59Z",
                         "1970-01-01T00:00:00+00:01",
                         "-026-11-23T05:00:01Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(parsed(bad[i]), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_refused), cmocka_unit_test(test_order),
        cmocka_unit_test(test_longest),    cmocka_unit_test(test_time),    cmocka_unit_test(test_time_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
