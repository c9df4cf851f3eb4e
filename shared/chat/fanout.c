#include "chat/fanout.h"

#include "chat/entry.h"
#include "chat/fanout_private.h"

#include <assert.h>
#include <stdio.h>

enum {
    UNDER_WAY_MOST = 64, /* pages and attachments asked of Redis at once, by the whole worker */
    RUN_MOST = 64        /* events handed to one link before the next gets its */
};

static const struct wc_metric metrics[] = {
    {"wcchat_events_total", NULL, WC_COUNTER, offsetof(struct wc_fanout_stats, events), 1,
     "Events that arrived for conversations with a session here"},
    {"wcchat_deliveries_total", NULL, WC_COUNTER, offsetof(struct wc_fanout_stats, deliveries), 1,
     "Events handed to sessions"},
    {"wcchat_event_duplicates_total", NULL, WC_COUNTER, offsetof(struct wc_fanout_stats, duplicates), 1,
     "Events not above the last delivered, dropped"},
    {"wcchat_event_gaps_total", NULL, WC_COUNTER, offsetof(struct wc_fanout_stats, gaps), 1,
     "Times that the log was read because Pub/Sub did not bring the next event"},
    {"wcchat_chain_breaks_total", NULL, WC_COUNTER, offsetof(struct wc_fanout_stats, breaks), 1,
     "Times that the log did not follow what was delivered: entries were lost or trimmed"},
    {"wcchat_resyncs_total", NULL, WC_COUNTER, offsetof(struct wc_fanout_stats, resyncs), 1,
     "Sessions told to fetch history again"},
    {"wcchat_log_pages_total", NULL, WC_COUNTER, offsetof(struct wc_fanout_stats, pages), 1,
     "Pages of logs read for sessions that catch up"},
    {"wcchat_slow_sessions_total", NULL, WC_COUNTER, offsetof(struct wc_fanout_stats, fell_behind), 1,
     "Times that a session's queue was full and it went on to catch up from the log"},
    {"wcchat_conversations", NULL, WC_GAUGE, offsetof(struct wc_fanout_stats, conversations), 1,
     "Conversations with a session here"},
    {"wcchat_links", NULL, WC_GAUGE, offsetof(struct wc_fanout_stats, links), 1, "Places of sessions in conversations"},
};

static wc_err run(struct wc_work *w);

struct wc_fanout *wc_fanout_new(struct wc_chat *chat)
{
    struct wc_fanout *f = WC_NEW(struct wc_fanout);
    f->chat = chat;
    f->receipts = wc_receipts_new(chat);
    wc_workq_init(&f->work, chat->loop, UNDER_WAY_MOST, run);
    wc_metrics_add(chat->metrics, metrics, WC_COUNT(metrics), &f->stats);
    return f;
}

static void conv_free(void *arg)
{
    struct wc_conv *c = arg;
    c->fanout->stats.conversations--;
    wc_unsubscribe(c->subscription);
    free(c->live);
    free(c);
}

static const struct wc_subscription_events subscription_events;

void wc_fanout_free(struct wc_fanout *f)
{
    if (f == NULL)
        return;
    for (struct wc_work *w = f->work.head, *next_work; w != NULL; w = next_work) {
        next_work = w->next;
        if (w->kind == WORK_LINK)
            wc_link_forget(w);
    }
    wc_workq_stop(&f->work);
    wc_subscriptions_each(f->chat->subscriber, &subscription_events, conv_free);
    wc_receipts_free(f->receipts);
    free(f);
}

void wc_fanout_written(struct wc_fanout *f)
{
    wc_receipts_send(f->receipts);
}

const struct wc_fanout_stats *wc_fanout_stats(const struct wc_fanout *f)
{
    return &f->stats;
}

void wc_conv_hold(struct wc_conv *c)
{
    c->held++;
}

void wc_conv_release(struct wc_conv *c)
{
    assert(c->held != 0);
    if (--c->held == 0)
        conv_free(c);
}

/* Asks for what is behind `last`, as soon as there is room for the request. */
static void read_gap(struct wc_conv *c)
{
    if (c->reading)
        return;
    c->reading = true;
    wc_conv_hold(c);
    wc_workq_add(&c->fanout->work, &c->work);
}

void wc_conv_check(struct wc_conv *c)
{
    read_gap(c);
}

static void see(struct wc_conv *c, struct wc_id id)
{
    if (wc_id_cmp(id, c->seen) > 0)
        c->seen = id;
}

void wc_conv_start(struct wc_conv *c, struct wc_id head)
{
    if (c->has_last)
        return;
    c->has_last = true;
    c->last = head;
    if (c->again || wc_id_cmp(c->seen, c->last) > 0)
        read_gap(c);
}

