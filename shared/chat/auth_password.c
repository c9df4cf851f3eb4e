#include "base/text.h"
#include "chat/auth_private.h"
#include "chat/index.h"

#include <arpa/inet.h>
#include <stdio.h>

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

static void count_result(struct wc_auth_request *r, char kind, const char *who, bool good, uint64_t free_of_delay)
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

/* `who` as failures are counted: a host with IPv6 has 64 bits of its addresses to choose, so they all are one. */
static void read_origin(const char *address, char out[48])
{
    struct in6_addr six;
    snprintf(out, 48, "%s", address);
    if (inet_pton(AF_INET6, address, &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six))
        return;
    memset(six.s6_addr + 8, 0, 8);
    inet_ntop(AF_INET6, &six, out, 48);
}

static void refuse(struct wc_auth_request *r)
{
    struct wc_auth *a = r->auth;
    a->refused++;
    wc_log(a->chat->log, WC_INFO, "login refused", WC_Z("user", r->who.user), WC_Z("addr", r->who.address));
    wc_auth_end(r, WC_UNAUTHENTICATED);
}

static void welcome(struct wc_auth_request *r)
{
    r->auth->logins++;
    wc_auth_end(r, WC_OK);
}

/* What can't be done now is done at the next login. */
static void on_general(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_auth_request *r = arg;
    struct wc_chat *chat = r->auth->chat;
    struct wc_target general = {.direct = false, .name = wc_str(chat->options.general)};
    struct wc_name conv = wc_conv_name(&general, WC_STR(""));
    if (err == WC_OK && wc_str_is(wc_reply_str(reply, 2), "joined"))
        wc_index_keep(chat, wc_str(r->who.user), wc_name_str(&conv));
    else if (err == WC_OK && !wc_str_is(wc_reply_str(reply, 0), "ok"))
        wc_log(chat->log, WC_WARN, "not in the general room", WC_Z("user", r->who.user),
               WC_S("why", wc_reply_str(reply, 0)));
    welcome(r);
}

static void join_general(struct wc_auth_request *r)
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

/* One of the answers to what was asked at once. */
static void answered(struct wc_auth_request *r, wc_err err)
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
        wc_auth_end(r, r->err);
    else
        r->then(r);
}

static void on_allowed(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_auth_request *r = arg;
    uint64_t wait = wc_str_is(wc_reply_str(reply, 0), "rate_limited") ? wc_reply_u64(reply, 1) : 0;
    if (wait > r->retry_ms)
        r->retry_ms = wait;
    answered(r, err);
}

/* May the account try, and may the address? Two answers; what can't be asked counts as one that failed. */
static void ask_allowed(struct wc_auth_request *r)
{
    const struct wc_name keys[] = {login_key('u', r->who.user), login_key('a', r->origin)};
    for (size_t i = 0; i < WC_COUNT(keys); i++)
        if (script(r->auth, WC_SCRIPT_LOGIN_CHECK, &keys[i], NULL, 0, on_allowed, r) != WC_OK)
            answered(r, WC_UNAVAILABLE);
}

static void decide(struct wc_auth_request *r)
{
    if (r->right)
        count_result(r, 'u', r->who.user, true, r->auth->chat->options.login_free);
    if (r->right && r->usable)
        join_general(r);
    else
        refuse(r);
}

/* Others may have failed while this one was under way, so that by now it would not be let in: then it is not told
 * whether it was right, or many guesses at once would buy what one after the other does not. */
static void on_verified(void *arg, wc_err err, bool right)
{
    struct wc_auth_request *r = arg;
    const struct wc_chat_options *o = &r->auth->chat->options;
    if (err != WC_OK) {
        wc_auth_end(r, err);
        return;
    }
    r->right = right && r->known;
    r->answers = 2;
    r->then = decide;
    ask_allowed(r);
    if (r->right)
        return;
    count_result(r, 'u', r->who.user, false, o->login_free);
    count_result(r, 'a', r->origin, false, o->login_address_free);
}

/* An unknown user costs the same. */
static void verify(struct wc_auth_request *r)
{
    wc_err err = wc_password_verify(r->auth->chat->passwords, (struct wc_str){r->password, r->password_n},
                                    wc_buf_view(&r->phc), on_verified, r);
    if (err != WC_OK)
        wc_auth_end(r, err);
}

static void read_user(struct wc_auth_request *r, const struct wc_reply *reply)
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

static void on_user(void *arg, wc_err err, const struct wc_reply *reply)
{
    if (err == WC_OK)
        read_user(arg, reply);
    answered(arg, err);
}

/* The header of a JWT begins with `{"`: "eyJ" in base64url. */
static bool looks_like_token(struct wc_str s)
{
    size_t dots = 0;
    for (size_t i = 0; i < s.n; i++)
        dots += s.p[i] == '.';
    return dots == 2 && wc_str_starts(s, WC_STR("eyJ"));
}

/* May they try, and who is it? All at once. */
static void ask_about(struct wc_auth_request *r)
{
    const struct wc_name key = wc_user_key(wc_str(r->who.user));
    r->answers = 3;
    r->then = verify;
    ask_allowed(r);
    if (script(r->auth, WC_SCRIPT_USER_READ, &key, NULL, 0, on_user, r) != WC_OK)
        answered(r, WC_UNAVAILABLE);
}

void wc_auth_password(struct wc_auth *a, struct wc_str user, struct wc_str password, struct wc_str address,
                      wc_auth_cb cb, void *arg)
{
    struct wc_auth_request *r = wc_auth_begin(a, cb, arg);
    if (looks_like_token(password)) {
        wc_auth_check_token(r, password, &user);
        return;
    }
    if (!wc_text_user(user)) { /* can't be anybody's: nothing to find out by time */
        wc_auth_end(r, WC_UNAUTHENTICATED);
        return;
    }
    snprintf(r->who.user, sizeof(r->who.user), "%.*s", WC_STR_ARG(user));
    snprintf(r->who.address, sizeof(r->who.address), "%.*s", WC_STR_ARG(address));
    read_origin(r->who.address, r->origin);
    r->password = wc_str_dup(password);
    r->password_n = password.n;
    ask_about(r);
}
