#ifndef WC_CHAT_POSTS_H
#define WC_CHAT_POSTS_H

#include "chat/call.h"

/*
 * Messages on their way to lua/post.lua. There is one script call under way for each conversation; what is posted to it
 * in the meantime goes in the next, in its order: most of what a post costs Redis is paid once a call. A call has up
 * to 24 messages: with all of many in one, Redis would rest while the worker answers them, and the worker while Redis
 * stores them. And since the worker's last call is the only one that it can have to repeat, its answer is all that
 * Redis keeps against a message that is stored twice.
 */
struct wc_posts;

/* The words of a message's answer; absent {NULL, 0}. */
struct wc_post_answer {
    struct wc_str code, first, second;
};

/* One message, for wc_posts_add; the text views must live as long as the call. Absent ones are {NULL, 0}. */
struct wc_post {
    struct wc_str text, reply_to, mentions;
    struct wc_str client_id, fingerprint; /* both or none */
    bool action;
    struct wc_str peer; /* to make a direct conversation that does not exist yet; else empty */
    /* Gets the message's own answer, whatever it is. When there is none the call has failed: it is not called. */
    void (*next)(struct wc_call *call, const struct wc_post_answer *answer);
    /* private */
    struct wc_call *call;
    struct wc_post *behind;
};

struct wc_posts *wc_posts_new(struct wc_chat *chat);
/* After Redis: nothing is under way. What waits is forgotten, its calls not freed. */
void wc_posts_free(struct wc_posts *posts);

/* `post` belongs to the caller again when `next` is called or the call fails; it is best kept in the call's memory. */
void wc_posts_add(struct wc_posts *posts, struct wc_call *call, struct wc_post *post);

#endif
