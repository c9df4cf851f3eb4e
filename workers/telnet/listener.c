#include "channel.h"
#include "telnet/connection.h"
#include "telnet/output.h"
#include "telnet/render.h"

enum { DRAIN_TICK_MS = 50, SCAN_MS = 5000 };

static struct wc_telnet_options given; /* read once, at start */

#define ROW(field) .offset = offsetof(struct wc_telnet_options, field)

static const struct wc_option rows[] = {
    {.name = "telnet",
     .metavar = "ADDR",
     .type = WC_OPT_LIST,
     ROW(addresses),
     .help = "listen for telnet: host:port, [::1]:port, or :port for all addresses"},
    {.name = "telnet-proxy",
     .type = WC_OPT_BOOL,
     ROW(proxy),
     .help = "all telnet connections begin with a header of the PROXY protocol, version 1 or 2, and come from the "
             "trusted balancers where some are named; others are refused"},
    {.name = "telnet-trusted",
     .metavar = "NET",
     .type = WC_OPT_LIST,
     ROW(trusted),
     .help = "balancers with this address or network begin each connection with a PROXY header, which is believed; "
             "other clients are direct ones; as often as wanted"},
    {.name = "telnet-max-connections",
     .metavar = "N",
     .type = WC_OPT_U64,
     .def = "100000",
     .min = 1,
     .max = 10000000,
     ROW(max_connections),
     .help = "telnet connections at a time; one more is told so and closed"},
    {.name = "telnet-login-timeout",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "60s",
     .min = 100,
     .max = 3600000,
     ROW(login_ms),
     .help = "how long a telnet login may take"},
    {.name = "telnet-idle-timeout",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "0",
     .max = 2592000000,
     ROW(idle_ms),
     .help = "telnet clients that send nothing for so long are disconnected; 0: never"},
    {.name = "telnet-stall-timeout",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "10m",
     .min = 100,
     .max = 86400000,
     ROW(stall_ms),
     .help = "telnet clients that take nothing of what waits for them for so long are disconnected"},
};

#define COUNT(field) offsetof(struct wc_telnet, counts.field)

static const struct wc_metric metrics[] = {
    {"wcchat_telnet_connections", NULL, WC_GAUGE, COUNT(connections), 1, "Open telnet connections"},
    {"wcchat_telnet_accepted_total", NULL, WC_COUNTER, COUNT(accepted), 1, "Telnet connections accepted"},
    {"wcchat_telnet_refused_total", NULL, WC_COUNTER, COUNT(refused), 1,
     "Telnet connections refused: too many, no PROXY header, or from no trusted balancer"},
    {"wcchat_telnet_logins_total", NULL, WC_COUNTER, COUNT(logins), 1, "Telnet logins that went well"},
    {"wcchat_telnet_login_failures_total", NULL, WC_COUNTER, COUNT(failures), 1, "Telnet logins that were refused"},
    {"wcchat_telnet_lines_total", NULL, WC_COUNTER, COUNT(lines), 1, "Lines that telnet clients sent"},
    {"wcchat_telnet_received_bytes_total", NULL, WC_COUNTER, COUNT(received), 1, "Bytes from telnet clients"},
    {"wcchat_telnet_sent_bytes_total", NULL, WC_COUNTER, COUNT(sent), 1, "Bytes to telnet clients"},
    {"wcchat_telnet_stalled_total", NULL, WC_COUNTER, COUNT(stalled), 1,
     "Telnet connections closed because nothing could be written"},
};

static void on_turn_end(struct ev_loop *loop, struct ev_prepare *watcher, int events)
{
    (void)loop;
    (void)events;
    wc_telnet_conn_reap(watcher->data);
}

static void on_accept_again(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct wc_telnet *ch = timer->data;
    (void)loop;
    (void)events;
    if (!ch->draining)
        wc_telnet_listen_start(ch);
}

/* Nobody has a timer of their own for what takes minutes. */
static void on_scan(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct wc_telnet *ch = timer->data;
    double now = ev_now(loop), stall = (double)ch->options->stall_ms / 1000, idle = (double)ch->options->idle_ms / 1000;
    (void)events;
    for (struct wc_telnet_conn *c = ch->conns; c != NULL; c = c->next) {
        if (c->blocked && now - c->moved >= stall) {
            ch->counts.stalled++;
            wc_telnet_conn_kill(c);
        } else if (idle > 0 && now - c->heard >= idle) {
            wc_telnet_conn_leave(c, "* you were idle for too long");
        }
    }
}

