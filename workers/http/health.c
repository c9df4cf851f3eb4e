#include "http/health.h"

#include "base/json.h"
#include "base/metrics.h"
#include "chat/lease.h"
#include "chat/nats_jwt.h"
#include "http/http.h"
#include "http/request.h"
#include "http/respond.h"

static void write_check(struct wc_buf *b, const char *name, bool up, const char *problem)
{
    wc_json_open(b, name);
    wc_json_str(b, "status", wc_str(up ? "up" : "down"));
    if (!up && problem != NULL)
        wc_json_str(b, "problem", wc_str(problem));
    wc_json_close(b);
}

void wc_http_serve_health(struct wc_http_request *r)
{
    struct wc_buf b = WC_BUF_INIT;
    wc_json_open(&b, NULL);
    wc_json_str(&b, "status", WC_STR("alive"));
    wc_json_str(&b, "worker", wc_str(r->http->worker->chat->worker));
    wc_json_str(&b, "version", wc_str(r->http->worker->version));
    wc_json_close(&b);
    wc_http_answer(r, 200, WC_HTTP_JSON, &b);
}

void wc_http_serve_ready(struct wc_http_request *r)
{
    const struct wc_chat *chat = r->http->worker->chat;
    const char *not_ready = wc_chat_not_ready(chat);
    const char *problem = wc_redis_problem(chat->redis);
    bool redis = problem == NULL && wc_redis_ready(chat->redis);
    bool hearing = wc_subscriber_connected(chat->subscriber) && wc_lease_hearing(chat->lease);
    struct wc_buf b = WC_BUF_INIT;
    wc_json_open(&b, NULL);
    wc_json_str(&b, "status", wc_str(not_ready == NULL ? "ready" : "not ready"));
    if (not_ready != NULL)
        wc_json_str(&b, "reason", wc_str(not_ready));
    wc_json_open(&b, "checks");
    write_check(&b, "redis", redis, problem != NULL ? problem : "not connected yet");
    write_check(&b, "subscription", hearing, "the heartbeat through Redis does not come back");
    if (chat->nats != NULL)
        write_check(&b, "nats", chat->nats->problem == NULL, chat->nats->problem);
    wc_json_close(&b);
    wc_json_close(&b);
    wc_http_answer(r, not_ready == NULL ? 200 : 503, WC_HTTP_JSON, &b);
}

void wc_http_serve_metrics(struct wc_http_request *r)
{
    struct wc_buf b = WC_BUF_INIT;
    wc_metrics_print(r->http->worker->metrics, &b);
    wc_http_answer(r, 200, "text/plain; version=0.0.4; charset=utf-8", &b);
}
