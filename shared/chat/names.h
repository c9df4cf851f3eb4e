#ifndef WC_CHAT_NAMES_H
#define WC_CHAT_NAMES_H

#include "base/buf.h"
#include "base/err.h"

/*
 * The names of things. A conversation's name is what a user's index has: `room/<R>` or `dm/<A>:<B>` (sorted). Its key
 * in Redis, which is its channel too, is `wcc:room:{R}` or `wcc:dm:{A:B}`. Outside it is a target, as one user sees it:
 * `wcchat://rooms/<R>` or `wcchat://users/<peer>`.
 */
#define WC_NAME_MAX 80 /* bytes of any of them, with a NUL */

struct wc_target {
    bool direct;
    struct wc_str name; /* the room, or the peer */
};

/* WC_BAD_REQUEST unless it is a target with a well-formed name. The view is into `s`. */
WC_MUST_CHECK wc_err wc_target_parse(struct wc_str s, struct wc_target *out);

struct wc_name {
    char z[WC_NAME_MAX]; /* NUL-terminated */
    uint8_t n;
};

static inline struct wc_str wc_name_str(const struct wc_name *name)
{
    return (struct wc_str){name->z, name->n};
}

/* The conversation's name of a target as `user` sees it. */
struct wc_name wc_conv_name(const struct wc_target *target, struct wc_str user);
/* The key of a conversation's name. */
struct wc_name wc_conv_key(struct wc_str conv_name);
bool wc_conv_direct(struct wc_str conv_name);
/* The room's name, or the whole `<A>:<B>`. */
struct wc_str wc_conv_rest(struct wc_str conv_name);
/* The peer of `user` in a direct conversation. */
struct wc_str wc_conv_peer(struct wc_str conv_name, struct wc_str user);
/* 0 or 1: whose side `user` is on in a direct conversation's sorted pair; 0 in a room. */
unsigned wc_conv_side(struct wc_str conv_name, struct wc_str user);
/* Appends the target of a conversation as the given side sees it. */
void wc_conv_target(struct wc_buf *b, struct wc_str conv_name, unsigned side);

struct wc_name wc_user_key(struct wc_str user);     /* wcc:user:{U} */
struct wc_name wc_worker_key(struct wc_str worker); /* wcc:worker:{W} */

#endif
