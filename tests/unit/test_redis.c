#define _GNU_SOURCE
#include "await.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "redis/client.h"
#include "redis_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * In place of the project's scripts, all of them: counts up in steps of one, may be repeated, and refuses to be run out
 * of order.
 */
#define ADVANCE                                                                                                        \
    "local last = tonumber(redis.call('GET', KEYS[1]) or '-1')\n"                                                      \
    "local n = tonumber(ARGV[1])\n"                                                                                    \
    "if n > last + 1 then return redis.error_reply('ERR out of order') end\n"                                          \
    "if n == last + 1 then redis.call('SET', KEYS[1], n) end\n"                                                        \
    "return n\n"
const struct wc_script_source wc_scripts[WC_SCRIPT_COUNT] = {
    [0 ... WC_SCRIPT_COUNT -
     1] = {"advance", {ADVANCE, sizeof(ADVANCE) - 1}, "d503eacd33639689552d2372e5876fb4b927713c"}};

struct fixture {
    struct ev_loop *loop;
    struct wc_log log;
    struct redis_server server;
    struct wc_redis *redis;
    int ready, lost;
};

struct tally {
    struct fixture *f;
    size_t issued, done, ok, unavailable;
    bool in_order; /* of those that were answered */
    bool inside;   /* a call is under way: no callback may fire */
    int64_t last;
    uint64_t last_ms;
};

static void on_ready(void *arg)
{
    ((struct fixture *)arg)->ready++;
}

static void on_lost(void *arg, const char *why)
{
    assert_non_null(why);
    ((struct fixture *)arg)->lost++;
}

static const struct wc_redis_events events = {.ready = on_ready, .lost = on_lost};

static void connect_with(struct fixture *f, struct wc_redis_options options)
{
    const char *why = NULL;
    if (options.connect_timeout_ms == 0)
        options.connect_timeout_ms = 2000;
    if (options.command_timeout_ms == 0)
        options.command_timeout_ms = 20000;
    if (options.queue_max == 0)
        options.queue_max = 10000;
    f->redis = wc_redis_new(f->loop, &f->log, &options, &events, f, &why);
    if (f->redis == NULL)
        fail_msg("%s", why);
}

static void connect_to(struct fixture *f, const char *url)
{
    connect_with(f, (struct wc_redis_options){.url = url});
    assert_false(wc_redis_ready(f->redis));
    assert_string_equal(wc_redis_problem(f->redis), "connecting");
    AWAIT(f->loop, 10, wc_redis_ready(f->redis));
    assert_null(wc_redis_problem(f->redis));
}

static int set_up_with(void **state, const char *config)
{
    struct fixture *f = WC_NEW(struct fixture);
    *state = f;
    signal(SIGPIPE, SIG_IGN);
    f->loop = ev_loop_new(EVFLAG_AUTO);
    int fd =
        open(getenv("WC_TEST_LOG") != NULL ? getenv("WC_TEST_LOG") : "/dev/null", O_WRONLY | O_APPEND | O_CREAT, 0600);
    wc_log_init(&f->log, fd, false, WC_DEBUG);
    redis_server_start(&f->server, config);
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, NULL);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wc_redis_free(f->redis);
    redis_server_stop(&f->server);
    ev_loop_destroy(f->loop);
    close(f->log.fd);
    free(f);
    return 0;
}

static void on_advanced(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct tally *t = arg;
    assert_false(t->inside);
    t->done++;
    t->last_ms = wc_monotonic_ms();
    if (err != WC_OK) {
        assert_int_equal(err, WC_UNAVAILABLE);
        assert_null(reply);
        t->unavailable++;
        return;
    }
    t->ok++;
    t->in_order = t->in_order && wc_reply_int(reply) == t->last + 1;
    t->last = wc_reply_int(reply);
}

static struct tally tally(struct fixture *f)
{
    return (struct tally){.f = f, .in_order = true, .last = -1};
}

