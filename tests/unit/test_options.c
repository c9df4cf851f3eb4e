#include "base/mem.h"
#include "base/options.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct net {
    struct wc_option_list http;
    uint64_t port;
    bool tcp_nodelay;
    uint64_t idle;
};

struct store {
    const char *redis;
    const char *redis_password;
    uint64_t buffer;
    const char *level;
    bool quiet;
};

static const struct wc_option net_rows[] = {
    {.name = "http",
     .metavar = "ADDR",
     .type = WC_OPT_LIST,
     .def = "127.0.0.1:8080,[::1]:8080",
     .offset = offsetof(struct net, http),
     .help = "Listens for HTTP here"},
    {.name = "port",
     .metavar = "N",
     .type = WC_OPT_U64,
     .def = "23",
     .min = 1,
     .max = 65535,
     .offset = offsetof(struct net, port),
     .help = "A port"},
    {.name = "tcp-nodelay",
     .type = WC_OPT_BOOL,
     .def = "yes",
     .offset = offsetof(struct net, tcp_nodelay),
     .help = "Sends small segments at once, which is a sentence long enough to be broken into more than one line"},
    {.name = "idle",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "15m",
     .min = 1000,
     .max = 3600000,
     .offset = offsetof(struct net, idle),
     .help = "Ends sessions that are idle for so long"},
};

static const struct wc_option store_rows[] = {
    {.name = "redis",
     .metavar = "URL",
     .type = WC_OPT_STR,
     .def = "redis://127.0.0.1",
     .offset = offsetof(struct store, redis),
     .help = "The Redis server"},
    {.name = "redis-password",
     .metavar = "TEXT",
     .type = WC_OPT_STR,
     .offset = offsetof(struct store, redis_password),
     .help = "Its password"},
    {.name = "buffer",
     .metavar = "SIZE",
     .type = WC_OPT_SIZE,
     .def = "64k",
     .offset = offsetof(struct store, buffer),
     .help = "Bytes kept"},
    {.name = "level",
     .type = WC_OPT_CHOICE,
     .def = "info",
     .choices = "debug|info|warn",
     .offset = offsetof(struct store, level),
     .help = "What is logged"},
    {.name = "quiet", .type = WC_OPT_BOOL, .offset = offsetof(struct store, quiet), .help = "Says less"},
};

struct fixture {
    struct net net;
    struct store store;
    struct wc_option_table tables[2];
    struct wc_options *o;
    struct wc_buf why;
    char *stop;
    char path[40];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -1;
    f->tables[0] = (struct wc_option_table){"Network", net_rows, WC_COUNT(net_rows), &f->net};
    f->tables[1] = (struct wc_option_table){"Store", store_rows, WC_COUNT(store_rows), &f->store};
    f->o = wc_options_new(f->tables, 2);
    snprintf(f->path, sizeof(f->path), "/tmp/wc-options-XXXXXX");
    int fd = mkstemp(f->path);
    if (fd < 0)
        return -1;
    close(fd);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unlink(f->path);
    wc_options_free(f->o);
    wc_buf_free(&f->why);
    free(f->stop);
    free(f);
    return 0;
}

