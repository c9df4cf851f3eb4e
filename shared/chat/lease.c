#define _GNU_SOURCE /* memmem */
#include "chat/lease.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "chat/fanout.h"
#include "chat/names.h"
#include "chat/presence.h"
#include "chat/soon.h"

#include <stdio.h>
#include <unistd.h>

enum { REAP_BATCH = 100, MEMORY_CHECK_MS = 10000, MEMORY_WARN_PERCENT = 85 };

struct wc_lease {
    struct wc_chat *chat;
    struct wc_subscription *heartbeat;
    ev_timer beat, renew;
    struct wc_soon soon;
    struct reading *reading;    /* of this turn; NULL: nobody wants to know */
    uint64_t redis_since_ms;    /* monotonic: since when it takes our renewals; 0: away */
    uint64_t heard_ms, sent_ms; /* monotonic */
    uint64_t memory_checked_ms;
    uint64_t asked_ms, until_ms; /* monotonic: the renewal under way, the end of the last one */
    bool registered;             /* the worker's hash was written under this id */
    bool renewing, stopping;
    bool again;           /* another renewal when this one is done */
    struct wc_buf live;   /* " w1 w2 " */
    struct wc_name dying; /* the worker that is being reaped; n 0: none */
    size_t reaping;       /* sessions of it under way */
    bool reap_failed;
    void (*stopped)(void *arg);
    void *stopped_arg;
    struct {
        uint64_t renewals, deaths, reaped, missed, hearing, memory_percent;
    } stats;
};

static const struct wc_metric metrics[] = {
    {"wcchat_lease_renewals_total", NULL, WC_COUNTER, offsetof(struct wc_lease, stats.renewals), 1, "Renewed leases"},
    {"wcchat_declared_dead_total", NULL, WC_COUNTER, offsetof(struct wc_lease, stats.deaths), 1,
     "Times that this worker found itself declared dead and took a new id"},
    {"wcchat_workers_reaped_total", NULL, WC_COUNTER, offsetof(struct wc_lease, stats.reaped), 1,
     "Dead workers whose sessions this one ended"},
    {"wcchat_heartbeats_missed_total", NULL, WC_COUNTER, offsetof(struct wc_lease, stats.missed), 1,
     "Times that the subscription connection was replaced because the heartbeat did not come back"},
    {"wcchat_delivery_proved", NULL, WC_GAUGE, offsetof(struct wc_lease, stats.hearing), 1,
     "1 while the heartbeat through Redis comes back"},
    {"wcchat_redis_memory_used_percent", NULL, WC_GAUGE, offsetof(struct wc_lease, stats.memory_percent), 1,
     "Memory that Redis uses, of maxmemory, or of the machine's where there is no maxmemory"},
};

static void on_beat(EV_P_ ev_timer *timer, int revents);
static void on_renew(EV_P_ ev_timer *timer, int revents);
static void listen_to_self(struct wc_lease *l);
static void tell_readers(void *arg, wc_err err, const struct wc_reply *workers);

static void new_id(struct wc_chat *chat)
{
    char random[8];
    wc_random_name(random, sizeof(random));
    snprintf(chat->worker, sizeof(chat->worker), "w-%.8s", random);
    snprintf(chat->log->worker, sizeof(chat->log->worker), "%s", chat->worker);
}

struct wc_lease *wc_lease_new(struct wc_chat *chat)
{
    struct wc_lease *l = WC_NEW(struct wc_lease);
    double beat = (double)chat->options.heartbeat_ms / 1000, third = (double)chat->options.lease_ms / 3000;
    l->chat = chat;
    wc_soon_init(&l->soon, chat->loop);
    new_id(chat);
    listen_to_self(l);
    ev_timer_init(&l->beat, on_beat, beat, beat);
    ev_timer_init(&l->renew, on_renew, third, third);
    l->beat.data = l->renew.data = l;
    ev_timer_start(chat->loop, &l->beat);
    ev_timer_start(chat->loop, &l->renew);
    wc_metrics_add(chat->metrics, metrics, WC_COUNT(metrics), l);
    return l;
}

void wc_lease_free(struct wc_lease *l)
{
    if (l == NULL)
        return;
    ev_timer_stop(l->chat->loop, &l->beat);
    ev_timer_stop(l->chat->loop, &l->renew);
    wc_soon_end(&l->soon);
    if (l->reading != NULL)
        tell_readers(l->reading, WC_UNAVAILABLE, NULL); /* who wanted to know lets go */
    wc_unsubscribe(l->heartbeat);
    wc_buf_free(&l->live);
    free(l);
}