static wc_err advance(struct tally *t)
{
    char n[24];
    snprintf(n, sizeof n, "%zu", t->issued);
    struct wc_str key = WC_STR("counter"), arg = wc_str(n);
    t->inside = true;
    wc_err err = wc_redis_script(t->f->redis, (enum wc_script)0, &key, 1, &arg, 1, on_advanced, t);
    t->inside = false;
    if (err == WC_OK)
        t->issued++;
    return err;
}

static void advance_by(struct tally *t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(advance(t), WC_OK);
}

static void assert_all_advanced(struct tally *t)
{
    AWAIT(t->f->loop, 20, t->done == t->issued);
    assert_int_equal(t->ok, t->issued);
    assert_true(t->in_order);
    assert_int_equal(wc_redis_stats(t->f->redis)->queued, 0);
}

static wc_err command(struct fixture *f, struct tally *t, const char *a, const char *b)
{
    struct wc_str argv[] = {wc_str(a), wc_str(b)};
    t->inside = true;
    wc_err err = wc_redis_command(f->redis, argv, b != NULL ? 2 : 1, on_advanced, t);
    t->inside = false;
    t->issued += err == WC_OK;
    return err;
}

/* ---- order ---- */

static void pipelines_in_order(void **state)
{
    struct fixture *f = *state;
    connect_to(f, f->server.tcp_url);
    struct tally t = tally(f);
    advance_by(&t, 5000);
    assert_all_advanced(&t);
    assert_int_equal(wc_redis_stats(f->redis)->commands, 5000);
    assert_int_equal(wc_redis_stats(f->redis)->retries, 0);
}

static void waits_for_the_connection(void **state)
{
    struct fixture *f = *state;
    connect_with(f, (struct wc_redis_options){.url = f->server.unix_url});
    struct tally t = tally(f);
    advance_by(&t, 100);
    assert_all_advanced(&t);
    assert_int_equal(f->ready, 1);
}

static void looks_names_up(void **state)
{
    struct fixture *f = *state;
    char url[64];
    snprintf(url, sizeof url, "redis://localhost:%d/3", f->server.port);
    connect_to(f, url);
    struct tally t = tally(f);
    advance_by(&t, 10);
    assert_all_advanced(&t);
    assert_non_null(strstr(redis_server_do(&f->server, "INFO keyspace"), "db3:keys=1"));
}

static void ends_while_looking_a_name_up(void **state)
{
    struct fixture *f = *state;
    connect_with(f, (struct wc_redis_options){.url = "redis://localhost:1"});
    ev_run(f->loop, EVRUN_ONCE);
}

static void reloads_flushed_scripts_in_order(void **state)
{
    struct fixture *f = *state;
    connect_to(f, f->server.tcp_url);
    struct tally t = tally(f);
    for (int round = 0; round < 20; round++) {
        advance_by(&t, 100);
        AWAIT(f->loop, 5, t.done + 90 >= t.issued);
        assert_string_equal(redis_server_do(&f->server, "SCRIPT FLUSH"), "+OK\r\n");
        advance_by(&t, 100);
    }
    assert_all_advanced(&t);
    assert_true(wc_redis_stats(f->redis)->retries > 0);
    assert_int_equal(f->ready, 1);
    assert_int_equal(f->lost, 0);
}

static void repeats_in_order_after_a_kill(void **state)
{
    struct fixture *f = *state;
    connect_to(f, f->server.tcp_url);
    struct tally t = tally(f);
    for (int round = 1; round <= 10; round++) {
        advance_by(&t, 1000);
        AWAIT(f->loop, 5, t.done + 900 >= t.issued);
        assert_string_equal(redis_server_do(&f->server, "CLIENT KILL TYPE normal"), ":1\r\n");
        advance_by(&t, 10);
        AWAIT(f->loop, 10, f->lost == round && f->ready == round + 1);
    }
    assert_all_advanced(&t);
    assert_true(wc_redis_stats(f->redis)->retries > 0);
}

/* ---- being away ---- */

