#include "chat/tokens.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <jwt.h>
#include <limits.h>
#include <stdlib.h>

#define TOKEN_MAX      4096
#define SIGNATURE_LEN  86 /* of 64 bytes: RFC 7518 section 3.4 */
#define LIFETIME_MAX_S (366ULL * 24 * 3600)
#define LEEWAY_S       10 /* by so much the clock of the worker that signed may be ahead of ours */

#define REFRESH_PREFIX WC_STR("wcr1.")
#define REFRESH_RANDOM 32 /* bytes */
#define REFRESH_SECRET 43 /* characters of them */

struct wc_tokens {
    struct wc_ec_key key;
    char *issuer;
    char *audience;
    uint64_t lifetime_s;
};

static wc_err refuse(const char **why, const char *sentence)
{
    if (why != NULL)
        *why = sentence;
    return WC_UNAUTHENTICATED;
}

static uint64_t now_s(void)
{
    return wc_wall_ms() / 1000;
}

static bool base64url_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool family_ok(struct wc_str s)
{
    if (s.n == 0 || s.n >= sizeof(((struct wc_claims *)NULL)->family))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!base64url_char(s.p[i]))
            return false;
    }
    return true;
}

/* Takes what is before the first dot off `rest`; false when there is no dot. */
static bool take_part(struct wc_str *rest, struct wc_str *part)
{
    const char *dot = rest->n > 0 ? memchr(rest->p, '.', rest->n) : NULL;
    if (dot == NULL)
        return false;
    *part = (struct wc_str){rest->p, (size_t)(dot - rest->p)};
    *rest = wc_str_from(*rest, part->n + 1);
    return true;
}

struct wc_tokens *wc_tokens_new(const char *key_path, const char *issuer, const char *audience, uint64_t lifetime_s,
                                const char **why)
{
    struct wc_ec_key key = {0};
    if (lifetime_s == 0 || lifetime_s > LIFETIME_MAX_S) {
        (void)refuse(why, "the lifetime of a token is not between a second and a year");
        return NULL;
    }
    if (wc_ec_key_load(&key, key_path, why) != WC_OK)
        return NULL;
    struct wc_tokens *t = WC_NEW(struct wc_tokens);
    t->key = key;
    t->issuer = wc_str_dup(wc_str(issuer));
    t->audience = wc_str_dup(wc_str(audience));
    t->lifetime_s = lifetime_s;
    return t;
}

void wc_tokens_free(struct wc_tokens *t)
{
    if (t == NULL)
        return;
    wc_ec_key_free(&t->key);
    free(t->issuer);
    free(t->audience);
    free(t);
}

/* Signing. */

static bool add_claims(jwt_t *jwt, const struct wc_tokens *t, const struct wc_claims *c)
{
    return jwt_add_header(jwt, "kid", t->key.kid) == 0 && jwt_add_grant(jwt, "iss", t->issuer) == 0 &&
           jwt_add_grant(jwt, "aud", t->audience) == 0 && jwt_add_grant(jwt, "sub", c->user) == 0 &&
           jwt_add_grant(jwt, "sid", c->family) == 0 && jwt_add_grant_int(jwt, "gen", (long)c->generation) == 0 &&
           jwt_add_grant_int(jwt, "iat", (long)c->issued) == 0 && jwt_add_grant_int(jwt, "nbf", (long)c->issued) == 0 &&
           jwt_add_grant_int(jwt, "exp", (long)c->expires) == 0 &&
           jwt_add_grant(jwt, "role", c->admin ? "admin" : "user") == 0;
}

static char *encode(const struct wc_tokens *t, const struct wc_claims *claims)
{
    jwt_t *jwt = NULL;
    if (jwt_new(&jwt) != 0)
        return NULL;
    char *token = NULL;
    if (add_claims(jwt, t, claims) &&
        jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)t->key.private_pem.p, (int)t->key.private_pem.n) == 0)
        token = jwt_encode_str(jwt);
    jwt_free(jwt);
    return token;
}

wc_err wc_tokens_sign(struct wc_tokens *t, struct wc_claims *claims, struct wc_buf *out)
{
    struct wc_claims c = *claims;
    struct wc_str user = {c.user, strnlen(c.user, sizeof(c.user))};
    struct wc_str family = {c.family, strnlen(c.family, sizeof(c.family))};
    if (!wc_text_user(user) || !family_ok(family) || c.generation > LONG_MAX)
        return WC_BAD_REQUEST;
    c.issued = now_s();
    c.expires = c.issued + t->lifetime_s;
    char *token = encode(t, &c);
    if (token == NULL)
        return WC_UNAVAILABLE;
    wc_buf_z(out, token);
    free(token);
    *claims = c;
    return WC_OK;
}

