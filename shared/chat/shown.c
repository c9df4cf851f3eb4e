#include "chat/shown.h"

#include "chat/answer.h"

struct wc_shown wc_shown_read(struct wc_call *call, struct wc_str user, const struct wc_reply *reply)
{
    struct wc_shown shown = {
        .status = WC_STR("offline"), .text = WC_STR(""), .channels = WC_STR(""), .ago = WC_STR("")};
    if (!wc_str_is(wc_reply_str(reply, 0), "ok"))
        return shown;
    shown.exists = true;
    struct wc_str status = wc_reply_str(reply, 1), channels = wc_reply_str(reply, 3);
    bool hidden = wc_str_is(status, "offline") && !wc_str_eq(user, wc_call_user(call));
    if (channels.n == 0 || hidden) {
        shown.ago = wc_call_copy(call, wc_reply_str(reply, 4));
        return shown;
    }
    shown.online = true;
    shown.status = wc_call_copy(call, status);
    shown.text = wc_call_copy(call, wc_reply_str(reply, 2));
    shown.channels = wc_call_copy(call, channels);
    return shown;
}

void wc_shown_json(struct wc_buf *b, struct wc_str user, const struct wc_shown *shown)
{
    uint64_t ago = 0;
    wc_json_open(b, NULL);
    wc_json_str(b, "user", user);
    wc_json_str(b, "status", shown->status);
    if (shown->text.n != 0)
        wc_json_str(b, "text", shown->text);
    wc_answer_words(b, "channels", shown->channels, ',');
    if (shown->online || wc_str_u64(shown->ago, UINT64_MAX, &ago))
        wc_json_u64(b, "last_seen_mins", ago / 60000);
    else
        wc_json_null(b, "last_seen_mins");
    wc_json_close(b);
}
