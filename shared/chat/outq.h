#ifndef WC_CHAT_OUTQ_H
#define WC_CHAT_OUTQ_H

#include "base/frame.h"

#include <stdbool.h>

/*
 * What a connection still has to write, in order: references to shared frames, and between them bytes of its own, which
 * are kept together in one buffer. All zero is empty; an empty queue owns no memory, so that an idle session costs
 * nothing. It has no bound of its own: who pushes looks at `bytes` first.
 */
struct wc_outq_piece {
    struct wc_frame *frame; /* NULL: the next `len` bytes of one's own */
    uint32_t len;
};

struct wc_outq_ring {
    struct wc_outq_own *own; /* NULL while there is none */
    uint32_t head, cap;      /* cap: a power of two */
    uint32_t offset;         /* bytes of the first piece that are written */
    struct wc_outq_piece pieces[];
};

struct wc_outq {
    struct wc_outq_ring *ring; /* NULL while empty */
    size_t bytes;              /* still to be written */
    uint32_t count;            /* pieces */
    bool queued;               /* for the writer (writer.h) */
};

enum wc_outq_result { WC_OUTQ_DONE, WC_OUTQ_BLOCKED, WC_OUTQ_BROKEN };

void wc_outq_push(struct wc_outq *q, struct wc_frame *frame); /* takes a reference of its own */
void wc_outq_push_str(struct wc_outq *q, struct wc_str s);    /* copies */

/* The frame of the i-th piece from the front, or NULL. */
static inline struct wc_frame *wc_outq_frame(const struct wc_outq *q, uint32_t i)
{
    const struct wc_outq_ring *ring = q->ring;
    return ring->pieces[(ring->head + i) & (ring->cap - 1)].frame;
}

/* What is left of the first piece; absent when the queue is empty. */
struct wc_str wc_outq_first(const struct wc_outq *q);
/* Copies everything, `bytes` of it. */
void wc_outq_copy(const struct wc_outq *q, char *to);
/* So many bytes of it were written. */
void wc_outq_took(struct wc_outq *q, size_t n);
/* Writes as much as the socket takes, with as few writev as that needs. BROKEN: errno says why. */
enum wc_outq_result wc_outq_write(struct wc_outq *q, int fd);
void wc_outq_clear(struct wc_outq *q);

#endif
