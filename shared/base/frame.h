#ifndef WC_BASE_FRAME_H
#define WC_BASE_FRAME_H

#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>

/* Bytes made once and shared by reference by every queue that sends them. One thread: the count is plain. */
struct wc_frame {
    uint32_t refs;
    uint32_t len;
    char bytes[];
};

/* A frame of `len` bytes to be filled, with one reference. */
static inline struct wc_frame *wc_frame_new(size_t len)
{
    struct wc_frame *f = (struct wc_frame *)wc_realloc(NULL, sizeof(*f) + len);
    f->refs = 1;
    f->len = (uint32_t)len;
    return f;
}

static inline struct wc_frame *wc_frame_of(struct wc_str s)
{
    struct wc_frame *f = wc_frame_new(s.n);
    if (s.n != 0)
        memcpy(f->bytes, s.p, s.n);
    return f;
}

static inline struct wc_frame *wc_frame_ref(struct wc_frame *f)
{
    f->refs++;
    return f;
}

static inline void wc_frame_unref(struct wc_frame *f)
{
    if (f != NULL && --f->refs == 0)
        free(f);
}

#endif
