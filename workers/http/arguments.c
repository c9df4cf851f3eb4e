#include "http/arguments.h"

#include "base/json.h"
#include "base/json_flat.h"
#include "chat/call.h"
#include "http/request.h"
#include "http/url.h"

#include <stdio.h>

static void on_path_arg(void *arg, struct wc_str kind, struct wc_str name, struct wc_str value)
{
    struct wc_call *call = arg;
    if (kind.n == 0) {
        wc_call_arg(call, name, value);
        return;
    }
    struct wc_buf target = WC_BUF_INIT;
    wc_buf_addf(&target, "wcchat://%.*s/", WC_STR_ARG(kind));
    wc_buf_str(&target, value);
    wc_call_arg(call, name, wc_buf_view(&target));
    wc_buf_free(&target);
}

static void query_pair(struct wc_call *call, struct wc_str name, struct wc_str value)
{
    struct wc_buf n = WC_BUF_INIT, v = WC_BUF_INIT;
    if (wc_url_decode(name, true, &n) && wc_url_decode(value, true, &v))
        wc_call_arg(call, wc_buf_view(&n), wc_buf_view(&v));
    else
        wc_call_refuse(call, WC_BAD_REQUEST, "the query is not percent-encoded UTF-8");
    wc_buf_free(&n);
    wc_buf_free(&v);
}

static bool is_one_of(struct wc_str method, const char *a, const char *b, const char *c)
{
    return wc_str_is(method, a) || wc_str_is(method, b) || wc_str_is(method, c);
}

static void give_query(struct wc_http_request *r, struct wc_call *call, struct wc_str method)
{
    struct wc_str query = r->query, name, value;
    if (query.n > 0 && !is_one_of(method, "GET", "HEAD", "DELETE")) {
        wc_call_refuse(call, WC_BAD_REQUEST, "arguments belong into the body, not into the query");
        return;
    }
    while (wc_url_next_pair(&query, &name, &value))
        query_pair(call, name, value);
}

static bool is_json(const h2o_req_t *req)
{
    ssize_t at = h2o_find_header(&req->headers, H2O_TOKEN_CONTENT_TYPE, -1);
    if (at < 0)
        return false;
    struct wc_str type = wc_iovec_str(req->headers.entries[at].value);
    const struct wc_str json = WC_STR("application/json");
    if (type.n < json.n || !h2o_lcstris(type.p, json.n, json.p, json.n))
        return false;
    return type.n == json.n || strchr("; \t", type.p[json.n]) != NULL;
}

static bool on_member(void *arg, struct wc_str name, const wc_json *value)
{
    wc_call_arg_json(arg, name, value);
    return true;
}

static void give_json(struct wc_call *call, struct wc_str text)
{
    struct wc_json_flat flat;
    if (wc_json_flat_read(text, &flat)) {
        for (size_t i = 0; i < flat.n; i++)
            wc_call_arg_text(call, flat.of[i].name, flat.of[i].value);
        return;
    }
    char why[128], detail[160];
    wc_json *doc = wc_json_parse(text, why, sizeof(why));
    if (doc == NULL) {
        snprintf(detail, sizeof(detail), "the body: %s", why);
        wc_call_refuse(call, WC_BAD_REQUEST, detail);
    } else if (wc_json_type(doc) != WC_JSON_OBJECT) {
        wc_call_refuse(call, WC_BAD_REQUEST, "the body must be a JSON object");
    } else {
        wc_json_each(doc, on_member, call);
    }
    wc_json_free(doc);
}

static void give_body(struct wc_http_request *r, struct wc_call *call, struct wc_str method)
{
    struct wc_str body = wc_iovec_str(r->req->entity);
    if (body.n == 0)
        return;
    if (is_one_of(method, "GET", "HEAD", "HEAD"))
        wc_call_refuse(call, WC_BAD_REQUEST, "this request has no body");
    else if (body.n > r->http->options->body_max)
        wc_call_refuse(call, WC_TOO_LARGE, "the body is too large");
    else if (!is_json(r->req))
        wc_call_refuse(call, WC_UNSUPPORTED_MEDIA_TYPE, "the body must have Content-Type: application/json");
    else
        give_json(call, body);
}

void wc_http_arguments(struct wc_http_request *r, struct wc_call *call)
{
    struct wc_str method = wc_iovec_str(r->req->method);
    wc_http_route_args(r->route, &r->path, on_path_arg, call);
    give_query(r, call, method);
    give_body(r, call, method);
}
