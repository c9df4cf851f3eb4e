#ifndef WC_BASE_TEXT_H
#define WC_BASE_TEXT_H

#include "base/err.h"
#include "base/str.h"

/*
 * What a text may be. The same rule, with another length, holds for messages, display names, topics, descriptions,
 * reasons and status texts: valid UTF-8, no control characters (C0, C1, DEL) but tab and newline.
 */
#define WC_TEXT_MAX      8192 /* bytes of a message */
#define WC_USER_MAX      32   /* bytes of a handle */
#define WC_ROOM_MAX      64   /* bytes of a room's name */
#define WC_CLIENT_ID_MAX 64   /* printable ASCII */

/* WC_OK, WC_BAD_TEXT (not UTF-8, control characters, empty while min > 0) or WC_TOO_LARGE (more than max bytes).
 * *why, when not NULL, is set on failure to a sentence for people (static). `lines` false refuses tab and newline. */
WC_MUST_CHECK wc_err wc_text_check(struct wc_str s, size_t min, size_t max, bool lines, const char **why);

bool wc_text_utf8(struct wc_str s);
bool wc_text_user(struct wc_str s);      /* [a-z0-9][a-z0-9_-]{0,31} */
bool wc_text_room(struct wc_str s);      /* [a-z0-9][a-z0-9_-]{0,63} */
bool wc_text_client_id(struct wc_str s); /* 1 to 64 printable ASCII bytes, space among them */

/* Columns that a terminal gives to this UTF-8 text; invalid bytes count one each. */
size_t wc_text_width(struct wc_str s);

/* Length in bytes of the code point at the start of `s` with its value, or 0 when invalid or empty. */
size_t wc_text_next(struct wc_str s, uint32_t *cp);

/* Can be used to fool a reader of a terminal or page: bidirectional controls (U+202A..202E, U+2066..2069, U+200E/F,
 * U+061C), line and paragraph separators (U+2028/9), C1 and other controls. Unicode TR 36, section 2.5. */
bool wc_text_deceptive(uint32_t cp);

#endif
