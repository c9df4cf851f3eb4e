#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_view(struct wc_str s, const char *expected)
{
    char *z = wc_str_dup(s);
    assert_string_equal(z, expected);
    free(z);
}

static void test_write(void **state)
{
    (void)state;
    struct wc_buf b = WC_BUF_INIT;
    wc_json_open(&b, NULL);
    wc_json_str(&b, "s", WC_STR("{"));
    wc_json_u64(&b, "u", UINT64_MAX);
    wc_json_i64(&b, "i", INT64_MIN);
    wc_json_bool(&b, "t", true);
    wc_json_bool(&b, "f", false);
    wc_json_null(&b, "n");
    wc_json_open_array(&b, "a");
    wc_json_open(&b, NULL);
    wc_json_close(&b);
    wc_json_open_array(&b, NULL);
    wc_json_close_array(&b);
    wc_json_i64(&b, NULL, 5);
    wc_json_str(&b, NULL, WC_STR_NONE);
    wc_json_close_array(&b);
    wc_json_raw(&b, "r", WC_STR("{\"x\":1} \n"));
    wc_json_raw(&b, "none", WC_STR_NONE);
    wc_json_u64(&b, "z", 0);
    wc_json_close(&b);
    assert_view(wc_buf_view(&b), "{\"s\":\"{\",\"u\":18446744073709551615,\"i\":-9223372036854775808,\"t\":true,"
                                 "\"f\":false,\"n\":null,\"a\":[{},[],5,\"\"],\"r\":{\"x\":1},\"none\":null,\"z\":0}");
    wc_buf_free(&b);
}

static void test_write_behind_something(void **state)
{
    (void)state;
    struct wc_buf b = WC_BUF_INIT;
    wc_buf_z(&b, "data: ");
    wc_json_open(&b, NULL);
    wc_json_close(&b);
    wc_buf_c(&b, '\n');
    wc_json_null(&b, NULL);
    assert_view(wc_buf_view(&b), "data: {}\nnull");
    wc_buf_free(&b);
}

static void test_quote(void **state)
{
    (void)state;
    struct wc_buf b = WC_BUF_INIT;
    wc_json_quote(&b, WC_STR("a\"b\\c/\b\f\n\r\t\0\x1f\x7f\xc3\xa4"));
    assert_view(wc_buf_view(&b), "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xc3\xa4\"");
    wc_buf_free(&b);
}

/* Each byte that may stand in a text, at each place of a word and in texts of each length, comes back. */
static void test_quote_round_trip(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 26; n++) {
        for (size_t at = 0; at < n; at++) {
            for (int c = 0; c < 0x80; c++) {
                char text[26];
                memset(text, 'x', n);
                text[at] = (char)c;
                struct wc_buf b = WC_BUF_INIT;
                char why[128];
                wc_json_quote(&b, (struct wc_str){text, n});
                wc_json *doc = wc_json_parse(wc_buf_view(&b), why, sizeof(why));
                assert_true(wc_str_eq(wc_json_string(doc), (struct wc_str){text, n}));
                wc_json_free(doc);
                wc_buf_free(&b);
            }
        }
    }
}

static void test_quote_long(void **state)
{
    (void)state;
    struct wc_buf text = WC_BUF_INIT, b = WC_BUF_INIT;
    char why[128];
    for (int i = 0; i < 20000; i++)
        wc_buf_z(&text, i % 7 == 0 ? "\"" : i % 5 == 0 ? "\xe6\xbc\xa2" : "plain ");
    wc_json_quote(&b, wc_buf_view(&text));
    wc_json *doc = wc_json_parse(wc_buf_view(&b), why, sizeof(why));
    assert_true(wc_str_eq(wc_json_string(doc), wc_buf_view(&text)));
    wc_json_free(doc);
    wc_buf_free(&text);
    wc_buf_free(&b);
}

static wc_json *parse(const char *z)
{
    char why[128] = "";
    wc_json *doc = wc_json_parse(wc_str(z), why, sizeof(why));
    assert_string_equal(why, "");
    assert_non_null(doc);
    return doc;
}

static void test_read(void **state)
{
    (void)state;
    wc_json *doc = parse("{\"s\":\"x\\u0000y\",\"i\":-5,\"b\":true,\"a\":[1,2.5,null],\"o\":{}}");
    assert_int_equal(wc_json_type(doc), WC_JSON_OBJECT);
    assert_int_equal(wc_json_count(doc), 5);
    assert_true(wc_str_eq(wc_json_get_str(doc, "s"), WC_STR("x\0y")));
    assert_int_equal(wc_json_get_int(doc, "i"), -5);
    assert_true(wc_json_get_bool(doc, "b"));
    const wc_json *a = wc_json_get(doc, "a");
    assert_int_equal(wc_json_type(a), WC_JSON_ARRAY);
    assert_int_equal(wc_json_count(a), 3);
    assert_int_equal(wc_json_int(wc_json_at(a, 0)), 1);
    assert_int_equal(wc_json_type(wc_json_at(a, 0)), WC_JSON_INT);
    assert_int_equal(wc_json_type(wc_json_at(a, 1)), WC_JSON_REAL);
    assert_int_equal(wc_json_int(wc_json_at(a, 1)), 0);
    assert_int_equal(wc_json_type(wc_json_at(a, 2)), WC_JSON_NULL);
    assert_null(wc_json_at(a, 3));
    wc_json_free(doc);
}

