#ifndef WC_TELNET_TERMINAL_H
#define WC_TELNET_TERMINAL_H

#include "telnet/connection.h"

/*
 * A client with a terminal: its prompt, the line being typed, and how to draw both again after something else was
 * written. The line ends, is taken by lines.c, and begins anew.
 */
#define WC_TELNET_TOLD 16

struct wc_telnet_term {
    struct wc_buf line; /* half-typed */
    uint32_t width;     /* columns that prompt and line take on the screen */
    uint16_t columns;   /* of the window; 0: unknown */
    bool echo : 1;      /* we echo: the client agreed to ECHO and to SGA */
    bool agreed_echo : 1, agreed_sga : 1;
    bool shown : 1;       /* prompt and line stand on the screen, the cursor behind them */
    bool complete : 1;    /* the line has ended and was not taken yet */
    bool typed_ahead : 1; /* the complete line was never drawn */
    bool overlong : 1;    /* it is longer than it may be; the rest is dropped */
    uint8_t escape;       /* inside an escape sequence: 1 after ESC, 2 after CSI or SS3 */
    uint8_t partial;      /* bytes at the line's end that are not drawn: an unfinished UTF-8 sequence */
    uint8_t ntold;
    uint32_t told[WC_TELNET_TOLD]; /* what was told of others' presence: the events' ids, hashed */
};

void wc_telnet_term_open(struct wc_telnet_conn *c);
void wc_telnet_term_free(struct wc_telnet_term *t);
/* Takes bytes of c->input until a line is complete or there are none. */
void wc_telnet_term_feed(struct wc_telnet_conn *c);
/* The complete line: valid until wc_telnet_term_next, which begins a new one. */
struct wc_str wc_telnet_term_take(struct wc_telnet_conn *c);
void wc_telnet_term_next(struct wc_telnet_conn *c);
/* Removes prompt and line from the screen, so that something else can be written. */
void wc_telnet_term_hide(struct wc_telnet_conn *c);
/* Draws them, when something is to be typed now and they are not there. */
void wc_telnet_term_show(struct wc_telnet_conn *c);
/* A key by its byte, as typed or as a telnet command said (BS, ^U, ^C …). */
void wc_telnet_term_key(struct wc_telnet_conn *c, unsigned char key);
/* Somebody's presence is told in each conversation that one shares with them: is this the first of these? */
bool wc_telnet_term_is_news(struct wc_telnet_term *t, struct wc_str id);

/* `login: `, `[general] > ` … of the state; "" when nothing is asked. */
void wc_telnet_prompt(const struct wc_telnet_conn *c, struct wc_buf *out);

#endif
