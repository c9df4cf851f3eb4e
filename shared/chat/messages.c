#include "base/crypto.h"
#include "base/id.h"
#include "chat/answer.h"
#include "chat/calls.h"
#include "chat/cursor.h"
#include "chat/entry.h"
#include "chat/handlers.h"
#include "chat/index.h"
#include "chat/mentions.h"
#include "chat/pages.h"

#include <stdio.h>

/* Sending. */

struct post {
    struct wc_post post;
    char fingerprint[16];
    char mentions[WC_MENTIONS_SIZE];
};

/* What a repeat must be the same in: reply_to, action and text. Neither of the first two can hold the separator. */
static struct wc_str fingerprint(const struct wc_call *call, char out[16])
{
    struct wc_buf all = WC_BUF_INIT;
    wc_buf_str(&all, wc_call_or_empty(call, WC_ARG_REPLY_TO));
    wc_buf_z(&all, call->numbers[WC_ARG_ACTION] != 0 ? "\n1\n" : "\n0\n");
    wc_buf_str(&all, call->args[WC_ARG_TEXT]);
    uint8_t digest[32];
    wc_sha256(wc_buf_view(&all), digest);
    wc_buf_free(&all);
    wc_hex(digest, 8, out);
    return (struct wc_str){out, 16};
}

static void on_posted(struct wc_call *call, const struct wc_post_answer *answer)
{
    struct wc_str id = answer->first;
    struct wc_id parts;
    if (!wc_id_parse(id, &parts)) {
        wc_call_fail(call, WC_UNAVAILABLE, NULL);
        return;
    }
    struct wc_buf *b = &call->result;
    wc_buf_reserve(b, 192);
    wc_json_open(b, NULL);
    wc_json_str(b, "id", id);
    wc_json_u64(b, "seq", parts.seq);
    wc_answer_time(b, "time", parts.ms);
    if (wc_call_has(call, WC_ARG_CLIENT_ID))
        wc_json_str(b, "client_id", call->args[WC_ARG_CLIENT_ID]);
    wc_json_close(b);
    call->created = !wc_str_is(answer->second, "repeated");
    if (wc_str_is(answer->second, "created")) {
        wc_index_keep(call->chat, wc_call_user(call), wc_name_str(&call->conv));
        wc_index_keep(call->chat, call->target.name, wc_name_str(&call->conv));
    }
    wc_call_durable(call);
}

static void on_own_index(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    struct post *p = call->state;
    p->post.peer = call->target.name;
    wc_posts_add(call->chat->calls->posts, call, &p->post);
}

static void on_peer_index(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    wc_index_add(call, wc_call_user(call), wc_name_str(&call->conv), on_own_index);
}

/* A direct conversation that does not exist yet is made by its first message: indexes first, then the post once more.
 */
static void on_post_answer(struct wc_call *call, const struct wc_post_answer *answer)
{
    if (wc_str_is(answer->code, "ok"))
        on_posted(call, answer);
    else if (wc_str_is(answer->code, "absent") && call->target.direct)
        wc_index_add(call, call->target.name, wc_name_str(&call->conv), on_peer_index);
    else
        wc_call_fail_words(call, answer->code, answer->first);
}

static bool is_oneself(struct wc_call *call)
{
    if (!call->target.direct || !wc_str_eq(call->target.name, wc_call_user(call)))
        return false;
    wc_call_fail(call, WC_BAD_REQUEST, "target: there is no conversation with oneself");
    return true;
}

void wc_op_message_send(struct wc_call *call)
{
    if (is_oneself(call))
        return;
    struct post *p = wc_call_alloc(call, sizeof(*p));
    struct wc_str text = call->args[WC_ARG_TEXT];
    bool named = wc_call_has(call, WC_ARG_CLIENT_ID);
    call->state = p;
    p->post = (struct wc_post){
        .text = text,
        .reply_to = call->args[WC_ARG_REPLY_TO],
        .mentions = {p->mentions, wc_mentions(text, p->mentions)},
        .client_id = call->args[WC_ARG_CLIENT_ID],
        .fingerprint = named ? fingerprint(call, p->fingerprint) : WC_STR_NONE,
        .action = call->numbers[WC_ARG_ACTION] != 0,
        .peer = WC_STR(""),
        .next = on_post_answer,
    };
    wc_posts_add(call->chat->calls->posts, call, &p->post);
}

/* History. */

struct page {
    struct wc_str mode, id, types;
    struct wc_str name, version; /* of what is kept of it (pages.h), or empty */
    bool around;
};

/* Where entries begin in history.lua's reply. */
enum { FIRST_ENTRY = 4 };

