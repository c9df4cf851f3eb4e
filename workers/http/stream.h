#ifndef WC_HTTP_STREAM_H
#define WC_HTTP_STREAM_H

#include "chat/auth.h"
#include "chat/session.h"
#include "chat/soon.h"
#include "http/http.h"

/*
 * A connection that stays: a WebSocket or an event stream. When its answer's head is out its socket is taken from h2o,
 * whose connection would cost three times as much memory, and watched by libev. Everything that it writes goes through
 * session.out, with one writev a loop turn. It is freed in one place only, at the end of a loop turn.
 *
 *   COMING ─▶ OPEN ─▶ CLOSING (writes what is left) ─▶ LINGER (waits for the client's end) ─▶ DEAD;  any ─▶ DEAD
 */
enum wc_stream_state { WC_STREAM_COMING, WC_STREAM_OPEN, WC_STREAM_CLOSING, WC_STREAM_LINGER, WC_STREAM_DEAD };

struct wc_stream;
struct wc_http_request;

struct wc_stream_ops {
    const char *name;                                         /* for logs and metrics */
    struct wc_session_ops session;                            /* filled by wc_streams_new */
    void (*begin)(struct wc_stream *st);                      /* it is OPEN now */
    void (*receive)(struct wc_stream *st, char *p, size_t n); /* OPEN only; may change the bytes */
    void (*room)(struct wc_stream *st);                       /* OPEN only, NULL: it has room (again) */
    double (*tick)(struct wc_stream *st); /* something may be due; returns when to ask again, in seconds */
    void (*leave)(struct wc_stream *st, enum wc_session_end why); /* say goodbye: ends with wc_stream_close */
    void (*expire)(struct wc_stream *st);                         /* the same: its token has expired */
    void (*end)(struct wc_stream *st);                            /* frees what it has besides; not the struct */
};

struct wc_stream {
    struct wc_session session;
    const struct wc_stream_ops *ops;
    struct wc_http *http;
    struct wc_stream *next, **prev;  /* of all */
    struct wc_http_request *request; /* COMING: whose answer it is; NULL when that is out of our hands */
    ev_io io;                        /* fd -1 while COMING */
    ev_timer timer;
    struct wc_soon_item dead;
    struct wc_identity who;
    uint32_t heard, moved; /* seconds of the loop: the client sent something, the socket took something */
    uint8_t state;         /* enum wc_stream_state */
    bool blocked, eof;
    bool revoked; /* while it was COMING */
};

/* Of a channel. */
struct wc_streams {
    struct wc_stream *all;
    struct wc_soon soon;
    struct wc_stream_ops websocket, events;
    struct wc_frame *ping, *comment; /* made once */
    char chunk[16384];
};

struct wc_streams *wc_streams_new(struct wc_http *http);
/* Closes those that are ours already, at once. */
void wc_streams_end(struct wc_http *http);
/* When h2o has no connection any more. */
void wc_streams_free(struct wc_http *http);
/* Tells some of them to go elsewhere: all of them when `ticks` is 0, else about a `ticks`th. */
void wc_streams_drain(struct wc_http *http, unsigned ticks);

/* Begins one of `size` bytes whose first member is struct wc_stream, for this request. */
struct wc_stream *wc_stream_new(struct wc_http_request *r, const struct wc_stream_ops *ops, size_t size);
/* Answers the request with this status (101, or 200 for a body that ends with the connection) and the headers that were
 * added, and takes the connection. */
void wc_stream_take(struct wc_stream *st, int status);
/* The request ended before wc_stream_take. */
void wc_stream_abandon(struct wc_stream *st);

void wc_stream_write(struct wc_stream *st, struct wc_str s);
/* Writes what is left, then closes; `bye` (absent: nothing) is the last. No event is added any more. */
void wc_stream_close(struct wc_stream *st, struct wc_str bye);
/* Frees it at the end of the turn. */
void wc_stream_kill(struct wc_stream *st);
/* Another token: of the same user. */
void wc_stream_renew(struct wc_stream *st, const struct wc_identity *who);

/* Nothing could be written for the stall time? */
bool wc_stream_stalled(const struct wc_stream *st);
/* Its output may take more answers. */
bool wc_stream_has_room(const struct wc_stream *st);
/* Seconds until its token expires, not below 0. */
double wc_stream_left(const struct wc_stream *st);

/* websocket.c and events.c */
void wc_websocket_ops(struct wc_stream_ops *ops, struct wc_sessions *sessions);
void wc_events_ops(struct wc_stream_ops *ops, struct wc_sessions *sessions);

#endif
