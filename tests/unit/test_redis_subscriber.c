#define _GNU_SOURCE
#include "await.h"
#include "base/mem.h"
#include "redis/subscriber.h"
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

#define MANY 1000

struct fixture {
    struct ev_loop *loop;
    struct wc_log log;
    struct redis_server server;
    struct wc_subscriber *subscriber;
    struct wc_redis *redis; /* to publish with */
    bool ending;
};

/* One subscription and what it saw. */
struct listener {
    struct fixture *f;
    struct wc_subscription *sub;
    char name[32];
    size_t confirmed, lost, messages;
    bool told_confirmed; /* confirmed and lost must take turns */
    bool unsubscribe, resubscribe;
    struct listener *victim; /* unsubscribed by the next callback of this one */
    char last[64];
};

static struct listener *listen_to(struct fixture *f, struct listener *l, const char *name);

static void act(struct listener *l)
{
    if (l->victim != NULL) {
        wc_unsubscribe(l->victim->sub);
        l->victim->sub = NULL;
        l->victim = NULL;
    }
    if (!l->unsubscribe)
        return;
    l->unsubscribe = false;
    wc_unsubscribe(l->sub);
    l->sub = NULL;
    l->told_confirmed = false;
    if (l->resubscribe)
        listen_to(l->f, l, NULL);
}

static void on_confirmed(void *arg)
{
    struct listener *l = arg;
    assert_non_null(l->sub);
    assert_false(l->told_confirmed);
    assert_true(wc_subscription_confirmed(l->sub));
    l->told_confirmed = true;
    l->confirmed++;
}

static void on_message(void *arg, struct wc_str payload)
{
    struct listener *l = arg;
    assert_non_null(l->sub);
    assert_true(l->told_confirmed);
    l->messages++;
    snprintf(l->last, sizeof l->last, "%.*s", WC_STR_ARG(payload));
    act(l);
}

static void on_lost(void *arg)
{
    struct listener *l = arg;
    assert_non_null(l->sub);
    assert_true(l->told_confirmed);
    assert_false(wc_subscription_confirmed(l->sub));
    l->told_confirmed = false;
    l->lost++;
    act(l);
}

static const struct wc_subscription_events events = {.confirmed = on_confirmed, .message = on_message, .lost = on_lost};

static struct listener *listen_to(struct fixture *f, struct listener *l, const char *name)
{
    if (name != NULL)
        snprintf(l->name, sizeof l->name, "%s", name);
    l->f = f;
    l->told_confirmed = false;
    l->sub = wc_subscribe(f->subscriber, wc_str(l->name), &events, l);
    assert_non_null(l->sub);
    assert_false(wc_subscription_confirmed(l->sub));
    return l;
}

static void stop_listening(struct listener *l)
{
    wc_unsubscribe(l->sub);
    l->sub = NULL;
}

static void on_published(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)reply;
    const struct fixture *f = arg;
    if (!f->ending)
        assert_int_equal(err, WC_OK);
}

static void publish(struct fixture *f, const char *name, const char *text)
{
    struct wc_str argv[] = {WC_STR("PUBLISH"), wc_str(name), wc_str(text)};
    assert_int_equal(wc_redis_command(f->redis, argv, 3, on_published, f), WC_OK);
}

static struct wc_redis_options options(const char *url)
{
    return (struct wc_redis_options){
        .url = url, .connect_timeout_ms = 400, .command_timeout_ms = 5000, .queue_max = 100000};
}

static int set_up_with(void **state, const char *config)
{
    struct fixture *f = WC_NEW(struct fixture);
    *state = f;
    signal(SIGPIPE, SIG_IGN);
    f->loop = ev_loop_new(EVFLAG_AUTO);
    const char *log = getenv("WC_TEST_LOG") != NULL ? getenv("WC_TEST_LOG") : "/dev/null";
    wc_log_init(&f->log, open(log, O_WRONLY | O_APPEND | O_CREAT, 0600), false, WC_DEBUG);
    redis_server_start(&f->server, config);
    return 0;
}

