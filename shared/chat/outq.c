#include "chat/outq.h"

#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

enum { FIRST_CAP = 8, IOV_MOST = 256 };

static void grow(struct wc_outq *q)
{
    uint32_t cap = q->cap == 0 ? FIRST_CAP : q->cap * 2;
    struct wc_frame **ring = wc_realloc_array(NULL, cap, sizeof(*ring));
    for (uint32_t i = 0; i < q->count; i++)
        ring[i] = wc_outq_at(q, i);
    free(q->ring);
    q->ring = ring;
    q->head = 0;
    q->cap = cap;
}

void wc_outq_push(struct wc_outq *q, struct wc_frame *frame)
{
    if (frame->len == 0)
        return;
    if (q->count == q->cap)
        grow(q);
    q->ring[(q->head + q->count++) & (q->cap - 1)] = wc_frame_ref(frame);
    q->bytes += frame->len;
}

void wc_outq_push_str(struct wc_outq *q, struct wc_str s)
{
    struct wc_frame *frame = wc_frame_of(s);
    wc_outq_push(q, frame);
    wc_frame_unref(frame);
}

static void written(struct wc_outq *q, size_t n)
{
    q->bytes -= n;
    n += q->offset;
    while (q->count != 0 && n >= wc_outq_at(q, 0)->len) {
        struct wc_frame *frame = wc_outq_at(q, 0);
        n -= frame->len;
        wc_frame_unref(frame);
        q->head = (q->head + 1) & (q->cap - 1);
        q->count--;
    }
    q->offset = (uint32_t)n;
}

void wc_outq_took(struct wc_outq *q, size_t n)
{
    written(q, n);
    if (q->count == 0)
        wc_outq_clear(q);
}

enum wc_outq_result wc_outq_write(struct wc_outq *q, int fd)
{
    while (q->count != 0) {
        struct iovec iov[IOV_MOST];
        int n = 0;
        size_t asked = 0;
        for (uint32_t i = 0; i < q->count && n < IOV_MOST; i++) {
            struct wc_frame *frame = wc_outq_at(q, i);
            size_t skip = i == 0 ? q->offset : 0;
            iov[n++] = (struct iovec){frame->bytes + skip, frame->len - skip};
            asked += frame->len - skip;
        }
        ssize_t done = writev(fd, iov, n);
        if (done < 0) {
            if (errno == EINTR)
                continue;
            return errno == EAGAIN || errno == EWOULDBLOCK ? WC_OUTQ_BLOCKED : WC_OUTQ_BROKEN;
        }
        written(q, (size_t)done);
        if ((size_t)done < asked)
            return WC_OUTQ_BLOCKED;
    }
    wc_outq_clear(q);
    return WC_OUTQ_DONE;
}

struct wc_frame *wc_outq_first(const struct wc_outq *q)
{
    return q->count != 0 ? wc_outq_at(q, 0) : NULL;
}

void wc_outq_shift(struct wc_outq *q)
{
    wc_outq_took(q, wc_outq_at(q, 0)->len - q->offset);
}

void wc_outq_clear(struct wc_outq *q)
{
    for (uint32_t i = 0; i < q->count; i++)
        wc_frame_unref(wc_outq_at(q, i));
    free(q->ring);
    *q = (struct wc_outq){0};
}
