#include "chat/call.h"

#include "chat/calls.h"
#include "chat/lease.h"
#include "chat/rules.h"

#include <assert.h>
#include <stdio.h>

enum { SPACE = 1536, GATHER_MAX = 256, IDLE_MAX = 64, RETRY_MS = 1000 };
enum { PHASE_NEW, PHASE_RUNNING, PHASE_DONE };

struct wc_call_memory {
    struct wc_call_memory *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

/* A call with its first memory, so that most need no other allocation. */
struct block {
    struct wc_call call; /* first: a call is its block */
    struct wc_soon_item done;
    struct block *next, **link; /* of all that are alive */
    size_t used;
    _Alignas(16) char space[SPACE];
};

static const struct wc_metric metrics[] = {
    {"wcchat_calls_total", "outcome=\"ok\"", WC_COUNTER, offsetof(struct wc_calls, ok), 1, "Operations that were finished"},
    {"wcchat_calls_total", "outcome=\"refused\"", WC_COUNTER, offsetof(struct wc_calls, refused), 1, NULL},
    {"wcchat_calls_total", "outcome=\"unavailable\"", WC_COUNTER, offsetof(struct wc_calls, unavailable), 1, NULL},
    {"wcchat_calls", NULL, WC_GAUGE, offsetof(struct wc_calls, count), 1, "Operations under way"},
};

struct wc_calls *wc_calls_new(struct wc_chat *chat)
{
    struct wc_calls *calls = WC_NEW(struct wc_calls);
    calls->chat = chat;
    wc_soon_init(&calls->soon, chat->loop);
    wc_durable_init(&calls->durable, chat);
    wc_metrics_add(chat->metrics, metrics, WC_COUNT(metrics), calls);
    return calls;
}

static void release(struct block *block)
{
    struct wc_call *call = &block->call;
    wc_buf_free(&call->result);
    for (struct wc_call_memory *m = call->memory, *next; m != NULL; m = next) {
        next = m->next;
        free(m);
    }
    *block->link = block->next;
    if (block->next != NULL)
        block->next->link = block->link;
    call->chat->calls->count--;
    free(block);
}

void wc_calls_free(struct wc_calls *calls)
{
    if (calls == NULL)
        return;
    wc_soon_end(&calls->soon);
    wc_durable_end(&calls->durable);
    while (calls->all != NULL)
        release(calls->all);
    free(calls);
}

struct wc_call *wc_call_new(struct wc_chat *chat, const char *op, const struct wc_identity *who)
{
    const struct wc_op *found = wc_op_find(wc_str(op));
    if (found == NULL)
        return NULL;
    struct wc_calls *calls = chat->calls;
    struct block *block = wc_alloc(sizeof(*block));
    block->call.chat = chat;
    block->call.op = found;
    block->call.who = *who;
    block->next = calls->all;
    block->link = &calls->all;
    if (block->next != NULL)
        block->next->link = &block->next;
    calls->all = block;
    calls->count++;
    return &block->call;
}

void *wc_call_alloc(struct wc_call *call, size_t size)
{
    struct block *block = (struct block *)call;
    size = (size + 15) & ~(size_t)15;
    if (size <= SPACE - block->used) {
        block->used += size;
        return block->space + block->used - size;
    }
    struct wc_call_memory *m = call->memory;
    if (m == NULL || m->size - m->used < size) {
        size_t room = size > 4096 ? size : 4096;
        m = wc_alloc(sizeof(*m) + room);
        m->size = room;
        m->next = call->memory;
        call->memory = m;
    }
    m->used += size;
    return m->bytes + m->used - size;
}

struct wc_str wc_call_copy(struct wc_call *call, struct wc_str s)
{
    char *copy = wc_call_alloc(call, s.n + 1);
    if (s.n != 0)
        memcpy(copy, s.p, s.n);
    return (struct wc_str){copy, s.n};
}

/* Arguments. */

static const struct wc_op_arg *arg_find(const struct wc_op *op, struct wc_str name)
{
    for (const struct wc_op_arg *a = op->args; a < op->args + WC_OP_ARGS && a->name != NULL; a++)
        if (wc_str_is(name, a->name))
            return a;
    return NULL;
}

static void refuse_arg(struct wc_call *call, wc_err err, struct wc_str name, const char *why)
{
    char detail[sizeof(call->failure.detail)];
    int shown = name.n < 40 && name.n > 0 ? (int)name.n : 0;
    for (int i = 0; i < shown; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~')
            shown = 0;
    snprintf(detail, sizeof(detail), "%.*s%s%s", shown, name.p, shown > 0 ? ": " : "", why);
    wc_call_refuse(call, err, detail);
}

static void set_target(struct wc_call *call, struct wc_str value)
{
    call->args[WC_ARG_TARGET] = value;
    if (wc_target_parse(value, &call->target) != WC_OK)
        return;
    call->conv = wc_conv_name(&call->target, wc_call_user(call));
    call->key = wc_conv_key(wc_name_str(&call->conv));
}

/* A target given as the name of a room. */
static void room_arg(struct wc_call *call, struct wc_str name, struct wc_str value)
{
    const char *why = NULL;
    wc_err err = wc_rule_check(WC_RULE_ROOM, value, NULL, &why);
    if (err != WC_OK) {
        refuse_arg(call, err, name, why);
        return;
    }
    const struct wc_str scheme = WC_STR("wcchat://rooms/");
    char *target = wc_call_alloc(call, scheme.n + value.n);
    memcpy(target, scheme.p, scheme.n);
    memcpy(target + scheme.n, value.p, value.n);
    set_target(call, (struct wc_str){target, scheme.n + value.n});
}

/* The argument that `name` names, unless it is refused. */
static const struct wc_op_arg *arg_for(struct wc_call *call, struct wc_str name, bool *as_room)
{
    const struct wc_op_arg *a = arg_find(call->op, name);
    *as_room = a == NULL && wc_str_is(name, "room");
    if (*as_room)
        a = arg_find(call->op, WC_STR("target"));
    if (a == NULL)
        refuse_arg(call, WC_BAD_REQUEST, name, "this operation has no such argument");
    else if (wc_call_has(call, a->arg))
        refuse_arg(call, WC_BAD_REQUEST, name, "is given twice");
    else
        return a;
    return NULL;
}

void wc_call_arg(struct wc_call *call, struct wc_str name, struct wc_str value)
{
    bool as_room;
    const struct wc_op_arg *a = arg_for(call, name, &as_room);
    if (a == NULL || (a->rule == WC_RULE_CURSOR && value.n == 0))
        return;
    if (as_room) {
        room_arg(call, name, value);
        return;
    }
    const char *why = NULL;
    uint64_t number = 0;
    wc_err err = wc_rule_check(a->rule, value, &number, &why);
    if (err != WC_OK) {
        refuse_arg(call, err, name, why);
        return;
    }
    value = wc_call_copy(call, value);
    call->numbers[a->arg] = number;
    call->args[a->arg] = value;
    if (a->arg == WC_ARG_TARGET)
        set_target(call, value);
}

static void number_arg(struct wc_call *call, struct wc_str name, int64_t value)
{
    char digits[20];
    if (value < 0)
        refuse_arg(call, WC_BAD_REQUEST, name, "must not be negative");
    else
        wc_call_arg(call, name, (struct wc_str){digits, wc_u64_format((uint64_t)value, digits)});
}

void wc_call_arg_json(struct wc_call *call, struct wc_str name, const wc_json *value)
{
    enum wc_json_type type = wc_json_type(value);
    if (type == WC_JSON_NULL)
        return;
    bool as_room;
    const struct wc_op_arg *a = arg_for(call, name, &as_room);
    if (a == NULL)
        return;
    if (wc_rule_is_number(a->rule)) {
        if (type == WC_JSON_INT)
            number_arg(call, name, wc_json_int(value));
        else
            refuse_arg(call, WC_BAD_REQUEST, name, "must be a whole number");
    } else if (a->rule == WC_RULE_FLAG) {
        if (type == WC_JSON_BOOL)
            wc_call_arg(call, name, wc_json_true(value) ? WC_STR("true") : WC_STR("false"));
        else
            refuse_arg(call, WC_BAD_REQUEST, name, "must be true or false");
    } else if (type == WC_JSON_STRING) {
        wc_call_arg(call, name, wc_json_string(value));
    } else {
        refuse_arg(call, WC_BAD_REQUEST, name, "must be a string");
    }
}

static void set_detail(struct wc_failure *failure, struct wc_str detail)
{
    size_t n = detail.n < sizeof(failure->detail) ? detail.n : sizeof(failure->detail) - 1;
    if (n != 0)
        memcpy(failure->detail, detail.p, n);
    failure->detail[n] = '\0';
}

static void set_failure(struct wc_call *call, wc_err err, struct wc_str detail)
{
    call->failure = (struct wc_failure){.err = err, .retry_ms = err == WC_UNAVAILABLE ? RETRY_MS : 0};
    set_detail(&call->failure, detail);
}

void wc_call_refuse(struct wc_call *call, wc_err err, const char *detail)
{
    if (call->failure.err == WC_OK)
        set_failure(call, err, wc_str(detail));
}

/* Start and end. */

static void fire(struct wc_soon_item *item)
{
    struct block *block = WC_CONTAINER(item, struct block, done);
    struct wc_call *call = &block->call;
    if (call->cb != NULL)
        call->cb(call->arg, call, call->failure.err != WC_OK ? &call->failure : NULL);
    release(block);
}

static void finish(struct wc_call *call)
{
    assert(call->phase == PHASE_RUNNING && call->pending == 0);
    struct wc_calls *calls = call->chat->calls;
    wc_err err = call->failure.err;
    call->phase = PHASE_DONE;
    *(err == WC_OK ? &calls->ok : err == WC_UNAVAILABLE ? &calls->unavailable : &calls->refused) += 1;
    struct block *block = (struct block *)call;
    block->done.fire = fire;
    wc_soon_add(&calls->soon, &block->done);
}

void wc_call_done(struct wc_call *call)
{
    if (call->result.n == 0)
        wc_buf_z(&call->result, "null");
    finish(call);
}

void wc_call_fail(struct wc_call *call, wc_err err, const char *detail)
{
    call->created = false;
    call->result.n = 0;
    set_failure(call, err, wc_str(detail));
    finish(call);
}

static void missing(struct wc_call *call)
{
    const struct wc_op *op = call->op;
    for (const struct wc_op_arg *a = op->args; a < op->args + WC_OP_ARGS && a->name != NULL; a++)
        if (a->required && !wc_call_has(call, a->arg))
            refuse_arg(call, WC_BAD_REQUEST, wc_str(a->name), "is required");
}

void wc_call_start(struct wc_call *call, wc_call_cb cb, void *arg)
{
    assert(call->phase == PHASE_NEW);
    call->cb = cb;
    call->arg = arg;
    call->phase = PHASE_RUNNING;
    if (call->who.anonymous && (call->op->flags & WC_OP_ANYBODY) == 0) {
        wc_call_fail(call, WC_UNAUTHENTICATED, "an access token is needed");
        return;
    }
    missing(call);
    if (call->failure.err != WC_OK)
        finish(call);
    else
        call->op->handle(call);
}

void wc_call_cancel(struct wc_call *call)
{
    call->cb = NULL;
    if (call->phase == PHASE_NEW)
        release((struct block *)call);
}

uint64_t wc_calls_number(struct wc_calls *calls)
{
    return ++calls->number;
}

/* Steps. */

void wc_call_fail_reply(struct wc_call *call, const struct wc_reply *reply)
{
    struct wc_str code = wc_reply_str(reply, 0);
    wc_err err = wc_err_from_code(code.p != NULL ? code.p : "", code.n);
    if (err == WC_OK)
        err = WC_UNAVAILABLE;
    wc_call_fail(call, err, NULL);
    if (err == WC_RATE_LIMITED)
        call->failure.retry_ms = wc_reply_u64(reply, 1);
    else if (err != WC_UNAVAILABLE)
        set_detail(&call->failure, wc_reply_str(reply, 1));
}

static void on_command(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_call *call = arg;
    if (err != WC_OK)
        wc_call_fail(call, err, NULL);
    else
        call->step(call, reply);
}

static void on_script(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_call *call = arg;
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
