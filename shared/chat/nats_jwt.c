#include "chat/nats_jwt.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/key_file.h"

#include <stdio.h>

/* The key file. */

static const struct {
    const char *word;
    enum wc_nkey_kind kind;
    size_t offset;
} lines[] = {
    {"operator ", WC_NKEY_OPERATOR, offsetof(struct wc_nats_keys, operator)},
    {"account ", WC_NKEY_ACCOUNT, offsetof(struct wc_nats_keys, account)},
    {"system ", WC_NKEY_ACCOUNT, offsetof(struct wc_nats_keys, system)},
};
enum { LINES = sizeof(lines) / sizeof(lines[0]) };

static struct wc_nkey *key_of(struct wc_nats_keys *keys, size_t i)
{
    return (struct wc_nkey *)((char *)keys + lines[i].offset);
}

/* True when the line holds one of the keys. */
static bool read_line(struct wc_nats_keys *keys, struct wc_str line)
{
    for (size_t i = 0; i < LINES; i++) {
        struct wc_str word = wc_str(lines[i].word);
        if (wc_str_starts(line, word))
            return wc_nkey_parse(key_of(keys, i), wc_str_trim(wc_str_from(line, word.n)), lines[i].kind) == WC_OK;
    }
    return false;
}

wc_err wc_nats_keys_load(struct wc_nats_keys *keys, const char *path, const char **why)
{
    struct wc_buf text = WC_BUF_INIT;
    struct wc_nats_keys read = {0};
    wc_err err = wc_key_file_read(path, &text, why);
    struct wc_str rest = wc_buf_view(&text), line;
    size_t found = 0;
    while (err == WC_OK && wc_str_cut(&rest, '\n', &line))
        found += read_line(&read, line);
    wc_wipe(&text);
    for (size_t i = 0; i < LINES; i++)
        found += key_of(&read, i)->public_text[0] != '\0';
    if (err == WC_OK && found != 2 * LINES) {
        *why = "the file does not hold the keys of an operator and two accounts";
        err = WC_BAD_REQUEST;
    }
    if (err == WC_OK)
        *keys = read;
    wc_nats_keys_wipe(&read);
    return err;
}

wc_err wc_nats_keys_create(const char *path, const char **why)
{
    struct wc_buf text = WC_BUF_INIT;
    wc_buf_reserve(&text, 512);
    for (size_t i = 0; i < LINES; i++) {
        struct wc_nkey key;
        char seed[WC_NKEY_SEED_LEN + 1];
        wc_nkey_make(&key, lines[i].kind);
        wc_nkey_seed_text(&key, seed);
        wc_buf_addf(&text, "%s%s\n", lines[i].word, seed);
        wc_nkey_wipe(&key);
        explicit_bzero(seed, sizeof(seed));
    }
    wc_err err = wc_key_file_create(path, wc_buf_view(&text), why);
    wc_wipe(&text);
    return err;
}

void wc_nats_keys_wipe(struct wc_nats_keys *keys)
{
    explicit_bzero(keys, sizeof(*keys));
}

/* Tokens. */

static void open_claims(struct wc_buf *b, const struct wc_nkey *issuer, const char *subject, const char *name,
                        uint64_t issued, uint64_t expires)
{
    char id[26];
    wc_random_name(id, sizeof(id));
    wc_json_open(b, NULL);
    wc_json_str(b, "jti", (struct wc_str){id, sizeof(id)});
    wc_json_u64(b, "iat", issued);
    if (expires != 0)
        wc_json_u64(b, "exp", expires);
    wc_json_str(b, "iss", wc_str(issuer->public_text));
    wc_json_str(b, "sub", wc_str(subject));
    wc_json_str(b, "name", wc_str(name));
    wc_json_open(b, "nats");
}

static void close_claims(struct wc_buf *b, const char *type, const struct wc_nkey *issuer, struct wc_buf *out)
{
    static const struct wc_str header = WC_STR("{\"typ\":\"JWT\",\"alg\":\"ed25519-nkey\"}");
    wc_json_str(b, "type", wc_str(type));
    wc_json_u64(b, "version", 2);
    wc_json_close(b);
    wc_json_close(b);
    size_t from = out->n;
    wc_base64url_add(out, header.p, header.n);
    wc_buf_c(out, '.');
    wc_base64url_add(out, b->p, b->n);
    uint8_t signature[64];
    wc_nkey_sign(issuer, (struct wc_str){out->p + from, out->n - from}, signature);
    wc_buf_c(out, '.');
    wc_base64url_add(out, signature, sizeof(signature));
    wc_buf_free(b);
}

/* {"allow":[…]}, or {"deny":[">"]} for none: an empty list would mean all. */
static void write_permission(struct wc_buf *b, const char *name, const struct wc_buf *subjects, size_t n)
{
    wc_json_open(b, name);
    wc_json_open_array(b, n != 0 ? "allow" : "deny");
    for (size_t i = 0; i < n; i++)
        wc_json_str(b, NULL, wc_buf_view(&subjects[i]));
    if (n == 0)
        wc_json_str(b, NULL, WC_STR(">"));
    wc_json_close_array(b);
    wc_json_close(b);
}

