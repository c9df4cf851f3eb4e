#include "base/clock.h"
#include "base/id.h"
#include "chat/answer.h"
#include "chat/entry.h"
#include "chat/handlers.h"
#include "chat/index.h"

enum { STALE_MS = 60000 };

/* A conversation of the list. */
struct row {
    struct wc_str name;
    uint64_t since;
    struct wc_id head;
    uint64_t n, read, mentions;
    struct wc_str read_id, last; /* JSON, or nothing */
    bool shown;
};

struct list {
    struct row *rows;
    size_t count;
    struct wc_id after_head; /* the page begins behind these two */
    struct wc_str after_name;
};

/* The one whose head is the latest comes first; of two in one millisecond by name. */
static int order(struct wc_id head, struct wc_str name, struct wc_id other_head, struct wc_str other_name)
{
    if (head.ms != other_head.ms)
        return head.ms > other_head.ms ? -1 : 1;
    return wc_str_cmp(name, other_name);
}

static int by_head(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->shown != y->shown)
        return x->shown ? -1 : 1;
    return order(x->head, x->name, y->head, y->name);
}

static void ask(struct wc_call *call, size_t i, enum wc_script *script, struct wc_name *key, struct wc_str *args,
                size_t *nargs)
{
    const struct list *list = call->state;
    *script = WC_SCRIPT_SUMMARY;
    *key = wc_conv_key(list->rows[i].name);
    args[0] = wc_call_user(call);
    *nargs = 1;
}

/* An index entry without a membership. A young one may belong to a join between its two steps. */
static void stale(struct wc_call *call, const struct row *row)
{
    if (row->since + STALE_MS < wc_wall_ms())
        wc_index_drop(call->chat, row->name, (const struct wc_str[]){wc_call_user(call)}, 1);
}

static struct wc_str last_item(struct wc_call *call, const struct row *row, const struct wc_reply *entry)
{
    struct wc_event *ev = wc_event_of_entry(row->name, entry);
    if (ev == NULL)
        return WC_STR_NONE;
    struct wc_buf item = WC_BUF_INIT;
    wc_event_item(ev, wc_conv_side(row->name, wc_call_user(call)), &item);
    wc_event_unref(ev);
    struct wc_str copy = wc_call_copy(call, wc_buf_view(&item));
    wc_buf_free(&item);
    return copy;
}

static void each(struct wc_call *call, size_t i, const struct wc_reply *reply)
{
    struct list *list = call->state;
    struct row *row = &list->rows[i];
    if (!wc_str_is(wc_reply_str(reply, 0), "ok") || !wc_id_parse(wc_reply_str(reply, 1), &row->head)) {
        stale(call, row);
        return;
    }
    if (list->after_name.n != 0 && order(row->head, row->name, list->after_head, list->after_name) <= 0)
        return;
    row->shown = true;
    row->n = wc_reply_u64(reply, 2);
    row->read = wc_reply_u64(reply, 3);
    row->mentions = wc_reply_u64(reply, 4);
    row->read_id = wc_call_copy(call, wc_reply_str(reply, 5));
    row->last = last_item(call, row, wc_reply_at(reply, 6));
}

static void answer_row(struct wc_call *call, const struct row *row)
{
    struct wc_buf *b = &call->result;
    char space[WC_NAME_MAX + 16], head[WC_ID_MAX_LEN];
    struct wc_buf target = {space, 0, sizeof(space)};
    wc_conv_target(&target, row->name, wc_conv_side(row->name, wc_call_user(call)));
    wc_json_open(b, NULL);
    wc_json_str(b, "target", wc_buf_view(&target));
    wc_json_u64(b, "unread", row->n > row->read ? row->n - row->read : 0);
    wc_json_u64(b, "mentions", row->mentions);
    if (row->last.n != 0)
        wc_json_raw(b, "last", row->last);
    else
        wc_json_null(b, "last");
    wc_json_str(b, "head", (struct wc_str){head, wc_id_format(row->head, head)});
    if (row->read_id.n != 0)
        wc_json_str(b, "read", row->read_id);
    else
        wc_json_null(b, "read");
    wc_json_close(b);
}

static void done(struct wc_call *call)
{
    struct list *list = call->state;
    size_t limit = wc_call_limit(call), i = 0;
    if (list->count != 0)
        qsort(list->rows, list->count, sizeof(*list->rows), by_head);
    wc_answer_open(call);
    while (i < list->count && list->rows[i].shown && i < limit)
        answer_row(call, &list->rows[i++]);
    if (i == 0 || i == list->count || !list->rows[i].shown) {
        wc_answer_close(call, WC_STR_NONE);
    } else {
        char space[WC_ID_MAX_LEN + 1 + WC_NAME_MAX];
        struct wc_buf next = {space, 0, sizeof(space)};
        wc_id_add(&next, list->rows[i - 1].head);
        wc_buf_c(&next, '/');
        wc_buf_str(&next, list->rows[i - 1].name);
        wc_answer_close_cursor(call, wc_buf_view(&next));
    }
    wc_call_done(call);
}

static bool known_name(struct wc_str name)
{
    return name.n < WC_NAME_MAX - 12 && (wc_str_starts(name, WC_STR("room/")) || wc_str_starts(name, WC_STR("dm/")));
}

static void on_index(struct wc_call *call, const struct wc_reply *reply)
{
    static const struct wc_gather gather = {ask, each, done};
    struct list *list = call->state;
    size_t n = wc_reply_count(reply) / 2;
    list->rows = wc_call_alloc(call, n * sizeof(*list->rows));
    for (size_t i = 0; i < n; i++) {
        struct wc_str name = wc_reply_str(reply, 2 * i);
        if (known_name(name))
            list->rows[list->count++] =
                (struct row){.name = wc_call_copy(call, name), .since = wc_reply_u64(reply, 2 * i + 1)};
    }
    wc_call_gather(call, list->count, &gather);
}

static bool read_cursor(struct wc_call *call, struct list *list)
{
    struct wc_str cursor;
    if (!wc_call_cursor(call, &cursor))
        return false;
    if (cursor.n == 0)
        return true;
    const char *slash = memchr(cursor.p, '/', cursor.n);
    size_t n = slash != NULL ? (size_t)(slash - cursor.p) : cursor.n;
    list->after_name = wc_str_from(cursor, n + 1);
    if (list->after_name.n != 0 && wc_id_parse((struct wc_str){cursor.p, n}, &list->after_head))
        return true;
    wc_call_fail(call, WC_BAD_REQUEST, "cursor: must be what an earlier answer gave as next");
    return false;
}

void wc_op_conversation_list(struct wc_call *call)
{
    struct list *list = wc_call_alloc(call, sizeof(*list));
    call->state = list;
    if (!read_cursor(call, list))
        return;
    wc_index_read(call, wc_call_user(call), true, on_index);
}
