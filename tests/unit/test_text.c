#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct wc_str invalid[] = {
    {"\x80", 1},
    {"\xc0\x80", 2},
    {"\xc1\xbf", 2},
    {"\xe0\x80\x80", 3},
    {"\xe0\x9f\xbf", 3},
    {"\xed\xa0\x80", 3},
    {"\xed\xbf\xbf", 3},
    {"\xf0\x8f\xbf\xbf", 4},
    {"\xf4\x90\x80\x80", 4},
    {"\xf5\x80\x80\x80", 4},
    {"\xff", 1},
    {"\xc3", 1},
    {"\xe2\x82", 2},
    {"\xf0\x9f\x98", 3},
    {"\xc3\x28", 2},
    {"a\xe2\x28\xa1", 4},
};

static void test_invalid_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(invalid) / sizeof(*invalid); i++) {
        const char *why = NULL;
        assert_false(wc_text_utf8(invalid[i]));
        assert_int_equal(wc_text_check(invalid[i], 1, 100, true, &why), WC_BAD_TEXT);
        assert_string_equal(why, "the text is not valid UTF-8");
    }
}

static void test_next(void **state)
{
    (void)state;
    uint32_t cp = 5;
    assert_int_equal(wc_text_next(WC_STR_NONE, &cp), 0);
    assert_int_equal(wc_text_next(WC_STR("\xff"), &cp), 0);
    assert_int_equal(cp, 5);
    assert_int_equal(wc_text_next(WC_STR("a"), &cp), 1);
    assert_int_equal(cp, 'a');
    assert_int_equal(wc_text_next(WC_STR("\xc2\x80"), &cp), 2);
    assert_int_equal(cp, 0x80);
    assert_int_equal(wc_text_next(WC_STR("\xe2\x82\xac!"), &cp), 3);
    assert_int_equal(cp, 0x20ac);
    assert_int_equal(wc_text_next(WC_STR("\xf4\x8f\xbf\xbf"), &cp), 4);
    assert_int_equal(cp, 0x10ffff);
    assert_int_equal(wc_text_next(WC_STR("\0"), &cp), 1);
    assert_int_equal(cp, 0);
}

/* Every code point that the encoding has comes back, every surrogate is refused. */
static void test_all_code_points(void **state)
{
    (void)state;
    for (uint32_t cp = 0x800; cp <= 0x10ffff; cp += cp < 0x10000 ? 1 : 7) {
        char s[4];
        size_t n = 0;
        if (cp >= 0x10000)
            s[n++] = (char)(0xf0 | cp >> 18);
        s[n] = (char)(n > 0 ? 0x80 | (cp >> 12 & 63) : 0xe0 | cp >> 12);
        n++;
        s[n++] = (char)(0x80 | (cp >> 6 & 63));
        s[n++] = (char)(0x80 | (cp & 63));
        uint32_t got = 0;
        bool surrogate = cp >= 0xd800 && cp <= 0xdfff;
        assert_int_equal(wc_text_next((struct wc_str){s, n}, &got), surrogate ? 0 : n);
        assert_int_equal(got, surrogate ? 0 : cp);
    }
}

static wc_err check(struct wc_str s, bool lines)
{
    return wc_text_check(s, 1, 10, lines, NULL);
}

static void test_check(void **state)
{
    (void)state;
    assert_int_equal(check(WC_STR("hi \xe2\x82\xac"), false), WC_OK);
    assert_int_equal(check(WC_STR("a\tb\nc"), true), WC_OK);
    assert_int_equal(check(WC_STR("a\tb"), false), WC_BAD_TEXT);
    assert_int_equal(check(WC_STR("a\nb"), false), WC_BAD_TEXT);
    assert_int_equal(check(WC_STR("a\rb"), true), WC_BAD_TEXT);
    assert_int_equal(check(WC_STR("a\0b"), true), WC_BAD_TEXT);
    assert_int_equal(check(WC_STR("a\x1b[0m"), true), WC_BAD_TEXT);
    assert_int_equal(check(WC_STR("a\x7f"), true), WC_BAD_TEXT);
    assert_int_equal(check(WC_STR("a\xc2\x85"), true), WC_BAD_TEXT);
    assert_int_equal(check(WC_STR("a\xc2\xa0"), true), WC_OK);
}

