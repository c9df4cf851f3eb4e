#include "http/cors.h"

#include "http/request.h"
#include "http/respond.h"

static struct wc_str header_of(const h2o_req_t *req, struct wc_str name)
{
    ssize_t at = h2o_find_header_by_str(&req->headers, name.p, name.n, -1);
    return at >= 0 ? wc_iovec_str(req->headers.entries[at].value) : WC_STR_NONE;
}

/* What to allow: the origin itself, `*`, or nothing. */
static struct wc_str allowed(const struct wc_http_options *o, struct wc_str origin)
{
    for (size_t i = 0; i < o->cors.n; i++) {
        if (wc_str_is(WC_STR("*"), o->cors.v[i]))
            return WC_STR("*");
        if (wc_str_is(origin, o->cors.v[i]))
            return origin;
    }
    return WC_STR_NONE;
}

static void add_preflight(struct wc_http_request *r)
{
    struct wc_buf methods = WC_BUF_INIT;
    wc_http_route_allow(r->route, &methods);
    wc_http_header(r, WC_STR("access-control-allow-methods"), wc_buf_view(&methods));
    wc_buf_free(&methods);
    wc_http_header(r, WC_STR("access-control-allow-headers"), WC_STR("Authorization, Content-Type, X-Request-Id"));
    wc_http_header(r, WC_STR("access-control-max-age"), WC_STR("600"));
}

void wc_http_cors(struct wc_http_request *r)
{
    if (r->http->options->cors.n == 0)
        return;
    wc_http_header(r, WC_STR("vary"), WC_STR("Origin"));
    struct wc_str origin = header_of(r->req, WC_STR("origin"));
    struct wc_str allow = origin.n > 0 ? allowed(r->http->options, origin) : WC_STR_NONE;
    if (allow.n == 0)
        return;
    wc_http_header(r, WC_STR("access-control-allow-origin"), allow);
    if (r->route != NULL && wc_str_is(wc_iovec_str(r->req->method), "OPTIONS"))
        add_preflight(r);
    else
        wc_http_header(r, WC_STR("access-control-expose-headers"), WC_STR("X-Request-Id, Retry-After"));
}
