#include "redis/wire.h"

#include "redis/route.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK       16384 /* hiredis' parser moves what is left in its buffer often: more makes it slower */
#define TURN_MAX    (1024 * 1024)
#define ELEMENT_MAX (4 * 1024 * 1024)

static void fail(struct wc_wire *w, const char *why)
{
    wc_wire_close(w);
    w->events->closed(w->arg, why);
}

static void write_out(struct wc_wire *w)
{
    w->events->fill(w->arg);
    while (w->out.n != 0) {
        ssize_t n = send(w->fd, w->out.p, w->out.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            w->blocked = errno == EAGAIN;
            if (!w->blocked)
                fail(w, strerror(errno));
            return;
        }
        wc_buf_drop(&w->out, (size_t)n);
    }
    ev_io_stop(w->loop, &w->writable);
}

static void opened(struct wc_wire *w)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error != 0) {
        fail(w, strerror(error));
        return;
    }
    w->opening = false;
    ev_io_stop(w->loop, &w->writable);
    ev_io_start(w->loop, &w->readable);
    w->events->open(w->arg);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
    (void)loop, (void)revents;
    struct wc_wire *w = io->data;
    w->blocked = false;
    if (w->opening)
        opened(w);
    else
        write_out(w);
}

static void on_flush(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
    (void)loop, (void)revents;
    struct wc_wire *w = prepare->data;
    if (w->fd >= 0 && !w->opening && !w->blocked && ev_is_active(&w->writable))
        write_out(w);
}

/* False when the connection is gone. */
static bool hand_out(struct wc_wire *w)
{
    for (;;) {
        void *reply = NULL;
        if (redisReaderGetReply(w->reader, &reply) != REDIS_OK) {
            fail(w, "not what Redis would say");
            return false;
        }
        if (reply == NULL)
            break;
        w->events->reply(w->arg, reply);
        freeReplyObject(reply);
        if (w->fd < 0)
            return false;
    }
    if (w->reader->len - w->reader->pos <= ELEMENT_MAX)
        return true;
    fail(w, "an answer is larger than 4 MiB");
    return false;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
    (void)loop, (void)revents;
    struct wc_wire *w = io->data;
    char chunk[CHUNK];
    for (size_t total = 0; total < TURN_MAX;) {
        ssize_t n = recv(w->fd, chunk, sizeof chunk, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            fail(w, n == 0 ? "Redis closed the connection" : strerror(errno));
            return;
        }
        if (redisReaderFeed(w->reader, chunk, (size_t)n) != REDIS_OK) {
            fail(w, "out of memory");
            return;
        }
        if (!hand_out(w) || (size_t)n < sizeof chunk)
            return;
        total += (size_t)n;
    }
}

void wc_wire_init(struct wc_wire *w, struct ev_loop *loop, const struct wc_wire_events *events, void *arg)
{
    *w = (struct wc_wire){.loop = loop, .events = events, .arg = arg, .fd = -1};
    ev_init(&w->readable, on_readable);
    ev_init(&w->writable, on_writable);
    ev_prepare_init(&w->flush, on_flush);
    ev_set_priority(&w->flush, WC_TURN_LAST);
    w->readable.data = w->writable.data = w->flush.data = w;
    ev_prepare_start(loop, &w->flush);
}

bool wc_wire_connect(struct wc_wire *w, const struct wc_route *route, const char *address)
{
    int fd = wc_route_connect(route, address);
    if (fd < 0)
        return false;
    w->fd = fd;
    w->opening = true;
    w->blocked = false;
    w->reader = redisReaderCreate();
    if (w->reader == NULL) {
        wc_wire_close(w);
        errno = ENOMEM;
        return false;
    }
    ev_io_set(&w->readable, fd, EV_READ);
    ev_io_set(&w->writable, fd, EV_WRITE);
    ev_io_start(w->loop, &w->writable);
    return true;
}

void wc_wire_want_write(struct wc_wire *w)
{
    if (w->fd >= 0 && !w->opening)
        ev_io_start(w->loop, &w->writable);
}

void wc_wire_close(struct wc_wire *w)
{
    if (w->fd < 0)
        return;
    ev_io_stop(w->loop, &w->readable);
    ev_io_stop(w->loop, &w->writable);
    close(w->fd);
    w->fd = -1;
    if (w->reader != NULL)
        redisReaderFree(w->reader);
    w->reader = NULL;
    w->out.n = 0;
}

void wc_wire_end(struct wc_wire *w)
{
    wc_wire_close(w);
    ev_prepare_stop(w->loop, &w->flush);
    wc_buf_free(&w->out);
}
