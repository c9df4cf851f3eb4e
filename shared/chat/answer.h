#ifndef WC_CHAT_ANSWER_H
#define WC_CHAT_ANSWER_H

#include "chat/call.h"

/* What the results of several operations have in common. */

#define WC_LIMIT_DEFAULT 50

static inline size_t wc_call_limit(const struct wc_call *call)
{
    return wc_call_has(call, WC_ARG_LIMIT) ? call->numbers[WC_ARG_LIMIT] : WC_LIMIT_DEFAULT;
}

/* {"items":[ … ],"next":…}: opens, and closes with the cursor of the next page, absent at the end. */
void wc_answer_open(struct wc_call *call);
void wc_answer_close(struct wc_call *call, struct wc_str next);

/* A cursor is base64url of what only its operation understands. */
void wc_answer_close_cursor(struct wc_call *call, struct wc_str next);
/* True with "" when none was given; false, and the call has failed, when it is no cursor. */
WC_MUST_CHECK bool wc_call_cursor(struct wc_call *call, struct wc_str *out);

void wc_answer_time(struct wc_buf *b, const char *name, uint64_t ms);
/* Words with `sep` between them as an array. */
void wc_answer_words(struct wc_buf *b, const char *name, struct wc_str words, char sep);

/* The next word of `rest`, which goes on behind it; false at the end. */
bool wc_next_word(struct wc_str *rest, char sep, struct wc_str *word);

/* This call changed who may go on as `user`: on this worker that holds at once, on the others when Redis tells them. */
void wc_account_touched(struct wc_call *call, struct wc_str user);

/* Is `room` the one that everybody is in? */
bool wc_is_general(const struct wc_chat *chat, struct wc_str room);

#endif
