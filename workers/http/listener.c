#include "base/crypto.h"
#include "base/mem.h"
#include "channel.h"
#include "http/client.h"
#include "http/files.h"
#include "http/foreign.h"
#include "http/linger.h"
#include "http/listen.h"
#include "http/request.h"
#include "http/stream.h"

#include <h2o/http1.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { OTHER_DESCRIPTORS = 128 /* Redis, logs, libraries */, DRAIN_TICK_MS = 50, END_ROUNDS = 1000 };

struct wc_channel {
    struct wc_http http;
};

/* Filled once, before there is a channel. */
static struct wc_http_options options;

static uint64_t connections_allowed(const struct wc_http *http)
{
    struct rlimit limit;
    uint64_t wanted = http->options->max_connections;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return wanted;
    uint64_t most = limit.rlim_cur > 2 * OTHER_DESCRIPTORS ? limit.rlim_cur - OTHER_DESCRIPTORS : OTHER_DESCRIPTORS;
    if (wanted <= most)
        return wanted;
    wc_log(http->worker->log, WC_WARN, "fewer http connections than asked for: too few file descriptors",
           WC_I("asked", wanted), WC_I("allowed", most));
    return most;
}

/* Hosts and what is served there. Everything but our handler (files, say) is a path registered on the host. */
static void configure(struct wc_http *http)
{
    h2o_config_init(&http->config);
    http->config.server_name = (h2o_iovec_t){NULL, 0};
    http->config.max_request_entity_size = http->options->body_max + 1;
    http->config.http1.req_timeout = http->options->idle_ms;
    http->config.http1.upgrade_to_http2 = 0;
    h2o_hostconf_t *host = h2o_config_register_host(&http->config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    wc_http_register_foreign(http, &host->fallback_path);
    wc_http_register_files(http, &host->fallback_path);
    wc_http_register_handler(http, &host->fallback_path);
    h2o_context_init(&http->context, http->glue.h2o, &http->config);
    http->accept = (h2o_accept_ctx_t){.ctx = &http->context, .hosts = http->config.hosts};
}

static void unconfigure(struct wc_http *http)
{
    h2o_multithread_queue_t *queue = http->context.queue; /* 2.2 ends it without freeing it */
    h2o_context_dispose(&http->context);
    free(queue);
    h2o_config_dispose(&http->config);
    wc_ev_glue_stop(&http->glue);
}

static int log_level(const char *option)
{
    enum wc_level level;
    return wc_level_parse(wc_str(option), &level) ? (int)level : -1;
}

static bool listen_everywhere(struct wc_http *http, struct wc_buf *why)
{
    const struct wc_option_list *list = &http->options->addresses;
    for (size_t i = 0; i < list->n; i++) {
        if (!wc_http_listen(http, wc_str(list->v[i]), why))
            return false;
        wc_log(http->worker->log, WC_INFO, "listening", WC_Z("channel", "http"), WC_Z("addr", list->v[i]));
    }
    return true;
}

static bool open_http(struct wc_http *http, struct wc_buf *why)
{
    const char *unknown = wc_http_routes_problem();
    if (unknown != NULL)
        wc_buf_addf(why, "a route names the operation %s, which does not exist", unknown);
    if (unknown != NULL || !wc_nets_read(&http->trusted, "http-trusted", &http->options->trusted, why))
        return false;
    if (!wc_ev_glue_start(&http->glue, http->worker->loop, why))
        return false;
    http->max_connections = connections_allowed(http);
    http->log_level = log_level(http->options->access_log);
    wc_random_name(http->id_prefix, sizeof(http->id_prefix) - 1);
    configure(http);
    http->streams = wc_streams_new(http);
    if (listen_everywhere(http, why))
        return true;
    wc_http_listen_end(http);
    unconfigure(http);
    wc_streams_free(http);
    return false;
}

static struct wc_channel *channel_open(struct wc_worker *worker, struct wc_buf *why)
{
    if (options.addresses.n == 0)
        return NULL;
    struct wc_channel *ch = WC_NEW(struct wc_channel);
    ch->http.worker = worker;
    ch->http.options = &options;
    if (!open_http(&ch->http, why)) {
        wc_nets_free(&ch->http.trusted);
        free(ch);
        return NULL;
    }
    wc_http_metrics(worker->metrics, &ch->http.counts);
    return ch;
}

/* Connections. */

struct idle {
    size_t seen, close;
};

static h2o_socket_t *socket_of(const h2o_req_t *req)
{
    return req->conn->callbacks->get_socket(req->conn);
}

static bool is_idle(const h2o_req_t *req)
{
    return req->version == 0 && socket_of(req) != NULL && socket_of(req)->input->size == 0;
}

/* The end is read as if it came from the client, after what the client may have sent just now. */
static int close_if_idle(h2o_req_t *req, void *p)
{
    struct idle *idle = p;
    if (!is_idle(req))
        return 0;
    idle->seen++;
    if (idle->close > 0) {
        idle->close--;
        shutdown(h2o_socket_get_fd(socket_of(req)), SHUT_RD);
    }
    return 0;
}

static void on_drain(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)events;
    struct wc_http *http = WC_CONTAINER(w, struct wc_http, drain);
    struct idle idle = {0, 0};
    H2O_HTTP1_CALLBACKS.foreach_request(&http->context, close_if_idle, &idle);
    idle.close = http->drain_ticks > 0 ? idle.seen / (http->drain_ticks + 1) + (idle.seen > 0) : idle.seen;
    wc_streams_drain(http, http->drain_ticks);
    if (http->drain_ticks > 0)
        http->drain_ticks--;
    H2O_HTTP1_CALLBACKS.foreach_request(&http->context, close_if_idle, &idle);
    if (http->counts.connections == 0)
        ev_timer_stop(loop, w);
}

