#include "chat/answer.h"
#include "chat/handlers.h"
#include "chat/index.h"
#include "chat/people.h"
#include "chat/session.h"

/* Registration. */

struct registration {
    struct wc_str user, display_name, phc;
    struct wc_name key, conv; /* of the user; of the general room */
};

static void profile_json(struct wc_call *call, struct wc_str user, const struct wc_reply *reply)
{
    struct wc_buf *b = &call->result;
    wc_json_open(b, NULL);
    wc_json_str(b, "user", user);
    wc_json_str(b, "display_name", wc_reply_str(reply, 1));
    wc_json_str(b, "role", wc_reply_str(reply, 2));
    wc_answer_time(b, "created", wc_reply_u64(reply, 3));
    wc_json_close(b);
}

static void on_registered(struct wc_call *call, const struct wc_reply *reply)
{
    const struct registration *r = call->state;
    profile_json(call, r->user, reply);
    call->created = true;
    wc_call_done(call);
}

static void answer_registered(struct wc_call *call)
{
    const struct registration *r = call->state;
    wc_call_script(call, WC_SCRIPT_USER_GET, wc_name_str(&r->key), NULL, 0, on_registered);
}

/* The account is there whatever became of this; the next login tries again. */
static void on_in_general(struct wc_call *call, const struct wc_reply *reply)
{
    const struct registration *r = call->state;
    if (wc_str_is(wc_reply_str(reply, 0), "ok"))
        wc_index_keep(call->chat, r->user, wc_name_str(&r->conv));
    else
        wc_log(call->chat->log, WC_WARN, "not in the general room", WC_S("user", r->user),
               WC_S("why", wc_reply_str(reply, 0)));
    answer_registered(call);
}

static void on_general_noted(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    const struct registration *r = call->state;
    struct wc_name key = wc_conv_key(wc_name_str(&r->conv));
    struct wc_str args[] = {r->user, r->user, wc_str(call->who.via), WC_STR("0")};
    wc_call_script_any(call, WC_SCRIPT_ROOM_JOIN, wc_name_str(&key), args, WC_COUNT(args), on_in_general);
}

static void on_account(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    struct registration *r = call->state;
    struct wc_target general = {.direct = false, .name = wc_str(call->chat->options.general)};
    if (general.name.n == 0) {
        answer_registered(call);
        return;
    }
    r->conv = wc_conv_name(&general, r->user);
    wc_index_add(call, r->user, wc_name_str(&r->conv), on_general_noted);
}

static void on_hashed(void *arg, wc_err err, const char *phc)
{
    struct wc_call *call = arg;
    struct registration *r = call->state;
    if (err != WC_OK) {
        wc_call_fail(call, err, NULL);
        return;
    }
    r->phc = wc_call_copy(call, wc_str(phc));
    bool admin = wc_str_is(r->user, call->chat->options.admin);
    struct wc_str args[] = {r->display_name, r->phc, admin ? WC_STR("admin") : WC_STR("user")};
    wc_call_script(call, WC_SCRIPT_ACCOUNT_CREATE, wc_name_str(&r->key), args, WC_COUNT(args), on_account);
}

static void hash(struct wc_call *call, enum wc_arg password, void (*cb)(void *arg, wc_err err, const char *phc))
{
    wc_err err = wc_password_hash(call->chat->passwords, call->args[password], cb, call);
    if (err != WC_OK)
        wc_call_fail(call, err, "too many passwords are being checked");
}

/* A look before the work of a hash; the script decides. */
static void on_looked(struct wc_call *call, const struct wc_reply *reply)
{
    if (wc_reply_int(reply) != 0)
        wc_call_fail(call, WC_CONFLICT, "this handle is taken");
    else
        hash(call, WC_ARG_PASSWORD, on_hashed);
}

void wc_op_account_register(struct wc_call *call)
{
    if (!call->chat->options.registration) {
        wc_call_fail(call, WC_FORBIDDEN, "registration is closed");
        return;
    }
    if (wc_str_is(call->args[WC_ARG_USER], "register")) {
        wc_call_fail(call, WC_CONFLICT, "this handle can't be had: at a login over telnet the word makes an account");
        return;
    }
    struct registration *r = wc_call_alloc(call, sizeof(*r));
    call->state = r;
    r->user = call->args[WC_ARG_USER];
    r->key = wc_user_key(r->user);
    r->display_name = call->args[WC_ARG_DISPLAY_NAME].n != 0 ? call->args[WC_ARG_DISPLAY_NAME] : r->user;
    struct wc_str argv[] = {WC_STR("EXISTS"), wc_name_str(&r->key)};
    wc_call_command(call, argv, WC_COUNT(argv), on_looked);
}

