#ifndef WC_HTTP_FOREIGN_H
#define WC_HTTP_FOREIGN_H

#include <h2o.h>

/*
 * Answers that h2o gives by itself (a body past its limit, broken chunks, an unknown expectation): made into problem
 * documents with a request id like all others, counted and logged. What it can't even parse it answers before anybody
 * is asked: 400, plain text, connection closed.
 */
struct wc_http;

void wc_http_register_foreign(struct wc_http *http, h2o_pathconf_t *where);

#endif
