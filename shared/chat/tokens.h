#ifndef WC_CHAT_TOKENS_H
#define WC_CHAT_TOKENS_H

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"

/*
 * Access tokens: JWT (RFC 7519), ES256, typ `JWT` (libjwt 1.10 writes and takes no other, so not RFC 9068's `at+jwt`).
 * Made and checked here; whether the family still exists is for others to ask (people.h).
 * Refresh tokens: `wcr1.<user>.<family>.<32 random bytes, base64url>`; Redis has their digest only.
 */
struct wc_claims {
    char user[33];       /* sub */
    char family[17];     /* sid: the refresh-token family it came from: 1 to 16 of [A-Za-z0-9_-] */
    uint64_t generation; /* gen */
    uint64_t issued;     /* iat, seconds since the epoch */
    uint64_t expires;    /* exp */
    bool admin;          /* role is "admin" */
};

struct wc_tokens;
/* `key_path`: the P-256 private key that all workers share. NULL and *why (static) when it can't be used. */
struct wc_tokens *wc_tokens_new(const char *key_path, const char *issuer, const char *audience, uint64_t lifetime_s,
                                const char **why);
void wc_tokens_free(struct wc_tokens *t);

/* Appends the signed token; claims->issued and expires are set here. About 0.4 ms. WC_BAD_REQUEST when user or family
 * is malformed. */
WC_MUST_CHECK wc_err wc_tokens_sign(struct wc_tokens *t, struct wc_claims *claims, struct wc_buf *out);
/* WC_UNAUTHENTICATED unless the header says exactly ES256 and our kid, the signature is ours, and iss, aud, exp, nbf
 * and every claim above are there and right. *why is a static sentence then: "expired", "not signed by us", … A clock
 * 10 s ahead of ours is forgiven in iat and nbf, none in exp. */
WC_MUST_CHECK wc_err wc_tokens_verify(struct wc_tokens *t, struct wc_str token, struct wc_claims *out,
                                      const char **why);
/* The JSON Web Key Set (RFC 7517) of the public key. */
void wc_tokens_jwks(const struct wc_tokens *t, struct wc_buf *out);

struct wc_refresh {
    struct wc_str user, family; /* views into the token */
    char digest[44];            /* base64url of SHA-256 of the whole token, NUL-terminated */
};
void wc_refresh_make(struct wc_str user, struct wc_str family, struct wc_buf *out);
/* WC_UNAUTHENTICATED unless it has exactly that shape. */
WC_MUST_CHECK wc_err wc_refresh_parse(struct wc_str token, struct wc_refresh *out);

#endif
