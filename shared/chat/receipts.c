#include "chat/receipts.h"

#include <stdio.h>

enum { NOTES_MOST = 1024 }; /* more are dropped: a receipt is best effort */

struct note {
    struct wc_session *session;
    struct wc_name conv;
    struct wc_id id;
};

struct wc_receipts {
    struct wc_chat *chat;
    struct note *notes;
    size_t n;
    uint64_t sent;
};

struct wc_receipts *wc_receipts_new(struct wc_chat *chat)
{
    struct wc_receipts *r = WC_NEW(struct wc_receipts);
    r->chat = chat;
    r->notes = wc_realloc_array(NULL, NOTES_MOST, sizeof(*r->notes));
    return r;
}

void wc_receipts_free(struct wc_receipts *r)
{
    if (r == NULL)
        return;
    free(r->notes);
    free(r);
}

void wc_receipts_note(struct wc_receipts *r, struct wc_session *s, const struct wc_event *ev)
{
    if (wc_str_is(ev->f[WC_F_FROM], s->user->name))
        return;
    for (size_t i = 0; i < r->n; i++) {
        struct note *note = &r->notes[i];
        if (note->session == s && wc_str_eq(wc_name_str(&note->conv), ev->conv)) {
            note->id = ev->id;
            return;
        }
    }
    if (r->n == NOTES_MOST)
        return;
    struct note *note = &r->notes[r->n++];
    *note = (struct note){.session = s, .id = ev->id};
    memcpy(note->conv.z, ev->conv.p, ev->conv.n);
    note->conv.n = (uint8_t)ev->conv.n;
}

void wc_receipts_forget(struct wc_receipts *r, const struct wc_session *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->notes[i].session != s)
            r->notes[kept++] = r->notes[i];
    r->n = kept;
}

static void nothing_to_do(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)arg;
    (void)err;
    (void)reply;
}

static void tell(struct wc_receipts *r, const struct note *note)
{
    const char *reader = note->session->user->name;
    struct wc_name channel = wc_user_key(wc_conv_peer(wc_name_str(&note->conv), wc_str(reader)));
    char id[WC_ID_MAX_LEN];
    struct wc_buf payload = WC_BUF_INIT;
    wc_buf_addf(&payload,
                "t-%llu-%s.%llu\x1ftype\x1fmessagedelivered\x1f"
                "from\x1f%s\x1fvia\x1f%s\x1fid\x1f%.*s\x1ftarget\x1fwcchat://users/%s",
                (unsigned long long)(ev_now(r->chat->loop) * 1e6), r->chat->worker, (unsigned long long)++r->sent,
                reader, note->session->ops->channel, (int)wc_id_format(note->id, id), id, reader);
    const struct wc_str argv[] = {WC_STR("PUBLISH"), wc_name_str(&channel), wc_buf_view(&payload)};
    if (wc_redis_command(r->chat->redis, argv, WC_COUNT(argv), nothing_to_do, NULL) != WC_OK)
        wc_log(r->chat->log, WC_DEBUG, "receipt dropped", WC_Z("user", reader));
    wc_buf_free(&payload);
}

void wc_receipts_send(struct wc_receipts *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->notes[i].session->out.bytes != 0)
            r->notes[kept++] = r->notes[i];
        else
            tell(r, &r->notes[i]);
    }
    r->n = kept;
}
