#include "chat/gathered.h"

#include "chat/soon.h"

#include <stdlib.h>

enum { MOST = 128, KINDS = 4 };

struct call {
    struct wc_soon_item soon;
    struct wc_gathered *gathered;
    enum wc_script script;
    struct wc_name key;
    struct wc_str word; /* its first argument */
    size_t n;
    struct wc_buf members;
    struct {
        size_t end; /* in `members` */
        wc_redis_cb cb;
        void *arg;
    } of[MOST];
};

struct wc_gathered {
    struct wc_chat *chat;
    struct wc_soon soon;
    struct call *open[KINDS]; /* of this turn; NULL: none */
};

struct wc_gathered *wc_gathered_new(struct wc_chat *chat)
{
    struct wc_gathered *g = WC_NEW(struct wc_gathered);
    g->chat = chat;
    wc_soon_init(&g->soon, chat->loop);
    return g;
}

static void call_free(struct call *call)
{
    wc_buf_free(&call->members);
    free(call);
}

void wc_gathered_free(struct wc_gathered *g)
{
    if (g == NULL)
        return;
    for (struct wc_soon_item *item = g->soon.head, *next; item != NULL; item = next) {
        next = item->next;
        call_free(WC_CONTAINER(item, struct call, soon));
    }
    wc_soon_end(&g->soon);
    free(g);
}

static void on_answer(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct call *call = arg;
    for (size_t i = 0; i < call->n; i++)
        if (call->of[i].cb != NULL)
            call->of[i].cb(call->of[i].arg, err, reply);
    call_free(call);
}

static void ask(struct wc_soon_item *item)
{
    struct call *call = WC_CONTAINER(item, struct call, soon);
    struct wc_str args[1 + MOST];
    args[0] = call->word;
    for (size_t i = 0, from = 0; i < call->n; from = call->of[i++].end)
        args[i + 1] = (struct wc_str){call->members.p + from, call->of[i].end - from};
    for (size_t i = 0; i < KINDS; i++)
        if (call->gathered->open[i] == call)
            call->gathered->open[i] = NULL;
    const struct wc_str key = wc_name_str(&call->key);
    wc_err err =
        wc_redis_script(call->gathered->chat->redis, call->script, &key, 1, args, call->n + 1, on_answer, call);
    if (err != WC_OK)
        on_answer(call, err, NULL);
}

/* Kinds come in pairs: what undoes the other ends its call, so that both happen in the order in which they were asked
 * for. */
static void add(struct wc_gathered *g, unsigned kind, enum wc_script script, const struct wc_name *key,
                const char *word, struct wc_str member, wc_redis_cb cb, void *arg)
{
    struct call *call = g->open[kind];
    g->open[kind ^ 1] = NULL;
    if (call == NULL || call->n == MOST || !wc_str_eq(wc_name_str(&call->key), wc_name_str(key))) {
        call = g->open[kind] = WC_NEW(struct call);
        call->gathered = g;
        call->script = script;
        call->key = *key;
        call->word = wc_str(word);
        call->soon.fire = ask;
        wc_soon_add(&g->soon, &call->soon);
    }
    wc_buf_str(&call->members, member);
    call->of[call->n].end = call->members.n;
    call->of[call->n].cb = cb;
    call->of[call->n++].arg = arg;
}

void wc_gathered_session(struct wc_gathered *g, struct wc_str worker, bool there, struct wc_str member, wc_redis_cb cb,
                         void *arg)
{
    struct wc_name key = wc_worker_key(worker);
    add(g, there, WC_SCRIPT_WORKER_SESSION, &key, there ? "add" : "remove", member, cb, arg);
}

void wc_gathered_touch(struct wc_gathered *g, struct wc_str user, bool online)
{
    static const struct wc_name key = {.z = "wcc:online", .n = sizeof("wcc:online") - 1};
    add(g, 2 + online, WC_SCRIPT_ONLINE_TOUCH, &key, online ? "1" : "0", user, NULL, NULL);
}
