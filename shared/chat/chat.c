#include "chat/chat.h"

#include "base/clock.h"
#include "base/text.h"
#include "chat/auth.h"
#include "chat/call.h"
#include "chat/cursor.h"
#include "chat/durable.h"
#include "chat/fanout.h"
#include "chat/lease.h"
#include "chat/pages.h"
#include "chat/presence.h"
#include "chat/writer.h"

#include <stdio.h>

#define ROW(n, meta, t, d, lo, hi, field, h)                                                                           \
    {                                                                                                                  \
        .name = (n), .metavar = (meta), .type = (t), .def = (d), .min = (lo), .max = (hi),                             \
        .offset = offsetof(struct wc_chat_options, field), .help = (h)                                                 \
    }

const struct wc_option wc_chat_option_rows[] = {
    ROW("token-key", "FILE", WC_OPT_STR, NULL, 0, 0, token_key,
        "The P-256 private key (PEM, mode 0600) that signs access tokens, the same for all workers"),
    ROW("token-issuer", "NAME", WC_OPT_STR, "wcchat", 0, 0, issuer, "The iss of access tokens"),
    ROW("token-audience", "NAME", WC_OPT_STR, "wcchat", 0, 0, audience, "The aud of access tokens"),
    ROW("token-lifetime", "TIME", WC_OPT_DURATION, "15m", 1000, 86400000, token_lifetime_ms,
        "How long an access token is good for"),
    ROW("refresh-lifetime", "TIME", WC_OPT_DURATION, "30d", 60000, 0, refresh_lifetime_ms,
        "How long a refresh token that is not used is good for"),
    ROW("registration", NULL, WC_OPT_BOOL, "true", 0, 0, registration, "Let anybody make an account"),
    ROW("admin", "USER", WC_OPT_STR, NULL, 0, 0, admin,
        "Who registers under this handle is a site administrator; register it before others can"),
    ROW("general", "ROOM", WC_OPT_STR, "general", 0, 0, general,
        "The room that everybody is in from registration on; empty for none"),
    ROW("hash-threads", "N", WC_OPT_U64, "2", 1, 16, hash_threads, "Threads that hash passwords"),
    ROW("hash-queue", "N", WC_OPT_U64, "256", 1, 65536, hash_queue, "Passwords that may wait to be hashed"),
    ROW("login-free", "N", WC_OPT_U64, "5", 1, 1000, login_free,
        "Failed logins of an account before the next attempts are delayed"),
    ROW("login-address-free", "N", WC_OPT_U64, "50", 1, 100000, login_address_free,
        "Failed logins from an address, of IPv6 from a /64, before the next attempts are delayed"),
    ROW("login-delay-max", "TIME", WC_OPT_DURATION, "30s", 1000, 3600000, login_delay_max_ms,
        "The longest of the growing delays after failed logins"),
    ROW("post-rate", "N", WC_OPT_U64, "100", 0, 1000000, post_rate,
        "Messages a second that a user may post in a conversation in the long run; 0 for any"),
    ROW("post-burst", "N", WC_OPT_U64, "1000", 1, 10000000, post_burst, "Messages that a user may post at once"),
    ROW("retention-messages", "N", WC_OPT_U64, "1000000", 0, 0, retention_messages,
        "Events that a conversation keeps, about; 0 for all; a room can have its own"),
    ROW("retention-time", "TIME", WC_OPT_DURATION, "0", 0, 0, retention_ms,
        "How long a conversation keeps events, about; 0 for ever; a room can have its own"),
    ROW("lease", "TIME", WC_OPT_DURATION, "6s", 500, 600000, lease_ms,
        "How long a worker counts as alive after it was last heard of"),
    ROW("grace", "TIME", WC_OPT_DURATION, "3s", 0, 600000, grace_ms,
        "How long a user stays online after a session ended, so that a reconnect does not show"),
    ROW("heartbeat", "TIME", WC_OPT_DURATION, "1s", 100, 60000, heartbeat_ms,
        "How often delivery through Redis is proved"),
    ROW("presence-members", "N", WC_OPT_U64, "256", 0, 100000, presence_members,
        "Presence is told to conversations of at most so many members; larger ones ask"),
    ROW("session-queue", "SIZE", WC_OPT_SIZE, "256k", 16384, 1u << 30, session_queue,
        "Bytes that may wait for a slow reader before it reads from the log at its own pace"),
    ROW("log-page", "N", WC_OPT_U64, "100", 1, 1000, page, "Entries read from a log at once"),
    ROW("durability", "LEVEL", WC_OPT_STR, "none", 0, 0, durability,
        "What has a message before it is acknowledged: none (Redis' memory; the rest is as Redis is set up), fsync "
        "(Redis' disk: a Redis that does not run with appendonly yes and appendfsync always is refused), or "
        "replicas:N"),
    ROW("io-uring", NULL, WC_OPT_BOOL, "true", 0, 0, io_uring,
        "Write to all sessions of a loop turn in one system call, where the kernel can"),
};
const size_t wc_chat_option_count = WC_COUNT(wc_chat_option_rows);

