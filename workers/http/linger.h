#ifndef WC_HTTP_LINGER_H
#define WC_HTTP_LINGER_H

#include <h2o.h>

/*
 * Lingering close (RFC 9112 section 9.6). When h2o refuses a request whose body is still coming, it answers and closes;
 * the kernel would then reset the connection, and the client might lose the answer. So the connection is kept open
 * beside h2o for a moment, what comes is thrown away, and it ends when the client is done, or after two seconds.
 */
struct wc_http;
struct wc_http_linger;

/* For a connection that h2o will close after its answer. Does nothing when many linger already. */
void wc_http_linger(struct wc_http *http, h2o_req_t *req);
/* Ends all of them now. */
void wc_http_linger_end(struct wc_http *http);

#endif
