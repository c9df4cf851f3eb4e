#include "chat/session.h"

#include "chat/answer.h"

#include "chat/auth.h"
#include "chat/cursor.h"
#include "chat/fanout.h"
#include "chat/presence.h"
#include "chat/writer.h"

#include <assert.h>
#include <stdio.h>

/* A start as it was given, until the session is open. */
struct wc_session_from {
    struct wc_buf cursor;
    struct wc_places places;
    struct wc_cursor_reading *reading;
    enum wc_link_start unknown; /* where conversations start that are not among the places */
    bool each, resync;
};

struct wc_sessions {
    struct wc_chat *chat;
    ev_prepare at_turn_end;
    ev_idle awake; /* runs while somebody is dirty: the loop does not sleep over what is to be written */
    struct wc_session *dirty;
    struct wc_frame *nothing; /* stands for an event that a channel does not show */
    wc_event_encoder encoders[WC_EVENT_SLOTS];
    uint8_t slots;
    uint32_t numbers;
    uint64_t count;
};

static const struct wc_metric metrics[] = {
    {"wcchat_sessions", NULL, WC_GAUGE, offsetof(struct wc_sessions, count), 1, "Open sessions"},
};

static void on_turn_end(EV_P_ ev_prepare *watcher, int revents);

static void stay_awake(EV_P_ ev_idle *watcher, int revents)
{
    (void)loop;
    (void)watcher;
    (void)revents;
}

struct wc_sessions *wc_sessions_new(struct wc_chat *chat)
{
    struct wc_sessions *all = WC_NEW(struct wc_sessions);
    all->chat = chat;
    all->nothing = wc_frame_new(0);
    ev_prepare_init(&all->at_turn_end, on_turn_end);
    ev_set_priority(&all->at_turn_end, WC_TURN_WRITE);
    all->at_turn_end.data = all;
    ev_prepare_start(chat->loop, &all->at_turn_end);
    ev_idle_init(&all->awake, stay_awake);
    wc_metrics_add(chat->metrics, metrics, WC_COUNT(metrics), all);
    return all;
}

void wc_sessions_free(struct wc_sessions *all)
{
    if (all == NULL)
        return;
    ev_prepare_stop(all->chat->loop, &all->at_turn_end);
    ev_idle_stop(all->chat->loop, &all->awake);
    wc_frame_unref(all->nothing);
    free(all);
}

uint8_t wc_sessions_slot(struct wc_sessions *all, wc_event_encoder encode)
{
    assert(all->slots < WC_EVENT_SLOTS);
    all->encoders[all->slots] = encode;
    return all->slots++;
}

wc_event_encoder wc_sessions_encoder(struct wc_sessions *all, unsigned slot)
{
    return all->encoders[slot];
}

uint64_t wc_sessions_count(const struct wc_sessions *all)
{
    return all->count;
}

void wc_session_dirty(struct wc_chat *chat, struct wc_session *s)
{
    struct wc_sessions *all = chat->sessions;
    if (s->dirty)
        return;
    s->dirty = true;
    if (all->dirty == NULL)
        ev_idle_start(chat->loop, &all->awake);
    s->next_dirty = all->dirty;
    all->dirty = s;
}

static void undirty(struct wc_sessions *all, struct wc_session *s)
{
    if (!s->dirty)
        return;
    struct wc_session **p = &all->dirty;
    while (*p != s)
        p = &(*p)->next_dirty;
    *p = s->next_dirty;
    s->dirty = false;
}

static void on_turn_end(EV_P_ ev_prepare *watcher, int revents)
{
    (void)revents;
    struct wc_sessions *all = watcher->data;
    struct wc_session *s;
    do {
        while ((s = all->dirty) != NULL) {
            all->dirty = s->next_dirty;
            s->dirty = false;
            s->ops->flush(s);
        }
        wc_writer_run(all->chat->writer);
    } while (all->dirty != NULL);
    wc_fanout_written(all->chat->fanout);
    ev_idle_stop(loop, &all->awake);
}

