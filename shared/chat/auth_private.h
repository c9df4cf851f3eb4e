#ifndef WC_CHAT_AUTH_PRIVATE_H
#define WC_CHAT_AUTH_PRIVATE_H

#include "chat/auth.h"
#include "chat/soon.h"

/* What auth.c (tokens) and auth_password.c share. */

/* Somebody who wants to be let in. */
struct wc_auth_request {
    struct wc_auth_request *next, **link; /* of all under way */
    struct wc_soon_item soon;
    struct wc_auth *auth;
    wc_auth_cb cb; /* NULL: cancelled */
    void *arg;
    wc_err err;
    struct wc_identity who;
    uint64_t retry_ms;
    /* by token */
    uint8_t digest[32];
    struct wc_claims claims;
    struct wc_user *user;
    bool looked_again;
    bool once; /* it is given to open a session, not with every request: not worth keeping */
    /* by password */
    char origin[sizeof(((struct wc_identity *)NULL)->address)]; /* whose failures are counted together */
    char *password;
    size_t password_n;
    unsigned answers;                        /* still to come … */
    void (*then)(struct wc_auth_request *r); /* … before this */
    bool known, usable, indexed, right;
    struct wc_buf phc;
};

struct wc_auth {
    struct wc_chat *chat;
    struct wc_soon soon;
    struct wc_auth_cached_token *cache;
    struct wc_auth_request *requests;
    ev_timer sweep;
    uint64_t hits, verified, logins, refused, delayed, cached;
};

struct wc_auth_request *wc_auth_begin(struct wc_auth *a, wc_auth_cb cb, void *arg);
/* Calls back at the end of the turn. */
void wc_auth_end(struct wc_auth_request *r, wc_err err);
/* `user`: NULL, or whose the token has to be. */
void wc_auth_check_token(struct wc_auth_request *r, struct wc_str token, const struct wc_str *user);

#endif
