#ifndef WC_CHAT_NATS_JWT_H
#define WC_CHAT_NATS_JWT_H

#include "base/nkey.h"

/*
 * Who may do what on the NATS server, as its decentralized authentication has it: an operator signs accounts, an
 * account signs users; all of them are JWTs signed with Ed25519 ("ed25519-nkey"). One file, the same for all workers,
 * mode 0600, holds the three seeds from which everything else is made, a line each:
 *
 *   operator SO…     the site
 *   account SA…      chat: workers, people, bridges
 *   system SA…       the server's own account: workers tell it there who was revoked
 */
struct wc_nats_keys {
    struct wc_nkey operator, account, system;
};
/* NULL is not allowed; *why is a static sentence when it fails: as wc_key_file_read and wc_key_file_create say. */
WC_MUST_CHECK wc_err wc_nats_keys_load(struct wc_nats_keys *keys, const char *path, const char **why);
WC_MUST_CHECK wc_err wc_nats_keys_create(const char *path, const char **why);
void wc_nats_keys_wipe(struct wc_nats_keys *keys);

/* Whoever connects, by what they may do. */
enum wc_nats_role {
    WC_NATS_PERSON,   /* asks, gets the answers and the own sessions' events */
    WC_NATS_BRIDGE,   /* reads stored events, and nothing else */
    WC_NATS_OPERATOR, /* asks the service protocol */
    WC_NATS_WORKER,   /* all of the chat account */
    WC_NATS_SYSTEM    /* tells the servers of revocations, and hears which servers there are */
};

struct wc_nats_user {
    enum wc_nats_role role;
    const char *name;         /* of a person: the user */
    const char *public_key;   /* U… */
    uint64_t issued, expires; /* seconds since the epoch; expires 0: never */
    bool bearer;              /* the JWT alone is enough */
};
/* Appends the JWT. */
void wc_nats_user_jwt(const struct wc_nats_keys *keys, const struct wc_nats_user *user, struct wc_buf *out);
/* The same with the key's seed, in the form of a .creds file. */
void wc_nats_creds(const struct wc_nats_keys *keys, const struct wc_nats_user *user, const struct wc_nkey *key,
                   struct wc_buf *out);

/* The chat account's JWT. `revocations`: members of a JSON object, `"U…":seconds,…`: tokens of that user that were
 * issued at or before it are refused. */
void wc_nats_account_jwt(const struct wc_nats_keys *keys, struct wc_str revocations, uint64_t issued,
                         struct wc_buf *out);

/* The lines of a server's configuration: operator, accounts, and where it finds them. */
void wc_nats_server_config(const struct wc_nats_keys *keys, uint64_t issued, struct wc_buf *out);

/* What POST /v1/auth/nats hands out, beside a JWT: set by the NATS channel while it is on. */
struct wc_nats_site {
    const struct wc_nats_keys *keys;
    const char *const *servers; /* as clients reach them */
    size_t nservers;
    const char *websocket; /* the same for browsers; "" for none */
    uint64_t lifetime_s;   /* of a person's JWT */
    const char *problem;   /* why this worker does not serve NATS now; NULL when it does */
    /* A person has got credentials: they are to be watched for as long as these live. */
    void (*granted)(void *arg, struct wc_str user);
    void *granted_arg;
};

#endif
