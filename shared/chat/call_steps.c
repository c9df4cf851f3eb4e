#include "chat/call.h"
#include "chat/calls.h"
#include "chat/lease.h"

enum { GATHER_MAX = 256 };

void wc_call_fail_words(struct wc_call *call, struct wc_str code, struct wc_str what)
{
    wc_err err = wc_err_from_code(code.p != NULL ? code.p : "", code.n);
    if (err == WC_OK)
        err = WC_UNAVAILABLE;
    /* A script that says no more means the room, one that is hidden from the caller too. */
    if (err == WC_NOT_FOUND && what.n == 0 && call->target.name.n != 0 && !call->target.direct)
        what = WC_STR("no such room");
    bool told = err != WC_RATE_LIMITED && err != WC_UNAVAILABLE;
    struct wc_str detail = wc_call_copy(call, told ? what : WC_STR_NONE);
    wc_call_fail(call, err, detail.p);
    uint64_t ms;
    if (err == WC_RATE_LIMITED && wc_str_u64(what, UINT64_MAX, &ms))
        call->failure.retry_ms = ms;
}

void wc_call_fail_reply(struct wc_call *call, const struct wc_reply *reply)
{
    wc_call_fail_words(call, wc_reply_str(reply, 0), wc_reply_str(reply, 1));
}

static void on_command(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_call *call = arg;
    if (err != WC_OK)
        wc_call_fail(call, err, NULL);
    else
        call->step(call, reply);
}

/* Those that append one entry to the log of their key, and answer {ok, its id, …}. */
static bool appends(enum wc_script which)
{
    switch (which) {
    case WC_SCRIPT_MESSAGE_DELETE:
    case WC_SCRIPT_MESSAGE_EDIT:
    case WC_SCRIPT_REACTION:
    case WC_SCRIPT_ROOM_BAN:
    case WC_SCRIPT_ROOM_CREATE:
    case WC_SCRIPT_ROOM_DELETE:
    case WC_SCRIPT_ROOM_JOIN:
    case WC_SCRIPT_ROOM_LEAVE:
    case WC_SCRIPT_ROOM_ROLE:
    case WC_SCRIPT_ROOM_UPDATE:
        return true;
    default:
        return false;
    }
}

void wc_call_committed(struct wc_call *call, struct wc_str key, struct wc_str id)
{
    struct wc_chat *chat = call->chat;
    struct wc_id parts;
    if (chat->committed != NULL && wc_id_parse(id, &parts) && parts.seq != 0)
        chat->committed(chat->committed_arg, key, id);
}

static void on_script(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_call *call = arg;
    if (err == WC_OK && call->committing.n != 0 && wc_str_is(wc_reply_str(reply, 0), "ok"))
        wc_call_committed(call, wc_name_str(&call->committing), wc_reply_str(reply, 1));
    if (err == WC_OK && !call->any && !wc_str_is(wc_reply_str(reply, 0), "ok"))
        wc_call_fail_reply(call, reply);
    else
        on_command(arg, err, reply);
}

static void script(struct wc_call *call, enum wc_script which, struct wc_str key, const struct wc_str *args, size_t n,
                   wc_call_step next, bool any)
{
    call->step = next;
    call->any = any;
    call->committing.n = 0;
    if (appends(which) && key.n < sizeof(call->committing.z)) {
        memcpy(call->committing.z, key.p, key.n);
        call->committing.n = (uint8_t)key.n;
    }
    wc_err err = wc_redis_script(call->chat->redis, which, &key, 1, args, n, on_script, call);
    if (err != WC_OK)
        wc_call_fail(call, err, NULL);
}

void wc_call_script(struct wc_call *call, enum wc_script which, struct wc_str key, const struct wc_str *args, size_t n,
                    wc_call_step next)
{
    script(call, which, key, args, n, next, false);
}

void wc_call_script_any(struct wc_call *call, enum wc_script which, struct wc_str key, const struct wc_str *args,
                        size_t n, wc_call_step next)
{
    script(call, which, key, args, n, next, true);
}

void wc_call_command(struct wc_call *call, const struct wc_str *argv, size_t n, wc_call_step next)
{
    call->step = next;
    wc_err err = wc_redis_command(call->chat->redis, argv, n, on_command, call);
    if (err != WC_OK)
        wc_call_fail(call, err, NULL);
}

struct live {
    struct wc_call *call;
    void (*next)(struct wc_call *call, struct wc_str live);
};

static void on_live(void *arg, wc_err err, struct wc_str live)
{
    struct live *l = arg;
    if (err != WC_OK)
        wc_call_fail(l->call, err, NULL);
    else
        l->next(l->call, wc_call_copy(l->call, live));
}

void wc_call_live(struct wc_call *call, void (*next)(struct wc_call *call, struct wc_str live))
{
    struct live *l = wc_call_alloc(call, sizeof(*l));
    *l = (struct live){call, next};
    wc_lease_read_live(call->chat->lease, on_live, l);
}

/* Many scripts at once. */

struct slot {
    struct gather *gather;
    size_t i;
};

struct gather {
    struct wc_call *call;
    const struct wc_gather *g;
    size_t count, next;
    wc_err err;
    struct slot *slots;
};

static void on_gathered(void *arg, wc_err err, const struct wc_reply *reply);

static void ask_one(struct gather *gather, size_t i)
{
    struct wc_call *call = gather->call;
    enum wc_script which = WC_SCRIPT_COUNT;
    struct wc_name key = {.n = 0};
    struct wc_str args[8];
    size_t n = 0;
    gather->slots[i] = (struct slot){gather, i};
    gather->g->ask(call, i, &which, &key, args, &n);
    struct wc_str k = wc_name_str(&key);
    gather->err = wc_redis_script(call->chat->redis, which, &k, 1, args, n, on_gathered, &gather->slots[i]);
    if (gather->err == WC_OK)
        call->pending++;
}

static void ask_more(struct gather *gather)
{
    struct wc_call *call = gather->call;
    while (gather->err == WC_OK && gather->next < gather->count && call->pending < GATHER_MAX)
        ask_one(gather, gather->next++);
    if (call->pending != 0)
        return;
    if (gather->err != WC_OK)
        wc_call_fail(call, gather->err, NULL);
    else
        gather->g->done(call);
}

static void on_gathered(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct slot *slot = arg;
    struct gather *gather = slot->gather;
    gather->call->pending--;
    if (err != WC_OK)
        gather->err = err;
    else if (gather->err == WC_OK)
        gather->g->each(gather->call, slot->i, reply);
    ask_more(gather);
}

void wc_call_gather(struct wc_call *call, size_t count, const struct wc_gather *g)
{
    struct gather *gather = wc_call_alloc(call, sizeof(*gather));
    *gather = (struct gather){.call = call, .g = g, .count = count};
    gather->slots = wc_call_alloc(call, count * sizeof(*gather->slots));
    ask_more(gather);
}
