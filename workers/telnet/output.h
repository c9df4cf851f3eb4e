#ifndef WC_TELNET_OUTPUT_H
#define WC_TELNET_OUTPUT_H

#include "telnet/connection.h"

/* What a connection says. All of it waits in session.out for the end of the loop turn. */
#define WC_TELNET_RESTARTING "* this worker is restarting; please reconnect"

/* Has wc_telnet_conn_flush called at the end of this turn. */
void wc_telnet_mark(struct wc_telnet_conn *c);
/* Output as it is. */
void wc_telnet_write(struct wc_telnet_conn *c, struct wc_str s);
/* A line for people, ended here; what stands half-typed is moved out of its way. */
void wc_telnet_say(struct wc_telnet_conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for lines that are ready. */
void wc_telnet_say_str(struct wc_telnet_conn *c, struct wc_str lines);
/* `error: <code> <words>`; words NULL or "": the error's own title. */
void wc_telnet_error(struct wc_telnet_conn *c, wc_err err, const char *words);
void wc_telnet_failure(struct wc_telnet_conn *c, const struct wc_failure *failure);

/* The session's table (session.h) of a worker whose event lines are in `slot`. */
void wc_telnet_session_ops(struct wc_session_ops *ops, uint8_t slot);

#endif