static void put_file(struct fixture *f, const char *text, size_t n)
{
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* The program's name and a NULL are put around `args`, which end with NULL. */
static wc_err run(struct fixture *f, const char *const *args, const char *const *env)
{
    char *argv[20] = {(char *)"/usr/bin/wcchat-worker"};
    int argc = 1;
    for (; *args != NULL; args++)
        argv[argc++] = (char *)*args;
    f->why.n = 0;
    return wc_options_read(f->o, argc, argv, (char *const *)env, "wcchat 9.8", &f->why, &f->stop);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE      ((const char *const[]){NULL})

static void assert_read(struct fixture *f, const char *const *args, const char *const *env)
{
    wc_err err = run(f, args, env);
    if (err != WC_OK)
        fail_msg("refused: %.*s", (int)f->why.n, f->why.p);
    assert_int_equal(f->why.n, 0);
}

static void assert_refused(struct fixture *f, const char *const *args, const char *const *env, const char *expected)
{
    assert_int_equal(run(f, args, env), WC_BAD_REQUEST);
    wc_buf_c(&f->why, '\0');
    assert_string_equal(f->why.p, expected);
}

static void assert_file(struct fixture *f, const char *text)
{
    put_file(f, text, strlen(text));
    assert_read(f, ARGS("--config", f->path), NONE);
}

/* `expected` goes on behind the path of the file. */
static void assert_file_refused(struct fixture *f, const char *text, const char *option, const char *expected)
{
    char sentence[512];
    put_file(f, text, strlen(text));
    snprintf(sentence, sizeof(sentence), "%s%s%s", option, f->path, expected);
    assert_refused(f, ARGS("--config", f->path), NONE, sentence);
}

static void assert_http(const struct fixture *f, const char *const *expected)
{
    size_t n = 0;
    for (; expected[n] != NULL; n++) {
        assert_true(n < f->net.http.n);
        assert_string_equal(f->net.http.v[n], expected[n]);
    }
    assert_int_equal(f->net.http.n, n);
}

static void test_defaults(void **state)
{
    struct fixture *f = *state;
    assert_read(f, NONE, NULL);
    assert_http(f, ARGS("127.0.0.1:8080", "[::1]:8080"));
    assert_int_equal(f->net.port, 23);
    assert_true(f->net.tcp_nodelay);
    assert_int_equal(f->net.idle, 900000);
    assert_string_equal(f->store.redis, "redis://127.0.0.1");
    assert_string_equal(f->store.redis_password, "");
    assert_int_equal(f->store.buffer, 65536);
    assert_string_equal(f->store.level, "info");
    assert_false(f->store.quiet);
    assert_null(f->stop);
}

static void test_argv(void **state)
{
    struct fixture *f = *state;
    assert_read(f,
                ARGS("--http", "a:1", "--port=99", "--no-tcp-nodelay", "--http=b:2,c:3", "--quiet", "--idle", "2s",
                     "--redis=", "--level=warn", "--redis-password=--x=y"),
                NONE);
    assert_http(f, ARGS("a:1", "b:2", "c:3"));
    assert_int_equal(f->net.port, 99);
    assert_false(f->net.tcp_nodelay);
    assert_true(f->store.quiet);
    assert_int_equal(f->net.idle, 2000);
    assert_string_equal(f->store.redis, "");
    assert_string_equal(f->store.level, "warn");
    assert_string_equal(f->store.redis_password, "--x=y");
    assert_read(f, ARGS("--quiet=off", "--port", "1", "--port", "2"), NONE);
    assert_false(f->store.quiet);
    assert_int_equal(f->net.port, 2);
}

static void test_environment(void **state)
{
    struct fixture *f = *state;
    assert_read(f, NONE,
                ARGS("WCCHAT_HTTP=x:1, y:2,", "WCCHAT_TCP_NODELAY=0", "WCCHAT_UNKNOWN=1", "WCCHAT_PORTS=x",
                     "WCCHAT_PORT", "PORT=5", "WCCHAT_REDIS_PASSWORD=a=b"));
    assert_http(f, ARGS("x:1", "y:2"));
    assert_false(f->net.tcp_nodelay);
    assert_int_equal(f->net.port, 23);
    assert_string_equal(f->store.redis_password, "a=b");
    assert_read(f, NONE, ARGS("WCCHAT_HTTP="));
    assert_http(f, NONE);
}

static void test_file(void **state)
{
    struct fixture *f = *state;
    assert_file(f, "# a comment\n\n  http = a:1\r\nhttp=b:2 , c:3\n\tport = 7 # why\nredis = redis://h/#0\n"
                   "redis-password = \" a \\\"b\\\\ # \" # end\nquiet = on");
    assert_http(f, ARGS("a:1", "b:2", "c:3"));
    assert_int_equal(f->net.port, 7);
    assert_string_equal(f->store.redis, "redis://h/#0");
    assert_string_equal(f->store.redis_password, " a \"b\\ # ");
    assert_true(f->store.quiet);
    assert_file(f, "http =# none\n");
    assert_http(f, NONE);
    assert_file(f, "");
    assert_int_equal(f->net.port, 23);
}

static void test_stronger_wins(void **state)
{
    struct fixture *f = *state;
    char config[64];
    const char *text = "http = f:1\nport = 1\nidle = 1s\nbuffer = 1\n";
    put_file(f, text, strlen(text));
    snprintf(config, sizeof(config), "WCCHAT_CONFIG=%s", f->path);
    assert_read(f, ARGS("--http", "a:1", "--port", "3"),
                ARGS(config, "WCCHAT_HTTP=e:1,e:2", "WCCHAT_PORT=2", "WCCHAT_IDLE=2s"));
    assert_http(f, ARGS("a:1"));
    assert_int_equal(f->net.port, 3);
    assert_int_equal(f->net.idle, 2000);
    assert_int_equal(f->store.buffer, 1);
    assert_read(f, ARGS("--config="), ARGS(config));
    assert_int_equal(f->net.port, 23);
}

static void test_argv_refused(void **state)
{
    struct fixture *f = *state;
    const char *needs = "option --port (command line) needs a value; one that starts with -- is given as --port=VALUE";
    assert_refused(f, ARGS("--prot", "1"), NONE, "option --prot (command line) is not known; --help lists all options");
    assert_refused(f, ARGS("--no-port"), NONE,
                   "option --no-port (command line) is not known; --help lists all options");
    assert_refused(f, ARGS("--a\x1b[0m"), NONE, "option --a?[0m (command line) is not known; --help lists all options");
    assert_refused(f, ARGS("--port"), NONE, needs);
    assert_refused(f, ARGS("--port", "--quiet"), NONE, needs);
    assert_refused(f, ARGS("port"), NONE,
                   "argument \"port\" (command line) is not an option; --help lists all options");
    assert_refused(f, ARGS("--"), NONE, "argument \"--\" (command line) is not an option; --help lists all options");
    assert_refused(f, ARGS("--port", "0"), NONE,
                   "option --port (command line) takes a number between 1 and 65535, not \"0\"");
    assert_refused(f, ARGS("--no-quiet=1"), NONE,
                   "option --no-quiet (command line) is not known; --help lists all options");
}

static void test_values_refused(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, NONE, ARGS("WCCHAT_IDLE=15x"),
                   "option idle (environment variable WCCHAT_IDLE) takes a duration (as in 500ms, 2s, 15m, 1h, 7d) "
                   "between 1s and 1h, not \"15x\"");
    assert_refused(f, NONE, ARGS("WCCHAT_LEVEL=loud"),
                   "option level (environment variable WCCHAT_LEVEL) takes one of debug|info|warn, not \"loud\"");
    assert_refused(f, NONE, ARGS("WCCHAT_QUIET="),
                   "option quiet (environment variable WCCHAT_QUIET) takes true or false, not \"\"");
    assert_refused(f, NONE, ARGS("WCCHAT_REDIS=a\nb"),
                   "option redis (environment variable WCCHAT_REDIS) takes a text without control characters, not "
                   "\"a\\nb\"");
    assert_refused(f, NONE, ARGS("WCCHAT_REDIS_PASSWORD=hidden\n"),
                   "option redis-password (environment variable WCCHAT_REDIS_PASSWORD) takes a text without control "
                   "characters, not \"***\"");
}

static void test_file_refused(void **state)
{
    struct fixture *f = *state;
    assert_file_refused(f, "\nport = many\n", "option port (",
                        ", line 2) takes a number between 1 and 65535, not \"many\"");
    assert_file_refused(f, "pott = 1", "option pott (", ", line 1) is not known; --help lists all options");
    assert_file_refused(f, "config = x", "option config (", ", line 1) is not known; --help lists all options");
    assert_file_refused(f, "[net]\n", "", ", line 1: expected `name = value`");
    assert_file_refused(f, "redis = \"x", "", ", line 1: the quotes of the value do not match");
    assert_file_refused(f, "redis = \"x\" y", "", ", line 1: the quotes of the value do not match");
    assert_file_refused(f, "redis = \"x\\", "", ", line 1: the quotes of the value do not match");
    put_file(f, "redis = a\0b", 11);
    assert_int_equal(run(f, ARGS("--config", f->path), NONE), WC_BAD_REQUEST);
}

static void test_file_unreadable(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, ARGS("--config", "/nowhere/x"), NONE,
                   "the configuration file /nowhere/x cannot be read: No such file or directory");
    assert_refused(f, ARGS("--config", "/tmp"), NONE,
                   "the configuration file /tmp cannot be read: it is not a regular file");
    assert_int_equal(truncate(f->path, 3 << 20), 0);
    assert_int_equal(run(f, ARGS("--config", f->path), NONE), WC_BAD_REQUEST);
    wc_buf_c(&f->why, '\0');
    assert_non_null(strstr(f->why.p, "it is larger than 1 MiB"));
}

