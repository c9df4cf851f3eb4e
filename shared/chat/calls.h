#ifndef WC_CHAT_CALLS_H
#define WC_CHAT_CALLS_H

#include "chat/durable.h"
#include "chat/posts.h"
#include "chat/soon.h"

/* All calls of a worker: for call.c and the few that keep numbers of calls. */
struct block;

struct wc_calls {
    struct wc_chat *chat;
    struct wc_soon soon; /* finished calls, on their way to their channels */
    struct wc_durable durable;
    struct wc_posts *posts;
    struct block *all;
    uint64_t number; /* the last given out */
    uint64_t ok, refused, unavailable, count;
};

/* A script has answered that it appended `id` to the log of `key`: whoever wants to know is told (wc_chat.committed).
 */
void wc_call_committed(struct wc_call *call, struct wc_str key, struct wc_str id);

#endif
