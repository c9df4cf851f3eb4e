#ifndef WC_HTTP_ARGUMENTS_H
#define WC_HTTP_ARGUMENTS_H

/*
 * Gives a call its arguments: from the path, from the query (of GET and DELETE) and from the members of the JSON body.
 * What is wrong with them becomes the call's failure; the first thing wrong counts.
 */
struct wc_call;
struct wc_http_request;

void wc_http_arguments(struct wc_http_request *r, struct wc_call *call);

#endif
