#ifndef WC_TELNET_LINES_H
#define WC_TELNET_LINES_H

#include "telnet/connection.h"

/*
 * Lines out of c->input, in order. A text to a room may start while others are under way (Redis keeps their order);
 * anything else waits until nothing is, and runs alone. What can't be taken yet stays where it is, and the socket isn't
 * read.
 */
void wc_telnet_pump(struct wc_telnet_conn *c);

#endif
