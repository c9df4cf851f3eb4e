#include "chat/auth.h"

#include "base/clock.h"
#include "base/text.h"
#include "chat/soon.h"

#include <stdio.h>
#include <uthash.h>

enum { CACHE_MAX = 100000, SWEEP_S = 20 };

/* A token that was verified. Oldest first in the table: they expire in that order, or nearly. */
struct cached {
    uint8_t digest[32];
    struct wc_claims claims;
    struct wc_user *user;
    UT_hash_handle hh;
};


/* Somebody who wants to be let in. */
struct request {
    struct request *next, **link; /* of all under way */
    struct wc_soon_item soon;
    struct wc_auth *auth;
    wc_auth_cb cb; /* NULL: cancelled */
    void *arg;
    wc_err err;
    struct wc_identity who;
    uint64_t retry_ms;
    /* by token */
    uint8_t digest[32];
    struct wc_claims claims;
    struct wc_user *user;
    bool looked_again;
    /* by password */
    char *password;
    size_t password_n;
    unsigned answers; /* still to come */
    bool known, usable, indexed;
    struct wc_buf phc;
};

struct wc_auth {
    struct wc_chat *chat;
    struct wc_soon soon;
    struct cached *cache;
    struct request *requests;
    ev_timer sweep;
    uint64_t hits, verified, logins, refused, delayed, cached;
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

static void forget(struct wc_auth *a, struct cached *c)
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
    while (a->cache != NULL && a->cache->claims.expires <= now)
        forget(a, a->cache);
}

static struct cached *lookup(struct wc_auth *a, const uint8_t digest[32])
{
    struct cached *c;
    HASH_FIND(hh, a->cache, digest, 32, c);
    if (c == NULL || c->claims.expires > now_s())
        return c;
    forget(a, c);
    return NULL;
}

static void remember(struct wc_auth *a, const struct request *r)
{
    if (lookup(a, r->digest) != NULL)
        return;
    if (a->cached >= CACHE_MAX)
        forget(a, a->cache);
    struct cached *c = WC_NEW(struct cached);
    memcpy(c->digest, r->digest, sizeof(c->digest));
    c->claims = r->claims;
    c->user = wc_user_get(a->chat->people, wc_str(r->claims.user));
    HASH_ADD(hh, a->cache, digest, sizeof(c->digest), c);
    a->cached++;
}

static void identify(const struct wc_claims *claims, const struct wc_user *user, struct wc_identity *out)
{
    memset(out, 0, sizeof(*out));
    memcpy(out->user, claims->user, sizeof(out->user));
    memcpy(out->family, claims->family, sizeof(out->family));
    out->generation = claims->generation;
    out->expires = claims->expires;
    out->admin = user->admin;
}

bool wc_auth_cached(struct wc_auth *a, struct wc_str token, struct wc_identity *out)
{
    uint8_t digest[32];
    wc_sha256(token, digest);
    const struct cached *c = lookup(a, digest);
    if (c == NULL || !c->user->fresh || !wc_user_allows(c->user, wc_str(c->claims.family), c->claims.generation))
        return false;
    identify(&c->claims, c->user, out);
    a->hits++;
    return true;
}

/* Requests. */

static void release(struct request *r)
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
    struct request *r = WC_CONTAINER(item, struct request, soon);
    if (r->cb != NULL)
        r->cb(r->arg, r->err, r->err == WC_OK ? &r->who : NULL, r->retry_ms);
    release(r);
}

static void end(struct request *r, wc_err err)
{
    r->err = err;
    r->soon.fire = fire;
    wc_soon_add(&r->auth->soon, &r->soon);
}

static struct request *begin(struct wc_auth *a, wc_auth_cb cb, void *arg)
{
    struct request *r = WC_NEW(struct request);
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
    for (struct request *r = a->requests; r != NULL; r = r->next)
        if (r->arg == arg)
            r->cb = NULL;
}

/* By token. */

static void on_fresh(void *arg, wc_err err)
{
    struct request *r = arg;
    struct wc_auth *a = r->auth;
    if (err != WC_OK) {
        end(r, WC_UNAVAILABLE);
    } else if (wc_user_allows(r->user, wc_str(r->claims.family), r->claims.generation)) {
        remember(a, r);
        identify(&r->claims, r->user, &r->who);
        a->verified++;
        end(r, WC_OK);
    } else if (!r->looked_again && r->user->exists && r->user->usable) {
        /* A login on another worker makes a family that nobody was told of. */
        r->looked_again = true;
        wc_user_recheck(r->user);
        wc_user_when_fresh(r->user, on_fresh, r);
    } else {
        end(r, WC_UNAUTHENTICATED);
    }
}

