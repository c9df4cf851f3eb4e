#ifndef WC_BASE_OPTION_FILE_H
#define WC_BASE_OPTION_FILE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * The form of a configuration file: `name = value` lines; empty lines and # comments, which may follow a value after a
 * blank. A value that has a blank at an end or a " #" stands in double quotes, with \" and \\ in them. Part of the
 * options; nobody else needs it.
 */

/* A line's name and its value without quotes; both end with the call. Anything but WC_OK ends the reading. */
typedef wc_err (*wc_option_file_cb)(void *arg, size_t line, struct wc_str name, struct wc_str value);

/* Calls back for each line of a regular file of at most 1 MiB. WC_BAD_REQUEST with a sentence in `why` when it cannot
 * be read or is of another form; else what the callback returned, which then has written the sentence. */
WC_MUST_CHECK wc_err wc_option_file_read(const char *path, wc_option_file_cb cb, void *arg, struct wc_buf *why);
/* Appends a line that reads back as this. */
void wc_option_file_add(struct wc_buf *out, const char *name, struct wc_str value);

#endif