static void channel_refuse(struct wc_channel *ch)
{
    wc_http_listen_end(&ch->http);
}

static void channel_drain(struct wc_channel *ch, uint64_t ms)
{
    struct wc_http *http = &ch->http;
    if (http->draining)
        return;
    http->draining = true;
    http->context.shutdown_requested = 1; /* h2o: each request from now on is its connection's last */
    wc_http_listen_end(http);
    http->drain_ticks = (unsigned)(ms / DRAIN_TICK_MS);
    ev_timer_init(&http->drain, on_drain, 0.0, DRAIN_TICK_MS / 1000.0);
    ev_timer_start(http->worker->loop, &http->drain);
}

static size_t channel_busy(const struct wc_channel *ch)
{
    return ch->http.counts.connections;
}

static int shut(h2o_req_t *req, void *p)
{
    (void)p;
    if (socket_of(req) != NULL)
        shutdown(h2o_socket_get_fd(socket_of(req)), SHUT_RDWR);
    return 0;
}

/* Every connection ends by itself when its socket has: h2o has no call to end one. */
static void end_connections(struct wc_http *http)
{
    wc_http_end_requests(http);
    wc_http_linger_end(http);
    wc_ev_glue_pump(&http->glue); /* what was just answered goes out as far as the sockets take it */
    for (int i = 0; i < END_ROUNDS && http->counts.connections > 0; i++) {
        wc_http_end_requests(http);
        wc_streams_end(http);
        H2O_HTTP1_CALLBACKS.foreach_request(&http->context, shut, NULL);
        wc_ev_glue_pump(&http->glue);
    }
    wc_http_linger_end(http);
}

static void channel_close(struct wc_channel *ch)
{
    struct wc_http *http = &ch->http;
    http->draining = true;
    http->context.shutdown_requested = 1;
    if (ev_is_active(&http->drain))
        ev_timer_stop(http->worker->loop, &http->drain);
    wc_http_listen_end(http);
    end_connections(http);
    wc_streams_free(http);
    unconfigure(http);
    wc_nets_free(&http->trusted);
    free(ch);
}

const struct wc_channel_ops wc_http_channel = {
    .name = "http",
    .options = wc_http_option_rows,
    .noptions = WC_HTTP_OPTIONS,
    .options_target = &options,
    .open = channel_open,
    .refuse = channel_refuse,
    .drain = channel_drain,
    .busy = channel_busy,
    .close = channel_close,
};
