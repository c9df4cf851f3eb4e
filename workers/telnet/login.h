#ifndef WC_TELNET_LOGIN_H
#define WC_TELNET_LOGIN_H

#include "telnet/connection.h"

/* Login, registration, and the questions of /passwd. */
void wc_telnet_login_begin(struct wc_telnet_conn *c);
/* A line in any state but WC_TN_READY. */
void wc_telnet_login_line(struct wc_telnet_conn *c, struct wc_str line);
void wc_telnet_passwd_begin(struct wc_telnet_conn *c);

struct wc_telnet_dialogue *wc_telnet_dialogue_new(struct wc_telnet_conn *c);
void wc_telnet_dialogue_free(struct wc_telnet_conn *c); /* fine when there is none */
/* The connection is closed when the dialogue lasts longer than this from now on. */
void wc_telnet_dialogue_deadline(struct wc_telnet_conn *c, uint64_t ms);

#endif
