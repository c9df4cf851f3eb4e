#include "http/websocket.h"

#include "base/crypto.h"
#include "base/mem.h"
#include "base/text.h"
#include "http/request.h"
#include "http/respond.h"

enum { MESSAGE_MOST = 65536, MISSED_MOST = 2 };

#define PROTOCOL "wcchat.v1"

/* The handshake (section 4.2). */

/* The next of a list's values, over all headers of this name. */
static bool next_protocol(const h2o_req_t *req, ssize_t *at, struct wc_str *rest, struct wc_str *out)
{
    while (!wc_str_cut(rest, ',', out)) {
        *at = h2o_find_header_by_str(&req->headers, H2O_STRLIT("sec-websocket-protocol"), *at);
        if (*at < 0)
            return false;
        *rest = wc_iovec_str(req->headers.entries[*at].value);
    }
    *out = wc_str_trim(*out);
    return true;
}

struct wc_str wc_http_websocket_token(const h2o_req_t *req)
{
    const struct wc_str bearer = WC_STR("bearer.");
    struct wc_str rest = WC_STR_NONE, protocol;
    ssize_t at = -1;
    while (next_protocol(req, &at, &rest, &protocol))
        if (wc_str_starts(protocol, bearer))
            return wc_str_from(protocol, bearer.n);
    return WC_STR_NONE;
}

/* Is our protocol among those that are offered? `any`: is one offered? */
static bool offers_ours(const h2o_req_t *req, bool *any)
{
    struct wc_str rest = WC_STR_NONE, protocol;
    ssize_t at = -1;
    *any = false;
    while (next_protocol(req, &at, &rest, &protocol)) {
        *any = true;
        if (wc_str_is(protocol, PROTOCOL))
            return true;
    }
    return false;
}

static struct wc_str header(const h2o_req_t *req, const char *name)
{
    ssize_t at = h2o_find_header_by_str(&req->headers, name, strlen(name), -1);
    return at >= 0 ? wc_iovec_str(req->headers.entries[at].value) : WC_STR_NONE;
}

/* NULL, or what is wrong with it. */
static const char *handshake_problem(struct wc_http_request *r)
{
    const h2o_req_t *req = r->req;
    bool any;
    if (!wc_str_is(wc_iovec_str(req->method), "GET") || req->version < 0x101)
        return "a WebSocket begins with GET in HTTP/1.1";
    if (req->upgrade.base == NULL || !h2o_lcstris(req->upgrade.base, req->upgrade.len, H2O_STRLIT("websocket")))
        return "this is for WebSockets: Connection: Upgrade and Upgrade: websocket are missing";
    if (!wc_str_is(header(req, "sec-websocket-version"), "13")) {
        wc_http_header(r, WC_STR("sec-websocket-version"), WC_STR("13"));
        return "Sec-WebSocket-Version must be 13";
    }
    if (header(req, "sec-websocket-key").n != 24)
        return "Sec-WebSocket-Key must be 16 bytes in base64";
    if (!offers_ours(req, &any) && any)
        return "the subprotocol is " PROTOCOL;
    return NULL;
}

