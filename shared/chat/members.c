#include "chat/answer.h"
#include "chat/handlers.h"
#include "chat/index.h"
#include "chat/rooms.h"
#include "chat/shown.h"

/* Joining and inviting: one thing, by oneself or by a member; and, over REST in the same request, giving a role. */

struct joining {
    struct wc_str user;
};

static void answer_membership(struct wc_call *call, struct wc_str role)
{
    const struct joining *j = call->state;
    wc_json_open(&call->result, NULL);
    wc_json_str(&call->result, "user", j->user);
    wc_json_str(&call->result, "role", role);
    wc_json_str(&call->result, "room", call->target.name);
    wc_json_close(&call->result);
    wc_call_done(call);
}

static void on_role(struct wc_call *call, const struct wc_reply *reply)
{
    struct wc_str role = wc_str_is(wc_reply_str(reply, 0), "ok") ? wc_reply_str(reply, 7) : WC_STR_NONE;
    answer_membership(call, role.n != 0 ? role : WC_STR("member"));
}

static void ask_role(struct wc_call *call, struct wc_str user, wc_call_step next)
{
    struct wc_str args[] = {user,
                            wc_call_user(call),
                            wc_str(call->who.via),
                            wc_call_admin(call),
                            call->args[WC_ARG_ROLE],
                            wc_call_request(call)};
    wc_call_script_any(call, WC_SCRIPT_ROOM_ROLE, wc_name_str(&call->key), args, WC_COUNT(args), next);
}

static void on_given(struct wc_call *call, const struct wc_reply *reply)
{
    if (wc_str_is(wc_reply_str(reply, 0), "ok"))
        answer_membership(call, call->args[WC_ARG_ROLE]);
    else
        wc_call_fail_reply(call, reply);
}

static void on_joined(struct wc_call *call, const struct wc_reply *reply)
{
    const struct joining *j = call->state;
    struct wc_str conv = wc_name_str(&call->conv);
    if (!wc_str_is(wc_reply_str(reply, 0), "ok")) {
        wc_index_drop(call->chat, conv, &j->user, 1);
        wc_call_fail_reply(call, reply);
        return;
    }
    wc_index_keep(call->chat, j->user, conv);
    call->created = wc_str_is(wc_reply_str(reply, 2), "joined");
    if (wc_call_has(call, WC_ARG_ROLE) && !wc_str_is(call->args[WC_ARG_ROLE], "member")) {
        ask_role(call, j->user, on_given);
        return;
    }
    if (call->created) {
        answer_membership(call, WC_STR("member"));
        return;
    }
    struct wc_str args[] = {j->user, WC_STR("0")};
    wc_call_script_any(call, WC_SCRIPT_ROOM_GET, wc_name_str(&call->key), args, WC_COUNT(args), on_role);
}

static void on_indexed(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    const struct joining *j = call->state;
    struct wc_str args[] = {j->user, wc_call_user(call), wc_str(call->who.via), wc_call_admin(call),
                            wc_call_request(call)};
    wc_call_script_any(call, WC_SCRIPT_ROOM_JOIN, wc_name_str(&call->key), args, WC_COUNT(args), on_joined);
}

static void join(struct wc_call *call, struct wc_str user)
{
    struct joining *j = wc_call_alloc(call, sizeof(*j));
    call->state = j;
    j->user = user;
    wc_index_add(call, user, wc_name_str(&call->conv), on_indexed);
}

void wc_op_room_join(struct wc_call *call)
{
    join(call, wc_call_copy(call, wc_call_user(call)));
}

/* A member's role is changed; who is none yet, is invited. Whether the caller may give the role is decided before. */
static void on_role_or_absent(struct wc_call *call, const struct wc_reply *reply)
{
    if (wc_str_is(wc_reply_str(reply, 0), "not_found"))
        join(call, call->args[WC_ARG_USER]);
    else
        on_given(call, reply);
}

/* False, and the call has failed, for the one role that nobody can have. */
static bool can_be_given(struct wc_call *call)
{
    if (!wc_is_general(call->chat, call->target.name) || !wc_str_is(call->args[WC_ARG_ROLE], "owner"))
        return true;
    wc_call_fail(call, WC_FORBIDDEN, "the room that everybody is in has no owner");
    return false;
}

static void begin_role(struct wc_call *call, wc_call_step next)
{
    struct joining *j = wc_call_alloc(call, sizeof(*j));
    call->state = j;
    j->user = call->args[WC_ARG_USER];
    if (can_be_given(call))
        ask_role(call, j->user, next);
}

