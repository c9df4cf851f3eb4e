#ifndef WC_CHAT_SESSION_H
#define WC_CHAT_SESSION_H

#include "chat/outq.h"
#include "chat/people.h"

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
    unsigned slot;       /* of the frames it sends: wc_sessions_slot */
    /* There is output. Write it; when the socket blocks, watch it and call wc_session_drained later. */
    void (*flush)(struct wc_session *s);
    /* The session must end; the channel says goodbye and calls wc_session_close, now or soon. */
    void (*end)(struct wc_session *s, enum wc_session_end why);
    /* NULL, or: called in place of pushing the frame to `out` (a terminal that has a prompt to redraw). */
    void (*deliver)(struct wc_session *s, struct wc_frame *frame);
    /* NULL, or: an event that is not shown by frames, for those who keep state (conversation added or removed). */
    void (*notice)(struct wc_session *s, const struct wc_event *ev);
};

struct wc_session {
    const struct wc_session_ops *ops; /* NULL: not open */
    struct wc_user *user;
    struct wc_outq out;
    struct wc_link *links; /* fanout.h */
    void *presence;        /* presence.c */
    struct wc_session *next_of_user, **prev_of_user;
    struct wc_session *next_dirty;
    void (*opened)(struct wc_session *s, wc_err err);
    uint64_t generation; /* of the user's tokens, when it was opened */
    uint32_t number;     /* unique in this worker */
    uint32_t attaching;  /* links that must be attached before it is open */
    unsigned slot;
    const char *address; /* the channel's; numeric; "" when not known */
    char family[17];     /* of the token that it was opened with; "" for a password */
    bool dirty;          /* in the list of those to be flushed */
    bool opening;        /* `opened` has still to be called */
    bool reading;        /* a page of the log is under way or waits for its turn */
    bool slow;           /* something is behind and goes on when the socket has drained */
};

struct wc_sessions *wc_sessions_new(struct wc_chat *chat);
void wc_sessions_free(struct wc_sessions *sessions);

/* A place for a channel's own form of events; `encode` makes it. At start only. */
unsigned wc_sessions_slot(struct wc_sessions *sessions, wc_event_encoder encode);
wc_event_encoder wc_sessions_encoder(struct wc_sessions *sessions, unsigned slot);

struct wc_identity;
/* Opens a session for somebody who has been authenticated: attaches it to all of the user's conversations, after their
 * heads, and makes the user present. Calls back once: WC_OK when every event from now on will be delivered;
 * WC_UNAUTHENTICATED when revoked meanwhile; WC_UNAVAILABLE. Not after wc_session_close. */
void wc_session_open(struct wc_chat *chat, struct wc_session *s, const struct wc_session_ops *ops,
                     const struct wc_identity *who, void (*opened)(struct wc_session *s, wc_err err));
/* Detaches it and drops what is queued; presence ends after the grace. Fine when not open. */
void wc_session_close(struct wc_chat *chat, struct wc_session *s);

/* Something was pushed to `out` by the channel itself: have `flush` called at the end of the turn. */
void wc_session_dirty(struct wc_chat *chat, struct wc_session *s);
/* The socket took everything: conversations that are catching up read on. */
void wc_session_drained(struct wc_chat *chat, struct wc_session *s);
/* For the fan-out: hands over one event. */
void wc_session_push(struct wc_chat *chat, struct wc_session *s, struct wc_event *ev, unsigned side);
/* Must not be given more now? */
static inline bool wc_session_full(const struct wc_chat *chat, const struct wc_session *s)
{
    return s->out.bytes >= chat->options.session_queue;
}

/* `<worker>/<channel>/<number>`: how Redis and operators name it. */
void wc_session_ref(const struct wc_chat *chat, const struct wc_session *s, struct wc_buf *out);

uint64_t wc_sessions_count(const struct wc_sessions *sessions);

#endif
