#include "nats/sessions.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "chat/auth.h"
#include "chat/cursor.h"
#include "chat/lease.h"

#include <stdio.h>

enum {
    MISSED_MOST = 3,  /* pings that did not come, until a session is let go */
    AT_ONCE_MOST = 64 /* events of a conversation that are sent again though they may be on their way */
};

static struct wc_nats_session *of(struct wc_session *s)
{
    return WC_CONTAINER(s, struct wc_nats_session, session);
}

/* Names. */

bool wc_nats_session_name(struct wc_str name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    for (size_t i = 0; i < name.n; i++)
        if (memchr(allowed, name.p[i], sizeof(allowed) - 1) == NULL)
            return false;
    return name.n != 0 && name.n <= WC_NATS_SESSION_NAME_MAX;
}

struct wc_nats_session *wc_nats_session_find(struct wc_nats *n, struct wc_str user, struct wc_str name)
{
    struct wc_nats_session *ns = wc_nats_peer_get(n, user)->first;
    while (ns != NULL && !wc_str_is(name, ns->name))
        ns = ns->next_of_peer;
    return ns;
}

/* Begin and end. */

static void on_dead(struct wc_soon_item *item);

static void link_session(struct wc_nats_session *ns)
{
    struct wc_nats *n = ns->nats;
    ns->next = n->sessions;
    ns->link = &n->sessions;
    if (ns->next != NULL)
        ns->next->link = &ns->next;
    n->sessions = ns;
    ns->next_of_peer = ns->peer->first;
    ns->link_of_peer = &ns->peer->first;
    if (ns->next_of_peer != NULL)
        ns->next_of_peer->link_of_peer = &ns->next_of_peer;
    ns->peer->first = ns;
    ns->peer->sessions++;
    n->stats.sessions++;
}

/* Nobody finds it any more under its name. */
static void unname(struct wc_nats_session *ns)
{
    *ns->link_of_peer = ns->next_of_peer;
    if (ns->next_of_peer != NULL)
        ns->next_of_peer->link_of_peer = ns->link_of_peer;
    ns->nats->stats.sessions--;
}

struct wc_nats_session *wc_nats_session_new(struct wc_nats *n, struct wc_nats_peer *peer, struct wc_str name)
{
    struct wc_nats_session *ns = WC_NEW(struct wc_nats_session);
    ns->nats = n;
    ns->peer = peer;
    ns->session.address = "";
    ns->dead.fire = on_dead;
    ns->pinged = ev_now(n->chat->loop);
    memcpy(ns->name, name.p, name.n);
    snprintf(ns->subject, sizeof(ns->subject), "%s%s.%s", WC_NATS_EVENTS, peer->user->name, ns->name);
    link_session(ns);
    return ns;
}

static void forget_what_was_asked(struct wc_nats_session *ns)
{
    wc_nats_task_forget(ns->task);
    wc_cursor_read_cancel(ns->reading);
    ns->task = NULL;
    ns->reading = NULL;
}

static void session_free(struct wc_nats_session *ns)
{
    forget_what_was_asked(ns);
    wc_session_close(ns->nats->chat, &ns->session);
    *ns->link = ns->next;
    if (ns->next != NULL)
        ns->next->link = ns->link;
    ns->peer->sessions--;
    wc_places_free(&ns->places);
    wc_places_free(&ns->seen);
    wc_buf_free(&ns->cursor);
    free(ns);
}

static void on_dead(struct wc_soon_item *item)
{
    session_free(WC_CONTAINER(item, struct wc_nats_session, dead));
}

static void fail(struct wc_request **r, wc_err err)
{
    struct wc_request *asked = *r;
    *r = NULL;
    if (asked != NULL)
        wc_request_fail(asked, err, err == WC_UNAVAILABLE ? "another worker has the session; ask again" : NULL);
}

