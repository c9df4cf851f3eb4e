#ifndef WC_CHAT_CURSOR_H
#define WC_CHAT_CURSOR_H

#include "chat/places.h"
#include "chat/session.h"

/*
 * A session's own cursor: where it is in its conversations, as a text that any worker can start from. It counts from a
 * baseline in Redis; when much has moved since, or the conversations are others, a new one is written, and used only
 * once Redis has confirmed it. A session whose events carry a cursor each gets nothing meanwhile that the old baseline
 * can't express: it is held, as if its queue were full. So a cursor is always exact.
 */
#define WC_CURSOR_KEEP_MS "691200000" /* seven days, and the one in which use is not noted (cursor_read.lua) */

struct wc_cursor;
struct wc_link;

struct wc_cursors *wc_cursors_new(struct wc_chat *chat);
void wc_cursors_free(struct wc_cursors *cursors);

typedef void (*wc_cursor_cb)(struct wc_session *s, wc_err err);

/* When the session is attached to all its conversations, which has read nothing yet: makes s->cursor. Where `places`
 * are from a cursor, their baseline is used on. `each`: for every event. Calls back when there is a baseline: WC_OK,
 * perhaps at once, or WC_UNAVAILABLE. */
void wc_cursor_begin(struct wc_session *s, const struct wc_places *places, bool each, wc_cursor_cb ready);
void wc_cursor_end(struct wc_session *s); /* NULL is fine */

/* Has the text made exact for now; then `ready` is called, perhaps at once, and wc_cursor_text has it until the session
 * is given another event. The session may be held meanwhile. WC_UNAVAILABLE, nothing will be called: this was asked
 * already. */
WC_MUST_CHECK wc_err wc_cursor_locate(struct wc_session *s, wc_cursor_cb ready);
/* Appends the cursor. */
void wc_cursor_text(const struct wc_session *s, struct wc_buf *out);
/* Where the session is, for one that takes its place: with its baseline, so that none has to be written. */
void wc_cursor_places(const struct wc_session *s, struct wc_places *out);

/* For the fan-out, of sessions that have a cursor: the link is about to be given a stored event, is attached, or ends.
 */
void wc_cursor_moved(struct wc_session *s, struct wc_link *l);
void wc_cursor_linked(struct wc_session *s, struct wc_link *l);
void wc_cursor_unlinked(struct wc_session *s, struct wc_link *l);

/* Reads the places of a cursor's text for this user. WC_NOT_FOUND: it is no cursor of theirs, or not kept any more. The
 * callback takes the places over; `user` is copied. Calls back unless it fails at once. */
typedef void (*wc_cursor_read_cb)(void *arg, wc_err err, struct wc_places *places);
struct wc_cursor_reading;
WC_MUST_CHECK wc_err wc_cursor_read(struct wc_chat *chat, struct wc_str user, struct wc_str text, wc_cursor_read_cb cb,
                                    void *arg, struct wc_cursor_reading **out);
void wc_cursor_read_cancel(struct wc_cursor_reading *reading); /* the callback will not fire; NULL is fine */

#endif
