#ifndef WC_HTTP_CLIENT_H
#define WC_HTTP_CLIENT_H

#include "http/http.h"

/*
 * Where a request comes from: the connection's other end, or, when that is a proxy that an option trusts, the last hop
 * that the proxy names in X-Forwarded-For, else in Forwarded (RFC 7239). Only the last: what is before it anybody can
 * write.
 */
void wc_http_client_address(const struct wc_http *http, h2o_req_t *req, char out[WC_IP_TEXT]);

#endif