static const struct wc_metric redis_metrics[] = {
    {"wcchat_redis_commands_total", NULL, WC_COUNTER, offsetof(struct wc_redis_stats, commands), 1,
     "Commands asked of Redis"},
    {"wcchat_redis_failures_total", NULL, WC_COUNTER, offsetof(struct wc_redis_stats, failures), 1,
     "Commands that were not answered in time, or with an error"},
    {"wcchat_redis_retries_total", NULL, WC_COUNTER, offsetof(struct wc_redis_stats, retries), 1,
     "Commands sent again after their connection broke"},
    {"wcchat_redis_connects_total", NULL, WC_COUNTER, offsetof(struct wc_redis_stats, connects), 1,
     "Connections for commands"},
    {"wcchat_redis_queue", NULL, WC_GAUGE, offsetof(struct wc_redis_stats, queued), 1,
     "Commands that wait or are in flight"},
};

static const struct wc_metric subscriber_metrics[] = {
    {"wcchat_redis_messages_total", NULL, WC_COUNTER, offsetof(struct wc_subscriber_stats, messages), 1,
     "Messages that Pub/Sub brought"},
    {"wcchat_redis_subscriber_connects_total", NULL, WC_COUNTER, offsetof(struct wc_subscriber_stats, connects), 1,
     "Connections for subscriptions"},
    {"wcchat_redis_subscriptions", NULL, WC_GAUGE, offsetof(struct wc_subscriber_stats, channels), 1,
     "Channels subscribed to"},
};

static void on_redis_ready(void *arg)
{
    struct wc_chat *chat = arg;
    if (chat->lease != NULL)
        wc_lease_redis_ready(chat->lease);
}

static void on_redis_lost(void *arg, const char *why)
{
    struct wc_chat *chat = arg;
    (void)why; /* the client has logged it */
    if (chat->lease != NULL)
        wc_lease_redis_lost(chat->lease);
}

static const struct wc_redis_events redis_events = {on_redis_ready, on_redis_lost};

static bool check(const struct wc_chat_options *o, struct wc_durability *durability, struct wc_buf *why)
{
    if (o->token_key[0] == '\0')
        wc_buf_z(why, "--token-key is missing: all workers need the same key file (openssl genpkey -algorithm EC "
                      "-pkeyopt ec_paramgen_curve:P-256 -out token.key, mode 0600)");
    else if (o->general[0] != '\0' && !wc_text_room(wc_str(o->general)))
        wc_buf_addf(why, "--general: '%s' is no name of a room", o->general);
    else if (o->heartbeat_ms * 3 > o->lease_ms * 2)
        wc_buf_z(why, "--lease must be at least one and a half times --heartbeat");
    else if (!wc_durability_read(wc_str(o->durability), durability))
        wc_buf_addf(why, "--durability: '%s' is not none, fsync or replicas:N with N from 1 to 100", o->durability);
    return why->n == 0;
}