/* Checking. */

static wc_json *parse_object(struct wc_str encoded)
{
    struct wc_buf json = WC_BUF_INIT;
    char why[128];
    wc_json *doc = NULL;
    if (wc_base64url_decode(encoded, &json))
        doc = wc_json_parse(wc_buf_view(&json), why, sizeof(why));
    wc_buf_free(&json);
    if (doc != NULL && wc_json_type(doc) == WC_JSON_OBJECT)
        return doc;
    wc_json_free(doc);
    return NULL;
}

static wc_err check_header_members(const struct wc_tokens *t, const wc_json *header, const char **why)
{
    if (!wc_str_is(wc_json_get_str(header, "alg"), "ES256"))
        return refuse(why, "not signed with ES256");
    if (!wc_str_is(wc_json_get_str(header, "kid"), t->key.kid))
        return refuse(why, "signed with a key that is unknown here");
    if (!wc_str_is(wc_json_get_str(header, "typ"), "JWT"))
        return refuse(why, "another type of token");
    if (wc_json_get(header, "crit") != NULL) /* RFC 7515 section 4.1.11 */
        return refuse(why, "asks for an extension that is unknown here");
    return WC_OK;
}

static wc_err check_header(const struct wc_tokens *t, struct wc_str encoded, const char **why)
{
    wc_json *header = parse_object(encoded);
    if (header == NULL)
        return refuse(why, "the header is not a JSON object in base64url");
    wc_err err = check_header_members(t, header, why);
    wc_json_free(header);
    return err;
}

/* libjwt takes padding and other characters than its own in the signature: one token would have many spellings. */
static bool signature_ok(struct wc_str encoded)
{
    struct wc_buf raw = WC_BUF_INIT;
    bool ok = encoded.n == SIGNATURE_LEN && wc_base64url_decode(encoded, &raw);
    wc_buf_free(&raw);
    return ok;
}

static bool signed_by_us(const struct wc_tokens *t, struct wc_str token)
{
    char z[TOKEN_MAX + 1];
    memcpy(z, token.p, token.n);
    z[token.n] = '\0';
    jwt_t *jwt = NULL;
    if (jwt_decode(&jwt, z, (const unsigned char *)t->key.public_pem.p, (int)t->key.public_pem.n) != 0)
        return false;
    bool ok = jwt_get_alg(jwt) == JWT_ALG_ES256;
    jwt_free(jwt);
    return ok;
}

static bool get_u64(const wc_json *object, const char *name, uint64_t *out)
{
    const wc_json *v = wc_json_get(object, name);
    if (wc_json_type(v) != WC_JSON_INT || wc_json_int(v) < 0)
        return false;
    *out = (uint64_t)wc_json_int(v);
    return true;
}

static void copy_z(char *out, struct wc_str s)
{
    memcpy(out, s.p, s.n);
    out[s.n] = '\0';
}

static bool read_identity(const wc_json *doc, struct wc_claims *c)
{
    struct wc_str user = wc_json_get_str(doc, "sub");
    struct wc_str family = wc_json_get_str(doc, "sid");
    struct wc_str role = wc_json_get_str(doc, "role");
    c->admin = wc_str_is(role, "admin");
    if (!wc_text_user(user) || !family_ok(family) || !(c->admin || wc_str_is(role, "user")))
        return false;
    copy_z(c->user, user);
    copy_z(c->family, family);
    return get_u64(doc, "gen", &c->generation);
}

static wc_err check_times(const wc_json *doc, struct wc_claims *c, const char **why)
{
    uint64_t not_before;
    if (!get_u64(doc, "iat", &c->issued) || !get_u64(doc, "exp", &c->expires) || !get_u64(doc, "nbf", &not_before))
        return refuse(why, "a time is missing or malformed");
    uint64_t now = now_s();
    if (c->expires <= now)
        return refuse(why, "expired");
    if (not_before > now + LEEWAY_S || c->issued > now + LEEWAY_S)
        return refuse(why, "not valid yet");
    return WC_OK;
}