static struct wc_name self(const struct wc_lease *l)
{
    return wc_worker_key(wc_str(l->chat->worker));
}

static wc_err script(struct wc_lease *l, enum wc_script which, struct wc_name key, const struct wc_str *args, size_t n,
                     wc_redis_cb cb)
{
    const struct wc_str keys = wc_name_str(&key);
    return wc_redis_script(l->chat->redis, which, &keys, 1, args, n, cb, l);
}

/* ---- the heartbeat ------------------------------------------------------------------------------------------ */

static void ignore(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)arg;
    (void)err;
    (void)reply;
}

static void beat(struct wc_lease *l)
{
    struct wc_name key = self(l);
    const struct wc_str argv[] = {WC_STR("PUBLISH"), wc_name_str(&key), WC_STR("beat")};
    if (wc_redis_command(l->chat->redis, argv, WC_COUNT(argv), ignore, NULL) == WC_OK && l->sent_ms <= l->heard_ms)
        l->sent_ms = wc_monotonic_ms();
}

static void on_heard(void *arg, struct wc_str payload)
{
    (void)payload;
    struct wc_lease *l = arg;
    l->heard_ms = wc_monotonic_ms();
    l->stats.hearing = 1;
}

static void on_heartbeat_confirmed(void *arg)
{
    struct wc_lease *l = arg;
    l->sent_ms = 0;
    beat(l);
}

static void on_heartbeat_lost(void *arg)
{
    struct wc_lease *l = arg;
    l->sent_ms = 0;
    l->stats.hearing = 0;
}

static const struct wc_subscription_events heartbeat_events = {on_heartbeat_confirmed, on_heard, on_heartbeat_lost};

static void listen_to_self(struct wc_lease *l)
{
    struct wc_name key = self(l);
    wc_unsubscribe(l->heartbeat);
    l->heartbeat = wc_subscribe(l->chat->subscriber, wc_name_str(&key), &heartbeat_events, l);
}

/* A heartbeat that was sent and did not come back within three intervals: the subscription is dead, whatever TCP says.
 */
static void on_beat(EV_P_ ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    struct wc_lease *l = timer->data;
    if (!wc_subscription_confirmed(l->heartbeat) || !wc_redis_ready(l->chat->redis))
        return;
    uint64_t now = wc_monotonic_ms();
    if (l->sent_ms > l->heard_ms && now - l->sent_ms > 3 * l->chat->options.heartbeat_ms) {
        l->stats.missed++;
        l->stats.hearing = 0;
        l->sent_ms = 0;
        wc_subscriber_reconnect(l->chat->subscriber, "heartbeat missed");
        return;
    }
    beat(l);
}

bool wc_lease_hearing(const struct wc_lease *l)
{
    return l->stats.hearing != 0;
}

/* ---- who lives ---------------------------------------------------------------------------------------------- */

void wc_lease_take_live(struct wc_lease *l, const struct wc_reply *workers)
{
    bool me = false;
    l->live.n = 0;
    wc_buf_c(&l->live, ' ');
    for (size_t i = 2; i < wc_reply_count(workers); i++) {
        struct wc_str worker = wc_reply_str(workers, i);
        me = me || wc_str_is(worker, l->chat->worker);
        wc_buf_str(&l->live, worker);
        wc_buf_c(&l->live, ' ');
    }
    if (!me)
        wc_buf_addf(&l->live, "%s ", l->chat->worker);
}

uint64_t wc_lease_until(const struct wc_lease *l)
{
    return l->until_ms;
}

struct wc_str wc_lease_live(const struct wc_lease *l)
{
    return l->live.n != 0 ? wc_buf_view(&l->live) : wc_str(l->chat->worker);
}

/* Those who wanted to know in one loop turn which workers live: they are told at once. */
struct reader {
    struct reader *next;
    void (*cb)(void *arg, wc_err err, struct wc_str live);
    void *arg;
};

struct reading {
    struct wc_soon_item soon;
    struct wc_lease *lease;
    struct reader *head, **tail;
};

static void tell_readers(void *arg, wc_err err, const struct wc_reply *workers)
{
    struct reading *reading = arg;
    struct wc_lease *l = reading->lease;
    if (err == WC_OK)
        wc_lease_take_live(l, workers);
    for (struct reader *r = reading->head, *next; r != NULL; r = next) {
        next = r->next;
        r->cb(r->arg, err, wc_lease_live(l));
        free(r);
    }
    free(reading);
}

