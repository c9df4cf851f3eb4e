#include "chat/answer.h"

#include "base/crypto.h"
#include "base/id.h"

void wc_answer_open(struct wc_call *call)
{
    wc_json_open(&call->result, NULL);
    wc_json_open_array(&call->result, "items");
}

void wc_answer_close(struct wc_call *call, struct wc_str next)
{
    wc_json_close_array(&call->result);
    if (next.p != NULL)
        wc_json_str(&call->result, "next", next);
    else
        wc_json_null(&call->result, "next");
    wc_json_close(&call->result);
}

void wc_answer_close_cursor(struct wc_call *call, struct wc_str next)
{
    struct wc_buf cursor = WC_BUF_INIT;
    if (next.p != NULL)
        wc_base64url_add(&cursor, next.p, next.n);
    wc_answer_close(call, wc_buf_view(&cursor));
    wc_buf_free(&cursor);
}

bool wc_call_cursor(struct wc_call *call, struct wc_str *out)
{
    *out = WC_STR("");
    if (!wc_call_has(call, WC_ARG_CURSOR))
        return true;
    struct wc_buf plain = WC_BUF_INIT;
    bool good = wc_base64url_decode(call->args[WC_ARG_CURSOR], &plain) && plain.n != 0;
    for (size_t i = 0; good && i < plain.n; i++)
        good = plain.p[i] > ' ' && plain.p[i] <= '~';
    if (good)
        *out = wc_call_copy(call, wc_buf_view(&plain));
    else
        wc_call_fail(call, WC_BAD_REQUEST, "cursor: must be what an earlier answer gave as next");
    wc_buf_free(&plain);
    return good;
}

void wc_answer_time(struct wc_buf *b, const char *name, uint64_t ms)
{
    char time[24];
    wc_time_rfc3339(ms, time);
    wc_json_str(b, name, (struct wc_str){time, sizeof(time)});
}

void wc_answer_words(struct wc_buf *b, const char *name, struct wc_str words, char sep)
{
    struct wc_str word;
    wc_json_open_array(b, name);
    while (wc_next_word(&words, sep, &word))
        wc_json_str(b, NULL, word);
    wc_json_close_array(b);
}

bool wc_next_word(struct wc_str *rest, char sep, struct wc_str *word)
{
    while (rest->n != 0 && rest->p[0] == sep)
        *rest = wc_str_from(*rest, 1);
    if (rest->n == 0)
        return false;
    const char *end = memchr(rest->p, sep, rest->n);
    *word = (struct wc_str){rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n};
    *rest = wc_str_from(*rest, word->n);
    return true;
}

bool wc_is_general(const struct wc_chat *chat, struct wc_str room)
{
    return room.n != 0 && wc_str_is(room, chat->options.general);
}

void wc_account_touched(struct wc_call *call, struct wc_str name)
{
    struct wc_user *user = wc_user_get(call->chat->people, name);
    wc_user_recheck(user);
    wc_user_unref(user);
}
