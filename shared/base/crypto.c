#include "base/crypto.h"

#include "base/key_file.h"
#include "base/mem.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

void wc_random(void *out, size_t n)
{
    unsigned char *p = out;
    while (n > 0) {
        int part = n > 4096 ? 4096 : (int)n;
        if (RAND_bytes(p, part) != 1) {
            fprintf(stderr, "the system has no randomness\n");
            abort();
        }
        p += part;
        n -= (size_t)part;
    }
}

void wc_random_name(char *out, size_t n)
{
    wc_random(out, n);
    for (size_t i = 0; i < n; i++)
        out[i] = "abcdefghijklmnopqrstuvwxyz234567"[(unsigned char)out[i] & 31];
}

static void digest(struct wc_str s, const EVP_MD *kind, uint8_t *out)
{
    if (EVP_Digest(s.p != NULL ? s.p : "", s.n, out, NULL, kind, NULL) != 1) {
        fprintf(stderr, "a digest is not to be had\n");
        abort();
    }
}

/* EVP_sha256() and its like are looked up again by each use, which takes longer than a short text's digest. */
static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *sha256, *sha1;

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
}

void wc_sha256(struct wc_str s, uint8_t out[32])
{
    pthread_once(&fetched, fetch);
    digest(s, sha256, out);
}

void wc_sha1(struct wc_str s, uint8_t out[20])
{
    pthread_once(&fetched, fetch);
    digest(s, sha1, out);
}

void wc_hex(const uint8_t *p, size_t n, char *out)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = hex[p[i] >> 4];
        *out++ = hex[p[i] & 15];
    }
}

void wc_base64url_add(struct wc_buf *b, const void *p, size_t n)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *in = p;
    char *out = wc_buf_reserve(b, n / 3 * 4 + 4);
    for (; n >= 3; n -= 3, in += 3) {
        *out++ = letters[in[0] >> 2];
        *out++ = letters[(in[0] << 4 | in[1] >> 4) & 63];
        *out++ = letters[(in[1] << 2 | in[2] >> 6) & 63];
        *out++ = letters[in[2] & 63];
    }
    if (n > 0) {
        *out++ = letters[in[0] >> 2];
        *out++ = letters[(in[0] << 4 | (n > 1 ? in[1] >> 4 : 0)) & 63];
    }
    if (n > 1)
        *out++ = letters[in[1] << 2 & 63];
    b->n = (size_t)(out - b->p);
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool wc_base64url_decode(struct wc_str s, struct wc_buf *out)
{
    char *at = wc_buf_reserve(out, s.n / 4 * 3 + 3);
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < s.n; i++) {
        int six = sextet(s.p[i]);
        if (six < 0)
            return false;
        bits = bits << 6 | (uint32_t)six;
        have += 6;
        if (have >= 8) {
            have -= 8;
            *at++ = (char)(bits >> have & 255);
        }
    }
    /* A lone last character is no byte; bits left over are zero in what an encoder writes. */
    if (have == 6 || (bits & ((1U << have) - 1)) != 0)
        return false;
    out->n = (size_t)(at - out->p);
    return true;
}

bool wc_equal_secret(struct wc_str a, struct wc_str b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

static wc_err refuse(wc_err err, const char **why, const char *sentence)
{
    if (why != NULL)
        *why = sentence;
    return err;
}

/* Without this OpenSSL asks for a passphrase on the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    (void)buf, (void)size, (void)rwflag, (void)arg;
    return -1;
}

static EVP_PKEY *parse_pem(const char *pem, int n)
{
    BIO *bio = BIO_new_mem_buf(pem, n);
    EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error(); /* or a later look at the queue finds our refusal */
    return pkey;
}