static void on_read_soon(struct wc_soon_item *item)
{
    struct reading *reading = WC_CONTAINER(item, struct reading, soon);
    struct wc_lease *l = reading->lease;
    l->reading = NULL;
    const struct wc_str key = WC_STR("wcc:workers");
    if (wc_redis_script(l->chat->redis, WC_SCRIPT_WORKERS_EXPIRED, &key, 1, NULL, 0, tell_readers, reading) != WC_OK)
        tell_readers(reading, WC_UNAVAILABLE, NULL);
}

void wc_lease_read_live(struct wc_lease *l, void (*cb)(void *arg, wc_err err, struct wc_str live), void *arg)
{
    if (l->reading == NULL) {
        l->reading = WC_NEW(struct reading);
        l->reading->lease = l;
        l->reading->tail = &l->reading->head;
        l->reading->soon.fire = on_read_soon;
        wc_soon_add(&l->soon, &l->reading->soon);
    }
    struct reader *r = WC_NEW(struct reader);
    *r = (struct reader){NULL, cb, arg};
    *l->reading->tail = r;
    l->reading->tail = &r->next;
}

/* ---- reaping ------------------------------------------------------------------------------------------------ */

static void claim(struct wc_lease *l);

static void reap_over(struct wc_lease *l)
{
    l->dying.n = 0;
}

static void on_removed(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)reply;
    struct wc_lease *l = arg;
    if (err == WC_OK) {
        l->stats.reaped++;
        wc_log(l->chat->log, WC_WARN, "dead worker reaped", WC_S("dead", wc_name_str(&l->dying)));
    }
    reap_over(l);
}

/* The worker itself goes last: until then another can take over from us. */
static void on_forgotten(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_lease *l = arg;
    const struct wc_str key = WC_STR("wcc:workers"), args[] = {wc_name_str(&l->dying), WC_STR("0")};
    if (err != WC_OK || wc_reply_u64(reply, 1) == 0 ||
        wc_redis_script(l->chat->redis, WC_SCRIPT_WORKERS_LEASE, &key, 1, args, WC_COUNT(args), on_removed, l) != WC_OK)
        reap_over(l);
}

static void on_session_reaped(void *arg, wc_err err)
{
    struct wc_lease *l = arg;
    l->reap_failed = l->reap_failed || err != WC_OK;
    if (--l->reaping != 0)
        return;
    if (l->reap_failed)
        reap_over(l); /* the next round tries again */
    else
        claim(l);
}

static void on_claimed(void *arg, wc_err err, const struct wc_reply *sessions)
{
    struct wc_lease *l = arg;
    size_t n = err == WC_OK ? wc_reply_count(sessions) : 0;
    if (n == 0 || !wc_str_is(wc_reply_str(sessions, 0), "ok")) {
        reap_over(l);
        return;
    }
    if (n == 1) {
        if (script(l, WC_SCRIPT_REAP_DONE, wc_worker_key(wc_name_str(&l->dying)), NULL, 0, on_forgotten) != WC_OK)
            reap_over(l);
        return;
    }
    l->reaping = n - 1;
    l->reap_failed = false;
    for (size_t i = 1; i < n; i++)
        wc_presence_reap(l->chat->presence, wc_name_str(&l->dying), wc_reply_str(sessions, i), on_session_reaped, l);
}

static void claim(struct wc_lease *l)
{
    char ms[24], batch[12];
    int nms = snprintf(ms, sizeof(ms), "%llu", (unsigned long long)l->chat->options.lease_ms);
    int nbatch = snprintf(batch, sizeof(batch), "%d", REAP_BATCH);
    const struct wc_str args[] = {wc_str(l->chat->worker), {ms, (size_t)nms}, {batch, (size_t)nbatch}};
    if (script(l, WC_SCRIPT_REAP_CLAIM, wc_worker_key(wc_name_str(&l->dying)), args, WC_COUNT(args), on_claimed) !=
        WC_OK)
        reap_over(l);
}

static bool may_reap(const struct wc_lease *l)
{
    return l->redis_since_ms != 0 && wc_monotonic_ms() - l->redis_since_ms > l->chat->options.lease_ms &&
           l->dying.n == 0 && !l->stopping && l->chat->started;
}

/* Redis is there and does not take it (full, a replica): others can't renew theirs either, and reaping waits. */
static void not_renewed(struct wc_lease *l)
{
    l->renewing = false;
    if (l->redis_since_ms != 0)
        l->redis_since_ms = wc_monotonic_ms();
}

