#include "http/stream.h"

#include "base/clock.h"
#include "base/mem.h"
#include "chat/writer.h"
#include "http/listen.h"
#include "http/request.h"
#include "http/respond.h"

#include <assert.h>
#include <errno.h>
#include <h2o/http1.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REPLY_SLACK = 65536 };
#define CLOSING_S 10.0
#define LINGER_S  2.0

static void on_reap(struct wc_soon_item *item);

static struct ev_loop *loop_of(const struct wc_stream *st)
{
    return st->http->worker->loop;
}

static uint32_t seconds(const struct wc_stream *st)
{
    return (uint32_t)ev_now(loop_of(st));
}

bool wc_stream_has_room(const struct wc_stream *st)
{
    return st->session.out.bytes < st->http->worker->chat->options.session_queue + REPLY_SLACK;
}

bool wc_stream_stalled(const struct wc_stream *st)
{
    return st->blocked && (seconds(st) - st->moved) * 1000ULL >= st->http->options->stall_ms;
}

double wc_stream_left(const struct wc_stream *st)
{
    double left = st->who.expires != 0 ? (double)st->who.expires - (double)wc_wall_ms() / 1000 : 1e9;
    return left > 0 ? left : 0;
}

/* The one place where the state changes. */
static void become(struct wc_stream *st, enum wc_stream_state state)
{
    assert(state > st->state);
    st->state = (uint8_t)state;
}

static void set_timer(struct wc_stream *st, double s)
{
    ev_timer_stop(loop_of(st), &st->timer);
    ev_timer_set(&st->timer, s, 0.);
    ev_timer_start(loop_of(st), &st->timer);
}

/* Reads or not, writes or not, as state and queue say. */
static void watch(struct wc_stream *st)
{
    bool reads = st->state == WC_STREAM_LINGER || (st->state == WC_STREAM_OPEN && !st->eof && wc_stream_has_room(st));
    int events = (reads ? EV_READ : 0) | (st->blocked && st->state < WC_STREAM_LINGER ? EV_WRITE : 0);
    if (st->state == WC_STREAM_DEAD || (st->io.events & (EV_READ | EV_WRITE)) == events)
        return;
    ev_io_stop(loop_of(st), &st->io);
    ev_io_set(&st->io, st->io.fd, events);
    if (events != 0)
        ev_io_start(loop_of(st), &st->io);
}

void wc_stream_kill(struct wc_stream *st)
{
    if (st->state == WC_STREAM_DEAD)
        return;
    become(st, WC_STREAM_DEAD);
    ev_io_stop(loop_of(st), &st->io);
    ev_timer_stop(loop_of(st), &st->timer);
    st->dead.fire = on_reap;
    wc_soon_add(&st->http->streams->soon, &st->dead);
}

static void stream_free(struct wc_stream *st)
{
    struct wc_http *http = st->http;
    struct wc_chat *chat = http->worker->chat;
    st->ops->end(st);
    wc_auth_cancel(chat->auth, st);
    wc_session_close(chat, &st->session);
    wc_outq_clear(&st->session.out);
    ev_io_stop(loop_of(st), &st->io);
    ev_timer_stop(loop_of(st), &st->timer);
    if (st->request != NULL)
        st->request->stream = NULL;
    if (st->io.fd >= 0) {
        close(st->io.fd);
        wc_http_connection_ended(http);
    }
    *st->prev = st->next;
    if (st->next != NULL)
        st->next->prev = st->prev;
    http->counts.streams[st->ops == &http->streams->events]--;
    free(st);
}

static void on_reap(struct wc_soon_item *item)
{
    stream_free(WC_CONTAINER(item, struct wc_stream, dead));
}

/* Out. */