static void is_back_after_a_restart(void **state)
{
    struct fixture *f = *state;
    connect_to(f, f->server.unix_url);
    struct tally t = tally(f);
    redis_server_down(&f->server);
    AWAIT(f->loop, 5, f->lost == 1);
    assert_false(wc_redis_ready(f->redis));
    advance_by(&t, 100);
    await_nothing(f->loop, 0.2);
    assert_non_null(wc_redis_problem(f->redis));
    assert_int_equal(t.done, 0);
    redis_server_up(&f->server);
    assert_all_advanced(&t);
    assert_int_equal(f->ready, 2);
}

static void answers_unavailable_while_stopped(void **state)
{
    struct fixture *f = *state;
    connect_with(
        f, (struct wc_redis_options){.url = f->server.tcp_url, .connect_timeout_ms = 300, .command_timeout_ms = 400});
    AWAIT(f->loop, 10, wc_redis_ready(f->redis));
    redis_server_signal(&f->server, SIGSTOP);
    struct tally t = tally(f);
    uint64_t begun = wc_monotonic_ms();
    advance_by(&t, 50);
    AWAIT(f->loop, 5, t.done == 50);
    assert_int_equal(t.unavailable, 50);
    assert_in_range(t.last_ms - begun, 395, 1500);
    assert_int_equal(f->lost, 1);
    /* a while later it is said at once */
    AWAIT(f->loop, 5, advance(&t) == WC_UNAVAILABLE);
    AWAIT(f->loop, 5, t.done == t.issued);
    redis_server_signal(&f->server, SIGCONT);
    AWAIT(f->loop, 10, wc_redis_ready(f->redis));
    struct tally after = tally(f);
    redis_server_do(&f->server, "DEL counter");
    advance_by(&after, 50);
    assert_all_advanced(&after);
}

static void younger_commands_survive_an_older_ones_timeout(void **state)
{
    struct fixture *f = *state;
    connect_with(f, (struct wc_redis_options){.url = f->server.tcp_url, .command_timeout_ms = 1000});
    AWAIT(f->loop, 10, wc_redis_ready(f->redis));
    struct tally old = tally(f), young = tally(f);
    struct wc_str block[] = {WC_STR("BLPOP"), WC_STR("nothing"), WC_STR("0")};
    assert_int_equal(wc_redis_command(f->redis, block, 3, on_advanced, &old), WC_OK);
    await_nothing(f->loop, 0.5);
    advance_by(&young, 10);
    AWAIT(f->loop, 5, old.done == 1);
    assert_int_equal(old.unavailable, 1);
    assert_all_advanced(&young);
    assert_int_equal(f->lost, 1);
}

static void bounds_its_queue(void **state)
{
    struct fixture *f = *state;
    connect_with(f, (struct wc_redis_options){.url = f->server.tcp_url, .queue_max = 100});
    AWAIT(f->loop, 10, wc_redis_ready(f->redis));
    struct tally t = tally(f);
    advance_by(&t, 100);
    assert_int_equal(wc_redis_stats(f->redis)->queued, 100);
    assert_int_equal(advance(&t), WC_UNAVAILABLE);
    assert_all_advanced(&t);
    advance_by(&t, 100);
    assert_all_advanced(&t);
}

static void on_last(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct tally *t = arg;
    on_advanced(arg, err, reply);
    assert_int_equal(command(t->f, t, "PING", NULL), WC_UNAVAILABLE);
}

static void fires_what_is_pending_at_the_end(void **state)
{
    struct fixture *f = *state;
    connect_to(f, f->server.tcp_url);
    struct tally t = tally(f);
    advance_by(&t, 10);
    struct wc_str ping = WC_STR("PING");
    assert_int_equal(wc_redis_command(f->redis, &ping, 1, on_last, &t), WC_OK);
    wc_redis_free(f->redis);
    f->redis = NULL;
    assert_int_equal(t.unavailable, 11);
}

/* ---- what Redis may say ---- */

