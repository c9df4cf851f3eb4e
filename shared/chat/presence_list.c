#include "base/text.h"
#include "chat/answer.h"
#include "chat/handlers.h"
#include "chat/index.h"
#include "chat/shown.h"

/* Everybody who is online among those one shares a conversation with. */

enum { PEOPLE_MAX = 1000 };

struct people {
    struct wc_str *convs; /* where to look for them */
    size_t nconvs;
    struct person {
        struct wc_str user;
        struct wc_shown shown;
    } * v;
    size_t n, cap;
    struct wc_str live, cursor;
};

static int by_name(const void *a, const void *b)
{
    return wc_str_cmp(((const struct person *)a)->user, ((const struct person *)b)->user);
}

static void add_person(struct wc_call *call, struct wc_str user)
{
    struct people *p = call->state;
    if (!wc_text_user(user) || wc_str_cmp(user, p->cursor) <= 0)
        return;
    if (p->n == p->cap) {
        size_t cap = p->cap != 0 ? p->cap * 2 : 64;
        struct person *more = wc_call_alloc(call, cap * sizeof(*more));
        if (p->n != 0)
            memcpy(more, p->v, p->n * sizeof(*more));
        p->v = more;
        p->cap = cap;
    }
    p->v[p->n++].user = wc_call_copy(call, user);
}

static void people_ask(struct wc_call *call, size_t i, enum wc_script *script, struct wc_name *key, struct wc_str *args,
                       size_t *nargs)
{
    const struct people *p = call->state;
    *script = WC_SCRIPT_PRESENCE_GET;
    *key = wc_user_key(p->v[i].user);
    args[0] = p->live;
    *nargs = 1;
}

static void people_each(struct wc_call *call, size_t i, const struct wc_reply *reply)
{
    struct person *person = &((struct people *)call->state)->v[i];
    person->shown = wc_shown_read(call, person->user, reply);
}

static void people_done(struct wc_call *call)
{
    const struct people *p = call->state;
    size_t limit = wc_call_limit(call), shown = 0;
    struct wc_str last = WC_STR_NONE, next = WC_STR_NONE;
    wc_answer_open(call);
    for (size_t i = 0; i < p->n && next.p == NULL; i++) {
        if (!p->v[i].shown.online)
            continue;
        if (shown++ == limit) {
            next = last;
            continue;
        }
        wc_shown_json(&call->result, p->v[i].user, &p->v[i].shown);
        last = p->v[i].user;
    }
    wc_answer_close_cursor(call, next);
    wc_call_done(call);
}

static void on_live(struct wc_call *call, struct wc_str live)
{
    static const struct wc_gather gather = {people_ask, people_each, people_done};
    struct people *p = call->state;
    size_t unique = 0;
    p->live = live;
    if (p->n != 0)
        qsort(p->v, p->n, sizeof(*p->v), by_name);
    for (size_t i = 0; i < p->n; i++)
        if (i == 0 || !wc_str_eq(p->v[i].user, p->v[unique - 1].user))
            p->v[unique++] = p->v[i];
    p->n = unique < PEOPLE_MAX ? unique : PEOPLE_MAX;
    wc_call_gather(call, p->n, &gather);
}

static void on_online(struct wc_call *call, const struct wc_reply *reply)
{
    for (size_t i = 0; i < wc_reply_count(reply); i++)
        add_person(call, wc_reply_str(reply, i));
    wc_call_live(call, on_live);
}

static void convs_ask(struct wc_call *call, size_t i, enum wc_script *script, struct wc_name *key, struct wc_str *args,
                      size_t *nargs)
{
    const struct people *p = call->state;
    *script = WC_SCRIPT_ROOM_MEMBERS;
    *key = wc_conv_key(p->convs[i]);
    args[0] = wc_call_user(call);
    args[1] = WC_STR("0");
    args[2] = WC_STR("");
    args[3] = WC_STR("256");
    *nargs = 4;
}

/* Large rooms are asked by name; an index entry may be of a room that one is no member of (any more). */
static void convs_each(struct wc_call *call, size_t i, const struct wc_reply *reply)
{
    (void)i;
    bool member = false;
    if (!wc_str_is(wc_reply_str(reply, 0), "ok") || wc_reply_u64(reply, 1) != 0)
        return;
    for (size_t at = 2; at < wc_reply_count(reply); at += 2)
        member |= wc_str_eq(wc_reply_str(reply, at), wc_call_user(call));
    for (size_t at = 2; member && at < wc_reply_count(reply); at += 2)
        add_person(call, wc_reply_str(reply, at));
}

static void convs_done(struct wc_call *call)
{
    wc_call_live(call, on_live);
}

static void on_people_index(struct wc_call *call, const struct wc_reply *reply)
{
    static const struct wc_gather gather = {convs_ask, convs_each, convs_done};
    struct people *p = call->state;
    size_t n = wc_reply_count(reply);
    p->convs = wc_call_alloc(call, n * sizeof(*p->convs));
    add_person(call, wc_call_user(call));
    for (size_t i = 0; i < n; i++) {
        struct wc_str name = wc_reply_str(reply, i);
        if (name.n >= WC_NAME_MAX - 12)
            continue;
        if (wc_conv_direct(name))
            add_person(call, wc_conv_peer(name, wc_call_user(call)));
        else
            p->convs[p->nconvs++] = wc_call_copy(call, name);
    }
    wc_call_gather(call, p->nconvs, &gather);
}

void wc_presence_list(struct wc_call *call)
{
    struct people *p = wc_call_alloc(call, sizeof(*p));
    call->state = p;
    if (!wc_call_cursor(call, &p->cursor))
        return;
    if (call->chat->options.general[0] != '\0') {
        struct wc_str argv[] = {WC_STR("ZREVRANGE"), WC_STR("wcc:online"), WC_STR("0"), WC_STR("999")};
        wc_call_command(call, argv, WC_COUNT(argv), on_online);
    } else {
        wc_index_read(call, wc_call_user(call), false, on_people_index);
    }
}