static void answer_entries(struct wc_call *call, const struct wc_reply *reply)
{
    struct wc_str conv = wc_name_str(&call->conv);
    unsigned side = wc_conv_side(conv, wc_call_user(call));
    for (size_t i = FIRST_ENTRY; i < wc_reply_count(reply); i++) {
        struct wc_event *ev = wc_event_of_entry(conv, wc_reply_at(reply, i));
        if (ev != NULL)
            wc_event_item(ev, side, &call->result);
        wc_event_unref(ev);
    }
}

static void on_peer(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    wc_answer_open(call);
    wc_answer_close(call, WC_STR_NONE);
    wc_call_done(call);
}

static void ask_page(struct wc_call *call);

/* The log is as it was when this page was made. */
static void answer_same(struct wc_call *call, struct page *page)
{
    struct wc_pages *pages = call->chat->pages;
    struct wc_str version;
    const struct wc_str *json = wc_pages_find(pages, page->name, &version);
    if (json == NULL || !wc_str_eq(version, page->version)) { /* another call's page took its place */
        page->version = WC_STR("");
        ask_page(call);
        return;
    }
    wc_buf_str(&call->result, *json);
    wc_pages_used(pages);
    wc_call_done(call);
}

static void on_history(struct wc_call *call, const struct wc_reply *reply)
{
    struct page *page = call->state;
    struct wc_str status = wc_reply_str(reply, 0);
    if (call->target.direct && wc_str_is(status, "not_found")) {
        /* Nothing was said yet: an empty history if there is such a user. */
        struct wc_name key = wc_user_key(call->target.name);
        wc_call_script(call, WC_SCRIPT_USER_GET, wc_name_str(&key), NULL, 0, on_peer);
        return;
    }
    if (wc_str_is(status, "same")) {
        answer_same(call, page);
        return;
    }
    if (!wc_str_is(status, "ok")) {
        wc_call_fail_reply(call, reply);
        return;
    }
    bool more = wc_reply_u64(reply, 1) == 1 && !page->around;
    wc_answer_open(call);
    answer_entries(call, reply);
    wc_answer_close(call, more ? wc_reply_str(reply, 2) : WC_STR_NONE);
    wc_pages_keep(call->chat->pages, page->name, wc_reply_str(reply, 3), wc_buf_view(&call->result));
    wc_call_done(call);
}

static void ask_history(struct wc_call *call, const struct page *page, size_t limit, wc_call_step next)
{
    char digits[20];
    struct wc_str args[] = {wc_call_user(call),        wc_call_admin(call), page->mode,   page->id,
                            wc_u64_str(limit, digits), page->types,         page->version};
    wc_call_script_any(call, WC_SCRIPT_HISTORY, wc_name_str(&call->key), args, WC_COUNT(args), next);
}

static struct page *page_new(struct wc_call *call)
{
    struct page *page = wc_call_alloc(call, sizeof(*page));
    page->types = WC_STR("messagepublished");
    page->version = WC_STR("");
    call->state = page;
    return page;
}

static bool page_of(struct wc_call *call, struct page *page)
{
    int ways = wc_call_has(call, WC_ARG_BEFORE) + wc_call_has(call, WC_ARG_AFTER) + wc_call_has(call, WC_ARG_AROUND);
    if (ways > 1) {
        wc_call_fail(call, WC_BAD_REQUEST, "only one of before, after and around can be given");
        return false;
    }
    bool after = wc_call_has(call, WC_ARG_AFTER), before = wc_call_has(call, WC_ARG_BEFORE);
    page->around = wc_call_has(call, WC_ARG_AROUND);
    page->mode = after          ? WC_STR("after")
                 : before       ? WC_STR("before")
                 : page->around ? WC_STR("around")
                                : WC_STR("latest");
    page->id = wc_call_or_empty(call, after ? WC_ARG_AFTER : before ? WC_ARG_BEFORE : WC_ARG_AROUND);
    if (!wc_call_has(call, WC_ARG_CURSOR))
        return true;
    struct wc_id id;
    page->id = call->args[WC_ARG_CURSOR];
    page->mode = after ? WC_STR("after") : WC_STR("before");
    page->around = false;
    if (wc_id_parse(page->id, &id))
        return true;
    wc_call_fail(call, WC_BAD_REQUEST, "cursor: must be what an earlier answer gave as next");
    return false;
}

static void ask_page(struct wc_call *call)
{
    ask_history(call, call->state, wc_call_limit(call), on_history);
}

/* Asks for it; where this worker has made that page before, only whether the log is still the same. */
static void begin_page(struct wc_call *call)
{
    struct page *page = call->state;
    struct wc_buf name = WC_BUF_INIT;
    struct wc_str conv = wc_name_str(&call->conv), version;
    if (wc_call_has(call, WC_ARG_TYPES))
        page->types = call->args[WC_ARG_TYPES];
    wc_buf_addf(&name, "%.*s %u %.*s %.*s %zu %.*s", WC_STR_ARG(conv), wc_conv_side(conv, wc_call_user(call)),
                WC_STR_ARG(page->mode), WC_STR_ARG(page->id), wc_call_limit(call), WC_STR_ARG(page->types));
    page->name = wc_call_copy(call, wc_buf_view(&name));
    if (wc_pages_find(call->chat->pages, page->name, &version) != NULL)
        page->version = wc_call_copy(call, version);
    wc_buf_free(&name);
    ask_page(call);
}

