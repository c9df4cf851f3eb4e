#include "chat/rooms.h"

#include "chat/answer.h"
#include "chat/handlers.h"
#include "chat/index.h"

static const uint64_t DAY_MS = 86400000;
enum { DAYS_MAX = 36500 };

/* One room. */

static void room_json(struct wc_buf *b, struct wc_str name, const struct wc_reply *reply)
{
    struct wc_str role = wc_reply_str(reply, 7), maker = wc_reply_str(reply, 4);
    wc_json_open(b, NULL);
    wc_json_str(b, "id", name);
    wc_json_str(b, "description", wc_reply_str(reply, 1));
    wc_json_str(b, "topic", wc_reply_str(reply, 2));
    wc_json_str(b, "visibility", wc_reply_str(reply, 3));
    if (maker.n != 0)
        wc_json_str(b, "created_by", maker);
    else
        wc_json_null(b, "created_by");
    wc_answer_time(b, "created", wc_reply_u64(reply, 5));
    wc_json_u64(b, "members", wc_reply_u64(reply, 6));
    if (role.n != 0)
        wc_json_str(b, "role", role);
    else
        wc_json_null(b, "role");
    wc_json_close(b);
}

static void on_room(struct wc_call *call, const struct wc_reply *reply)
{
    room_json(&call->result, wc_conv_rest(wc_name_str(&call->conv)), reply);
    wc_call_done(call);
}

void wc_answer_with_room(struct wc_call *call)
{
    struct wc_str args[] = {wc_call_user(call), wc_call_admin(call)};
    wc_call_script(call, WC_SCRIPT_ROOM_GET, wc_name_str(&call->key), args, WC_COUNT(args), on_room);
}

void wc_op_room_get(struct wc_call *call)
{
    wc_answer_with_room(call);
}

/* Creating. */

static bool is_private(const struct wc_call *call)
{
    return wc_str_is(wc_call_or_empty(call, WC_ARG_VISIBILITY), "private");
}

static bool is_public(const struct wc_call *call)
{
    return wc_str_is(wc_call_or_empty(call, WC_ARG_VISIBILITY), "public");
}

static void on_created(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    struct wc_str conv = wc_name_str(&call->conv);
    if (!is_private(call))
        wc_directory_keep(call->chat, wc_conv_rest(conv));
    wc_index_keep(call->chat, wc_call_user(call), conv);
    call->created = true;
    wc_answer_with_room(call);
}

/* Somebody else's room: what was noted for the caller goes again. */
static void on_create_answer(struct wc_call *call, const struct wc_reply *reply)
{
    if (wc_str_is(wc_reply_str(reply, 0), "ok")) {
        on_created(call, reply);
        return;
    }
    wc_index_drop(call->chat, wc_name_str(&call->conv), (const struct wc_str[]){wc_call_user(call)}, 1);
    if (!is_private(call))
        wc_directory_drop(call->chat, wc_conv_rest(wc_name_str(&call->conv)));
    wc_call_fail_reply(call, reply);
}

static void on_indexed(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    struct wc_str args[] = {wc_call_user(call),
                            wc_str(call->who.via),
                            wc_call_or_empty(call, WC_ARG_DESCRIPTION),
                            wc_call_or_empty(call, WC_ARG_TOPIC),
                            is_private(call) ? WC_STR("private") : WC_STR("public"),
                            wc_call_request(call)};
    wc_call_script_any(call, WC_SCRIPT_ROOM_CREATE, wc_name_str(&call->key), args, WC_COUNT(args), on_create_answer);
}

static void on_listed(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    wc_index_add(call, wc_call_user(call), wc_name_str(&call->conv), on_indexed);
}

void wc_op_room_create(struct wc_call *call)
{
    call->target = (struct wc_target){.direct = false, .name = call->args[WC_ARG_ROOM]};
    call->conv = wc_conv_name(&call->target, WC_STR(""));
    call->key = wc_conv_key(wc_name_str(&call->conv));
    if (is_private(call))
        on_listed(call, NULL);
    else
        wc_directory_add(call, call->target.name, on_listed);
}