/* Links that were ahead of Pub/Sub and have been reached. */
static void settle_ahead(struct wc_conv *c)
{
    for (struct wc_link *l = c->others, *next; l != NULL; l = next) {
        next = l->next;
        if (l->state == LINK_AHEAD && wc_id_cmp(l->cursor, c->last) <= 0)
            wc_link_settle(l);
    }
}

/* One link, which is live: it may end or fall behind on the way. */
static void deliver_to(struct wc_link *l, struct wc_event *const *events, size_t n)
{
    struct wc_conv *c = l->conv;
    for (size_t i = 0; i < n; i++) {
        struct wc_event *ev = events[i];
        struct wc_id before = c->last;
        if (ev->stored)
            c->last = ev->id;
        if (ev->type >= WC_EV_ACCOUNT_CHANGED)
            continue;
        if (!wc_session_full(c->fanout->chat, l->session)) {
            if (wc_link_deliver(l, ev)) {
                wc_link_outside(l, ev->id);
                return;
            }
        } else if (ev->stored) {
            wc_link_fall_behind(l, before);
            return;
        }
    }
}

/* Hands events that follow one another to all live links: all to one, then all to the next, so that the memory of each
 * session is fetched once. Walks downwards: a link that ends or falls behind is replaced by the last one, which has
 * been served. */
static void deliver(struct wc_conv *c, struct wc_event *const *events, size_t n)
{
    struct wc_id before = c->last;
    for (uint32_t i = c->nlive; i-- > 0;) {
        c->last = before; /* where the link is that is served */
        deliver_to(c->live[i], events, n);
    }
    c->last = before;
    for (size_t i = 0; i < n; i++)
        if (events[i]->stored)
            c->last = events[i]->id;
    if (c->others != NULL && !wc_id_eq(c->last, before))
        settle_ahead(c);
}

static bool has_ahead(const struct wc_conv *c)
{
    const struct wc_link *l = c->others;
    while (l != NULL && l->state != LINK_AHEAD)
        l = l->next;
    return l != NULL;
}

/* Events that follow one another and have not been handed over yet. */
struct run {
    struct wc_event *events[RUN_MOST];
    size_t n;
    struct wc_id last;
};

static void run_end(struct wc_conv *c, struct run *run)
{
    if (run->n != 0)
        deliver(c, run->events, run->n);
    for (size_t i = 0; i < run->n; i++)
        wc_event_unref(run->events[i]);
    run->n = 0;
}

/* Takes the event over. */
static void run_add(struct wc_conv *c, struct run *run, struct wc_event *ev)
{
    run->events[run->n++] = ev;
    if (ev->stored)
        run->last = ev->id;
    if (run->n == RUN_MOST || has_ahead(c)) /* a link that is reached goes on with the next event */
        run_end(c, run);
}

static void on_event(struct wc_conv *c, struct run *run, struct wc_str payload)
{
    struct wc_fanout *f = c->fanout;
    struct wc_event *ev = wc_event_parse(wc_conv_str(c), payload);
    if (ev == NULL) {
        wc_log(f->chat->log, WC_WARN, "malformed event ignored",
               WC_S("channel", wc_subscription_channel(c->subscription)));
        return;
    }
    f->stats.events++;
    if (ev->stored && (!c->has_last || c->reading)) {
        see(c, ev->id);
    } else if (ev->stored && wc_id_cmp(ev->id, run->last) <= 0) {
        f->stats.duplicates++;
    } else if (!ev->stored || wc_id_eq(ev->prev, run->last)) {
        run_add(c, run, ev);
        return;
    } else {
        run_end(c, run);
        f->stats.gaps++;
        see(c, ev->id);
        read_gap(c);
    }
    wc_event_unref(ev);
}

/* One event, or several that were committed in one step. */
static void on_message(void *arg, struct wc_str payload)
{
    struct wc_conv *c = arg;
    struct run run = {.n = 0, .last = c->last};
    wc_conv_hold(c);
    while (payload.p != NULL) {
        const char *end = memchr(payload.p, WC_EVENT_SEPARATOR, payload.n);
        size_t n = end != NULL ? (size_t)(end - payload.p) : payload.n;
        on_event(c, &run, (struct wc_str){payload.p, n});
        payload = end != NULL ? wc_str_from(payload, n + 1) : WC_STR_NONE;
    }
    run_end(c, &run);
    wc_conv_release(c);
}

/* The log does not follow what was delivered. Every session here reads on from its own place: the log says whether it
 * is to start again from the head (a member), or what ended its membership. */
