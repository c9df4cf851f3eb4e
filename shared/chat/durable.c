#include "chat/durable.h"

#include "chat/calls.h"

static const struct wc_str TIMEOUT_MS = {"1000", 4};

#define REPLICAS_MOST 100

bool wc_durability_read(struct wc_str text, struct wc_durability *out)
{
    static const struct wc_str by_number = {"replicas:", 9};
    struct wc_durability read = {.fsync = wc_str_is(text, "fsync")};
    if (wc_str_starts(text, by_number)) {
        if (!wc_str_u64(wc_str_from(text, by_number.n), REPLICAS_MOST, &read.replicas) || read.replicas == 0)
            return false;
    } else if (!read.fsync && !wc_str_is(text, "none")) {
        return false;
    }
    *out = read;
    return true;
}

/* The calls of one WAIT. */
struct batch {
    struct wc_chat *chat;
    struct wc_call *calls;
    uint64_t connects;
};

static void settle(struct wc_call *calls, bool durable)
{
    for (struct wc_call *call = calls, *next; call != NULL; call = next) {
        next = call->next;
        if (durable)
            wc_call_done(call);
        else
            wc_call_fail(call, WC_UNAVAILABLE, "too few replicas have confirmed it; repeat it with the same client id");
    }
}

static void on_waited(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct batch *batch = arg;
    bool same = wc_redis_stats(batch->chat->redis)->connects == batch->connects;
    int64_t replicas = err == WC_OK ? wc_reply_int(reply) : 0;
    settle(batch->calls, same && replicas >= (int64_t)batch->chat->replicas);
    free(batch);
}

static void on_turn(struct ev_loop *loop, ev_prepare *w, int events)
{
    (void)events;
    struct wc_durable *d = WC_CONTAINER(w, struct wc_durable, turn);
    ev_prepare_stop(loop, w);
    struct batch *batch = WC_NEW(struct batch);
    *batch = (struct batch){d->chat, d->waiting, d->connects};
    d->waiting = NULL;
    char replicas[20];
    struct wc_str argv[] = {WC_STR("WAIT"), {replicas, wc_u64_format(d->chat->replicas, replicas)}, TIMEOUT_MS};
    if (wc_redis_command(d->chat->redis, argv, WC_COUNT(argv), on_waited, batch) == WC_OK)
        return;
    settle(batch->calls, false);
    free(batch);
}

void wc_durable_init(struct wc_durable *d, struct wc_chat *chat)
{
    d->chat = chat;
    ev_prepare_init(&d->turn, on_turn);
    ev_set_priority(&d->turn, EV_MAXPRI);
}

void wc_durable_end(struct wc_durable *d)
{
    ev_prepare_stop(d->chat->loop, &d->turn);
}

void wc_call_durable(struct wc_call *call)
{
    struct wc_chat *chat = call->chat;
    if (chat->replicas == 0) {
        wc_call_done(call);
        return;
    }
    struct wc_durable *d = &chat->calls->durable;
    if (d->waiting == NULL)
        d->connects = wc_redis_stats(chat->redis)->connects;
    call->next = d->waiting;
    d->waiting = call;
    ev_prepare_start(chat->loop, &d->turn);
}
