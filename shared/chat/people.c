#define _GNU_SOURCE /* memmem */
#include "chat/people.h"

#include "base/clock.h"
#include "chat/answer.h"
#include "chat/fanout.h"
#include "chat/session.h"
#include "chat/work.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct waiter {
    struct waiter *next;
    void (*cb)(void *arg, wc_err err);
    void *arg;
    uint64_t deadline_ms;
};

/* One for every user with a session here: kept small. It is found by its subscription. */
struct wc_people_entry {
    struct wc_work work; /* reading the user */
    struct wc_subscription *subscription;
    struct waiter *waiters;
    struct wc_people_entry *next_waiting; /* in people->waited_for, once, while `listed` */
    char *keep;                           /* the session that the last change of the account does not end, or NULL */
    uint32_t refs;
    bool reading : 1; /* a read is queued or under way … */
    bool again : 1;   /* … and one more is needed after it */
    bool listed : 1;
    struct wc_user user; /* the last: its name is as long as it is */
};

struct wc_people {
    struct wc_chat *chat;
    struct wc_workq work;
    struct wc_people_entry *waited_for; /* users that somebody waits for; each holds a reference */
    ev_timer waiting;                   /* serves those who can be, and times the others out */
    uint64_t count;
};

static struct wc_people_entry *entry_of(struct wc_user *user)
{
    return WC_CONTAINER(user, struct wc_people_entry, user);
}

static struct wc_people *people_of(const struct wc_people_entry *e)
{
    return e->user.chat->people;
}

static const struct wc_metric metrics[] = {
    {"wcchat_users", NULL, WC_GAUGE, offsetof(struct wc_people, count), 1,
     "Users with a session or a cached token here"},
};

static void on_waiting(EV_P_ ev_timer *timer, int revents);
static wc_err run_read(struct wc_work *w);

struct wc_people *wc_people_new(struct wc_chat *chat)
{
    struct wc_people *people = WC_NEW(struct wc_people);
    people->chat = chat;
    wc_workq_init(&people->work, chat->loop, 256, run_read);
    ev_timer_init(&people->waiting, on_waiting, 0., 0.);
    people->waiting.data = people;
    wc_metrics_add(chat->metrics, metrics, WC_COUNT(metrics), people);
    return people;
}

static void entry_free(void *arg)
{
    struct wc_people_entry *e = arg;
    people_of(e)->count--;
    wc_unsubscribe(e->subscription);
    while (e->waiters != NULL) {
        struct waiter *w = e->waiters;
        e->waiters = w->next;
        free(w);
    }
    free(e->user.lists);
    free(e->keep);
    free(e);
}

static const struct wc_subscription_events subscription_events;

void wc_people_free(struct wc_people *people)
{
    if (people == NULL)
        return;
    wc_workq_stop(&people->work);
    ev_timer_stop(people->chat->loop, &people->waiting);
    wc_subscriptions_each(people->chat->subscriber, &subscription_events, entry_free);
    free(people);
}

uint64_t wc_people_count(const struct wc_people *people)
{
    return people->count;
}

/* Asks for the user anew; what is known is not fresh until it is there. */
static void read_again(struct wc_people_entry *e)
{
    e->user.fresh = false;
    if (e->reading) {
        e->again = true;
        return;
    }
    e->reading = true;
    e->refs++;
    wc_workq_add(&people_of(e)->work, &e->work);
}

void wc_user_recheck(struct wc_user *user)
{
    read_again(entry_of(user));
}

/* `lists`, when there are any: " fam1 fam2 ", NUL, "room/dev dm/a:b ". */
static struct wc_str families_of(const struct wc_user *user)
{
    return wc_str(user->lists);
}

struct wc_str wc_user_convs(const struct wc_user *user)
{
    return user->lists != NULL ? wc_str(user->lists + families_of(user).n + 1) : WC_STR_NONE;
}

bool wc_user_has_family(const struct wc_user *user, struct wc_str family)
{
    char word[24];
    int n = snprintf(word, sizeof(word), " %.*s ", WC_STR_ARG(family));
    struct wc_str families = families_of(user);
    return families.n != 0 && memmem(families.p, families.n, word, (size_t)n) != NULL;
}

bool wc_user_allows(const struct wc_user *user, struct wc_str family, uint64_t generation)
{
    if (!user->exists || !user->usable)
        return false;
    return family.n != 0 ? wc_user_has_family(user, family) : generation == user->generation;
}

static void add_families(struct wc_buf *b, const struct wc_reply *families)
{
    wc_buf_c(b, ' ');
    for (size_t i = 0; i < wc_reply_count(families); i++) {
        wc_buf_str(b, wc_reply_str(families, i));
        wc_buf_c(b, ' ');
    }
}

