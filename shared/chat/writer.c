#include "chat/writer.h"

#include <errno.h>
#include <liburing.h>
#include <sys/socket.h>

enum {
    BATCH = 512,         /* writes of one system call */
    RING_LEAST = 4,      /* fewer are not worth the ring */
    JOINS = 4,           /* different lists of frames in one turn: channels, with numbers and without … */
    JOIN_FRAMES = 256,   /* lists up to so long … */
    JOIN_BYTES = 262144, /* … and so many bytes are copied into one … */
    SHARED_LEAST = 4,    /* … when so many references say that others have the same */
    SCRATCH = 262144,    /* for the copies of lists that no other has: what the processor's cache holds … */
    SCRATCH_EACH = 65536 /* … up to so many bytes each */
};

struct write {
    struct wc_outq *q;
    int fd;
    wc_written_cb cb;
    void *arg;
};

/* The frames of a queue, and one copy of them. They are kept alive, so that the same pointer is the same frame. */
struct join {
    struct wc_frame *frames[JOIN_FRAMES];
    uint32_t n;
    struct wc_frame *all;
    bool pinned; /* the ring points into it */
};

struct wc_writer {
    struct io_uring ring;
    bool has_ring;
    struct write *writes;
    size_t n, cap;
    struct join joins[JOINS];
    unsigned next_join;
    char *scratch; /* NULL until it is needed */
    size_t scratched;
};

struct wc_writer *wc_writer_new(bool use_ring)
{
    struct wc_writer *w = WC_NEW(struct wc_writer);
    const unsigned flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    w->has_ring = use_ring && io_uring_queue_init(BATCH, &w->ring, flags) == 0;
    return w;
}

static void forget(struct join *join)
{
    for (uint32_t i = 0; i < join->n; i++)
        wc_frame_unref(join->frames[i]);
    wc_frame_unref(join->all);
    join->n = 0;
    join->all = NULL;
}

void wc_writer_free(struct wc_writer *w)
{
    if (w == NULL)
        return;
    for (unsigned i = 0; i < JOINS; i++)
        forget(&w->joins[i]);
    if (w->has_ring)
        io_uring_queue_exit(&w->ring);
    free(w->scratch);
    free(w->writes);
    free(w);
}

bool wc_writer_has_ring(const struct wc_writer *w)
{
    return w->has_ring;
}

static bool is_same(const struct join *join, const struct wc_outq *q)
{
    if (join->n != q->count)
        return false;
    for (uint32_t i = 0; i < q->count; i++)
        if (join->frames[i] != wc_outq_frame(q, i))
            return false;
    return true;
}

/* A place for another join, or NULL: all are in use. */
static struct join *free_join(struct wc_writer *w)
{
    for (unsigned i = 0; i < JOINS; i++) {
        struct join *join = &w->joins[w->next_join++ % JOINS];
        if (join->pinned)
            continue;
        forget(join);
        return join;
    }
    return NULL;
}

/* Do others have the same list? That is asked of its ends; bytes of one's own in between say no. */
static bool is_shared(const struct wc_outq *q)
{
    const struct wc_frame *first = wc_outq_frame(q, 0), *last = wc_outq_frame(q, q->count - 1);
    bool shared = first != NULL && last != NULL && first->refs >= SHARED_LEAST && last->refs >= SHARED_LEAST &&
                  q->count <= JOIN_FRAMES && q->bytes <= JOIN_BYTES;
    for (uint32_t i = 0; i < q->count && shared; i++)
        shared = wc_outq_frame(q, i) != NULL;
    return shared;
}

static struct join *join_of(struct wc_writer *w, const struct wc_outq *q)
{
    for (unsigned i = 0; i < JOINS; i++)
        if (is_same(&w->joins[i], q))
            return &w->joins[i];
    struct join *join = is_shared(q) ? free_join(w) : NULL;
    if (join == NULL)
        return NULL;
    join->all = wc_frame_new(q->bytes);
    wc_outq_copy(q, join->all->bytes);
    for (; join->n < q->count; join->n++)
        join->frames[join->n] = wc_frame_ref(wc_outq_frame(q, join->n));
    return join;
}

/* A copy of a list that is this queue's alone: cheaper to hand to the kernel than its pieces. */
static struct wc_str copy_of(struct wc_writer *w, const struct wc_outq *q)
{
    if (q->count == 0 || q->bytes > SCRATCH_EACH) /* write_batch keeps so much free */
        return WC_STR_NONE;
    if (w->scratch == NULL)
        w->scratch = wc_realloc(NULL, SCRATCH);
    char *const copy = w->scratch + w->scratched;
    wc_outq_copy(q, copy);
    return (struct wc_str){copy, q->bytes};
}