/* Changing. */

struct update {
    struct wc_str args[16];
    size_t n;
    char messages[20], age[20];
};

static void put(struct update *u, const char *field, struct wc_str value)
{
    u->args[u->n++] = wc_str(field);
    u->args[u->n++] = value;
}

static void put_number(struct update *u, const char *field, uint64_t value, char digits[20])
{
    put(u, field, (struct wc_str){digits, wc_u64_format(value, digits)});
}

static void on_updated(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    struct wc_str room = call->target.name;
    if (is_public(call))
        wc_directory_keep(call->chat, room);
    else if (is_private(call))
        wc_directory_drop(call->chat, room);
    wc_answer_with_room(call);
}

static void on_update_answer(struct wc_call *call, const struct wc_reply *reply)
{
    if (wc_str_is(wc_reply_str(reply, 0), "ok")) {
        on_updated(call, reply);
        return;
    }
    if (is_public(call))
        wc_directory_drop(call->chat, call->target.name);
    wc_call_fail_reply(call, reply);
}

static void update(struct wc_call *call, const struct wc_reply *reply)
{
    (void)reply;
    struct update *u = call->state;
    u->args[u->n++] = wc_call_request(call);
    wc_call_script_any(call, WC_SCRIPT_ROOM_UPDATE, wc_name_str(&call->key), u->args, u->n, on_update_answer);
}

void wc_op_room_update(struct wc_call *call)
{
    struct update *u = wc_call_alloc(call, sizeof(*u));
    call->state = u;
    u->args[0] = wc_call_user(call);
    u->args[1] = wc_str(call->who.via);
    u->args[2] = wc_call_admin(call);
    u->n = 3;
    if (wc_call_has(call, WC_ARG_DESCRIPTION))
        put(u, "description", call->args[WC_ARG_DESCRIPTION]);
    if (wc_call_has(call, WC_ARG_TOPIC))
        put(u, "topic", call->args[WC_ARG_TOPIC]);
    if (wc_call_has(call, WC_ARG_VISIBILITY))
        put(u, "visibility", call->args[WC_ARG_VISIBILITY]);
    if (wc_call_has(call, WC_ARG_RETENTION_MESSAGES))
        put_number(u, "retention_messages", call->numbers[WC_ARG_RETENTION_MESSAGES], u->messages);
    if (wc_call_has(call, WC_ARG_RETENTION_DAYS))
        put_number(u, "retention_ms", call->numbers[WC_ARG_RETENTION_DAYS] * DAY_MS, u->age);
    if (u->n == 3)
        wc_call_fail(call, WC_BAD_REQUEST, "nothing to change is given");
    else if (call->numbers[WC_ARG_RETENTION_DAYS] > DAYS_MAX)
        wc_call_fail(call, WC_BAD_REQUEST, "retention_days: must be a number from 0 to 36,500");
    else if (is_private(call) && wc_is_general(call->chat, call->target.name))
        wc_call_fail(call, WC_FORBIDDEN, "the room that everybody is in stays public");
    else if (is_public(call))
        wc_directory_add(call, call->target.name, update);
    else
        update(call, NULL);
}

/* Deleting. */

static void on_deleted(struct wc_call *call, const struct wc_reply *reply)
{
    size_t n = wc_reply_count(reply);
    struct wc_str *users = wc_call_alloc(call, n * sizeof(*users));
    for (size_t i = 2; i < n; i++)
        users[i - 2] = wc_reply_str(reply, i);
    wc_directory_drop(call->chat, call->target.name);
    wc_index_drop(call->chat, wc_name_str(&call->conv), users, n > 2 ? n - 2 : 0);
    wc_call_done(call);
}

void wc_op_room_delete(struct wc_call *call)
{
    if (wc_is_general(call->chat, call->target.name)) {
        wc_call_fail(call, WC_FORBIDDEN, "the room that everybody is in can't be deleted");
        return;
    }
    struct wc_str args[] = {wc_call_user(call), wc_str(call->who.via), wc_call_admin(call), wc_call_request(call)};
    wc_call_script(call, WC_SCRIPT_ROOM_DELETE, wc_name_str(&call->key), args, WC_COUNT(args), on_deleted);
}

