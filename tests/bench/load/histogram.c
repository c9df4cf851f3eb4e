#include "load.h"

/* Like HdrHistogram: each power of two has 128 steps, so a value is known to 1/128. */
static unsigned slot(uint64_t v)
{
    if (v < 128)
        return (unsigned)v;
    unsigned bits = 63 - (unsigned)__builtin_clzll(v); /* 7 or more */
    return (bits - 6) * 128 + (unsigned)(v >> (bits - 7) & 127);
}

static uint64_t middle(unsigned slot_of)
{
    if (slot_of < 128)
        return slot_of;
    unsigned bits = slot_of / 128 + 6;
    uint64_t step = 1ULL << (bits - 7);
    return (1ULL << bits) + (slot_of % 128) * step + step / 2;
}

void load_histogram_add(struct load_histogram *h, uint64_t ns)
{
    h->counts[slot(ns)]++;
    h->n++;
    if (ns > h->max)
        h->max = ns;
}

uint64_t load_histogram_at(const struct load_histogram *h, double share)
{
    uint64_t rank = (uint64_t)(share * (double)h->n), seen = 0;
    for (unsigned i = 0; i < sizeof(h->counts) / sizeof(*h->counts); i++) {
        seen += h->counts[i];
        if (seen > rank)
            return middle(i);
    }
    return h->max;
}
