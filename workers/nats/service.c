#include "nats/state.h"

#include "chat/answer.h"

#include <stdio.h>

/*
 * The NATS service protocol (NATS ADR-32): $SRV.PING, $SRV.INFO and $SRV.STATS, of all services, of this one, and of
 * this instance. Answers go to any inbox: the server lets only workers and operators ask.
 */

static void open_answer(struct wc_nats *n, struct wc_buf *b, const char *type)
{
    struct wc_buf full = WC_BUF_INIT;
    wc_buf_addf(&full, "io.nats.micro.v1.%s_response", type);
    wc_json_open(b, NULL);
    wc_json_str(b, "type", wc_buf_view(&full));
    wc_json_str(b, "name", WC_STR("wcchat"));
    wc_json_str(b, "id", wc_str(n->address));
    wc_json_str(b, "version", wc_str(n->worker->version));
    wc_json_open(b, "metadata");
    wc_json_str(b, "worker", wc_str(n->chat->worker));
    wc_json_close(b);
    wc_buf_free(&full);
}

static const struct {
    const char *name;
    enum wc_nats_subject subject;
} endpoints[] = {{"requests", WC_NATS_REQUESTS}, {"original", WC_NATS_ORIGINAL}};

static void open_endpoint(struct wc_nats *n, struct wc_buf *b, size_t i)
{
    const struct wc_nats_route *route = &n->routes[endpoints[i].subject];
    wc_json_open(b, NULL);
    wc_json_str(b, "name", wc_str(endpoints[i].name));
    wc_json_str(b, "subject", wc_str(route->subject));
    wc_json_str(b, "queue_group", wc_str(route->queue));
}

static void write_info(struct wc_nats *n, struct wc_buf *b)
{
    open_answer(n, b, "info");
    wc_json_str(b, "description", WC_STR("chat: requests and event sessions"));
    wc_json_open_array(b, "endpoints");
    for (size_t i = 0; i < WC_COUNT(endpoints); i++) {
        open_endpoint(n, b, i);
        wc_json_open(b, "metadata");
        wc_json_close(b);
        wc_json_close(b);
    }
    wc_json_close_array(b);
    wc_json_close(b);
}

static void write_stats(struct wc_nats *n, struct wc_buf *b)
{
    open_answer(n, b, "stats");
    wc_answer_time(b, "started", n->chat->started_ms);
    wc_json_open_array(b, "endpoints");
    for (size_t i = 0; i < WC_COUNT(endpoints); i++) {
        const struct wc_nats_endpoint *e = &n->endpoints[endpoints[i].subject];
        open_endpoint(n, b, i);
        wc_json_u64(b, "num_requests", e->requests);
        wc_json_u64(b, "num_errors", e->errors);
        wc_json_str(b, "last_error", wc_str(e->last_error));
        wc_json_u64(b, "processing_time", e->busy_us * 1000);
        wc_json_u64(b, "average_processing_time", e->requests != 0 ? e->busy_us * 1000 / e->requests : 0);
        wc_json_close(b);
    }
    wc_json_close_array(b);
    wc_json_close(b);
}

void wc_nats_served(struct wc_nats *n, enum wc_nats_subject endpoint, double since, struct wc_str error)
{
    struct wc_nats_endpoint *e = &n->endpoints[endpoint];
    e->requests++;
    e->busy_us += (uint64_t)((ev_time() - since) * 1e6);
    if (error.n == 0)
        return;
    e->errors++;
    snprintf(e->last_error, sizeof(e->last_error), "%.*s", WC_STR_ARG(error));
}

void wc_nats_service(struct wc_nats *n, const struct wc_nats_message *m)
{
    struct wc_buf b = WC_BUF_INIT;
    size_t verb = (m->route - WC_NATS_SERVICE) / 3;
    if (m->reply[0] == '\0')
        return;
    if (verb == 0) {
        open_answer(n, &b, "ping");
        wc_json_close(&b);
    } else if (verb == 1) {
        write_info(n, &b);
    } else {
        write_stats(n, &b);
    }
    wc_nats_publish(n->conn, wc_str(m->reply), wc_buf_view(&b));
    wc_buf_free(&b);
}