static void on_workers(void *arg, wc_err err, const struct wc_reply *workers)
{
    struct wc_lease *l = arg;
    if (err != WC_OK) {
        not_renewed(l);
        return;
    }
    l->renewing = false;
    wc_lease_take_live(l, workers);
    size_t expired = wc_reply_u64(workers, 1);
    for (size_t i = 2; i < 2 + expired && may_reap(l); i++) {
        struct wc_str worker = wc_reply_str(workers, i);
        if (wc_str_is(worker, l->chat->worker) || worker.n == 0 || worker.n >= WC_NAME_MAX - 16)
            continue;
        memcpy(l->dying.z, worker.p, worker.n);
        l->dying.z[worker.n] = '\0';
        l->dying.n = (uint8_t)worker.n;
        claim(l);
    }
    if (l->again)
        wc_lease_tell(l);
}

/* ---- renewing ----------------------------------------------------------------------------------------------- */

static void on_general(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)reply;
    struct wc_lease *l = arg;
    if (err != WC_OK || l->chat->started)
        return;
    l->chat->started = true;
    wc_log(l->chat->log, WC_INFO, "worker ready");
}

/* The directory has the room before it is made; `conflict` says that it is there already. */
static void start(struct wc_lease *l)
{
    const char *general = l->chat->options.general;
    if (general[0] == '\0') {
        on_general(l, WC_OK, NULL);
        return;
    }
    const struct wc_target target = {false, wc_str(general)};
    struct wc_name name = wc_conv_name(&target, WC_STR(""));
    const struct wc_str directory = WC_STR("wcc:rooms"), room = wc_str(general);
    const struct wc_str args[] = {WC_STR(""), WC_STR("rest"), WC_STR("Everybody is here"), WC_STR(""),
                                  WC_STR("public")};
    if (wc_redis_script(l->chat->redis, WC_SCRIPT_DIRECTORY_ADD, &directory, 1, &room, 1, ignore, NULL) != WC_OK ||
        script(l, WC_SCRIPT_ROOM_CREATE, wc_conv_key(wc_name_str(&name)), args, WC_COUNT(args), on_general) != WC_OK)
        wc_log(l->chat->log, WC_WARN, "general room not made yet", WC_Z("room", general));
}

static void on_leased(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)reply;
    struct wc_lease *l = arg;
    const struct wc_str key = WC_STR("wcc:workers");
    if (err != WC_OK ||
        wc_redis_script(l->chat->redis, WC_SCRIPT_WORKERS_EXPIRED, &key, 1, NULL, 0, on_workers, l) != WC_OK) {
        not_renewed(l);
        return;
    }
    l->stats.renewals++;
    l->until_ms = l->asked_ms + l->chat->options.lease_ms;
    if (!l->chat->started)
        start(l);
}

static void declared_dead(struct wc_lease *l)
{
    struct wc_chat *chat = l->chat;
    char before[sizeof(chat->worker)];
    snprintf(before, sizeof(before), "%s", chat->worker);
    new_id(chat);
    l->stats.deaths++;
    l->registered = false;
    l->renewing = false;
    l->until_ms = 0;
    listen_to_self(l);
    wc_log(chat->log, WC_WARN, "declared dead; going on under a new id", WC_Z("before", before));
    on_renew(chat->loop, &l->renew, 0);
    wc_presence_again(chat->presence);
}

static void on_renewed(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_lease *l = arg;
    if (err != WC_OK) {
        not_renewed(l);
        return;
    }
    if (!wc_str_is(wc_reply_str(reply, 0), "ok")) {
        declared_dead(l);
        return;
    }
    l->registered = true;
    char ms[24];
    int n = snprintf(ms, sizeof(ms), "%llu", (unsigned long long)l->chat->options.lease_ms);
    const struct wc_str key = WC_STR("wcc:workers"), args[] = {wc_str(l->chat->worker), {ms, (size_t)n}};
    if (wc_redis_script(l->chat->redis, WC_SCRIPT_WORKERS_LEASE, &key, 1, args, WC_COUNT(args), on_leased, l) != WC_OK)
        not_renewed(l);
}

