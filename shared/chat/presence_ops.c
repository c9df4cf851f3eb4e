#include "chat/presence.h"

#include "chat/answer.h"
#include "chat/handlers.h"
#include "chat/index.h"
#include "chat/shown.h"

/* One user. */

static void on_one(struct wc_call *call, const struct wc_reply *reply)
{
    struct wc_str user = call->args[WC_ARG_USER];
    struct wc_shown shown = wc_shown_read(call, user, reply);
    wc_shown_json(&call->result, user, &shown);
    wc_call_done(call);
}

static void ask_one(struct wc_call *call, struct wc_str live)
{
    struct wc_name key = wc_user_key(call->args[WC_ARG_USER]);
    wc_call_script(call, WC_SCRIPT_PRESENCE_GET, wc_name_str(&key), &live, 1, on_one);
}

/* Do the two share a conversation? Their indexes say which might be shared; the conversations decide. */
struct common {
    struct wc_str *mine, *convs;
    size_t nmine, n;
    uint8_t *members; /* of each of convs: how many of the two are */
};

static void common_ask(struct wc_call *call, size_t i, enum wc_script *script, struct wc_name *key, struct wc_str *args,
                       size_t *nargs)
{
    const struct common *c = call->state;
    *script = WC_SCRIPT_ATTACH;
    *key = wc_conv_key(c->convs[i / 2]);
    args[0] = i % 2 == 0 ? wc_call_user(call) : call->args[WC_ARG_USER];
    *nargs = 1;
}

static void common_each(struct wc_call *call, size_t i, const struct wc_reply *reply)
{
    struct common *c = call->state;
    if (wc_str_is(wc_reply_str(reply, 0), "ok"))
        c->members[i / 2]++;
}

static void common_done(struct wc_call *call)
{
    const struct common *c = call->state;
    for (size_t i = 0; i < c->n; i++) {
        if (c->members[i] == 2) {
            wc_call_live(call, ask_one);
            return;
        }
    }
    wc_call_fail(call, WC_NOT_FOUND, "no such user among those you share a conversation with");
}

static bool in_index(const struct common *c, struct wc_str name)
{
    for (size_t i = 0; i < c->nmine; i++)
        if (wc_str_eq(c->mine[i], name))
            return true;
    return false;
}

static void on_their_index(struct wc_call *call, const struct wc_reply *reply)
{
    static const struct wc_gather gather = {common_ask, common_each, common_done};
    struct common *c = call->state;
    c->convs = wc_call_alloc(call, c->nmine * sizeof(*c->convs));
    for (size_t i = 0; i < wc_reply_count(reply) && c->n < c->nmine; i++)
        if (in_index(c, wc_reply_str(reply, i)))
            c->convs[c->n++] = wc_call_copy(call, wc_reply_str(reply, i));
    c->members = wc_call_alloc(call, c->n + 1);
    wc_call_gather(call, 2 * c->n, &gather);
}

static void on_my_index(struct wc_call *call, const struct wc_reply *reply)
{
    struct common *c = call->state;
    size_t n = wc_reply_count(reply);
    c->mine = wc_call_alloc(call, n * sizeof(*c->mine));
    for (size_t i = 0; i < n; i++) {
        struct wc_str name = wc_reply_str(reply, i);
        if (name.n < WC_NAME_MAX - 12)
            c->mine[c->nmine++] = wc_call_copy(call, name);
    }
    wc_index_read(call, call->args[WC_ARG_USER], false, on_their_index);
}

static void query_one(struct wc_call *call)
{
    if (call->chat->options.general[0] != '\0' || wc_str_eq(call->args[WC_ARG_USER], wc_call_user(call))) {
        wc_call_live(call, ask_one);
        return;
    }
    call->state = wc_call_alloc(call, sizeof(struct common));
    wc_index_read(call, wc_call_user(call), false, on_my_index);
}

void wc_op_presence_query(struct wc_call *call)
{
    if (wc_call_has(call, WC_ARG_USER))
        query_one(call);
    else
        wc_presence_list(call);
}

/* What one says of oneself. */

struct saying {
    struct wc_str status, text, live;
};

static void on_set(struct wc_call *call, const struct wc_reply *reply)
{
    const struct saying *s = call->state;
    struct wc_str channels = wc_reply_str(reply, 2), me = wc_call_user(call);
    struct wc_shown shown = {.status = s->status, .text = s->text, .channels = channels, .ago = WC_STR("0")};
    wc_shown_json(&call->result, me, &shown);
    if (wc_reply_u64(reply, 3) == 1) {
        char digits[20];
        struct wc_str version = {digits, wc_u64_format(wc_reply_u64(reply, 1), digits)};
        bool hidden = wc_str_is(s->status, "offline");
        wc_presence_tell(call->chat->presence, me, WC_EV_PRESENCE_CHANGED, wc_str(call->who.via), version,
                         hidden ? WC_STR("") : channels, channels.n != 0 ? s->status : WC_STR("offline"),
                         hidden ? WC_STR("") : s->text);
    }
    wc_call_done(call);
}

static void set(struct wc_call *call)
{
    const struct saying *s = call->state;
    struct wc_name key = wc_user_key(wc_call_user(call));
    struct wc_str args[] = {s->status, s->text, s->live, wc_call_request(call)};
    wc_call_script(call, WC_SCRIPT_PRESENCE_SET, wc_name_str(&key), args, WC_COUNT(args), on_set);
}

static void on_before(struct wc_call *call, const struct wc_reply *reply)
{
    struct saying *s = call->state;
    s->status = wc_call_copy(call, wc_reply_str(reply, 1));
    set(call);
}

static void on_live_to_set(struct wc_call *call, struct wc_str live)
{
    struct saying *s = call->state;
    s->live = live;
    if (s->status.n != 0) {
        set(call);
        return;
    }
    struct wc_name key = wc_user_key(wc_call_user(call));
    wc_call_script(call, WC_SCRIPT_PRESENCE_GET, wc_name_str(&key), &live, 1, on_before);
}

void wc_op_presence_set(struct wc_call *call)
{
    struct saying *s = wc_call_alloc(call, sizeof(*s));
    call->state = s;
    s->status = wc_call_or_empty(call, WC_ARG_STATUS);
    s->text = wc_call_or_empty(call, WC_ARG_TEXT);
    if (!wc_call_has(call, WC_ARG_STATUS) && !wc_call_has(call, WC_ARG_TEXT))
        wc_call_fail(call, WC_BAD_REQUEST, "status or text is required");
    else
        wc_call_live(call, on_live_to_set);
}