static void chain_broken(struct wc_conv *c, struct wc_id head)
{
    struct wc_fanout *f = c->fanout;
    struct wc_id before = c->last;
    f->stats.breaks++;
    wc_log(f->chat->log, WC_WARN, "log does not follow what was delivered; sessions start again from its head",
           WC_S("conversation", wc_conv_str(c)), WC_I("last_seq", before.seq), WC_I("head_seq", head.seq));
    c->last = head;
    while (c->nlive != 0)
        wc_link_lose(c->live[c->nlive - 1], before);
    for (struct wc_link *l = c->others, *next; l != NULL; l = next) {
        next = l->next;
        if (l->state == LINK_AHEAD)
            wc_link_lose(l, l->cursor);
    }
}

/* Delivers a page; false when the chain broke. */
static bool deliver_page(struct wc_conv *c, const struct wc_reply *page, struct wc_id head)
{
    size_t broken = wc_reply_u64(page, 2), count = wc_reply_count(page) - 3;
    for (size_t i = 0; i < count; i++) {
        if (broken == i + 1)
            break;
        const struct wc_reply *entry = wc_reply_at(page, i + 3);
        struct wc_event *ev = wc_event_of_entry(wc_conv_str(c), entry);
        if (ev != NULL && wc_id_cmp(ev->id, c->last) > 0)
            deliver(c, &ev, 1);
        else if (ev == NULL && !wc_id_parse(wc_reply_str(entry, 0), &c->last))
            break;
        wc_event_unref(ev);
    }
    if (broken != 0) {
        chain_broken(c, head);
        return false;
    }
    return true;
}

static void on_gap(void *arg, wc_err err, const struct wc_reply *page)
{
    struct wc_conv *c = arg;
    struct wc_workq *work = &c->fanout->work;
    struct wc_id head;
    if (c->nlinks == 0 && c->held == 1) {
        wc_conv_release(c);
        wc_workq_done(work);
        return;
    }
    if (err != WC_OK || !wc_id_parse(wc_reply_str(page, 1), &head)) {
        wc_workq_retry(work, &c->work);
        return;
    }
    size_t count = wc_reply_count(page) - 3;
    bool whole = deliver_page(c, page, head);
    bool more = whole && count == c->fanout->chat->options.page;
    if (whole && !more && wc_id_cmp(head, c->last) > 0)
        c->last = head; /* what is between was really removed */
    settle_ahead(c);
    c->reading = false;
    if (more || wc_id_cmp(c->seen, c->last) > 0)
        read_gap(c);
    wc_conv_release(c);
    wc_workq_done(work);
}

static wc_err run_gap(struct wc_work *w)
{
    struct wc_conv *c = WC_CONTAINER(w, struct wc_conv, work);
    struct wc_chat *chat = c->fanout->chat;
    if (c->held == 1 && c->nlinks == 0) {
        wc_conv_release(c);
        return WC_NOT_FOUND;
    }
    c->seen = (struct wc_id){0, 0}; /* what was heard of before this read is in the log by now */
    char id[WC_ID_MAX_LEN], page[24];
    int n = snprintf(page, sizeof(page), "%llu", (unsigned long long)chat->options.page);
    const struct wc_str key = wc_subscription_channel(c->subscription);
    const struct wc_str args[] = {{id, wc_id_format(c->last, id)}, {page, (size_t)n}, WC_STR("")};
    return wc_redis_script(chat->redis, WC_SCRIPT_LOG_READ, &key, 1, args, WC_COUNT(args), on_gap, c);
}

static wc_err run(struct wc_work *w)
{
    return w->kind == WORK_LINK ? wc_link_run(w) : run_gap(w);
}

/* Heads are compared at once, not at the next event. */
static void on_confirmed(void *arg)
{
    struct wc_conv *c = arg;
    c->confirmed = true;
    if (c->has_last)
        read_gap(c);
    c->again = c->lost; /* a head that was asked for before this one says nothing of the time between */
    for (struct wc_link *l = c->others; l != NULL; l = l->next)
        if (l->state == LINK_ATTACH)
            wc_link_attach(l);
}

static void on_lost(void *arg)
{
    struct wc_conv *c = arg;
    c->confirmed = false;
    c->lost = true;
}

static const struct wc_subscription_events subscription_events = {on_confirmed, on_message, on_lost};

struct wc_conv *wc_conv_get(struct wc_fanout *f, struct wc_str name)
{
    struct wc_subscriber *subscriber = f->chat->subscriber;
    struct wc_name key = wc_conv_key(name);
    struct wc_conv *c = wc_subscription_of(subscriber, wc_name_str(&key));
    if (c != NULL) {
        wc_conv_hold(c);
        return c;
    }
    c = wc_alloc(sizeof(*c) + name.n);
    c->fanout = f;
    c->held = 1;
    memcpy(c->name, name.p, name.n);
    c->name_n = (uint8_t)name.n;
    f->stats.conversations++;
    c->subscription = wc_subscribe(subscriber, wc_name_str(&key), &subscription_events, c);
    return c;
}
