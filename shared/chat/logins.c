#include "base/clock.h"
#include "chat/answer.h"
#include "chat/handlers.h"

/* Families of refresh tokens: a login begins one, each use of its token makes the next. */

static const struct wc_str FAMILIES_MAX = {"100", 3};
enum { FAMILY = 16 };

struct login {
    struct wc_claims claims;
    struct wc_name key;
    struct wc_buf refresh; /* of the call's memory */
    char lifetime[20];
    bool everywhere;
};

static struct login *login_new(struct wc_call *call, struct wc_str user, struct wc_str family)
{
    struct login *l = wc_call_alloc(call, sizeof(*l));
    call->state = l;
    memcpy(l->claims.user, user.p, user.n);
    memcpy(l->claims.family, family.p, family.n);
    l->key = wc_user_key(user);
    return l;
}

static struct wc_str lifetime(struct wc_call *call, struct login *l)
{
    return (struct wc_str){l->lifetime, wc_u64_format(call->chat->options.refresh_lifetime_ms, l->lifetime)};
}

/* Makes the family's next refresh token. */
static struct wc_str next_token(struct wc_call *call, const struct login *l)
{
    struct wc_buf token = WC_BUF_INIT;
    wc_refresh_make(wc_str(l->claims.user), wc_str(l->claims.family), &token);
    struct wc_str copy = wc_call_copy(call, wc_buf_view(&token));
    wc_buf_free(&token);
    return copy;
}

static struct wc_str digest_of(struct wc_call *call, struct wc_str token)
{
    struct wc_refresh parsed;
    return wc_refresh_parse(token, &parsed) == WC_OK ? wc_call_copy(call, wc_str(parsed.digest)) : WC_STR("");
}

/* The reply of refresh_begin and refresh_rotate. */
static void on_tokens(struct wc_call *call, const struct wc_reply *reply)
{
    struct login *l = call->state;
    l->claims.generation = wc_reply_u64(reply, 1);
    l->claims.admin = wc_str_is(wc_reply_str(reply, 2), "admin");
    struct wc_buf access = WC_BUF_INIT, *b = &call->result;
    if (wc_tokens_sign(call->chat->tokens, &l->claims, &access) != WC_OK) {
        wc_call_fail(call, WC_UNAVAILABLE, "the token could not be signed");
        return;
    }
    wc_json_open(b, NULL);
    wc_json_str(b, "access_token", wc_buf_view(&access));
    wc_json_str(b, "token_type", WC_STR("Bearer"));
    wc_json_u64(b, "expires_in", call->chat->options.token_lifetime_ms / 1000);
    wc_json_str(b, "refresh_token", wc_buf_view(&l->refresh));
    wc_json_close(b);
    wc_buf_free(&access);
    wc_call_done(call);
}

static void hand_out(struct login *l, struct wc_str token)
{
    l->refresh = (struct wc_buf){(char *)token.p, token.n, 0};
}

static void begin_family(struct wc_call *call)
{
    char family[FAMILY];
    wc_random_name(family, FAMILY);
    struct login *l = login_new(call, call->args[WC_ARG_USER], (struct wc_str){family, FAMILY});
    struct wc_str token = next_token(call, l), address = wc_str(call->who.address);
    hand_out(l, token);
    struct wc_str args[] = {wc_str(l->claims.family), digest_of(call, token),
                            lifetime(call, l),        address.n != 0 ? address : WC_STR("-"),
                            wc_str(call->who.via),    FAMILIES_MAX};
    wc_call_script(call, WC_SCRIPT_REFRESH_BEGIN, wc_name_str(&l->key), args, WC_COUNT(args), on_tokens);
}

/* An access token in the place of a password is for sessions; it does not buy a longer life. */
static void on_checked(void *arg, wc_err err, const struct wc_identity *who, uint64_t retry_ms)
{
    struct wc_call *call = arg;
    if (err == WC_OK && who->family[0] != '\0')
        err = WC_UNAUTHENTICATED;
    if (err == WC_OK) {
        begin_family(call);
        return;
    }
    wc_call_fail(call, err,
                 err == WC_UNAUTHENTICATED ? "the user or the password is wrong"
                 : err == WC_RATE_LIMITED  ? "too many failed logins; try again later"
                                           : NULL);
    if (retry_ms != 0)
        call->failure.retry_ms = retry_ms;
}

