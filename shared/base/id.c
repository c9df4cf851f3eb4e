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

/* Takes `width` digits and the character behind them off `*s`; `after` 0: none. */
static bool take(struct wc_str *s, size_t width, char after, int *out)
{
    size_t n = width + (after != 0 ? 1 : 0);
    if (s->n < n || (after != 0 && s->p[width] != after))
        return false;
    *out = 0;
    for (size_t i = 0; i < width; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        *out = *out * 10 + s->p[i] - '0';
    }
    *s = wc_str_from(*s, n);
    return true;
}

static bool take_fraction(struct wc_str *s, int *ms)
{
    size_t n = 1;
    *ms = 0;
    if (s->n == 0 || s->p[0] != '.')
        return true;
    for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++)
        *ms += n <= 3 ? (s->p[n] - '0') * (n == 1 ? 100 : n == 2 ? 10 : 1) : 0;
    *s = wc_str_from(*s, n);
    return n > 1;
}

/* `Z`, or how far the clock there is ahead of UTC. */
static bool take_offset(struct wc_str s, int *minutes)
{
    int hour = 0, minute = 0;
    *minutes = 0;
    if (wc_str_is(s, "Z") || wc_str_is(s, "z"))
        return true;
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-'))
        return false;
    int sign = s.p[0] == '+' ? 1 : -1;
    s = wc_str_from(s, 1);
    if (!take(&s, 2, ':', &hour) || !take(&s, 2, 0, &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = sign * (hour * 60 + minute);
    return true;
}

bool wc_time_parse(struct wc_str s, uint64_t *ms)
{
    struct tm tm = {0};
    int year, month, fraction, ahead;
    if (!take(&s, 4, '-', &year) || !take(&s, 2, '-', &month) || !take(&s, 2, 0, &tm.tm_mday) || s.n == 0 ||
        strchr("Tt ", s.p[0]) == NULL)
        return false;
    s = wc_str_from(s, 1);
    if (!take(&s, 2, ':', &tm.tm_hour) || !take(&s, 2, ':', &tm.tm_min) || !take(&s, 2, 0, &tm.tm_sec) ||
        !take_fraction(&s, &fraction) || !take_offset(s, &ahead))
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    struct tm same = tm;
    if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    tm.tm_sec = same.tm_sec = tm.tm_sec == 60 ? 59 : tm.tm_sec;
    time_t seconds = timegm(&same);
    /* Not a day that there is not, as in 02-30: timegm would take the one that far behind. */
    if (same.tm_mday != tm.tm_mday || same.tm_mon != tm.tm_mon || seconds - (time_t)ahead * 60 < 0)
        return false;
    *ms = (uint64_t)(seconds - (time_t)ahead * 60) * 1000 + (uint64_t)fraction;
    return true;
}
