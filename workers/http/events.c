#include "http/events.h"

#include "base/mem.h"
#include "chat/cursor.h"
#include "http/request.h"
#include "http/respond.h"
#include "http/stream.h"
#include "http/url.h"

#define TYPE "text/event-stream"

static struct wc_stream *of_session(struct wc_session *s)
{
    return WC_CONTAINER(s, struct wc_stream, session);
}

/* Out. */

static void write_id(struct wc_stream *st, const char *before, const char *after)
{
    char space[WC_CURSOR_MAX + 64];
    struct wc_buf b = {space, 0, sizeof(space)};
    wc_buf_z(&b, before);
    wc_cursor_text(&st->session, &b);
    wc_buf_z(&b, after);
    wc_outq_push_str(&st->session.out, wc_buf_view(&b));
}

static void deliver(struct wc_session *s, const struct wc_event *ev, struct wc_frame *frame)
{
    struct wc_stream *st = of_session(s);
    if (st->state > WC_STREAM_OPEN)
        return;
    if (ev->stored)
        write_id(st, "id: ", "\n");
    wc_outq_push(&s->out, frame);
}

static struct wc_frame *encode(const struct wc_event *ev, unsigned side)
{
    struct wc_buf b = WC_BUF_INIT;
    wc_buf_reserve(&b, 400 + ev->f[WC_F_TEXT].n);
    wc_buf_z(&b, "data: ");
    struct wc_buf json = WC_BUF_INIT;
    wc_event_json(ev, side, &json);
    wc_buf_str(&b, wc_buf_view(&json));
    wc_buf_z(&b, "\n\n");
    struct wc_frame *frame = wc_frame_of(wc_buf_view(&b));
    wc_buf_free(&json);
    wc_buf_free(&b);
    return frame;
}

static void begin(struct wc_stream *st)
{
    struct wc_chat *chat = st->http->worker->chat;
    write_id(st, "retry: 2000\nid: ", "\n\n");
    wc_session_dirty(chat, &st->session);
    wc_session_release(chat, &st->session, WC_HELD_OPENING);
}

/* What a client says on such a connection is for nobody. */
static void receive(struct wc_stream *st, char *p, size_t n)
{
    (void)st;
    (void)p;
    (void)n;
}

/* A dead client is noticed by writing only. */
static double tick(struct wc_stream *st)
{
    double interval = (double)st->http->options->keepalive_ms / 2000;
    double quiet = ev_now(st->http->worker->loop) - st->moved;
    if (wc_stream_stalled(st)) {
        st->http->counts.stalled++;
        wc_stream_kill(st);
    } else if (quiet < interval) {
        return interval - quiet;
    } else if (!st->blocked) {
        wc_outq_push(&st->session.out, st->http->streams->comment);
        wc_session_dirty(st->http->worker->chat, &st->session);
    }
    return interval;
}

static void leave(struct wc_stream *st, enum wc_session_end why)
{
    wc_stream_close(st, why == WC_END_DRAINING ? WC_STR(": this worker is restarting; please reconnect\n\n")
                                               : WC_STR(": the token was revoked\n\n"));
}

static void expire(struct wc_stream *st)
{
    wc_stream_close(st, WC_STR(": the token has expired\n\n"));
}

static void end(struct wc_stream *st)
{
    (void)st;
}

void wc_events_ops(struct wc_stream_ops *ops, struct wc_sessions *sessions)
{
    *ops = (struct wc_stream_ops){
        .name = "events",
        .session = {.channel = "web", .slot = wc_sessions_slot(sessions, encode), .deliver = deliver},
        .begin = begin,
        .receive = receive,
        .tick = tick,
        .leave = leave,
        .expire = expire,
        .end = end,
    };
}

/* The request. */

static void on_opened(struct wc_session *s, wc_err err)
{
    struct wc_stream *st = of_session(s);
    struct wc_http_request *r = st->request;
    if (r == NULL)
        return;
    if (err == WC_OK) {
        wc_http_header(r, WC_STR("content-type"), WC_STR(TYPE));
        wc_http_header(r, WC_STR("x-accel-buffering"), WC_STR("no"));
        wc_stream_take(st, 200);
        return;
    }
    r->stream = NULL;
    wc_stream_abandon(st);
    wc_http_refuse_with(r, err, err == WC_UNAUTHENTICATED ? "the access token was revoked" : NULL);
}

/* The cursor in the query; false: there is something else. */
static bool query_cursor(struct wc_http_request *r, struct wc_buf *out)
{
    struct wc_str query = r->query, name, value;
    while (wc_url_next_pair(&query, &name, &value)) {
        if (!wc_str_is(name, "cursor") || out->n != 0 || !wc_url_decode(value, true, out))
            return false;
    }
    return true;
}

static void open_stream(struct wc_http_request *r, struct wc_str cursor)
{
    struct wc_stream *st = wc_stream_new(r, &r->http->streams->events, sizeof(struct wc_stream));
    struct wc_session_start start = {.cursor = cursor.n != 0 ? cursor : WC_STR_NONE, .each = true};
    wc_session_open(r->http->worker->chat, &st->session, &st->ops->session, &st->who, &start, on_opened);
}

void wc_http_serve_events(struct wc_http_request *r)
{
    struct wc_buf given = WC_BUF_INIT;
    ssize_t at = h2o_find_header_by_str(&r->req->headers, H2O_STRLIT("last-event-id"), -1);
    if (!query_cursor(r, &given))
        wc_http_refuse_with(r, WC_BAD_REQUEST, "the query takes cursor, once, and nothing else");
    else if (wc_str_is(wc_iovec_str(r->req->method), "HEAD"))
        wc_http_answer(r, 200, TYPE, NULL);
    else if (r->http->draining)
        wc_http_refuse_with(r, WC_UNAVAILABLE, "this worker is stopping");
    else
        open_stream(r, at >= 0 ? wc_iovec_str(r->req->headers.entries[at].value) : wc_buf_view(&given));
    wc_buf_free(&given);
}
