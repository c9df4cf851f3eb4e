#include "chat/index.h"

#include <assert.h>

enum { DROPS_MAX = 64 };

static const struct wc_str DIRECTORY = {"wcc:rooms", 9};

void wc_index_add(struct wc_call *call, struct wc_str user, struct wc_str conv_name, wc_call_step next)
{
    struct wc_name key = wc_user_key(user);
    wc_call_script(call, WC_SCRIPT_INDEX_ADD, wc_name_str(&key), &conv_name, 1, next);
}

void wc_directory_add(struct wc_call *call, struct wc_str room, wc_call_step next)
{
    wc_call_script(call, WC_SCRIPT_DIRECTORY_ADD, DIRECTORY, &room, 1, next);
}

void wc_index_read(struct wc_call *call, struct wc_str user, bool scores, wc_call_step next)
{
    char space[WC_NAME_MAX + 8];
    struct wc_buf key = {space, 0, sizeof(space)};
    struct wc_name name = wc_user_key(user);
    wc_buf_str(&key, wc_name_str(&name));
    wc_buf_z(&key, ":rooms");
    struct wc_str argv[] = {WC_STR("ZRANGE"), wc_buf_view(&key), WC_STR("0"), WC_STR("-1"), WC_STR("WITHSCORES")};
    wc_call_command(call, argv, scores ? 5 : 4, next);
}

static void ignore(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)arg;
    (void)err;
    (void)reply;
}

static bool run(struct wc_chat *chat, enum wc_script script, struct wc_str key, struct wc_str arg, wc_redis_cb cb,
                void *cb_arg)
{
    return wc_redis_script(chat->redis, script, &key, 1, &arg, 1, cb, cb_arg) == WC_OK;
}

struct keeping {
    struct wc_chat *chat;
    struct wc_name user, conv;
};

/* An account that was deleted while it became part of a conversation did not take leave of that one. */
static void on_kept(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct keeping *k = arg;
    if (err == WC_OK && wc_str_is(wc_reply_str(reply, 0), "not_found")) {
        struct wc_name key = wc_conv_key(wc_name_str(&k->conv));
        struct wc_str keys = wc_name_str(&key), user = wc_name_str(&k->user);
        struct wc_str args[] = {user, user, WC_STR("system"), WC_STR("0"), WC_STR(""), WC_STR("")};
        bool direct = wc_conv_direct(wc_name_str(&k->conv));
        if (wc_redis_script(k->chat->redis, direct ? WC_SCRIPT_DM_CLOSE : WC_SCRIPT_ROOM_LEAVE, &keys, 1, args,
                            direct ? 1 : WC_COUNT(args), ignore, NULL) != WC_OK)
            wc_log(k->chat->log, WC_WARN, "a deleted account is still a member", WC_S("user", user));
    }
    free(k);
}

static void copy(struct wc_name *to, struct wc_str s)
{
    assert(s.n < sizeof(to->z));
    memcpy(to->z, s.p, s.n);
    to->n = (uint8_t)s.n;
}

void wc_index_keep(struct wc_chat *chat, struct wc_str user, struct wc_str conv_name)
{
    struct keeping *k = WC_NEW(struct keeping);
    k->chat = chat;
    copy(&k->user, user);
    copy(&k->conv, conv_name);
    struct wc_name key = wc_user_key(user);
    if (!run(chat, WC_SCRIPT_INDEX_ADD, wc_name_str(&key), conv_name, on_kept, k))
        free(k);
}

void wc_directory_keep(struct wc_chat *chat, struct wc_str room)
{
    run(chat, WC_SCRIPT_DIRECTORY_ADD, DIRECTORY, room, ignore, NULL);
}

/* Dropping a conversation from one user's index after the other. The truth is asked first, so that what is true is
 * never missing, whatever ends this worker meanwhile; and again afterwards: it may have become true. */
struct drops {
    struct wc_chat *chat;
    struct wc_name conv, key;
    size_t next, count, busy;
    bool failed;
    struct drop {
        struct drops *all;
        struct wc_name user;
        bool dropped;
    } each[];
};