/* What each role may publish and subscribe: `%s` is the user. */
static const struct {
    const char *pub[2], *sub[2];
    bool all;
} permissions[] = {
    [WC_NATS_PERSON] = {{"wcc.frontend.requests", "wcc.frontend.requests.%s"},
                        {"wcc.frontend.events.user.%s.>", "_INBOX_%s.>"},
                        false},
    [WC_NATS_BRIDGE] = {{NULL, NULL}, {"wcc.frontend.events.room.*", "wcc.frontend.events.user.*"}, false},
    [WC_NATS_OPERATOR] = {{"$SRV.>", NULL}, {"_INBOX.>", NULL}, false},
    [WC_NATS_WORKER] = {{NULL, NULL}, {NULL, NULL}, true},
    [WC_NATS_SYSTEM] = {{"$SYS.REQ.ACCOUNT.*.CLAIMS.UPDATE", NULL}, {"_INBOX.>", "$SYS.SERVER.*.STATSZ"}, false},
};

static void write_subjects(struct wc_buf *b, const char *name, const char *const patterns[2], const char *user)
{
    struct wc_buf subjects[2] = {WC_BUF_INIT, WC_BUF_INIT};
    size_t n = 0;
    for (; n < 2 && patterns[n] != NULL; n++) {
        const char *at = strstr(patterns[n], "%s");
        size_t before = at != NULL ? (size_t)(at - patterns[n]) : strlen(patterns[n]);
        wc_buf_add(&subjects[n], patterns[n], before);
        if (at != NULL)
            wc_buf_addf(&subjects[n], "%s%s", user, at + 2);
    }
    write_permission(b, name, subjects, n);
    wc_buf_free(&subjects[0]);
    wc_buf_free(&subjects[1]);
}

void wc_nats_user_jwt(const struct wc_nats_keys *keys, const struct wc_nats_user *user, struct wc_buf *out)
{
    const struct wc_nkey *issuer = user->role == WC_NATS_SYSTEM ? &keys->system : &keys->account;
    struct wc_buf b = WC_BUF_INIT;
    open_claims(&b, issuer, user->public_key, user->name, user->issued, user->expires);
    if (!permissions[user->role].all) {
        write_subjects(&b, "pub", permissions[user->role].pub, user->name);
        write_subjects(&b, "sub", permissions[user->role].sub, user->name);
    }
    wc_json_i64(&b, "subs", -1);
    wc_json_i64(&b, "data", -1);
    wc_json_i64(&b, "payload", -1);
    if (user->bearer)
        wc_json_bool(&b, "bearer_token", true);
    close_claims(&b, "user", issuer, out);
}

void wc_nats_creds(const struct wc_nats_keys *keys, const struct wc_nats_user *user, const struct wc_nkey *key,
                   struct wc_buf *out)
{
    char seed[WC_NKEY_SEED_LEN + 1];
    wc_nkey_seed_text(key, seed);
    wc_buf_z(out, "-----BEGIN NATS USER JWT-----\n");
    wc_nats_user_jwt(keys, user, out);
    wc_buf_addf(out,
                "\n------END NATS USER JWT------\n\n"
                "-----BEGIN USER NKEY SEED-----\n%s\n------END USER NKEY SEED------\n",
                seed);
    explicit_bzero(seed, sizeof(seed));
}

static void account_jwt(const struct wc_nats_keys *keys, const struct wc_nkey *account, const char *name,
                        struct wc_str revocations, uint64_t issued, struct wc_buf *out)
{
    static const char *const unlimited[] = {"subs", "data", "payload", "imports", "exports", "conn", "leaf"};
    struct wc_buf b = WC_BUF_INIT, map = WC_BUF_INIT;
    open_claims(&b, &keys->operator, account->public_text, name, issued, 0);
    wc_json_open(&b, "limits");
    for (size_t i = 0; i < sizeof(unlimited) / sizeof(unlimited[0]); i++)
        wc_json_i64(&b, unlimited[i], -1);
    wc_json_bool(&b, "wildcards", true);
    wc_json_close(&b);
    wc_buf_addf(&map, "{%.*s}", WC_STR_ARG(revocations));
    wc_json_raw(&b, "revocations", wc_buf_view(&map));
    wc_buf_free(&map);
    close_claims(&b, "account", &keys->operator, out);
}

void wc_nats_account_jwt(const struct wc_nats_keys *keys, struct wc_str revocations, uint64_t issued,
                         struct wc_buf *out)
{
    account_jwt(keys, &keys->account, "wcchat", revocations, issued, out);
}

static void operator_jwt(const struct wc_nats_keys *keys, uint64_t issued, struct wc_buf *out)
{
    struct wc_buf b = WC_BUF_INIT;
    open_claims(&b, &keys->operator, keys->operator.public_text, "wcchat", issued, 0);
    wc_json_str(&b, "system_account", wc_str(keys->system.public_text));
    close_claims(&b, "operator", &keys->operator, out);
}

void wc_nats_server_config(const struct wc_nats_keys *keys, uint64_t issued, struct wc_buf *out)
{
    wc_buf_z(out, "operator: \"");
    operator_jwt(keys, issued, out);
    wc_buf_addf(out, "\"\nsystem_account: %s\nresolver: MEMORY\nresolver_preload {\n    %s: \"",
                keys->system.public_text, keys->system.public_text);
    account_jwt(keys, &keys->system, "system", WC_STR(""), issued, out);
    wc_buf_addf(out, "\"\n    %s: \"", keys->account.public_text);
    wc_nats_account_jwt(keys, WC_STR(""), issued, out);
    wc_buf_z(out, "\"\n}\n");
}
