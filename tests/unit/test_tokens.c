#include "chat/tokens.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define ISSUER   "https://chat.example"
#define AUDIENCE "wcchat"
#define LIFETIME 900

struct fixture {
    char dir[32], ours_path[48], other_path[48];
    struct wc_ec_key ours, other;
    struct wc_tokens *tokens;
};

static void make_key(char *path, size_t size, const char *dir, const char *name, struct wc_ec_key *key)
{
    const char *why = NULL;
    snprintf(path, size, "%s/%s", dir, name);
    assert_int_equal(wc_ec_key_create(path, &why), WC_OK);
    assert_int_equal(wc_ec_key_load(key, path, &why), WC_OK);
}

static int set_up(void **state)
{
    struct fixture *f = WC_NEW(struct fixture);
    const char *why = NULL;
    snprintf(f->dir, sizeof(f->dir), "/tmp/wc-tokens-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    make_key(f->ours_path, sizeof(f->ours_path), f->dir, "ours.pem", &f->ours);
    make_key(f->other_path, sizeof(f->other_path), f->dir, "other.pem", &f->other);
    f->tokens = wc_tokens_new(f->ours_path, ISSUER, AUDIENCE, LIFETIME, &why);
    assert_non_null(f->tokens);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wc_tokens_free(f->tokens);
    wc_ec_key_free(&f->ours);
    wc_ec_key_free(&f->other);
    unlink(f->ours_path);
    unlink(f->other_path);
    rmdir(f->dir);
    free(f);
    return 0;
}

static struct wc_claims alice(void)
{
    return (struct wc_claims){.user = "alice", .family = "abcdefgh23456777", .generation = 7, .admin = true};
}

/* Checks a token; on refusal the output must be as it was, and the sentence the expected one. */
static void expect(struct fixture *f, struct wc_str token, const char *expected)
{
    struct wc_claims out;
    memset(&out, 0x5a, sizeof(out));
    struct wc_claims untouched = out;
    const char *why = NULL;
    wc_err err = wc_tokens_verify(f->tokens, token, &out, &why);
    if (expected == NULL) {
        if (err != WC_OK)
            fail_msg("refused: %s", why);
        return;
    }
    if (err == WC_OK)
        fail_msg("accepted, but should be refused: %s", expected);
    assert_int_equal(err, WC_UNAUTHENTICATED);
    assert_string_equal(why, expected);
    assert_memory_equal(&out, &untouched, sizeof(out));
}

static void sign(struct fixture *f, struct wc_buf *token)
{
    struct wc_claims claims = alice();
    token->n = 0;
    assert_int_equal(wc_tokens_sign(f->tokens, &claims, token), WC_OK);
}

/* Making tokens by hand, good and bad, without libjwt. */

struct member {
    const char *name;
    const char *json; /* NULL leaves it out */
};

/* Writes the members, those of `change` in place of the ones of the same name; a name of its own is added. */
static void add_object(struct wc_buf *out, const struct member *members, size_t n, const struct member *change)
{
    bool used = change == NULL;
    wc_json_open(out, NULL);
    for (size_t i = 0; i < n; i++) {
        const struct member *m = &members[i];
        if (change != NULL && strcmp(m->name, change->name) == 0) {
            m = change;
            used = true;
        }
        if (m->json != NULL)
            wc_json_raw(out, m->name, wc_str(m->json));
    }
    if (!used)
        wc_json_raw(out, change->name, wc_str(change->json));
    wc_json_close(out);
}

static void add_header(struct wc_buf *out, const char *alg, const char *kid, const struct member *change)
{
    char alg_json[32], kid_json[32];
    snprintf(alg_json, sizeof(alg_json), "\"%s\"", alg);
    snprintf(kid_json, sizeof(kid_json), "\"%s\"", kid);
    const struct member members[] = {{"alg", alg_json}, {"kid", kid_json}, {"typ", "\"JWT\""}};
    add_object(out, members, WC_COUNT(members), change);
}

static void add_payload(struct wc_buf *out, const struct member *change)
{
    char now[24], later[24];
    snprintf(now, sizeof(now), "%llu", (unsigned long long)(wc_wall_ms() / 1000));
    snprintf(later, sizeof(later), "%llu", (unsigned long long)(wc_wall_ms() / 1000 + 60));
    const struct member members[] = {
        {"iss", "\"" ISSUER "\""},
        {"aud", "\"" AUDIENCE "\""},
        {"sub", "\"alice\""},
        {"sid", "\"abcdefgh\""},
        {"gen", "7"},
        {"role", "\"user\""},
        {"iat", now},
        {"nbf", now},
        {"exp", later},
    };
    add_object(out, members, WC_COUNT(members), change);
}

static void add_encoded(struct wc_buf *out, struct wc_buf *json)
{
    wc_base64url_add(out, json->p, json->n);
    json->n = 0;
}

static void es256(struct wc_buf *token, const struct wc_ec_key *key)
{
    BIO *bio = BIO_new_mem_buf(key->private_pem.p, (int)key->private_pem.n);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char der[128], raw[64];
    size_t n = sizeof(der);
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &n, (const unsigned char *)token->p, token->n), 1);
    const unsigned char *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32);
    wc_buf_c(token, '.');
    wc_base64url_add(token, raw, sizeof(raw));
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
}

