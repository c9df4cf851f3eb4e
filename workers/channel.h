#ifndef WC_CHANNEL_H
#define WC_CHANNEL_H

#include "base/options.h"
#include "worker.h"

/*
 * A channel translates between the world and operations: bytes in, calls and sessions out; it holds no rules. A table
 * of functions, a row in main.c.
 */
struct wc_channel;

struct wc_channel_ops {
    const char *name;                /* "telnet" */
    const struct wc_option *options; /* its rows … */
    size_t noptions;
    void *options_target; /* … and the struct they fill (static: options are read once, at start) */
    /* Listens as its options say. NULL with an empty `why`: it is off. NULL with a sentence: it can't. */
    struct wc_channel *(*open)(struct wc_worker *worker, struct wc_buf *why);
    /* No new connections from now on; what is there stays as it is. Comes before drain. */
    void (*refuse)(struct wc_channel *ch);
    /* The connections of the others are told first (drain.h). */
    bool drains_last;
    /* No new connections from now on; what is under way finishes, idle connections are told and closed, spread over
     * `ms`. */
    void (*drain)(struct wc_channel *ch, uint64_t ms);
    /* Connections that are still there. */
    size_t (*busy)(const struct wc_channel *ch);
    /* Ends everything at once and frees it. */
    void (*close)(struct wc_channel *ch);
};

extern const struct wc_channel_ops wc_telnet_channel; /* telnet/listener.c */
extern const struct wc_channel_ops wc_http_channel;   /* http/listener.c */
extern const struct wc_channel_ops wc_nats_channel;   /* nats/channel.c */

#endif
