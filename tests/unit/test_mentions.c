#include "chat/mentions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void mentions(const char *text, const char *expected)
{
    char out[WC_MENTIONS_SIZE];
    size_t n = wc_mentions(wc_str(text), out);
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(out, expected, n);
}

static void finds_words_behind_a_sign(void **state)
{
    (void)state;
    mentions("", "");
    mentions("@", "");
    mentions("hello", "");
    mentions("@alice", "alice");
    mentions("hi @alice, @bob. (@c-d_9)!", "alice bob c-d_9");
    mentions("日本@alice さん @bobさん", "alice bob");
    mentions("end.\n@alice", "alice");
}

static void leaves_out_what_is_none(void **state)
{
    (void)state;
    mentions("me@example.com @example.com a+@b x_@y -@z %@q @@a", "");
    mentions("@Alice @aliceB @_x @-y", "");
    mentions("@alice@example.com", "");
    mentions("@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ""); /* 33 */
    mentions("@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void names_each_once(void **state)
{
    (void)state;
    mentions("@alice @al @alice @ali @al", "alice al ali");
}

static void stops_at_twenty(void **state)
{
    (void)state;
    char text[1024] = "", expected[1024] = "";
    for (int i = 0; i < 25; i++) {
        char word[48];
        snprintf(word, sizeof(word), "%sabcdefghijklmnopqrstuvwxyzabcd%02d", i != 0 ? " " : "", i);
        if (i < WC_MENTIONS_MAX)
            strncat(expected, word, sizeof(expected) - strlen(expected) - 1);
        snprintf(word, sizeof(word), "@abcdefghijklmnopqrstuvwxyzabcd%02d ", i);
        strncat(text, word, sizeof(text) - strlen(text) - 1);
    }
    mentions(text, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_words_behind_a_sign),
        cmocka_unit_test(leaves_out_what_is_none),
        cmocka_unit_test(names_each_once),
        cmocka_unit_test(stops_at_twenty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
