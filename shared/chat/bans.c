#include "chat/answer.h"
#include "chat/handlers.h"
#include "chat/index.h"

/* Bans: who may not be in a room, until when, and why. */

/* `expires` in ms, 0 for ever. */
static void ban_json(struct wc_buf *b, struct wc_str user, struct wc_str by, struct wc_str reason, uint64_t expires)
{
    wc_json_open(b, NULL);
    wc_json_str(b, "user", user);
    wc_json_str(b, "by", by);
    wc_json_str(b, "reason", reason);
    if (expires != 0)
        wc_answer_time(b, "expires", expires);
    else
        wc_json_null(b, "expires");
    wc_json_close(b);
}

/* Banning. */

static void on_banned(struct wc_call *call, const struct wc_reply *reply)
{
    if (wc_reply_str(reply, 1).n != 0)
        wc_index_drop(call->chat, wc_name_str(&call->conv), &call->args[WC_ARG_USER], 1);
    call->created = wc_str_is(wc_reply_str(reply, 2), "banned");
    ban_json(&call->result, call->args[WC_ARG_USER], wc_call_user(call), wc_call_or_empty(call, WC_ARG_REASON),
             call->numbers[WC_ARG_EXPIRES]);
    wc_call_done(call);
}

static void on_user(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    char *digits = wc_call_alloc(call, 20);
    struct wc_str args[] = {call->args[WC_ARG_USER],
                            wc_call_user(call),
                            wc_str(call->who.via),
                            wc_call_admin(call),
                            wc_call_or_empty(call, WC_ARG_REASON),
                            wc_u64_str(call->numbers[WC_ARG_EXPIRES], digits),
                            wc_call_request(call)};
    wc_call_script(call, WC_SCRIPT_ROOM_BAN, wc_name_str(&call->key), args, WC_COUNT(args), on_banned);
}

void wc_op_room_ban(struct wc_call *call)
{
    if (wc_is_general(call->chat, call->target.name)) {
        wc_call_fail(call, WC_FORBIDDEN, "nobody can be banned from the room that everybody is in");
        return;
    }
    if (wc_str_eq(call->args[WC_ARG_USER], wc_call_user(call))) {
        wc_call_fail(call, WC_BAD_REQUEST, "user: nobody bans themselves");
        return;
    }
    struct wc_name key = wc_user_key(call->args[WC_ARG_USER]);
    wc_call_script(call, WC_SCRIPT_USER_GET, wc_name_str(&key), NULL, 0, on_user);
}

/* Lifting one. */

static void on_lifted(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    wc_call_done(call);
}

void wc_op_room_unban(struct wc_call *call)
{
    struct wc_str args[] = {call->args[WC_ARG_USER], wc_call_user(call), wc_call_admin(call), wc_call_request(call)};
    wc_call_script(call, WC_SCRIPT_ROOM_UNBAN, wc_name_str(&call->key), args, WC_COUNT(args), on_lifted);
}

/* The list of them. */

/* `<expiry ms, 0 for ever> <by> <reason>`: the reason is all the rest. */
static void add_ban(struct wc_buf *b, struct wc_str user, struct wc_str ban)
{
    struct wc_str expiry, by;
    uint64_t expires = 0;
    if (!wc_next_word(&ban, ' ', &expiry) || !wc_str_u64(expiry, UINT64_MAX, &expires) || !wc_next_word(&ban, ' ', &by))
        return;
    ban_json(b, user, by, wc_str_from(ban, 1), expires);
}

static void on_bans(struct wc_call *call, const struct wc_reply *reply)
{
    size_t n = wc_reply_count(reply);
    wc_answer_open(call);
    for (size_t i = 2; i + 1 < n; i += 2)
        add_ban(&call->result, wc_reply_str(reply, i), wc_reply_str(reply, i + 1));
    wc_answer_close_cursor(call, wc_reply_u64(reply, 1) == 1 ? wc_reply_str(reply, n - 2) : WC_STR_NONE);
    wc_call_done(call);
}

void wc_op_room_bans(struct wc_call *call)
{
    struct wc_str cursor;
    if (!wc_call_cursor(call, &cursor))
        return;
    char digits[20];
    struct wc_str args[] = {wc_call_user(call), wc_call_admin(call), cursor, wc_u64_str(wc_call_limit(call), digits)};
    wc_call_script(call, WC_SCRIPT_ROOM_BANS, wc_name_str(&call->key), args, WC_COUNT(args), on_bans);
}