void wc_nats_session_kill(struct wc_nats_session *ns, wc_err err)
{
    if (ns->state == WC_NATS_DEAD)
        return;
    ns->state = WC_NATS_DEAD;
    unname(ns);
    forget_what_was_asked(ns);
    fail(&ns->asked, err);
    fail(&ns->pinging, err);
    wc_soon_add(&ns->nats->soon, &ns->dead);
}

/* Events. */

static struct wc_frame *encode(const struct wc_event *ev, unsigned side)
{
    struct wc_buf json = WC_BUF_INIT;
    wc_event_json(ev, side, &json);
    struct wc_frame *frame = wc_frame_of(wc_buf_view(&json));
    wc_buf_free(&json);
    return frame;
}

static void flush(struct wc_session *s)
{
    struct wc_nats_session *ns = of(s);
    struct wc_str json;
    ns->blocked = false;
    while (ns->state == WC_NATS_OPEN && (json = wc_outq_first(&s->out)).p != NULL) {
        if (!wc_nats_publish_event(ns->nats->conn, wc_str(ns->subject), ns->generation, json)) {
            ns->blocked = true;
            return;
        }
        wc_outq_took(&s->out, json.n);
    }
    if (ns->state == WC_NATS_OPEN)
        wc_session_drained(ns->nats->chat, s);
}

static void on_told(struct wc_nats *n, void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)n;
    (void)arg;
    (void)err;
    (void)reply;
}

static void revoked(struct wc_session *s, enum wc_session_end why)
{
    struct wc_nats_session *ns = of(s);
    const char *user = ns->peer->user->name;
    char generation[20];
    /* Its user ended this one alone, and may ask on: its next ping must not take it up again. */
    if (why == WC_END_REVOKED && wc_user_allows(ns->peer->user, WC_STR(""), s->generation))
        (void)wc_nats_session_forget(ns->nats, wc_str(user), wc_str(ns->name),
                                     (struct wc_str){generation, wc_u64_format(ns->generation, generation)}, on_told,
                                     NULL);
    wc_nats_session_kill(ns, WC_UNAUTHENTICATED);
}

void wc_nats_sessions_init(struct wc_nats *n)
{
    n->session_ops = WC_NEW(struct wc_session_ops);
    *n->session_ops = (struct wc_session_ops){.channel = "nats", .flush = flush, .end = revoked};
    n->session_ops->slot = wc_sessions_slot(n->chat->sessions, encode);
}

/* Opening. */

static void on_opened(struct wc_session *s, wc_err err)
{
    struct wc_nats_session *ns = of(s);
    if (ns->state != WC_NATS_OPENING)
        return;
    if (err != WC_OK) {
        wc_nats_session_kill(ns, err);
        return;
    }
    ns->state = WC_NATS_OPEN;
    struct wc_request *r = ns->asked;
    ns->asked = NULL;
    if (r != NULL)
        wc_nats_session_answer(ns, r, !ns->by_ping);
    wc_session_release(ns->nats->chat, s, WC_HELD_OPENING);
}

static void open_session(struct wc_nats_session *ns)
{
    const struct wc_user *user = ns->peer->user;
    struct wc_identity who = {.via = "nats", .generation = user->generation, .admin = user->admin};
    wc_user_copy_name(user, who.user);
    ns->state = WC_NATS_OPENING;
    wc_session_open(ns->nats->chat, &ns->session, ns->nats->session_ops, &who, &ns->from, on_opened);
    wc_places_free(&ns->places);
    wc_buf_free(&ns->cursor);
}

void wc_nats_session_tell(struct wc_nats *n, const char *user, struct wc_str name, struct wc_str generation,
                          struct wc_str address)
{
    struct wc_buf subject = WC_BUF_INIT, text = WC_BUF_INIT;
    wc_buf_addf(&subject, "wcc.workers.%.*s", WC_STR_ARG(address));
    wc_buf_addf(&text, "taken %s %.*s %.*s", user, WC_STR_ARG(name), WC_STR_ARG(generation));
    wc_nats_publish(n->conn, wc_buf_view(&subject), wc_buf_view(&text));
    wc_buf_free(&subject);
    wc_buf_free(&text);
}

