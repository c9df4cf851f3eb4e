#include "base/crypto.h"
#include "base/mem.h"
#include "chat/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct wc_baseline baseline = {{1, 2, 3, 4, 5, 250}, 300};

/* A cursor over rooms r0 … r4 whose ids in the baseline are 1000-10, 1001-11 …, of which two moved. */
static struct wc_buf lines(void)
{
    struct wc_buf b = WC_BUF_INIT;
    for (unsigned i = 0; i < 5; i++)
        wc_buf_addf(&b, "room/r%u %u-%u\n", 4 - i, 1000 + i, 10 + i);
    return b;
}

static struct wc_str encode(struct wc_buf *out, const struct wc_move *moves, size_t n)
{
    wc_cursor_encode(out, &baseline, moves, n);
    return wc_buf_view(out);
}

static const struct wc_move moves[] = {
    {2, {1001, 11}, {1795410001234, 4711}}, {5, {1004, 14}, {1003, 2}}, /* a log that went back */
};

static void test_round(void **state)
{
    (void)state;
    struct wc_buf text = WC_BUF_INIT, kept = lines();
    struct wc_str cursor = encode(&text, moves, WC_COUNT(moves));
    struct wc_baseline found;
    struct wc_places places;
    assert_true(wc_cursor_baseline(cursor, &found));
    assert_memory_equal(found.line, baseline.line, sizeof(found.line));
    assert_int_equal(found.n, 300);
    assert_true(wc_places_read(&places, cursor, wc_buf_view(&kept)));
    assert_int_equal(places.n, 5);
    for (unsigned i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof(name), "room/r%u", 4 - i);
        const struct wc_place *p = wc_places_find(&places, wc_str(name));
        assert_non_null(p);
        assert_int_equal(p->number, i + 1);
        struct wc_id expected = {1000 + i, 10 + i};
        assert_true(wc_id_eq(p->base, expected));
        if (i == 1)
            expected = moves[0].id;
        if (i == 4)
            expected = moves[1].id;
        assert_true(wc_id_eq(p->id, expected));
    }
    assert_null(wc_places_find(&places, WC_STR("room/r5")));
    wc_places_free(&places);
    wc_buf_free(&text);
    wc_buf_free(&kept);
}

static void test_id(void **state)
{
    (void)state;
    char id[WC_BASELINE_ID];
    wc_baseline_id(&baseline, id);
    assert_string_equal(id, "0102030405fa-300");
    const struct wc_baseline last = {{255, 255, 255, 255, 255, 255}, UINT32_MAX};
    wc_baseline_id(&last, id);
    assert_string_equal(id, "ffffffffffff-4294967295");
}

/* Twelve conversations among many thousands, each of which moved for years, fit. */
static void test_size(void **state)
{
    (void)state;
    struct wc_move many[12];
    for (size_t i = 0; i < WC_COUNT(many); i++)
        many[i] = (struct wc_move){(uint32_t)(16000 + i), {1000, 1}, {1000 + ((uint64_t)1 << 33), 1 + 1000000}};
    size_t size = wc_cursor_size(&baseline, many, WC_COUNT(many));
    assert_true(size <= WC_CURSOR_BYTES);
    struct wc_buf text = WC_BUF_INIT;
    assert_true(encode(&text, many, WC_COUNT(many)).n <= WC_CURSOR_MAX);
    assert_int_equal(text.n, (size * 4 + 2) / 3);
    wc_buf_free(&text);
}

static bool reads(struct wc_str cursor, struct wc_str kept)
{
    struct wc_places places = {.n = 0};
    bool good = wc_places_read(&places, cursor, kept);
    wc_places_free(&places);
    return good;
}

static void test_broken(void **state)
{
    (void)state;
    struct wc_buf text = WC_BUF_INIT, kept = lines(), plain = WC_BUF_INIT, other = WC_BUF_INIT;
    struct wc_baseline found;
    struct wc_str cursor = encode(&text, moves, WC_COUNT(moves)), all = wc_buf_view(&kept);
    assert_true(reads(cursor, all));
    assert_false(reads(cursor, WC_STR("room/r4 1000-10\nroom/r3 1001-11\n"))); /* place 5 is not there */
    assert_false(reads(cursor, WC_STR("room/r4\n")));
    assert_false(reads(cursor, WC_STR("room/r4 x\n")));
    assert_false(wc_cursor_baseline(WC_STR(""), &found));
    assert_false(wc_cursor_baseline(WC_STR("!"), &found));
    assert_false(wc_cursor_baseline(WC_STR("AQ"), &found));
    /* cut anywhere, and every other version */
    assert_true(wc_base64url_decode(cursor, &plain));
    for (size_t n = 0; n < plain.n; n++) {
        other.n = 0;
        wc_base64url_add(&other, plain.p, n);
        if (n < 9)
            assert_false(wc_cursor_baseline(wc_buf_view(&other), &found));
        (void)reads(wc_buf_view(&other), all);
    }
    plain.p[0] = 2;
    other.n = 0;
    wc_base64url_add(&other, plain.p, plain.n);
    assert_false(wc_cursor_baseline(wc_buf_view(&other), &found));
    /* whatever the bytes: no crash */
    plain.p[0] = 1;
    for (unsigned i = 0; i < 20000; i++) {
        plain.p[7 + (unsigned)rand() % (plain.n - 7)] = (char)rand();
        other.n = 0;
        wc_base64url_add(&other, plain.p, plain.n);
        (void)reads(wc_buf_view(&other), all);
    }
    wc_buf_free(&text);
    wc_buf_free(&kept);
    wc_buf_free(&plain);
    wc_buf_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
