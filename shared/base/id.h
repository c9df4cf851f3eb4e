#ifndef WC_BASE_ID_H
#define WC_BASE_ID_H

#include "base/buf.h"

/* The id of a stored event, `<ms>-<seq>`: the id of its stream entry. {0, 0} is before every event. */
struct wc_id {
    uint64_t ms;
    uint64_t seq;
};

#define WC_ID_MAX_LEN 41 /* two 20-digit numbers and a dash */

static inline int wc_id_cmp(struct wc_id a, struct wc_id b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return a.seq < b.seq ? -1 : a.seq > b.seq;
}

static inline bool wc_id_eq(struct wc_id a, struct wc_id b)
{
    return a.ms == b.ms && a.seq == b.seq;
}

/* False, *out untouched, unless `s` is exactly `<ms>-<seq>` in canonical decimal, both below 2^63. */
bool wc_id_parse(struct wc_str s, struct wc_id *out);
void wc_id_add(struct wc_buf *b, struct wc_id id);
/* Writes at most WC_ID_MAX_LEN bytes to `out`, without NUL; returns how many. */
size_t wc_id_format(struct wc_id id, char *out);

/* `2026-11-23T05:00:01.234Z` (RFC 3339) of milliseconds since the epoch; 24 bytes, without NUL. */
void wc_time_rfc3339(uint64_t ms, char out[24]);
/* The other way round: any date-time of RFC 3339 (section 5.6) from 1970 on, with a leap second and digits behind the
 * millisecond let go. False, *ms untouched, for anything else. */
bool wc_time_parse(struct wc_str s, uint64_t *ms);

#endif
