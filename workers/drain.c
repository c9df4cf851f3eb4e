#include "drain.h"

static size_t busy(const struct wc_drain *d, bool last)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        if (d->channels[i] != NULL && d->kinds[i]->drains_last == last)
            n += d->kinds[i]->busy(d->channels[i]);
    return n;
}

size_t wc_drain_busy(const struct wc_drain *d)
{
    return busy(d, false) + busy(d, true);
}

static void tell(struct wc_drain *d, bool last)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->channels[i] != NULL && d->kinds[i]->drains_last == last)
            d->kinds[i]->drain(d->channels[i], d->options->spread_ms / 2);
}

static void refuse(struct wc_drain *d)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->channels[i] != NULL && d->kinds[i]->refuse != NULL)
            d->kinds[i]->refuse(d->channels[i]);
}

void wc_drain_begin(struct wc_drain *d, ev_tstamp now)
{
    d->phase = WC_DRAIN_ANNOUNCED;
    d->next = now + (double)d->options->delay_ms / 1000;
    d->deadline = d->next + (double)d->options->max_ms / 1000;
}

bool wc_drain_tick(struct wc_drain *d, ev_tstamp now)
{
    if (d->phase == WC_DRAIN_ANNOUNCED && now >= d->next) {
        d->phase = WC_DRAIN_FIRST;
        d->next = now + (double)d->options->spread_ms / 2000;
        refuse(d);
        tell(d, false);
    }
    if (d->phase == WC_DRAIN_FIRST && (now >= d->next || busy(d, false) == 0)) {
        d->phase = WC_DRAIN_LAST;
        tell(d, true);
    }
    if (d->phase != WC_DRAIN_LAST || (wc_drain_busy(d) != 0 && now < d->deadline))
        return false;
    d->phase = WC_DRAIN_OVER;
    return true;
}
