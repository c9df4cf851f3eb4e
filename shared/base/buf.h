#ifndef WC_BASE_BUF_H
#define WC_BASE_BUF_H

#include "base/str.h"

#include <stdarg.h>

/* A growing byte buffer. All zero is a valid empty buffer. Running out of memory aborts the process. */
struct wc_buf {
    char *p;
    size_t n;   /* bytes used */
    size_t cap; /* bytes there */
};

#define WC_BUF_INIT ((struct wc_buf){NULL, 0, 0})

void wc_buf_free(struct wc_buf *b);                  /* leaves it empty; NULL is fine */
char *wc_buf_reserve(struct wc_buf *b, size_t more); /* room for `more` bytes past n; returns where they go */
void wc_buf_add(struct wc_buf *b, const void *p, size_t n);
void wc_buf_addf(struct wc_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void wc_buf_addv(struct wc_buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void wc_buf_u64(struct wc_buf *b, uint64_t v); /* decimal */
void wc_buf_drop(struct wc_buf *b, size_t n);  /* forgets the first n bytes */

static inline void wc_buf_str(struct wc_buf *b, struct wc_str s)
{
    wc_buf_add(b, s.p, s.n);
}

static inline void wc_buf_z(struct wc_buf *b, const char *z)
{
    wc_buf_add(b, z, strlen(z));
}

static inline void wc_buf_c(struct wc_buf *b, char c)
{
    wc_buf_add(b, &c, 1);
}

static inline struct wc_str wc_buf_view(const struct wc_buf *b)
{
    return (struct wc_str){b->p, b->n};
}

#endif
