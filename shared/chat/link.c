#include "chat/entry.h"
#include "chat/fanout_private.h"

#include <assert.h>
#include <stdio.h>

/* A link's way through its states (fanout.h). One function changes each: enter_live, enter_others, wc_link_end. */

static void enter_live(struct wc_link *l)
{
    struct wc_conv *c = l->conv;
    if (l->state != LINK_LIVE) {
        *l->prev = l->next;
        if (l->next != NULL)
            l->next->prev = l->prev;
    }
    if (c->nlive == c->live_cap) {
        c->live_cap = c->live_cap == 0 ? 4 : c->live_cap * 2;
        c->live = wc_realloc_array(c->live, c->live_cap, sizeof(struct wc_link *));
    }
    l->state = LINK_LIVE;
    l->index = c->nlive;
    c->live[c->nlive++] = l;
}

static void leave_live(struct wc_link *l)
{
    struct wc_conv *c = l->conv;
    assert(l->state == LINK_LIVE && c->live[l->index] == l);
    struct wc_link *last = c->live[--c->nlive];
    c->live[l->index] = last;
    last->index = l->index;
}

static void enter_others(struct wc_link *l, enum link_state state)
{
    struct wc_conv *c = l->conv;
    assert(state != LINK_LIVE);
    if (l->state == LINK_LIVE || l->prev == NULL) {
        if (l->state == LINK_LIVE)
            leave_live(l);
        l->next = c->others;
        l->prev = &c->others;
        if (l->next != NULL)
            l->next->prev = &l->next;
        c->others = l;
    }
    l->state = (uint8_t)state;
}

static void leave(struct wc_link *l)
{
    if (l->state == LINK_LIVE) {
        leave_live(l);
    } else {
        *l->prev = l->next;
        if (l->next != NULL)
            l->next->prev = l->prev;
    }
}

static void link_free(struct wc_link *l)
{
    struct wc_conv *c = l->conv;
    free(l);
    wc_conv_release(c);
}

void wc_link_end(struct wc_link *l)
{
    struct wc_session *s = l->session;
    struct wc_chat *chat = l->conv->fanout->chat;
    bool counted = l->counted;
    leave(l);
    for (struct wc_link **p = &s->links; *p != NULL; p = &(*p)->next_of_session) {
        if (*p == l) {
            *p = l->next_of_session;
            break;
        }
    }
    if (l->state == LINK_BEHIND && (l->busy || l->work.queued))
        s->reading = false;
    if (s->cursor != NULL)
        wc_cursor_unlinked(s, l);
    l->session = NULL;
    l->conv->nlinks--;
    l->conv->fanout->stats.links--;
    if (!l->busy && !l->work.queued)
        link_free(l);
    if (counted)
        wc_session_attached(chat, s);
}

/* The session's link to the conversation, or NULL. Either of them may have very many: it is looked for among those of
 * both, in turn, which is over with the fewer. */
static struct wc_link *link_of(const struct wc_session *s, const struct wc_conv *c)
{
    struct wc_link *other = c->others;
    uint32_t live = 0;
    for (struct wc_link *mine = s->links; mine != NULL; mine = mine->next_of_session) {
        struct wc_link *theirs = live < c->nlive ? c->live[live++] : other;
        if (mine->conv == c)
            return mine;
        if (theirs == NULL || theirs->session == s)
            return theirs;
        if (theirs == other)
            other = other->next;
    }
    return NULL;
}

void wc_fanout_link(struct wc_fanout *f, struct wc_session *s, struct wc_str conv_name, enum wc_link_start start,
                    struct wc_id cursor, bool counted)
{
    struct wc_conv *c = wc_conv_get(f, conv_name);
    struct wc_link *l = link_of(s, c);
    if (l != NULL) {
        l->again = true;
        wc_conv_release(c);
        return;
    }
    l = WC_NEW(struct wc_link);
    l->work.kind = WORK_LINK;
    l->conv = c;
    c->nlinks++;
    f->stats.links++;
    l->session = s;
    l->start = (uint8_t)start;
    l->cursor = cursor;
    l->side = (uint8_t)wc_conv_side(conv_name, wc_str(s->user->name));
    l->counted = counted;
    l->next_of_session = s->links;
    s->links = l;
    if (counted)
        s->attaching++;
    enter_others(l, LINK_ATTACH);
    wc_link_attach(l);
}

void wc_fanout_unlink(struct wc_fanout *f, struct wc_session *s)
{
    while (s->links != NULL) {
        s->links->counted = false;
        wc_link_end(s->links);
    }
    wc_receipts_forget(f->receipts, s);
}

/* Asks Redis for whatever the link's state needs. */
static void ask(struct wc_link *l)
{
    if (!l->busy)
        wc_workq_add(&l->conv->fanout->work, &l->work);
}

void wc_link_attach(struct wc_link *l)
{
    enter_others(l, LINK_ATTACH);
    if (l->conv->confirmed)
        ask(l);
}

void wc_link_outside(struct wc_link *l, struct wc_id ended)
{
    l->cursor = ended;
    l->again = false;
    wc_link_attach(l);
}

