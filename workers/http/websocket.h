#ifndef WC_HTTP_WEBSOCKET_H
#define WC_HTTP_WEBSOCKET_H

#include "chat/request.h"
#include "http/stream.h"
#include "http/wsframe.h"

/*
 * GET /v1/ws (RFC 6455): requests in their JSON form (chat/request.h) come, answers and events go, a text message each.
 * The connection has the token of its handshake; its session is opened by the request session.open.
 */
struct wc_websocket {
    struct wc_stream stream; /* first */
    struct wc_requests requests;
    struct wc_user *user;                        /* of the token */
    struct wc_request *opening, *pinging, *auth; /* session.… that wait for their answer */
    struct wc_buf partial;                       /* a frame that has not all come; no memory when there is none */
    struct wc_buf message;                       /* the fragments of a message so far */
    bool in_message, opened;
    uint8_t missed; /* pings without anything heard */
};

/* The route. */
void wc_http_serve_websocket(struct wc_http_request *r);
/* The access token among the subprotocols of a handshake (`bearer.<token>`), or absent. */
struct wc_str wc_http_websocket_token(const h2o_req_t *req);

/* Says goodbye and closes. */
void wc_websocket_close(struct wc_websocket *ws, enum wc_ws_code code, const char *reason);
/* Sends one text message. */
void wc_websocket_send(struct wc_websocket *ws, struct wc_str text);

/* ws_session.c: the session's side. */
extern const struct wc_requests_ops wc_websocket_requests;
void wc_websocket_deliver(struct wc_session *s, const struct wc_event *ev, struct wc_frame *frame);

#endif