void wc_op_auth_token(struct wc_call *call)
{
    wc_auth_password(call->chat->auth, call->args[WC_ARG_USER], call->args[WC_ARG_PASSWORD], wc_str(call->who.address),
                     on_checked, call);
}

void wc_op_auth_refresh(struct wc_call *call)
{
    struct wc_refresh given;
    if (wc_refresh_parse(call->args[WC_ARG_REFRESH_TOKEN], &given) != WC_OK) {
        wc_call_fail(call, WC_UNAUTHENTICATED, "this is no refresh token");
        return;
    }
    struct login *l = login_new(call, given.user, given.family);
    struct wc_str token = next_token(call, l);
    hand_out(l, token);
    struct wc_str args[] = {wc_str(l->claims.family), wc_str(given.digest), digest_of(call, token), lifetime(call, l)};
    wc_call_script(call, WC_SCRIPT_REFRESH_ROTATE, wc_name_str(&l->key), args, WC_COUNT(args), on_tokens);
}

/* Logging out. */

static struct wc_str login_user(const struct wc_call *call)
{
    const struct login *l = call->state;
    return l != NULL ? wc_str(l->claims.user) : wc_call_user(call);
}

static void on_ended(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    wc_account_touched(call, login_user(call));
    wc_call_done(call);
}

static void end_all(struct wc_call *call, struct wc_str user_key)
{
    struct wc_str args[] = {WC_STR("*"), WC_STR("")};
    wc_call_script(call, WC_SCRIPT_REFRESH_END, user_key, args, WC_COUNT(args), on_ended);
}

static void on_family_ended(struct wc_call *call, const struct wc_reply *reply)
{
    const struct login *l = call->state;
    if (!l->everywhere)
        on_ended(call, reply);
    else if (wc_reply_u64(reply, 1) == 1)
        end_all(call, wc_name_str(&l->key));
    else
        wc_call_fail(call, WC_UNAUTHENTICATED, "this refresh token is not valid any more");
}

static void logout_by_token(struct wc_call *call, bool everywhere)
{
    struct wc_refresh given;
    if (wc_refresh_parse(call->args[WC_ARG_REFRESH_TOKEN], &given) != WC_OK) {
        wc_call_fail(call, WC_UNAUTHENTICATED, "this is no refresh token");
        return;
    }
    struct login *l = login_new(call, given.user, given.family);
    l->everywhere = everywhere && !wc_str_eq(given.user, wc_call_user(call));
    if (everywhere && !l->everywhere) {
        end_all(call, wc_name_str(&l->key));
        return;
    }
    struct wc_str args[] = {wc_str(l->claims.family), wc_str(given.digest)};
    wc_call_script(call, WC_SCRIPT_REFRESH_END, wc_name_str(&l->key), args, WC_COUNT(args), on_family_ended);
}

void wc_op_auth_logout(struct wc_call *call)
{
    bool everywhere = call->numbers[WC_ARG_EVERYWHERE] != 0;
    if (wc_call_has(call, WC_ARG_REFRESH_TOKEN)) {
        logout_by_token(call, everywhere);
        return;
    }
    if (call->who.anonymous) {
        wc_call_fail(call, WC_UNAUTHENTICATED, "an access token or a refresh_token is needed");
        return;
    }
    struct wc_name key = wc_user_key(wc_call_user(call));
    struct wc_str args[] = {wc_str(call->who.family), WC_STR("")};
    if (everywhere)
        end_all(call, wc_name_str(&key));
    else
        wc_call_script(call, WC_SCRIPT_REFRESH_END, wc_name_str(&key), args, WC_COUNT(args), on_ended);
}

void wc_op_auth_jwks(struct wc_call *call)
{
    wc_tokens_jwks(call->chat->tokens, &call->result);
    wc_call_done(call);
}

/* The list of sessions: logins, and connections of workers that live. */

