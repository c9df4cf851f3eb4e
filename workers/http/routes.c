#include "http/routes.h"

#include "base/mem.h"
#include "chat/operations.h"
#include "http/events.h"
#include "http/health.h"
#include "http/url.h"
#include "http/websocket.h"

#define V1        "/v1"
#define ME        V1 "/users/me"
#define USER      V1 "/users/{user}"
#define ROOM      V1 "/rooms/{room}"
#define IN_ROOM   V1 "/rooms/{rooms>target}"
#define WITH_USER V1 "/users/{users>target}"

static const struct wc_http_route routes[] = {
    {"GET", "/healthz", NULL, wc_http_serve_health, 200, WC_ROUTE_OPEN},
    {"GET", "/readyz", NULL, wc_http_serve_ready, 200, WC_ROUTE_OPEN},
    {"GET", "/metrics", NULL, wc_http_serve_metrics, 200, WC_ROUTE_OPEN},
    {"GET", "/.well-known/jwks.json", "auth.jwks", NULL, 200, WC_ROUTE_OPEN | WC_ROUTE_CACHEABLE},

    {"POST", V1 "/auth/token", "auth.token", NULL, 200, WC_ROUTE_OPEN},
    {"POST", V1 "/auth/refresh", "auth.refresh", NULL, 200, WC_ROUTE_OPEN},
    {"POST", V1 "/auth/nats", "auth.nats", NULL, 200, 0},
    {"POST", V1 "/auth/logout", "auth.logout", NULL, 204, WC_ROUTE_OPTIONAL},

    {"POST", V1 "/users", "account.register", NULL, 201, WC_ROUTE_OPEN},
    {"GET", ME, "account.get", NULL, 200, 0},
    {"PATCH", ME, "account.update", NULL, 200, 0},
    {"DELETE", ME, "account.delete", NULL, 204, 0},
    {"PUT", ME "/password", "account.password", NULL, 204, 0},
    {"GET", ME "/sessions", "account.sessions", NULL, 200, 0},
    {"DELETE", ME "/sessions/{id}", "account.session_end", NULL, 204, 0},
    {"GET", USER, "user.get", NULL, 200, 0},
    {"GET", WITH_USER "/messages", "message.history", NULL, 200, 0},
    {"POST", WITH_USER "/messages", "message.send", NULL, 201, 0},
    {"GET", WITH_USER "/messages/{id}", "message.get", NULL, 200, 0},
    {"PATCH", WITH_USER "/messages/{id}", "message.edit", NULL, 200, 0},
    {"DELETE", WITH_USER "/messages/{id}", "message.delete", NULL, 204, 0},
    {"PUT", WITH_USER "/messages/{id}/reactions/{reaction}", "reaction.add", NULL, 200, 0},
    {"DELETE", WITH_USER "/messages/{id}/reactions/{reaction}", "reaction.remove", NULL, 204, 0},
    {"PUT", WITH_USER "/read", "read.mark", NULL, 200, 0},

    {"GET", V1 "/rooms", "room.list", NULL, 200, 0},
    {"POST", V1 "/rooms", "room.create", NULL, 201, 0},
    {"GET", ROOM, "room.get", NULL, 200, 0},
    {"PATCH", ROOM, "room.update", NULL, 200, 0},
    {"DELETE", ROOM, "room.delete", NULL, 204, 0},
    {"GET", ROOM "/members", "room.members", NULL, 200, 0},
    {"PUT", ROOM "/members/{user}", "room.invite", NULL, 201, 0},
    {"DELETE", ROOM "/members/{user}", "room.kick", NULL, 204, 0},
    {"GET", ROOM "/bans", "room.bans", NULL, 200, 0},
    {"PUT", ROOM "/bans/{user}", "room.ban", NULL, 201, 0},
    {"DELETE", ROOM "/bans/{user}", "room.unban", NULL, 204, 0},
    {"GET", IN_ROOM "/messages", "message.history", NULL, 200, 0},
    {"POST", IN_ROOM "/messages", "message.send", NULL, 201, 0},
    {"GET", IN_ROOM "/messages/{id}", "message.get", NULL, 200, 0},
    {"PATCH", IN_ROOM "/messages/{id}", "message.edit", NULL, 200, 0},
    {"DELETE", IN_ROOM "/messages/{id}", "message.delete", NULL, 204, 0},
    {"PUT", IN_ROOM "/messages/{id}/reactions/{reaction}", "reaction.add", NULL, 200, 0},
    {"DELETE", IN_ROOM "/messages/{id}/reactions/{reaction}", "reaction.remove", NULL, 204, 0},
    {"PUT", IN_ROOM "/read", "read.mark", NULL, 200, 0},

    {"GET", V1 "/events", NULL, wc_http_serve_events, 200, 0},
    {"GET", V1 "/ws", NULL, wc_http_serve_websocket, 101, WC_ROUTE_SUBPROTOCOL},
    {"GET", V1 "/conversations", "conversation.list", NULL, 200, 0},
    {"GET", V1 "/presence", "presence.query", NULL, 200, 0},
    {"PUT", V1 "/presence", "presence.set", NULL, 200, 0},
    {"GET", V1 "/presence/{user}", "presence.query", NULL, 200, 0},
};

