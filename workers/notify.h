#ifndef WC_NOTIFY_H
#define WC_NOTIFY_H

#include "base/loop.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * What a supervisor is told: sd_notify(3) and sd_watchdog_enabled(3), that is, datagrams to the socket in
 * NOTIFY_SOCKET, and WATCHDOG=1 twice in each WATCHDOG_USEC while the loop turns. Without these variables nothing
 * happens.
 */
struct wc_notify {
    struct sockaddr_un to;
    socklen_t n; /* 0: nobody asks */
    int fd;
    ev_timer watchdog;
};

void wc_notify_open(struct wc_notify *notify, struct ev_loop *loop);
/* Lines like READY=1. */
void wc_notify_send(struct wc_notify *notify, const char *state);
/* RELOADING=1, with the time that systemd wants beside it; READY=1 ends it. */
void wc_notify_reloading(struct wc_notify *notify);
void wc_notify_close(struct wc_notify *notify, struct ev_loop *loop);

#endif
