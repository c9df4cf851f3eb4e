#ifndef WC_BASE_STR_H
#define WC_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view of bytes that somebody else owns. Not NUL-terminated. {NULL, 0} means absent. */
struct wc_str {
    const char *p;
    size_t n;
};

#define WC_STR(literal) ((struct wc_str){(literal), sizeof(literal) - 1})
#define WC_STR_NONE     ((struct wc_str){NULL, 0})
/* For printf: printf("%.*s", WC_STR_ARG(s)). */
#define WC_STR_ARG(s) (int)(s).n, (s).p != NULL ? (s).p : ""

static inline struct wc_str wc_str(const char *z)
{
    return (struct wc_str){z, z != NULL ? strlen(z) : 0};
}

static inline bool wc_str_eq(struct wc_str a, struct wc_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool wc_str_is(struct wc_str a, const char *z)
{
    for (size_t i = 0; i < a.n; i++) /* most words differ in their first letter: no strlen */
        if (z[i] == '\0' || z[i] != a.p[i])
            return false;
    return z[a.n] == '\0';
}

static inline bool wc_str_starts(struct wc_str s, struct wc_str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* The rest of `s` from byte `from` on; empty (with a valid pointer) past the end. */
static inline struct wc_str wc_str_from(struct wc_str s, size_t from)
{
    if (from > s.n)
        from = s.n;
    return (struct wc_str){s.p != NULL ? s.p + from : NULL, s.n - from};
}

/* Takes the part of *rest before the first `by`, or all of it, off together with that `by`. False, *part untouched,
 * when *rest is empty. */
bool wc_str_cut(struct wc_str *rest, char by, struct wc_str *part);

/* Without spaces, tabs and carriage returns at both ends. */
struct wc_str wc_str_trim(struct wc_str s);

/* Orders as memcmp does, the shorter first where one is a prefix of the other. */
int wc_str_cmp(struct wc_str a, struct wc_str b);

/* A decimal number without sign, white space or leading zeros ("0" is fine). False, *out untouched, when it is
 * anything else or above `max`. */
bool wc_str_u64(struct wc_str s, uint64_t max, uint64_t *out);

/* Writes v in decimal, at most 20 bytes, without NUL; returns how many. */
size_t wc_u64_format(uint64_t v, char *out);
/* The same as a view of `out`. */
static inline struct wc_str wc_u64_str(uint64_t v, char out[20])
{
    return (struct wc_str){out, wc_u64_format(v, out)};
}

/* A malloc'ed, NUL-terminated copy; aborts the process when memory is out (as all of wcchat does). */
char *wc_str_dup(struct wc_str s);

#endif
