#include "base/buf.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define SMALLEST 64

void wc_buf_free(struct wc_buf *b)
{
    if (b == NULL)
        return;
    free(b->p);
    *b = WC_BUF_INIT;
}

static void grow(struct wc_buf *b, size_t more)
{
    size_t need;
    if (__builtin_add_overflow(b->n, more, &need))
        need = SIZE_MAX; /* cannot be had: the allocation aborts */
    size_t cap = b->cap < SMALLEST ? SMALLEST : b->cap;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    b->p = wc_realloc(b->p, cap);
    b->cap = cap;
}

char *wc_buf_reserve(struct wc_buf *b, size_t more)
{
    if (b->p == NULL || b->cap - b->n < more)
        grow(b, more);
    return b->p + b->n;
}

void wc_buf_add(struct wc_buf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    memcpy(wc_buf_reserve(b, n), p, n);
    b->n += n;
}

void wc_buf_addv(struct wc_buf *b, const char *fmt, va_list ap)
{
    char *at = wc_buf_reserve(b, SMALLEST);
    size_t room = b->cap - b->n;
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(at, room, fmt, ap);
    if (n >= 0 && (size_t)n >= room) {
        at = wc_buf_reserve(b, (size_t)n + 1);
        n = vsnprintf(at, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    if (n > 0)
        b->n += (size_t)n;
}

void wc_buf_addf(struct wc_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    wc_buf_addv(b, fmt, ap);
    va_end(ap);
}

void wc_buf_u64(struct wc_buf *b, uint64_t v)
{
    char *at = wc_buf_reserve(b, 20);
    b->n += wc_u64_format(v, at);
}

void wc_buf_drop(struct wc_buf *b, size_t n)
{
    if (n >= b->n) {
        b->n = 0;
        return;
    }
    if (n > 0)
        memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}