static void note(const struct wc_session *s, const char *what)
{
    const struct wc_chat *chat = s->user->chat;
    if (chat->log->level > WC_DEBUG)
        return;
    char space[96];
    struct wc_buf ref = {space, 0, sizeof(space)};
    wc_session_ref(chat, s, &ref);
    wc_log(chat->log, WC_DEBUG, what, WC_S("session", wc_buf_view(&ref)), WC_Z("user", s->user->name),
           WC_Z("addr", s->address));
}

/* Ends the attempt to open. */
static void opened(struct wc_session *s, wc_err err)
{
    if (!s->opening)
        return;
    s->opening = false;
    if (err == WC_OK)
        note(s, "session open");
    s->opened(s, err);
}

static void from_free(struct wc_session *s)
{
    if (s->from == NULL)
        return;
    wc_cursor_read_cancel(s->from->reading);
    wc_buf_free(&s->from->cursor);
    wc_places_free(&s->from->places);
    free(s->from);
    s->from = NULL;
}

void wc_session_attached(struct wc_chat *chat, struct wc_session *s)
{
    (void)chat;
    assert(s->attaching != 0);
    if (--s->attaching != 0 || !s->opening)
        return;
    if (s->from == NULL)
        opened(s, WC_OK);
    else
        wc_cursor_begin(s, &s->from->places, s->from->each, opened);
}

void wc_session_attach_failed(struct wc_chat *chat, struct wc_session *s)
{
    (void)chat;
    s->attaching--;
    opened(s, WC_UNAVAILABLE);
}

/* Attaches it to all of the user's conversations. */
static void attach(struct wc_session *s)
{
    struct wc_user *user = s->user;
    struct wc_chat *chat = user->chat;
    wc_user_add_session(user, s);
    chat->sessions->count++;
    s->attaching = 1; /* presence */
    struct wc_str convs = wc_user_convs(user), conv;
    while (wc_next_word(&convs, ' ', &conv)) {
        const struct wc_place *place = s->from != NULL ? wc_places_find(&s->from->places, conv) : NULL;
        enum wc_link_start unknown = s->from != NULL ? s->from->unknown : WC_START_HEAD;
        wc_fanout_link(chat->fanout, s, conv, place != NULL ? WC_START_CURSOR : unknown,
                       place != NULL ? place->id : (struct wc_id){0, 0}, true);
    }
    wc_presence_begin(chat->presence, s);
}

/* The cursor is not good: from the heads, and the client is told to fetch history. */
static void start_again(struct wc_session *s)
{
    s->from->unknown = WC_START_HEAD;
    s->from->resync = true;
    attach(s);
}

static void on_cursor_read(void *arg, wc_err err, struct wc_places *places)
{
    struct wc_session *s = arg;
    s->from->reading = NULL;
    if (err == WC_NOT_FOUND) {
        start_again(s);
    } else if (err != WC_OK) {
        opened(s, err);
    } else if (!wc_user_allows(s->user, wc_str(s->family), s->generation)) {
        opened(s, WC_UNAUTHENTICATED);
    } else {
        s->from->places = *places;
        *places = (struct wc_places){.n = 0};
        attach(s);
    }
}

static void on_user_fresh(void *arg, wc_err err)
{
    struct wc_session *s = arg;
    struct wc_user *user = s->user;
    struct wc_chat *chat = user->chat;
    if (err != WC_OK || !wc_user_allows(user, wc_str(s->family), s->generation)) {
        opened(s, err != WC_OK ? err : WC_UNAUTHENTICATED);
        return;
    }
    if (s->from == NULL || s->from->cursor.n == 0) {
        attach(s);
        return;
    }
    err = wc_cursor_read(chat, wc_str(user->name), wc_buf_view(&s->from->cursor), on_cursor_read, s, &s->from->reading);
    if (err == WC_NOT_FOUND)
        start_again(s);
    else if (err != WC_OK)
        opened(s, err);
}

static struct wc_session_from *from_new(const struct wc_session_start *start)
{
    struct wc_session_from *from = WC_NEW(struct wc_session_from);
    bool some = start->cursor.p != NULL || start->places != NULL;
    from->each = start->each;
    from->unknown = some ? WC_START_JOINED : WC_START_HEAD;
    if (start->cursor.p != NULL)
        wc_buf_str(&from->cursor, start->cursor.n != 0 ? start->cursor : WC_STR("-"));
    if (start->places != NULL)
        wc_places_copy(&from->places, start->places);
    wc_places_sort(&from->places);
    return from;
}

