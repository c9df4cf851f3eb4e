#include "http/client.h"

#include "base/mem.h"
#include "http/request.h"

#include <sys/socket.h>

static struct wc_str trim(struct wc_str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = wc_str_from(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* The last element of a list header, the last line of which counts. Absent when there is none. */
static struct wc_str last_element(const h2o_req_t *req, struct wc_str name)
{
    struct wc_str last = WC_STR_NONE;
    for (ssize_t at = -1; (at = h2o_find_header_by_str(&req->headers, name.p, name.n, at)) >= 0;)
        last = wc_iovec_str(req->headers.entries[at].value);
    for (size_t i = last.n; i > 0; i--) {
        if (last.p[i - 1] == ',')
            return trim(wc_str_from(last, i));
    }
    return trim(last);
}

/* The value of `for` in `for="[2001:db8::1]:4711";proto=https`, without quotes. */
static struct wc_str forwarded_for(struct wc_str element)
{
    while (element.n > 0) {
        const char *semicolon = memchr(element.p, ';', element.n);
        size_t n = semicolon != NULL ? (size_t)(semicolon - element.p) : element.n;
        struct wc_str pair = trim((struct wc_str){element.p, n});
        element = wc_str_from(element, n + 1);
        if (pair.n < 4 || !h2o_lcstris(pair.p, 4, H2O_STRLIT("for=")))
            continue;
        pair = wc_str_from(pair, 4);
        if (pair.n >= 2 && pair.p[0] == '"' && pair.p[pair.n - 1] == '"')
            pair = (struct wc_str){pair.p + 1, pair.n - 2};
        return pair;
    }
    return WC_STR_NONE;
}

/* An address with or without a port: `192.0.2.1:80`, `[::1]:80`, `::1`. */
static bool parse_node(struct wc_str s, struct wc_ip *ip)
{
    if (s.n > 0 && s.p[0] == '[') {
        const char *end = memchr(s.p, ']', s.n);
        return end != NULL && wc_ip_parse((struct wc_str){s.p + 1, (size_t)(end - s.p) - 1}, ip);
    }
    if (wc_ip_parse(s, ip))
        return true;
    const char *colon = s.n > 0 ? memchr(s.p, ':', s.n) : NULL;
    return colon != NULL && wc_ip_parse((struct wc_str){s.p, (size_t)(colon - s.p)}, ip);
}

static void follow_proxy(const h2o_req_t *req, struct wc_ip *ip)
{
    struct wc_str hop = last_element(req, WC_STR("x-forwarded-for"));
    if (hop.n == 0)
        hop = forwarded_for(last_element(req, WC_STR("forwarded")));
    struct wc_ip behind;
    if (parse_node(hop, &behind))
        *ip = behind;
}

void wc_http_client_address(const struct wc_http *http, h2o_req_t *req, char out[WC_IP_TEXT])
{
    struct sockaddr_storage peer;
    struct wc_ip ip = {{0}};
    if (req->conn->callbacks->get_peername(req->conn, (struct sockaddr *)&peer) != 0)
        wc_ip_of((struct sockaddr *)&peer, &ip);
    if (wc_nets_have(&http->trusted, &ip))
        follow_proxy(req, &ip);
    wc_ip_text(&ip, out);
}
