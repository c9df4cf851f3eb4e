#include "base/nkey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The example of the NATS documentation ("NKeys"): a user's seed and its public key. */
#define SEED   "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
#define PUBLIC "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"

static void reads_a_known_seed(void **state)
{
    (void)state;
    struct wc_nkey key;
    char seed[WC_NKEY_SEED_LEN + 1];
    assert_int_equal(wc_nkey_parse(&key, WC_STR(SEED), WC_NKEY_USER), WC_OK);
    assert_string_equal(key.public_text, PUBLIC);
    wc_nkey_seed_text(&key, seed);
    assert_string_equal(seed, SEED);
    assert_true(wc_nkey_is_public(WC_STR(PUBLIC), WC_NKEY_USER));
}

static void refuses_what_is_no_seed(void **state)
{
    (void)state;
    struct wc_nkey key;
    char changed[] = SEED;
    assert_int_equal(wc_nkey_parse(&key, WC_STR(SEED), WC_NKEY_ACCOUNT), WC_BAD_REQUEST);
    assert_int_equal(wc_nkey_parse(&key, WC_STR(PUBLIC), WC_NKEY_USER), WC_BAD_REQUEST);
    assert_int_equal(wc_nkey_parse(&key, WC_STR(""), WC_NKEY_USER), WC_BAD_REQUEST);
    assert_int_equal(wc_nkey_parse(&key, (struct wc_str){SEED, WC_NKEY_SEED_LEN - 1}, WC_NKEY_USER), WC_BAD_REQUEST);
    for (size_t i = 0; i < WC_NKEY_SEED_LEN; i++) {
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(wc_nkey_parse(&key, wc_str(changed), WC_NKEY_USER), WC_BAD_REQUEST);
        changed[i] = SEED[i];
    }
}

static void knows_public_keys(void **state)
{
    (void)state;
    assert_false(wc_nkey_is_public(WC_STR(PUBLIC), WC_NKEY_ACCOUNT));
    assert_false(wc_nkey_is_public(WC_STR(SEED), WC_NKEY_USER));
    assert_false(wc_nkey_is_public(WC_STR("U"), WC_NKEY_USER));
    assert_false(wc_nkey_is_public(WC_STR_NONE, WC_NKEY_USER));
}

static void makes_keys_of_their_own(void **state)
{
    (void)state;
    static const char first[] = {'O', 'A', 'U'};
    uint8_t a[64], b[64];
    for (int kind = WC_NKEY_OPERATOR; kind <= WC_NKEY_USER; kind++) {
        struct wc_nkey one, other, again;
        char seed[WC_NKEY_SEED_LEN + 1];
        wc_nkey_make(&one, (enum wc_nkey_kind)kind);
        wc_nkey_make(&other, (enum wc_nkey_kind)kind);
        assert_int_equal(one.public_text[0], first[kind]);
        assert_string_not_equal(one.public_text, other.public_text);
        wc_nkey_seed_text(&one, seed);
        assert_int_equal(wc_nkey_parse(&again, wc_str(seed), (enum wc_nkey_kind)kind), WC_OK);
        wc_nkey_sign(&one, WC_STR("text"), a);
        wc_nkey_sign(&again, WC_STR("text"), b);
        assert_memory_equal(a, b, sizeof(a)); /* Ed25519 is deterministic (RFC 8032 section 5.1.6) */
        wc_nkey_sign(&other, WC_STR("text"), b);
        assert_memory_not_equal(a, b, sizeof(a));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_known_seed),
        cmocka_unit_test(refuses_what_is_no_seed),
        cmocka_unit_test(knows_public_keys),
        cmocka_unit_test(makes_keys_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