static void on_written(void *arg, enum wc_outq_result result, size_t n)
{
    struct wc_stream *st = arg;
    if (st->state != WC_STREAM_OPEN && st->state != WC_STREAM_CLOSING)
        return;
    if (n != 0 || !st->blocked)
        st->moved = seconds(st);
    st->blocked = result == WC_OUTQ_BLOCKED;
    if (result == WC_OUTQ_BROKEN) {
        wc_stream_kill(st);
    } else if (result == WC_OUTQ_DONE && st->state == WC_STREAM_CLOSING) {
        /* Our side first: what the client still sends is read, or the reset that answers it would overtake our last
         * bytes (RFC 9293 section 3.10.4). */
        if (st->eof || shutdown(st->io.fd, SHUT_WR) != 0) {
            wc_stream_kill(st);
            return;
        }
        become(st, WC_STREAM_LINGER);
        set_timer(st, LINGER_S);
    } else if (result == WC_OUTQ_DONE) {
        wc_session_drained(st->http->worker->chat, &st->session);
    }
    if (st->state == WC_STREAM_OPEN && st->ops->room != NULL && wc_stream_has_room(st))
        st->ops->room(st);
    watch(st);
}

static void flush(struct wc_stream *st)
{
    if (st->state == WC_STREAM_OPEN || st->state == WC_STREAM_CLOSING)
        wc_writer_add(st->http->worker->chat->writer, &st->session.out, st->io.fd, on_written, st);
}

static void session_flush(struct wc_session *s)
{
    flush(WC_CONTAINER(s, struct wc_stream, session));
}

static void session_end(struct wc_session *s, enum wc_session_end why)
{
    struct wc_stream *st = WC_CONTAINER(s, struct wc_stream, session);
    if (st->state == WC_STREAM_OPEN)
        st->ops->leave(st, why);
    else
        st->revoked = true;
}

void wc_stream_write(struct wc_stream *st, struct wc_str s)
{
    if (st->state > WC_STREAM_OPEN)
        return;
    wc_outq_push_str(&st->session.out, s);
    wc_session_dirty(st->http->worker->chat, &st->session);
}

void wc_stream_close(struct wc_stream *st, struct wc_str bye)
{
    if (st->state == WC_STREAM_COMING)
        wc_stream_kill(st);
    if (st->state >= WC_STREAM_CLOSING)
        return;
    if (bye.n != 0)
        wc_stream_write(st, bye);
    st->session.held |= WC_HELD_CLOSING;
    become(st, WC_STREAM_CLOSING);
    set_timer(st, CLOSING_S);
    wc_session_dirty(st->http->worker->chat, &st->session);
    watch(st);
}

/* In. */

static void on_readable(struct wc_stream *st)
{
    struct wc_streams *all = st->http->streams;
    ssize_t n = read(st->io.fd, all->chunk, sizeof(all->chunk));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        wc_stream_kill(st);
        return;
    }
    st->heard = seconds(st);
    if (st->state == WC_STREAM_OPEN)
        st->ops->receive(st, all->chunk, (size_t)n);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    struct wc_stream *st = WC_CONTAINER(io, struct wc_stream, io);
    (void)loop;
    if ((events & EV_WRITE) != 0)
        wc_session_dirty(st->http->worker->chat, &st->session);
    if ((events & EV_READ) != 0 && st->state != WC_STREAM_DEAD)
        on_readable(st);
    watch(st);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct wc_stream *st = WC_CONTAINER(timer, struct wc_stream, timer);
    (void)loop;
    (void)events;
    if (st->state != WC_STREAM_OPEN) {
        wc_stream_kill(st);
        return;
    }
    if (wc_stream_left(st) == 0) {
        st->http->counts.expired++;
        st->ops->expire(st);
        return;
    }
    double again = st->ops->tick(st), left = wc_stream_left(st);
    if (st->state == WC_STREAM_OPEN)
        set_timer(st, again < left ? again : left + 0.01);
}

void wc_stream_renew(struct wc_stream *st, const struct wc_identity *who)
{
    memcpy(st->who.family, who->family, sizeof(st->who.family));
    st->who.generation = who->generation;
    st->who.expires = who->expires;
    st->who.admin = who->admin;
    wc_session_renew(&st->session, who);
    on_timer(loop_of(st), &st->timer, 0);
}

/* Begin. */