static void tells_errors_from_values(void **state)
{
    struct fixture *f = *state;
    connect_to(f, f->server.tcp_url);
    struct tally t = tally(f);
    assert_int_equal(command(f, &t, "NOSUCHCOMMAND", "x"), WC_OK);
    AWAIT(f->loop, 5, t.done == 1);
    assert_int_equal(t.unavailable, 1);
    assert_true(wc_redis_ready(f->redis));
}

static void reconnects_when_it_finds_a_replica(void **state)
{
    struct fixture *f = *state;
    connect_to(f, f->server.tcp_url);
    redis_server_do(&f->server, "CONFIG SET min-replicas-to-write 0");
    redis_server_do(&f->server, "REPLICAOF 127.0.0.1 1");
    struct tally t = tally(f);
    advance_by(&t, 1);
    AWAIT(f->loop, 5, t.done == 1);
    assert_int_equal(t.unavailable, 1);
    assert_int_equal(f->lost, 1);
    redis_server_do(&f->server, "REPLICAOF NO ONE");
    AWAIT(f->loop, 5, wc_redis_ready(f->redis));
    t = tally(f);
    advance_by(&t, 1);
    assert_all_advanced(&t);
}

static void on_nested(void *arg, wc_err err, const struct wc_reply *r)
{
    assert_int_equal(err, WC_OK);
    assert_int_equal(wc_reply_count(r), 4);
    assert_true(wc_str_is(wc_reply_str(r, 0), "text"));
    assert_int_equal(wc_reply_u64(r, 1), 7);
    assert_true(wc_str_is(wc_reply_str(wc_reply_at(r, 2), 0), "inner"));
    assert_int_equal(wc_reply_u64(r, 3), 18446744073709551615u);
    assert_null(wc_reply_str(r, 1).p);
    assert_null(wc_reply_str(r, 4).p);
    assert_int_equal(wc_reply_u64(r, 0), 0);
    assert_null(wc_reply_at(r, 4));
    assert_null(wc_reply_self(r).p);
    assert_int_equal(wc_reply_int(r), 0);
    assert_int_equal(wc_reply_count(wc_reply_at(r, 0)), 0);
    assert_false(wc_reply_nil(r));
    assert_int_equal(wc_reply_count(NULL), 0);
    *(bool *)arg = true;
}

static void on_nil(void *arg, wc_err err, const struct wc_reply *r)
{
    assert_int_equal(err, WC_OK);
    assert_true(wc_reply_nil(r));
    assert_null(wc_reply_self(r).p);
    *(bool *)arg = true;
}

static void reads_replies(void **state)
{
    struct fixture *f = *state;
    connect_to(f, f->server.tcp_url);
    bool nested = false, nil = false;
    struct wc_str eval[] = {WC_STR("EVAL"), WC_STR("return {'text', 7, {'inner'}, '18446744073709551615'}"),
                            WC_STR("0")};
    struct wc_str get[] = {WC_STR("GET"), WC_STR("nothing")};
    assert_int_equal(wc_redis_command(f->redis, eval, 3, on_nested, &nested), WC_OK);
    assert_int_equal(wc_redis_command(f->redis, get, 2, on_nil, &nil), WC_OK);
    AWAIT(f->loop, 5, nested && nil);
}

static void on_binary(void *arg, wc_err err, const struct wc_reply *r)
{
    assert_int_equal(err, WC_OK);
    assert_true(wc_str_eq(wc_reply_self(r), ((struct wc_str){"a\0\r\nb", 5})));
    *(bool *)arg = true;
}

static void carries_any_byte(void **state)
{
    struct fixture *f = *state;
    connect_to(f, f->server.tcp_url);
    bool done = false;
    struct wc_str argv[] = {WC_STR("ECHO"), {"a\0\r\nb", 5}};
    assert_int_equal(wc_redis_command(f->redis, argv, 2, on_binary, &done), WC_OK);
    AWAIT(f->loop, 5, done);
}