static wc_err check_claims(const struct wc_tokens *t, const wc_json *doc, struct wc_claims *out, const char **why)
{
    struct wc_claims c = {0};
    if (!wc_str_is(wc_json_get_str(doc, "iss"), t->issuer))
        return refuse(why, "from another issuer");
    if (!wc_str_is(wc_json_get_str(doc, "aud"), t->audience))
        return refuse(why, "for another audience");
    wc_err err = check_times(doc, &c, why);
    if (err != WC_OK)
        return err;
    if (!read_identity(doc, &c))
        return refuse(why, "a claim is missing or malformed");
    *out = c;
    return WC_OK;
}

static wc_err check_payload(const struct wc_tokens *t, struct wc_str encoded, struct wc_claims *out, const char **why)
{
    wc_json *doc = parse_object(encoded);
    if (doc == NULL)
        return refuse(why, "the claims are not a JSON object in base64url");
    wc_err err = check_claims(t, doc, out, why);
    wc_json_free(doc);
    return err;
}

wc_err wc_tokens_verify(struct wc_tokens *t, struct wc_str token, struct wc_claims *out, const char **why)
{
    struct wc_str header, payload, signature = token;
    if (token.n == 0)
        return refuse(why, "empty");
    if (token.n > TOKEN_MAX)
        return refuse(why, "longer than 4096 bytes");
    if (!take_part(&signature, &header) || !take_part(&signature, &payload) || !signature_ok(signature))
        return refuse(why, "not three parts in base64url, the last of 64 bytes");
    wc_err err = check_header(t, header, why);
    if (err != WC_OK)
        return err;
    if (!signed_by_us(t, token))
        return refuse(why, "not signed by us");
    return check_payload(t, payload, out, why);
}

static void add_coordinate(struct wc_buf *out, const char *name, const uint8_t v[32])
{
    struct wc_buf text = WC_BUF_INIT;
    wc_base64url_add(&text, v, 32);
    wc_json_str(out, name, wc_buf_view(&text));
    wc_buf_free(&text);
}

void wc_tokens_jwks(const struct wc_tokens *t, struct wc_buf *out)
{
    wc_json_open(out, NULL);
    wc_json_open_array(out, "keys");
    wc_json_open(out, NULL);
    wc_json_str(out, "kty", WC_STR("EC"));
    wc_json_str(out, "crv", WC_STR("P-256"));
    wc_json_str(out, "use", WC_STR("sig"));
    wc_json_str(out, "alg", WC_STR("ES256"));
    wc_json_str(out, "kid", wc_str(t->key.kid));
    add_coordinate(out, "x", t->key.x);
    add_coordinate(out, "y", t->key.y);
    wc_json_close(out);
    wc_json_close_array(out);
    wc_json_close(out);
}

/* Refresh tokens. */

void wc_refresh_make(struct wc_str user, struct wc_str family, struct wc_buf *out)
{
    uint8_t secret[REFRESH_RANDOM];
    wc_random(secret, sizeof(secret));
    wc_buf_str(out, REFRESH_PREFIX);
    wc_buf_str(out, user);
    wc_buf_c(out, '.');
    wc_buf_str(out, family);
    wc_buf_c(out, '.');
    wc_base64url_add(out, secret, sizeof(secret));
    explicit_bzero(secret, sizeof(secret));
}

static bool refresh_secret_ok(struct wc_str s)
{
    struct wc_buf raw = WC_BUF_INIT;
    bool ok = s.n == REFRESH_SECRET && wc_base64url_decode(s, &raw) && raw.n == REFRESH_RANDOM;
    if (raw.p != NULL)
        explicit_bzero(raw.p, raw.cap);
    wc_buf_free(&raw);
    return ok;
}

static void digest_of(struct wc_str token, char out[44])
{
    uint8_t hash[32];
    struct wc_buf text = WC_BUF_INIT;
    wc_sha256(token, hash);
    wc_base64url_add(&text, hash, sizeof(hash));
    copy_z(out, wc_buf_view(&text));
    wc_buf_free(&text);
}

wc_err wc_refresh_parse(struct wc_str token, struct wc_refresh *out)
{
    if (!wc_str_starts(token, REFRESH_PREFIX))
        return WC_UNAUTHENTICATED;
    struct wc_refresh r;
    struct wc_str rest = wc_str_from(token, REFRESH_PREFIX.n);
    if (!take_part(&rest, &r.user) || !take_part(&rest, &r.family) || !refresh_secret_ok(rest) ||
        !wc_text_user(r.user) || !family_ok(r.family))
        return WC_UNAUTHENTICATED;
    digest_of(token, r.digest);
    *out = r;
    return WC_OK;
}