static void on_last_read(void *arg, wc_err err, struct wc_places *last)
{
    struct wc_nats_session *ns = arg;
    struct wc_places all = {.n = 0};
    ns->reading = NULL;
    if (err != WC_OK && err != WC_NOT_FOUND) {
        wc_nats_session_kill(ns, err);
        return;
    }
    wc_places_sort(&ns->places);
    for (size_t i = 0; i < ns->places.n; i++)
        wc_places_add(&all, wc_name_str(&ns->places.v[i].conv), ns->places.v[i].id);
    for (size_t i = 0; err == WC_OK && i < last->n; i++)
        if (wc_places_find(&ns->places, wc_name_str(&last->v[i].conv)) == NULL)
            wc_places_add(&all, wc_name_str(&last->v[i].conv), last->v[i].id);
    if (err == WC_OK)
        wc_places_free(last);
    wc_places_free(&ns->places);
    ns->places = all;
    open_session(ns);
}

/* A ping names what its client has seen something of; the rest goes on where it was at the ping before, and not where
 * the user joined. */
static void open_from_both(struct wc_nats_session *ns, struct wc_str cursor)
{
    ns->state = WC_NATS_OPENING;
    wc_err err = wc_cursor_read(ns->nats->chat, wc_str(ns->peer->user->name), cursor, on_last_read, ns, &ns->reading);
    if (err == WC_NOT_FOUND)
        open_session(ns);
    else if (err != WC_OK)
        wc_nats_session_kill(ns, err);
}

static void on_claimed(struct wc_nats *n, void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_nats_session *ns = arg;
    ns->task = NULL;
    uint64_t until = wc_lease_until(n->chat->lease);
    if (err != WC_OK || !wc_str_is(wc_reply_str(reply, 0), "ok") || until <= wc_monotonic_ms()) {
        wc_nats_session_kill(ns, WC_UNAVAILABLE);
        return;
    }
    wc_nats_conn_certain(n->conn, until);
    ns->generation = wc_reply_u64(reply, 1);
    struct wc_str former = wc_reply_str(reply, 2), cursor = wc_reply_str(reply, 3);
    if (former.n != 0 && !wc_str_is(former, n->address))
        wc_nats_session_tell(n, ns->peer->user->name, wc_str(ns->name), wc_reply_str(reply, 1), former);
    n->stats.takeovers += ns->generation > 1;
    ns->expires = wc_reply_u64(reply, 4);
    if (ns->from.cursor.p == NULL && ns->from.places == NULL && cursor.n != 0) {
        wc_buf_str(&ns->cursor, cursor);
        ns->from.cursor = wc_buf_view(&ns->cursor);
    }
    if (ns->by_ping && ns->from.places != NULL && cursor.n != 0)
        open_from_both(ns, cursor);
    else
        open_session(ns);
}

void wc_nats_session_claim(struct wc_nats_session *ns, struct wc_str expected)
{
    struct wc_nats *n = ns->nats;
    char keep[20];
    struct wc_name key = wc_user_key(wc_str(ns->peer->user->name));
    const struct wc_str args[] = {wc_str(ns->name),
                                  wc_str(n->chat->worker),
                                  wc_str(n->address),
                                  {keep, wc_u64_format(n->options->keep_ms, keep)},
                                  expected};
    ns->task = wc_nats_script(n, WC_SCRIPT_NATS_CLAIM, wc_name_str(&key), args, WC_COUNT(args), on_claimed, ns);
    if (ns->task == NULL)
        wc_nats_session_kill(ns, WC_UNAVAILABLE);
}

