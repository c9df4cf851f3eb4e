#ifndef WC_HTTP_PROBLEM_H
#define WC_HTTP_PROBLEM_H

#include "chat/call.h"

/* Errors as HTTP has them. */

int wc_http_status(wc_err err);
/* The error whose status this is; of others: that of 400 for 4xx, of 503 for the rest. */
wc_err wc_http_error(int status);
const char *wc_http_reason(int status);

/* Appends the problem document (RFC 9457) of a failure: type, title, status, detail, code, instance (the request's id).
 */
void wc_http_problem(struct wc_buf *out, const struct wc_failure *failure, int status, const char *id);
/* Seconds to wait before asking again, at least 1 (RFC 9110 section 10.2.3); 0: it would not help. */
uint64_t wc_http_retry_after(const struct wc_failure *failure);

#endif