struct wc_stream *wc_stream_new(struct wc_http_request *r, const struct wc_stream_ops *ops, size_t size)
{
    struct wc_http *http = r->http;
    struct wc_stream *st = wc_alloc(size);
    st->ops = ops;
    st->session.ops = &ops->session;
    st->http = http;
    st->request = r;
    r->stream = st;
    st->who = r->who;
    st->who.via = "web";
    st->session.address = st->who.address;
    ev_io_init(&st->io, on_io, -1, 0);
    ev_timer_init(&st->timer, on_timer, 0., 0.);
    st->next = http->streams->all;
    st->prev = &http->streams->all;
    if (st->next != NULL)
        st->next->prev = &st->next;
    http->streams->all = st;
    http->counts.streams[ops == &http->streams->events]++;
    return st;
}

void wc_stream_abandon(struct wc_stream *st)
{
    st->request = NULL;
    wc_stream_kill(st);
}

/* h2o has written the head and let go of the socket; or the connection broke. */
static void on_taken(void *arg, h2o_socket_t *sock, size_t request_size)
{
    struct wc_stream *st = arg;
    if (sock == NULL) {
        wc_stream_kill(st);
        return;
    }
    h2o_socket_export_t taken;
    h2o_buffer_consume(&sock->input, request_size);
    if (h2o_socket_export(sock, &taken) != 0) {
        wc_stream_kill(st);
        return;
    }
    wc_http_connection_begun(st->http);
    ev_io_set(&st->io, taken.fd, 0);
    st->heard = st->moved = seconds(st);
    if (st->state == WC_STREAM_COMING) {
        become(st, WC_STREAM_OPEN);
        st->ops->begin(st);
        if (st->revoked)
            st->ops->leave(st, WC_END_REVOKED);
        if (st->state == WC_STREAM_OPEN)
            on_timer(loop_of(st), &st->timer, 0);
        if (st->state == WC_STREAM_OPEN && taken.input->size != 0)
            st->ops->receive(st, taken.input->bytes, taken.input->size);
        watch(st);
    }
    h2o_buffer_dispose(&taken.input);
}

void wc_stream_take(struct wc_stream *st, int status)
{
    struct wc_http_request *r = st->request;
    st->request = NULL;
    r->stream = NULL;
    wc_http_begin_answer(r, status);
    h2o_http1_upgrade(r->req, NULL, 0, on_taken, st);
}

/* All of them. */

struct wc_streams *wc_streams_new(struct wc_http *http)
{
    static const char ping[] = {(char)0x89, 0};
    struct wc_streams *all = WC_NEW(struct wc_streams);
    wc_soon_init(&all->soon, http->worker->loop);
    all->ping = wc_frame_of((struct wc_str){ping, sizeof(ping)});
    all->comment = wc_frame_of(WC_STR(":\n\n"));
    wc_websocket_ops(&all->websocket, http->worker->chat->sessions);
    wc_events_ops(&all->events, http->worker->chat->sessions);
    all->websocket.session.flush = all->events.session.flush = session_flush;
    all->websocket.session.end = all->events.session.end = session_end;
    return all;
}

void wc_streams_end(struct wc_http *http)
{
    for (struct wc_stream *st = http->streams->all; st != NULL; st = st->next) {
        if (st->state == WC_STREAM_COMING)
            continue;
        st->ops->leave(st, WC_END_DRAINING);
        flush(st);
        wc_writer_run(http->worker->chat->writer);
        wc_stream_kill(st);
        if (st->io.fd >= 0) {
            close(st->io.fd);
            st->io.fd = -1;
            wc_http_connection_ended(http);
        }
    }
}

void wc_streams_free(struct wc_http *http)
{
    struct wc_streams *all = http->streams;
    wc_soon_end(&all->soon);
    for (struct wc_stream *st = all->all, *next; st != NULL; st = next) {
        next = st->next;
        stream_free(st);
    }
    wc_frame_unref(all->ping);
    wc_frame_unref(all->comment);
    free(all);
    http->streams = NULL;
}

void wc_streams_drain(struct wc_http *http, unsigned ticks)
{
    size_t some = 0;
    for (const struct wc_stream *st = http->streams->all; st != NULL; st = st->next)
        some += st->state == WC_STREAM_OPEN;
    if (ticks > 0)
        some = some / ticks + (some % ticks != 0);
    for (struct wc_stream *st = http->streams->all; st != NULL && some > 0; st = st->next) {
        if (st->state != WC_STREAM_OPEN)
            continue;
        st->ops->leave(st, WC_END_DRAINING);
        some--;
    }
}
