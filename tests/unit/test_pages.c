#include "base/buf.h"
#include "base/mem.h"
#include "chat/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct wc_pages *pages;

static int setup(void **state)
{
    (void)state;
    pages = wc_pages_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wc_pages_free(pages);
    return 0;
}

static void keep(const char *name, const char *version, const char *json)
{
    wc_pages_keep(pages, wc_str(name), wc_str(version), wc_str(json));
}

static void has(const char *name, const char *version, const char *json)
{
    struct wc_str found;
    const struct wc_str *page = wc_pages_find(pages, wc_str(name), &found);
    assert_non_null(page);
    assert_true(wc_str_is(*page, json));
    assert_true(wc_str_is(found, version));
}

static void has_not(const char *name)
{
    struct wc_str found;
    assert_null(wc_pages_find(pages, wc_str(name), &found));
}

static void test_by_name(void **state)
{
    (void)state;
    has_not("room/a");
    keep("room/a", "1-1 1", "{}");
    keep("room/ab", "2-2 2", "[]");
    has("room/a", "1-1 1", "{}");
    has("room/ab", "2-2 2", "[]");
    has_not("room/");
    keep("room/a", "1-2 2", "{\"n\":2}");
    has("room/a", "1-2 2", "{\"n\":2}");
    has("room/ab", "2-2 2", "[]");
}

/* A quarter of a megabyte under the name of a number. */
static void keep_large(unsigned i)
{
    struct wc_buf name = WC_BUF_INIT, json = WC_BUF_INIT;
    wc_buf_u64(&name, i);
    memset(wc_buf_reserve(&json, 250000), 'x', 250000);
    json.n = 250000;
    wc_pages_keep(pages, wc_buf_view(&name), WC_STR("v"), wc_buf_view(&json));
    wc_buf_free(&name);
    wc_buf_free(&json);
}

static bool there(unsigned i)
{
    struct wc_buf name = WC_BUF_INIT;
    struct wc_str version;
    wc_buf_u64(&name, i);
    bool found = wc_pages_find(pages, wc_buf_view(&name), &version) != NULL;
    wc_buf_free(&name);
    return found;
}

static void test_bounded(void **state)
{
    (void)state;
    keep("often", "v", "used");
    for (unsigned i = 0; i < 100; i++) {
        keep_large(i);
        has("often", "v", "used");
    }
    unsigned kept = 0;
    for (unsigned i = 0; i < 100; i++)
        kept += there(i);
    assert_in_range(kept, WC_PAGES_MOST / 250000 - 2, WC_PAGES_MOST / 250000);
    assert_false(there(99 - kept));
    assert_true(there(100 - kept));
}

static void test_too_large(void **state)
{
    (void)state;
    char *much = wc_alloc(WC_PAGES_MOST / 2);
    keep("a", "v", "small");
    wc_pages_keep(pages, WC_STR("a"), WC_STR("w"), (struct wc_str){much, WC_PAGES_MOST / 2});
    has_not("a");
    free(much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
