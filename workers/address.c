#include "address.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <stdlib.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void set_ipv4(struct wc_ip *ip, const void *four)
{
    memcpy(ip->b, mapped, sizeof(mapped));
    memcpy(ip->b + sizeof(mapped), four, 4);
}

static bool is_ipv4(const struct wc_ip *ip)
{
    return memcmp(ip->b, mapped, sizeof(mapped)) == 0;
}

bool wc_ip_parse(struct wc_str s, struct wc_ip *out)
{
    char text[WC_IP_TEXT];
    uint8_t b[16];
    if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, '\0', s.n) != NULL)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    if (inet_pton(AF_INET, text, b) == 1)
        set_ipv4(out, b);
    else if (inet_pton(AF_INET6, text, b) == 1)
        memcpy(out->b, b, sizeof(b));
    else
        return false;
    return true;
}

bool wc_ip_of(const struct sockaddr *sa, struct wc_ip *out)
{
    if (sa->sa_family == AF_INET)
        set_ipv4(out, &((const struct sockaddr_in *)(const void *)sa)->sin_addr);
    else if (sa->sa_family == AF_INET6)
        memcpy(out->b, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, sizeof(out->b));
    else
        return false;
    return true;
}

void wc_ip_text(const struct wc_ip *ip, char out[WC_IP_TEXT])
{
    if (is_ipv4(ip))
        inet_ntop(AF_INET, ip->b + sizeof(mapped), out, WC_IP_TEXT);
    else
        inet_ntop(AF_INET6, ip->b, out, WC_IP_TEXT);
}

bool wc_cidr_parse(struct wc_str s, struct wc_cidr *out)
{
    const char *slash = s.n > 0 ? memchr(s.p, '/', s.n) : NULL;
    size_t n = slash != NULL ? (size_t)(slash - s.p) : s.n;
    struct wc_ip ip;
    if (!wc_ip_parse((struct wc_str){s.p, n}, &ip))
        return false;
    uint64_t most = memchr(s.p, ':', n) != NULL ? 128 : 32;
    uint64_t bits = most;
    if (slash != NULL && !wc_str_u64(wc_str_from(s, n + 1), most, &bits))
        return false;
    out->ip = ip;
    out->bits = (unsigned)(bits + 128 - most);
    return true;
}

bool wc_cidr_has(const struct wc_cidr *net, const struct wc_ip *ip)
{
    size_t bytes = net->bits / 8;
    unsigned rest = net->bits % 8;
    if (memcmp(net->ip.b, ip->b, bytes) != 0)
        return false;
    return rest == 0 || ((net->ip.b[bytes] ^ ip->b[bytes]) >> (8 - rest)) == 0;
}

bool wc_nets_read(struct wc_nets *nets, const char *name, const struct wc_option_list *list, struct wc_buf *why)
{
    nets->n = 0;
    nets->v = wc_realloc_array(NULL, list->n > 0 ? list->n : 1, sizeof(*nets->v));
    for (size_t i = 0; i < list->n; i++) {
        if (!wc_cidr_parse(wc_str(list->v[i]), &nets->v[i])) {
            wc_buf_addf(why, "option %s: %s is neither an address nor a network like 10.0.0.0/8", name, list->v[i]);
            return false;
        }
        nets->n++;
    }
    return true;
}

bool wc_nets_have(const struct wc_nets *nets, const struct wc_ip *ip)
{
    for (size_t i = 0; i < nets->n; i++) {
        if (wc_cidr_has(&nets->v[i], ip))
            return true;
    }
    return false;
}

void wc_nets_free(struct wc_nets *nets)
{
    free(nets->v);
    *nets = (struct wc_nets){NULL, 0};
}