/* A conversation that the cursor does not know: from where the user joined, or, for who has not, all of it. */
static void on_joined(struct wc_call *call, const struct wc_reply *reply)
{
    struct page *page = call->state;
    struct wc_str joined = wc_str_is(wc_reply_str(reply, 0), "ok") ? wc_reply_str(reply, 2) : WC_STR("0-0");
    page->id = wc_call_copy(call, joined);
    begin_page(call);
}

static void on_baseline(struct wc_call *call, const struct wc_reply *reply)
{
    struct page *page = call->state;
    struct wc_places places;
    if (!wc_str_is(wc_reply_str(reply, 0), "ok") || !wc_places_read(&places, page->id, wc_reply_str(reply, 1))) {
        wc_call_fail(call, WC_BAD_REQUEST, "after: this cursor is not known (any more); fetch the history anew");
        return;
    }
    const struct wc_place *place = wc_places_find(&places, wc_name_str(&call->conv));
    if (place != NULL) {
        char id[WC_ID_MAX_LEN];
        page->id = wc_call_copy(call, (struct wc_str){id, wc_id_format(place->id, id)});
        begin_page(call);
    } else {
        struct wc_str user = wc_call_user(call);
        wc_call_script_any(call, WC_SCRIPT_ATTACH, wc_name_str(&call->key), &user, 1, on_joined);
    }
    wc_places_free(&places);
}

/* `after` is a cursor: where was it in this conversation? */
static void ask_baseline(struct wc_call *call, const struct wc_baseline *baseline)
{
    char id[WC_BASELINE_ID];
    wc_baseline_id(baseline, id);
    struct wc_name key = wc_user_key(wc_call_user(call));
    const struct wc_str args[] = {wc_str(id), WC_STR(WC_CURSOR_KEEP_MS)};
    wc_call_script_any(call, WC_SCRIPT_CURSOR_READ, wc_name_str(&key), args, WC_COUNT(args), on_baseline);
}

void wc_op_message_history(struct wc_call *call)
{
    struct page *page = page_new(call);
    struct wc_baseline baseline;
    struct wc_id id;
    if (is_oneself(call) || !page_of(call, page))
        return;
    if (page->id.n == 0 || wc_id_parse(page->id, &id))
        begin_page(call);
    else if (wc_cursor_baseline(page->id, &baseline))
        ask_baseline(call, &baseline);
    else
        wc_call_fail(call, WC_BAD_REQUEST, "after: must be a message's id or a cursor");
}

static void on_message(struct wc_call *call, const struct wc_reply *reply)
{
    if (!wc_str_is(wc_reply_str(reply, 0), "ok")) {
        wc_call_fail_reply(call, reply);
        return;
    }
    answer_entries(call, reply);
    if (call->result.n == 0)
        wc_call_fail(call, WC_NOT_FOUND, "no such message");
    else
        wc_call_done(call);
}

void wc_op_message_get(struct wc_call *call)
{
    struct page *page = page_new(call);
    page->mode = WC_STR("one");
    page->id = call->args[WC_ARG_ID];
    if (!is_oneself(call))
        ask_history(call, page, 1, on_message);
}

/* Read markers. */

static void on_marked(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    wc_json_open(&call->result, NULL);
    wc_json_str(&call->result, "target", call->args[WC_ARG_TARGET]);
    wc_json_str(&call->result, "id", call->args[WC_ARG_ID]);
    wc_json_close(&call->result);
    wc_call_done(call);
}

void wc_op_read_mark(struct wc_call *call)
{
    if (is_oneself(call))
        return;
    struct wc_str args[] = {wc_call_user(call), wc_str(call->who.via), call->args[WC_ARG_ID],
                            call->args[WC_ARG_TARGET]};
    wc_call_script(call, WC_SCRIPT_READ_MARK, wc_name_str(&call->key), args, WC_COUNT(args), on_marked);
}

/* Who is writing. */

#define TYPING_EVERY_MS "500" /* more often it is not passed on; clients tell every few seconds */

static void on_told(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    wc_call_done(call);
}

void wc_op_typing(struct wc_call *call)
{
    if (is_oneself(call))
        return;
    struct wc_str args[] = {wc_call_user(call), wc_str(call->who.via), WC_STR(TYPING_EVERY_MS)};
    wc_call_script(call, WC_SCRIPT_TYPING, wc_name_str(&call->key), args, WC_COUNT(args), on_told);
}
