#ifndef WC_CHAT_PAGES_H
#define WC_CHAT_PAGES_H

#include "base/metrics.h"
#include "base/str.h"

/*
 * Pages of history that this worker answered lately: the JSON as it went out, and the version of the log that it was
 * made from. What is kept here is never an answer by itself: history.lua is asked each time, with that version, and
 * says `same` when the reader may read the log and it has not changed. So nobody reads what is old, or no longer
 * theirs.
 */
struct wc_pages;

#define WC_PAGES_MOST (8u << 20) /* bytes kept; the pages used longest ago go first */

struct wc_pages *wc_pages_new(struct wc_metrics *metrics); /* NULL: without metrics */
void wc_pages_free(struct wc_pages *pages);

/* A page, or NULL; the view is good until the next call of wc_pages_keep. `name` tells pages apart: whatever the JSON
 * depends on, besides the log. `version` gets the log's. */
const struct wc_str *wc_pages_find(struct wc_pages *pages, struct wc_str name, struct wc_str *version);
/* The arguments are copied. A page that is very large is not kept. */
void wc_pages_keep(struct wc_pages *pages, struct wc_str name, struct wc_str version, struct wc_str json);
/* An answer was one of these. */
void wc_pages_used(struct wc_pages *pages);

#endif
