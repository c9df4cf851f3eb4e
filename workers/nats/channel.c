#include "channel.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/key_file.h"
#include "base/mem.h"
#include "nats/sessions.h"

#include <stdio.h>

enum { DATA_MOST = 65536, MAILBOX_MOST = 16 << 20, QUEUE_MOST = 16 << 20 };

static struct wc_nats_options options; /* read once, at start */

#define ROW(field) .offset = offsetof(struct wc_nats_options, field)

static const struct wc_option rows[] = {
    {.name = "nats",
     .metavar = "URL",
     .type = WC_OPT_LIST,
     ROW(servers),
     .help =
         "serves NATS over this server (nats://host:port); as often as wanted: the others are tried when one is away"},
    {.name = "nats-keys",
     .metavar = "FILE",
     .type = WC_OPT_STR,
     ROW(keys),
     .help = "the seeds of the NATS operator and accounts, the same for all workers (wcchat-nats setup FILE)"},
    {.name = "nats-public",
     .metavar = "URL",
     .type = WC_OPT_LIST,
     ROW(public_servers),
     .help = "how clients reach the NATS servers, where that is not what --nats says"},
    {.name = "nats-websocket",
     .metavar = "URL",
     .type = WC_OPT_STR,
     ROW(websocket),
     .help = "how browsers reach the NATS server (ws://host:port or wss://…)"},
    {.name = "nats-bridge",
     .metavar = NULL,
     .type = WC_OPT_BOOL,
     .def = "true",
     ROW(bridge),
     .help = "publishes what this worker stores for bridges too, at one more read of Redis each"},
    {.name = "nats-ping",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "10s",
     .min = 200,
     .max = 3600000,
     ROW(ping_ms),
     .help = "how often a client sends session.ping over NATS; a session without three of them is let go"},
    {.name = "nats-keep",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "1h",
     .min = 1000,
     .max = 604800000,
     ROW(keep_ms),
     .help = "how long a session over NATS can be taken up again after its last session.ping"},
};

#define METRIC(name, type, field, help)                                                                                \
    {                                                                                                                  \
        "wcchat_nats_" name, NULL, type, offsetof(struct wc_nats_stats, field), 1, help                                \
    }

static const struct wc_metric metrics[] = {
    METRIC("up", WC_GAUGE, up, "1 while connected to NATS"),
    METRIC("connects_total", WC_COUNTER, connects, "Connections to NATS"),
    METRIC("received_total", WC_COUNTER, received, "Messages from NATS"),
    METRIC("published_total", WC_COUNTER, published, "Messages to NATS"),
    METRIC("dropped_total", WC_COUNTER, dropped, "Messages from or to NATS that there was no room for"),
    METRIC("queued_bytes", WC_GAUGE, waiting, "Bytes that wait to be published"),
    METRIC("requests_total", WC_COUNTER, requests, "Requests over NATS"),
    METRIC("no_reply_total", WC_COUNTER, no_reply, "Requests that were not run: no inbox of the user's to answer to"),
    METRIC("forwarded_total", WC_COUNTER, forwarded, "Pings given to the worker that holds the session"),
    METRIC("takeovers_total", WC_COUNTER, takeovers, "Sessions taken over or taken up again"),
    METRIC("replays_total", WC_COUNTER, replays, "Times that events were sent again"),
    METRIC("lapsed_total", WC_COUNTER, lapsed, "Sessions let go because their pings did not come"),
    METRIC("bridged_total", WC_COUNTER, bridged, "Stored events published for bridges"),
    METRIC("revocations_total", WC_COUNTER, revocations, "Times that the NATS server was told who is revoked"),
    METRIC("sessions", WC_GAUGE, sessions, "Event sessions over NATS"),
    METRIC("users", WC_GAUGE, peers, "Users that asked over NATS lately, or for credentials"),
};

struct wc_channel {
    struct wc_nats nats;
};

/* What comes. */

static void set_down(struct wc_nats *n, struct wc_str why)
{
    snprintf(n->down, sizeof(n->down), "%.*s", WC_STR_ARG(why));
    n->site.problem = n->down;
    n->stats.up = 0;
}

