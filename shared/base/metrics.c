#include "base/metrics.h"

#include "base/mem.h"

#include <stdlib.h>

struct series {
    const struct wc_metric *row;
    const uint64_t *value;
};

struct wc_metrics {
    struct series *v; /* all of one name stand together, as the format asks */
    size_t n;
};

struct wc_metrics *wc_metrics_new(void)
{
    return WC_NEW(struct wc_metrics);
}

void wc_metrics_free(struct wc_metrics *m)
{
    if (m == NULL)
        return;
    free(m->v);
    free(m);
}

static size_t place_for(const struct wc_metrics *m, const char *name)
{
    for (size_t i = m->n; i > 0; i--) {
        if (strcmp(m->v[i - 1].row->name, name) == 0)
            return i;
    }
    return m->n;
}

void wc_metrics_add(struct wc_metrics *m, const struct wc_metric *rows, size_t n, const void *target)
{
    m->v = wc_realloc_array(m->v, m->n + n, sizeof(*m->v));
    for (size_t i = 0; i < n; i++) {
        size_t at = place_for(m, rows[i].name);
        memmove(m->v + at + 1, m->v + at, (m->n - at) * sizeof(*m->v));
        const char *field = (const char *)target + rows[i].offset;
        m->v[at] = (struct series){&rows[i], (const uint64_t *)(const void *)field};
        m->n++;
    }
}

static void print_head(const struct wc_metric *row, struct wc_buf *out)
{
    wc_buf_addf(out, "# HELP %s ", row->name);
    for (const char *c = row->help != NULL ? row->help : ""; *c != '\0'; c++) {
        if (*c == '\\' || *c == '\n')
            wc_buf_z(out, *c == '\n' ? "\\n" : "\\\\");
        else
            wc_buf_c(out, *c);
    }
    wc_buf_addf(out, "\n# TYPE %s %s\n", row->name, row->type == WC_COUNTER ? "counter" : "gauge");
}

static void print_value(const struct series *s, struct wc_buf *out)
{
    wc_buf_z(out, s->row->name);
    if (s->row->labels != NULL && s->row->labels[0] != '\0')
        wc_buf_addf(out, "{%s}", s->row->labels);
    wc_buf_c(out, ' ');
    double scale = s->row->scale;
    if (scale == 1 || scale == 0)
        wc_buf_u64(out, *s->value);
    else
        wc_buf_addf(out, "%.15g", (double)*s->value * scale);
    wc_buf_c(out, '\n');
}

void wc_metrics_print(const struct wc_metrics *m, struct wc_buf *out)
{
    for (size_t i = 0; i < m->n; i++) {
        if (i == 0 || strcmp(m->v[i - 1].row->name, m->v[i].row->name) != 0)
            print_head(m->v[i].row, out);
        print_value(&m->v[i], out);
    }
}