/* `<worker>/<channel>/<n>` → `<since ms> <address>` */
static void connection_json(struct wc_call *call, struct wc_str id, struct wc_str text)
{
    struct wc_str rest = id, worker, channel, since, address = WC_STR_NONE, live = wc_str(call->state);
    uint64_t ms;
    bool alive = false;
    if (!wc_next_word(&rest, '/', &worker) || !wc_next_word(&rest, '/', &channel) ||
        !wc_next_word(&text, ' ', &since) || !wc_str_u64(since, UINT64_MAX, &ms))
        return;
    for (struct wc_str word; !alive && wc_next_word(&live, ' ', &word);)
        alive = wc_str_eq(word, worker);
    if (!alive)
        return;
    struct wc_buf *b = &call->result;
    wc_json_open(b, NULL);
    wc_json_str(b, "id", id);
    wc_json_str(b, "kind", WC_STR("connection"));
    wc_json_str(b, "channel", channel);
    wc_answer_time(b, "since", ms);
    if (wc_next_word(&text, ' ', &address) && !wc_str_is(address, "-"))
        wc_json_str(b, "address", address);
    wc_json_bool(b, "current", wc_str_is(id, call->who.session));
    wc_json_close(b);
}

/* `<digest> <digest before or -> <since ms> <used ms> <expires ms> <address> <agent>` */
static void login_json(struct wc_call *call, struct wc_str id, struct wc_str text)
{
    struct wc_str word[6];
    uint64_t ms[3];
    for (size_t i = 0; i < WC_COUNT(word); i++)
        if (!wc_next_word(&text, ' ', &word[i]))
            return;
    for (size_t i = 0; i < WC_COUNT(ms); i++)
        if (!wc_str_u64(word[i + 2], UINT64_MAX, &ms[i]))
            return;
    if (ms[2] <= wc_wall_ms())
        return;
    struct wc_buf *b = &call->result;
    wc_json_open(b, NULL);
    wc_json_str(b, "id", id);
    wc_json_str(b, "kind", WC_STR("login"));
    wc_answer_time(b, "since", ms[0]);
    wc_answer_time(b, "used", ms[1]);
    wc_answer_time(b, "expires", ms[2]);
    if (!wc_str_is(word[5], "-"))
        wc_json_str(b, "address", word[5]);
    if (text.n > 1)
        wc_json_str(b, "agent", wc_str_from(text, 1));
    wc_json_bool(b, "current", wc_str_is(id, call->who.family));
    wc_json_close(b);
}

static void on_sessions(struct wc_call *call, const struct wc_reply *reply)
{
    const struct wc_reply *connections = wc_reply_at(reply, 5), *logins = wc_reply_at(reply, 6);
    wc_answer_open(call);
    for (size_t i = 0; i + 1 < wc_reply_count(logins); i += 2)
        login_json(call, wc_reply_str(logins, i), wc_reply_str(logins, i + 1));
    for (size_t i = 0; i + 1 < wc_reply_count(connections); i += 2)
        connection_json(call, wc_reply_str(connections, i), wc_reply_str(connections, i + 1));
    wc_answer_close(call, WC_STR_NONE);
    wc_call_done(call);
}

static void on_live(struct wc_call *call, struct wc_str live)
{
    call->state = (void *)live.p; /* a copy of the call's, with a NUL behind it */
    struct wc_name key = wc_user_key(wc_call_user(call));
    wc_call_script(call, WC_SCRIPT_USER_GET, wc_name_str(&key), NULL, 0, on_sessions);
}

void wc_op_account_sessions(struct wc_call *call)
{
    wc_call_live(call, on_live);
}

static void on_login_ended(struct wc_call *call, const struct wc_reply *reply)
{
    if (wc_reply_u64(reply, 1) == 1)
        on_ended(call, reply);
    else
        wc_call_fail(call, WC_NOT_FOUND, "no such session");
}

void wc_op_account_session_end(struct wc_call *call)
{
    struct wc_name key = wc_user_key(wc_call_user(call));
    struct wc_str id = call->args[WC_ARG_ID], args[] = {id, WC_STR("")};
    if (id.n == 0 || wc_str_is(id, "*"))
        wc_call_fail(call, WC_NOT_FOUND, "no such session");
    else if (memchr(id.p, '/', id.n) != NULL)
        wc_call_script(call, WC_SCRIPT_SESSION_KICK, wc_name_str(&key), args, 1, on_ended);
    else
        wc_call_script(call, WC_SCRIPT_REFRESH_END, wc_name_str(&key), args, WC_COUNT(args), on_login_ended);
}
