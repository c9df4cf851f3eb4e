#ifndef WC_CHAT_AUTH_H
#define WC_CHAT_AUTH_H

#include "chat/people.h"

/* Who asks: filled by a channel from a token or a login, checked by every operation. */
struct wc_identity {
    char user[33];
    char family[17];  /* of the token; "" after a password on telnet */
    char session[80]; /* `<worker>/<channel>/<n>` of the session that asks, or "" */
    char address[48]; /* of the client, for logs and login delays */
    const char *via;  /* telnet, web, rest, nats (static) */
    uint64_t generation;
    uint64_t expires; /* seconds; 0: not by time */
    bool admin;
    bool anonymous;
};

struct wc_auth *wc_auth_new(struct wc_chat *chat);
void wc_auth_free(struct wc_auth *a);

typedef void (*wc_auth_cb)(void *arg, wc_err err, const struct wc_identity *who, uint64_t retry_ms);

/* Checks an access token against the cache of verified tokens, by its SHA-256. True: *out has user, family, generation,
 * expires and admin, and the user's record here is fresh. False: ask wc_auth_token. Costs no signature check and no
 * Redis. */
bool wc_auth_cached(struct wc_auth *a, struct wc_str token, struct wc_identity *out);
/* Verifies the token and asks Redis whether its family lives: WC_OK, WC_UNAUTHENTICATED or WC_UNAVAILABLE. The callback
 * is never called inside the call and exactly once, unless wc_auth_cancel is called with the same arg. */
void wc_auth_token(struct wc_auth *a, struct wc_str token, wc_auth_cb cb, void *arg);
/* Checks a password (or, if it looks like one, an access token of that user), with a growing delay after failures per
 * account and address: WC_OK, WC_UNAUTHENTICATED, WC_RATE_LIMITED with retry_ms, WC_UNAVAILABLE. Sees to it that the
 * user is in the general room. `address`: numeric. */
void wc_auth_password(struct wc_auth *a, struct wc_str user, struct wc_str password, struct wc_str address,
                      wc_auth_cb cb, void *arg);
void wc_auth_cancel(struct wc_auth *a, void *arg);

#endif
