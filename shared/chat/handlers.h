#ifndef WC_CHAT_HANDLERS_H
#define WC_CHAT_HANDLERS_H

#include "chat/call.h"

/* The handlers of the operations, one each; operations.c has the table. Arguments are checked, required ones are there.
 */

/* accounts.c */
void wc_op_account_register(struct wc_call *call);
void wc_op_account_get(struct wc_call *call);
void wc_op_account_update(struct wc_call *call);
void wc_op_account_delete(struct wc_call *call);
void wc_op_account_password(struct wc_call *call);
void wc_op_user_get(struct wc_call *call);

/* logins.c */
void wc_op_auth_token(struct wc_call *call);
void wc_op_auth_refresh(struct wc_call *call);
void wc_op_auth_logout(struct wc_call *call);
void wc_op_auth_jwks(struct wc_call *call);
void wc_op_account_sessions(struct wc_call *call);
void wc_op_account_session_end(struct wc_call *call);

/* nats_grant.c */
void wc_op_auth_nats(struct wc_call *call);

/* rooms.c */
void wc_op_room_create(struct wc_call *call);
void wc_op_room_list(struct wc_call *call);
void wc_op_room_get(struct wc_call *call);
void wc_op_room_update(struct wc_call *call);
void wc_op_room_delete(struct wc_call *call);

/* members.c */
void wc_op_room_join(struct wc_call *call);
void wc_op_room_leave(struct wc_call *call);
void wc_op_room_invite(struct wc_call *call);
void wc_op_room_kick(struct wc_call *call);
void wc_op_room_role(struct wc_call *call);
void wc_op_room_members(struct wc_call *call);

/* bans.c */
void wc_op_room_ban(struct wc_call *call);
void wc_op_room_unban(struct wc_call *call);
void wc_op_room_bans(struct wc_call *call);

/* messages.c */
void wc_op_message_send(struct wc_call *call);
void wc_op_message_history(struct wc_call *call);
void wc_op_message_get(struct wc_call *call);
void wc_op_read_mark(struct wc_call *call);
void wc_op_typing(struct wc_call *call);

/* changes.c */
void wc_op_message_edit(struct wc_call *call);
void wc_op_message_delete(struct wc_call *call);
void wc_op_reaction_add(struct wc_call *call);
void wc_op_reaction_remove(struct wc_call *call);

/* conversations.c */
void wc_op_conversation_list(struct wc_call *call);

/* presence_ops.c */
void wc_op_presence_query(struct wc_call *call);
void wc_op_presence_set(struct wc_call *call);

#endif
