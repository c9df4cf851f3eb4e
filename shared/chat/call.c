#include "chat/call.h"

#include "chat/calls.h"
#include "chat/operations.h"

#include <assert.h>
#include <stdio.h>

enum { SPACE = 2048, RETRY_MS = 1000 };
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
    {"wcchat_calls_total", "outcome=\"ok\"", WC_COUNTER, offsetof(struct wc_calls, ok), 1,
     "Operations that were finished"},
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
    calls->posts = wc_posts_new(chat);
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
    wc_posts_free(calls->posts);
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
    struct block *block = wc_realloc(NULL, sizeof(*block));
    memset(block, 0, offsetof(struct block, space)); /* that is zeroed as it is given out */
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
        return memset(block->space + block->used - size, 0, size);
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
    for (const struct wc_op_arg *a = op->args; a < op->args + WC_OP_ARGS && a->name != NULL; a++) {
        if (!a->required || wc_call_has(call, a->arg))
            continue;
        char detail[64];
        snprintf(detail, sizeof(detail), "%s: is required", a->name);
        wc_call_refuse(call, WC_BAD_REQUEST, detail);
    }
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

struct wc_str wc_call_request(struct wc_call *call)
{
    char name[64];
    int n =
        snprintf(name, sizeof(name), "%s-%llu", call->chat->worker, (unsigned long long)++call->chat->calls->number);
    return wc_call_copy(call, (struct wc_str){name, (size_t)n});
}
