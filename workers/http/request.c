#include "http/request.h"

#include "base/clock.h"
#include "base/mem.h"
#include "chat/call.h"
#include "http/arguments.h"
#include "http/client.h"
#include "http/framing.h"
#include "http/respond.h"
#include "http/stream.h"
#include "http/url.h"
#include "http/websocket.h"

#include <stdio.h>

struct handler {
    h2o_handler_t super;
    struct wc_http *http;
};

static void stop_waiting(struct wc_http_request *r)
{
    if (r->authenticating)
        wc_auth_cancel(r->http->worker->chat->auth, r);
    if (r->call != NULL)
        wc_call_cancel(r->call);
    if (r->stream != NULL)
        wc_stream_abandon(r->stream);
    r->authenticating = false;
    r->call = NULL;
    r->stream = NULL;
}

/* h2o is done with the request, or its connection has ended. */
static void on_dispose(void *p)
{
    struct wc_http_request *r = p;
    stop_waiting(r);
    if (!r->answered)
        wc_http_account(r->http, r->req, 0, r->id, r->who.user, wc_monotonic_ms() - r->begun_ms);
    *r->link = r->next;
    if (r->next != NULL)
        r->next->link = r->link;
    r->http->counts.under_way--;
    wc_http_path_free(&r->path);
    wc_buf_free(&r->body);
}

static struct wc_http_request *request_new(struct wc_http *http, h2o_req_t *req)
{
    struct wc_http_request *r = h2o_mem_alloc_shared(&req->pool, sizeof(*r), on_dispose);
    *r = (struct wc_http_request){.http = http, .req = req, .begun_ms = wc_monotonic_ms(), .next = http->requests};
    r->link = &http->requests;
    if (r->next != NULL)
        r->next->link = &r->next;
    http->requests = r;
    http->counts.under_way++;
    wc_http_request_id(http, req, r->id);
    return r;
}

