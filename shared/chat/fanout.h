#ifndef WC_CHAT_FANOUT_H
#define WC_CHAT_FANOUT_H

#include "chat/session.h"

/*
 * The event path. Pub/Sub carries, the stream decides: a conversation here knows the last id it delivered and follows
 * the chain (each entry names the one before it): an event whose prev is the last one is delivered, one not above the
 * last is dropped, anything else means reading the log from the last id first. After every (re)subscription the heads
 * are compared at once.
 *
 * A link is a session's place in a conversation. Its states:
 *
 *   ATTACH ──▶ reply of attach.lua gives the cursor ──▶ LIVE    cursor = last: fed by the fan-out
 *                                                       AHEAD   cursor > last: Pub/Sub still has to deliver up to it
 *                                                       BEHIND  cursor < last: reads pages of the log
 *   BEHIND ──▶ page ──▶ BEHIND or LIVE;   LIVE ──▶ BEHIND when the session's queue is full
 *   LIVE, BEHIND ──▶ ATTACH when the user's membership ended: attach.lua knows whether it has begun again
 *
 * Replies and Pub/Sub come on two connections with no order between them: a place is decided by ids, never by arrival.
 */
struct wc_link;

enum wc_link_start {
    WC_START_HEAD,   /* after what is there now */
    WC_START_JOINED, /* from where the user joined: a conversation that came while the session was open */
    WC_START_CURSOR  /* from an id */
};

struct wc_fanout *wc_fanout_new(struct wc_chat *chat);
void wc_fanout_free(struct wc_fanout *f);

/* Attaches a session to a conversation; nothing when it is already. When the attempt is over (it is attached, or the
 * user is no member) wc_session_attached is called if `counted`. */
void wc_fanout_link(struct wc_fanout *f, struct wc_session *s, struct wc_str conv_name, enum wc_link_start start,
                    struct wc_id cursor, bool counted);
/* Ends all of a session's links. */
void wc_fanout_unlink(struct wc_fanout *f, struct wc_session *s);
/* The session can take more: links that are behind read on. */
void wc_fanout_resume(struct wc_fanout *f, struct wc_session *s);
/* Calls back for each conversation that the session is attached to, with the last event that it was given there. */
typedef void (*wc_fanout_place_cb)(void *arg, struct wc_str conv_name, unsigned side, struct wc_id id);
void wc_fanout_places(const struct wc_session *s, wc_fanout_place_cb cb, void *arg);

/* The sessions have written, at the end of a loop turn. */
void wc_fanout_written(struct wc_fanout *f);

/* Called by the fan-out for links that were counted (session.c): the attempt is over, or Redis did not answer. */
void wc_session_attached(struct wc_chat *chat, struct wc_session *s);
void wc_session_attach_failed(struct wc_chat *chat, struct wc_session *s);

struct wc_fanout_stats {
    uint64_t events, deliveries, duplicates, gaps, breaks, resyncs, pages, fell_behind;
    uint64_t conversations, links; /* gauges */
};
const struct wc_fanout_stats *wc_fanout_stats(const struct wc_fanout *f);

#endif