/* header and payload, unsigned: what comes before the second dot. */
static void begin_token(struct wc_buf *token, const char *alg, const char *kid, const struct member *header_change,
                        const struct member *payload_change)
{
    struct wc_buf json = WC_BUF_INIT;
    token->n = 0;
    add_header(&json, alg, kid, header_change);
    add_encoded(token, &json);
    wc_buf_c(token, '.');
    add_payload(&json, payload_change);
    add_encoded(token, &json);
    wc_buf_free(&json);
}

static void expect_payload(struct fixture *f, const char *name, const char *json, const char *why)
{
    struct wc_buf token = WC_BUF_INIT;
    begin_token(&token, "ES256", f->ours.kid, NULL, &(struct member){name, json});
    es256(&token, &f->ours);
    expect(f, wc_buf_view(&token), why);
    wc_buf_free(&token);
}

static void expect_header(struct fixture *f, const char *name, const char *json, const char *why)
{
    struct wc_buf token = WC_BUF_INIT;
    begin_token(&token, "ES256", f->ours.kid, &(struct member){name, json}, NULL);
    es256(&token, &f->ours);
    expect(f, wc_buf_view(&token), why);
    wc_buf_free(&token);
}

static void test_round_trip(void **state)
{
    struct fixture *f = *state;
    struct wc_claims in = alice(), out;
    struct wc_buf token = WC_BUF_INIT;
    const char *why = NULL;
    uint64_t before = wc_wall_ms() / 1000;
    wc_buf_z(&token, "Bearer ");
    assert_int_equal(wc_tokens_sign(f->tokens, &in, &token), WC_OK);
    assert_memory_equal(token.p, "Bearer ", 7);
    assert_int_equal(wc_tokens_verify(f->tokens, wc_str_from(wc_buf_view(&token), 7), &out, &why), WC_OK);
    assert_string_equal(out.user, "alice");
    assert_string_equal(out.family, "abcdefgh23456777");
    assert_int_equal(out.generation, 7);
    assert_true(out.admin);
    assert_true(out.issued >= before && out.issued <= before + 5);
    assert_int_equal(out.expires, out.issued + LIFETIME);
    assert_int_equal(in.issued, out.issued);
    assert_int_equal(in.expires, out.expires);
    in.admin = false;
    token.n = 0;
    assert_int_equal(wc_tokens_sign(f->tokens, &in, &token), WC_OK);
    assert_int_equal(wc_tokens_verify(f->tokens, wc_buf_view(&token), &out, &why), WC_OK);
    assert_false(out.admin);
    wc_buf_free(&token);
}

