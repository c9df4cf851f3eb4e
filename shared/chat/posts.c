#include "chat/posts.h"

#include "chat/calls.h"

#include <uthash.h>

enum {
    HEAD = 5, /* ARGV of post.lua before the first message, and of each */
    EACH = 9,
    BURST_MOST = 32
};

/* Posts to one conversation, in their order. */
struct burst {
    UT_hash_handle hh; /* by `key` */
    struct burst *next;
    struct wc_name key;
    size_t n;
    struct {
        struct wc_call *call;
        const struct wc_post *post;
    } of[BURST_MOST];
};

struct wc_posts {
    struct wc_chat *chat;
    ev_prepare turn;
    ev_idle awake;             /* what is added after the turn's end goes out before the loop sleeps */
    struct burst *head, *last; /* in the order in which they began */
    struct burst *open;        /* the newest of each conversation */
};

static void on_awake(struct ev_loop *loop, ev_idle *w, int events)
{
    (void)loop;
    (void)w;
    (void)events;
}

static void on_answers(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct burst *burst = arg;
    for (size_t i = 0; i < burst->n; i++) {
        struct wc_call *call = burst->of[i].call;
        const struct wc_reply *answer = err == WC_OK ? wc_reply_at(reply, i) : NULL;
        if (answer == NULL) {
            wc_call_fail(call, err != WC_OK ? err : WC_UNAVAILABLE, NULL);
            continue;
        }
        wc_call_committed(call, wc_name_str(&call->key), answer);
        burst->of[i].post->next(call, answer);
    }
    free(burst);
}

static struct wc_str flag(bool set)
{
    return set ? WC_STR("1") : WC_STR("");
}

static void send_burst(struct wc_posts *posts, struct burst *burst)
{
    const struct wc_chat_options *o = &posts->chat->options;
    struct wc_str args[HEAD + EACH * BURST_MOST];
    char rate[20], size[20], messages[20], ms[20];
    size_t n = 0;
    args[n++] = wc_u64_str(o->post_rate, rate);
    args[n++] = wc_u64_str(o->post_burst, size);
    args[n++] = wc_u64_str(o->retention_messages, messages);
    args[n++] = wc_u64_str(o->retention_ms, ms);
    args[n++] = burst->of[0].post->peer;
    for (size_t i = 0; i < burst->n; i++) {
        const struct wc_call *call = burst->of[i].call;
        const struct wc_post *post = burst->of[i].post;
        args[n++] = wc_call_user(call);
        args[n++] = wc_str(call->who.via);
        args[n++] = flag(post->own);
        args[n++] = post->client_id;
        args[n++] = post->fingerprint;
        args[n++] = post->text;
        args[n++] = post->reply_to;
        args[n++] = post->mentions;
        args[n++] = flag(post->action);
    }
    const struct wc_str key = wc_name_str(&burst->key);
    wc_err err = wc_redis_script(posts->chat->redis, WC_SCRIPT_POST, &key, 1, args, n, on_answers, burst);
    if (err != WC_OK)
        on_answers(burst, err, NULL);
}

static void on_turn(struct ev_loop *loop, ev_prepare *w, int events)
{
    (void)events;
    struct wc_posts *posts = WC_CONTAINER(w, struct wc_posts, turn);
    ev_prepare_stop(loop, &posts->turn);
    ev_idle_stop(loop, &posts->awake);
    struct burst *burst = posts->head;
    posts->head = posts->last = NULL;
    HASH_CLEAR(hh, posts->open);
    while (burst != NULL) {
        struct burst *next = burst->next;
        send_burst(posts, burst);
        burst = next;
    }
}

struct wc_posts *wc_posts_new(struct wc_chat *chat)
{
    struct wc_posts *posts = WC_NEW(struct wc_posts);
    posts->chat = chat;
    ev_prepare_init(&posts->turn, on_turn);
    ev_set_priority(&posts->turn, WC_TURN_POST);
    ev_idle_init(&posts->awake, on_awake);
    return posts;
}

void wc_posts_free(struct wc_posts *posts)
{
    if (posts == NULL)
        return;
    ev_prepare_stop(posts->chat->loop, &posts->turn);
    ev_idle_stop(posts->chat->loop, &posts->awake);
    HASH_CLEAR(hh, posts->open);
    for (struct burst *burst = posts->head, *next; burst != NULL; burst = next) {
        next = burst->next;
        free(burst);
    }
    free(posts);
}

static struct burst *begin(struct wc_posts *posts, const struct wc_name *key)
{
    struct burst *burst = wc_alloc(sizeof(*burst));
    burst->key = *key;
    if (posts->last != NULL)
        posts->last->next = burst;
    else
        posts->head = burst;
    posts->last = burst;
    HASH_ADD_KEYPTR(hh, posts->open, burst->key.z, burst->key.n, burst);
    ev_prepare_start(posts->chat->loop, &posts->turn);
    ev_idle_start(posts->chat->loop, &posts->awake);
    return burst;
}

void wc_posts_add(struct wc_posts *posts, struct wc_call *call, const struct wc_post *post)
{
    struct burst *burst;
    HASH_FIND(hh, posts->open, call->key.z, call->key.n, burst);
    if (burst != NULL && (burst->n == BURST_MOST || !wc_str_eq(burst->of[0].post->peer, post->peer))) {
        HASH_DEL(posts->open, burst);
        burst = NULL;
    }
    if (burst == NULL)
        burst = begin(posts, &call->key);
    burst->of[burst->n].call = call;
    burst->of[burst->n++].post = post;
}