static void on_up(struct wc_nats *n)
{
    n->site.problem = NULL;
    n->stats.up = 1;
    wc_log(n->chat->log, WC_INFO, "nats ready");
    wc_nats_revoke_again(n); /* a server that has just started knows the account from now on */
    wc_nats_sessions_go_on(n, true);
}

static void on_down(struct wc_nats *n, struct wc_str why)
{
    if (n->site.problem == NULL || strcmp(n->site.problem, "not connected yet") == 0)
        wc_log(n->chat->log, WC_WARN, "nats away", WC_S("why", why));
    set_down(n, why);
}

static void on_message(struct wc_nats *n, const struct wc_nats_message *m)
{
    const size_t prefix = sizeof("wcc.frontend.requests.") - 1;
    if (m->route == WC_NATS_ORIGINAL)
        wc_nats_original(n, m);
    else if (m->route == WC_NATS_REQUESTS)
        wc_nats_request_take(n, wc_str_from(wc_str(m->subject), prefix), wc_str(m->reply), m);
    else if (m->route >= WC_NATS_SERVICE)
        wc_nats_service(n, m);
    else
        wc_nats_session_told(n, m);
}

static void on_event(void *arg, const struct wc_nats_message *m)
{
    struct wc_nats *n = arg;
    if (m->event == WC_NATS_UP)
        on_up(n);
    else if (m->event == WC_NATS_DOWN)
        on_down(n, m->data);
    else if (m->event == WC_NATS_LOST)
        wc_nats_sessions_go_on(n, true);
    else if (m->event == WC_NATS_ROOM)
        wc_nats_sessions_go_on(n, false);
    else if (m->event == WC_NATS_MESSAGE)
        on_message(n, m);
}

static void on_system_event(void *arg, const struct wc_nats_message *m)
{
    if (m->event == WC_NATS_UP)
        wc_nats_revoke_again(arg);
    else if (m->event == WC_NATS_MESSAGE)
        wc_nats_server_heard(arg, wc_str(m->subject));
}

static void on_tick(EV_P_ ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    struct wc_nats *n = timer->data;
    const struct wc_nats_conn_stats *c = wc_nats_conn_stats(n->conn);
    struct wc_nats_stats *s = &n->stats;
    s->connects = c->connects;
    s->received = c->received;
    s->published = c->published;
    s->dropped = c->dropped_in + c->dropped_out + c->shed;
    s->waiting = c->queued;
    wc_nats_sessions_tick(n);
    wc_nats_peers_tick(n);
}

/* Begin and end. */

static void add_route(struct wc_nats *n, size_t i, const char *queue, const char *subject)
{
    snprintf(n->subjects[i], sizeof(n->subjects[i]), "%s", subject);
    n->routes[i] = (struct wc_nats_route){n->subjects[i], queue};
}

static void add_routes(struct wc_nats *n)
{
    static const char *const verbs[] = {"PING", "INFO", "STATS"};
    char subject[64];
    wc_random_name(n->address, sizeof(n->address) - 1);
    add_route(n, WC_NATS_ORIGINAL, "wcchat", "wcc.frontend.requests");
    add_route(n, WC_NATS_REQUESTS, "wcchat", "wcc.frontend.requests.*");
    snprintf(subject, sizeof(subject), "wcc.workers.%s", n->address);
    add_route(n, WC_NATS_OWN, NULL, subject);
    add_route(n, WC_NATS_ADOPT, "wcchat", "wcc.workers.adopt");
    for (size_t i = 0; i < WC_COUNT(verbs); i++) {
        snprintf(subject, sizeof(subject), "$SRV.%s", verbs[i]);
        add_route(n, WC_NATS_SERVICE + 3 * i, NULL, subject);
        snprintf(subject, sizeof(subject), "$SRV.%s.wcchat", verbs[i]);
        add_route(n, WC_NATS_SERVICE + 3 * i + 1, NULL, subject);
        snprintf(subject, sizeof(subject), "$SRV.%s.wcchat.%s", verbs[i], n->address);
        add_route(n, WC_NATS_SERVICE + 3 * i + 2, NULL, subject);
    }
}

