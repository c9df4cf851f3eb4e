#include "base/err.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_every_code_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < WC_ERR_COUNT; i++) {
        const char *code = wc_err_code((wc_err)i);
        assert_true(strlen(code) > 0);
        assert_int_equal(wc_err_from_code(code, strlen(code)), i);
        const char *title = wc_err_title((wc_err)i);
        assert_true(strlen(title) > 0);
        assert_true(title[strlen(title) - 1] != '.');
    }
    assert_string_equal(wc_err_code(WC_NOT_A_MEMBER), "not_a_member");
}

static void test_unknown_is_unavailable(void **state)
{
    (void)state;
    assert_int_equal(wc_err_from_code("oops", 4), WC_UNAVAILABLE);
    assert_int_equal(wc_err_from_code("not_a_membe", 11), WC_UNAVAILABLE);
    assert_int_equal(wc_err_from_code("", 0), WC_UNAVAILABLE);
    assert_string_equal(wc_err_code((wc_err)99), "unavailable");
    assert_string_equal(wc_err_code((wc_err)-1), "unavailable");
    assert_int_equal(wc_err_from_code("forbidden and more", 9), WC_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_comes_back),
        cmocka_unit_test(test_unknown_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
