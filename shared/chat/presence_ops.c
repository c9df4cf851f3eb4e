#include "chat/presence.h"

#include "base/text.h"
#include "chat/answer.h"
#include "chat/handlers.h"
#include "chat/shown.h"

struct wc_shown wc_shown_read(struct wc_call *call, struct wc_str user, const struct wc_reply *reply)
{
    struct wc_shown shown = {.status = WC_STR("offline"), .text = WC_STR(""), .channels = WC_STR(""), .ago = WC_STR("")};
    if (!wc_str_is(wc_reply_str(reply, 0), "ok"))
        return shown;
    shown.exists = true;
    struct wc_str status = wc_reply_str(reply, 1), channels = wc_reply_str(reply, 3);
    bool hidden = wc_str_is(status, "offline") && !wc_str_eq(user, wc_call_user(call));
    if (channels.n == 0 || hidden) {
        shown.ago = wc_call_copy(call, wc_reply_str(reply, 4));
        return shown;
    }
    shown.online = true;
    shown.status = wc_call_copy(call, status);
    shown.text = wc_call_copy(call, wc_reply_str(reply, 2));
    shown.channels = wc_call_copy(call, channels);
    return shown;
}

void wc_shown_json(struct wc_buf *b, struct wc_str user, const struct wc_shown *shown)
{
    uint64_t ago = 0;
    wc_json_open(b, NULL);
    wc_json_str(b, "user", user);
    wc_json_str(b, "status", shown->status);
    if (shown->text.n != 0)
        wc_json_str(b, "text", shown->text);
    wc_answer_words(b, "channels", shown->channels, ',');
    if (shown->online || wc_str_u64(shown->ago, UINT64_MAX, &ago))
        wc_json_u64(b, "last_seen_mins", ago / 60000);
    else
        wc_json_null(b, "last_seen_mins");
    wc_json_close(b);
}

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

static void read_index(struct wc_call *call, struct wc_str user, wc_call_step next)
{
    struct wc_name key = wc_user_key(user);
    struct wc_buf rooms = WC_BUF_INIT;
    wc_buf_str(&rooms, wc_name_str(&key));
    wc_buf_z(&rooms, ":rooms");
    struct wc_str argv[] = {WC_STR("ZRANGE"), wc_buf_view(&rooms), WC_STR("0"), WC_STR("-1")};
    wc_call_command(call, argv, WC_COUNT(argv), next);
    wc_buf_free(&rooms);
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
    read_index(call, call->args[WC_ARG_USER], on_their_index);
}

static bool has_general(const struct wc_call *call)
{
    return call->chat->options.general[0] != '\0';
}

static void query_one(struct wc_call *call)
{
    if (has_general(call) || wc_str_eq(call->args[WC_ARG_USER], wc_call_user(call))) {
        wc_call_live(call, ask_one);
        return;
    }
    call->state = wc_call_alloc(call, sizeof(struct common));
    read_index(call, wc_call_user(call), on_my_index);
}

/* Everybody who is online among those one shares a conversation with. */

enum { PEOPLE_MAX = 1000 };

struct people {
    struct wc_str *convs; /* where to look for them */
    size_t nconvs;
    struct person {
        struct wc_str user;
        struct wc_shown shown;
    } *v;
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

void wc_op_presence_query(struct wc_call *call)
{
    if (wc_call_has(call, WC_ARG_USER)) {
        query_one(call);
        return;
    }
    struct people *p = wc_call_alloc(call, sizeof(*p));
    call->state = p;
    if (!wc_call_cursor(call, &p->cursor))
        return;
    if (has_general(call)) {
        struct wc_str argv[] = {WC_STR("ZREVRANGE"), WC_STR("wcc:online"), WC_STR("0"), WC_STR("999")};
        wc_call_command(call, argv, WC_COUNT(argv), on_online);
    } else {
        read_index(call, wc_call_user(call), on_people_index);
    }
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
    struct wc_str args[] = {s->status, s->text, s->live};
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
