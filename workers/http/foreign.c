#include "http/foreign.h"

#include "http/linger.h"
#include "http/problem.h"
#include "http/request.h"

#include <stdio.h>

struct foreign_filter {
    h2o_filter_t super;
    struct wc_http *http;
};

/* Sends our text in place of h2o's. */
struct replacement {
    h2o_ostream_t super;
    h2o_iovec_t body;
};

static void send_replacement(h2o_ostream_t *self, h2o_req_t *req, h2o_iovec_t *bufs, size_t count,
                             h2o_send_state_t state)
{
    (void)bufs;
    h2o_iovec_t body = ((struct replacement *)self)->body;
    bool head = wc_str_is(wc_iovec_str(req->input.method), "HEAD");
    (void)count;
    h2o_ostream_send_next(self, req, &body, head ? 0 : 1, state);
}

static h2o_iovec_t problem_text(h2o_req_t *req, const char *id)
{
    struct wc_failure failure = {.err = wc_http_error(req->res.status)};
    struct wc_buf b = WC_BUF_INIT;
    snprintf(failure.detail, sizeof(failure.detail), "%s", req->res.reason);
    wc_http_problem(&b, &failure, req->res.status, id);
    h2o_iovec_t text = h2o_strdup(&req->pool, b.p, b.n);
    wc_buf_free(&b);
    return text;
}

static void add(h2o_req_t *req, const char *name, const char *value)
{
    h2o_add_header_by_str(&req->pool, &req->res.headers, name, strlen(name), 1, NULL, value, strlen(value));
}

static void replace_headers(h2o_req_t *req, const char *id, size_t length)
{
    req->res.headers = (h2o_headers_t){NULL};
    req->res.content_length = length;
    req->res.reason = wc_http_reason(req->res.status);
    add(req, "content-type", "application/problem+json");
    add(req, "x-request-id", id);
    add(req, "cache-control", "no-store");
    add(req, "x-content-type-options", "nosniff");
}

static void on_setup_ostream(h2o_filter_t *filter, h2o_req_t *req, h2o_ostream_t **slot)
{
    struct wc_http *http = ((struct foreign_filter *)filter)->http;
    if (h2o_find_header_by_str(&req->res.headers, H2O_STRLIT("x-request-id"), -1) < 0) {
        char id[WC_HTTP_ID_MAX + 1];
        wc_http_request_id(http, req, id);
        h2o_iovec_t text = problem_text(req, id);
        replace_headers(req, h2o_strdup(&req->pool, id, SIZE_MAX).base, text.len);
        struct replacement *r = (struct replacement *)h2o_add_ostream(req, sizeof(*r), slot);
        r->super.do_send = send_replacement;
        r->body = text;
        slot = &r->super.next;
        wc_http_account(http, req, req->res.status, id, NULL, 0);
        wc_http_linger(http, req);
    }
    h2o_setup_next_ostream(req, slot);
}

void wc_http_register_foreign(struct wc_http *http, h2o_pathconf_t *where)
{
    struct foreign_filter *filter = (struct foreign_filter *)h2o_create_filter(where, sizeof(*filter));
    filter->super.on_setup_ostream = on_setup_ostream;
    filter->http = http;
}
