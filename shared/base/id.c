#include "base/id.h"

#include <time.h>

#define LAST_MS 253402300799999 /* 9999-12-31T23:59:59.999Z: four digits are all that RFC 3339 has for a year */

bool wc_id_parse(struct wc_str s, struct wc_id *out)
{
    const char *dash = s.n > 0 ? memchr(s.p, '-', s.n) : NULL;
    if (dash == NULL)
        return false;
    size_t before = (size_t)(dash - s.p);
    struct wc_id id;
    if (!wc_str_u64((struct wc_str){s.p, before}, INT64_MAX, &id.ms) ||
        !wc_str_u64(wc_str_from(s, before + 1), INT64_MAX, &id.seq))
        return false;
    *out = id;
    return true;
}

size_t wc_id_format(struct wc_id id, char *out)
{
    size_t n = wc_u64_format(id.ms, out);
    out[n++] = '-';
    return n + wc_u64_format(id.seq, out + n);
}

void wc_id_add(struct wc_buf *b, struct wc_id id)
{
    char *at = wc_buf_reserve(b, WC_ID_MAX_LEN);
    b->n += wc_id_format(id, at);
}

static char *digits(char *at, unsigned v, unsigned width, char after)
{
    for (unsigned i = width; i > 0; i--, v /= 10)
        at[i - 1] = (char)('0' + v % 10);
    at[width] = after;
    return at + width + 1;
}

void wc_time_rfc3339(uint64_t ms, char out[24])
{
    if (ms > LAST_MS)
        ms = LAST_MS;
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    out = digits(out, (unsigned)tm.tm_year + 1900, 4, '-');
    out = digits(out, (unsigned)tm.tm_mon + 1, 2, '-');
    out = digits(out, (unsigned)tm.tm_mday, 2, 'T');
    out = digits(out, (unsigned)tm.tm_hour, 2, ':');
    out = digits(out, (unsigned)tm.tm_min, 2, ':');
    out = digits(out, (unsigned)tm.tm_sec, 2, '.');
    digits(out, (unsigned)(ms % 1000), 3, 'Z');
}