static void renew(struct wc_lease *l)
{
    char ms[24], pid[12], sessions[24], started[24], host[256] = "";
    struct wc_chat *chat = l->chat;
    l->asked_ms = wc_monotonic_ms();
    gethostname(host, sizeof(host) - 1);
    int nms = snprintf(ms, sizeof(ms), "%llu", (unsigned long long)chat->options.lease_ms);
    int npid = snprintf(pid, sizeof(pid), "%d", (int)getpid());
    int nsessions = snprintf(sessions, sizeof(sessions), "%llu", (unsigned long long)wc_sessions_count(chat->sessions));
    int nstarted = snprintf(started, sizeof(started), "%llu", (unsigned long long)chat->started_ms);
    const struct wc_str args[] = {{ms, (size_t)nms},  l->registered ? WC_STR("0") : WC_STR("1"),
                                  WC_STR("host"),     wc_str(host),
                                  WC_STR("pid"),      {pid, (size_t)npid},
                                  WC_STR("version"),  wc_str(chat->version),
                                  WC_STR("started"),  {started, (size_t)nstarted},
                                  WC_STR("sessions"), {sessions, (size_t)nsessions},
                                  WC_STR("draining"), chat->draining ? WC_STR("1") : WC_STR("0")};
    l->renewing = script(l, WC_SCRIPT_WORKER_RENEW, self(l), args, WC_COUNT(args), on_renewed) == WC_OK;
}

/* ---- Redis' memory ------------------------------------------------------------------------------------------ */

static uint64_t info_number(struct wc_str info, const char *name)
{
    const char *at = memmem(info.p, info.n, name, strlen(name));
    return at != NULL ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void on_memory(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_lease *l = arg;
    struct wc_str info = err == WC_OK ? wc_reply_self(reply) : WC_STR_NONE;
    if (info.n == 0)
        return;
    uint64_t used = info_number(info, "\nused_memory:"), most = info_number(info, "\nmaxmemory:");
    if (most == 0)
        most = info_number(info, "\ntotal_system_memory:");
    l->stats.memory_percent = most != 0 ? used * 100 / most : 0;
    if (l->stats.memory_percent >= MEMORY_WARN_PERCENT)
        wc_log(l->chat->log, WC_WARN, "redis is nearly out of memory: posts will be refused when it is full",
               WC_I("used", used), WC_I("of", most), WC_I("percent", l->stats.memory_percent));
}

static void check_memory(struct wc_lease *l)
{
    uint64_t now = wc_monotonic_ms();
    const struct wc_str argv[] = {WC_STR("INFO"), WC_STR("memory")};
    if (l->memory_checked_ms != 0 && now - l->memory_checked_ms < MEMORY_CHECK_MS)
        return;
    l->memory_checked_ms = now;
    if (wc_redis_command(l->chat->redis, argv, WC_COUNT(argv), on_memory, l) != WC_OK)
        l->memory_checked_ms = 0;
}

static void on_renew(EV_P_ ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    struct wc_lease *l = timer->data;
    if (!wc_redis_ready(l->chat->redis) || l->renewing || l->stopping)
        return;
    renew(l);
    check_memory(l);
}

void wc_lease_tell(struct wc_lease *l)
{
    l->again = l->renewing;
    on_renew(l->chat->loop, &l->renew, 0);
}

void wc_lease_redis_ready(struct wc_lease *l)
{
    l->redis_since_ms = wc_monotonic_ms();
    on_renew(l->chat->loop, &l->renew, 0);
}

void wc_lease_redis_lost(struct wc_lease *l)
{
    l->redis_since_ms = 0;
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

static void on_given_up(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)err;
    (void)reply;
    struct wc_lease *l = arg;
    l->stopped(l->stopped_arg);
}

static void on_self_forgotten(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_lease *l = arg;
    const struct wc_str key = WC_STR("wcc:workers"), args[] = {wc_str(l->chat->worker), WC_STR("0")};
    bool gone = err == WC_OK && wc_reply_u64(reply, 1) == 1;
    if (!gone || wc_redis_script(l->chat->redis, WC_SCRIPT_WORKERS_LEASE, &key, 1, args, WC_COUNT(args), on_given_up,
                                 l) != WC_OK)
        on_given_up(l, WC_UNAVAILABLE, NULL); /* another worker will reap what is left */
}

void wc_lease_stop(struct wc_lease *l, void (*done)(void *arg), void *arg)
{
    l->stopping = true;
    l->stopped = done;
    l->stopped_arg = arg;
    if (script(l, WC_SCRIPT_REAP_DONE, self(l), NULL, 0, on_self_forgotten) != WC_OK)
        on_given_up(l, WC_UNAVAILABLE, NULL);
}
