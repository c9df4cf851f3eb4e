#ifndef WC_CHAT_POSTS_H
#define WC_CHAT_POSTS_H

#include "chat/call.h"

/*
 * Messages on their way to lua/post.lua. Those that are posted to one conversation in one loop turn go in one script
 * call, in their order: most of what a post costs Redis is then paid once.
 */
struct wc_posts;

/* One message, for wc_posts_add; the text views must live as long as the call. */
struct wc_post {
    struct wc_str client_id, fingerprint, text, reply_to, mentions;
    bool own; /* the client id is the worker's */
    bool action;
    struct wc_str peer; /* to make a direct conversation that does not exist yet; else empty */
    /* Gets the message's own answer, whatever it is. When there is none the call has failed: it is not called. */
    void (*next)(struct wc_call *call, const struct wc_reply *answer);
};

struct wc_posts *wc_posts_new(struct wc_chat *chat);
void wc_posts_free(struct wc_posts *posts); /* what has not been sent yet is forgotten, its calls not freed */

/* `post` belongs to the caller until `next` was called; it is best kept in the call's memory. */
void wc_posts_add(struct wc_posts *posts, struct wc_call *call, const struct wc_post *post);

#endif