/* r or s of a signature begins with a zero byte in one of 128: such tokens must be as good as others. */
static void test_many_signatures(void **state)
{
    struct fixture *f = *state;
    struct wc_buf token = WC_BUF_INIT;
    for (int i = 0; i < 400; i++) {
        sign(f, &token);
        expect(f, wc_buf_view(&token), NULL);
    }
    wc_buf_free(&token);
}

static void test_sign_refuses_bad_claims(void **state)
{
    struct fixture *f = *state;
    struct wc_buf token = WC_BUF_INIT;
    struct wc_claims bad[5];
    for (size_t i = 0; i < WC_COUNT(bad); i++)
        bad[i] = alice();
    bad[0].user[0] = 'A';
    bad[1].user[0] = '\0';
    bad[2].family[0] = '.';
    bad[3].family[0] = '\0';
    bad[4].generation = UINT64_MAX;
    for (size_t i = 0; i < WC_COUNT(bad); i++) {
        assert_int_equal(wc_tokens_sign(f->tokens, &bad[i], &token), WC_BAD_REQUEST);
        assert_int_equal(token.n, 0);
        assert_int_equal(bad[i].expires, 0);
    }
    wc_buf_free(&token);
}

static void test_times(void **state)
{
    struct fixture *f = *state;
    long long now = (long long)(wc_wall_ms() / 1000);
    const struct {
        const char *name;
        long long value;
        const char *why;
    } rows[] = {
        {"exp", now + 60, NULL},
        {"exp", now - 1, "expired"},
        {"exp", now, "expired"},
        {"exp", 0, "expired"},
        {"exp", -1, "a time is missing or malformed"},
        {"exp", INT64_MAX, NULL},
        {"nbf", now + 60, "not valid yet"},
        {"nbf", now + 5, NULL},
        {"nbf", now - 60, NULL},
        {"nbf", INT64_MAX, "not valid yet"},
        {"iat", now + 60, "not valid yet"},
        {"iat", now - 60, NULL},
    };
    for (size_t i = 0; i < WC_COUNT(rows); i++) {
        char json[24];
        snprintf(json, sizeof(json), "%lld", rows[i].value);
        expect_payload(f, rows[i].name, json, rows[i].why);
    }
}