static int set_up(void **state)
{
    set_up_with(state, NULL);
    struct fixture *f = *state;
    const char *why = NULL;
    struct wc_redis_options tcp = options(f->server.tcp_url), local = options(f->server.unix_url);
    f->subscriber = wc_subscriber_new(f->loop, &f->log, &tcp, &why);
    f->redis = wc_redis_new(f->loop, &f->log, &local, NULL, NULL, &why);
    assert_non_null(f->subscriber);
    assert_non_null(f->redis);
    AWAIT(f->loop, 10, wc_subscriber_connected(f->subscriber) && wc_redis_ready(f->redis));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    f->ending = true;
    wc_subscriber_free(f->subscriber);
    wc_redis_free(f->redis);
    redis_server_stop(&f->server);
    ev_loop_destroy(f->loop);
    close(f->log.fd);
    free(f);
    return 0;
}

static int set_up_password(void **state)
{
    return set_up_with(state, "requirepass hush");
}

static void hands_messages_over_in_order(void **state)
{
    struct fixture *f = *state;
    struct listener a = {0}, b = {0};
    listen_to(f, &a, "a");
    listen_to(f, &b, "b");
    AWAIT(f->loop, 5, a.confirmed == 1 && b.confirmed == 1);
    for (int i = 0; i < 10000; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d", i);
        publish(f, i % 2 == 0 ? "a" : "b", text);
    }
    AWAIT(f->loop, 10, a.messages == 5000 && b.messages == 5000);
    assert_string_equal(a.last, "9998");
    assert_string_equal(b.last, "9999");
    assert_int_equal(wc_subscriber_stats(f->subscriber)->messages, 10000);
    assert_int_equal(wc_subscriber_stats(f->subscriber)->channels, 2);
}

static void takes_large_payloads(void **state)
{
    struct fixture *f = *state;
    struct listener a = {0};
    listen_to(f, &a, "a");
    AWAIT(f->loop, 5, a.confirmed == 1);
    char *text = malloc(3000001);
    memset(text, 'x', 3000000);
    text[3000000] = '\0';
    publish(f, "a", text);
    free(text);
    publish(f, "a", "small");
    AWAIT(f->loop, 10, a.messages == 2);
    assert_string_equal(a.last, "small");
}

/* How many confirmations there were: they come in no order that was promised. */
static size_t confirmations(const struct listener l[MANY])
{
    size_t n = 0;
    for (size_t i = 0; i < MANY; i++)
        n += l[i].confirmed;
    return n;
}

static void subscribes_again_after_each_loss(void **state)
{
    struct fixture *f = *state;
    static struct listener l[MANY];
    memset(l, 0, sizeof l);
    size_t lost = 0;
    for (size_t i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "wcc:room:{%zu}:log", i);
        listen_to(f, &l[i], name);
    }
    for (size_t round = 1; round <= 5; round++) {
        AWAIT(f->loop, 10, confirmations(l) == round * MANY);
        assert_string_equal(redis_server_do(&f->server, "CLIENT KILL TYPE pubsub"), ":1\r\n");
        AWAIT(f->loop, 5, l[0].lost == round);
        assert_false(wc_subscription_confirmed(l[0].sub));
    }
    AWAIT(f->loop, 10, confirmations(l) == 6 * MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(l[i].confirmed, 6);
        lost += l[i].lost;
    }
    assert_int_equal(lost, 5 * MANY);
    publish(f, l[500].name, "hello");
    AWAIT(f->loop, 5, l[500].messages == 1);
    assert_int_equal(wc_subscriber_stats(f->subscriber)->connects, 6);
}

static size_t subscribed_at_redis(struct fixture *f)
{
    const char *answer = redis_server_do(&f->server, "PUBSUB CHANNELS");
    return strtoul(answer + 1, NULL, 10);
}

/* The same names taken and left at random, with messages all the time; what holds at the end must be so at Redis. */
static void survives_churn(void **state)
{
    struct fixture *f = *state;
    static struct listener l[20];
    memset(l, 0, sizeof l);
    unsigned seed = 7;
    for (int step = 0; step < 5000; step++) {
        struct listener *one = &l[rand_r(&seed) % 20];
        snprintf(one->name, sizeof one->name, "ch%td", one - l);
        if (one->sub != NULL)
            stop_listening(one);
        else
            listen_to(f, one, NULL);
        if (step % 5 == 0)
            publish(f, one->name, "x");
        if (step % 1000 == 999)
            redis_server_do(&f->server, "CLIENT KILL TYPE pubsub");
        if (rand_r(&seed) % 3 == 0)
            ev_run(f->loop, EVRUN_NOWAIT);
    }
    size_t held = 0;
    for (size_t i = 0; i < 20; i++) {
        if (l[i].sub == NULL)
            continue;
        held++;
        AWAIT(f->loop, 10, wc_subscription_confirmed(l[i].sub));
        size_t before = l[i].messages;
        publish(f, l[i].name, "last");
        AWAIT(f->loop, 5, l[i].messages > before && strcmp(l[i].last, "last") == 0);
    }
    AWAIT(f->loop, 5, subscribed_at_redis(f) == held);
    assert_int_equal(wc_subscriber_stats(f->subscriber)->channels, held);
}

