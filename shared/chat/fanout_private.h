#ifndef WC_CHAT_FANOUT_PRIVATE_H
#define WC_CHAT_FANOUT_PRIVATE_H

#include "chat/cursor.h"
#include "chat/fanout.h"
#include "chat/receipts.h"
#include "chat/work.h"

/* What fanout.c (conversations) and link.c (sessions' places in them) know of each other. */
enum work_kind { WORK_CONV, WORK_LINK };

enum link_state {
    LINK_ATTACH, /* waits for the subscription, then for attach.lua */
    LINK_LIVE,
    LINK_AHEAD,
    LINK_BEHIND
};

struct wc_link {
    struct wc_work work; /* attaching or reading */
    struct wc_conv *conv;
    struct wc_session *session; /* NULL: ended; freed when `busy` or `work.queued` is over */
    struct wc_link *next_of_session;
    struct wc_link *next, **prev; /* among conv->others */
    struct wc_id cursor;          /* last event given to the session; of a live link: conv->last */
    struct wc_id joined;          /* where the user's membership begins */
    uint32_t index;               /* in conv->live */
    uint32_t place, next_place;   /* in the baseline of the session's cursor, and in the next; 0: none (cursor.c) */
    uint8_t state, start, side;
    bool counted : 1, busy : 1;
    bool outside : 1; /* between two memberships of the user: hidden, up to their joining or `joined` */
    bool again : 1;   /* asked for while it was here: attach.lua's answer may be older than that */
};

/* It is found by its subscription, whose channel is its key. */
struct wc_conv {
    struct wc_work work; /* reading what Pub/Sub did not bring */
    struct wc_fanout *fanout;
    struct wc_subscription *subscription;
    struct wc_id last; /* delivered */
    struct wc_id seen; /* heard of while it could not be delivered */
    struct wc_link **live;
    uint32_t nlive, live_cap;
    struct wc_link *others; /* links that are not live */
    uint32_t nlinks;        /* that have a session */
    uint32_t held;          /* requests and ended links that still point here */
    bool has_last, confirmed, reading;
    bool lost, again; /* the subscription was lost; and is there again */
    uint8_t name_n;
    char name[];
};

static inline struct wc_str wc_conv_str(const struct wc_conv *c)
{
    return (struct wc_str){c->name, c->name_n};
}

struct wc_fanout {
    struct wc_chat *chat;
    struct wc_workq work;
    struct wc_receipts *receipts;
    struct wc_fanout_stats stats;
};

/* link.c */
void wc_link_attach(struct wc_link *l); /* asks attach.lua when the conversation is confirmed */
void wc_link_settle(struct wc_link *l); /* LIVE, AHEAD or BEHIND, by its cursor */
void wc_link_fall_behind(struct wc_link *l, struct wc_id cursor); /* from LIVE: its session is full */
/* From LIVE or AHEAD: what follows the cursor is for the log to say. */
void wc_link_lose(struct wc_link *l, struct wc_id cursor);
void wc_link_end(struct wc_link *l);
wc_err wc_link_run(struct wc_work *w);
void wc_link_forget(struct wc_work *w); /* at the end: an ended link may still be queued */
/* After the event that ended the membership: it may have begun anew by now, and then nothing of it is to be missed. */
void wc_link_outside(struct wc_link *l, struct wc_id ended);
/* Gives the session one event; true when it ended the membership that the link knows of. */
bool wc_link_deliver(struct wc_link *l, struct wc_event *ev);

/* Is it known where the session is? */
static inline bool wc_link_placed(const struct wc_link *l)
{
    return l->start == WC_START_CURSOR;
}

/* The last event that was given to the session, or where it starts. */
static inline struct wc_id wc_link_position(const struct wc_link *l)
{
    return l->state == LINK_LIVE ? l->conv->last : l->cursor;
}

/* fanout.c */
struct wc_conv *wc_conv_get(struct wc_fanout *f, struct wc_str name);
void wc_conv_hold(struct wc_conv *c);
void wc_conv_release(struct wc_conv *c); /* frees it when nobody needs it any more */
/* Compares with the log, soon. */
void wc_conv_check(struct wc_conv *c);
/* The first head that is heard of after the subscription. */
void wc_conv_start(struct wc_conv *c, struct wc_id head);

#endif