static void test_claims(void **state)
{
    struct fixture *f = *state;
    static const char malformed[] = "a claim is missing or malformed", time[] = "a time is missing or malformed";
    static const char libjwt[] = "not signed by us"; /* it does not parse them */
    const struct {
        const char *name, *json, *why;
    } rows[] = {
        {"sub", "\"bob\"", NULL},
        {"more", "{\"is\": [\"fine\"]}", NULL},
        {"iss", NULL, "from another issuer"},
        {"iss", "\"https://evil.example\"", "from another issuer"},
        {"iss", "\"" ISSUER "\\u0000\"", libjwt},
        {"iss", "\"" ISSUER "/\"", "from another issuer"},
        {"iss", "\"\"", "from another issuer"},
        {"aud", NULL, "for another audience"},
        {"aud", "\"other\"", "for another audience"},
        {"aud", "7", "for another audience"},
        {"sub", NULL, malformed},
        {"sub", "\"\"", malformed},
        {"sub", "\"Alice\"", malformed},
        {"sub", "\"alice\\u0000x\"", libjwt},
        {"sub", "\"\\u00e4lice\"", malformed},
        {"sub", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", malformed}, /* 33 */
        {"sub", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", NULL},
        {"sub", "7", malformed},
        {"sid", NULL, malformed},
        {"sid", "\"\"", malformed},
        {"sid", "\"a.b\"", malformed},
        {"sid", "\"abcdefgh234567777\"", malformed}, /* 17 */
        {"sid", "null", malformed},
        {"gen", NULL, malformed},
        {"gen", "-1", malformed},
        {"gen", "1.5", malformed},
        {"gen", "\"7\"", malformed},
        {"gen", "99999999999999999999", libjwt},
        {"role", NULL, malformed},
        {"role", "\"Admin\"", malformed},
        {"role", "true", malformed},
        {"exp", NULL, time},
        {"exp", "\"9999999999\"", time},
        {"exp", "9999999999.5", time},
        {"iat", NULL, time},
        {"nbf", NULL, time},
        {"nbf", "[]", time},
    };
    for (size_t i = 0; i < WC_COUNT(rows); i++)
        expect_payload(f, rows[i].name, rows[i].json, rows[i].why);
}

static void test_header(void **state)
{
    struct fixture *f = *state;
    static const char alg[] = "not signed with ES256", kid[] = "signed with a key that is unknown here";
    const struct {
        const char *name, *json, *why;
    } rows[] = {
        {"alg", "\"ES256\"", NULL},
        {"alg", "\"none\"", alg},
        {"alg", "\"es256\"", alg},
        {"alg", "\"ES256\\u0000\"", alg},
        {"alg", "\"ES384\"", alg},
        {"alg", "\"RS256\"", alg},
        {"alg", "[\"ES256\"]", alg},
        {"alg", NULL, alg},
        {"kid", "\"other\"", kid},
        {"kid", "\"\"", kid},
        {"kid", "7", kid},
        {"kid", NULL, kid},
        {"typ", "\"at+jwt\"", "another type of token"},
        {"typ", NULL, "another type of token"},
        {"crit", "[\"exp\"]", "asks for an extension that is unknown here"},
        {"jwk", "{}", NULL}, /* a key that the token brings along is not even looked at */
    };
    for (size_t i = 0; i < WC_COUNT(rows); i++)
        expect_header(f, rows[i].name, rows[i].json, rows[i].why);
}

/* Signs anything, JSON or not, with our own key. */
static void expect_parts(struct fixture *f, struct wc_str header, struct wc_str payload, const char *why)
{
    struct wc_buf token = WC_BUF_INIT;
    wc_base64url_add(&token, header.p, header.n);
    wc_buf_c(&token, '.');
    wc_base64url_add(&token, payload.p, payload.n);
    es256(&token, &f->ours);
    expect(f, wc_buf_view(&token), why);
    wc_buf_free(&token);
}

static void test_no_json(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "", "x", "[]", "\"ES256\"", "null", "{", "{}x", "\xff\xfe", "{\"alg\":\"ES256\xc0\x80\"}"};
    struct wc_buf good = WC_BUF_INIT;
    add_header(&good, "ES256", f->ours.kid, NULL);
    for (size_t i = 0; i < WC_COUNT(bad); i++) {
        expect_parts(f, wc_str(bad[i]), WC_STR("{}"), "the header is not a JSON object in base64url");
        /* libjwt looks at the claims before the signature, so it is the one to refuse most of these. */
        struct wc_claims out;
        const char *why = NULL;
        struct wc_buf token = WC_BUF_INIT;
        wc_base64url_add(&token, good.p, good.n);
        wc_buf_c(&token, '.');
        wc_base64url_add(&token, bad[i], strlen(bad[i]));
        es256(&token, &f->ours);
        assert_int_equal(wc_tokens_verify(f->tokens, wc_buf_view(&token), &out, &why), WC_UNAUTHENTICATED);
        assert_non_null(why);
        wc_buf_free(&token);
    }
    expect_parts(f, WC_STR("{\"alg\":\"ES256\",\"alg\":\"none\"}"), WC_STR("{}"),
                 "the header is not a JSON object in base64url");
    expect_parts(f, wc_buf_view(&good), WC_STR("{\"iss\":\"a\",\"iss\":\"b\"}"),
                 "the claims are not a JSON object in base64url");
    wc_buf_free(&good);
}

static void test_alg_none(void **state)
{
    struct fixture *f = *state;
    struct wc_buf token = WC_BUF_INIT;
    static const char shape[] = "not three parts in base64url, the last of 64 bytes";
    begin_token(&token, "none", f->ours.kid, NULL, NULL);
    expect(f, wc_buf_view(&token), shape);
    wc_buf_c(&token, '.');
    expect(f, wc_buf_view(&token), shape);
    for (int i = 0; i < 86; i++)
        wc_buf_c(&token, 'A');
    expect(f, wc_buf_view(&token), "not signed with ES256");
    wc_buf_free(&token);
}

static void test_public_key_as_secret(void **state)
{
    struct fixture *f = *state;
    static const char *const algs[] = {"HS256", "ES256"};
    static const char *const whys[] = {"not signed with ES256", "not signed by us"};
    for (size_t i = 0; i < WC_COUNT(algs); i++) {
        struct wc_buf token = WC_BUF_INIT;
        unsigned char mac[64] = {0};
        unsigned int n = 0;
        begin_token(&token, algs[i], f->ours.kid, NULL, NULL);
        HMAC(EVP_sha256(), f->ours.public_pem.p, (int)f->ours.public_pem.n, (const unsigned char *)token.p, token.n,
             mac, &n);
        wc_buf_c(&token, '.');
        wc_base64url_add(&token, mac, sizeof(mac)); /* as long as ES256's, or its length alone would give it away */
        expect(f, wc_buf_view(&token), whys[i]);
        token.n -= 43;
        expect(f, wc_buf_view(&token), "not three parts in base64url, the last of 64 bytes");
        wc_buf_free(&token);
    }
}

static void test_other_key(void **state)
{
    struct fixture *f = *state;
    struct wc_buf token = WC_BUF_INIT;
    begin_token(&token, "ES256", f->ours.kid, NULL, NULL);
    es256(&token, &f->other);
    expect(f, wc_buf_view(&token), "not signed by us");
    begin_token(&token, "ES256", f->other.kid, NULL, NULL);
    es256(&token, &f->other);
    expect(f, wc_buf_view(&token), "signed with a key that is unknown here");
    wc_buf_free(&token);
}

static void test_every_change_is_seen(void **state)
{
    struct fixture *f = *state;
    struct wc_buf token = WC_BUF_INIT;
    sign(f, &token);
    for (size_t i = 0; i < token.n; i++) {
        struct wc_claims out;
        const char *why = NULL;
        char was = token.p[i];
        token.p[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(wc_tokens_verify(f->tokens, wc_buf_view(&token), &out, &why), WC_UNAUTHENTICATED);
        assert_non_null(why);
        token.p[i] = was;
    }
    expect(f, wc_buf_view(&token), NULL);
    wc_buf_free(&token);
}

/* Each prefix is a block of its own, so that the sanitizer sees a read past its end. */
static void test_truncated(void **state)
{
    struct fixture *f = *state;
    struct wc_buf token = WC_BUF_INIT;
    sign(f, &token);
    for (size_t n = 0; n < token.n; n++) {
        char *copy = wc_alloc(n);
        memcpy(copy, token.p, n);
        expect(f, (struct wc_str){copy, n}, n == 0 ? "empty" : "not three parts in base64url, the last of 64 bytes");
        free(copy);
    }
    expect(f, WC_STR_NONE, "empty");
    wc_buf_free(&token);
}

static void test_spelling(void **state)
{
    struct fixture *f = *state;
    struct wc_buf token = WC_BUF_INIT;
    static const char *const tails[] = {"=", "==", " ", "\n", ".", ".x", "\xc3\xa4"};
    sign(f, &token);
    size_t n = token.n;
    for (size_t i = 0; i < WC_COUNT(tails); i++) {
        token.n = n;
        wc_buf_z(&token, tails[i]);
        expect(f, wc_buf_view(&token), "not three parts in base64url, the last of 64 bytes");
    }
    token.n = n;
    wc_buf_add(&token, "", 1);
    expect(f, wc_buf_view(&token), "not three parts in base64url, the last of 64 bytes");
    wc_buf_free(&token);
}

static void test_garbage(void **state)
{
    struct fixture *f = *state;
    static const char bytes[] = {'.', 'A', '\0', '\xff', '{'};
    const size_t big = 1 << 20;
    char *p = wc_alloc(big);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        memset(p, bytes[i], big);
        expect(f, (struct wc_str){p, big}, "longer than 4096 bytes");
        expect(f, (struct wc_str){p, 4097}, "longer than 4096 bytes");
        expect(f, (struct wc_str){p, 4096}, "not three parts in base64url, the last of 64 bytes");
    }
    free(p);
    expect(f, WC_STR("\xc3\xa4\xc3\xb6.\xe2\x82\xac.\xf0\x9f\x98\x80"),
           "not three parts in base64url, the last of 64 bytes");
    char noise[300];
    for (int i = 0; i < 500; i++) {
        struct wc_claims out;
        const char *why = NULL;
        wc_random(noise, sizeof(noise));
        assert_int_equal(wc_tokens_verify(f->tokens, (struct wc_str){noise, sizeof(noise)}, &out, &why),
                         WC_UNAUTHENTICATED);
    }
}

/* The longest that is taken: libjwt's copy of it has to be as large. */
static void test_longest(void **state)
{
    struct fixture *f = *state;
    struct wc_buf json = WC_BUF_INIT, token = WC_BUF_INIT;
    const size_t lengths[] = {2000, 2800, 3200, 4000};
    for (size_t i = 0; i < WC_COUNT(lengths); i++) {
        json.n = 0;
        wc_buf_c(&json, '"');
        memset(wc_buf_reserve(&json, lengths[i]), 'x', lengths[i]);
        json.n += lengths[i];
        wc_buf_add(&json, "\"", 2); /* with a NUL */
        begin_token(&token, "ES256", f->ours.kid, NULL, &(struct member){"more", json.p});
        es256(&token, &f->ours);
        expect(f, wc_buf_view(&token), token.n <= 4096 ? NULL : "longer than 4096 bytes");
    }
    wc_buf_free(&json);
    wc_buf_free(&token);
}

static void test_two_workers_one_key(void **state)
{
    struct fixture *f = *state;
    const char *why = NULL;
    struct wc_tokens *second = wc_tokens_new(f->ours_path, ISSUER, AUDIENCE, LIFETIME, &why);
    assert_non_null(second);
    struct wc_claims claims = alice();
    struct wc_buf token = WC_BUF_INIT;
    assert_int_equal(wc_tokens_sign(second, &claims, &token), WC_OK);
    expect(f, wc_buf_view(&token), NULL);
    wc_buf_free(&token);
    wc_tokens_free(second);
}

static void test_new_refuses(void **state)
{
    struct fixture *f = *state;
    const char *why = NULL;
    assert_null(wc_tokens_new("/nonexistent/key.pem", ISSUER, AUDIENCE, LIFETIME, &why));
    assert_non_null(why);
    why = NULL;
    assert_null(wc_tokens_new(f->ours_path, ISSUER, AUDIENCE, 0, &why));
    assert_string_equal(why, "the lifetime of a token is not between a second and a year");
    wc_tokens_free(NULL);
}

static void test_jwks(void **state)
{
    struct fixture *f = *state;
    struct wc_buf out = WC_BUF_INIT, x = WC_BUF_INIT;
    char why[128];
    wc_tokens_jwks(f->tokens, &out);
    wc_json *doc = wc_json_parse(wc_buf_view(&out), why, sizeof(why));
    assert_non_null(doc);
    const wc_json *keys = wc_json_get(doc, "keys");
    assert_int_equal(wc_json_count(keys), 1);
    const wc_json *key = wc_json_at(keys, 0);
    assert_int_equal(wc_json_count(key), 7);
    assert_true(wc_str_is(wc_json_get_str(key, "kty"), "EC"));
    assert_true(wc_str_is(wc_json_get_str(key, "crv"), "P-256"));
    assert_true(wc_str_is(wc_json_get_str(key, "alg"), "ES256"));
    assert_true(wc_str_is(wc_json_get_str(key, "use"), "sig"));
    assert_true(wc_str_is(wc_json_get_str(key, "kid"), f->ours.kid));
    assert_int_equal(wc_json_get_str(key, "y").n, 43);
    assert_true(wc_base64url_decode(wc_json_get_str(key, "x"), &x));
    assert_int_equal(x.n, 32);
    assert_memory_equal(x.p, f->ours.x, 32);
    wc_json_free(doc);
    wc_buf_free(&out);
    wc_buf_free(&x);
}

static void test_refresh(void **state)
{
    (void)state;
    struct wc_buf a = WC_BUF_INIT, b = WC_BUF_INIT;
    struct wc_refresh ra, rb;
    wc_refresh_make(WC_STR("alice"), WC_STR("fam_1"), &a);
    wc_refresh_make(WC_STR("alice"), WC_STR("fam_1"), &b);
    assert_int_equal(wc_refresh_parse(wc_buf_view(&a), &ra), WC_OK);
    assert_int_equal(wc_refresh_parse(wc_buf_view(&b), &rb), WC_OK);
    assert_true(wc_str_is(ra.user, "alice"));
    assert_true(wc_str_is(ra.family, "fam_1"));
    assert_int_equal(strlen(ra.digest), 43);
    assert_string_not_equal(ra.digest, rb.digest);
    struct wc_str same = wc_buf_view(&a);
    assert_int_equal(wc_refresh_parse(same, &rb), WC_OK);
    assert_string_equal(ra.digest, rb.digest);
    wc_buf_free(&a);
    wc_buf_free(&b);
}

static void test_refresh_digest(void **state)
{
    (void)state;
    struct wc_refresh r;
    struct wc_str token = WC_STR("wcr1.a.b.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_int_equal(wc_refresh_parse(token, &r), WC_OK);
    assert_string_equal(r.digest, "3zfVuhl-ivOpvVUf99lU0ee3qK7NKi3NSLrPJaxwCBI");
}

static void test_refresh_refuses(void **state)
{
    (void)state;
#define SECRET "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    static const char *const bad[] = {
        "",
        "wcr1",
        "wcr1.",
        "wcr1...",
        "wcr1.a.b",
        "wcr1.a.b.",
        "wcr2.a.b." SECRET,
        "WCR1.a.b." SECRET,
        "wcr1..b." SECRET,
        "wcr1.a.." SECRET,
        "wcr1.A.b." SECRET,
        "wcr1.a.b c." SECRET,
        "wcr1.a.b.c." SECRET,
        "wcr1.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b." SECRET,
        "wcr1.a.abcdefgh234567777." SECRET,
        "wcr1.a.b." SECRET "A",
        "wcr1.a.b." SECRET "=",
        "wcr1.a.b.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",  /* 42 */
        "wcr1.a.b.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", /* bits that no byte has */
        "wcr1.a.b.AAAAAAAAAAAAAAAAAAAA+AAAAAAAAAAAAAAAAAAAAAA",
        "wcr1.\xc3\xa4.b." SECRET,
    };
    struct wc_refresh r;
    memset(&r, 0x5a, sizeof(r));
    struct wc_refresh untouched = r;
    for (size_t i = 0; i < WC_COUNT(bad); i++) {
        if (wc_refresh_parse(wc_str(bad[i]), &r) != WC_UNAUTHENTICATED)
            fail_msg("accepted: %s", bad[i]);
        assert_memory_equal(&r, &untouched, sizeof(r));
    }
    assert_int_equal(wc_refresh_parse(WC_STR_NONE, &r), WC_UNAUTHENTICATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_many_signatures),
        cmocka_unit_test(test_sign_refuses_bad_claims),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_no_json),
        cmocka_unit_test(test_alg_none),
        cmocka_unit_test(test_public_key_as_secret),
        cmocka_unit_test(test_other_key),
        cmocka_unit_test(test_every_change_is_seen),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_two_workers_one_key),
        cmocka_unit_test(test_new_refuses),
        cmocka_unit_test(test_jwks),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_refresh_digest),
        cmocka_unit_test(test_refresh_refuses),
    };
    return cmocka_run_group_tests_name("tokens", tests, set_up, tear_down);
}
