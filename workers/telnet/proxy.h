#ifndef WC_TELNET_PROXY_H
#define WC_TELNET_PROXY_H

#include "telnet/telnet.h"

/*
 * The PROXY protocol, versions 1 and 2, as HAProxy's doc/proxy-protocol.txt has it: the balancer says in front of all
 * else whom it speaks for. A header is at most 107 bytes in version 1; in version 2 at most 16 and WC_PROXY_BODY_MAX.
 */
enum { WC_PROXY_BODY_MAX = 2048 };

enum wc_proxy_result {
    WC_PROXY_MORE, /* a beginning, so far */
    WC_PROXY_DONE, /* *used bytes are the header's; *peer is set, or untouched for LOCAL and UNKNOWN */
    WC_PROXY_BAD
};

enum wc_proxy_result wc_proxy_parse(struct wc_str s, size_t *used, struct wc_telnet_address *peer);

#endif
