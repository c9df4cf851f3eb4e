#ifndef WC_HTTP_WSFRAME_H
#define WC_HTTP_WSFRAME_H

#include "base/buf.h"
#include "base/frame.h"

#include <stdbool.h>

/* WebSocket frames (RFC 6455 section 5), as a server reads and writes them. No extensions. */
enum wc_ws_opcode {
    WC_WS_CONTINUATION = 0,
    WC_WS_TEXT = 1,
    WC_WS_BINARY = 2,
    WC_WS_CLOSE = 8,
    WC_WS_PING = 9,
    WC_WS_PONG = 10
};

enum wc_ws_code { /* of closing: section 7.4.1, and our own */
                  WC_WS_NORMAL = 1000,
                  WC_WS_PROTOCOL_ERROR = 1002,
                  WC_WS_UNSUPPORTED = 1003,
                  WC_WS_BAD_TEXT = 1007,
                  WC_WS_TOO_BIG = 1009,
                  WC_WS_RESTARTING = 1012,
                  WC_WS_TRY_LATER = 1013,
                  WC_WS_EXPIRED = 4401,
                  WC_WS_REVOKED = 4403
};

struct wc_ws_frame {
    bool fin;
    enum wc_ws_opcode opcode;
    char *p; /* the payload, unmasked where it lay */
    size_t n;
    size_t used; /* bytes of the whole frame */
};

enum wc_ws_read {
    WC_WS_FRAME,
    WC_WS_MORE,    /* not all of it is there */
    WC_WS_BROKEN,  /* not what a client may send: WC_WS_PROTOCOL_ERROR */
    WC_WS_OVERLONG /* more than `max` bytes of payload */
};

/* Reads the frame at the start of these bytes. Touches them only when all of it is there. */
enum wc_ws_read wc_ws_frame_read(char *p, size_t n, size_t max, struct wc_ws_frame *out);

/* The head of a server's unfragmented frame. Returns its bytes, at most 10. */
size_t wc_ws_head(char out[10], enum wc_ws_opcode opcode, size_t n);
/* Appends a whole frame. */
void wc_ws_frame_add(struct wc_buf *out, enum wc_ws_opcode opcode, struct wc_str payload);
/* Appends a frame that closes; `reason`: at most 123 bytes. */
void wc_ws_close_add(struct wc_buf *out, enum wc_ws_code code, const char *reason);

/* A received close frame's code to answer with: 0: without any; WC_WS_PROTOCOL_ERROR or WC_WS_BAD_TEXT when it is
 * broken. */
unsigned wc_ws_close_code(struct wc_str payload);

#endif