/* Section 4.2.2, 5.4. */
static void accept_key(struct wc_str key, char out[32])
{
    char text[64];
    struct wc_buf b = {text, 0, sizeof(text)};
    uint8_t digest[20];
    wc_buf_str(&b, key);
    wc_buf_z(&b, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    wc_sha1(wc_buf_view(&b), digest);
    h2o_base64_encode(out, digest, sizeof(digest), 0); /* with a NUL */
}

void wc_http_serve_websocket(struct wc_http_request *r)
{
    const char *problem = handshake_problem(r);
    if (problem != NULL) {
        wc_http_refuse_with(r, WC_BAD_REQUEST, problem);
        return;
    }
    if (r->http->draining) {
        wc_http_refuse_with(r, WC_UNAVAILABLE, "this worker is stopping");
        return;
    }
    struct wc_chat *chat = r->http->worker->chat;
    struct wc_stream *st = wc_stream_new(r, &r->http->streams->websocket, sizeof(struct wc_websocket));
    struct wc_websocket *ws = (struct wc_websocket *)st;
    ws->requests = (struct wc_requests){.ops = &wc_websocket_requests, .chat = chat};
    ws->user = wc_user_get(chat->people, wc_str(st->who.user));
    char accept[32];
    accept_key(header(r->req, "sec-websocket-key"), accept);
    wc_http_header(r, WC_STR("upgrade"), WC_STR("websocket"));
    wc_http_header(r, WC_STR("sec-websocket-accept"), wc_str(accept));
    bool any;
    if (offers_ours(r->req, &any))
        wc_http_header(r, WC_STR("sec-websocket-protocol"), WC_STR(PROTOCOL));
    wc_stream_take(st, 101);
}

/* Out. */

void wc_websocket_send(struct wc_websocket *ws, struct wc_str text)
{
    struct wc_buf frame = WC_BUF_INIT;
    wc_buf_reserve(&frame, text.n + 10);
    wc_ws_frame_add(&frame, WC_WS_TEXT, text);
    wc_stream_write(&ws->stream, wc_buf_view(&frame));
    wc_buf_free(&frame);
}

void wc_websocket_close(struct wc_websocket *ws, enum wc_ws_code code, const char *reason)
{
    struct wc_buf frame = WC_BUF_INIT;
    wc_ws_close_add(&frame, code, reason);
    wc_stream_close(&ws->stream, wc_buf_view(&frame));
    wc_buf_free(&frame);
}

/* In. */

static bool revoked(const struct wc_websocket *ws)
{
    return !wc_user_allows(ws->user, wc_str(ws->stream.who.family), ws->stream.who.generation);
}

static void take_message(struct wc_websocket *ws, struct wc_str text)
{
    if (!wc_text_utf8(text))
        wc_websocket_close(ws, WC_WS_BAD_TEXT, "text must be UTF-8");
    else if (revoked(ws))
        wc_websocket_close(ws, WC_WS_REVOKED, "the token was revoked");
    else
        wc_requests_receive(&ws->requests, text);
}

static void take_data(struct wc_websocket *ws, const struct wc_ws_frame *frame)
{
    struct wc_str payload = {frame->p, frame->n};
    if (ws->in_message != (frame->opcode == WC_WS_CONTINUATION)) {
        wc_websocket_close(ws, WC_WS_PROTOCOL_ERROR, "a fragment out of place");
    } else if (frame->opcode == WC_WS_BINARY) {
        wc_websocket_close(ws, WC_WS_UNSUPPORTED, "messages are text");
    } else if (frame->n > MESSAGE_MOST - ws->message.n) {
        wc_websocket_close(ws, WC_WS_TOO_BIG, "a message has at most 65,536 bytes");
    } else if (frame->fin && !ws->in_message) {
        take_message(ws, payload);
    } else {
        wc_buf_str(&ws->message, payload);
        ws->in_message = !frame->fin;
        if (frame->fin) {
            take_message(ws, wc_buf_view(&ws->message));
            wc_buf_free(&ws->message);
        }
    }
}

static void take_close(struct wc_websocket *ws, struct wc_str payload)
{
    unsigned code = wc_ws_close_code(payload);
    struct wc_buf frame = WC_BUF_INIT;
    if (code == 0)
        wc_ws_frame_add(&frame, WC_WS_CLOSE, WC_STR_NONE);
    else
        wc_ws_close_add(&frame, code, "");
    wc_stream_close(&ws->stream, wc_buf_view(&frame));
    wc_buf_free(&frame);
}

static void take_frame(struct wc_websocket *ws, const struct wc_ws_frame *frame)
{
    struct wc_str payload = {frame->p, frame->n};
    if (frame->opcode < WC_WS_CLOSE) {
        take_data(ws, frame);
    } else if (frame->opcode == WC_WS_CLOSE) {
        take_close(ws, payload);
    } else if (frame->opcode == WC_WS_PING) {
        struct wc_buf pong = WC_BUF_INIT;
        wc_ws_frame_add(&pong, WC_WS_PONG, payload);
        wc_stream_write(&ws->stream, wc_buf_view(&pong));
        wc_buf_free(&pong);
    }
}

/* Takes the whole frames off these bytes; returns how many bytes they had. */
static size_t take_frames(struct wc_websocket *ws, char *p, size_t n)
{
    size_t used = 0;
    while (ws->stream.state == WC_STREAM_OPEN) {
        struct wc_ws_frame frame;
        enum wc_ws_read result = wc_ws_frame_read(p + used, n - used, MESSAGE_MOST, &frame);
        if (result == WC_WS_BROKEN)
            wc_websocket_close(ws, WC_WS_PROTOCOL_ERROR, "a broken frame");
        else if (result == WC_WS_OVERLONG)
            wc_websocket_close(ws, WC_WS_TOO_BIG, "a message has at most 65,536 bytes");
        if (result != WC_WS_FRAME)
            return used;
        take_frame(ws, &frame);
        used += frame.used;
    }
    return used;
}

static void receive(struct wc_stream *st, char *p, size_t n)
{
    struct wc_websocket *ws = (struct wc_websocket *)st;
    ws->missed = 0;
    if (ws->partial.n == 0) {
        size_t used = take_frames(ws, p, n);
        if (st->state == WC_STREAM_OPEN && used < n)
            wc_buf_add(&ws->partial, p + used, n - used);
        return;
    }
    wc_buf_add(&ws->partial, p, n);
    wc_buf_drop(&ws->partial, take_frames(ws, ws->partial.p, ws->partial.n));
    if (ws->partial.n == 0)
        wc_buf_free(&ws->partial);
}

/* The stream's table. */

static void begin(struct wc_stream *st)
{
    (void)st; /* silent until session.open */
}

static void leave(struct wc_stream *st, enum wc_session_end why)
{
    struct wc_websocket *ws = (struct wc_websocket *)st;
    if (why == WC_END_DRAINING)
        wc_websocket_close(ws, WC_WS_RESTARTING, "this worker is restarting; please reconnect");
    else
        wc_websocket_close(ws, WC_WS_REVOKED, "the token was revoked");
}

static void room(struct wc_stream *st)
{
    wc_requests_go_on(&((struct wc_websocket *)st)->requests);
}

static double tick(struct wc_stream *st)
{
    struct wc_websocket *ws = (struct wc_websocket *)st;
    double interval = (double)st->http->options->keepalive_ms / 1000;
    double quiet = ev_now(st->http->worker->loop) - st->heard;
    if (wc_stream_stalled(st)) {
        st->http->counts.stalled++;
        wc_websocket_close(ws, WC_WS_TRY_LATER, "nothing could be written");
    } else if (revoked(ws)) { /* a session is told at once; a connection that has none is looked at here */
        leave(st, WC_END_REVOKED);
    } else if (quiet < interval) {
        return interval - quiet;
    } else if (ws->missed == MISSED_MOST) {
        wc_stream_kill(st);
    } else {
        ws->missed++;
        wc_outq_push(&st->session.out, st->http->streams->ping);
        wc_session_dirty(st->http->worker->chat, &st->session);
    }
    return interval;
}

static void expire(struct wc_stream *st)
{
    wc_websocket_close((struct wc_websocket *)st, WC_WS_EXPIRED, "the token has expired");
}

static void end(struct wc_stream *st)
{
    struct wc_websocket *ws = (struct wc_websocket *)st;
    wc_requests_end(&ws->requests);
    wc_user_unref(ws->user);
    wc_buf_free(&ws->partial);
    wc_buf_free(&ws->message);
}

static struct wc_frame *encode(const struct wc_event *ev, unsigned side)
{
    struct wc_buf json = WC_BUF_INIT;
    char head[10];
    wc_event_json(ev, side, &json);
    size_t n = wc_ws_head(head, WC_WS_TEXT, json.n);
    struct wc_frame *frame = wc_frame_new(n + json.n);
    memcpy(frame->bytes, head, n);
    memcpy(frame->bytes + n, json.p, json.n);
    wc_buf_free(&json);
    return frame;
}

void wc_websocket_ops(struct wc_stream_ops *ops, struct wc_sessions *sessions)
{
    *ops = (struct wc_stream_ops){
        .name = "websocket",
        .session = {.channel = "web", .slot = wc_sessions_slot(sessions, encode), .deliver = wc_websocket_deliver},
        .begin = begin,
        .receive = receive,
        .room = room,
        .tick = tick,
        .leave = leave,
        .expire = expire,
        .end = end,
    };
}
