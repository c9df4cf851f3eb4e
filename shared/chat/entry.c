#include "chat/entry.h"

struct wc_event *wc_event_of_entry(struct wc_str conv, const struct wc_reply *entry)
{
    const struct wc_reply *fields = wc_reply_at(entry, 1);
    struct wc_buf payload = WC_BUF_INIT;
    size_t n = wc_reply_count(fields), size = 48;
    for (size_t i = 0; i < n; i++)
        size += wc_reply_str(fields, i).n + 1;
    wc_buf_reserve(&payload, size);
    wc_buf_str(&payload, wc_reply_str(entry, 0));
    for (size_t i = 0; i < n; i++) {
        wc_buf_c(&payload, '\x1f');
        wc_buf_str(&payload, wc_reply_str(fields, i));
    }
    struct wc_event *ev = wc_event_parse(conv, wc_buf_view(&payload));
    wc_buf_free(&payload);
    return ev;
}
