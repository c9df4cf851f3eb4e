#include "nats/state.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

enum { SILENT_S = 35 /* three of a server's signs of life missed: it may have been cut off from the cluster */ };

/* Users. */

static struct wc_nats_peer *find(struct wc_nats *n, struct wc_str name)
{
    struct wc_nats_peer *peer;
    HASH_FIND(hh, n->peers, name.p, (unsigned)name.n, peer);
    return peer;
}

struct wc_nats_peer *wc_nats_peer_get(struct wc_nats *n, struct wc_str user)
{
    struct wc_nats_peer *peer = find(n, user);
    if (peer == NULL) {
        peer = WC_NEW(struct wc_nats_peer);
        peer->user = wc_user_get(n->chat->people, user);
        HASH_ADD_KEYPTR(hh, n->peers, peer->user->name, (unsigned)user.n, peer);
        n->stats.peers++;
    }
    peer->used = ev_now(n->chat->loop);
    return peer;
}

static void peer_free(struct wc_nats *n, struct wc_nats_peer *peer)
{
    HASH_DEL(n->peers, peer);
    wc_user_unref(peer->user);
    n->stats.peers--;
    free(peer);
}

void wc_nats_peers_end(struct wc_nats *n)
{
    struct wc_nats_peer *peer, *next;
    HASH_ITER (hh, n->peers, peer, next)
        peer_free(n, peer);
}

/* Revocation: keys that are void go among the revoked, and the server gets all of these, because each account JWT
 * replaces the one before. */

static void tell_server(struct wc_nats *n, const struct wc_reply *revoked)
{
    struct wc_buf map = WC_BUF_INIT, jwt = WC_BUF_INIT, subject = WC_BUF_INIT;
    uint64_t now = wc_wall_ms() / 1000;
    for (size_t i = 1; i < wc_reply_count(revoked); i++) {
        if (map.n != 0)
            wc_buf_c(&map, ',');
        wc_json_quote(&map, wc_reply_str(revoked, i));
        wc_buf_addf(&map, ":%llu", (unsigned long long)now);
    }
    if (map.n != 0) {
        wc_nats_account_jwt(&n->keys, wc_buf_view(&map), now, &jwt);
        wc_buf_addf(&subject, "$SYS.REQ.ACCOUNT.%s.CLAIMS.UPDATE", n->keys.account.public_text);
        wc_nats_ask(n->system, wc_buf_view(&subject), wc_buf_view(&jwt), 0);
        n->stats.revocations++;
    }
    wc_buf_free(&map);
    wc_buf_free(&jwt);
    wc_buf_free(&subject);
}

static void on_revoked(struct wc_nats *n, void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)arg;
    if (err == WC_OK)
        tell_server(n, reply);
}

static bool revoke(struct wc_nats *n, const struct wc_str *args, size_t nargs)
{
    return wc_nats_script(n, WC_SCRIPT_NATS_REVOKE, WC_STR("wcc:nats:revoked"), args, nargs, on_revoked, NULL) != NULL;
}

void wc_nats_revoke_again(struct wc_nats *n)
{
    (void)revoke(n, NULL, 0);
}

/* Where it was kept, or the place of the one that was heard longest ago. */
static struct wc_nats_server *server_of(struct wc_nats *n, struct wc_str id)
{
    struct wc_nats_server *oldest = n->servers;
    for (size_t i = 0; i < WC_NATS_SERVERS_MOST; i++) {
        if (wc_str_is(id, n->servers[i].id))
            return &n->servers[i];
        if (n->servers[i].heard < oldest->heard)
            oldest = &n->servers[i];
    }
    return oldest;
}

void wc_nats_server_heard(struct wc_nats *n, struct wc_str subject)
{
    struct wc_str rest = wc_str_from(subject, sizeof(WC_NATS_SERVERS) - 1), id;
    double now = ev_now(n->chat->loop);
    if (!wc_str_cut(&rest, '.', &id) || id.n >= sizeof(n->servers[0].id))
        return;
    struct wc_nats_server *s = server_of(n, id);
    bool known = wc_str_is(id, s->id) && now - s->heard < SILENT_S;
    memcpy(s->id, id.p, id.n);
    s->id[id.n] = '\0';
    s->heard = now;
    if (!known)
        wc_nats_revoke_again(n);
}

/* Failed: looked at again with the next tick. */
static void look_again(struct wc_nats *n, const char *name)
{
    struct wc_nats_peer *peer = find(n, wc_str(name));
    if (peer != NULL)
        peer->version = 0;
}

static void on_void(struct wc_nats *n, void *arg, wc_err err, const struct wc_reply *reply)
{
    char *name = arg;
    size_t count = err == WC_OK ? wc_reply_count(reply) - 1 : 0;
    if (err != WC_OK) {
        look_again(n, name);
    } else if (count != 0) {
        struct wc_str *args = wc_alloc(count * sizeof(*args));
        for (size_t i = 0; i < count; i++)
            args[i] = wc_reply_str(reply, i + 1);
        if (!revoke(n, args, count))
            look_again(n, name);
        free(args);
    }
    free(name);
}

static void check(struct wc_nats *n, struct wc_nats_peer *peer)
{
    struct wc_name key = wc_user_key(wc_str(peer->user->name));
    char *name = wc_str_dup(wc_str(peer->user->name));
    if (wc_nats_script(n, WC_SCRIPT_NATS_VOID, wc_name_str(&key), NULL, 0, on_void, name) != NULL)
        peer->version = peer->user->version;
    else
        free(name);
}

void wc_nats_peers_tick(struct wc_nats *n)
{
    double old = ev_now(n->chat->loop) - (double)n->site.lifetime_s;
    struct wc_nats_peer *peer, *next;
    HASH_ITER (hh, n->peers, peer, next) {
        if (peer->user->fresh && peer->user->exists && peer->version != peer->user->version)
            check(n, peer);
        if (peer->requests == 0 && peer->sessions == 0 && peer->used < old)
            peer_free(n, peer);
    }
}
