#ifndef WC_HTTP_RESPOND_H
#define WC_HTTP_RESPOND_H

#include "chat/call.h"

/* Answers: each request gets one, by one of these. */
struct wc_http_request;

#define WC_HTTP_JSON "application/json"

/* `type` is static; the body is taken over (empty after this), and left out where a status or HEAD has none. */
void wc_http_answer(struct wc_http_request *r, int status, const char *type, struct wc_buf *body);
/* The head of an answer whose body, if any, h2o does not send: what it needs is in req->res then. */
void wc_http_begin_answer(struct wc_http_request *r, int status);
/* A problem document, with Retry-After and WWW-Authenticate where they belong. */
void wc_http_refuse(struct wc_http_request *r, const struct wc_failure *failure);
void wc_http_refuse_with(struct wc_http_request *r, wc_err err, const char *detail);
/* Adds a header to the answer to come. `name` is static and in lower case; the value is copied. */
void wc_http_header(struct wc_http_request *r, struct wc_str name, struct wc_str value);

#endif