/* On P-256, and both halves of one pair: a wrong public half would make signatures that nobody accepts. */
static bool is_p256(EVP_PKEY *pkey)
{
    char group[32];
    if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC || EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
        strcmp(group, SN_X9_62_prime256v1) != 0)
        return false;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    bool ok = ctx != NULL && EVP_PKEY_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static bool coordinate(EVP_PKEY *pkey, const char *name, uint8_t out[32])
{
    BIGNUM *v = NULL;
    bool ok = EVP_PKEY_get_bn_param(pkey, name, &v) == 1 && BN_bn2binpad(v, out, 32) == 32;
    BN_free(v);
    return ok;
}

static bool write_pem(EVP_PKEY *pkey, bool private, struct wc_buf *out)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *p = NULL;
    bool ok = bio != NULL && (private ? PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL)
                                      : PEM_write_bio_PUBKEY(bio, pkey)) == 1;
    long n = ok ? BIO_get_mem_data(bio, &p) : 0;
    if (n > 0) {
        wc_buf_reserve(out, (size_t)n + 1);
        wc_buf_add(out, p, (size_t)n);
        out->p[n] = '\0';
    }
    BIO_free(bio); /* wipes */
    return n > 0;
}

/* RFC 7638 section 3.3: the members a key needs, in order of their names, without white space. */
static void thumbprint(struct wc_ec_key *key)
{
    struct wc_buf jwk = WC_BUF_INIT;
    wc_buf_z(&jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
    wc_base64url_add(&jwk, key->x, sizeof(key->x));
    wc_buf_z(&jwk, "\",\"y\":\"");
    wc_base64url_add(&jwk, key->y, sizeof(key->y));
    wc_buf_z(&jwk, "\"}");
    uint8_t hash[32];
    wc_sha256(wc_buf_view(&jwk), hash);
    jwk.n = 0;
    wc_base64url_add(&jwk, hash, sizeof(hash));
    memcpy(key->kid, jwk.p, sizeof(key->kid) - 1);
    key->kid[sizeof(key->kid) - 1] = '\0';
    wc_buf_free(&jwk);
}

static bool fill(struct wc_ec_key *key, EVP_PKEY *pkey)
{
    if (!is_p256(pkey) || !coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, key->x) ||
        !coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, key->y) || !write_pem(pkey, true, &key->private_pem) ||
        !write_pem(pkey, false, &key->public_pem))
        return false;
    thumbprint(key);
    return true;
}

wc_err wc_ec_key_load(struct wc_ec_key *key, const char *path, const char **why)
{
    struct wc_buf pem = WC_BUF_INIT;
    wc_err err = wc_key_file_read(path, &pem, why);
    EVP_PKEY *pkey = err == WC_OK ? parse_pem(pem.p, (int)pem.n) : NULL;
    wc_wipe(&pem);
    if (err != WC_OK)
        return err;
    if (pkey == NULL)
        return refuse(WC_BAD_REQUEST, why, "the key file holds no private key in PEM without a passphrase");
    struct wc_ec_key made = {0};
    bool ok = fill(&made, pkey);
    EVP_PKEY_free(pkey);
    if (!ok) {
        wc_ec_key_free(&made);
        return refuse(WC_BAD_REQUEST, why, "the key file holds another kind of key than P-256, or a broken one");
    }
    *key = made;
    return WC_OK;
}

wc_err wc_ec_key_create(const char *path, const char **why)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    struct wc_buf pem = WC_BUF_INIT;
    wc_err err =
        pkey != NULL && write_pem(pkey, true, &pem) ? WC_OK : refuse(WC_UNAVAILABLE, why, "no key could be made");
    EVP_PKEY_free(pkey);
    if (err == WC_OK)
        err = wc_key_file_create(path, wc_buf_view(&pem), why);
    wc_wipe(&pem);
    return err;
}

void wc_ec_key_free(struct wc_ec_key *key)
{
    if (key == NULL)
        return;
    wc_wipe(&key->private_pem);
    wc_buf_free(&key->public_pem);
    OPENSSL_cleanse(key, sizeof(*key));
}
