#ifndef WC_BASE_CRYPTO_H
#define WC_BASE_CRYPTO_H

#include "base/buf.h"
#include "base/err.h"

/* What wcchat needs of OpenSSL: the only header of ours behind which it is included. */

void wc_random(void *out, size_t n);      /* aborts when the system has no randomness */
void wc_random_name(char *out, size_t n); /* n characters of [a-z2-7], no NUL: 5 bits each */
void wc_sha256(struct wc_str s, uint8_t out[32]);
void wc_sha1(struct wc_str s, uint8_t out[20]);                   /* where a protocol demands it; protects nothing */
void wc_hex(const uint8_t *p, size_t n, char *out);               /* 2n lower-case digits, no NUL */
void wc_base64url_add(struct wc_buf *b, const void *p, size_t n); /* no padding (RFC 4648 section 5) */
/* Appends the decoded bytes; false, nothing appended, on any character or length that the encoding does not have. */
bool wc_base64url_decode(struct wc_str s, struct wc_buf *out);
bool wc_equal_secret(struct wc_str a, struct wc_str b); /* takes as long wherever they differ */

/* A P-256 key for ES256. */
struct wc_ec_key {
    struct wc_buf private_pem; /* NUL-terminated past n */
    struct wc_buf public_pem;  /* NUL-terminated past n */
    uint8_t x[32], y[32];      /* the public point, big-endian (RFC 7518 section 6.2.1) */
    char kid[12];              /* the first 11 characters of the RFC 7638 thumbprint, NUL-terminated */
};
/* Reads a PEM file: WC_NOT_FOUND when there is none, WC_BAD_REQUEST when it is no P-256 private key or when others
 * than its owner can read it; *why is a static sentence then. */
WC_MUST_CHECK wc_err wc_ec_key_load(struct wc_ec_key *key, const char *path, const char **why);
/* Makes a key and the file, mode 0600, atomically: whoever comes second gets WC_CONFLICT and loads the first one's. */
WC_MUST_CHECK wc_err wc_ec_key_create(const char *path, const char **why);
void wc_ec_key_free(struct wc_ec_key *key); /* wipes it; NULL is fine */

#endif