static void test_check_lengths(void **state)
{
    (void)state;
    const char *why = NULL;
    assert_int_equal(wc_text_check(WC_STR_NONE, 0, 10, true, &why), WC_OK);
    assert_null(why);
    assert_int_equal(wc_text_check(WC_STR_NONE, 1, 10, true, &why), WC_BAD_TEXT);
    assert_string_equal(why, "the text is empty");
    assert_int_equal(wc_text_check(WC_STR("ab"), 3, 10, true, &why), WC_BAD_TEXT);
    assert_int_equal(wc_text_check(WC_STR("0123456789"), 1, 10, true, NULL), WC_OK);
    assert_int_equal(wc_text_check(WC_STR("0123456789a"), 1, 10, true, &why), WC_TOO_LARGE);
    assert_string_equal(why, "the text is too long");
}

static void test_names(void **state)
{
    (void)state;
    char longest[65];
    memset(longest, 'a', sizeof(longest));
    assert_true(wc_text_user(WC_STR("al-ice_9")));
    assert_true(wc_text_user((struct wc_str){longest, 32}));
    assert_false(wc_text_user((struct wc_str){longest, 33}));
    assert_true(wc_text_room((struct wc_str){longest, 64}));
    assert_false(wc_text_room((struct wc_str){longest, 65}));
    const char *bad[] = {"", "-a", "_a", "A", "aB", "a b", "a.b", "a:b", "\xc3\xa4", "a\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(wc_text_user(wc_str(bad[i])));
        assert_false(wc_text_room(wc_str(bad[i])));
    }
    assert_false(wc_text_user(WC_STR("a\0b")));
}

static void test_client_ids(void **state)
{
    (void)state;
    char longest[65];
    memset(longest, '~', sizeof(longest));
    assert_true(wc_text_client_id((struct wc_str){longest, 64}));
    assert_false(wc_text_client_id((struct wc_str){longest, 65}));
    assert_true(wc_text_client_id(WC_STR("A b!")));
    assert_false(wc_text_client_id(WC_STR_NONE));
    assert_false(wc_text_client_id(WC_STR("a\x7f")));
    assert_false(wc_text_client_id(WC_STR("a\x1f")));
    assert_false(wc_text_client_id(WC_STR("\xc3\xa4")));
}

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(wc_text_width(WC_STR_NONE), 0);
    assert_int_equal(wc_text_width(WC_STR("abc")), 3);
    assert_int_equal(wc_text_width(WC_STR("\xc3\xa4")), 1);
    assert_int_equal(wc_text_width(WC_STR("e\xcc\x81")), 1);        /* e and a combining acute */
    assert_int_equal(wc_text_width(WC_STR("\xe6\xbc\xa2")), 2);     /* a Han character */
    assert_int_equal(wc_text_width(WC_STR("\xf0\x9f\x98\x80")), 2); /* an emoji */
    assert_int_equal(wc_text_width(WC_STR("a\xff\xfe")), 3);
}

static void test_deceptive(void **state)
{
    (void)state;
    const uint32_t yes[] = {0,      7,      0x1b,   0x7f,   0x80,  0x9f,   0x202a, 0x202e,
                            0x2066, 0x2069, 0x200e, 0x200f, 0x61c, 0x2028, 0x2029};
    const uint32_t no[] = {' ', 'a', 0xa0, 0x200d, 0x2030, 0x2065, 0x206a, 0x1f600};
    for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
        assert_true(wc_text_deceptive(yes[i]));
    for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
        assert_false(wc_text_deceptive(no[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invalid_utf8),    cmocka_unit_test(test_next),
        cmocka_unit_test(test_all_code_points), cmocka_unit_test(test_check),
        cmocka_unit_test(test_check_lengths),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_client_ids),      cmocka_unit_test(test_width),
        cmocka_unit_test(test_deceptive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
