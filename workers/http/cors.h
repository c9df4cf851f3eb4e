#ifndef WC_HTTP_CORS_H
#define WC_HTTP_CORS_H

struct wc_http_request;

/* Cross-origin requests from web pages (Fetch standard, section 3.2), for origins that an option names. No cookies are
 * involved: tokens are sent by the page's own script. */

/* Adds the headers that a page's browser wants to see, those of a preflight's answer among them. */
void wc_http_cors(struct wc_http_request *r);

#endif
