#include "base/mem.h"
#include "http/wsframe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 6455 section 5.7: "Hello", masked. */
static const char hello[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";

static void test_whole(void **state)
{
    (void)state;
    char bytes[sizeof(hello)];
    struct wc_ws_frame f;
    memcpy(bytes, hello, sizeof(hello));
    for (size_t n = 0; n < sizeof(hello) - 1; n++) {
        assert_int_equal(wc_ws_frame_read(bytes, n, 100, &f), WC_WS_MORE);
        assert_memory_equal(bytes, hello, sizeof(hello));
    }
    assert_int_equal(wc_ws_frame_read(bytes, sizeof(hello) - 1, 4, &f), WC_WS_OVERLONG);
    assert_int_equal(wc_ws_frame_read(bytes, sizeof(hello) - 1, 5, &f), WC_WS_FRAME);
    assert_true(f.fin);
    assert_int_equal(f.opcode, WC_WS_TEXT);
    assert_int_equal(f.used, 11);
    assert_true(wc_str_is((struct wc_str){f.p, f.n}, "Hello"));
}

static enum wc_ws_read reads(const char *bytes, size_t n)
{
    char copy[32];
    struct wc_ws_frame f;
    memcpy(copy, bytes, n);
    return wc_ws_frame_read(copy, n, 65536, &f);
}

#define READS(literal) reads(literal, sizeof(literal) - 1)

static void test_broken(void **state)
{
    (void)state;
    assert_int_equal(READS("\x81\x05Hello"), WC_WS_BROKEN);    /* not masked */
    assert_int_equal(READS("\xc1\x80\0\0\0\0"), WC_WS_BROKEN); /* reserved bits */
    assert_int_equal(READS("\x83\x80\0\0\0\0"), WC_WS_BROKEN); /* opcodes */
    assert_int_equal(READS("\x8b\x80\0\0\0\0"), WC_WS_BROKEN);
    assert_int_equal(READS("\x09\x80\0\0\0\0"), WC_WS_BROKEN);         /* a control frame in fragments */
    assert_int_equal(READS("\x89\xfe\x00\x7e\0\0\0\0"), WC_WS_BROKEN); /* or too long */
    assert_int_equal(READS("\x81\xfe\x00\x7d\0\0\0\0"), WC_WS_BROKEN); /* not the shortest form */
    assert_int_equal(READS("\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0"), WC_WS_BROKEN);
    assert_int_equal(READS("\x81\xff\x80\0\0\0\0\1\0\0\0\0\0\0"), WC_WS_BROKEN);
    assert_int_equal(READS("\x81\xff\0\0\0\0\0\1\0\1\0\0\0\0"), WC_WS_OVERLONG);
    assert_int_equal(READS("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"), WC_WS_OVERLONG);
    assert_int_equal(READS("\x81\xfe\x00\x7e\0\0\0\0"), WC_WS_MORE);
    assert_int_equal(READS("\x88\x80\0\0\0\0"), WC_WS_FRAME);
}

static void test_heads(void **state)
{
    (void)state;
    char head[10];
    assert_int_equal(wc_ws_head(head, WC_WS_TEXT, 125), 2);
    assert_memory_equal(head, "\x81\x7d", 2);
    assert_int_equal(wc_ws_head(head, WC_WS_TEXT, 126), 4);
    assert_memory_equal(head, "\x81\x7e\x00\x7e", 4);
    assert_int_equal(wc_ws_head(head, WC_WS_TEXT, 65535), 4);
    assert_memory_equal(head, "\x81\x7e\xff\xff", 4);
    assert_int_equal(wc_ws_head(head, WC_WS_TEXT, 65536), 10);
    assert_memory_equal(head, "\x81\x7f\0\0\0\0\0\1\0\0", 10);
}

static void test_closing(void **state)
{
    (void)state;
    struct wc_buf b = WC_BUF_INIT;
    wc_ws_close_add(&b, WC_WS_RESTARTING, "so long");
    assert_true(wc_str_eq(wc_buf_view(&b), WC_STR("\x88\x09\x03\xf4so long")));
    wc_buf_free(&b);
    assert_int_equal(wc_ws_close_code(WC_STR("")), 0);
    assert_int_equal(wc_ws_close_code(WC_STR("\x03")), WC_WS_PROTOCOL_ERROR);
    assert_int_equal(wc_ws_close_code(WC_STR("\x03\xe8")), 1000);
    assert_int_equal(wc_ws_close_code(WC_STR("\x03\xe8"
                                             "bye")),
                     1000);
    assert_int_equal(wc_ws_close_code(WC_STR("\x03\xe8\xff")), WC_WS_BAD_TEXT);
    assert_int_equal(wc_ws_close_code(WC_STR("\x0f\xa0")), 4000);
    const unsigned never[] = {0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535};
    for (size_t i = 0; i < WC_COUNT(never); i++) {
        char code[2] = {(char)(never[i] >> 8), (char)never[i]};
        assert_int_equal(wc_ws_close_code((struct wc_str){code, 2}), WC_WS_PROTOCOL_ERROR);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
