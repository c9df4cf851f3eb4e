#ifndef WC_BASE_NKEY_H
#define WC_BASE_NKEY_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Keys of NATS ("nkeys"): Ed25519 (RFC 8032) with a text form of their own: base32 (RFC 4648 section 6) without padding
 * of a prefix that says whose key it is, the key, and CRC-16/XMODEM of both, little-endian. A seed has a second prefix.
 */
enum wc_nkey_kind { WC_NKEY_OPERATOR, WC_NKEY_ACCOUNT, WC_NKEY_USER };

#define WC_NKEY_PUBLIC_LEN 56 /* O…, A… or U… */
#define WC_NKEY_SEED_LEN   58 /* SO…, SA… or SU… */

struct wc_nkey {
    enum wc_nkey_kind kind;
    uint8_t seed[32];
    char public_text[WC_NKEY_PUBLIC_LEN + 1]; /* NUL-terminated */
};

void wc_nkey_make(struct wc_nkey *key, enum wc_nkey_kind kind);
/* WC_BAD_REQUEST unless it is the seed of such a key. */
WC_MUST_CHECK wc_err wc_nkey_parse(struct wc_nkey *key, struct wc_str seed, enum wc_nkey_kind kind);
/* Writes the seed's text, NUL-terminated: a secret. */
void wc_nkey_seed_text(const struct wc_nkey *key, char out[WC_NKEY_SEED_LEN + 1]);
void wc_nkey_sign(const struct wc_nkey *key, struct wc_str text, uint8_t out[64]);
void wc_nkey_wipe(struct wc_nkey *key);

/* Is it the text of a public key of this kind? */
bool wc_nkey_is_public(struct wc_str text, enum wc_nkey_kind kind);

#endif