/* A name left and taken again at once: the new subscription is confirmed by its own answer, once. */
static void a_new_subscription_has_its_own_confirmation(void **state)
{
    struct fixture *f = *state;
    struct listener a = {0}, again = {0};
    listen_to(f, &a, "a");
    AWAIT(f->loop, 5, a.confirmed == 1);
    stop_listening(&a);
    listen_to(f, &again, "a");
    publish(f, "a", "early or late");
    AWAIT(f->loop, 5, again.confirmed == 1);
    stop_listening(&again);
    ev_run(f->loop, EVRUN_NOWAIT); /* UNSUBSCRIBE is written */
    listen_to(f, &again, "a");
    AWAIT(f->loop, 5, again.confirmed == 2);
    assert_int_equal(a.messages, 0);
    size_t before = again.messages;
    publish(f, "a", "now");
    AWAIT(f->loop, 5, again.messages == before + 1);
}

static int accept_greeted(struct fixture *f, int listening)
{
    char heard[512];
    int fd;
    AWAIT(f->loop, 5, (fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0);
    AWAIT(f->loop, 5, recv(fd, heard, sizeof heard, 0) > 0);
    assert_int_equal(write(fd, "+PONG\r\n", 7), 7);
    AWAIT(f->loop, 5, wc_subscriber_connected(f->subscriber));
    return fd;
}

/* Waits for the last command written to be this one, for "a". */
static void await_command(struct fixture *f, int fd, const char *command)
{
    char heard[512], tail[64];
    size_t n = 0;
    int len = snprintf(tail, sizeof tail, "%s\r\n$1\r\na\r\n", command);
    AWAIT(f->loop, 5, ({
              ssize_t got = recv(fd, heard + n, sizeof heard - n, 0);
              n += got > 0 ? (size_t)got : 0;
              n >= (size_t)len &&memcmp(heard + n - (size_t)len, tail, (size_t)len) == 0;
          }));
}

static void answer(struct fixture *f, int fd, const char *kind)
{
    dprintf(fd, "*3\r\n$%zu\r\n%s\r\n$1\r\na\r\n%s\r\n", strlen(kind), kind,
            strcmp(kind, "message") == 0 ? "$1\r\nx" : ":1");
    await_nothing(f->loop, 0.05);
}

/* Against a Redis played by the test, so that the answers come as late as wanted. */
static void late_answers_are_not_taken_for_others(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char url[128];
    const char *why;
    snprintf(to.sun_path, sizeof to.sun_path, "%s/other", f->server.dir);
    snprintf(url, sizeof url, "unix://%s", to.sun_path);
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(listen(listening, 5), 0);
    struct wc_redis_options o = options(url);
    wc_subscriber_free(f->subscriber);
    f->subscriber = wc_subscriber_new(f->loop, &f->log, &o, &why);
    int fd = accept_greeted(f, listening);

    struct listener old = {0}, young = {0};
    listen_to(f, &old, "a");
    await_command(f, fd, "SUBSCRIBE");
    stop_listening(&old);
    await_command(f, fd, "UNSUBSCRIBE");
    listen_to(f, &young, "a");
    await_command(f, fd, "SUBSCRIBE");
    answer(f, fd, "subscribe");
    assert_int_equal(young.confirmed, 0);
    answer(f, fd, "message");
    assert_int_equal(young.messages, 0);
    answer(f, fd, "unsubscribe");
    answer(f, fd, "subscribe");
    assert_int_equal(young.confirmed, 1);
    answer(f, fd, "message");
    assert_int_equal(young.messages, 1);
    assert_int_equal(old.confirmed + old.messages, 0);
    close(fd);
    close(listening);
    unlink(to.sun_path);
}

static void callbacks_may_subscribe_and_unsubscribe(void **state)
{
    struct fixture *f = *state;
    struct listener a = {.unsubscribe = true, .resubscribe = true}, b = {0}, c = {0};
    listen_to(f, &a, "a");
    listen_to(f, &b, "b");
    listen_to(f, &c, "c");
    a.victim = &b;
    AWAIT(f->loop, 5, a.confirmed == 1 && b.confirmed == 1 && c.confirmed == 1);
    publish(f, "a", "1");
    publish(f, "b", "to nobody");
    AWAIT(f->loop, 5, a.confirmed == 2);
    assert_null(b.sub);
    publish(f, "a", "2");
    AWAIT(f->loop, 5, a.messages == 2);
    assert_int_equal(b.messages, 0);
    a.unsubscribe = c.unsubscribe = true; /* in `lost` this time */
    a.resubscribe = c.resubscribe = false;
    a.victim = &c;
    c.victim = &a;
    wc_subscriber_reconnect(f->subscriber, "because the test says so");
    assert_int_equal(a.lost + c.lost, 0);
    AWAIT(f->loop, 5, a.lost + c.lost == 1);
    AWAIT(f->loop, 5, wc_subscriber_connected(f->subscriber));
    assert_int_equal(wc_subscriber_stats(f->subscriber)->connects, 2);
    assert_int_equal(wc_subscriber_stats(f->subscriber)->channels, 0);
}

static void notices_a_stopped_redis(void **state)
{
    struct fixture *f = *state;
    struct wc_redis_options o = options(f->server.tcp_url);
    const char *why;
    o.command_timeout_ms = 300;
    wc_subscriber_free(f->subscriber);
    f->subscriber = wc_subscriber_new(f->loop, &f->log, &o, &why);
    struct listener a = {0}, b = {0};
    listen_to(f, &a, "a");
    AWAIT(f->loop, 5, a.confirmed == 1);
    redis_server_signal(&f->server, SIGSTOP);
    listen_to(f, &b, "b");
    AWAIT(f->loop, 5, a.lost == 1);
    assert_int_equal(b.lost, 0);
    assert_false(wc_subscriber_connected(f->subscriber));
    redis_server_signal(&f->server, SIGCONT);
    AWAIT(f->loop, 5, a.confirmed == 2 && b.confirmed == 1);
}

static void is_back_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct listener a = {0};
    listen_to(f, &a, "a");
    AWAIT(f->loop, 5, a.confirmed == 1);
    redis_server_down(&f->server);
    AWAIT(f->loop, 5, a.lost == 1);
    struct listener b = {0}, c = {0};
    listen_to(f, &b, "b");
    listen_to(f, &c, "c");
    stop_listening(&c);
    redis_server_up(&f->server);
    AWAIT(f->loop, 10, a.confirmed == 2 && b.confirmed == 1 && wc_redis_ready(f->redis));
    assert_int_equal(subscribed_at_redis(f), 2);
}

static void logs_in(void **state)
{
    struct fixture *f = *state;
    char url[80];
    const char *why;
    snprintf(url, sizeof url, "redis://:hush@localhost:%d", f->server.port);
    struct wc_redis_options right = options(url), wrong = options(f->server.tcp_url);
    f->subscriber = wc_subscriber_new(f->loop, &f->log, &right, &why);
    struct listener a = {0};
    listen_to(f, &a, "a");
    AWAIT(f->loop, 5, a.confirmed == 1);
    wc_subscriber_free(f->subscriber);
    f->subscriber = wc_subscriber_new(f->loop, &f->log, &wrong, &why);
    listen_to(f, &a, "a");
    await_nothing(f->loop, 0.3);
    assert_false(wc_subscriber_connected(f->subscriber));
    assert_int_equal(a.confirmed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hands_messages_over_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_large_payloads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(subscribes_again_after_each_loss, set_up, tear_down),
        cmocka_unit_test_setup_teardown(survives_churn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_subscription_has_its_own_confirmation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(late_answers_are_not_taken_for_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(callbacks_may_subscribe_and_unsubscribe, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notices_a_stopped_redis, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_back_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(logs_in, set_up_password, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