/* The session's next conversation that is behind is read: one at a time, in turn, while the session takes more. */
static void read_next(struct wc_chat *chat, struct wc_session *s, struct wc_link *after)
{
    if (s->reading)
        return;
    if (wc_session_full(chat, s)) {
        s->slow = true;
        return;
    }
    struct wc_link *found = NULL;
    for (struct wc_link *l = after != NULL ? after->next_of_session : NULL; l != NULL && found == NULL;
         l = l->next_of_session)
        if (l->state == LINK_BEHIND && !l->busy)
            found = l;
    for (struct wc_link *l = s->links; l != NULL && found == NULL; l = l->next_of_session)
        if (l->state == LINK_BEHIND && !l->busy)
            found = l;
    if (found != NULL) {
        s->reading = true;
        ask(found);
    }
}

void wc_fanout_places(const struct wc_session *s, wc_fanout_place_cb cb, void *arg)
{
    for (const struct wc_link *l = s->links; l != NULL; l = l->next_of_session)
        if (wc_link_placed(l))
            cb(arg, wc_conv_str(l->conv), l->side, wc_link_position(l));
}

void wc_fanout_resume(struct wc_fanout *f, struct wc_session *s)
{
    s->slow = false;
    read_next(f->chat, s, NULL);
}

void wc_link_settle(struct wc_link *l)
{
    struct wc_conv *c = l->conv;
    int place = c->has_last ? wc_id_cmp(l->cursor, c->last) : 0;
    if (place == 0) {
        enter_live(l);
    } else if (place > 0) {
        enter_others(l, LINK_AHEAD);
    } else {
        enter_others(l, LINK_BEHIND);
        read_next(c->fanout->chat, l->session, NULL);
    }
}

void wc_link_fall_behind(struct wc_link *l, struct wc_id cursor)
{
    l->cursor = cursor;
    if (l->session->held == 0)
        l->conv->fanout->stats.fell_behind++;
    l->session->slow = true;
    enter_others(l, LINK_BEHIND);
}

void wc_link_lose(struct wc_link *l, struct wc_id cursor)
{
    l->cursor = cursor;
    enter_others(l, LINK_BEHIND);
    read_next(l->conv->fanout->chat, l->session, NULL);
}

static bool is_own(const struct wc_link *l, const struct wc_event *ev, enum wc_event_type type)
{
    enum wc_event_field who = type == WC_EV_ROOM_CREATED ? WC_F_FROM : WC_F_USER;
    return ev->type == type && wc_str_is(ev->f[who], l->session->user->name);
}

/* Of what came between two memberships the session gets nothing. */
static bool hidden(struct wc_link *l, const struct wc_event *ev)
{
    if (l->outside && ev->stored)
        l->outside = wc_id_cmp(ev->id, l->joined) <= 0 && !is_own(l, ev, WC_EV_USER_JOINED) &&
                     !is_own(l, ev, WC_EV_ROOM_CREATED);
    return l->outside;
}

static bool ends_membership(const struct wc_link *l, const struct wc_event *ev)
{
    return ev->type == WC_EV_ROOM_DELETED || is_own(l, ev, WC_EV_USER_LEFT);
}

/* What ended an earlier membership, before the user joined again, does not end this one. */
static bool is_last(struct wc_link *l, const struct wc_event *ev)
{
    if (!ends_membership(l, ev))
        return false;
    l->outside = true;
    return wc_id_cmp(ev->id, l->joined) > 0;
}

bool wc_link_deliver(struct wc_link *l, struct wc_event *ev)
{
    struct wc_fanout *f = l->conv->fanout;
    if (l->outside && hidden(l, ev))
        return false;
    f->stats.deliveries++;
    if (l->session->cursor != NULL && ev->stored)
        wc_cursor_moved(l->session, l);
    wc_session_push(f->chat, l->session, ev, l->side);
    if (ev->type == WC_EV_MESSAGE_PUBLISHED && wc_conv_direct(ev->conv))
        wc_receipts_note(f->receipts, l->session, ev);
    return is_last(l, ev);
}

/* Tells the session to fetch history again; it goes on from the head. */
static void resync(struct wc_link *l, struct wc_id head)
{
    struct wc_fanout *f = l->conv->fanout;
    l->cursor = head;
    l->outside = false;
    if (l->session->cursor != NULL)
        wc_cursor_moved(l->session, l);
    wc_session_resync(f->chat, l->session, wc_conv_str(l->conv), l->side);
    f->stats.resyncs++;
}

static void attached(struct wc_link *l, const struct wc_reply *reply)
{
    struct wc_id head;
    if (!wc_str_is(wc_reply_str(reply, 0), "ok") || !wc_id_parse(wc_reply_str(reply, 1), &head) ||
        !wc_id_parse(wc_reply_str(reply, 2), &l->joined)) {
        if (!l->again) {
            wc_link_end(l);
            return;
        }
        l->again = false;
        ask(l);
        return;
    }
    wc_conv_start(l->conv, head);
    if (l->start != WC_START_CURSOR)
        l->cursor = l->start == WC_START_HEAD ? head : l->joined;
    l->start = WC_START_CURSOR;
    l->outside = wc_str_is(wc_reply_str(reply, 5), "1");
    if (l->session->cursor != NULL)
        wc_cursor_linked(l->session, l);
    if (wc_id_cmp(l->cursor, head) > 0)
        wc_link_lose(l, l->cursor); /* of a log that went back: it says so */
    else
        wc_link_settle(l);
    if (l->counted) {
        l->counted = false;
        wc_session_attached(l->conv->fanout->chat, l->session);
    }
}