bool wc_nats_session_forget(struct wc_nats *n, struct wc_str user, struct wc_str name, struct wc_str expected,
                            wc_nats_done done, void *arg)
{
    struct wc_name key = wc_user_key(user);
    const struct wc_str args[] = {name, wc_str(n->chat->worker), wc_str(n->address), WC_STR("0"), expected};
    return wc_nats_script(n, WC_SCRIPT_NATS_CLAIM, wc_name_str(&key), args, WC_COUNT(args), done, arg) != NULL;
}

/* Sending again. */

/* What was sent before the last ping has been seen, or it is lost. What was sent later may be on its way: a few of
 * these are sent again at once, which costs less than the client's waiting for the next ping. */
static bool go_back(struct wc_places *places, const struct wc_places *seen, uint64_t before_ms)
{
    bool missing = false;
    for (struct wc_place *p = places->v; p < places->v + places->n; p++) {
        const struct wc_place *to = wc_places_find(seen, wc_name_str(&p->conv));
        if (to == NULL || wc_id_cmp(to->id, p->id) >= 0)
            continue;
        missing = missing || p->id.ms <= before_ms || p->id.seq - to->id.seq <= AT_ONCE_MOST;
        p->id = to->id;
    }
    return missing;
}

void wc_nats_session_replay(struct wc_nats_session *ns, const struct wc_places *seen)
{
    if (ns->state != WC_NATS_OPEN || ns->session.out.count != 0 || seen->n == 0)
        return;
    wc_cursor_places(&ns->session, &ns->places);
    if (!go_back(&ns->places, seen, ns->ping_ms)) {
        wc_places_free(&ns->places);
        return;
    }
    ns->nats->stats.replays++;
    ns->from = (struct wc_session_start){.places = &ns->places};
    wc_session_close(ns->nats->chat, &ns->session);
    open_session(ns);
}

/* All of them. */

/* Lost with the lease, or with events: each is somebody's again with its next ping, which says what is missing. */
static void lose_all(struct wc_nats *n)
{
    for (struct wc_nats_session *ns = n->sessions, *next; ns != NULL; ns = next) {
        next = ns->next;
        if (ns->state == WC_NATS_OPEN || ns->state == WC_NATS_OPENING)
            wc_nats_session_kill(ns, WC_UNAVAILABLE);
    }
}

void wc_nats_sessions_go_on(struct wc_nats *n, bool lost)
{
    if (lost)
        lose_all(n);
    for (struct wc_nats_session *ns = n->sessions; ns != NULL; ns = ns->next)
        if (ns->blocked && ns->state == WC_NATS_OPEN)
            wc_session_dirty(n->chat, &ns->session);
}

/* Redis is told that nobody holds it; `cursor`: where it was, or empty. */
static bool let_go(struct wc_nats_session *ns, struct wc_str cursor, wc_nats_done done, void *arg,
                   struct wc_nats_task **task)
{
    char keep[20], generation[20];
    struct wc_name key = wc_user_key(wc_str(ns->peer->user->name));
    const struct wc_str args[] = {wc_str(ns->name),
                                  {generation, wc_u64_format(ns->generation, generation)},
                                  cursor,
                                  {keep, wc_u64_format(ns->nats->options->keep_ms, keep)},
                                  WC_STR("1")};
    *task = wc_nats_script(ns->nats, WC_SCRIPT_NATS_PING, wc_name_str(&key), args, WC_COUNT(args), done, arg);
    return *task != NULL;
}

void wc_nats_sessions_tick(struct wc_nats *n)
{
    uint64_t until = wc_lease_until(n->chat->lease);
    double old = ev_now(n->chat->loop) - MISSED_MOST * (double)n->options->ping_ms / 1000;
    wc_nats_conn_certain(n->conn, until);
    if (until <= wc_monotonic_ms())
        lose_all(n);
    for (struct wc_nats_session *ns = n->sessions; ns != NULL && wc_nats_conn_up(n->conn); ns = ns->next) {
        struct wc_nats_task *task;
        if (ns->state != WC_NATS_OPEN || ns->pinged > old)
            continue;
        (void)let_go(ns, WC_STR(""), on_told, NULL, &task);
        n->stats.lapsed++;
        wc_nats_session_kill(ns, WC_NOT_FOUND);
    }
}