struct wc_chat *wc_chat_new(struct ev_loop *loop, struct wc_log *log, struct wc_metrics *metrics,
                            const struct wc_chat_options *options, const struct wc_redis_options *redis,
                            struct wc_buf *why)
{
    struct wc_durability durability = {.replicas = 0};
    if (!check(options, &durability, why))
        return NULL;
    struct wc_redis_options commands = *redis;
    commands.fsync = durability.fsync;
    struct wc_chat *chat = WC_NEW(struct wc_chat);
    const char *problem = NULL;
    chat->loop = loop;
    chat->log = log;
    chat->metrics = metrics;
    chat->options = *options;
    chat->replicas = durability.replicas;
    chat->version = WC_VERSION;
    chat->started_ms = wc_wall_ms();
    chat->command_timeout_ms = redis->command_timeout_ms;
    chat->tokens = wc_tokens_new(options->token_key, options->issuer, options->audience,
                                 options->token_lifetime_ms / 1000, &problem);
    if (chat->tokens != NULL)
        chat->redis = wc_redis_new(loop, log, &commands, &redis_events, chat, &problem);
    if (chat->redis != NULL)
        chat->subscriber = wc_subscriber_new(loop, log, redis, &problem);
    if (chat->subscriber == NULL) {
        wc_buf_addf(why, "%s: %s", chat->tokens == NULL ? options->token_key : "--redis", problem);
        wc_chat_free(chat);
        return NULL;
    }
    wc_metrics_add(metrics, redis_metrics, WC_COUNT(redis_metrics), wc_redis_stats(chat->redis));
    wc_metrics_add(metrics, subscriber_metrics, WC_COUNT(subscriber_metrics), wc_subscriber_stats(chat->subscriber));
    chat->passwords = wc_passwords_new(loop, (unsigned)options->hash_threads, (unsigned)options->hash_queue);
    chat->calls = wc_calls_new(chat);
    chat->people = wc_people_new(chat);
    chat->fanout = wc_fanout_new(chat);
    chat->sessions = wc_sessions_new(chat);
    chat->writer = wc_writer_new(chat->options.io_uring);
    chat->cursors = wc_cursors_new(chat);
    chat->pages = wc_pages_new(metrics);
    chat->presence = wc_presence_new(chat);
    chat->lease = wc_lease_new(chat);
    chat->auth = wc_auth_new(chat);
    return chat;
}

void wc_chat_free(struct wc_chat *chat)
{
    if (chat == NULL)
        return;
    wc_redis_free(chat->redis); /* first: what is pending comes back while everybody is still there */
    wc_auth_free(chat->auth);
    wc_calls_free(chat->calls);
    wc_lease_free(chat->lease);
    wc_presence_free(chat->presence);
    wc_pages_free(chat->pages);
    wc_cursors_free(chat->cursors);
    wc_sessions_free(chat->sessions);
    wc_writer_free(chat->writer);
    wc_fanout_free(chat->fanout);
    wc_people_free(chat->people);
    wc_passwords_free(chat->passwords);
    wc_subscriber_free(chat->subscriber);
    wc_tokens_free(chat->tokens);
    free(chat);
}

const char *wc_chat_not_ready(const struct wc_chat *chat)
{
    if (chat->draining)
        return "draining";
    if (!chat->started)
        return "starting";
    if (wc_redis_ready(chat->redis) && !wc_lease_hearing(chat->lease))
        return "subscription lost";
    return NULL;
}

void wc_chat_drain(struct wc_chat *chat)
{
    chat->draining = true;
    wc_lease_tell(chat->lease);
}

static void stop_over(struct wc_chat_stop *stop)
{
    if (stop->done == NULL)
        return;
    void (*done)(void *arg) = stop->done;
    stop->done = NULL;
    ev_timer_stop(stop->chat->loop, &stop->patience);
    done(stop->arg);
}

static void on_lease_given_up(void *arg)
{
    stop_over(arg);
}

static void on_presence_stopped(void *arg)
{
    struct wc_chat_stop *stop = arg;
    wc_lease_stop(stop->chat->lease, on_lease_given_up, stop);
}

static void on_patience_over(EV_P_ ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    stop_over(timer->data);
}

void wc_chat_stop(struct wc_chat *chat, void (*done)(void *arg), void *arg)
{
    struct wc_chat_stop *stop = &chat->stop;
    *stop = (struct wc_chat_stop){.chat = chat, .done = done, .arg = arg};
    ev_timer_init(&stop->patience, on_patience_over, 2., 0.);
    stop->patience.data = stop;
    ev_timer_start(chat->loop, &stop->patience);
    wc_presence_stop(chat->presence, on_presence_stopped, stop);
}