/* Gives the session what of a page it takes. False when it is to be attached anew. */
static bool take_page(struct wc_link *l, const struct wc_reply *page)
{
    struct wc_chat *chat = l->conv->fanout->chat;
    struct wc_id head;
    size_t broken = wc_reply_u64(page, 2), count = wc_reply_count(page) - 3;
    bool ended = false; /* with the page's last entry: for who is no member now, the page is no longer than that */
    if (!wc_id_parse(wc_reply_str(page, 1), &head))
        return true;
    for (size_t i = 0; i < count && broken != i + 1; i++) {
        if (wc_session_full(chat, l->session))
            return true;
        const struct wc_reply *entry = wc_reply_at(page, i + 3);
        struct wc_event *ev = wc_event_of_entry(wc_conv_str(l->conv), entry);
        if (!wc_id_parse(wc_reply_str(entry, 0), &l->cursor) || ev == NULL)
            continue;
        struct wc_id id = ev->id;
        bool last = ev->type < WC_EV_ACCOUNT_CHANGED && wc_link_deliver(l, ev);
        ended = ends_membership(l, ev);
        wc_event_unref(ev);
        if (last) {
            wc_link_outside(l, id);
            return false;
        }
    }
    if (broken != 0)
        resync(l, head);
    else if (!ended && count < chat->options.page && wc_id_cmp(head, l->cursor) > 0)
        l->cursor = head;
    return true;
}

static void page_read(struct wc_link *l, const struct wc_reply *page)
{
    struct wc_chat *chat = l->conv->fanout->chat;
    struct wc_session *s = l->session;
    struct wc_id before = l->cursor;
    s->reading = false;
    l->conv->fanout->stats.pages++;
    if (!wc_str_is(wc_reply_str(page, 0), "ok")) {
        wc_link_end(l);
        l = NULL;
    } else if (!take_page(l, page)) {
        l = NULL;
    } else if (wc_id_eq(l->cursor, l->conv->last)) {
        enter_live(l);
    } else if (wc_id_cmp(l->cursor, l->conv->last) > 0) {
        enter_others(l, LINK_AHEAD);
    } else if (wc_id_eq(l->cursor, before) && !wc_session_full(chat, s)) {
        enter_others(l, LINK_AHEAD); /* the log ends before what was delivered here: the conversation finds out */
        wc_conv_check(l->conv);
    }
    read_next(chat, s, l);
}

static void on_reply(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_link *l = arg;
    struct wc_workq *work = &l->conv->fanout->work;
    l->busy = false;
    if (l->session == NULL) {
        link_free(l);
        wc_workq_done(work);
    } else if (err != WC_OK) {
        bool counted = l->counted;
        l->counted = false;
        wc_workq_retry(work, &l->work);
        if (counted)
            wc_session_attach_failed(l->conv->fanout->chat, l->session);
    } else {
        if (l->state == LINK_ATTACH)
            attached(l, reply);
        else
            page_read(l, reply);
        wc_workq_done(work);
    }
}

void wc_link_forget(struct wc_work *w)
{
    struct wc_link *l = WC_CONTAINER(w, struct wc_link, work);
    if (l->session == NULL)
        link_free(l);
}

wc_err wc_link_run(struct wc_work *w)
{
    struct wc_link *l = WC_CONTAINER(w, struct wc_link, work);
    if (l->session == NULL) {
        link_free(l);
        return WC_NOT_FOUND;
    }
    struct wc_chat *chat = l->conv->fanout->chat;
    const struct wc_str key = wc_subscription_channel(l->conv->subscription), user = wc_str(l->session->user->name);
    wc_err err;
    if (l->state == LINK_ATTACH) {
        char id[WC_ID_MAX_LEN];
        bool placed = wc_link_placed(l);
        const struct wc_str args[] = {user, placed ? (struct wc_str){id, wc_id_format(l->cursor, id)} : WC_STR("")};
        err = wc_redis_script(chat->redis, WC_SCRIPT_ATTACH, &key, 1, args, WC_COUNT(args), on_reply, l);
    } else {
        char id[WC_ID_MAX_LEN], page[24];
        int n = snprintf(page, sizeof(page), "%llu", (unsigned long long)chat->options.page);
        const struct wc_str args[] = {{id, wc_id_format(l->cursor, id)}, {page, (size_t)n}, user};
        err = wc_redis_script(chat->redis, WC_SCRIPT_LOG_READ, &key, 1, args, WC_COUNT(args), on_reply, l);
    }
    l->busy = err == WC_OK;
    return err;
}
