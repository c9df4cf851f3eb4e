#include "chat/rules.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void check(enum wc_rule rule, const char *word, wc_err expected)
{
    uint64_t number = 0;
    const char *why = NULL;
    assert_int_equal(wc_rule_check(rule, wc_str(word), &number, &why), expected);
    assert_int_equal(why != NULL, expected != WC_OK);
}

static void good(enum wc_rule rule, const char *word)
{
    check(rule, word, WC_OK);
}

static void bad(enum wc_rule rule, const char *word)
{
    check(rule, word, WC_BAD_REQUEST);
}

static void numbers(void **state)
{
    (void)state;
    uint64_t number = 0;
    const char *why = NULL;
    assert_int_equal(wc_rule_check(WC_RULE_LIMIT, WC_STR("200"), &number, &why), WC_OK);
    assert_int_equal(number, 200);
    bad(WC_RULE_LIMIT, "0");
    bad(WC_RULE_LIMIT, "201");
    bad(WC_RULE_LIMIT, "");
    bad(WC_RULE_LIMIT, " 5");
    bad(WC_RULE_LIMIT, "5.0");
    bad(WC_RULE_LIMIT, "-1");
    bad(WC_RULE_LIMIT, "99999999999999999999999");
    good(WC_RULE_NUMBER, "0");
    good(WC_RULE_NUMBER, "1000000000");
    bad(WC_RULE_NUMBER, "1000000001");
    good(WC_RULE_FLAG, "true");
    good(WC_RULE_FLAG, "0");
    bad(WC_RULE_FLAG, "yes");
    assert_true(wc_rule_is_number(WC_RULE_LIMIT) && wc_rule_is_number(WC_RULE_NUMBER));
    assert_false(wc_rule_is_number(WC_RULE_ID));
}

static void names(void **state)
{
    (void)state;
    good(WC_RULE_USER, "a_b-9");
    bad(WC_RULE_USER, "A");
    bad(WC_RULE_USER, "");
    good(WC_RULE_ROOM, "0");
    bad(WC_RULE_ROOM, "-a");
    good(WC_RULE_PREFIX, "");
    bad(WC_RULE_PREFIX, "[");
    good(WC_RULE_TARGET, "wcchat://users/bob");
    good(WC_RULE_TARGET, "wcchat://rooms/tea");
    good(WC_RULE_ROOM_TARGET, "wcchat://rooms/tea");
    bad(WC_RULE_ROOM_TARGET, "wcchat://users/bob");
    bad(WC_RULE_TARGET, "wcchat://rooms/");
    bad(WC_RULE_TARGET, "tea");
}

static void words(void **state)
{
    (void)state;
    good(WC_RULE_ID, "1795410001234-42");
    bad(WC_RULE_ID, "1795410001234");
    bad(WC_RULE_ID, "01-1");
    good(WC_RULE_VISIBILITY, "private");
    bad(WC_RULE_VISIBILITY, "hidden");
    good(WC_RULE_ROLE, "moderator");
    bad(WC_RULE_ROLE, "admin");
    good(WC_RULE_STATUS, "dnd");
    bad(WC_RULE_STATUS, "");
    good(WC_RULE_TYPES, "messagepublished,userjoined");
    bad(WC_RULE_TYPES, "");
    bad(WC_RULE_TYPES, "messagepublished,");
    bad(WC_RULE_TYPES, "typing");
    bad(WC_RULE_TYPES, "accountchanged");
    good(WC_RULE_CURSOR, "Z2VuZXJhbA");
    bad(WC_RULE_CURSOR, "a b");
}

static void texts(void **state)
{
    (void)state;
    good(WC_RULE_TEXT, "two\nlines\tand a tab");
    check(WC_RULE_TEXT, "", WC_BAD_TEXT);
    check(WC_RULE_TEXT, "\x1b[2J", WC_BAD_TEXT);
    check(WC_RULE_TEXT, "\xff", WC_BAD_TEXT);
    good(WC_RULE_SHORT, "");
    check(WC_RULE_SHORT, "two\nlines", WC_BAD_TEXT);
    good(WC_RULE_PASSWORD, "pässwörd");
    bad(WC_RULE_PASSWORD, "sevenby");
    bad(WC_RULE_PASSWORD, "\xff\xff\xff\xff\xff\xff\xff\xff");
    good(WC_RULE_SECRET, "");
    char text[8300];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    check(WC_RULE_TEXT, text, WC_TOO_LARGE);
    bad(WC_RULE_SECRET, text);
    text[8192] = '\0';
    good(WC_RULE_TEXT, text);
    check(WC_RULE_LONG, text, WC_TOO_LARGE);
    bad(WC_RULE_CURSOR, text);
}

/* A row that names two rules for one argument, or none at all, would only be seen at run time. */
static void the_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < wc_op_count; i++) {
        const struct wc_op *op = &wc_ops[i];
        assert_non_null(op->handle);
        assert_ptr_equal(wc_op_find(wc_str(op->name)), op);
        bool ended = false;
        for (size_t a = 0; a < WC_OP_ARGS; a++) {
            ended |= op->args[a].name == NULL;
            assert_true(ended == (op->args[a].name == NULL));
            assert_true(op->args[a].arg < WC_ARG_COUNT);
        }
    }
    assert_null(wc_op_find(WC_STR("room.explode")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(names),
        cmocka_unit_test(words),
        cmocka_unit_test(texts),
        cmocka_unit_test(the_table_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