static void flags_an_unsuitable_server(void **state)
{
    struct fixture *f = *state;
    redis_server_do(&f->server, "CONFIG SET maxmemory-policy allkeys-lru");
    connect_with(f, (struct wc_redis_options){.url = f->server.tcp_url});
    AWAIT(f->loop, 5, wc_redis_unsuitable(f->redis));
    assert_false(wc_redis_ready(f->redis));
    assert_string_equal(wc_redis_problem(f->redis), "maxmemory-policy is allkeys-lru, must be noeviction");
    redis_server_do(&f->server, "CONFIG SET maxmemory-policy noeviction");
    AWAIT(f->loop, 5, wc_redis_ready(f->redis));
    assert_false(wc_redis_unsuitable(f->redis));
}

static void check_fsync(struct fixture *f, const char *setting, const char *problem)
{
    redis_server_do(&f->server, setting);
    redis_server_do(&f->server, "CLIENT KILL TYPE normal");
    AWAIT(f->loop, 5, wc_redis_unsuitable(f->redis));
    assert_string_equal(wc_redis_problem(f->redis), problem);
}

/* From the start: a server that is told to append later refuses to end before its first file is written. */
static int set_up_fsync(void **state)
{
    return set_up_with(state, "appendonly yes\nappendfsync always\n");
}

static void demands_fsync(void **state)
{
    struct fixture *f = *state;
    redis_server_do(&f->server, "CONFIG SET appendfsync everysec");
    connect_with(f, (struct wc_redis_options){.url = f->server.tcp_url, .fsync = true});
    AWAIT(f->loop, 5, wc_redis_unsuitable(f->redis));
    assert_false(wc_redis_ready(f->redis));
    assert_string_equal(wc_redis_problem(f->redis), "appendfsync is everysec, must be always");
    redis_server_do(&f->server, "CONFIG SET appendfsync always");
    AWAIT(f->loop, 5, wc_redis_ready(f->redis));
    assert_false(wc_redis_unsuitable(f->redis));
    check_fsync(f, "CONFIG SET appendonly no", "appendonly is no, must be yes");
}

/* ---- who we are ---- */

static int set_up_acl(void **state)
{
    return set_up_with(state, "user default on nopass ~* &* +@all\n"
                              "user bob on >s3cret:@/ ~* &* +@all\n"
                              "user ann on >pw ~* &* +@all -config\n");
}

static int set_up_password(void **state)
{
    return set_up_with(state, "requirepass hush");
}

static void check_login(struct fixture *f, const char *who, const char *file, const char *problem)
{
    char url[128];
    snprintf(url, sizeof url, "redis://%s127.0.0.1:%d", who, f->server.port);
    connect_with(f, (struct wc_redis_options){.url = url, .password_file = file});
    if (problem == NULL)
        AWAIT(f->loop, 5, wc_redis_ready(f->redis));
    else
        AWAIT(f->loop, 5, !wc_redis_ready(f->redis) && strstr(wc_redis_problem(f->redis), problem) != NULL);
    wc_redis_free(f->redis);
    f->redis = NULL;
}

static void logs_in_as_a_user(void **state)
{
    struct fixture *f = *state;
    check_login(f, "bob:s3cret%3A%40%2F@", NULL, NULL);
    check_login(f, "bob:wrong@", NULL, "WRONGPASS");
    char url[200];
    snprintf(url, sizeof url, "%s?user=ann&db=2&password=pw", f->server.unix_url);
    connect_to(f, url); /* may not use CONFIG */
    redis_server_do(&f->server, "CONFIG SET maxmemory-policy volatile-ttl");
    redis_server_do(&f->server, "CLIENT KILL TYPE normal");
    AWAIT(f->loop, 5, wc_redis_unsuitable(f->redis));
    assert_non_null(strstr(wc_redis_problem(f->redis), "volatile-ttl"));
}

