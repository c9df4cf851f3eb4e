#include "chat/operations.h"

#include "chat/handlers.h"

#define TARGET                                                                                                         \
    {                                                                                                                  \
        "target", WC_ARG_TARGET, WC_RULE_TARGET, true                                                                  \
    }
#define ROOM_TARGET                                                                                                    \
    {                                                                                                                  \
        "target", WC_ARG_TARGET, WC_RULE_ROOM_TARGET, true                                                             \
    }
#define PAGE                                                                                                           \
    {"limit", WC_ARG_LIMIT, WC_RULE_LIMIT, false},                                                                     \
    {                                                                                                                  \
        "cursor", WC_ARG_CURSOR, WC_RULE_CURSOR, false                                                                 \
    }

/* Where `id` is an argument, the request form, whose own `id` names the request, takes it by its other name. */
#define MESSAGE_ID                                                                                                     \
    {"id", WC_ARG_ID, WC_RULE_ID, true},                                                                               \
    {                                                                                                                  \
        "message_id", WC_ARG_ID, WC_RULE_ID, false                                                                     \
    }

/* clang-format off */
const struct wc_op wc_ops[] = {
    {"account.register", WC_OP_ANYBODY, wc_op_account_register, {
        {"user", WC_ARG_USER, WC_RULE_USER, true},
        {"password", WC_ARG_PASSWORD, WC_RULE_PASSWORD, true},
        {"display_name", WC_ARG_DISPLAY_NAME, WC_RULE_SHORT, false}}},
    {"auth.token", WC_OP_ANYBODY, wc_op_auth_token, {
        {"user", WC_ARG_USER, WC_RULE_USER, true},
        {"password", WC_ARG_PASSWORD, WC_RULE_SECRET, true}}},
    {"auth.refresh", WC_OP_ANYBODY, wc_op_auth_refresh, {
        {"refresh_token", WC_ARG_REFRESH_TOKEN, WC_RULE_SECRET, true}}},
    {"auth.logout", WC_OP_ANYBODY, wc_op_auth_logout, {
        {"refresh_token", WC_ARG_REFRESH_TOKEN, WC_RULE_SECRET, false},
        {"everywhere", WC_ARG_EVERYWHERE, WC_RULE_FLAG, false}}},
    {"auth.jwks", WC_OP_ANYBODY, wc_op_auth_jwks, {{NULL, 0, 0, false}}},
    {"auth.nats", 0, wc_op_auth_nats, {{NULL, 0, 0, false}}},
    {"account.get", 0, wc_op_account_get, {{NULL, 0, 0, false}}},
    {"account.update", 0, wc_op_account_update, {
        {"display_name", WC_ARG_DISPLAY_NAME, WC_RULE_SHORT, true}}},
    {"account.delete", 0, wc_op_account_delete, {
        {"password", WC_ARG_PASSWORD, WC_RULE_SECRET, false}}},
    {"account.password", 0, wc_op_account_password, {
        {"password", WC_ARG_PASSWORD, WC_RULE_SECRET, true},
        {"new_password", WC_ARG_NEW_PASSWORD, WC_RULE_PASSWORD, true}}},
    {"account.sessions", 0, wc_op_account_sessions, {{NULL, 0, 0, false}}},
    {"account.session_end", 0, wc_op_account_session_end, {
        {"id", WC_ARG_ID, WC_RULE_SHORT, true}}},
    {"user.get", 0, wc_op_user_get, {
        {"user", WC_ARG_USER, WC_RULE_USER, true}}},

    {"room.create", WC_OP_REQUEST, wc_op_room_create, {
        {"id", WC_ARG_ROOM, WC_RULE_ROOM, true},
        {"room", WC_ARG_ROOM, WC_RULE_ROOM, false}, /* where `id` is the request's */
        {"description", WC_ARG_DESCRIPTION, WC_RULE_LONG, false},
        {"topic", WC_ARG_TOPIC, WC_RULE_SHORT, false},
        {"visibility", WC_ARG_VISIBILITY, WC_RULE_VISIBILITY, false}}},
    {"room.list", WC_OP_REQUEST, wc_op_room_list, {
        {"q", WC_ARG_Q, WC_RULE_PREFIX, false},
        PAGE}},
    {"room.get", WC_OP_REQUEST, wc_op_room_get, {ROOM_TARGET}},
    {"room.update", WC_OP_REQUEST, wc_op_room_update, {
        ROOM_TARGET,
        {"description", WC_ARG_DESCRIPTION, WC_RULE_LONG, false},
        {"topic", WC_ARG_TOPIC, WC_RULE_SHORT, false},
        {"visibility", WC_ARG_VISIBILITY, WC_RULE_VISIBILITY, false},
        {"retention_messages", WC_ARG_RETENTION_MESSAGES, WC_RULE_NUMBER, false},
        {"retention_days", WC_ARG_RETENTION_DAYS, WC_RULE_NUMBER, false}}},
    {"room.delete", WC_OP_REQUEST, wc_op_room_delete, {ROOM_TARGET}},
    {"room.join", WC_OP_REQUEST, wc_op_room_join, {ROOM_TARGET}},
    {"room.leave", WC_OP_REQUEST, wc_op_room_leave, {ROOM_TARGET}},
    {"room.invite", WC_OP_REQUEST, wc_op_room_invite, {
        ROOM_TARGET,
        {"user", WC_ARG_USER, WC_RULE_USER, true},
        {"role", WC_ARG_ROLE, WC_RULE_ROLE, false}}},
    {"room.kick", WC_OP_REQUEST, wc_op_room_kick, {
        ROOM_TARGET,
        {"user", WC_ARG_USER, WC_RULE_USER, true},
        {"reason", WC_ARG_REASON, WC_RULE_LONG, false}}},
    {"room.role", WC_OP_REQUEST, wc_op_room_role, {
        ROOM_TARGET,
        {"user", WC_ARG_USER, WC_RULE_USER, true},
        {"role", WC_ARG_ROLE, WC_RULE_ROLE, true}}},
    {"room.ban", WC_OP_REQUEST, wc_op_room_ban, {
        ROOM_TARGET,
        {"user", WC_ARG_USER, WC_RULE_USER, true},
        {"reason", WC_ARG_REASON, WC_RULE_LONG, false},
        {"expires", WC_ARG_EXPIRES, WC_RULE_TIME, false}}},
    {"room.unban", WC_OP_REQUEST, wc_op_room_unban, {
        ROOM_TARGET,
        {"user", WC_ARG_USER, WC_RULE_USER, true}}},
    {"room.bans", 0, wc_op_room_bans, {
        ROOM_TARGET,
        PAGE}},
    {"room.members", WC_OP_REQUEST, wc_op_room_members, {
        ROOM_TARGET,
        PAGE}},

    {"message.send", WC_OP_REQUEST, wc_op_message_send, {
        TARGET,
        {"text", WC_ARG_TEXT, WC_RULE_TEXT, true},
        {"client_id", WC_ARG_CLIENT_ID, WC_RULE_CLIENT_ID, false},
        {"reply_to", WC_ARG_REPLY_TO, WC_RULE_ID, false},
        {"action", WC_ARG_ACTION, WC_RULE_FLAG, false}}},
    {"message.history", WC_OP_REQUEST, wc_op_message_history, {
        TARGET,
        {"before", WC_ARG_BEFORE, WC_RULE_ID, false},
        {"after", WC_ARG_AFTER, WC_RULE_PLACE, false},
        {"around", WC_ARG_AROUND, WC_RULE_ID, false},
        {"types", WC_ARG_TYPES, WC_RULE_TYPES, false},
        PAGE}},
    {"message.get", WC_OP_REQUEST, wc_op_message_get, {
        TARGET,
        MESSAGE_ID}},
    {"message.edit", WC_OP_REQUEST, wc_op_message_edit, {
        TARGET,
        MESSAGE_ID,
        {"text", WC_ARG_TEXT, WC_RULE_TEXT, true}}},
    {"message.delete", WC_OP_REQUEST, wc_op_message_delete, {
        TARGET,
        MESSAGE_ID}},
    {"reaction.add", WC_OP_REQUEST, wc_op_reaction_add, {
        TARGET,
        MESSAGE_ID,
        {"reaction", WC_ARG_REACTION, WC_RULE_REACTION, true}}},
    {"reaction.remove", WC_OP_REQUEST, wc_op_reaction_remove, {
        TARGET,
        MESSAGE_ID,
        {"reaction", WC_ARG_REACTION, WC_RULE_REACTION, true}}},
    {"read.mark", WC_OP_REQUEST, wc_op_read_mark, {
        TARGET,
        MESSAGE_ID}},
    {"typing", WC_OP_REQUEST, wc_op_typing, {TARGET}},
    {"conversation.list", WC_OP_REQUEST, wc_op_conversation_list, {PAGE}},

    {"presence.query", WC_OP_REQUEST, wc_op_presence_query, {
        {"user", WC_ARG_USER, WC_RULE_USER, false},
        PAGE}},
    {"presence.set", WC_OP_REQUEST, wc_op_presence_set, {
        {"status", WC_ARG_STATUS, WC_RULE_STATUS, false},
        {"text", WC_ARG_TEXT, WC_RULE_SHORT, false}}},
};
/* clang-format on */
const size_t wc_op_count = WC_COUNT(wc_ops);

const struct wc_op *wc_op_find(struct wc_str name)
{
    for (size_t i = 0; i < wc_op_count; i++)
        if (wc_str_is(name, wc_ops[i].name))
            return &wc_ops[i];
    return NULL;
}
