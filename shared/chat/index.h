#ifndef WC_CHAT_INDEX_H
#define WC_CHAT_INDEX_H

#include "chat/call.h"

/*
 * The two indexes that lie in other slots than what they name: a user's conversations and the directory of public
 * rooms. Both are supersets of the truth. Nothing hides what is there, whatever races or crashes: who adds does so
 * before the deciding script, and once more after it; who removes looks at the truth before, leaves what is true, looks
 * again afterwards and puts back what has become true.
 */

/* Before the script that decides; not_found is the call's failure when there is no such user. */
void wc_index_add(struct wc_call *call, struct wc_str user, struct wc_str conv_name, wc_call_step next);
void wc_directory_add(struct wc_call *call, struct wc_str room, wc_call_step next);

/* After it. Nobody waits for these; what fails is noticed by readers. A user whose account was deleted meanwhile leaves
 * the conversation again. */
void wc_index_keep(struct wc_chat *chat, struct wc_str user, struct wc_str conv_name);
void wc_directory_keep(struct wc_chat *chat, struct wc_str room);

/* The names in a user's index, with `scores` each followed by its time: a reply of ZRANGE. */
void wc_index_read(struct wc_call *call, struct wc_str user, bool scores, wc_call_step next);

/* Takes a conversation out of users' indexes, some users at a time; or a room out of the directory; unless it belongs
 * there. Everything is copied. */
void wc_index_drop(struct wc_chat *chat, struct wc_str conv_name, const struct wc_str *users, size_t n);
void wc_directory_drop(struct wc_chat *chat, struct wc_str room);

#endif
