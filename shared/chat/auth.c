#include "chat/auth_private.h"

#include "base/clock.h"

#include <assert.h>
#include <uthash.h>

enum { CACHE_MAX = 100000, SWEEP_S = 20 };

/* A token that was verified. Oldest first in the table: they expire in that order, or nearly. */
struct wc_auth_cached_token {
    uint8_t digest[32];
    char family[sizeof(((struct wc_claims *)NULL)->family)];
    uint64_t generation, expires;
    struct wc_user *user;
    bool over; /* its family has ended: families don't come back */
    UT_hash_handle hh;
};

static const struct wc_metric metrics[] = {
    {"wcchat_tokens_total", "from=\"cache\"", WC_COUNTER, offsetof(struct wc_auth, hits), 1, "Access tokens accepted"},
    {"wcchat_tokens_total", "from=\"signature\"", WC_COUNTER, offsetof(struct wc_auth, verified), 1, NULL},
    {"wcchat_tokens_cached", NULL, WC_GAUGE, offsetof(struct wc_auth, cached), 1, "Access tokens in the cache"},
    {"wcchat_logins_total", "outcome=\"ok\"", WC_COUNTER, offsetof(struct wc_auth, logins), 1, "Logins by password"},
    {"wcchat_logins_total", "outcome=\"refused\"", WC_COUNTER, offsetof(struct wc_auth, refused), 1, NULL},
    {"wcchat_logins_total", "outcome=\"delayed\"", WC_COUNTER, offsetof(struct wc_auth, delayed), 1, NULL},
};

static uint64_t now_s(void)
{
    return wc_wall_ms() / 1000;
}

/* The cache. */

static void forget(struct wc_auth *a, struct wc_auth_cached_token *c)
{
    HASH_DEL(a->cache, c);
    a->cached--;
    wc_user_unref(c->user);
    free(c);
}

static void on_sweep(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    struct wc_auth *a = timer->data;
    uint64_t now = now_s();
    for (struct wc_auth_cached_token *c = a->cache, *next; c != NULL && c->expires <= now; c = next) {
        assert(c->hh.prev == NULL); /* the head is the oldest */
        next = c->hh.next;
        forget(a, c);
    }
}

static struct wc_auth_cached_token *lookup(struct wc_auth *a, const uint8_t digest[32])
{
    struct wc_auth_cached_token *c;
    HASH_FIND(hh, a->cache, digest, 32, c);
    if (c == NULL || c->expires > now_s())
        return c;
    forget(a, c);
    return NULL;
}

static void remember(struct wc_auth *a, const struct wc_auth_request *r, bool over)
{
    struct wc_auth_cached_token *c = lookup(a, r->digest);
    if (c != NULL) {
        c->over = over;
        return;
    }
    if (r->once)
        return;
    if (a->cached >= CACHE_MAX) {
        assert(a->cache != NULL && a->cache->hh.prev == NULL); /* the head is the oldest */
        forget(a, a->cache);
    }
    c = WC_NEW(struct wc_auth_cached_token);
    c->over = over;
    memcpy(c->digest, r->digest, sizeof(c->digest));
    memcpy(c->family, r->claims.family, sizeof(c->family));
    c->generation = r->claims.generation;
    c->expires = r->claims.expires;
    c->user = wc_user_get(a->chat->people, wc_str(r->claims.user));
    HASH_ADD(hh, a->cache, digest, sizeof(c->digest), c);
    a->cached++;
}

static void identify(const struct wc_user *user, const char *family, uint64_t generation, uint64_t expires,
                     struct wc_identity *out)
{
    *out = (struct wc_identity){.generation = generation, .expires = expires, .admin = user->admin};
    wc_user_copy_name(user, out->user);
    memcpy(out->family, family, sizeof(out->family));
}

static struct wc_claims claims_of(const struct wc_auth_cached_token *c)
{
    struct wc_claims claims = {.generation = c->generation, .expires = c->expires};
    wc_user_copy_name(c->user, claims.user);
    memcpy(claims.family, c->family, sizeof(claims.family));
    return claims;
}

bool wc_auth_cached(struct wc_auth *a, struct wc_str token, struct wc_identity *out)
{
    uint8_t digest[32];
    wc_sha256(token, digest);
    const struct wc_auth_cached_token *c = lookup(a, digest);
    if (c == NULL || c->over || !c->user->fresh || !wc_user_allows(c->user, wc_str(c->family), c->generation))
        return false;
    identify(c->user, c->family, c->generation, c->expires, out);
    a->hits++;
    return true;
}

/* Requests. */

