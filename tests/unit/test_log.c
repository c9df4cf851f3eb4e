#include "base/json.h"
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
    int fds[2];
    struct wc_log log;
    char line[8192];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (f == NULL || pipe(f->fds) != 0)
        return -1;
    wc_log_init(&f->log, f->fds[1], false, WC_INFO);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close(f->fds[0]);
    close(f->fds[1]);
    free(f);
    return 0;
}

/* What was written, NUL-terminated. */
static const char *written(struct fixture *f)
{
    assert_int_equal(fcntl(f->fds[0], F_SETFL, O_NONBLOCK), 0);
    ssize_t n = read(f->fds[0], f->line, sizeof(f->line) - 1);
    f->line[n > 0 ? n : 0] = '\0';
    return f->line;
}

/* The line without its time, which is checked for its form. */
static const char *behind_time(struct fixture *f)
{
    const char *line = written(f);
    assert_int_equal(strncmp(line, "time=20", 7), 0);
    assert_int_equal(line[28], 'Z');
    return line + 30;
}

static void test_logfmt(void **state)
{
    struct fixture *f = *state;
    wc_log(&f->log, WC_INFO, "redis ready", WC_Z("addr", "127.0.0.1:6390"), WC_I("ms", -3));
    assert_string_equal(behind_time(f), "level=info msg=\"redis ready\" addr=127.0.0.1:6390 ms=-3\n");
    snprintf(f->log.worker, sizeof(f->log.worker), "w-1");
    wc_log(&f->log, WC_ERROR, "gone");
    assert_string_equal(behind_time(f), "level=error worker=w-1 msg=gone\n");
}

static void test_absent_and_empty(void **state)
{
    struct fixture *f = *state;
    const char *none = NULL;
    wc_log(&f->log, WC_WARN, "m", WC_Z("a", none), WC_S("b", WC_STR_NONE), WC_Z("c", ""), WC_S("d", WC_STR("x")));
    assert_string_equal(behind_time(f), "level=warn msg=m c=\"\" d=x\n");
}

static void test_nobody_forges_a_line(void **state)
{
    struct fixture *f = *state;
    wc_log(&f->log, WC_INFO, "m",
           WC_S("v", WC_STR("a\nlevel=error \"q\" \\ \x1b[0m \xff \xe2\x80\xae \xc2\x85 \xc3\xa4")));
    assert_string_equal(behind_time(f), "level=info msg=m v=\"a\\nlevel=error \\\"q\\\" \\\\ \\u001b[0m \\xff \\u202e "
                                        "\\u0085 \xc3\xa4\"\n");
    wc_log(&f->log, WC_INFO, "m", WC_Z("eq", "a=b"), WC_Z("nl", "\n"));
    assert_string_equal(behind_time(f), "level=info msg=m eq=\"a=b\" nl=\"\\n\"\n");
}

static void test_level(void **state)
{
    struct fixture *f = *state;
    wc_log(&f->log, WC_DEBUG, "unheard");
    assert_string_equal(written(f), "");
    f->log.level = WC_DEBUG;
    wc_log(&f->log, WC_DEBUG, "heard");
    assert_string_equal(behind_time(f), "level=debug msg=heard\n");
}

static void test_json(void **state)
{
    struct fixture *f = *state;
    f->log.json = true;
    wc_log(&f->log, WC_INFO, "a \"b\"", WC_S("v", WC_STR("x\n\x01\xff\xe2\x80\xae")), WC_I("n", INT64_MIN));
    char why[128] = "";
    wc_json *doc = wc_json_parse(wc_str(written(f)), why, sizeof(why));
    assert_string_equal(why, "");
    assert_true(wc_str_is(wc_json_get_str(doc, "level"), "info"));
    assert_true(wc_str_is(wc_json_get_str(doc, "msg"), "a \"b\""));
    assert_true(wc_str_is(wc_json_get_str(doc, "v"), "x\n\x01\xef\xbf\xbd\xe2\x80\xae"));
    assert_true(wc_json_get_int(doc, "n") == INT64_MIN);
    wc_json_free(doc);
}

