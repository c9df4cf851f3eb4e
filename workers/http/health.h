#ifndef WC_HTTP_HEALTH_H
#define WC_HTTP_HEALTH_H

struct wc_http_request;

/* 200 as long as the loop turns. */
void wc_http_serve_health(struct wc_http_request *r);
/* 503 when this worker can't serve for a cause of its own; Redis being away for all is told in the body. */
void wc_http_serve_ready(struct wc_http_request *r);
/* All metrics in Prometheus' text format. */
void wc_http_serve_metrics(struct wc_http_request *r);

#endif
