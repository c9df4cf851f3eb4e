#ifndef WC_BASE_OPTION_VALUE_H
#define WC_BASE_OPTION_VALUE_H

#include "base/options.h"

/* One value of a row: how it is read, checked and written. Part of the options; nobody else needs it. */

/* False when the row does not take `s`. *number is the value of a BOOL (0, 1), U64, DURATION (ms) or SIZE (bytes). */
bool wc_option_value_parse(const struct wc_option *row, struct wc_str s, uint64_t *number);
/* Writes such a number as it would be given, as in `15m`. */
void wc_option_value_number(const struct wc_option *row, uint64_t number, struct wc_buf *out);
/* What the row takes, as in `a number between 1 and 65535`. */
void wc_option_value_takes(const struct wc_option *row, struct wc_buf *out);
/* The text with what nobody should read as `***`: all of it in a secret's row, the user info of a URL. */
void wc_option_value_mask(const struct wc_option *row, struct wc_str s, struct wc_buf *out);

#endif
