#ifndef WC_HTTP_LISTEN_H
#define WC_HTTP_LISTEN_H

#include "http/http.h"

/* The listening sockets, in h2o's loop, with a bound on connections: past it they are not read, so that nobody is
 * accepted only to be dropped and a lack of descriptors does not spin. */

/* Listens on `addr` (`host:port`, `[::1]:port`, `:port`), on all addresses of that name. False and a sentence in `why`.
 */
bool wc_http_listen(struct wc_http *http, struct wc_str addr, struct wc_buf *why);
/* A connection that was taken from h2o counts as well, until it has ended. */
void wc_http_connection_begun(struct wc_http *http);
void wc_http_connection_ended(struct wc_http *http);
/* No new connections any more; the sockets are closed. */
void wc_http_listen_end(struct wc_http *http);

#endif
