#ifndef WC_TELNET_TELNET_H
#define WC_TELNET_TELNET_H

#include "address.h"
#include "base/loop.h"
#include "base/options.h"
#include "chat/session.h"
#include "worker.h"

#include <netinet/in.h>

/*
 * The telnet channel: what its files share. Bytes go this way:
 *
 *   socket ─▶ connection.c ─▶ (proxy.c) ─▶ protocol.c (libtelnet) ─▶ input ─▶ lines.c ─▶ login.c | commands.c
 *   terminal.c edits the line of a client that has one; render.c turns events and histories into lines.
 */
enum {
    WC_TELNET_TEXT_MAX = 8192,
    WC_TELNET_LINE_MAX = WC_TELNET_TEXT_MAX + 256, /* a text with the command's word and its arguments before it */
    WC_TELNET_READ = 16 * 1024,                    /* bytes taken from a socket at a time */
    WC_TELNET_TEXTS_MAX = 64,                      /* texts to a room on their way at a time */
    WC_TELNET_REPLY_SLACK = 64 * 1024,             /* answers that may wait beside a full queue of events */
    WC_TELNET_NEGOTIATION_MS = 300,
    WC_TELNET_PROXY_MS = 3000
};

struct wc_telnet_options {
    struct wc_option_list addresses, trusted;
    bool proxy;
    uint64_t max_connections;
    uint64_t login_ms, idle_ms, stall_ms;
};

struct wc_telnet_counts {
    uint64_t connections; /* a gauge */
    uint64_t accepted, refused, logins, failures, lines, received, sent, stalled;
};

struct wc_telnet_conn;
struct wc_telnet_listener;

struct wc_telnet {
    struct wc_worker *worker;
    const struct wc_telnet_options *options;
    struct wc_telnet_counts counts;
    struct wc_telnet_listener *listeners;
    size_t nlisteners;
    struct wc_nets trusted;       /* balancers */
    struct ev_timer accept_again; /* runs while the process is out of file descriptors */
    struct ev_prepare turn;       /* writes what is not a session's, frees what is dead */
    struct ev_timer scan;         /* stalled and idle connections */
    struct ev_timer drain;
    struct wc_telnet_conn *conns;        /* all of them, the newest first … */
    struct wc_telnet_conn *dirty, *dead; /* … and those with something for `turn` */
    struct wc_telnet_conn *drain_next;
    size_t drain_step; /* connections told at each tick of `drain` */
    struct wc_session_ops session_ops;
    uint8_t slot[2]; /* of the event lines: without and with numbers */
    bool draining;
    struct wc_log_limit accept_limit, proxy_limit;
    struct wc_buf answers;      /* what the protocol says during one call of it */
    char chunk[WC_TELNET_READ]; /* what was just read */
};

/* A client's address: IPv6, an IPv4 one as mapped into it (RFC 4291 section 2.5.5.2). */
struct wc_telnet_address {
    struct in6_addr ip;
};

/* Listens on `addr` (`host:port`, `[::1]:port`, `:port`) for all addresses of that name; appends to ch->listeners.
 * False and a sentence in `why` when it can't. listen.c */
WC_MUST_CHECK bool wc_telnet_listen(struct wc_telnet *ch, struct wc_str addr, struct wc_buf *why);
void wc_telnet_listen_start(struct wc_telnet *ch);
/* No new connections until the next start. */
void wc_telnet_listen_stop(struct wc_telnet *ch);
void wc_telnet_listen_close(struct wc_telnet *ch);

#endif