static struct wc_nats_conn *connect_as(struct wc_nats *n, enum wc_nats_role role)
{
    static const struct wc_nats_route signs[] = {{WC_NATS_SERVERS "*.STATSZ", NULL}}; /* of life, from each server */
    bool person = role == WC_NATS_WORKER;
    const struct wc_nats_setup setup = {
        .name = "wcchat-worker",
        .servers = n->options->servers.v,
        .nservers = n->options->servers.n,
        .keys = &n->keys,
        .role = role,
        .routes = person ? n->routes : signs,
        .nroutes = person ? WC_NATS_ROUTES : WC_COUNT(signs),
        .data_max = DATA_MOST,
        .mailbox_max = MAILBOX_MOST,
        .queue_max = QUEUE_MOST,
        .event = person ? on_event : on_system_event,
        .arg = n,
    };
    return wc_nats_conn_new(n->chat->loop, &setup);
}

/* From now on, whether they ask for anything or not: their login may end before. */
static void on_granted(void *arg, struct wc_str user)
{
    (void)wc_nats_peer_get(arg, user);
}

static void set_site(struct wc_nats *n)
{
    const struct wc_option_list *outside =
        n->options->public_servers.n != 0 ? &n->options->public_servers : &n->options->servers;
    n->site = (struct wc_nats_site){.keys = &n->keys,
                                    .servers = outside->v,
                                    .nservers = outside->n,
                                    .websocket = n->options->websocket,
                                    .lifetime_s = n->chat->options.token_lifetime_ms / 1000,
                                    .problem = "not connected yet",
                                    .granted = on_granted,
                                    .granted_arg = n};
    n->chat->nats = &n->site;
}

static struct wc_channel *open(struct wc_worker *worker, struct wc_buf *why)
{
    struct wc_nats_keys keys;
    const char *problem = NULL;
    if (options.servers.n == 0)
        return NULL;
    if (options.keys[0] == '\0' || wc_nats_keys_load(&keys, options.keys, &problem) != WC_OK) {
        wc_buf_addf(why, "--nats-keys: %s", problem != NULL ? problem : "is needed with --nats");
        return NULL;
    }
    struct wc_channel *ch = WC_NEW(struct wc_channel);
    struct wc_nats *n = &ch->nats;
    n->worker = worker;
    n->chat = worker->chat;
    n->options = &options;
    n->keys = keys;
    wc_nats_keys_wipe(&keys);
    set_site(n);
    add_routes(n);
    wc_soon_init(&n->soon, n->chat->loop);
    wc_nats_sessions_init(n);
    wc_metrics_add(worker->metrics, metrics, WC_COUNT(metrics), &n->stats);
    ev_timer_init(&n->tick, on_tick, 0.5, 0.5);
    n->tick.data = n;
    ev_timer_start(n->chat->loop, &n->tick);
    if (options.bridge) {
        n->chat->committed = wc_nats_bridge;
        n->chat->committed_arg = n;
    }
    n->conn = connect_as(n, WC_NATS_WORKER);
    n->system = connect_as(n, WC_NATS_SYSTEM);
    return ch;
}

static void drain(struct wc_channel *ch, uint64_t ms)
{
    (void)ms;
    struct wc_nats *n = &ch->nats;
    n->draining = true;
    wc_nats_conn_drain(n->conn);
    wc_nats_sessions_leave(n);
}

static size_t busy(const struct wc_channel *ch)
{
    const struct wc_nats *n = &ch->nats;
    size_t count = n->stats.sessions + (n->requests != NULL);
    return count + !wc_nats_conn_idle(n->conn);
}

static void close_channel(struct wc_channel *ch)
{
    struct wc_nats *n = &ch->nats;
    n->chat->nats = NULL;
    n->chat->committed = NULL;
    ev_timer_stop(n->chat->loop, &n->tick);
    wc_nats_tasks_end(n);
    wc_nats_originals_end(n);
    wc_nats_sessions_end(n);
    wc_nats_requests_end(n);
    wc_nats_peers_end(n);
    wc_soon_end(&n->soon);
    wc_nats_conn_free(n->system);
    wc_nats_conn_free(n->conn);
    wc_nats_keys_wipe(&n->keys);
    free(ch);
}

const struct wc_channel_ops wc_nats_channel = {
    .name = "NATS",
    .options = rows,
    .noptions = WC_COUNT(rows),
    .options_target = &options,
    .open = open,
    .drain = drain,
    .busy = busy,
    .close = close_channel,
};