/* All of the queue in one piece, or {NULL, 0}. `pin`: it stays where it is until the turn's writes are done. */
static struct wc_str whole(struct wc_writer *w, const struct wc_outq *q, bool pin)
{
    if (q->count == 1)
        return wc_outq_first(q);
    struct join *join = q->count != 0 && q->ring->offset == 0 ? join_of(w, q) : NULL;
    if (join == NULL) {
        struct wc_str copy = copy_of(w, q);
        w->scratched += pin ? copy.n : 0;
        return copy;
    }
    join->pinned |= pin;
    return (struct wc_str){join->all->bytes, join->all->len};
}

static void tell(const struct write *write, ssize_t sent, int error)
{
    enum wc_outq_result result = WC_OUTQ_DONE;
    write->q->queued = false;
    if (sent < 0) {
        bool later = error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
        result = later ? WC_OUTQ_BLOCKED : WC_OUTQ_BROKEN;
        sent = 0;
    } else {
        wc_outq_took(write->q, (size_t)sent);
        if (write->q->count != 0)
            result = WC_OUTQ_BLOCKED;
    }
    write->cb(write->arg, result, (size_t)sent);
}

static void write_now(struct wc_writer *w, const struct write *write)
{
    struct wc_outq *q = write->q;
    struct wc_str bytes = whole(w, q, false);
    if (bytes.p != NULL) {
        ssize_t n = send(write->fd, bytes.p, bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        tell(write, n, errno);
        return;
    }
    size_t before = q->bytes;
    q->queued = false;
    enum wc_outq_result result = wc_outq_write(q, write->fd);
    write->cb(write->arg, result, before - q->bytes);
}

static void reap(struct wc_writer *w, const struct write *writes, unsigned queued)
{
    while (queued > 0) {
        int rc = io_uring_submit_and_wait(&w->ring, queued);
        if (rc < 0 && rc != -EINTR && rc != -EAGAIN && rc != -EBUSY)
            abort(); /* the ring is broken: nobody knows what was written */
        struct io_uring_cqe *cqe;
        while (queued > 0 && io_uring_peek_cqe(&w->ring, &cqe) == 0) {
            const struct write *write = &writes[io_uring_cqe_get_data64(cqe)];
            int result = cqe->res;
            io_uring_cqe_seen(&w->ring, cqe);
            queued--;
            tell(write, result, -result);
        }
    }
}

/* Puts a write on the ring, if it can be sent in one piece. */
static bool queue(struct wc_writer *w, const struct write *write, size_t number)
{
    struct wc_str bytes = whole(w, write->q, true);
    struct io_uring_sqe *sqe = bytes.p != NULL ? io_uring_get_sqe(&w->ring) : NULL;
    if (sqe == NULL)
        return false;
    io_uring_prep_send(sqe, write->fd, bytes.p, bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    io_uring_sqe_set_data64(sqe, number);
    return true;
}

/* What can't be sent in one piece is written at once, the rest by the ring, when it or the scratch is full. */
static void write_batch(struct wc_writer *w, const struct write *writes, size_t n)
{
    unsigned queued = 0;
    const bool ring = w->has_ring && n >= RING_LEAST;
    for (size_t i = 0; i < n; i++) {
        if (w->scratched > SCRATCH - SCRATCH_EACH) {
            reap(w, writes, queued);
            queued = 0;
            w->scratched = 0;
        }
        if (ring && queue(w, &writes[i], i))
            queued++;
        else
            write_now(w, &writes[i]);
    }
    reap(w, writes, queued);
    w->scratched = 0;
    for (unsigned i = 0; i < JOINS; i++)
        w->joins[i].pinned = false;
}

void wc_writer_run(struct wc_writer *w)
{
    struct write writes[BATCH];
    for (size_t done = 0; done < w->n;) {
        size_t n = w->n - done < BATCH ? w->n - done : BATCH;
        memcpy(writes, w->writes + done, n * sizeof(*writes));
        done += n;
        write_batch(w, writes, n);
    }
    w->n = 0;
    for (unsigned i = 0; i < JOINS; i++)
        forget(&w->joins[i]);
}

void wc_writer_add(struct wc_writer *w, struct wc_outq *q, int fd, wc_written_cb cb, void *arg)
{
    if (q->queued)
        return;
    q->queued = true;
    if (w->n == w->cap) {
        w->cap = w->cap == 0 ? BATCH : w->cap * 2;
        w->writes = wc_realloc_array(w->writes, w->cap, sizeof(*w->writes));
    }
    w->writes[w->n++] = (struct write){q, fd, cb, arg};
}
