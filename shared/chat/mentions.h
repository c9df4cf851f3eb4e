#ifndef WC_CHAT_MENTIONS_H
#define WC_CHAT_MENTIONS_H

#include "base/str.h"

#define WC_MENTIONS_MAX  20
#define WC_MENTIONS_SIZE (WC_MENTIONS_MAX * 33)

/*
 * The users that a text mentions, as `@alice`, each once, at most 20, separated by spaces; returns how many bytes that
 * is. A mention begins a word and is one whole: neither `me@example.com` nor `@Alice` nor `@example.com` has one; a dot
 * or comma behind it belongs to the sentence.
 */
size_t wc_mentions(struct wc_str text, char out[WC_MENTIONS_SIZE]);

#endif
