#include "base/clock.h"
#include "chat/handlers.h"
#include "chat/nats_jwt.h"

/* Credentials for the NATS server: a user JWT of a key of its own, so that it can be revoked alone. */

static const struct wc_str KEYS_MAX = {"250", 3}; /* of a user, that have not expired */

struct grant {
    char public_key[WC_NKEY_PUBLIC_LEN + 1];
    uint64_t issued, expires;
};

static void write_grant(struct wc_buf *b, const struct wc_nats_site *site, struct wc_str jwt)
{
    wc_json_open(b, NULL);
    wc_json_str(b, "jwt", jwt);
    wc_json_u64(b, "expires_in", site->lifetime_s);
    wc_json_open_array(b, "servers");
    for (size_t i = 0; i < site->nservers; i++)
        wc_json_str(b, NULL, wc_str(site->servers[i]));
    wc_json_close_array(b);
    if (site->websocket[0] != '\0')
        wc_json_str(b, "websocket", wc_str(site->websocket));
    wc_json_close(b);
}

static void on_noted(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    const struct grant *g = call->state;
    const struct wc_nats_site *site = call->chat->nats;
    if (site == NULL) {
        wc_call_fail(call, WC_UNAVAILABLE, "this worker is stopping");
        return;
    }
    struct wc_buf jwt = WC_BUF_INIT;
    const struct wc_nats_user user = {WC_NATS_PERSON, call->who.user, g->public_key, g->issued, g->expires, true};
    wc_nats_user_jwt(site->keys, &user, &jwt);
    write_grant(&call->result, site, wc_buf_view(&jwt));
    site->granted(site->granted_arg, wc_str(call->who.user));
    wc_buf_free(&jwt);
    wc_call_done(call);
}

/* Noted first, handed out then: what exists can be revoked. */
void wc_op_auth_nats(struct wc_call *call)
{
    const struct wc_nats_site *site = call->chat->nats;
    if (site == NULL) {
        wc_call_fail(call, WC_NOT_FOUND, "there is no NATS here");
        return;
    }
    struct grant *g = call->state = wc_call_alloc(call, sizeof(*g));
    struct wc_nkey key;
    wc_nkey_make(&key, WC_NKEY_USER);
    memcpy(g->public_key, key.public_text, sizeof(g->public_key));
    wc_nkey_wipe(&key); /* the JWT alone is enough: nobody needs the seed */
    g->issued = wc_wall_ms() / 1000;
    g->expires = g->issued + site->lifetime_s;
    char generation[20], expires[20];
    struct wc_name user = wc_user_key(wc_call_user(call));
    const struct wc_str args[] = {wc_str(g->public_key),
                                  wc_str(call->who.family),
                                  {generation, wc_u64_format(call->who.generation, generation)},
                                  {expires, wc_u64_format(g->expires, expires)},
                                  KEYS_MAX};
    wc_call_script(call, WC_SCRIPT_NATS_GRANT, wc_name_str(&user), args, WC_COUNT(args), on_noted);
}