static void add_convs(struct wc_buf *b, const struct wc_reply *index)
{
    for (size_t i = 0; i < wc_reply_count(index); i++) {
        struct wc_str name = wc_reply_str(index, i);
        bool known = wc_str_starts(name, WC_STR("room/")) || wc_str_starts(name, WC_STR("dm/"));
        if (!known || name.n >= WC_NAME_MAX || memchr(name.p, ' ', name.n) != NULL)
            continue;
        wc_buf_str(b, name);
        wc_buf_c(b, ' ');
    }
}

/* In no more memory than they need. */
static void take_lists(struct wc_user *user, const struct wc_reply *families, const struct wc_reply *index)
{
    struct wc_buf b = WC_BUF_INIT;
    add_families(&b, families);
    wc_buf_c(&b, '\0');
    add_convs(&b, index);
    free(user->lists);
    user->lists = wc_str_dup(wc_buf_view(&b));
    wc_buf_free(&b);
}

static void take(struct wc_user *user, const struct wc_reply *reply)
{
    user->exists = wc_str_is(wc_reply_str(reply, 0), "ok");
    user->loaded = true;
    if (!user->exists)
        return;
    user->version = wc_reply_u64(reply, 1);
    user->generation = wc_reply_u64(reply, 2);
    user->usable = wc_str_is(wc_reply_str(reply, 3), "1");
    user->admin = wc_str_is(wc_reply_str(reply, 4), "admin");
    take_lists(user, wc_reply_at(reply, 7), wc_reply_at(reply, 8));
}

static bool is_session(struct wc_chat *chat, const struct wc_session *s, struct wc_str ref)
{
    char space[96];
    struct wc_buf b = {space, 0, sizeof(space)};
    wc_session_ref(chat, s, &b);
    return wc_str_eq(wc_buf_view(&b), ref);
}

/* Ends the sessions that must not go on and gives the others the conversations that are new. */
static void apply(struct wc_people_entry *e)
{
    struct wc_user *user = &e->user;
    for (struct wc_session *s = user->sessions, *next; s != NULL; s = next) {
        next = s->next_of_user;
        if (e->keep != NULL && is_session(user->chat, s, wc_str(e->keep)))
            s->generation = user->generation;
        if (!wc_user_allows(user, wc_str(s->family), s->generation)) {
            s->ops->end(s, WC_END_REVOKED);
            continue;
        }
        struct wc_str convs = wc_user_convs(user), conv;
        while (wc_next_word(&convs, ' ', &conv))
            wc_fanout_link(user->chat->fanout, s, conv, WC_START_JOINED, (struct wc_id){0, 0}, false);
    }
    free(e->keep);
    e->keep = NULL;
}

/* Looks at a user's waiters after `s` seconds at the latest. */
static void wait_for(struct wc_people_entry *e, double s)
{
    struct wc_people *people = people_of(e);
    if (!e->listed) {
        e->listed = true;
        e->refs++;
        e->next_waiting = people->waited_for;
        people->waited_for = e;
    }
    if (ev_is_active(&people->waiting) && s > 0.)
        return;
    ev_timer_stop(people->chat->loop, &people->waiting);
    ev_timer_set(&people->waiting, s, 0.);
    ev_timer_start(people->chat->loop, &people->waiting);
}

static void serve(struct wc_people_entry *e, uint64_t now)
{
    struct waiter **p = &e->waiters;
    while (*p != NULL) {
        struct waiter *w = *p;
        if (!e->user.fresh && w->deadline_ms > now) {
            p = &w->next;
            continue;
        }
        *p = w->next;
        w->cb(w->arg, e->user.fresh ? WC_OK : WC_UNAVAILABLE);
        free(w);
        p = &e->waiters; /* the callback may have changed the list */
    }
}

static void on_waiting(EV_P_ ev_timer *timer, int revents)
{
    (void)revents;
    struct wc_people *people = timer->data;
    struct wc_people_entry *list = people->waited_for;
    uint64_t now = wc_monotonic_ms();
    people->waited_for = NULL;
    ev_timer_stop(loop, timer);
    while (list != NULL) {
        struct wc_people_entry *e = list;
        list = e->next_waiting;
        e->listed = false;
        serve(e, now);
        if (e->waiters != NULL)
            wait_for(e, 0.2);
        wc_user_unref(&e->user);
    }
}

static void on_read(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_people_entry *e = arg;
    struct wc_people *people = people_of(e);
    if (err != WC_OK && e->refs > 1) {
        wc_workq_retry(&people->work, &e->work);
        return;
    }
    e->reading = false;
    if (e->refs > 1) {
        take(&e->user, reply);
        e->user.fresh = !e->again && wc_subscription_confirmed(e->subscription);
        if (e->again)
            read_again(e);
        apply(e);
        serve(e, 0);
    }
    e->again = false;
    wc_user_unref(&e->user);
    wc_workq_done(&people->work);
}

