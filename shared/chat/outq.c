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

static struct wc_outq_piece *piece_at(const struct wc_outq *q, uint32_t i)
{
    return &q->ring[(q->head + i) & (q->cap - 1)];
}

static void grow(struct wc_outq *q)
{
    uint32_t cap = q->cap == 0 ? FIRST_CAP : q->cap * 4;
    struct wc_outq_piece *ring = wc_realloc_array(NULL, cap, sizeof(*ring));
    for (uint32_t i = 0; i < q->count; i++)
        ring[i] = *piece_at(q, i);
    free(q->ring);
    q->ring = ring;
    q->head = 0;
    q->cap = cap;
}

static void push(struct wc_outq *q, struct wc_outq_piece piece)
{
    if (q->count == q->cap)
        grow(q);
    *piece_at(q, q->count++) = piece;
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
    struct wc_outq_own *own = q->own;
    if (own == NULL || own->cap - own->end < n) {
        uint32_t kept = own != NULL ? own->end - own->head : 0;
        if (own != NULL && own->head >= kept && own->cap - kept >= n) {
            memcpy(own->bytes, own->bytes + own->head, kept);
        } else {
            uint32_t cap = (kept + n) * 2 > OWN_FIRST ? (kept + n) * 2 : OWN_FIRST;
            q->own = wc_realloc(NULL, sizeof(*own) + cap);
            q->own->cap = cap;
            if (own != NULL)
                memcpy(q->own->bytes, own->bytes + own->head, kept);
            free(own);
            own = q->own;
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
    return (struct walk){q, 0, q->offset, q->own != NULL ? q->own->bytes + q->own->head : NULL};
}

static struct wc_str next_piece(struct walk *w)
{
    if (w->i == w->q->count)
        return WC_STR_NONE;
    const struct wc_outq_piece *piece = piece_at(w->q, w->i++);
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
    q->bytes -= n;
    n += q->offset;
    while (q->count != 0 && n >= piece_at(q, 0)->len) {
        const struct wc_outq_piece *piece = piece_at(q, 0);
        n -= piece->len;
        if (piece->frame == NULL)
            q->own->head += piece->len;
        wc_frame_unref(piece->frame);
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
        wc_frame_unref(piece_at(q, i)->frame);
    free(q->ring);
    free(q->own);
    *q = (struct wc_outq){0};
}