static void release(struct wc_auth_request *r)
{
    if (r->user != NULL)
        wc_user_forget(r->user, r);
    wc_user_unref(r->user);
    wc_buf_free(&r->phc);
    if (r->password != NULL)
        explicit_bzero(r->password, r->password_n);
    free(r->password);
    *r->link = r->next;
    if (r->next != NULL)
        r->next->link = r->link;
    free(r);
}

static void fire(struct wc_soon_item *item)
{
    struct wc_auth_request *r = WC_CONTAINER(item, struct wc_auth_request, soon);
    if (r->cb != NULL)
        r->cb(r->arg, r->err, r->err == WC_OK ? &r->who : NULL, r->retry_ms);
    release(r);
}

void wc_auth_end(struct wc_auth_request *r, wc_err err)
{
    r->err = err;
    r->soon.fire = fire;
    wc_soon_add(&r->auth->soon, &r->soon);
}

struct wc_auth_request *wc_auth_begin(struct wc_auth *a, wc_auth_cb cb, void *arg)
{
    struct wc_auth_request *r = WC_NEW(struct wc_auth_request);
    r->auth = a;
    r->cb = cb;
    r->arg = arg;
    r->next = a->requests;
    r->link = &a->requests;
    if (r->next != NULL)
        r->next->link = &r->next;
    a->requests = r;
    return r;
}

void wc_auth_cancel(struct wc_auth *a, void *arg)
{
    for (struct wc_auth_request *r = a->requests; r != NULL; r = r->next)
        if (r->arg == arg)
            r->cb = NULL;
}

/* By token. */

static void on_fresh(void *arg, wc_err err)
{
    struct wc_auth_request *r = arg;
    struct wc_auth *a = r->auth;
    if (err != WC_OK) {
        wc_auth_end(r, WC_UNAVAILABLE);
    } else if (wc_user_allows(r->user, wc_str(r->claims.family), r->claims.generation)) {
        remember(a, r, false);
        identify(r->user, r->claims.family, r->claims.generation, r->claims.expires, &r->who);
        a->verified++;
        wc_auth_end(r, WC_OK);
    } else if (!r->looked_again && r->user->exists && r->user->usable) {
        /* A login on another worker makes a family that nobody was told of. */
        r->looked_again = true;
        wc_user_recheck(r->user);
        wc_user_when_fresh(r->user, on_fresh, r);
    } else {
        remember(a, r, true);
        wc_auth_end(r, WC_UNAUTHENTICATED);
    }
}

void wc_auth_check_token(struct wc_auth_request *r, struct wc_str token, const struct wc_str *user)
{
    struct wc_auth *a = r->auth;
    const char *why = NULL;
    r->once = user != NULL;
    wc_sha256(token, r->digest);
    const struct wc_auth_cached_token *c = lookup(a, r->digest);
    if (c != NULL)
        r->claims = claims_of(c);
    else if (wc_tokens_verify(a->chat->tokens, token, &r->claims, &why) != WC_OK)
        r->claims.user[0] = '\0';
    if (r->claims.user[0] == '\0' || (c != NULL && c->over) || (user != NULL && !wc_str_is(*user, r->claims.user))) {
        wc_auth_end(r, WC_UNAUTHENTICATED);
        return;
    }
    r->user = wc_user_get(a->chat->people, wc_str(r->claims.user));
    wc_user_when_fresh(r->user, on_fresh, r);
}

void wc_auth_token(struct wc_auth *a, struct wc_str token, wc_auth_cb cb, void *arg)
{
    wc_auth_check_token(wc_auth_begin(a, cb, arg), token, NULL);
}

/* Begin and end. */

struct wc_auth *wc_auth_new(struct wc_chat *chat)
{
    struct wc_auth *a = WC_NEW(struct wc_auth);
    a->chat = chat;
    wc_soon_init(&a->soon, chat->loop);
    ev_timer_init(&a->sweep, on_sweep, SWEEP_S, SWEEP_S);
    a->sweep.data = a;
    ev_timer_start(chat->loop, &a->sweep);
    ev_unref(chat->loop);
    wc_metrics_add(chat->metrics, metrics, WC_COUNT(metrics), a);
    return a;
}

void wc_auth_free(struct wc_auth *a)
{
    if (a == NULL)
        return;
    ev_ref(a->chat->loop);
    ev_timer_stop(a->chat->loop, &a->sweep);
    wc_soon_end(&a->soon);
    for (struct wc_auth_request *r = a->requests, *next; r != NULL; r = next) {
        next = r->next;
        release(r);
    }
    struct wc_auth_cached_token *c = a->cache, *after;
    HASH_CLEAR(hh, a->cache);
    for (; c != NULL; c = after) {
        after = c->hh.next;
        wc_user_unref(c->user);
        free(c);
    }
    free(a);
}