static wc_err run_read(struct wc_work *w)
{
    struct wc_people_entry *e = WC_CONTAINER(w, struct wc_people_entry, work);
    if (e->refs == 1) {
        e->reading = false;
        wc_user_unref(&e->user);
        return WC_NOT_FOUND;
    }
    struct wc_name key = wc_user_key(wc_str(e->user.name));
    const struct wc_str keys = wc_name_str(&key);
    e->again = false;
    return wc_redis_script(e->user.chat->redis, WC_SCRIPT_USER_READ, &keys, 1, NULL, 0, on_read, e);
}

static void end_session(struct wc_user *user, struct wc_str ref)
{
    for (struct wc_session *s = user->sessions, *next; s != NULL; s = next) {
        next = s->next_of_user;
        if (is_session(user->chat, s, ref))
            s->ops->end(s, WC_END_REVOKED);
    }
}

static void on_message(void *arg, struct wc_str payload)
{
    struct wc_people_entry *e = arg;
    struct wc_user *user = &e->user;
    struct wc_event *ev = wc_event_parse(WC_STR(""), payload);
    if (ev == NULL)
        return;
    e->refs++;
    if (ev->type == WC_EV_ACCOUNT_CHANGED) {
        if (ev->f[WC_F_KEEP].n != 0) {
            free(e->keep);
            e->keep = wc_str_dup(ev->f[WC_F_KEEP]);
        }
        read_again(e);
    } else if (ev->type == WC_EV_SESSION_ENDED) {
        end_session(user, ev->f[WC_F_SESSION]);
    } else if (ev->type < WC_EV_ACCOUNT_CHANGED) {
        if (ev->type == WC_EV_CONVERSATION_ADDED || ev->type == WC_EV_CONVERSATION_REMOVED)
            read_again(e);
        for (struct wc_session *s = user->sessions, *next; s != NULL; s = next) {
            next = s->next_of_user;
            if (!wc_session_full(user->chat, s))
                wc_session_push(user->chat, s, ev, 0);
        }
    }
    wc_event_unref(ev);
    wc_user_unref(user);
}

static void on_confirmed(void *arg)
{
    read_again(arg);
}

static void on_lost(void *arg)
{
    ((struct wc_people_entry *)arg)->user.fresh = false;
}

static const struct wc_subscription_events subscription_events = {on_confirmed, on_message, on_lost};

struct wc_user *wc_user_get(struct wc_people *people, struct wc_str name)
{
    struct wc_chat *chat = people->chat;
    struct wc_name key = wc_user_key(name);
    struct wc_people_entry *e = wc_subscription_of(chat->subscriber, wc_name_str(&key));
    if (e == NULL) {
        e = wc_alloc(offsetof(struct wc_people_entry, user.name) + name.n + 1);
        e->user.chat = chat;
        memcpy(e->user.name, name.p, name.n);
        people->count++;
        e->subscription = wc_subscribe(chat->subscriber, wc_name_str(&key), &subscription_events, e);
    }
    e->refs++;
    return &e->user;
}

void wc_user_unref(struct wc_user *user)
{
    if (user == NULL)
        return;
    struct wc_people_entry *e = entry_of(user);
    assert(e->refs != 0);
    if (--e->refs == 0)
        entry_free(e);
}

void wc_user_when_fresh(struct wc_user *user, void (*cb)(void *arg, wc_err err), void *arg)
{
    struct wc_people_entry *e = entry_of(user);
    struct waiter *w = WC_NEW(struct waiter);
    *w = (struct waiter){NULL, cb, arg, wc_monotonic_ms() + e->user.chat->command_timeout_ms};
    struct waiter **p = &e->waiters;
    while (*p != NULL)
        p = &(*p)->next;
    *p = w;
    wait_for(e, 0.);
}

void wc_user_forget(struct wc_user *user, void *arg)
{
    struct waiter **p = &entry_of(user)->waiters;
    while (*p != NULL) {
        struct waiter *w = *p;
        if (w->arg == arg) {
            *p = w->next;
            free(w);
        } else {
            p = &w->next;
        }
    }
}

void wc_user_add_session(struct wc_user *user, struct wc_session *s)
{
    s->next_of_user = user->sessions;
    s->prev_of_user = &user->sessions;
    if (s->next_of_user != NULL)
        s->next_of_user->prev_of_user = &s->next_of_user;
    user->sessions = s;
}

void wc_user_remove_session(struct wc_user *user, struct wc_session *s)
{
    (void)user;
    *s->prev_of_user = s->next_of_user;
    if (s->next_of_user != NULL)
        s->next_of_user->prev_of_user = s->prev_of_user;
    s->prev_of_user = NULL;
}
