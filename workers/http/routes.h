#ifndef WC_HTTP_ROUTES_H
#define WC_HTTP_ROUTES_H

#include "base/buf.h"

/*
 * The routes: a row each. To add one: a row here, and an operation (chat/operations.h) that it names, or a function.
 *
 * A pattern's segments are words, or arguments of the operation in braces: `{room}`; `{rooms>target}` and
 * `{users>target}` give it `wcchat://rooms/<segment>` and `wcchat://users/<segment>` as `target`. Rows of one pattern
 * stand together, and before patterns that fit the same paths with an argument in a word's place.
 */
struct wc_http_request;

enum {
    WC_ROUTE_OPEN = 1,       /* for everybody: a token is not looked at … */
    WC_ROUTE_OPTIONAL = 2,   /* … or only when there is one */
    WC_ROUTE_CACHEABLE = 4,  /* by anybody, for five minutes */
    WC_ROUTE_SUBPROTOCOL = 8 /* the token may be a subprotocol (websocket.h) */
};

struct wc_http_route {
    const char *method, *pattern;
    const char *op;                           /* this operation, or … */
    void (*serve)(struct wc_http_request *r); /* … this function, which answers now or later */
    int status;                               /* of success; 201 becomes 200 when nothing new came to be */
    unsigned flags;
};

#define WC_HTTP_PATH_SEGMENTS 8

/* A path's segments, decoded. */
struct wc_http_path {
    size_t n;
    struct wc_str v[WC_HTTP_PATH_SEGMENTS];
    struct wc_buf decoded; /* behind those that were encoded */
};

enum wc_http_path_result {
    WC_HTTP_PATH_OK,
    WC_HTTP_PATH_UNKNOWN /* no route is like that */,
    WC_HTTP_PATH_BROKEN /* its encoding */
};

/* `path` begins with a slash and must outlive *out, which is freed by wc_http_path_free whatever the result. */
enum wc_http_path_result wc_http_path_split(struct wc_str path, struct wc_http_path *out);
void wc_http_path_free(struct wc_http_path *path);

/* The first row whose pattern fits, or NULL: of that pattern are all methods of this path. */
const struct wc_http_route *wc_http_route_find(const struct wc_http_path *path);
/* The row of the same pattern for this method (HEAD is GET), or NULL. */
const struct wc_http_route *wc_http_route_method(const struct wc_http_route *first, struct wc_str method);
/* Appends `GET, HEAD, POST, OPTIONS`: what the pattern's rows take. */
void wc_http_route_allow(const struct wc_http_route *first, struct wc_buf *out);

/* Calls back for each argument in the pattern. `kind`: `rooms` or `users` of a target, else absent. */
typedef void (*wc_http_route_arg_cb)(void *arg, struct wc_str kind, struct wc_str name, struct wc_str value);
void wc_http_route_args(const struct wc_http_route *route, const struct wc_http_path *path, wc_http_route_arg_cb cb,
                        void *arg);

/* NULL, or the name of an operation in the table that does not exist. */
const char *wc_http_routes_problem(void);

#endif