/* One's own account, and others' profiles. */

static void on_own(struct wc_call *call, const struct wc_reply *reply)
{
    profile_json(call, wc_call_user(call), reply);
    wc_call_done(call);
}

void wc_op_account_get(struct wc_call *call)
{
    struct wc_name key = wc_user_key(wc_call_user(call));
    wc_call_script(call, WC_SCRIPT_USER_GET, wc_name_str(&key), NULL, 0, on_own);
}

static void on_changed(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    wc_op_account_get(call);
}

void wc_op_account_update(struct wc_call *call)
{
    struct wc_name key = wc_user_key(wc_call_user(call));
    struct wc_str name = call->args[WC_ARG_DISPLAY_NAME];
    struct wc_str args[] = {WC_STR("display_name"), name.n != 0 ? name : wc_call_user(call)};
    wc_call_script(call, WC_SCRIPT_ACCOUNT_UPDATE, wc_name_str(&key), args, WC_COUNT(args), on_changed);
}

static void on_profile(struct wc_call *call, const struct wc_reply *reply)
{
    struct wc_buf *b = &call->result;
    wc_json_open(b, NULL);
    wc_json_str(b, "user", call->args[WC_ARG_USER]);
    wc_json_str(b, "display_name", wc_reply_str(reply, 1));
    if (wc_str_is(wc_reply_str(reply, 2), "admin"))
        wc_json_str(b, "role", WC_STR("admin"));
    wc_answer_time(b, "created", wc_reply_u64(reply, 3));
    wc_json_close(b);
    wc_call_done(call);
}

void wc_op_user_get(struct wc_call *call)
{
    struct wc_name key = wc_user_key(call->args[WC_ARG_USER]);
    wc_call_script(call, WC_SCRIPT_USER_GET, wc_name_str(&key), NULL, 0, on_profile);
}

/* Proving once more that one knows the password. */

typedef void (*proved_step)(struct wc_call *call);

static void on_proved(void *arg, wc_err err, const struct wc_identity *who, uint64_t retry_ms)
{
    struct wc_call *call = arg;
    proved_step next = *(proved_step *)call->state;
    if (err == WC_OK && who->family[0] == '\0') {
        next(call);
        return;
    }
    bool wrong = err == WC_OK || err == WC_UNAUTHENTICATED;
    wc_call_fail(call, wrong ? WC_FORBIDDEN : err, wrong ? "the password is wrong" : NULL);
    if (retry_ms != 0)
        call->failure.retry_ms = retry_ms;
}

static void prove(struct wc_call *call, proved_step next)
{
    proved_step *state = wc_call_alloc(call, sizeof(*state));
    *state = next;
    call->state = state;
    wc_auth_password(call->chat->auth, wc_call_user(call), call->args[WC_ARG_PASSWORD], wc_str(call->who.address),
                     on_proved, call);
}

/* A new password. */

/* The session that asked goes on, though its login was with the old password. It is told before the account is read
 * again: the news that says so too comes on another connection, maybe later, maybe never. */
static void keep_asking(struct wc_call *call, uint64_t generation)
{
    struct wc_user *user = wc_user_get(call->chat->people, wc_call_user(call));
    for (struct wc_session *s = user->sessions; s != NULL; s = s->next_of_user) {
        char space[sizeof(call->who.session)];
        struct wc_buf ref = {space, 0, sizeof(space)};
        wc_session_ref(call->chat, s, &ref);
        if (wc_str_is(wc_buf_view(&ref), call->who.session))
            s->generation = generation;
    }
    wc_user_unref(user);
}

static void on_password_set(struct wc_call *call, const struct wc_reply *reply)
{
    keep_asking(call, wc_reply_u64(reply, 1));
    wc_account_touched(call, wc_call_user(call));
    wc_call_done(call);
}