/* Takes the next segment off a path or pattern that begins with a slash. */
static bool next_segment(struct wc_str *rest, struct wc_str *segment)
{
    if (rest->n == 0)
        return false;
    struct wc_str s = wc_str_from(*rest, 1);
    const char *slash = s.n > 0 ? memchr(s.p, '/', s.n) : NULL;
    size_t n = slash != NULL ? (size_t)(slash - s.p) : s.n;
    *segment = (struct wc_str){s.p, n};
    *rest = wc_str_from(s, n);
    return true;
}

/* Room for all of the path was reserved at once, so that views into it stay. */
static bool decode_segment(struct wc_http_path *path, struct wc_str raw, struct wc_str *out)
{
    if (memchr(raw.p, '%', raw.n) == NULL) {
        *out = raw;
        return true;
    }
    size_t from = path->decoded.n;
    if (!wc_url_decode(raw, false, &path->decoded))
        return false;
    *out = (struct wc_str){path->decoded.p + from, path->decoded.n - from};
    return true;
}

enum wc_http_path_result wc_http_path_split(struct wc_str path, struct wc_http_path *out)
{
    struct wc_str raw;
    *out = (struct wc_http_path){.n = 0};
    if (memchr(path.p, '%', path.n) != NULL)
        wc_buf_reserve(&out->decoded, path.n + WC_HTTP_PATH_SEGMENTS);
    while (next_segment(&path, &raw)) {
        if (raw.n == 0 || out->n == WC_HTTP_PATH_SEGMENTS)
            return WC_HTTP_PATH_UNKNOWN;
        if (!decode_segment(out, raw, &out->v[out->n++]))
            return WC_HTTP_PATH_BROKEN;
    }
    return WC_HTTP_PATH_OK;
}

void wc_http_path_free(struct wc_http_path *path)
{
    wc_buf_free(&path->decoded);
}

/* Walks the pattern along the path: most rows are ruled out by the first byte of their second segment. A slash in a
 * segment was encoded there: it parts nothing. */
static bool fits(const struct wc_http_route *route, const struct wc_http_path *path)
{
    const char *p = route->pattern;
    size_t i = 0;
    for (; *p == '/'; i++) {
        if (i == path->n)
            return false;
        if (*++p == '{') {
            p = strchr(p, '}') + 1;
            continue;
        }
        const struct wc_str segment = path->v[i];
        for (size_t at = 0; at < segment.n; at++, p++)
            if (*p == '\0' || *p == '/' || *p != segment.p[at])
                return false;
        if (*p != '/' && *p != '\0')
            return false;
    }
    return i == path->n;
}

const struct wc_http_route *wc_http_route_find(const struct wc_http_path *path)
{
    for (size_t i = 0; i < WC_COUNT(routes); i++) {
        if (fits(&routes[i], path))
            return &routes[i];
        while (i + 1 < WC_COUNT(routes) && routes[i + 1].pattern == routes[i].pattern) /* one literal, mostly */
            i++;
    }
    return NULL;
}

/* The next row of the same pattern, or NULL. */
static const struct wc_http_route *sibling(const struct wc_http_route *route)
{
    const struct wc_http_route *next = route + 1;
    return next < routes + WC_COUNT(routes) && strcmp(next->pattern, route->pattern) == 0 ? next : NULL;
}

const struct wc_http_route *wc_http_route_method(const struct wc_http_route *first, struct wc_str method)
{
    if (wc_str_is(method, "HEAD"))
        method = WC_STR("GET");
    for (const struct wc_http_route *r = first; r != NULL; r = sibling(r)) {
        if (wc_str_is(method, r->method))
            return r;
    }
    return NULL;
}

void wc_http_route_allow(const struct wc_http_route *first, struct wc_buf *out)
{
    for (const struct wc_http_route *r = first; r != NULL; r = sibling(r)) {
        wc_buf_z(out, r->method);
        wc_buf_z(out, strcmp(r->method, "GET") == 0 ? ", HEAD, " : ", ");
    }
    wc_buf_z(out, "OPTIONS");
}

void wc_http_route_args(const struct wc_http_route *route, const struct wc_http_path *path, wc_http_route_arg_cb cb,
                        void *arg)
{
    struct wc_str pattern = wc_str(route->pattern), segment;
    for (size_t i = 0; next_segment(&pattern, &segment); i++) {
        if (segment.p[0] != '{')
            continue;
        struct wc_str name = {segment.p + 1, segment.n - 2}, kind = WC_STR_NONE;
        const char *arrow = memchr(name.p, '>', name.n);
        if (arrow != NULL) {
            kind = (struct wc_str){name.p, (size_t)(arrow - name.p)};
            name = wc_str_from(name, kind.n + 1);
        }
        cb(arg, kind, name, path->v[i]);
    }
}

const char *wc_http_routes_problem(void)
{
    for (size_t i = 0; i < WC_COUNT(routes); i++) {
        if (routes[i].op != NULL && wc_op_find(wc_str(routes[i].op)) == NULL)
            return routes[i].op;
    }
    return NULL;
}
