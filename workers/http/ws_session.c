#include "chat/cursor.h"
#include "chat/presence.h"
#include "chat/session_json.h"
#include "http/websocket.h"

#include <math.h>

/* The requests session.open, session.auth, session.ping and session.close of a WebSocket. */

static struct wc_websocket *of_session(struct wc_session *s)
{
    return (struct wc_websocket *)WC_CONTAINER(s, struct wc_stream, session);
}

static struct wc_websocket *of_requests(struct wc_requests *q)
{
    return WC_CONTAINER(q, struct wc_websocket, requests);
}

void wc_websocket_deliver(struct wc_session *s, const struct wc_event *ev, struct wc_frame *frame)
{
    (void)ev;
    if (of_session(s)->stream.state == WC_STREAM_OPEN)
        wc_outq_push(&s->out, frame);
}

static void identify(struct wc_requests *q, struct wc_identity *who)
{
    struct wc_websocket *ws = of_requests(q);
    struct wc_chat *chat = q->chat;
    *who = ws->stream.who;
    who->admin = ws->user->admin;
    if (!ws->opened)
        return;
    struct wc_buf ref = {who->session, 0, sizeof(who->session)};
    wc_session_ref(chat, &ws->stream.session, &ref);
    who->session[ref.n] = '\0';
    wc_presence_touch(chat->presence, ws->user);
}

static void reply(struct wc_requests *q, struct wc_str json)
{
    wc_websocket_send(of_requests(q), json);
}

static uint64_t whole_seconds_left(const struct wc_websocket *ws)
{
    return (uint64_t)floor(wc_stream_left(&ws->stream));
}

/* session.open */

static void on_opened(struct wc_session *s, wc_err err)
{
    struct wc_websocket *ws = of_session(s);
    struct wc_chat *chat = ws->requests.chat;
    struct wc_request *r = ws->opening;
    ws->opening = NULL;
    if (err != WC_OK) {
        struct wc_outq out = s->out; /* answers to other requests: they outlive the session */
        s->out = (struct wc_outq){.ring = NULL};
        wc_session_close(chat, s);
        s->out = out;
        wc_request_fail(r, err, err == WC_UNAUTHENTICATED ? "the token was revoked" : NULL);
        return;
    }
    ws->opened = true;
    char space[96];
    struct wc_buf ref = {space, 0, sizeof(space)}, *out = wc_request_result(r);
    wc_session_ref(chat, s, &ref);
    wc_json_open(out, NULL);
    wc_json_str(out, "session", wc_buf_view(&ref));
    wc_session_cursors_json(s, out);
    wc_json_u64(out, "ping_s", ws->stream.http->options->keepalive_ms / 1000);
    wc_json_u64(out, "expires_in", whole_seconds_left(ws));
    wc_json_close(out);
    wc_request_done(r);
    wc_session_release(chat, s, WC_HELD_OPENING);
}

static void start(struct wc_websocket *ws, struct wc_request *r, const struct wc_session_start *from)
{
    struct wc_stream *st = &ws->stream;
    ws->opening = r;
    wc_session_open(ws->requests.chat, &st->session, &st->ops->session, &st->who, from, on_opened);
}

static void open_session(struct wc_websocket *ws, struct wc_request *r, const wc_json *args)
{
    struct wc_session_start from;
    struct wc_places places;
    const char *wrong = wc_session_start_read(args, wc_str(ws->stream.who.user), &from, &places);
    if (ws->opened || ws->opening != NULL)
        wc_request_fail(r, WC_CONFLICT, "this connection has its session");
    else if (wrong != NULL)
        wc_request_fail(r, WC_BAD_REQUEST, wrong);
    else
        start(ws, r, &from);
    wc_places_free(&places);
}

/* session.ping */

static void on_located(struct wc_session *s, wc_err err)
{
    struct wc_websocket *ws = of_session(s);
    struct wc_request *r = ws->pinging;
    ws->pinging = NULL;
    if (err != WC_OK) {
        wc_request_fail(r, err, NULL);
        return;
    }
    struct wc_buf *out = wc_request_result(r);
    wc_json_open(out, NULL);
    wc_session_cursors_json(s, out);
    wc_json_u64(out, "expires_in", whole_seconds_left(ws));
    wc_json_close(out);
    wc_request_done(r);
}

static void ping(struct wc_websocket *ws, struct wc_request *r)
{
    if (!ws->opened) {
        wc_request_fail(r, WC_BAD_REQUEST, "session.open comes first");
        return;
    }
    if (ws->pinging != NULL) {
        wc_request_fail(r, WC_RATE_LIMITED, "another session.ping is under way");
        return;
    }
    ws->pinging = r;
    if (wc_cursor_locate(&ws->stream.session, on_located) == WC_OK)
        return;
    ws->pinging = NULL;
    wc_request_fail(r, WC_UNAVAILABLE, NULL);
}

/* session.auth */

static void on_authenticated(void *arg, wc_err err, const struct wc_identity *who, uint64_t retry_ms)
{
    struct wc_websocket *ws = arg;
    struct wc_request *r = ws->auth;
    (void)retry_ms;
    ws->auth = NULL;
    if (err != WC_OK) {
        wc_request_fail(r, err, err == WC_UNAUTHENTICATED ? "the access token is wrong, expired or revoked" : NULL);
    } else if (!wc_str_is(wc_str(who->user), ws->stream.who.user)) {
        wc_request_fail(r, WC_FORBIDDEN, "access_token: is another user's");
    } else {
        wc_stream_renew(&ws->stream, who);
        wc_json_open(wc_request_result(r), NULL);
        wc_json_u64(wc_request_result(r), "expires_in", whole_seconds_left(ws));
        wc_json_close(wc_request_result(r));
        wc_request_done(r);
    }
}

static void authenticate(struct wc_websocket *ws, struct wc_request *r, const wc_json *args)
{
    struct wc_str token = wc_json_get_str(args, "access_token");
    if (token.n == 0) {
        wc_request_fail(r, WC_BAD_REQUEST, "access_token: is required");
    } else if (ws->auth != NULL) {
        wc_request_fail(r, WC_RATE_LIMITED, "another session.auth is under way");
    } else {
        ws->auth = r;
        wc_auth_token(ws->requests.chat->auth, token, on_authenticated, ws);
    }
}

static void session(struct wc_requests *q, struct wc_request *r, struct wc_str op, const wc_json *args)
{
    struct wc_websocket *ws = of_requests(q);
    if (wc_str_is(op, "session.open")) {
        open_session(ws, r, args);
    } else if (wc_str_is(op, "session.auth")) {
        authenticate(ws, r, args);
    } else if (wc_str_is(op, "session.ping")) {
        ping(ws, r);
    } else if (wc_str_is(op, "session.close")) {
        wc_request_done(r);
        wc_websocket_close(ws, WC_WS_NORMAL, "");
    } else {
        wc_request_fail(r, WC_BAD_REQUEST, "op: there is no such operation here");
    }
}

static bool has_room(struct wc_requests *q)
{
    const struct wc_stream *st = &of_requests(q)->stream;
    return st->state == WC_STREAM_OPEN && wc_stream_has_room(st);
}

const struct wc_requests_ops wc_websocket_requests = {identify, reply, session, has_room, 0};