/* `user`: NULL, or whose the token has to be. */
static void check_token(struct request *r, struct wc_str token, const struct wc_str *user)
{
    struct wc_auth *a = r->auth;
    const char *why = NULL;
    wc_sha256(token, r->digest);
    const struct cached *c = lookup(a, r->digest);
    if (c != NULL)
        r->claims = c->claims;
    else if (wc_tokens_verify(a->chat->tokens, token, &r->claims, &why) != WC_OK)
        r->claims.user[0] = '\0';
    if (r->claims.user[0] == '\0' || (user != NULL && !wc_str_is(*user, r->claims.user))) {
        end(r, WC_UNAUTHENTICATED);
        return;
    }
    r->user = wc_user_get(a->chat->people, wc_str(r->claims.user));
    wc_user_when_fresh(r->user, on_fresh, r);
}

void wc_auth_token(struct wc_auth *a, struct wc_str token, wc_auth_cb cb, void *arg)
{
    check_token(begin(a, cb, arg), token, NULL);
}

/* By password. */

static struct wc_name login_key(char kind, const char *who)
{
    struct wc_name key;
    key.n = (uint8_t)snprintf(key.z, sizeof(key.z), "wcc:login:{%c:%s}", kind, who);
    return key;
}

static wc_err script(struct wc_auth *a, enum wc_script which, const struct wc_name *key, const struct wc_str *args,
                     size_t n, wc_redis_cb cb, void *arg)
{
    struct wc_str k = wc_name_str(key);
    return wc_redis_script(a->chat->redis, which, &k, 1, args, n, cb, arg);
}

static void ignore(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)arg;
    (void)err;
    (void)reply;
}

static void count_result(struct request *r, char kind, const char *who, bool good, uint64_t free_of_delay)
{
    struct wc_auth *a = r->auth;
    char free_digits[20], max_digits[20];
    struct wc_name key = login_key(kind, who);
    struct wc_str args[] = {good ? WC_STR("1") : WC_STR("0"),
                            {free_digits, wc_u64_format(free_of_delay, free_digits)},
                            {max_digits, wc_u64_format(a->chat->options.login_delay_max_ms, max_digits)}};
    if (script(a, WC_SCRIPT_LOGIN_RESULT, &key, args, WC_COUNT(args), ignore, NULL) != WC_OK)
        wc_log(a->chat->log, WC_WARN, "the result of a login was not counted", WC_Z("user", r->who.user));
}

static void refuse(struct request *r)
{
    struct wc_auth *a = r->auth;
    a->refused++;
    wc_log(a->chat->log, WC_INFO, "login refused", WC_Z("user", r->who.user), WC_Z("addr", r->who.address));
    end(r, WC_UNAUTHENTICATED);
}

static void welcome(struct request *r)
{
    r->auth->logins++;
    end(r, WC_OK);
}

/* What can't be done now is done at the next login. */
static void on_general(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct request *r = arg;
    if (err == WC_OK && !wc_str_is(wc_reply_str(reply, 0), "ok"))
        wc_log(r->auth->chat->log, WC_WARN, "not in the general room", WC_Z("user", r->who.user),
               WC_S("why", wc_reply_str(reply, 0)));
    welcome(r);
}

static void join_general(struct request *r)
{
    struct wc_chat *chat = r->auth->chat;
    struct wc_target target = {.direct = false, .name = wc_str(chat->options.general)};
    if (target.name.n == 0) {
        welcome(r);
        return;
    }
    struct wc_str user = wc_str(r->who.user);
    struct wc_name conv = wc_conv_name(&target, user), key = wc_conv_key(wc_name_str(&conv)), own = wc_user_key(user);
    struct wc_str name = wc_name_str(&conv), args[] = {user, user, WC_STR("system"), WC_STR("0")};
    bool noted = r->indexed || script(r->auth, WC_SCRIPT_INDEX_ADD, &own, &name, 1, ignore, NULL) == WC_OK;
    if (!noted || script(r->auth, WC_SCRIPT_ROOM_JOIN, &key, args, WC_COUNT(args), on_general, r) != WC_OK)
        welcome(r);
}