/* Whatever the length, a line ends where it should and is well-formed. */
static void test_cut(void **state)
{
    struct fixture *f = *state;
    char big[5000];
    memset(big, 'x', sizeof(big));
    for (size_t n = 3900; n < 4100; n++) {
        f->log.json = n % 2 != 0;
        wc_log(&f->log, WC_INFO, "m", WC_S("big", ((struct wc_str){big, n})), WC_I("n", 12345), WC_Z("s", "\"\n"));
        const char *line = written(f);
        size_t len = strlen(line);
        assert_in_range(len, 3900, 4096);
        assert_int_equal(line[len - 1], '\n');
        assert_ptr_equal(strchr(line, '\n'), line + len - 1);
        if (!f->log.json)
            continue;
        char why[128] = "";
        wc_json *doc = wc_json_parse(wc_str(line), why, sizeof(why));
        assert_string_equal(why, "");
        assert_true(wc_json_get_bool(doc, "cut") == (wc_json_get(doc, "s") == NULL || wc_json_get_str(doc, "s").n < 2));
        wc_json_free(doc);
    }
}

static void test_cut_says_so(void **state)
{
    struct fixture *f = *state;
    char big[9000];
    memset(big, '\n', sizeof(big));
    wc_log(&f->log, WC_INFO, "m", WC_S("big", ((struct wc_str){big, sizeof(big)})), WC_Z("after", "x"));
    const char *line = written(f);
    const char *end = " cut=true\n";
    assert_string_equal(line + strlen(line) - strlen(end), end);
    assert_null(strstr(line, "after="));
}

static void test_full_pipe_drops(void **state)
{
    struct fixture *f = *state;
    int writes = 0;
    while (f->log.dropped == 0 && writes++ < 100000)
        wc_log(&f->log, WC_INFO, "a line to fill the pipe with");
    assert_int_equal(f->log.dropped, 1);
    char rest[4096];
    for (int i = 0; i < 8; i++)
        assert_true(read(f->fds[0], rest, sizeof(rest)) > 0);
    wc_log(&f->log, WC_INFO, "m");
    assert_int_equal(f->log.dropped, 1);
    f->log.fd = -1;
    wc_log(&f->log, WC_INFO, "m");
    assert_int_equal(f->log.dropped, 2);
}

static void test_limit(void **state)
{
    (void)state;
    struct wc_log_limit limit = {0};
    uint64_t repeated = 99;
    assert_true(wc_log_allowed(&limit, &repeated));
    assert_int_equal(repeated, 0);
    repeated = 99;
    assert_false(wc_log_allowed(&limit, &repeated));
    assert_false(wc_log_allowed(&limit, &repeated));
    assert_int_equal(repeated, 99);
    limit.last_ms -= limit.last_ms > 1000 ? 1000 : limit.last_ms; /* as if a second had passed */
    assert_true(wc_log_allowed(&limit, &repeated));
    assert_int_equal(repeated, 2);
    assert_int_equal(limit.held, 0);
}

static void test_level_names(void **state)
{
    (void)state;
    enum wc_level level = WC_WARN;
    assert_false(wc_level_parse(WC_STR("loud"), &level));
    assert_false(wc_level_parse(WC_STR_NONE, &level));
    assert_int_equal(level, WC_WARN);
    assert_true(wc_level_parse(WC_STR("debug"), &level));
    assert_int_equal(level, WC_DEBUG);
    assert_true(wc_level_parse(WC_STR("error"), &level));
    assert_int_equal(level, WC_ERROR);
}

#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PIPE(test_logfmt),
        WITH_PIPE(test_absent_and_empty),
        WITH_PIPE(test_nobody_forges_a_line),
        WITH_PIPE(test_level),
        WITH_PIPE(test_json),
        WITH_PIPE(test_cut),
        WITH_PIPE(test_cut_says_so),
        WITH_PIPE(test_full_pipe_drops),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_level_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