void wc_session_open(struct wc_chat *chat, struct wc_session *s, const struct wc_session_ops *ops,
                     const struct wc_identity *who, const struct wc_session_start *start,
                     void (*cb)(struct wc_session *s, wc_err err))
{
    assert(s->user == NULL);
    s->ops = ops;
    s->slot = ops->slot;
    s->opened = cb;
    s->opening = true;
    s->number = ++chat->sessions->numbers;
    s->generation = who->generation;
    snprintf(s->family, sizeof(s->family), "%s", who->family);
    s->user = wc_user_get(chat->people, wc_str(who->user));
    if (start != NULL) {
        s->held |= WC_HELD_OPENING;
        s->from = from_new(start);
    }
    wc_user_when_fresh(s->user, on_user_fresh, s);
}

void wc_session_release(struct wc_chat *chat, struct wc_session *s, uint8_t why)
{
    bool held = s->held != 0;
    s->held &= (uint8_t)~why;
    if (why == WC_HELD_OPENING && s->from != NULL) {
        if (s->from->resync)
            wc_session_resync(chat, s, WC_STR_NONE, 0);
        from_free(s);
    }
    if (held && s->held == 0)
        wc_fanout_resume(chat->fanout, s);
}

void wc_session_renew(struct wc_session *s, const struct wc_identity *who)
{
    s->generation = who->generation;
    snprintf(s->family, sizeof(s->family), "%s", who->family);
}

void wc_session_resync(struct wc_chat *chat, struct wc_session *s, struct wc_str conv, unsigned side)
{
    char space[128];
    struct wc_buf payload = {space, 0, sizeof(space)};
    wc_buf_addf(&payload, "t-%llu-%s\x1ftype\x1fresync", (unsigned long long)(ev_now(chat->loop) * 1e6), chat->worker);
    struct wc_event *ev = wc_event_parse(conv, wc_buf_view(&payload));
    wc_session_push(chat, s, ev, side);
    wc_event_unref(ev);
}

void wc_session_close(struct wc_chat *chat, struct wc_session *s)
{
    undirty(chat->sessions, s);
    wc_outq_clear(&s->out);
    if (s->user == NULL)
        return;
    s->opening = false;
    from_free(s);
    wc_cursor_end(s);
    s->held = 0;
    wc_user_forget(s->user, s);
    if (s->prev_of_user != NULL) {
        note(s, "session closed");
        wc_fanout_unlink(chat->fanout, s);
        wc_presence_end(chat->presence, s);
        wc_user_remove_session(s->user, s);
        chat->sessions->count--;
    }
    wc_user_unref(s->user);
    s->user = NULL;
    s->attaching = 0;
}

void wc_session_drained(struct wc_chat *chat, struct wc_session *s)
{
    if (s->slow && s->user != NULL)
        wc_fanout_resume(chat->fanout, s);
}

void wc_session_push(struct wc_chat *chat, struct wc_session *s, struct wc_event *ev, unsigned side)
{
    struct wc_frame **made = &ev->frames[s->slot][side];
    if (*made == NULL) {
        *made = chat->sessions->encoders[s->slot](ev, side);
        if (*made == NULL)
            *made = wc_frame_ref(chat->sessions->nothing);
    }
    if (ev->type != WC_EV_MESSAGE_PUBLISHED && s->ops->notice != NULL)
        s->ops->notice(s, ev);
    if ((*made)->len == 0)
        return;
    if (s->ops->deliver != NULL)
        s->ops->deliver(s, ev, *made);
    else
        wc_outq_push(&s->out, *made);
    wc_session_dirty(chat, s);
}

void wc_session_ref(const struct wc_chat *chat, const struct wc_session *s, struct wc_buf *out)
{
    wc_buf_z(out, chat->worker);
    wc_buf_c(out, '/');
    wc_buf_z(out, s->ops->channel);
    wc_buf_c(out, '/');
    wc_buf_u64(out, s->number);
}
