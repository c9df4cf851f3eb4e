#include "base/nkey.h"

#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* A prefix is the first letter of the text: five bits, then three zero bits. */
enum { PREFIX_SEED = 18 << 3, PUBLIC_BYTES = 1 + 32 + 2, SEED_BYTES = 2 + 32 + 2 };

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static uint8_t prefix_of(enum wc_nkey_kind kind)
{
    return (uint8_t)((kind == WC_NKEY_OPERATOR ? 14 : kind == WC_NKEY_ACCOUNT ? 0 : 20) << 3);
}

static uint16_t crc16(const uint8_t *p, size_t n)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < n; i++) {
        crc = (uint16_t)(crc ^ p[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}

/* Puts the checksum behind n bytes and writes all of it as text, NUL-terminated. */
static void encode(uint8_t *bytes, size_t n, char *out)
{
    uint16_t crc = crc16(bytes, n);
    bytes[n] = (uint8_t)(crc & 255);
    bytes[n + 1] = (uint8_t)(crc >> 8);
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < n + 2; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 5; have -= 5)
            *out++ = letters[bits >> (have - 5) & 31];
    }
    if (have > 0)
        *out++ = letters[bits << (5 - have) & 31];
    *out = '\0';
}

/* The bytes of a text of exactly n bytes with their checksum; false when it is no such text. */
static bool decode(struct wc_str text, uint8_t *out, size_t n)
{
    uint32_t bits = 0;
    int have = 0;
    size_t used = 0;
    if (text.n != (n * 8 + 4) / 5)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        const char *at = text.p[i] != '\0' ? strchr(letters, text.p[i]) : NULL;
        if (at == NULL)
            return false;
        bits = bits << 5 | (uint32_t)(at - letters);
        have += 5;
        if (have >= 8) {
            have -= 8;
            out[used++] = (uint8_t)(bits >> have & 255);
        }
    }
    uint16_t crc = crc16(out, n - 2);
    return (bits & ((1U << have) - 1)) == 0 && out[n - 2] == (crc & 255) && out[n - 1] == crc >> 8;
}

static void must(bool good)
{
    if (good)
        return;
    fprintf(stderr, "Ed25519 is not to be had\n");
    abort();
}

static EVP_PKEY *open_key(const struct wc_nkey *key)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->seed, sizeof(key->seed));
    must(pkey != NULL);
    return pkey;
}

static void fill_public(struct wc_nkey *key)
{
    uint8_t bytes[PUBLIC_BYTES] = {prefix_of(key->kind)};
    size_t n = 32;
    EVP_PKEY *pkey = open_key(key);
    must(EVP_PKEY_get_raw_public_key(pkey, bytes + 1, &n) == 1 && n == 32);
    EVP_PKEY_free(pkey);
    encode(bytes, PUBLIC_BYTES - 2, key->public_text);
}

void wc_nkey_make(struct wc_nkey *key, enum wc_nkey_kind kind)
{
    key->kind = kind;
    wc_random(key->seed, sizeof(key->seed));
    fill_public(key);
}

wc_err wc_nkey_parse(struct wc_nkey *key, struct wc_str seed, enum wc_nkey_kind kind)
{
    uint8_t bytes[SEED_BYTES], prefix = prefix_of(kind);
    bool good = decode(seed, bytes, sizeof(bytes)) && bytes[0] == (PREFIX_SEED | prefix >> 5) &&
                bytes[1] == (uint8_t)((prefix & 31) << 3);
    if (good) {
        key->kind = kind;
        memcpy(key->seed, bytes + 2, sizeof(key->seed));
        fill_public(key);
    }
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return good ? WC_OK : WC_BAD_REQUEST;
}

void wc_nkey_seed_text(const struct wc_nkey *key, char out[WC_NKEY_SEED_LEN + 1])
{
    uint8_t bytes[SEED_BYTES], prefix = prefix_of(key->kind);
    bytes[0] = (uint8_t)(PREFIX_SEED | prefix >> 5);
    bytes[1] = (uint8_t)((prefix & 31) << 3);
    memcpy(bytes + 2, key->seed, sizeof(key->seed));
    encode(bytes, SEED_BYTES - 2, out);
    OPENSSL_cleanse(bytes, sizeof(bytes));
}

void wc_nkey_sign(const struct wc_nkey *key, struct wc_str text, uint8_t out[64])
{
    size_t n = 64;
    EVP_PKEY *pkey = open_key(key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
         EVP_DigestSign(ctx, out, &n, (const unsigned char *)text.p, text.n) == 1 && n == 64);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
}

void wc_nkey_wipe(struct wc_nkey *key)
{
    OPENSSL_cleanse(key, sizeof(*key));
}

bool wc_nkey_is_public(struct wc_str text, enum wc_nkey_kind kind)
{
    uint8_t bytes[PUBLIC_BYTES];
    return decode(text, bytes, sizeof(bytes)) && bytes[0] == prefix_of(kind);
}
