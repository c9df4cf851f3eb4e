#include "chat/cursor.h"
#include "chat/fanout.h"
#include "chat/presence.h"
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

static void add_place(void *arg, struct wc_str conv, unsigned side, struct wc_id id)
{
    char space[WC_NAME_MAX + 16], digits[WC_ID_MAX_LEN];
    struct wc_buf target = {space, 0, sizeof(space)};
    wc_conv_target(&target, conv, side);
    wc_buf_c(&target, '\0');
    wc_json_str(arg, space, (struct wc_str){digits, wc_id_format(id, digits)});
}

/* Where the session is, in both forms. */
static void add_cursors(struct wc_session *s, struct wc_buf *out)
{
    struct wc_buf cursor = WC_BUF_INIT;
    wc_cursor_text(s, &cursor);
    wc_json_str(out, "cursor", wc_buf_view(&cursor));
    wc_buf_free(&cursor);
    wc_json_open(out, "cursors");
    wc_fanout_places(s, add_place, out);
    wc_json_close(out);
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
    add_cursors(s, out);
    wc_json_u64(out, "ping_s", ws->stream.http->options->keepalive_ms / 1000);
    wc_json_u64(out, "expires_in", whole_seconds_left(ws));
    wc_json_close(out);
    wc_request_done(r);
    wc_session_release(chat, s, WC_HELD_OPENING);
}

struct given {
    struct wc_places places;
    struct wc_str user;
    const char *wrong;
};

static bool on_cursor(void *arg, struct wc_str name, const wc_json *value)
{
    struct given *given = arg;
    struct wc_target target;
    struct wc_id id;
    if (wc_target_parse(name, &target) != WC_OK)
        given->wrong = "cursors: names are targets, as in wcchat://rooms/general";
    else if (!wc_id_parse(wc_json_string(value), &id))
        given->wrong = "cursors: values are ids of events, as in 1795410001234-42";
    if (given->wrong != NULL)
        return false;
    struct wc_name conv = wc_conv_name(&target, given->user);
    wc_places_add(&given->places, wc_name_str(&conv), id);
    return true;
}

static void start(struct wc_websocket *ws, struct wc_request *r, const struct wc_session_start *from)
{
    struct wc_stream *st = &ws->stream;
    ws->opening = r;
    wc_session_open(ws->requests.chat, &st->session, &st->ops->session, &st->who, from, on_opened);
}

static void open_session(struct wc_websocket *ws, struct wc_request *r, const wc_json *args)
{
    const wc_json *cursor = wc_json_get(args, "cursor"), *cursors = wc_json_get(args, "cursors");
    struct given given = {.user = wc_str(ws->stream.who.user)};
    struct wc_session_start from = {.cursor = WC_STR_NONE};
    if (ws->opened || ws->opening != NULL)
        given.wrong = "this connection has its session";
    else if (cursor != NULL && cursors != NULL)
        given.wrong = "only one of cursor and cursors can be given";
    else if (cursor != NULL && wc_json_type(cursor) != WC_JSON_STRING && wc_json_type(cursor) != WC_JSON_NULL)
        given.wrong = "cursor: must be a string";
    else if (cursors != NULL && wc_json_type(cursors) != WC_JSON_OBJECT)
        given.wrong = "cursors: must be an object";
    else if (cursors != NULL)
        wc_json_each(cursors, on_cursor, &given);
    if (given.wrong != NULL) {
        wc_request_fail(r, ws->opened || ws->opening != NULL ? WC_CONFLICT : WC_BAD_REQUEST, given.wrong);
    } else {
        from.cursor = wc_json_string(cursor);
        from.places = cursors != NULL ? &given.places : NULL;
        start(ws, r, &from);
    }
    wc_places_free(&given.places);
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
    add_cursors(s, out);
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

const struct wc_requests_ops wc_websocket_requests = {identify, reply, session};
