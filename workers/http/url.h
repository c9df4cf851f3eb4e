#ifndef WC_HTTP_URL_H
#define WC_HTTP_URL_H

#include "base/buf.h"
#include "base/err.h"

/* Parts of a request's target (RFC 9112 section 3.2, RFC 3986). */
struct wc_url {
    struct wc_str path;  /* begins with a slash; not decoded */
    struct wc_str query; /* after the question mark, or absent */
};

/* Origin form, or absolute form of http and https. False for anything else. */
bool wc_url_split(struct wc_str target, struct wc_url *out);

/* Appends `s` with its percent-encoding undone, in a query `+` as a space. False (something may have been appended)
 * when the encoding is broken or the result is not UTF-8. */
WC_MUST_CHECK bool wc_url_decode(struct wc_str s, bool query, struct wc_buf *out);

/* Takes the next `name=value` off a query, not decoded; a name without = has an empty value. False at its end. */
bool wc_url_next_pair(struct wc_str *query, struct wc_str *name, struct wc_str *value);

#endif
