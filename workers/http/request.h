#ifndef WC_HTTP_REQUEST_H
#define WC_HTTP_REQUEST_H

#include "chat/auth.h"
#include "http/http.h"
#include "http/routes.h"

/*
 * A request under way. It lives in h2o's pool for the request, and ends with it: what it waits for is cancelled then,
 * so no callback ever finds it gone.
 */
struct wc_call;

#define WC_HTTP_ID_MAX 64

struct wc_http_request {
    struct wc_http *http;
    h2o_req_t *req;
    const struct wc_http_route *route; /* NULL until it is found */
    struct wc_str query;
    struct wc_http_path path;
    struct wc_call *call;     /* NULL: none under way */
    struct wc_stream *stream; /* NULL, or what waits to take the connection (stream.h) */
    bool authenticating, answered;
    bool had_token;    /* a refusal then says that it is the token's fault */
    uint64_t begun_ms; /* monotonic */
    struct wc_identity who;
    char id[WC_HTTP_ID_MAX + 1]; /* NUL-terminated */
    h2o_generator_t generator;
    struct wc_buf body; /* of the answer, while h2o writes it */
    struct wc_http_request *next, **link;
};

/* h2o's handler for everything that is served here. */
void wc_http_register_handler(struct wc_http *http, h2o_pathconf_t *where);
/* Answers everything that is still waiting with `unavailable`, and closes those connections. */
void wc_http_end_requests(struct wc_http *http);
/* The id that the client gave if it is one ([A-Za-z0-9._-]{1,64}), else a new one. */
void wc_http_request_id(struct wc_http *http, const h2o_req_t *req, char out[WC_HTTP_ID_MAX + 1]);

static inline struct wc_str wc_iovec_str(h2o_iovec_t v)
{
    return (struct wc_str){v.base, v.len};
}

#endif
