#include "chat/durable.h"
#include "chat/entry.h"
#include "chat/handlers.h"
#include "chat/mentions.h"

/* What is done to a message after it was posted: edits, deletion, reactions. */

/* The limits of posts hold for these too. */
static void add_limits(struct wc_call *call, struct wc_str *args)
{
    const struct wc_chat_options *o = &call->chat->options;
    args[0] = wc_u64_str(o->post_rate, wc_call_alloc(call, 20));
    args[1] = wc_u64_str(o->post_burst, wc_call_alloc(call, 20));
}

/* Editing. */

static void on_edited(struct wc_call *call, const struct wc_reply *reply)
{
    struct wc_str conv = wc_name_str(&call->conv);
    struct wc_event *ev = wc_event_of_entry(conv, wc_reply_at(reply, 2));
    if (ev == NULL) {
        wc_call_fail(call, WC_UNAVAILABLE, NULL);
        return;
    }
    wc_event_item(ev, wc_conv_side(conv, wc_call_user(call)), &call->result);
    wc_event_unref(ev);
    wc_call_durable(call);
}

void wc_op_message_edit(struct wc_call *call)
{
    char *mentions = wc_call_alloc(call, WC_MENTIONS_SIZE);
    struct wc_str text = call->args[WC_ARG_TEXT];
    struct wc_str args[8] = {wc_call_user(call),
                             wc_str(call->who.via),
                             call->args[WC_ARG_ID],
                             text,
                             {mentions, wc_mentions(text, mentions)}};
    add_limits(call, args + 5);
    args[7] = wc_call_request(call);
    wc_call_script(call, WC_SCRIPT_MESSAGE_EDIT, wc_name_str(&call->key), args, WC_COUNT(args), on_edited);
}

/* Deleting. */

static void on_deleted(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    wc_call_durable(call);
}

void wc_op_message_delete(struct wc_call *call)
{
    struct wc_str args[] = {wc_call_user(call), wc_str(call->who.via), wc_call_admin(call), call->args[WC_ARG_ID],
                            wc_call_request(call)};
    wc_call_script(call, WC_SCRIPT_MESSAGE_DELETE, wc_name_str(&call->key), args, WC_COUNT(args), on_deleted);
}

/* Reacting. */

static void on_reacted(struct wc_call *call, const struct wc_reply *reply)
{
    wc_json_open(&call->result, NULL);
    wc_json_str(&call->result, "id", call->args[WC_ARG_ID]);
    wc_json_str(&call->result, "reaction", call->args[WC_ARG_REACTION]);
    wc_json_u64(&call->result, "count", wc_reply_u64(reply, 2));
    wc_json_close(&call->result);
    wc_call_durable(call);
}

static void react(struct wc_call *call, const char *add)
{
    struct wc_str args[8] = {wc_call_user(call), wc_str(call->who.via), call->args[WC_ARG_ID],
                             call->args[WC_ARG_REACTION], wc_str(add)};
    add_limits(call, args + 5);
    args[7] = wc_call_request(call);
    wc_call_script(call, WC_SCRIPT_REACTION, wc_name_str(&call->key), args, WC_COUNT(args), on_reacted);
}

void wc_op_reaction_add(struct wc_call *call)
{
    react(call, "1");
}

void wc_op_reaction_remove(struct wc_call *call)
{
    react(call, "0");
}
