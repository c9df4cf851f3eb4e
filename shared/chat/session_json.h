#ifndef WC_CHAT_SESSION_JSON_H
#define WC_CHAT_SESSION_JSON_H

#include "base/json.h"
#include "chat/session.h"

/* What session.open and session.ping have in common on the channels that have them. */

/* Reads `cursor` or `cursors` of a session.open by `user`. NULL, or a sentence (static) about what is wrong. *start
 * views `args` and *places, which the caller frees whatever the result. */
const char *wc_session_start_read(const wc_json *args, struct wc_str user, struct wc_session_start *start,
                                  struct wc_places *places);
/* Adds the members `cursor` and `cursors`: where a session with a cursor is. */
void wc_session_cursors_json(const struct wc_session *s, struct wc_buf *out);

#endif
