#include "telnet/proxy.h"

#include "base/str.h"

#include <arpa/inet.h>

enum { V1_MAX = 107, V2_HEAD = 16 };

static const char v2_signature[12] = {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

static void mapped(struct wc_telnet_address *a, const void *ipv4)
{
    static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    memcpy(a->ip.s6_addr, prefix, sizeof(prefix));
    memcpy(a->ip.s6_addr + 12, ipv4, 4);
}

static bool text_address(struct wc_str s, bool six, struct wc_telnet_address *out)
{
    char z[INET6_ADDRSTRLEN];
    struct in_addr four;
    if (s.n == 0 || s.n >= sizeof(z))
        return false;
    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    if (six)
        return inet_pton(AF_INET6, z, &out->ip) == 1;
    if (inet_pton(AF_INET, z, &four) != 1)
        return false;
    mapped(out, &four);
    return true;
}

/* The next of the fields, which have exactly one space between them. */
static struct wc_str field(struct wc_str *rest)
{
    const char *space = rest->n != 0 ? memchr(rest->p, ' ', rest->n) : NULL;
    struct wc_str s = {rest->p, space != NULL ? (size_t)(space - rest->p) : rest->n};
    *rest = wc_str_from(*rest, s.n + 1);
    return s;
}

/* `TCP4 <source> <destination> <port> <port>`, or `UNKNOWN` and anything. */
static bool v1_line(struct wc_str line, struct wc_telnet_address *peer)
{
    struct wc_telnet_address source, destination;
    uint64_t port;
    struct wc_str family = field(&line);
    if (wc_str_is(family, "UNKNOWN"))
        return true;
    bool six = wc_str_is(family, "TCP6");
    if ((!six && !wc_str_is(family, "TCP4")) || line.n == 0 || line.p[line.n - 1] == ' ')
        return false;
    if (!text_address(field(&line), six, &source) || !text_address(field(&line), six, &destination) ||
        !wc_str_u64(field(&line), 65535, &port) || !wc_str_u64(field(&line), 65535, &port) || line.n != 0)
        return false;
    *peer = source;
    return true;
}

static enum wc_proxy_result v1(struct wc_str s, size_t *used, struct wc_telnet_address *peer)
{
    const char *lf = memchr(s.p, '\n', s.n < V1_MAX ? s.n : V1_MAX);
    if (lf == NULL)
        return s.n < V1_MAX ? WC_PROXY_MORE : WC_PROXY_BAD;
    size_t n = (size_t)(lf - s.p);
    if (s.p[n - 1] != '\r' || !v1_line((struct wc_str){s.p + 6, n - 7}, peer))
        return WC_PROXY_BAD;
    *used = n + 1;
    return WC_PROXY_DONE;
}

static enum wc_proxy_result v2(struct wc_str s, size_t *used, struct wc_telnet_address *peer)
{
    const unsigned char *p = (const unsigned char *)s.p;
    if (s.n < V2_HEAD)
        return WC_PROXY_MORE;
    size_t body = (size_t)p[14] << 8 | p[15];
    unsigned version = p[12] >> 4, command = p[12] & 15, family = p[13] >> 4, protocol = p[13] & 15;
    if (version != 2 || command > 1 || body > WC_PROXY_BODY_MAX || family > 3 || protocol > 2)
        return WC_PROXY_BAD;
    if (s.n < V2_HEAD + body)
        return WC_PROXY_MORE;
    *used = V2_HEAD + body;
    if (command == 0 || protocol != 1) /* LOCAL: the balancer itself; or no TCP */
        return WC_PROXY_DONE;
    if ((family == 1 && body < 12) || (family == 2 && body < 36))
        return WC_PROXY_BAD;
    if (family == 1)
        mapped(peer, p + V2_HEAD);
    else if (family == 2)
        memcpy(&peer->ip, p + V2_HEAD, sizeof(peer->ip));
    return WC_PROXY_DONE;
}

enum wc_proxy_result wc_proxy_parse(struct wc_str s, size_t *used, struct wc_telnet_address *peer)
{
    const struct wc_str first = {v2_signature, sizeof(v2_signature)}, word = WC_STR("PROXY ");
    if (wc_str_starts(s, word))
        return v1(s, used, peer);
    if (wc_str_starts(s, first))
        return v2(s, used, peer);
    return wc_str_starts(first, s) || wc_str_starts(word, s) ? WC_PROXY_MORE : WC_PROXY_BAD;
}
