#ifndef WC_CHAT_GATHERED_H
#define WC_CHAT_GATHERED_H

#include "chat/chat.h"
#include "chat/names.h"

/*
 * Writes to sets that many have a member in: all that are asked for in one loop turn go in one script call, up to 128.
 * When ten thousand sessions come back at once that is a call for each hundred of them.
 */
struct wc_gathered;

struct wc_gathered *wc_gathered_new(struct wc_chat *chat);
void wc_gathered_free(struct wc_gathered *g); /* after Redis; what was not asked yet never calls back */

/* Notes, or forgets, `<user>/<channel>/<n>` among a worker's sessions (worker_session.lua). Always calls back, later.
 */
void wc_gathered_session(struct wc_gathered *g, struct wc_str worker, bool add, struct wc_str member, wc_redis_cb cb,
                         void *arg);
/* Notes that a user is active, or gone (online_touch.lua). Nobody waits for it. */
void wc_gathered_touch(struct wc_gathered *g, struct wc_str user, bool online);

#endif