/* Handing over, when this worker ends. */

static void on_handed_over(struct wc_nats *n, void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_nats_session *ns = arg;
    ns->task = NULL;
    if (err == WC_OK && wc_str_is(wc_reply_str(reply, 0), "ok")) {
        struct wc_buf text = WC_BUF_INIT;
        wc_buf_addf(&text, "adopt %s %s %llu", ns->peer->user->name, ns->name, (unsigned long long)ns->generation);
        /* Behind its events, or not at all: the cursor counts those that were given to the connection. */
        (void)wc_nats_publish_event(n->conn, WC_STR("wcc.workers.adopt"), ns->generation, wc_buf_view(&text));
        wc_buf_free(&text);
    }
    wc_nats_session_kill(ns, WC_UNAVAILABLE);
}

static void on_place(struct wc_session *s, wc_err err)
{
    struct wc_nats_session *ns = of(s);
    struct wc_buf cursor = WC_BUF_INIT;
    if (err == WC_OK)
        wc_cursor_text(s, &cursor);
    if (ns->state != WC_NATS_OPEN || err != WC_OK || s->out.count != 0 ||
        !let_go(ns, wc_buf_view(&cursor), on_handed_over, ns, &ns->task))
        wc_nats_session_kill(ns, WC_UNAVAILABLE);
    wc_buf_free(&cursor);
}

void wc_nats_sessions_leave(struct wc_nats *n)
{
    for (struct wc_nats_session *ns = n->sessions, *next; ns != NULL; ns = next) {
        next = ns->next;
        if (ns->state == WC_NATS_DEAD)
            continue;
        if (ns->state != WC_NATS_OPEN || ns->task != NULL || wc_cursor_locate(&ns->session, on_place) != WC_OK)
            wc_nats_session_kill(ns, WC_UNAVAILABLE);
    }
}

void wc_nats_sessions_end(struct wc_nats *n)
{
    for (struct wc_nats_session *ns = n->sessions, *next; ns != NULL; ns = next) {
        next = ns->next;
        ns->asked = ns->pinging = NULL;
        if (ns->state != WC_NATS_DEAD)
            unname(ns);
        session_free(ns);
    }
    free(n->session_ops);
}

/* Other workers. */

static void adopt(struct wc_nats *n, struct wc_str user, struct wc_str name, struct wc_str generation)
{
    struct wc_nats_peer *peer = wc_nats_peer_get(n, user);
    if (wc_nats_session_find(n, user, name) == NULL && peer->sessions < WC_NATS_SESSIONS_MOST && !n->draining)
        wc_nats_session_claim(wc_nats_session_new(n, peer, name), generation);
}

void wc_nats_session_told(struct wc_nats *n, const struct wc_nats_message *m)
{
    struct wc_str rest = m->data, verb, user, name, generation;
    uint64_t number;
    if (!wc_str_cut(&rest, ' ', &verb) || !wc_str_cut(&rest, ' ', &user) || !wc_str_cut(&rest, ' ', &name))
        return;
    if (wc_str_is(verb, "ask")) {
        wc_nats_request_forwarded(n, user, name, rest);
        return;
    }
    generation = rest;
    if (!wc_nats_session_name(name) || !wc_str_u64(generation, UINT64_MAX, &number))
        return;
    struct wc_nats_session *ns = wc_nats_session_find(n, user, name);
    if (wc_str_is(verb, "adopt"))
        adopt(n, user, name, generation);
    else if (ns != NULL && ns->state != WC_NATS_CLAIMING && ns->generation < number)
        wc_nats_session_kill(ns, WC_UNAVAILABLE);
}
