#ifndef WC_CHAT_EVENT_H
#define WC_CHAT_EVENT_H

#include "base/frame.h"
#include "base/id.h"

/*
 * An event: one payload as it was published or read from a log, parsed into views of its fields, and what channels made
 * of it, each made once, when it is first needed, and shared by all sessions.
 *
 * The payload is `<id>`, then field and value in turn, joined by US (0x1f). A stored event's id is `<ms>-<seq>`;
 * everything else has `t-<microseconds>-…`. Events that were committed in one step are published together, with RS
 * between.
 */
#define WC_EVENT_SEPARATOR '\x1e'
#define WC_FIELD_SEPARATOR '\x1f'

enum wc_event_type {
    WC_EV_MESSAGE_PUBLISHED,
    WC_EV_MESSAGE_EDITED,
    WC_EV_MESSAGE_DELETED,
    WC_EV_REACTION_CHANGED,
    WC_EV_USER_JOINED,
    WC_EV_USER_LEFT,
    WC_EV_ROOM_CREATED,
    WC_EV_ROOM_UPDATED,
    WC_EV_ROOM_DELETED,
    WC_EV_MESSAGE_READ,
    WC_EV_MESSAGE_DELIVERED,
    WC_EV_TYPING,
    WC_EV_USER_LOGGED_IN,
    WC_EV_USER_LOGGED_OUT,
    WC_EV_PRESENCE_CHANGED,
    WC_EV_CONVERSATION_ADDED,
    WC_EV_CONVERSATION_REMOVED,
    WC_EV_RESYNC,
    WC_EV_ACCOUNT_CHANGED,
    WC_EV_SESSION_ENDED, /* between workers only */
    WC_EV_UNKNOWN,       /* from a newer version; delivered to nobody */
    WC_EV_TYPES
};

enum wc_event_field {
    WC_F_TYPE,
    WC_F_FROM,
    WC_F_VIA,
    WC_F_TEXT,
    WC_F_CLIENT_ID,
    WC_F_REPLY_TO,
    WC_F_MENTIONS,
    WC_F_ACTION,
    WC_F_USER,
    WC_F_BY,
    WC_F_REASON,
    WC_F_DESCRIPTION,
    WC_F_TOPIC,
    WC_F_VISIBILITY,
    WC_F_ID,
    WC_F_TARGET,
    WC_F_CHANNEL,
    WC_F_CHANNELS,
    WC_F_STATUS,
    WC_F_VERSION,
    WC_F_PREV,
    WC_F_N,
    WC_F_KEEP,
    WC_F_SESSION,
    WC_F_ROLE,
    WC_F_CHANGED,
    WC_F_REACTION,
    WC_F_ADDED,
    WC_F_HOW_MANY,
    WC_F_EDITED,    /* of a history only: when, in ms */
    WC_F_REACTIONS, /* of a history only: see lua/include/folded.lua */
    WC_F_COUNT
};

#define WC_EVENT_SLOTS 8 /* forms that channels can have made; each for the two sides of a direct conversation */

struct wc_event {
    uint32_t refs;
    enum wc_event_type type;
    bool stored;
    struct wc_id id;   /* of a stored event; {0, 0} else */
    struct wc_id prev; /* of a stored event */
    uint64_t time_ms;
    struct wc_str id_text;
    struct wc_str conv;          /* the conversation's name, empty for one of a user's own channel */
    struct wc_str f[WC_F_COUNT]; /* absent: {NULL, 0} */
    struct wc_frame *frames[WC_EVENT_SLOTS][2];
    char bytes[];
};

/* NULL when the payload is malformed (somebody else published). One reference. Both arguments are copied. */
struct wc_event *wc_event_parse(struct wc_str conv, struct wc_str payload);
struct wc_event *wc_event_ref(struct wc_event *ev);
void wc_event_unref(struct wc_event *ev); /* NULL is fine */

/* How a channel makes its form of an event: a new frame with one reference, or NULL when the channel does not show it.
 * `side`: who sees it (wc_conv_side). */
typedef struct wc_frame *(*wc_event_encoder)(const struct wc_event *ev, unsigned side);

/* The CloudEvents 1.0 JSON of the event for one side, the same bytes live and replayed; nothing for internal types. */
void wc_event_json(const struct wc_event *ev, unsigned side, struct wc_buf *out);
/* An item of a history: {id, seq, time, type, from, via, text, …}; the message that an event is about is `message_id`.
 */
void wc_event_item(const struct wc_event *ev, unsigned side, struct wc_buf *out);

/* "messagepublished" and its like; WC_EV_UNKNOWN for another word. */
enum wc_event_type wc_event_type_of(struct wc_str word);
const char *wc_event_type_word(enum wc_event_type type);

#endif
