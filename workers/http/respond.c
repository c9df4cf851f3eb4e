#include "http/respond.h"

#include "base/clock.h"
#include "http/cors.h"
#include "http/problem.h"
#include "http/request.h"

#include <stdio.h>

void wc_http_header(struct wc_http_request *r, struct wc_str name, struct wc_str value)
{
    h2o_iovec_t copy = h2o_strdup(&r->req->pool, value.p, value.n);
    h2o_add_header_by_str(&r->req->pool, &r->req->res.headers, name.p, name.n, 1, NULL, copy.base, copy.len);
}

static void add_common_headers(struct wc_http_request *r, const char *type)
{
    bool cacheable = r->route != NULL && (r->route->flags & WC_ROUTE_CACHEABLE) != 0 && r->req->res.status == 200;
    if (type != NULL)
        wc_http_header(r, WC_STR("content-type"), wc_str(type));
    wc_http_header(r, WC_STR("x-request-id"), wc_str(r->id));
    wc_http_header(r, WC_STR("cache-control"), cacheable ? WC_STR("public, max-age=300") : WC_STR("no-store"));
    wc_http_header(r, WC_STR("x-content-type-options"), WC_STR("nosniff"));
    wc_http_cors(r);
}

static void send_body(struct wc_http_request *r)
{
    bool head = wc_str_is(wc_iovec_str(r->req->method), "HEAD");
    bool none = r->req->res.status == 204;
    r->req->res.content_length = none ? SIZE_MAX : r->body.n;
    h2o_iovec_t body = {r->body.p, r->body.n};
    h2o_start_response(r->req, &r->generator);
    h2o_send(r->req, &body, head || none || body.len == 0 ? 0 : 1, H2O_SEND_STATE_FINAL);
}

static void begin(struct wc_http_request *r, int status, const char *type)
{
    r->answered = true;
    r->req->res.status = status;
    r->req->res.reason = wc_http_reason(status);
    add_common_headers(r, type);
    wc_http_account(r->http, r->req, status, r->id, r->who.user, wc_monotonic_ms() - r->begun_ms);
}

void wc_http_begin_answer(struct wc_http_request *r, int status)
{
    r->req->res.content_length = SIZE_MAX;
    begin(r, status, NULL);
}

void wc_http_answer(struct wc_http_request *r, int status, const char *type, struct wc_buf *body)
{
    if (body != NULL) {
        r->body = *body;
        *body = WC_BUF_INIT;
    }
    if (r->http->draining)
        r->req->http1_is_persistent = 0;
    begin(r, status, status == 204 ? NULL : type);
    send_body(r);
}

/* RFC 6750 section 3: without a token there is no error to be told. */
static void challenge(struct wc_http_request *r)
{
    wc_http_header(r, WC_STR("www-authenticate"),
                   r->had_token ? WC_STR("Bearer realm=\"wcchat\", error=\"invalid_token\"")
                                : WC_STR("Bearer realm=\"wcchat\""));
}

void wc_http_refuse(struct wc_http_request *r, const struct wc_failure *failure)
{
    int status = wc_http_status(failure->err);
    uint64_t retry = wc_http_retry_after(failure);
    char digits[20];
    struct wc_buf body = WC_BUF_INIT;
    if (failure->err == WC_UNAUTHENTICATED)
        challenge(r);
    if (retry > 0)
        wc_http_header(r, WC_STR("retry-after"), (struct wc_str){digits, wc_u64_format(retry, digits)});
    wc_http_problem(&body, failure, status, r->id);
    wc_http_answer(r, status, "application/problem+json", &body);
}

void wc_http_refuse_with(struct wc_http_request *r, wc_err err, const char *detail)
{
    struct wc_failure failure = {.err = err};
    if (detail != NULL)
        snprintf(failure.detail, sizeof(failure.detail), "%s", detail);
    wc_http_refuse(r, &failure);
}
