#ifndef WC_BASE_METRICS_H
#define WC_BASE_METRICS_H

#include "base/buf.h"

/*
 * Metrics as tables owned by their modules, counted in plain fields (one thread), printed in the Prometheus text
 * format (version 0.0.4): counters end in _total, times are in seconds.
 */
enum wc_metric_type { WC_COUNTER, WC_GAUGE };

struct wc_metric {
    const char *name;   /* "wcchat_redis_commands_total" */
    const char *labels; /* "channel=\"telnet\"" or NULL; rows of one name stand together */
    enum wc_metric_type type;
    size_t offset; /* of the uint64_t in the module's struct */
    double scale;  /* what one unit is worth: 1, or 0.001 for milliseconds printed as seconds */
    const char *help;
};

struct wc_metrics;
struct wc_metrics *wc_metrics_new(void);
void wc_metrics_free(struct wc_metrics *m);
/* `rows` and `target` must outlive m. */
void wc_metrics_add(struct wc_metrics *m, const struct wc_metric *rows, size_t n, const void *target);
void wc_metrics_print(const struct wc_metrics *m, struct wc_buf *out);

#endif
