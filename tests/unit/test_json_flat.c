#include "base/json_flat.h"

#include "base/buf.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static bool is_flat(const char *z)
{
    struct wc_json_flat flat;
    return wc_json_flat_read(wc_str(z), &flat);
}

static void test_members(void **state)
{
    (void)state;
    struct wc_json_flat flat;
    assert_true(
        wc_json_flat_read(WC_STR(" {\"text\" : \"gr\xc3\xbc\xc3\x9f dich\",\n\t\"client_id\":\"\"}\r\n"), &flat));
    assert_int_equal(flat.n, 2);
    assert_true(wc_str_is(flat.of[0].name, "text"));
    assert_true(wc_str_is(wc_json_flat_get(&flat, "text"), "gr\xc3\xbc\xc3\x9f dich"));
    assert_non_null(wc_json_flat_get(&flat, "client_id").p);
    assert_int_equal(wc_json_flat_get(&flat, "client_id").n, 0);
    assert_null(wc_json_flat_get(&flat, "target").p);
}

static void test_everything_else_is_left(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        "{}",
        "[]",
        "\"a\"",
        "{\"a\":1}",
        "{\"a\":{}",
        "{\"a\":null}",
        "{\"a\":\"b",
        "{\"a\":\"b\"",
        "{\"a\":\"b\",}",
        "{,\"a\":\"b\"}",
        "{\"a\":\"b\"}}",
        "{\"a\":\"b\" \"c\":\"d\"}",
        "{\"a\":\"\\n\"}",
        "{\"\\u0061\":\"b\"}",
        "{\"a\":\"b\nc\"}",
        "{\"a\":\"b\",\"a\":\"c\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xc0\xaf\"}",
        "\xef\xbb\xbf{\"a\":\"b\"}",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(is_flat(others[i]));
}

static void test_as_many_as_there_is_room_for(void **state)
{
    (void)state;
    for (int n = WC_JSON_FLAT_MOST; n <= WC_JSON_FLAT_MOST + 1; n++) {
        struct wc_buf b = WC_BUF_INIT;
        for (int i = 0; i < n; i++)
            wc_buf_addf(&b, "%c\"%d\":\"x\"", i == 0 ? '{' : ',', i);
        wc_buf_z(&b, "}");
        wc_buf_c(&b, '\0');
        assert_int_equal(is_flat(b.p), n == WC_JSON_FLAT_MOST);
        wc_buf_free(&b);
    }
}

static bool on_member(void *arg, struct wc_str name, const wc_json *value)
{
    struct wc_json_flat *left = arg;
    assert_true(left->n > 0);
    left->n--;
    const struct wc_json_pair *pair = &left->of[0];
    assert_true(wc_str_eq(pair->name, name));
    assert_true(wc_str_eq(pair->value, wc_json_string(value)));
    memmove(left->of, left->of + 1, left->n * sizeof(left->of[0]));
    return true;
}

/* Texts of pieces that JSON is made of, in any order: what is accepted, the tree's parser reads alike. */
static void test_means_what_the_tree_means(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "{", "}",  "\"a\":\"b\"", "\"c\" : \"\"", ",", "\"", "\\", "\"\xc3\xa9\":\"\xf0\x9f\x98\x80\"", "\xed\xa0\x80",
        " ", "\n", "\x01",        "\"d\"",        ":", "[]", "1"};
    uint32_t random = 1;
    size_t accepted = 0;
    for (int round = 0; round < 200000; round++) {
        struct wc_buf b = WC_BUF_INIT;
        wc_buf_z(&b, "{");
        for (int n = 0; n < 5; n++) {
            random = random * 1664525 + 1013904223; /* Numerical Recipes' generator */
            wc_buf_z(&b, pieces[random >> 28]);
        }
        wc_buf_z(&b, "}");
        struct wc_json_flat flat;
        if (wc_json_flat_read(wc_buf_view(&b), &flat)) {
            char why[128];
            wc_json *doc = wc_json_parse(wc_buf_view(&b), why, sizeof(why));
            assert_int_equal(wc_json_type(doc), WC_JSON_OBJECT);
            wc_json_each(doc, on_member, &flat);
            assert_int_equal(flat.n, 0);
            wc_json_free(doc);
            accepted++;
        }
        wc_buf_free(&b);
    }
    assert_true(accepted > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_everything_else_is_left),
        cmocka_unit_test(test_as_many_as_there_is_room_for),
        cmocka_unit_test(test_means_what_the_tree_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