static void drop_more(struct drops *drops);
static void on_truth(void *arg, wc_err err, const struct wc_reply *reply);

static void drop_over(struct drop *drop, bool well)
{
    struct drops *drops = drop->all;
    drops->busy--;
    drops->failed |= !well;
    drop_more(drops);
}

static bool ask_truth(struct drop *drop)
{
    struct drops *drops = drop->all;
    return run(drops->chat, WC_SCRIPT_ATTACH, wc_name_str(&drops->key), wc_name_str(&drop->user), on_truth, drop);
}

static void on_dropped(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)reply;
    struct drop *drop = arg;
    drop->dropped = true;
    if (err != WC_OK || !ask_truth(drop))
        drop_over(drop, false);
}

static void on_truth(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct drop *drop = arg;
    struct drops *drops = drop->all;
    struct wc_name key = wc_user_key(wc_name_str(&drop->user));
    bool member = err == WC_OK && wc_str_is(wc_reply_str(reply, 0), "ok");
    if (member && drop->dropped)
        wc_index_keep(drops->chat, wc_name_str(&drop->user), wc_name_str(&drops->conv));
    if (err != WC_OK || member || drop->dropped)
        drop_over(drop, err == WC_OK);
    else if (!run(drops->chat, WC_SCRIPT_INDEX_REMOVE, wc_name_str(&key), wc_name_str(&drops->conv), on_dropped, drop))
        drop_over(drop, false);
}

static void drop_more(struct drops *drops)
{
    while (!drops->failed && drops->next < drops->count && drops->busy < DROPS_MAX) {
        if (ask_truth(&drops->each[drops->next++]))
            drops->busy++;
        else
            drops->failed = true;
    }
    if (drops->busy == 0)
        free(drops);
}

void wc_index_drop(struct wc_chat *chat, struct wc_str conv_name, const struct wc_str *users, size_t n)
{
    struct drops *drops = wc_alloc(sizeof(*drops) + n * sizeof(drops->each[0]));
    drops->chat = chat;
    drops->key = wc_conv_key(conv_name);
    copy(&drops->conv, conv_name);
    for (size_t i = 0; i < n; i++) {
        if (users[i].n >= WC_NAME_MAX)
            continue;
        struct drop *drop = &drops->each[drops->count++];
        drop->all = drops;
        copy(&drop->user, users[i]);
    }
    drop_more(drops);
}

/* Dropping a room from the directory: likewise. */
struct unlisting {
    struct wc_chat *chat;
    struct wc_name conv;
    bool dropped;
};

static void on_room(void *arg, wc_err err, const struct wc_reply *reply);

static void ask_room(struct unlisting *u)
{
    struct wc_name name = wc_conv_key(wc_name_str(&u->conv));
    struct wc_str key = wc_name_str(&name), args[] = {WC_STR(""), WC_STR("1")};
    if (wc_redis_script(u->chat->redis, WC_SCRIPT_ROOM_GET, &key, 1, args, 2, on_room, u) != WC_OK)
        free(u);
}

static void on_unlisted(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)reply;
    struct unlisting *u = arg;
    u->dropped = true;
    if (err != WC_OK)
        free(u);
    else
        ask_room(u);
}

static void on_room(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct unlisting *u = arg;
    struct wc_str room = wc_conv_rest(wc_name_str(&u->conv));
    bool public = err == WC_OK && wc_str_is(wc_reply_str(reply, 3), "public");
    if (err == WC_OK && !public && !u->dropped &&
        run(u->chat, WC_SCRIPT_DIRECTORY_REMOVE, DIRECTORY, room, on_unlisted, u))
        return;
    if (public && u->dropped)
        wc_directory_keep(u->chat, room);
    free(u);
}

void wc_directory_drop(struct wc_chat *chat, struct wc_str room)
{
    struct unlisting *u = WC_NEW(struct unlisting);
    u->chat = chat;
    u->conv = wc_conv_name(&(struct wc_target){.direct = false, .name = room}, WC_STR(""));
    ask_room(u);
}
