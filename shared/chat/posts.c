#include "chat/posts.h"

#include "chat/calls.h"
#include "chat/event.h"

#include <uthash.h>

enum {
    BURST_MOST = 24,      /* messages of one call */
    WAITING_MOST = 65536, /* of all conversations: more are unavailable at once */
    HEAD = 7,             /* ARGV of post.lua: at its beginning, … */
    AUTHOR = 3,           /* … before the messages of an author, … */
    MESSAGE = 2,          /* … of each message, … */
    MORE_MOST = 10        /* … and what may follow it */
};

/* A conversation that is posted to. */
struct lane {
    UT_hash_handle hh; /* by `key` */
    struct wc_posts *posts;
    struct lane *next_due;
    struct wc_name key;
    struct wc_post *waiting, *last_waiting, *under_way;
    bool due; /* its waiting ones go at the end of this turn */
};

struct wc_posts {
    struct wc_chat *chat;
    struct lane *lanes;
    struct lane *due, *last_due; /* in the order in which they became so */
    ev_prepare turn;
    ev_idle awake; /* what is added after the turn's end goes out before the loop sleeps */
    size_t waiting;
    uint64_t number; /* of the last call */
};

static void on_awake(struct ev_loop *loop, ev_idle *w, int events)
{
    (void)loop;
    (void)w;
    (void)events;
}

static void set_due(struct lane *lane)
{
    struct wc_posts *posts = lane->posts;
    if (lane->due)
        return;
    lane->due = true;
    lane->next_due = NULL;
    if (posts->due != NULL)
        posts->last_due->next_due = lane;
    else
        posts->due = lane;
    posts->last_due = lane;
    ev_prepare_start(posts->chat->loop, &posts->turn);
    ev_idle_start(posts->chat->loop, &posts->awake);
}

static void lane_free(struct lane *lane)
{
    HASH_DEL(lane->posts->lanes, lane);
    free(lane);
}

static void fail_all(struct wc_post *post, wc_err err)
{
    for (struct wc_post *behind; post != NULL; post = behind) {
        behind = post->behind;
        wc_call_fail(post->call, err, NULL);
    }
}

/* Takes the first ones, up to `last`. */
static struct wc_post *take(struct lane *lane, struct wc_post *last)
{
    struct wc_post *first = lane->waiting;
    for (const struct wc_post *post = first; post != last->behind; post = post->behind)
        lane->posts->waiting--;
    lane->waiting = last->behind;
    last->behind = NULL;
    return first;
}

static void give(struct wc_post *post, struct wc_str words)
{
    struct wc_post_answer answer = {WC_STR_NONE, WC_STR_NONE, WC_STR_NONE};
    struct wc_call *call = post->call;
    (void)wc_str_cut(&words, WC_FIELD_SEPARATOR, &answer.code);
    (void)wc_str_cut(&words, WC_FIELD_SEPARATOR, &answer.first);
    (void)wc_str_cut(&words, WC_FIELD_SEPARATOR, &answer.second);
    if (wc_str_is(answer.code, "ok") && !wc_str_is(answer.second, "repeated"))
        wc_call_committed(call, wc_name_str(&call->key), answer.first);
    post->next(call, &answer);
}

static void on_answers(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct lane *lane = arg;
    struct wc_post *post = lane->under_way;
    struct wc_str rest = err == WC_OK ? wc_reply_self(reply) : WC_STR_NONE, words;
    lane->under_way = NULL;
    if (err != WC_OK) { /* who waits behind these has waited long enough, too */
        fail_all(post, err);
        post = NULL;
        if (lane->waiting != NULL)
            fail_all(take(lane, lane->last_waiting), err);
    }
    (void)wc_str_cut(&rest, WC_EVENT_SEPARATOR, &words); /* the call's number */
    for (struct wc_post *behind; post != NULL; post = behind) {
        behind = post->behind;
        if (wc_str_cut(&rest, WC_EVENT_SEPARATOR, &words))
            give(post, words);
        else
            wc_call_fail(post->call, WC_UNAVAILABLE, NULL);
    }
    if (lane->waiting != NULL)
        set_due(lane);
    else if (!lane->due)
        lane_free(lane);
}

/* Arguments, and the digits of those that are numbers. */
struct args {
    size_t n, texts;
    struct wc_str of[HEAD + (AUTHOR + MESSAGE + MORE_MOST) * BURST_MOST];
    char digits[HEAD + (AUTHOR + MESSAGE) * BURST_MOST][20];
};

static void add(struct args *args, struct wc_str s)
{
    args->of[args->n++] = s.p != NULL ? s : WC_STR("");
}