/* The directory. */

struct directory {
    struct wc_name *keys; /* the names of a page */
    size_t count;
    struct wc_str *rooms; /* JSON, or nothing for those not to be shown */
    bool more;
};

static void ask_room(struct wc_call *call, size_t i, enum wc_script *script, struct wc_name *key, struct wc_str *args,
                     size_t *nargs)
{
    const struct directory *d = call->state;
    *script = WC_SCRIPT_ROOM_GET;
    struct wc_target target = {.direct = false, .name = wc_name_str(&d->keys[i])};
    struct wc_name conv = wc_conv_name(&target, WC_STR(""));
    *key = wc_conv_key(wc_name_str(&conv));
    args[0] = wc_call_user(call);
    args[1] = wc_call_admin(call);
    *nargs = 2;
}

static void each_room(struct wc_call *call, size_t i, const struct wc_reply *reply)
{
    struct directory *d = call->state;
    if (!wc_str_is(wc_reply_str(reply, 0), "ok") || !wc_str_is(wc_reply_str(reply, 3), "public"))
        return;
    struct wc_buf room = WC_BUF_INIT;
    room_json(&room, wc_name_str(&d->keys[i]), reply);
    d->rooms[i] = wc_call_copy(call, wc_buf_view(&room));
    wc_buf_free(&room);
}

static void directory_done(struct wc_call *call)
{
    const struct directory *d = call->state;
    wc_answer_open(call);
    for (size_t i = 0; i < d->count; i++)
        if (d->rooms[i].n != 0)
            wc_json_raw(&call->result, NULL, d->rooms[i]);
    wc_answer_close_cursor(call, d->more ? wc_name_str(&d->keys[d->count - 1]) : WC_STR_NONE);
    wc_call_done(call);
}

static void on_names(struct wc_call *call, const struct wc_reply *reply)
{
    static const struct wc_gather gather = {ask_room, each_room, directory_done};
    struct directory *d = call->state;
    size_t n = wc_reply_count(reply), limit = wc_call_limit(call);
    d->keys = wc_call_alloc(call, n * sizeof(*d->keys));
    d->rooms = wc_call_alloc(call, n * sizeof(*d->rooms));
    for (size_t i = 0; i < n && d->count < limit; i++) {
        struct wc_str name = wc_reply_str(reply, i);
        if (name.n == 0 || name.n > 64)
            continue;
        struct wc_name *key = &d->keys[d->count++];
        memcpy(key->z, name.p, name.n);
        key->n = (uint8_t)name.n;
    }
    d->more = n > limit && d->count != 0;
    wc_call_gather(call, d->count, &gather);
}

void wc_op_room_list(struct wc_call *call)
{
    call->state = wc_call_alloc(call, sizeof(struct directory));
    struct wc_str cursor, q = wc_call_or_empty(call, WC_ARG_Q);
    if (!wc_call_cursor(call, &cursor))
        return;
    char digits[20];
    struct wc_buf from = WC_BUF_INIT, to = WC_BUF_INIT;
    wc_buf_z(&from, wc_str_cmp(cursor, q) >= 0 && cursor.n != 0 ? "(" : q.n != 0 ? "[" : "-");
    wc_buf_str(&from, wc_str_cmp(cursor, q) >= 0 ? cursor : q);
    wc_buf_z(&to, q.n != 0 ? "[" : "+");
    wc_buf_str(&to, q);
    wc_buf_z(&to, q.n != 0 ? "\xff" : "");
    struct wc_str argv[] = {WC_STR("ZRANGEBYLEX"),
                            WC_STR("wcc:rooms"),
                            wc_buf_view(&from),
                            wc_buf_view(&to),
                            WC_STR("LIMIT"),
                            WC_STR("0"),
                            {digits, wc_u64_format(wc_call_limit(call) + 1, digits)}};
    wc_call_command(call, argv, WC_COUNT(argv), on_names);
    wc_buf_free(&from);
    wc_buf_free(&to);
}