/* A mistake counts even where a stronger source hides it; and nothing is filled when there is one. */
static void test_failure_touches_nothing(void **state)
{
    struct fixture *f = *state;
    f->net.port = 4711;
    f->stop = NULL;
    assert_int_equal(run(f, ARGS("--port", "5"), ARGS("WCCHAT_PORT=x")), WC_BAD_REQUEST);
    assert_int_equal(f->net.port, 4711);
    assert_null(f->store.redis);
}

static void test_read_again(void **state)
{
    struct fixture *f = *state;
    assert_read(f, ARGS("--redis", "one", "--http", "h:1"), NONE);
    const char *redis = f->store.redis;
    struct wc_option_list http = f->net.http;
    assert_read(f, ARGS("--redis", "two"), NONE);
    assert_string_equal(redis, "one"); /* lives as long as the options */
    assert_string_equal(http.v[0], "h:1");
    assert_string_equal(f->store.redis, "two");
    assert_http(f, ARGS("127.0.0.1:8080", "[::1]:8080"));
}

static void test_version(void **state)
{
    struct fixture *f = *state;
    assert_read(f, ARGS("--port", "5", "--version"), ARGS("WCCHAT_PORT=broken"));
    assert_string_equal(f->stop, "wcchat 9.8\n");
    assert_int_equal(f->net.port, 0);
}