static void on_new_hashed(void *arg, wc_err err, const char *phc)
{
    struct wc_call *call = arg;
    if (err != WC_OK) {
        wc_call_fail(call, err, NULL);
        return;
    }
    struct wc_name key = wc_user_key(wc_call_user(call));
    struct wc_str args[] = {wc_str(phc), wc_str(call->who.family), wc_str(call->who.session)};
    wc_call_script(call, WC_SCRIPT_ACCOUNT_PASSWORD, wc_name_str(&key), args, WC_COUNT(args), on_password_set);
}

static void set_password(struct wc_call *call)
{
    hash(call, WC_ARG_NEW_PASSWORD, on_new_hashed);
}

void wc_op_account_password(struct wc_call *call)
{
    prove(call, set_password);
}

/* Deleting: the account first, then, one by one, what it was part of. */

struct leaving {
    struct wc_str *convs;
    size_t n;
};

static void on_unindexed(struct wc_call *call, size_t i, const struct wc_reply *reply)
{
    (void)call;
    (void)i;
    (void)reply;
}

static void ask_leave(struct wc_call *call, size_t i, enum wc_script *script, struct wc_name *key, struct wc_str *args,
                      size_t *nargs)
{
    const struct leaving *l = call->state;
    *key = wc_conv_key(l->convs[i]);
    args[0] = args[1] = wc_call_user(call);
    if (wc_conv_direct(l->convs[i])) {
        *script = WC_SCRIPT_DM_CLOSE;
        *nargs = 1;
        return;
    }
    *script = WC_SCRIPT_ROOM_LEAVE;
    args[2] = wc_str(call->who.via);
    args[3] = WC_STR("0");
    args[4] = WC_STR("");
    args[5] = wc_call_request(call);
    *nargs = 6;
}

static void ask_unindex(struct wc_call *call, size_t i, enum wc_script *script, struct wc_name *key,
                        struct wc_str *args, size_t *nargs)
{
    const struct leaving *l = call->state;
    *script = WC_SCRIPT_INDEX_REMOVE;
    *key = wc_user_key(wc_call_user(call));
    args[0] = l->convs[i];
    *nargs = 1;
}

static void on_gone(struct wc_call *call)
{
    static const struct wc_gather unindex = {ask_unindex, on_unindexed, wc_call_done};
    wc_call_gather(call, ((struct leaving *)call->state)->n, &unindex);
}

static void take_convs(struct wc_call *call, const struct wc_reply *names)
{
    struct leaving *l = call->state;
    l->convs = wc_call_alloc(call, wc_reply_count(names) * sizeof(*l->convs));
    l->n = 0;
    for (size_t i = 0; i < wc_reply_count(names); i++) {
        struct wc_str name = wc_reply_str(names, i);
        bool known = wc_str_starts(name, WC_STR("room/")) || wc_str_starts(name, WC_STR("dm/"));
        if (known && name.n < WC_NAME_MAX - 12)
            l->convs[l->n++] = wc_call_copy(call, name);
    }
}

/* Not found: another request was first, or this one after its answer was lost; what was read before is left then. */
static void on_deleted(struct wc_call *call, const struct wc_reply *reply)
{
    static const struct wc_gather leave = {ask_leave, on_unindexed, on_gone};
    if (wc_str_is(wc_reply_str(reply, 0), "ok"))
        take_convs(call, wc_reply_at(reply, 1));
    wc_account_touched(call, wc_call_user(call));
    wc_call_gather(call, ((struct leaving *)call->state)->n, &leave);
}

static void on_index(struct wc_call *call, const struct wc_reply *reply)
{
    call->state = wc_call_alloc(call, sizeof(struct leaving));
    take_convs(call, reply);
    struct wc_name key = wc_user_key(wc_call_user(call));
    struct wc_str what = WC_STR("delete");
    wc_call_script_any(call, WC_SCRIPT_ACCOUNT_STATE, wc_name_str(&key), &what, 1, on_deleted);
}

static void delete_account(struct wc_call *call)
{
    wc_index_read(call, wc_call_user(call), false, on_index);
}

void wc_op_account_delete(struct wc_call *call)
{
    if (wc_call_has(call, WC_ARG_PASSWORD))
        prove(call, delete_account);
    else
        delete_account(call);
}