static void on_verified(void *arg, wc_err err, bool right)
{
    struct request *r = arg;
    const struct wc_chat_options *o = &r->auth->chat->options;
    if (err != WC_OK) {
        end(r, err);
        return;
    }
    right = right && r->known;
    if (right) {
        count_result(r, 'u', r->who.user, true, o->login_free);
    } else {
        count_result(r, 'u', r->who.user, false, o->login_free);
        count_result(r, 'a', r->who.address, false, o->login_address_free);
    }
    if (right && r->usable)
        join_general(r);
    else
        refuse(r);
}

/* An unknown user costs the same. */
static void verify(struct request *r)
{
    wc_err err = wc_password_verify(r->auth->chat->passwords, (struct wc_str){r->password, r->password_n},
                                    wc_buf_view(&r->phc), on_verified, r);
    if (err != WC_OK)
        end(r, err);
}

static void read_user(struct request *r, const struct wc_reply *reply)
{
    const struct wc_reply *index = wc_reply_at(reply, 8);
    char general[WC_NAME_MAX];
    snprintf(general, sizeof(general), "room/%s", r->auth->chat->options.general);
    r->known = wc_str_is(wc_reply_str(reply, 0), "ok");
    r->who.generation = wc_reply_u64(reply, 2);
    r->usable = wc_str_is(wc_reply_str(reply, 3), "1");
    r->who.admin = wc_str_is(wc_reply_str(reply, 4), "admin");
    wc_buf_str(&r->phc, wc_reply_str(reply, 6));
    for (size_t i = 0; i < wc_reply_count(index) && !r->indexed; i++)
        r->indexed = wc_str_is(wc_reply_str(index, i), general);
}

/* Three answers: may the account try, may the address, and who is it? */
static void answered(struct request *r, wc_err err)
{
    if (err != WC_OK && r->err == WC_OK)
        r->err = err;
    if (--r->answers != 0)
        return;
    if (r->err == WC_OK && r->retry_ms != 0) {
        r->auth->delayed++;
        r->err = WC_RATE_LIMITED;
    }
    if (r->err != WC_OK)
        end(r, r->err);
    else
        verify(r);
}

static void on_user(void *arg, wc_err err, const struct wc_reply *reply)
{
    if (err == WC_OK)
        read_user(arg, reply);
    answered(arg, err);
}

static void on_allowed(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct request *r = arg;
    uint64_t wait = wc_str_is(wc_reply_str(reply, 0), "rate_limited") ? wc_reply_u64(reply, 1) : 0;
    if (wait > r->retry_ms)
        r->retry_ms = wait;
    answered(r, err);
}

/* The header of a JWT begins with `{"`: "eyJ" in base64url. */
static bool looks_like_token(struct wc_str s)
{
    size_t dots = 0;
    for (size_t i = 0; i < s.n; i++)
        dots += s.p[i] == '.';
    return dots == 2 && wc_str_starts(s, WC_STR("eyJ"));
}

/* Asks all three at once; an answer that can't be asked for counts as one that failed. */
static void ask_about(struct request *r)
{
    struct wc_auth *a = r->auth;
    struct wc_name keys[] = {login_key('u', r->who.user), login_key('a', r->who.address),
                             wc_user_key(wc_str(r->who.user))};
    const enum wc_script which[] = {WC_SCRIPT_LOGIN_CHECK, WC_SCRIPT_LOGIN_CHECK, WC_SCRIPT_USER_READ};
    const wc_redis_cb cbs[] = {on_allowed, on_allowed, on_user};
    r->answers = WC_COUNT(keys);
    for (size_t i = 0; i < WC_COUNT(keys); i++)
        if (script(a, which[i], &keys[i], NULL, 0, cbs[i], r) != WC_OK)
            answered(r, WC_UNAVAILABLE);
}

void wc_auth_password(struct wc_auth *a, struct wc_str user, struct wc_str password, struct wc_str address,
                      wc_auth_cb cb, void *arg)
{
    struct request *r = begin(a, cb, arg);
    if (looks_like_token(password)) {
        check_token(r, password, &user);
        return;
    }
    if (!wc_text_user(user)) { /* can't be anybody's: nothing to find out by time */
        end(r, WC_UNAUTHENTICATED);
        return;
    }
    snprintf(r->who.user, sizeof(r->who.user), "%.*s", WC_STR_ARG(user));
    snprintf(r->who.address, sizeof(r->who.address), "%.*s", WC_STR_ARG(address));
    r->password = wc_str_dup(password);
    r->password_n = password.n;
    ask_about(r);
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
    while (a->requests != NULL)
        release(a->requests);
    while (a->cache != NULL)
        forget(a, a->cache);
    free(a);
}
