#ifndef WC_HTTP_FRAMING_H
#define WC_HTTP_FRAMING_H

#include <h2o.h>

/*
 * Is it clear where this request ends and whom it is for? h2o takes requests whose head can be read in two ways; a
 * proxy in front may have read the other (request smuggling, RFC 9112 section 11.2). Refused are: more than one
 * Content-Length, one beside Transfer-Encoding, more than one of these, any in HTTP/1.0, folded lines (section 5.2),
 * Host missing or twice (section 3.2).
 *
 * NULL when all is well, else a sentence (static) about what is wrong; the connection must not be used any more then.
 * Only while the request is being handled: the head is still in the connection's input buffer.
 */
const char *wc_http_framing_problem(h2o_req_t *req);

#endif
