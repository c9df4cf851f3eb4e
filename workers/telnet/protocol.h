#ifndef WC_TELNET_PROTOCOL_H
#define WC_TELNET_PROTOCOL_H

#include "telnet/connection.h"

/*
 * The telnet protocol (RFC 854, options by RFC 1143), through libtelnet. We ask for the terminal's type (RFC 1091) and
 * window size (RFC 1073). Who agrees to either has a terminal: for it we offer to echo (RFC 857) and to suppress
 * go-ahead (RFC 858), both together, which brings clients into character mode: only so can a half-typed line be drawn
 * again. Who says nothing or refuses is a program and gets lines. Most programs never send a command (IAC): what they
 * send is data as it is, and the library is not asked, nor its memory taken, before the first one.
 */
void wc_telnet_protocol_open(struct wc_telnet_conn *c);
void wc_telnet_protocol_close(struct wc_telnet_conn *c);
/* Takes bytes from the socket; what is data is appended to c->input. */
void wc_telnet_protocol_receive(struct wc_telnet_conn *c, struct wc_str bytes);
/* The next line is secret (or no longer): a client that echoes by itself is asked to stop. */
void wc_telnet_protocol_hide(struct wc_telnet_conn *c, bool hide);

#endif