static bool is_id(struct wc_str s)
{
    if (s.n == 0 || s.n > WC_HTTP_ID_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i], lower = (char)(c | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

void wc_http_request_id(struct wc_http *http, const h2o_req_t *req, char out[WC_HTTP_ID_MAX + 1])
{
    ssize_t at = h2o_find_header_by_str(&req->headers, H2O_STRLIT("x-request-id"), -1);
    struct wc_str given = at >= 0 ? wc_iovec_str(req->headers.entries[at].value) : WC_STR_NONE;
    if (!is_id(given)) {
        snprintf(out, WC_HTTP_ID_MAX + 1, "%s-%llu", http->id_prefix, (unsigned long long)++http->last_id);
        return;
    }
    memcpy(out, given.p, given.n);
    out[given.n] = '\0';
}

/* Steps of a request, each of which answers or goes on to the next. */

static void on_called(void *arg, struct wc_call *call, const struct wc_failure *failure)
{
    struct wc_http_request *r = arg;
    r->call = NULL;
    if (failure != NULL) {
        wc_http_refuse(r, failure);
        return;
    }
    int status = r->route->status;
    if (status == 201 && !call->created)
        status = 200;
    if (status == 204)
        call->result.n = 0;
    wc_http_answer(r, status, WC_HTTP_JSON, &call->result);
}

/* Something comes, or the connection ends, before the answer: it is for later. */
static void on_early(h2o_socket_t *sock, const char *err)
{
    (void)err;
    h2o_socket_read_stop(sock);
}

/* h2o has stopped to read the connection until the request is answered. Left at that, it would take the socket out of
 * its epoll and add it again for the next one: two system calls a request. */
static void stay_in_epoll(h2o_req_t *req)
{
    if (req->version < 0x200)
        h2o_socket_read_start(req->conn->callbacks->get_socket(req->conn), on_early);
}

static void act(struct wc_http_request *r)
{
    r->who.via = "rest";
    wc_http_client_address(r->http, r->req, r->who.address);
    if (r->route->serve != NULL) {
        r->route->serve(r);
        return;
    }
    r->call = wc_call_new(r->http->worker->chat, r->route->op, &r->who);
    wc_http_arguments(r, r->call);
    stay_in_epoll(r->req);
    wc_call_start(r->call, on_called, r);
}

static void on_authenticated(void *arg, wc_err err, const struct wc_identity *who, uint64_t retry_ms)
{
    struct wc_http_request *r = arg;
    r->authenticating = false;
    if (err == WC_OK) {
        r->who = *who;
        act(r);
        return;
    }
    struct wc_failure failure = {.err = err, .retry_ms = retry_ms};
    if (err == WC_UNAUTHENTICATED)
        snprintf(failure.detail, sizeof(failure.detail), "the access token is wrong, expired or revoked");
    wc_http_refuse(r, &failure);
}

static void check_token(struct wc_http_request *r, struct wc_str token)
{
    struct wc_auth *auth = r->http->worker->chat->auth;
    r->had_token = true;
    if (wc_auth_cached(auth, token, &r->who)) {
        act(r);
        return;
    }
    r->authenticating = true;
    wc_auth_token(auth, token, on_authenticated, r);
}

static void authenticate(struct wc_http_request *r)
{
    const h2o_headers_t *headers = &r->req->headers;
    ssize_t at = h2o_find_header(headers, H2O_TOKEN_AUTHORIZATION, -1);
    if ((r->route->flags & WC_ROUTE_OPEN) != 0 || (at < 0 && (r->route->flags & WC_ROUTE_OPTIONAL) != 0)) {
        r->who.anonymous = true;
        act(r);
        return;
    }
    if (at < 0 && (r->route->flags & WC_ROUTE_SUBPROTOCOL) != 0) {
        struct wc_str token = wc_http_websocket_token(r->req);
        if (token.n != 0) {
            check_token(r, token);
            return;
        }
    }
    if (at < 0) {
        wc_http_refuse_with(r, WC_UNAUTHENTICATED, "an access token is needed: Authorization: Bearer <token>");
        return;
    }
    struct wc_str value = wc_iovec_str(headers->entries[at].value);
    if (h2o_find_header(headers, H2O_TOKEN_AUTHORIZATION, at) >= 0)
        wc_http_refuse_with(r, WC_BAD_REQUEST, "there is more than one Authorization");
    else if (value.n < 8 || !h2o_lcstris(value.p, 7, H2O_STRLIT("bearer ")))
        wc_http_refuse_with(r, WC_UNAUTHENTICATED, "Authorization must be Bearer <token>");
    else
        check_token(r, wc_str_from(value, 7));
}

static void allow(struct wc_http_request *r)
{
    struct wc_buf methods = WC_BUF_INIT;
    wc_http_route_allow(r->route, &methods);
    wc_http_header(r, WC_STR("allow"), wc_buf_view(&methods));
    wc_buf_free(&methods);
}

static void choose_method(struct wc_http_request *r)
{
    struct wc_str method = wc_iovec_str(r->req->method);
    const struct wc_http_route *row = wc_http_route_method(r->route, method);
    if (row != NULL) {
        r->route = row;
        authenticate(r);
        return;
    }
    allow(r);
    if (wc_str_is(method, "OPTIONS"))
        wc_http_answer(r, 204, NULL, NULL);
    else
        wc_http_refuse_with(r, WC_METHOD_NOT_ALLOWED, "the Allow header says which methods there are");
}

static void choose_route(struct wc_http_request *r)
{
    struct wc_url url;
    if (!wc_url_split(wc_iovec_str(r->req->input.path), &url)) {
        wc_http_refuse_with(r, WC_BAD_REQUEST, "the request's target is not a path");
        return;
    }
    r->query = url.query;
    enum wc_http_path_result result = wc_http_path_split(url.path, &r->path);
    if (result == WC_HTTP_PATH_BROKEN) {
        wc_http_refuse_with(r, WC_BAD_REQUEST, "the path is not percent-encoded UTF-8");
        return;
    }
    r->route = result == WC_HTTP_PATH_OK ? wc_http_route_find(&r->path) : NULL;
    if (r->route == NULL)
        wc_http_refuse_with(r, WC_NOT_FOUND, "there is nothing at this path");
    else
        choose_method(r);
}

static int on_req(h2o_handler_t *handler, h2o_req_t *req)
{
    struct wc_http_request *r = request_new(((struct handler *)handler)->http, req);
    const char *problem = wc_http_framing_problem(req);
    if (problem == NULL) {
        choose_route(r);
    } else {
        req->http1_is_persistent = 0;
        wc_http_refuse_with(r, WC_BAD_REQUEST, problem);
    }
    return 0;
}

void wc_http_register_handler(struct wc_http *http, h2o_pathconf_t *where)
{
    struct handler *handler = (struct handler *)h2o_create_handler(where, sizeof(*handler));
    handler->super.on_req = on_req;
    handler->http = http;
}

void wc_http_end_requests(struct wc_http *http)
{
    for (struct wc_http_request *r = http->requests, *next; r != NULL; r = next) {
        next = r->next;
        stop_waiting(r);
        r->req->http1_is_persistent = 0;
        if (!r->answered)
            wc_http_refuse_with(r, WC_UNAVAILABLE, "this worker is stopping");
    }
}
