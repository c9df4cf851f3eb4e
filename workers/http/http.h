#ifndef WC_HTTP_HTTP_H
#define WC_HTTP_HTTP_H

#include "address.h"
#include "base/log.h"
#include "base/options.h"
#include "http/ev_glue.h"
#include "worker.h"

#include <h2o.h>

/*
 * The HTTP channel: what its files share. HTTP/1.1 only; TLS and HTTP/2 are for the proxy in front. A request goes this
 * way:
 *
 *   socket ─▶ h2o ─▶ request.c ─▶ framing.c (is it one request?) ─▶ routes.c (which row?) ─▶ auth ─▶ arguments ─▶ a
 * call answer ◀─ h2o ◀─ respond.c ◀─ problem.c | the call's result | health.c
 *
 * What h2o refuses by itself passes through foreign.c and looks like all other refusals.
 */
struct wc_http_options {
    struct wc_option_list addresses, cors, trusted;
    uint64_t body_max, max_connections, idle_ms, keepalive_ms, stall_ms;
    const char *access_log; /* off, debug, info */
    const char *web;        /* folder of the web app; "": none */
};
#define WC_HTTP_OPTIONS 10
extern const struct wc_option wc_http_option_rows[WC_HTTP_OPTIONS];

struct wc_http_counts {
    uint64_t connections, under_way; /* gauges */
    uint64_t accepted;
    uint64_t answers[6]; /* by the first digit of the status */
    uint64_t aborted;    /* the connection ended before the answer */
    uint64_t streams[2]; /* gauges: WebSockets, event streams */
    uint64_t stalled, expired;
};
/* Adds what is counted to the worker's metrics, which are not printed any more when the channel has been closed. */
void wc_http_metrics(struct wc_metrics *m, const struct wc_http_counts *counts);

struct wc_http_listener;
struct wc_http_request;
struct wc_http_linger;
struct wc_streams;

struct wc_http {
    struct wc_worker *worker;
    const struct wc_http_options *options;
    struct wc_http_counts counts;
    struct wc_ev_glue glue;
    h2o_globalconf_t config;
    h2o_context_t context;
    h2o_accept_ctx_t accept;
    struct wc_http_listener *listeners;
    struct wc_http_request *requests; /* under way */
    struct wc_streams *streams;       /* WebSockets and event streams */
    struct wc_http_linger *lingering;
    size_t nlingering;
    struct wc_nets trusted;
    uint64_t max_connections;
    uint64_t last_id;
    char id_prefix[9]; /* of the request ids that are made here; NUL-terminated */
    int log_level;     /* of the access log; -1: off */
    bool draining;
    ev_timer drain; /* closes idle connections, some at each tick */
    unsigned drain_ticks;
};

/* One line of the access log, and the metrics. `user` may be "" or NULL; status 0: it went away before its answer. */
void wc_http_account(struct wc_http *http, const h2o_req_t *req, int status, const char *id, const char *user,
                     uint64_t ms);

#endif
