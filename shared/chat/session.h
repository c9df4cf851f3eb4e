#ifndef WC_CHAT_SESSION_H
#define WC_CHAT_SESSION_H

#include "chat/outq.h"
#include "chat/people.h"
#include "chat/places.h"

/*
 * A session: one connection of a user that gets events, embedded in its channel's connection. It is in one of two modes
 * for each of its conversations: live (fed by the fan-out) or catching up (reads bounded pages of the log from its
 * cursor, as its socket drains). A new session, a resumed one and a slow one are the same thing.
 *
 * Everything that the connection writes goes through `out`, so that order is kept; the channel writes it when `flush`
 * is called, once a loop turn at most.
 */
enum wc_session_end {
    WC_END_REVOKED, /* logged out, disabled, deleted, password changed, or ended from another session */
    WC_END_DRAINING
};

/* `flush`, `deliver` and `notice` must not close a session: mark it and do it from a watcher of the channel's own. */
struct wc_session_ops {
    const char *channel; /* telnet, web, rest, nats: as presence shows it */
    uint8_t slot;        /* of the frames it sends: wc_sessions_slot */
    /* There is output. Write it; when the socket blocks, watch it and call wc_session_drained later. */
    void (*flush)(struct wc_session *s);
    /* The session must end; the channel says goodbye and calls wc_session_close, now or soon. */
    void (*end)(struct wc_session *s, enum wc_session_end why);
    /* NULL, or: called in place of pushing the frame to `out` (a terminal that has a prompt to redraw, a stream whose
     * events carry cursors). */
    void (*deliver)(struct wc_session *s, const struct wc_event *ev, struct wc_frame *frame);
    /* NULL, or: an event that is not shown by frames, for those who keep state (conversation added or removed). */
    void (*notice)(struct wc_session *s, const struct wc_event *ev);
};

/* Where a session starts, and whether it will be asked for cursors (cursor.h). */
struct wc_session_start {
    struct wc_str cursor;           /* of an earlier session; or absent, and … */
    const struct wc_places *places; /* … places by conversation; or NULL: after the heads */
    bool each;                      /* every event carries a cursor */
};

/* Why a session gets no events now, though its queue is not full. */
enum {
    WC_HELD_OPENING = 1, /* until its channel releases it */
    WC_HELD_CURSOR = 2,  /* until its cursor can express more */
    WC_HELD_CLOSING = 4  /* for good: the channel has said goodbye */
};

struct wc_session {
    const struct wc_session_ops *ops; /* NULL: not open */
    struct wc_user *user;
    struct wc_outq out;
    struct wc_link *links;        /* fanout.h */
    void *presence;               /* presence.c */
    struct wc_cursor *cursor;     /* NULL: it has none */
    struct wc_session_from *from; /* where it starts, until it is open (session.c) */
    struct wc_session *next_of_user, **prev_of_user;
    struct wc_session *next_dirty;
    void (*opened)(struct wc_session *s, wc_err err);
    uint64_t generation; /* of the user's tokens, when it was opened */
    uint32_t number;     /* unique in this worker */
    uint32_t attaching;  /* links that must be attached before it is open */
    const char *address; /* the channel's; numeric; "" when not known */
    char family[17];     /* of the token that it was opened with; "" for a password */
    uint8_t held;        /* WC_HELD_… */
    uint8_t slot;        /* of the frames it gets: ops->slot, or another one of its channel */
    bool dirty;          /* in the list of those to be flushed */
    bool opening;        /* `opened` has still to be called */
    bool reading;        /* a page of the log is under way or waits for its turn */
    bool slow;           /* something is behind and goes on when the socket has drained */
};

struct wc_sessions *wc_sessions_new(struct wc_chat *chat);
void wc_sessions_free(struct wc_sessions *sessions);

/* A place for a channel's own form of events; `encode` makes it. At start only. */
uint8_t wc_sessions_slot(struct wc_sessions *sessions, wc_event_encoder encode);
wc_event_encoder wc_sessions_encoder(struct wc_sessions *sessions, unsigned slot);

struct wc_identity;
/* Opens a session for somebody who has been authenticated: attaches it to all of the user's conversations and makes the
 * user present. Calls back once: WC_OK when every event from now on will be delivered; WC_UNAUTHENTICATED when revoked
 * meanwhile; WC_UNAVAILABLE. Not after wc_session_close.
 *
 * `start` NULL: after the conversations' heads, and events come at once. Else (copied): conversations that it does not
 * know start where the user joined; a cursor that is not good gives one resync without a target, and the heads; the
 * session has cursors, and gets no event before wc_session_release(…, WC_HELD_OPENING). */
void wc_session_open(struct wc_chat *chat, struct wc_session *s, const struct wc_session_ops *ops,
                     const struct wc_identity *who, const struct wc_session_start *start,
                     void (*opened)(struct wc_session *s, wc_err err));
/* One reason less to hold it; without any, events flow. */
void wc_session_release(struct wc_chat *chat, struct wc_session *s, uint8_t why);
/* Another token of the same user from now on. */
void wc_session_renew(struct wc_session *s, const struct wc_identity *who);
/* Detaches it and drops what is queued; presence ends after the grace. Fine when not open. */
void wc_session_close(struct wc_chat *chat, struct wc_session *s);

/* Something was pushed to `out` by the channel itself: have `flush` called at the end of the turn. */
void wc_session_dirty(struct wc_chat *chat, struct wc_session *s);
/* The socket took everything: conversations that are catching up read on. */
void wc_session_drained(struct wc_chat *chat, struct wc_session *s);
/* Tells it to fetch history again, of one conversation or (empty) of all. */
void wc_session_resync(struct wc_chat *chat, struct wc_session *s, struct wc_str conv, unsigned side);
/* For the fan-out: hands over one event. */
void wc_session_push(struct wc_chat *chat, struct wc_session *s, struct wc_event *ev, unsigned side);
/* Must not be given more now? */
static inline bool wc_session_full(const struct wc_chat *chat, const struct wc_session *s)
{
    return s->held != 0 || s->out.bytes >= chat->options.session_queue;
}

/* `<worker>/<channel>/<number>`: how Redis and operators name it. */
void wc_session_ref(const struct wc_chat *chat, const struct wc_session *s, struct wc_buf *out);

uint64_t wc_sessions_count(const struct wc_sessions *sessions);

#endif