static void add_u64(struct args *args, uint64_t n)
{
    add(args, wc_u64_str(n, args->digits[args->texts++]));
}

static void add_pair(struct args *args, const char *name, struct wc_str value)
{
    if (value.n == 0)
        return;
    add(args, wc_str(name));
    add(args, value);
}

static void add_message(struct args *args, const struct wc_post *post)
{
    add(args, post->text);
    size_t count_at = args->n++;
    add_pair(args, "client_id", post->client_id);
    add_pair(args, "fingerprint", post->fingerprint);
    add_pair(args, "reply_to", post->reply_to);
    add_pair(args, "mentions", post->mentions);
    add_pair(args, "action", post->action ? WC_STR("1") : WC_STR_NONE);
    args->of[count_at] = wc_u64_str(args->n - count_at - 1, args->digits[args->texts++]);
}

static bool same_author(const struct wc_post *a, const struct wc_post *b)
{
    return wc_str_eq(wc_call_user(a->call), wc_call_user(b->call)) && strcmp(a->call->who.via, b->call->who.via) == 0;
}

/* Adds up to `most` messages of one author. Returns the last of them. */
static struct wc_post *add_author(struct args *args, struct wc_post *first, size_t most, size_t *n)
{
    struct wc_post *post = first;
    add(args, wc_call_user(first->call));
    add(args, wc_str(first->call->who.via));
    size_t count_at = args->n++;
    for (*n = 1;; post = post->behind, ++*n) {
        add_message(args, post);
        const struct wc_post *next = post->behind;
        if (*n == most || next == NULL || !same_author(first, next) || !wc_str_eq(next->peer, first->peer))
            break;
    }
    args->of[count_at] = wc_u64_str(*n, args->digits[args->texts++]);
    return post;
}

static void send_waiting(struct lane *lane)
{
    struct wc_posts *posts = lane->posts;
    const struct wc_chat_options *o = &posts->chat->options;
    struct args args;
    args.n = args.texts = 0;
    add_u64(&args, o->post_rate);
    add_u64(&args, o->post_burst);
    add_u64(&args, o->retention_messages);
    add_u64(&args, o->retention_ms);
    add(&args, lane->waiting->peer);
    add(&args, wc_str(posts->chat->worker));
    add_u64(&args, ++posts->number);
    struct wc_post *post = lane->waiting, *last;
    size_t left = BURST_MOST, n;
    do {
        last = add_author(&args, post, left, &n);
        left -= n;
        post = last->behind;
    } while (left > 0 && post != NULL && wc_str_eq(post->peer, last->peer));
    lane->under_way = take(lane, last);
    const struct wc_str key = wc_name_str(&lane->key);
    wc_err err = wc_redis_script(posts->chat->redis, WC_SCRIPT_POST, &key, 1, args.of, args.n, on_answers, lane);
    if (err != WC_OK)
        on_answers(lane, err, NULL);
}

static void on_turn(struct ev_loop *loop, ev_prepare *w, int events)
{
    (void)events;
    struct wc_posts *posts = WC_CONTAINER(w, struct wc_posts, turn);
    ev_prepare_stop(loop, &posts->turn);
    ev_idle_stop(loop, &posts->awake);
    struct lane *lane = posts->due;
    posts->due = posts->last_due = NULL;
    for (struct lane *next; lane != NULL; lane = next) {
        next = lane->next_due;
        lane->due = false;
        send_waiting(lane);
    }
    wc_redis_flush(posts->chat->redis);
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
    struct lane *lane, *next;
    HASH_ITER (hh, posts->lanes, lane, next)
        lane_free(lane);
    free(posts);
}

void wc_posts_add(struct wc_posts *posts, struct wc_call *call, struct wc_post *post)
{
    struct lane *lane;
    if (posts->waiting == WAITING_MOST) {
        wc_call_fail(call, WC_UNAVAILABLE, NULL);
        return;
    }
    posts->waiting++;
    HASH_FIND(hh, posts->lanes, call->key.z, call->key.n, lane);
    if (lane == NULL) {
        lane = WC_NEW(struct lane);
        lane->posts = posts;
        lane->key = call->key;
        HASH_ADD_KEYPTR(hh, posts->lanes, lane->key.z, lane->key.n, lane);
    }
    post->call = call;
    post->behind = NULL;
    if (lane->waiting != NULL)
        lane->last_waiting->behind = post;
    else
        lane->waiting = post;
    lane->last_waiting = post;
    if (lane->under_way == NULL)
        set_due(lane);
}
