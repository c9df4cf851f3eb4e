#ifndef WC_HTTP_EVENTS_H
#define WC_HTTP_EVENTS_H

struct wc_http_request;

/*
 * GET /v1/events: Server-Sent Events (HTML standard, section 9.2). Every stored event carries a cursor as its `id:`;
 * `Last-Event-ID`, or `cursor` in the query, resumes. The first block has an id alone, so that a client that is cut off
 * before the first event misses nothing either.
 */
void wc_http_serve_events(struct wc_http_request *r);

#endif
