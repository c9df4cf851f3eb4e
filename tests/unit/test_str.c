#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_order(void **state)
{
    (void)state;
    assert_true(wc_str_cmp(WC_STR("ab"), WC_STR("abc")) < 0);
    assert_true(wc_str_cmp(WC_STR("b"), WC_STR("abc")) > 0);
    assert_int_equal(wc_str_cmp(WC_STR("abc"), WC_STR("abc")), 0);
    assert_true(wc_str_cmp(WC_STR_NONE, WC_STR("a")) < 0);
    assert_int_equal(wc_str_cmp(WC_STR_NONE, WC_STR("")), 0);
    assert_true(wc_str_cmp(WC_STR("\xff"), WC_STR("a")) > 0);
}

static void test_views(void **state)
{
    (void)state;
    assert_true(wc_str_eq(WC_STR_NONE, WC_STR("")));
    assert_true(wc_str_starts(WC_STR("room.join"), WC_STR("room.")));
    assert_false(wc_str_starts(WC_STR("ro"), WC_STR("room")));
    assert_true(wc_str_is(wc_str_from(WC_STR("abc"), 1), "bc"));
    assert_int_equal(wc_str_from(WC_STR("abc"), 9).n, 0);
    assert_non_null(wc_str_from(WC_STR("abc"), 9).p);
    assert_null(wc_str_from(WC_STR_NONE, 1).p);
}

static void test_cut_and_trim(void **state)
{
    (void)state;
    struct wc_str rest = WC_STR("a,,bc"), part = WC_STR_NONE;
    const char *parts[] = {"a", "", "bc"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(wc_str_cut(&rest, ',', &part));
        assert_true(wc_str_is(part, parts[i]));
    }
    assert_false(wc_str_cut(&rest, ',', &part));
    assert_true(wc_str_is(part, "bc"));
    rest = WC_STR_NONE;
    assert_false(wc_str_cut(&rest, ',', &part));
    assert_true(wc_str_is(wc_str_trim(WC_STR(" \t a b \r")), "a b"));
    assert_int_equal(wc_str_trim(WC_STR(" \t ")).n, 0);
    assert_null(wc_str_trim(WC_STR_NONE).p);
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t v = 7;
    const char *bad[] = {"",
                         "-1",
                         "+1",
                         " 1",
                         "1 ",
                         "01",
                         "1a",
                         "0x1",
                         "18446744073709551616",
                         "99999999999999999999",
                         "100000000000000000000"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(wc_str_u64(wc_str(bad[i]), UINT64_MAX, &v));
    assert_false(wc_str_u64(WC_STR_NONE, UINT64_MAX, &v));
    assert_false(wc_str_u64(WC_STR("11"), 10, &v));
    assert_int_equal(v, 7);
    assert_true(wc_str_u64(WC_STR("0"), 10, &v));
    assert_int_equal(v, 0);
    assert_true(wc_str_u64(WC_STR("10"), 10, &v));
    assert_int_equal(v, 10);
    assert_true(wc_str_u64(WC_STR("18446744073709551615"), UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
}

static void test_format(void **state)
{
    (void)state;
    char out[20];
    assert_true(wc_str_is((struct wc_str){out, wc_u64_format(0, out)}, "0"));
    assert_true(wc_str_is((struct wc_str){out, wc_u64_format(99, out)}, "99"));
    assert_true(wc_str_is((struct wc_str){out, wc_u64_format(100, out)}, "100"));
    assert_true(wc_str_is((struct wc_str){out, wc_u64_format(UINT64_MAX, out)}, "18446744073709551615"));
}

static void test_dup(void **state)
{
    (void)state;
    char *z = wc_str_dup(WC_STR("ab\0c"));
    assert_memory_equal(z, "ab\0c", 5);
    free(z);
    z = wc_str_dup(WC_STR_NONE);
    assert_string_equal(z, "");
    free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),   cmocka_unit_test(test_views),  cmocka_unit_test(test_cut_and_trim),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_format), cmocka_unit_test(test_dup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
