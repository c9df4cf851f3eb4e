#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct counts {
    uint64_t posts, reads, ms;
};

static const struct wc_metric first[] = {
    {"wc_ops_total", "op=\"post\"", WC_COUNTER, offsetof(struct counts, posts), 1, "Operations"},
    {"wc_ops_total", "op=\"read\"", WC_COUNTER, offsetof(struct counts, reads), 1, "Operations"},
    {"wc_busy_seconds_total", NULL, WC_COUNTER, offsetof(struct counts, ms), 0.001, "Time, a\nline \\ more"},
};

static const struct wc_metric second[] = {
    {"wc_open", NULL, WC_GAUGE, offsetof(struct counts, posts), 1, "Open now"},
    {"wc_ops_total", "op=\"more\"", WC_COUNTER, offsetof(struct counts, reads), 1, "Operations"},
};

static void test_print(void **state)
{
    (void)state;
    struct counts a = {1, UINT64_MAX, 1234}, b = {7, 8, 0};
    struct wc_metrics *m = wc_metrics_new();
    wc_metrics_add(m, first, 3, &a);
    wc_metrics_add(m, second, 2, &b);
    a.posts++; /* what counts is the value at the time of printing */
    struct wc_buf out = WC_BUF_INIT;
    wc_metrics_print(m, &out);
    wc_buf_c(&out, '\0');
    assert_string_equal(out.p, "# HELP wc_ops_total Operations\n"
                               "# TYPE wc_ops_total counter\n"
                               "wc_ops_total{op=\"post\"} 2\n"
                               "wc_ops_total{op=\"read\"} 18446744073709551615\n"
                               "wc_ops_total{op=\"more\"} 8\n"
                               "# HELP wc_busy_seconds_total Time, a\\nline \\\\ more\n"
                               "# TYPE wc_busy_seconds_total counter\n"
                               "wc_busy_seconds_total 1.234\n"
                               "# HELP wc_open Open now\n"
                               "# TYPE wc_open gauge\n"
                               "wc_open 7\n");
    wc_buf_free(&out);
    wc_metrics_free(m);
}

static void test_empty(void **state)
{
    (void)state;
    struct wc_metrics *m = wc_metrics_new();
    struct wc_buf out = WC_BUF_INIT;
    wc_metrics_add(m, first, 0, NULL);
    wc_metrics_print(m, &out);
    assert_int_equal(out.n, 0);
    wc_metrics_free(m);
    wc_metrics_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