void wc_op_room_invite(struct wc_call *call)
{
    if (wc_call_has(call, WC_ARG_ROLE))
        begin_role(call, on_role_or_absent);
    else
        join(call, call->args[WC_ARG_USER]);
}

void wc_op_room_role(struct wc_call *call)
{
    begin_role(call, on_given);
}

/* Leaving and kicking. */

static void on_left(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    struct wc_str user = wc_call_has(call, WC_ARG_USER) ? call->args[WC_ARG_USER] : wc_call_user(call);
    wc_index_drop(call->chat, wc_name_str(&call->conv), &user, 1);
    wc_call_done(call);
}

static void end_membership(struct wc_call *call, struct wc_str user)
{
    if (wc_is_general(call->chat, call->target.name)) {
        bool oneself = wc_str_eq(user, wc_call_user(call));
        wc_call_fail(call, WC_FORBIDDEN,
                     oneself ? "the room that everybody is in can't be left"
                             : "nobody can be kicked from the room that everybody is in");
        return;
    }
    struct wc_str args[] = {user,
                            wc_call_user(call),
                            wc_str(call->who.via),
                            wc_call_admin(call),
                            wc_call_or_empty(call, WC_ARG_REASON),
                            wc_call_request(call)};
    wc_call_script(call, WC_SCRIPT_ROOM_LEAVE, wc_name_str(&call->key), args, WC_COUNT(args), on_left);
}

void wc_op_room_leave(struct wc_call *call)
{
    end_membership(call, wc_call_user(call));
}

void wc_op_room_kick(struct wc_call *call)
{
    end_membership(call, call->args[WC_ARG_USER]);
}

/* The list of members, each with presence. */

struct members {
    struct member {
        struct wc_str user, role;
        struct wc_shown shown;
    } * v;
    size_t count;
    bool more;
    struct wc_str live;
};

static void ask(struct wc_call *call, size_t i, enum wc_script *script, struct wc_name *key, struct wc_str *args,
                size_t *nargs)
{
    const struct members *m = call->state;
    *script = WC_SCRIPT_PRESENCE_GET;
    *key = wc_user_key(m->v[i].user);
    args[0] = m->live;
    *nargs = 1;
}

static void each(struct wc_call *call, size_t i, const struct wc_reply *reply)
{
    struct member *member = &((struct members *)call->state)->v[i];
    member->shown = wc_shown_read(call, member->user, reply);
}

static void done(struct wc_call *call)
{
    const struct members *m = call->state;
    struct wc_buf *b = &call->result;
    wc_answer_open(call);
    for (size_t i = 0; i < m->count; i++) {
        wc_json_open(b, NULL);
        wc_json_str(b, "user", m->v[i].user);
        wc_json_str(b, "role", m->v[i].role);
        wc_json_str(b, "status", m->v[i].shown.status);
        wc_answer_words(b, "channels", m->v[i].shown.channels, ',');
        wc_json_close(b);
    }
    wc_answer_close_cursor(call, m->more ? m->v[m->count - 1].user : WC_STR_NONE);
    wc_call_done(call);
}

static void on_live(struct wc_call *call, struct wc_str live)
{
    static const struct wc_gather gather = {ask, each, done};
    struct members *m = call->state;
    m->live = live;
    wc_call_gather(call, m->count, &gather);
}

static void on_members(struct wc_call *call, const struct wc_reply *reply)
{
    struct members *m = call->state;
    size_t n = wc_reply_count(reply);
    m->v = wc_call_alloc(call, n * sizeof(*m->v));
    for (size_t i = 2; i + 1 < n; i += 2) {
        struct member *member = &m->v[m->count];
        member->user = wc_call_copy(call, wc_reply_str(reply, i));
        member->role = wc_call_copy(call, wc_reply_str(reply, i + 1));
        if (member->user.n <= 32)
            m->count++;
    }
    m->more = wc_reply_u64(reply, 1) == 1 && m->count != 0;
    wc_call_live(call, on_live);
}

void wc_op_room_members(struct wc_call *call)
{
    call->state = wc_call_alloc(call, sizeof(struct members));
    struct wc_str cursor;
    if (!wc_call_cursor(call, &cursor))
        return;
    char digits[20];
    struct wc_str args[] = {
        wc_call_user(call), wc_call_admin(call), cursor, {digits, wc_u64_format(wc_call_limit(call), digits)}};
    wc_call_script(call, WC_SCRIPT_ROOM_MEMBERS, wc_name_str(&call->key), args, WC_COUNT(args), on_members);
}