static void test_help(void **state)
{
    struct fixture *f = *state;
    assert_read(f, ARGS("--help", "--broken"), NONE);
    const char *text = f->stop;
    const char *in_order[] = {"Usage: wcchat-worker ",
                              "General:\n",
                              "  --config FILE                 Reads options from this file too (WCCHAT_CONFIG)\n",
                              "  --help  ",
                              "  --version  ",
                              "\nNetwork:\n",
                              "  --http ADDR                   Listens for HTTP here (WCCHAT_HTTP; ",
                              "127.0.0.1:8080,[::1]:8080)\n",
                              "  --port N                      A port (WCCHAT_PORT; default 23)\n",
                              "  --tcp-nodelay, --no-tcp-nodelay\n                                Sends small",
                              "\nStore:\n",
                              "  --redis URL ",
                              "  --redis-password TEXT         Its password (WCCHAT_REDIS_PASSWORD)\n",
                              "  --level debug|info|warn       ",
                              "  --quiet, --no-quiet           Says less (WCCHAT_QUIET)\n"};
    for (size_t i = 0; i < WC_COUNT(in_order); i++) {
        const char *at = strstr(text, in_order[i]);
        if (at == NULL)
            fail_msg("\"%s\" is not, or not in its place, in:\n%s", in_order[i], f->stop);
        text = at + strlen(in_order[i]);
    }
    for (const char *line = f->stop; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 0, 100);
}

static void test_dump(void **state)
{
    struct fixture *f = *state;
    assert_read(f,
                ARGS("--http", "a:1", "--http", "b:2", "--idle", "120", "--redis", "redis://me:p/w@x@host:1/2",
                     "--redis-password", "hidden", "--buffer", "1536"),
                NONE);
    struct wc_buf out = WC_BUF_INIT;
    wc_options_dump(f->o, &out);
    wc_buf_c(&out, '\0');
    assert_string_equal(out.p, "http = a:1\nhttp = b:2\nport = 23\ntcp-nodelay = true\nidle = 2m\n"
                               "redis = redis://***@host:1/2\nredis-password = ***\nbuffer = 1536\nlevel = info\n"
                               "quiet = false\n");
    wc_buf_free(&out);
}

static void test_dump_is_a_file(void **state)
{
    struct fixture *f = *state;
    struct wc_buf first = WC_BUF_INIT, second = WC_BUF_INIT;
    assert_read(f, ARGS("--http=", "--redis", " a \"b\" # \\", "--buffer=3m", "--idle=1500ms", "--quiet"), NONE);
    wc_options_dump(f->o, &first);
    put_file(f, first.p, first.n);
    assert_read(f, ARGS("--config", f->path), NONE);
    assert_string_equal(f->store.redis, " a \"b\" # \\");
    assert_http(f, NONE);
    wc_options_dump(f->o, &second);
    assert_true(wc_str_eq(wc_buf_view(&first), wc_buf_view(&second)));
    wc_buf_free(&first);
    wc_buf_free(&second);
}

#define WITH_OPTIONS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_OPTIONS(test_defaults),
        WITH_OPTIONS(test_argv),
        WITH_OPTIONS(test_environment),
        WITH_OPTIONS(test_file),
        WITH_OPTIONS(test_stronger_wins),
        WITH_OPTIONS(test_argv_refused),
        WITH_OPTIONS(test_values_refused),
        WITH_OPTIONS(test_file_refused),
        WITH_OPTIONS(test_file_unreadable),
        WITH_OPTIONS(test_failure_touches_nothing),
        WITH_OPTIONS(test_read_again),
        WITH_OPTIONS(test_version),
        WITH_OPTIONS(test_help),
        WITH_OPTIONS(test_dump),
        WITH_OPTIONS(test_dump_is_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