static void test_read_what_is_not_there(void **state)
{
    (void)state;
    wc_json *doc = parse("{\"i\":5,\"e\":\"\"}");
    assert_null(wc_json_get(doc, "x"));
    assert_null(wc_json_get(NULL, "x"));
    assert_null(wc_json_get(wc_json_get(doc, "i"), "x"));
    assert_null(wc_json_get_str(doc, "i").p);
    assert_non_null(wc_json_get_str(doc, "e").p);
    assert_int_equal(wc_json_get_str(doc, "e").n, 0);
    assert_int_equal(wc_json_get_int(doc, "e"), 0);
    assert_false(wc_json_get_bool(doc, "i"));
    assert_null(wc_json_string(NULL).p);
    assert_int_equal(wc_json_int(NULL), 0);
    assert_int_equal(wc_json_count(NULL), 0);
    assert_int_equal(wc_json_type(NULL), WC_JSON_NULL);
    assert_null(wc_json_at(doc, 0));
    wc_json_free(doc);
    wc_json_free(NULL);
}

static bool collect(void *arg, struct wc_str name, const wc_json *value)
{
    struct wc_buf *b = arg;
    wc_buf_str(b, name);
    wc_buf_u64(b, (uint64_t)wc_json_int(value));
    return b->n < 6;
}

static void test_each(void **state)
{
    (void)state;
    struct wc_buf b = WC_BUF_INIT;
    wc_json *doc = parse("{\"z\":1,\"a\":2}");
    assert_true(wc_json_each(doc, collect, &b));
    assert_view(wc_buf_view(&b), "z1a2");
    assert_false(wc_json_each(doc, collect, &b));
    assert_view(wc_buf_view(&b), "z1a2z1");
    assert_true(wc_json_each(NULL, collect, &b));
    wc_json_free(doc);
    wc_buf_free(&b);
}

static void assert_refused(struct wc_str s, const char *reason)
{
    char why[128] = "";
    assert_null(wc_json_parse(s, why, sizeof(why)));
    assert_true(strlen(why) > 0);
    if (strstr(why, reason) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", why, reason);
}

static void test_refused(void **state)
{
    (void)state;
    assert_refused(WC_STR_NONE, "no JSON text");
    assert_refused(WC_STR("   "), "");
    assert_refused(WC_STR("{\"a\":1,}"), "not valid JSON (line 1");
    assert_refused(WC_STR("{\"a\":1"), "ends too early");
    assert_refused(WC_STR("{} {}"), "follows");
    assert_refused(WC_STR("{\"a\":1,\"a\":2}"), "twice");
    assert_refused(WC_STR("\"\xff\""), "UTF-8");
    assert_refused(WC_STR("\"\\ud800\""), "");
    assert_refused(WC_STR("123456789012345678901234567890"), "out of range");
    assert_refused(WC_STR("\"a\nb\""), "");
    assert_refused(WC_STR("\"\\"), "");
    assert_refused(WC_STR("NaN"), "");
    assert_refused(WC_STR("{}\0"), "");
    assert_refused(WC_STR("{\"\\u0000\":1}"), "NUL");
}

static void nest(struct wc_buf *b, size_t depth, const char *open, const char *close)
{
    b->n = 0;
    for (size_t i = 0; i < depth; i++)
        wc_buf_z(b, open);
    wc_buf_c(b, '1');
    for (size_t i = 0; i < depth; i++)
        wc_buf_z(b, close);
}

static void test_depth(void **state)
{
    (void)state;
    struct wc_buf b = WC_BUF_INIT;
    char why[128];
    nest(&b, 64, "[", "]");
    wc_json *doc = wc_json_parse(wc_buf_view(&b), why, sizeof(why));
    assert_non_null(doc);
    wc_json_free(doc);
    nest(&b, 65, "[", "]");
    assert_refused(wc_buf_view(&b), "nested too deeply");
    nest(&b, 10000, "{\"a\":", "}");
    assert_refused(wc_buf_view(&b), "nested too deeply");
    wc_buf_free(&b);
}

static void test_depth_ignores_strings(void **state)
{
    (void)state;
    struct wc_buf b = WC_BUF_INIT;
    wc_buf_z(&b, "[\"\\\"");
    for (int i = 0; i < 100; i++)
        wc_buf_z(&b, "[{");
    wc_buf_z(&b, "\"]");
    wc_buf_c(&b, '\0');
    wc_json *doc = parse(b.p);
    assert_int_equal(wc_json_string(wc_json_at(doc, 0)).n, 201);
    wc_json_free(doc);
    wc_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_behind_something),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_quote_round_trip),
        cmocka_unit_test(test_quote_long),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_what_is_not_there),
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_depth_ignores_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
