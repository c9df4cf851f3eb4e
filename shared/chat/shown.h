#ifndef WC_CHAT_SHOWN_H
#define WC_CHAT_SHOWN_H

#include "chat/call.h"

/* A user's presence as somebody sees it: who has no channel is offline, and so is, for others, who wants to be. */
struct wc_shown {
    struct wc_str status;   /* online, away, dnd or offline */
    struct wc_str text;     /* or "" */
    struct wc_str channels; /* separated by commas */
    struct wc_str ago;      /* ms since last seen; "" when online or not known */
    bool online, exists;
};

/* From a reply of presence_get, any status; copied into the call's memory. */
struct wc_shown wc_shown_read(struct wc_call *call, struct wc_str user, const struct wc_reply *reply);
/* {user, status, text?, channels, last_seen_mins} */
void wc_shown_json(struct wc_buf *b, struct wc_str user, const struct wc_shown *shown);

/* presence.query without a user: everybody who is online among those one shares a conversation with (presence_list.c).
 */
void wc_presence_list(struct wc_call *call);

#endif
