#ifndef WC_ADDRESS_H
#define WC_ADDRESS_H

#include "base/options.h"

#include <netinet/in.h>

/* An IP address; an IPv4 one as mapped into IPv6 (RFC 4291 section 2.5.5.2). */
struct wc_ip {
    uint8_t b[16];
};

#define WC_IP_TEXT 48 /* bytes of one as text, with NUL */

/* False, *out untouched, when `s` is not a numeric address. */
bool wc_ip_parse(struct wc_str s, struct wc_ip *out);
bool wc_ip_of(const struct sockaddr *sa, struct wc_ip *out);
/* As people write it: 192.0.2.1 or 2001:db8::1. */
void wc_ip_text(const struct wc_ip *ip, char out[WC_IP_TEXT]);

struct wc_cidr {
    struct wc_ip ip;
    unsigned bits; /* of 128 */
};

/* `192.0.2.0/24`, `::1`. False when it is neither an address nor a network. */
bool wc_cidr_parse(struct wc_str s, struct wc_cidr *out);
bool wc_cidr_has(const struct wc_cidr *net, const struct wc_ip *ip);

/* Networks, those of proxies and balancers that are believed. */
struct wc_nets {
    struct wc_cidr *v;
    size_t n;
};

/* The values of the list option `name`. False and a sentence in `why` when one is neither an address nor a network.
 * Free in either case. */
bool wc_nets_read(struct wc_nets *nets, const char *name, const struct wc_option_list *list, struct wc_buf *why);
bool wc_nets_have(const struct wc_nets *nets, const struct wc_ip *ip);
void wc_nets_free(struct wc_nets *nets);

#endif