static void logs_in_with_a_password(void **state)
{
    struct fixture *f = *state;
    char file[64], log[2000] = "";
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    assert_true(fd >= 0);
    int saved = f->log.fd;
    f->log.fd = fd;
    snprintf(file, sizeof file, "%s/password", f->server.dir);
    FILE *out = fopen(file, "we");
    fputs("hush\nsecond line\n", out);
    fclose(out);
    check_login(f, ":hush@", NULL, NULL);
    check_login(f, ":nothush@", NULL, "WRONGPASS");
    check_login(f, "", NULL, "NOAUTH");
    check_login(f, ":nothush@", file, NULL);
    check_login(f, "default@", file, NULL);
    unlink(file);
    f->log.fd = saved;
    assert_true(pread(fd, log, sizeof log - 1, 0) > 0);
    close(fd);
    assert_non_null(strstr(log, "redis ready"));
    assert_null(strstr(log, "hush"));
}

/* ---- servers that are none ---- */

static int listener(const struct fixture *f, char *url, size_t size)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s/other", f->server.dir);
    unlink(a.sun_path);
    snprintf(url, size, "unix://%s", a.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 100), 0);
    return fd;
}

static void gives_up_on_silence_and_nonsense(void **state)
{
    struct fixture *f = *state;
    char url[128];
    int fd = listener(f, url, sizeof url);
    connect_with(f, (struct wc_redis_options){.url = url, .connect_timeout_ms = 100});
    AWAIT(f->loop, 5, strcmp(wc_redis_problem(f->redis), "no answer after connecting") == 0);
    wc_redis_free(f->redis);
    close(fd);
    fd = listener(f, url, sizeof url);
    connect_with(f, (struct wc_redis_options){.url = url});
    int conn;
    AWAIT(f->loop, 5, (conn = accept(fd, NULL, NULL)) >= 0);
    close(conn);
    AWAIT(f->loop, 5, strcmp(wc_redis_problem(f->redis), "connecting") != 0);
    AWAIT(f->loop, 5, (conn = accept(fd, NULL, NULL)) >= 0);
    AWAIT(f->loop, 5, recv(conn, url, sizeof url, MSG_DONTWAIT) > 0);
    assert_int_equal(write(conn, "HTTP/1.1 400 Bad\r\n\r\n", 20), 20);
    AWAIT(f->loop, 5, strstr(wc_redis_problem(f->redis), "rotocol error") != NULL);
    close(conn);
    close(fd);
    snprintf(url, sizeof url, "%s/other", f->server.dir);
    unlink(url);
    AWAIT(f->loop, 5, strcasestr(wc_redis_problem(f->redis), "no such file") != NULL);
}

static void says_that_it_is_refused(void **state)
{
    struct fixture *f = *state;
    connect_with(f, (struct wc_redis_options){.url = "redis://127.0.0.1:1", .command_timeout_ms = 300});
    struct tally t = tally(f);
    advance_by(&t, 3);
    AWAIT(f->loop, 5, t.done == 3);
    assert_int_equal(t.unavailable, 3);
    assert_string_equal(wc_redis_problem(f->redis), "connection refused");
    assert_int_equal(advance(&t), WC_UNAVAILABLE);
    assert_int_equal(f->ready + f->lost, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pipelines_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_for_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(looks_names_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_while_looking_a_name_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reloads_flushed_scripts_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(repeats_in_order_after_a_kill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_back_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_unavailable_while_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(younger_commands_survive_an_older_ones_timeout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds_its_queue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fires_what_is_pending_at_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_errors_from_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reconnects_when_it_finds_a_replica, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_replies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(carries_any_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flags_an_unsuitable_server, set_up, tear_down),
        cmocka_unit_test_setup_teardown(demands_fsync, set_up_fsync, tear_down),
        cmocka_unit_test_setup_teardown(logs_in_as_a_user, set_up_acl, tear_down),
        cmocka_unit_test_setup_teardown(logs_in_with_a_password, set_up_password, tear_down),
        cmocka_unit_test_setup_teardown(gives_up_on_silence_and_nonsense, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_that_it_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