static void on_drain(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct wc_telnet *ch = timer->data;
    (void)events;
    for (size_t i = 0; i < ch->drain_step && ch->drain_next != NULL; i++) {
        struct wc_telnet_conn *c = ch->drain_next;
        ch->drain_next = c->next;
        wc_telnet_conn_leave(c, WC_TELNET_RESTARTING);
    }
    if (ch->drain_next == NULL)
        ev_timer_stop(loop, timer);
}

static double scan_every(const struct wc_telnet_options *o)
{
    uint64_t ms = o->stall_ms / 4 < SCAN_MS ? o->stall_ms / 4 : SCAN_MS;
    if (o->idle_ms != 0 && o->idle_ms / 4 < ms)
        ms = o->idle_ms / 4;
    return (ms > 10 ? (double)ms : 10) / 1000;
}

static void begin(struct wc_telnet *ch)
{
    struct ev_loop *loop = ch->worker->loop;
    ev_timer_init(&ch->accept_again, on_accept_again, 0, 0);
    ev_timer_init(&ch->drain, on_drain, 0, DRAIN_TICK_MS / 1000.0);
    ev_timer_init(&ch->scan, on_scan, scan_every(ch->options), scan_every(ch->options));
    ev_prepare_init(&ch->turn, on_turn_end);
    ch->accept_again.data = ch->drain.data = ch->scan.data = ch->turn.data = ch;
    ev_timer_start(loop, &ch->scan);
    ev_prepare_start(loop, &ch->turn);
    ch->slot[0] = wc_sessions_slot(ch->worker->chat->sessions, wc_telnet_render_plain);
    ch->slot[1] = wc_sessions_slot(ch->worker->chat->sessions, wc_telnet_render_numbered);
    wc_telnet_session_ops(&ch->session_ops, ch->slot[0]);
    wc_metrics_add(ch->worker->metrics, metrics, WC_COUNT(metrics), ch);
    wc_telnet_listen_start(ch);
}

static bool listen_everywhere(struct wc_telnet *ch, struct wc_buf *why)
{
    for (size_t i = 0; i < given.addresses.n; i++) {
        if (!wc_telnet_listen(ch, wc_str(given.addresses.v[i]), why))
            return false;
        wc_log(ch->worker->log, WC_INFO, "telnet listens", WC_Z("address", given.addresses.v[i]));
    }
    return true;
}

static struct wc_channel *telnet_open(struct wc_worker *worker, struct wc_buf *why)
{
    if (given.addresses.n == 0)
        return NULL;
    struct wc_telnet *ch = WC_NEW(struct wc_telnet);
    ch->worker = worker;
    ch->options = &given;
    if (!wc_nets_read(&ch->trusted, "telnet-trusted", &given.trusted, why) || !listen_everywhere(ch, why)) {
        wc_telnet_listen_close(ch);
        wc_nets_free(&ch->trusted);
        free(ch);
        return NULL;
    }
    begin(ch);
    return (struct wc_channel *)ch;
}

static void telnet_refuse(struct wc_channel *channel)
{
    wc_telnet_listen_close((struct wc_telnet *)channel);
}

static void telnet_drain(struct wc_channel *channel, uint64_t ms)
{
    struct wc_telnet *ch = (struct wc_telnet *)channel;
    size_t ticks = (size_t)(ms / DRAIN_TICK_MS) + 1;
    if (ch->draining)
        return;
    ch->draining = true;
    wc_telnet_listen_close(ch);
    ch->drain_next = ch->conns;
    ch->drain_step = (size_t)ch->counts.connections / ticks + 1;
    ev_timer_start(ch->worker->loop, &ch->drain);
}

static size_t telnet_busy(const struct wc_channel *channel)
{
    return (size_t)((const struct wc_telnet *)channel)->counts.connections;
}

static void telnet_close(struct wc_channel *channel)
{
    struct wc_telnet *ch = (struct wc_telnet *)channel;
    struct ev_loop *loop = ch->worker->loop;
    wc_telnet_listen_close(ch);
    while (ch->conns != NULL)
        wc_telnet_conn_free(ch->conns);
    ev_timer_stop(loop, &ch->accept_again);
    ev_timer_stop(loop, &ch->drain);
    ev_timer_stop(loop, &ch->scan);
    ev_prepare_stop(loop, &ch->turn);
    wc_buf_free(&ch->answers);
    wc_nets_free(&ch->trusted);
    free(ch);
}

const struct wc_channel_ops wc_telnet_channel = {
    .name = "telnet",
    .options = rows,
    .noptions = WC_COUNT(rows),
    .options_target = &given,
    .open = telnet_open,
    .refuse = telnet_refuse,
    .drains_last = true,
    .drain = telnet_drain,
    .busy = telnet_busy,
    .close = telnet_close,
};
