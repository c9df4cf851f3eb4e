#ifndef WC_BASE_KEY_FILE_H
#define WC_BASE_KEY_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* Small files that hold secrets: a regular file that only its owner can use; or root's, that our group can read. */
#define WC_KEY_FILE_MAX 16384

/* Appends what is in it. WC_NOT_FOUND when there is none, WC_BAD_REQUEST when it is no regular file, is too large, or
 * when others can use it; *why is a static sentence then. Who calls wipes `out`. */
WC_MUST_CHECK wc_err wc_key_file_read(const char *path, struct wc_buf *out, const char **why);
/* Makes it, mode 0600, atomically: whoever comes second gets WC_CONFLICT and reads the first one's. */
WC_MUST_CHECK wc_err wc_key_file_create(const char *path, struct wc_str text, const char **why);
void wc_wipe(struct wc_buf *b); /* its memory, then frees it; NULL is fine */

#endif
