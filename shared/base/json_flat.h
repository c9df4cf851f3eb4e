#ifndef WC_BASE_JSON_FLAT_H
#define WC_BASE_JSON_FLAT_H

#include "base/str.h"

/*
 * JSON as nearly all requests have it: one object whose values are strings, none with an escape. It is read where it
 * lies, in a tenth of what a tree of it takes (docs/performance.md). Everything else, what is not JSON among it, is for
 * wc_json_parse, which accepts all that is accepted here and means the same by it.
 */
enum { WC_JSON_FLAT_MOST = 12 };

struct wc_json_flat {
    size_t n;
    struct wc_json_pair {
        struct wc_str name, value;
    } of[WC_JSON_FLAT_MOST];
};

/* Views into `s`. False: it is not like that, and what is in *flat means nothing. */
bool wc_json_flat_read(struct wc_str s, struct wc_json_flat *flat);
/* {NULL, 0} where there is none. */
struct wc_str wc_json_flat_get(const struct wc_json_flat *flat, const char *name);

#endif
