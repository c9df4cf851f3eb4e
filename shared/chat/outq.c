#include "chat/outq.h"

#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

enum { FIRST_CAP = 8, OWN_FIRST = 240, OWN_MOST = 1024, IOV_MOST = 256 };

/* Bytes of all pieces that have no frame, in their order. */
struct wc_outq_own {
    uint32_t head, end, cap;
    char bytes[];
};

static struct wc_outq_piece *piece_at(struct wc_outq_ring *ring, uint32_t i)
{
    return &ring->pieces[(ring->head + i) & (ring->cap - 1)];
}

static void grow(struct wc_outq *q)
{
    struct wc_outq_ring *old = q->ring;
    uint32_t cap = old == NULL ? FIRST_CAP : old->cap * 4;
    struct wc_outq_ring *ring = wc_realloc(NULL, sizeof(*ring) + cap * sizeof(struct wc_outq_piece));
    *ring = (struct wc_outq_ring){.cap = cap};
    if (old != NULL) {
        ring->own = old->own;
        ring->offset = old->offset;
        for (uint32_t i = 0; i < q->count; i++)
            ring->pieces[i] = *piece_at(old, i);
    }
    free(old);
    q->ring = ring;
}

/* There is room for a piece more. */
static void reserve(struct wc_outq *q)
{
    if (q->ring == NULL || q->count == q->ring->cap)
        grow(q);
}

static void push(struct wc_outq *q, struct wc_outq_piece piece)
{
    reserve(q);
    *piece_at(q->ring, q->count++) = piece;
    q->bytes += piece.len;
}

void wc_outq_push(struct wc_outq *q, struct wc_frame *frame)
{
    if (frame->len != 0)
        push(q, (struct wc_outq_piece){wc_frame_ref(frame), frame->len});
}

/* Makes room for `n` bytes more of one's own: first where written ones were. */
static char *reserve_own(struct wc_outq *q, uint32_t n)
{
    reserve(q);
    struct wc_outq_own *own = q->ring->own;
    if (own == NULL || own->cap - own->end < n) {
        uint32_t kept = own != NULL ? own->end - own->head : 0;
        if (own != NULL && own->head >= kept && own->cap - kept >= n) {
            memcpy(own->bytes, own->bytes + own->head, kept);
        } else {
            uint32_t cap = (kept + n) * 2 > OWN_FIRST ? (kept + n) * 2 : OWN_FIRST;
            struct wc_outq_own *more = wc_realloc(NULL, sizeof(*own) + cap);
            more->cap = cap;
            if (own != NULL)
                memcpy(more->bytes, own->bytes + own->head, kept);
            free(own);
            own = q->ring->own = more;
        }
        own->head = 0;
        own->end = kept;
    }
    own->end += n;
    return own->bytes + own->end - n;
}

void wc_outq_push_str(struct wc_outq *q, struct wc_str s)
{
    if (s.n > OWN_MOST) {
        struct wc_frame *frame = wc_frame_of(s);
        wc_outq_push(q, frame);
        wc_frame_unref(frame);
    } else if (s.n != 0) {
        memcpy(reserve_own(q, (uint32_t)s.n), s.p, s.n);
        push(q, (struct wc_outq_piece){NULL, (uint32_t)s.n});
    }
}

/* The pieces from the front on. */
struct walk {
    const struct wc_outq *q;
    uint32_t i, skip;
    const char *own;
};

static struct walk walk_of(const struct wc_outq *q)
{
    const struct wc_outq_ring *ring = q->ring;
    if (ring == NULL)
        return (struct walk){q, 0, 0, NULL};
    return (struct walk){q, 0, ring->offset, ring->own != NULL ? ring->own->bytes + ring->own->head : NULL};
}

static struct wc_str next_piece(struct walk *w)
{
    if (w->i == w->q->count)
        return WC_STR_NONE;
    const struct wc_outq_piece *piece = piece_at(w->q->ring, w->i++);
    const char *from = piece->frame != NULL ? piece->frame->bytes : w->own;
    struct wc_str left = {from + w->skip, piece->len - w->skip};
    w->skip = 0;
    if (piece->frame == NULL)
        w->own += piece->len;
    return left;
}

struct wc_str wc_outq_first(const struct wc_outq *q)
{
    struct walk w = walk_of(q);
    return next_piece(&w);
}

void wc_outq_copy(const struct wc_outq *q, char *to)
{
    struct walk w = walk_of(q);
    for (struct wc_str s = next_piece(&w); s.p != NULL; s = next_piece(&w)) {
        memcpy(to, s.p, s.n);
        to += s.n;
    }
}

static void written(struct wc_outq *q, size_t n)
{
    struct wc_outq_ring *ring = q->ring;
    q->bytes -= n;
    n += ring->offset;
    while (q->count != 0 && n >= piece_at(ring, 0)->len) {
        const struct wc_outq_piece *piece = piece_at(ring, 0);
        n -= piece->len;
        if (piece->frame == NULL)
            ring->own->head += piece->len;
        wc_frame_unref(piece->frame);
        ring->head = (ring->head + 1) & (ring->cap - 1);
        q->count--;
    }
    ring->offset = (uint32_t)n;
}

void wc_outq_took(struct wc_outq *q, size_t n)
{
    if (n != 0)
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
        struct walk w = walk_of(q);
        for (struct wc_str s = next_piece(&w); s.p != NULL && n < IOV_MOST; s = next_piece(&w)) {
            iov[n++] = (struct iovec){(char *)s.p, s.n};
            asked += s.n;
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

void wc_outq_clear(struct wc_outq *q)
{
    for (uint32_t i = 0; i < q->count; i++)
        wc_frame_unref(piece_at(q->ring, i)->frame);
    if (q->ring != NULL)
        free(q->ring->own);
    free(q->ring);
    *q = (struct wc_outq){0};
}
