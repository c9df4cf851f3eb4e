#include "chat/cursor.h"

#include "base/crypto.h"
#include "chat/fanout_private.h"

#include <assert.h>
#include <stdio.h>

enum {
    FRESH_S = 86400,      /* a baseline in use is written anew after so long, so that it does not end */
    KEPT_MOST = 1024,     /* baselines of one user; each of their sessions has one at least */
    KEPT_OF_SESSION = 32, /* more than what can be on its way to a client: those before are dropped */
    WRITES_MOST = 32,     /* under way, of the whole worker */
    MOVED_MOST = 16,
    MOVED_FEW = 3,                   /* so many conversations, and SIZE_SOFT can't be reached */
    SIZE_SOFT = 96,                  /* bytes of a cursor from which a new baseline is written … */
    SIZE_HARD = WC_CURSOR_BYTES - 24 /* … and from which no other conversation may move before that is there */
};

struct wc_cursors {
    struct wc_chat *chat;
    struct wc_workq work;
    uint64_t written, held, unknown;
};

struct wc_cursor {
    struct wc_work work; /* writing the next baseline */
    struct wc_cursors *all;
    struct wc_session *session; /* NULL: ended; freed when `busy` or `work.queued` is over */
    wc_cursor_cb ready;
    struct wc_baseline baseline; /* n is 0: none yet */
    struct wc_id *base;          /* of it, by place */
    struct wc_baseline next;     /* on its way */
    struct wc_id *next_base;
    struct wc_buf lines;
    ev_tstamp written; /* when it was */
    struct wc_link *moved[MOVED_MOST];
    uint8_t nmoved;
    bool each;
    bool own;     /* the line of the baseline is this session's: nobody else goes on in it */
    bool writing; /* queued or under way */
    bool again;   /* what is being written is not enough */
    bool stale;   /* what is written does not have the conversations there are */
    bool busy;
};

static wc_err run_write(struct wc_work *w);

static const struct wc_metric metrics[] = {
    {"wcchat_cursor_baselines_total", NULL, WC_COUNTER, offsetof(struct wc_cursors, written), 1,
     "Baselines of cursors written to Redis"},
    {"wcchat_cursor_holds_total", NULL, WC_COUNTER, offsetof(struct wc_cursors, held), 1,
     "Times that a session's events waited for a baseline"},
    {"wcchat_cursors_unknown_total", NULL, WC_COUNTER, offsetof(struct wc_cursors, unknown), 1,
     "Cursors given by clients that were not good (any more)"},
};

struct wc_cursors *wc_cursors_new(struct wc_chat *chat)
{
    struct wc_cursors *cursors = WC_NEW(struct wc_cursors);
    cursors->chat = chat;
    wc_workq_init(&cursors->work, chat->loop, WRITES_MOST, run_write);
    wc_metrics_add(chat->metrics, metrics, WC_COUNT(metrics), cursors);
    return cursors;
}

static void cursor_free(struct wc_cursor *cur)
{
    wc_buf_free(&cur->lines);
    free(cur->base);
    free(cur->next_base);
    free(cur);
}

void wc_cursors_free(struct wc_cursors *cursors)
{
    if (cursors == NULL)
        return;
    for (struct wc_work *w = cursors->work.head, *next; w != NULL; w = next) {
        next = w->next;
        cursor_free(WC_CONTAINER(w, struct wc_cursor, work)); /* their sessions have ended */
    }
    wc_workq_stop(&cursors->work);
    free(cursors);
}

static bool is_old(const struct wc_cursor *cur)
{
    return ev_now(cur->all->chat->loop) - cur->written > FRESH_S;
}

/* What moved. */

static size_t moves_of(const struct wc_cursor *cur, struct wc_move out[MOVED_MOST])
{
    for (size_t i = 0; i < cur->nmoved; i++) {
        const struct wc_link *l = cur->moved[i];
        out[i] = (struct wc_move){l->place, cur->base[l->place - 1], wc_link_position(l)};
    }
    return cur->nmoved;
}

static size_t size_of(const struct wc_cursor *cur)
{
    struct wc_move moves[MOVED_MOST];
    return wc_cursor_size(&cur->baseline, moves, moves_of(cur, moves));
}

void wc_cursor_text(const struct wc_session *s, struct wc_buf *out)
{
    struct wc_move moves[MOVED_MOST];
    wc_cursor_encode(out, &s->cursor->baseline, moves, moves_of(s->cursor, moves));
}

void wc_cursor_places(const struct wc_session *s, struct wc_places *out)
{
    const struct wc_cursor *cur = s->cursor;
    *out = (struct wc_places){.baseline = cur->baseline, .own = cur->own};
    bool whole = !cur->stale;
    uint32_t highest = 0;
    for (struct wc_link *l = s->links; l != NULL; l = l->next_of_session) {
        if (!wc_link_placed(l))
            continue;
        wc_places_add(out, wc_conv_str(l->conv), wc_link_position(l));
        struct wc_place *p = &out->v[out->n - 1];
        if ((p->number = l->place) != 0)
            p->base = cur->base[l->place - 1];
        whole = whole && l->place != 0;
        highest = l->place > highest ? l->place : highest;
    }
    if (!whole || highest != out->n) /* it is of other conversations */
        out->baseline.n = 0;
    wc_places_sort(out);
}

static bool note(struct wc_cursor *cur, struct wc_link *l)
{
    for (size_t i = 0; i < cur->nmoved; i++)
        if (cur->moved[i] == l)
            return true;
    if (cur->nmoved == MOVED_MOST)
        return false;
    cur->moved[cur->nmoved++] = l;
    return true;
}

/* Looks at all conversations: can the baseline express where they are? */
static bool look_at_all(struct wc_cursor *cur)
{
    bool whole = cur->baseline.n != 0 && !cur->stale;
    cur->nmoved = 0;
    for (struct wc_link *l = cur->session->links; l != NULL && whole; l = l->next_of_session) {
        if (l->place == 0)
            whole = !wc_link_placed(l);
        else if (!wc_id_eq(wc_link_position(l), cur->base[l->place - 1]))
            whole = note(cur, l);
    }
    return whole && size_of(cur) <= WC_CURSOR_BYTES;
}

static void hold(struct wc_cursor *cur)
{
    if ((cur->session->held & WC_HELD_CURSOR) == 0)
        cur->all->held++;
    cur->session->held |= WC_HELD_CURSOR;
}

/* Baselines. */

/* The places of all conversations now, as the next baseline. */
static void take_down(struct wc_cursor *cur)
{
    size_t count = 0, n = 0;
    for (struct wc_link *l = cur->session->links; l != NULL; l = l->next_of_session)
        count++;
    cur->next_base = wc_realloc_array(cur->next_base, count + 1, sizeof(*cur->next_base));
    cur->lines.n = 0;
    for (struct wc_link *l = cur->session->links; l != NULL; l = l->next_of_session) {
        l->next_place = 0;
        if (!wc_link_placed(l))
            continue;
        cur->next_base[n] = wc_link_position(l);
        wc_buf_str(&cur->lines, wc_conv_str(l->conv));
        wc_buf_c(&cur->lines, ' ');
        wc_id_add(&cur->lines, cur->next_base[n]);
        wc_buf_c(&cur->lines, '\n');
        l->next_place = (uint32_t)++n;
    }
}

/* Has a new baseline written, of where the conversations are now. */
static void write_baseline(struct wc_cursor *cur)
{
    if (cur->writing) {
        cur->again = true;
        return;
    }
    cur->writing = true;
    cur->again = false;
    cur->next = cur->baseline;
    if (!cur->own)
        wc_random(cur->next.line, sizeof(cur->next.line));
    cur->next.n = cur->own ? cur->baseline.n + 1 : 1;
    take_down(cur);
    wc_workq_add(&cur->all->work, &cur->work);
}

static void ready(struct wc_cursor *cur, wc_err err)
{
    wc_cursor_cb cb = cur->ready;
    cur->ready = NULL;
    if (cb != NULL)
        cb(cur->session, err);
}

/* From now on cursors count from what was written. */
static void adopt(struct wc_cursor *cur)
{
    free(cur->base);
    cur->base = cur->next_base;
    cur->next_base = NULL;
    cur->baseline = cur->next;
    cur->own = true;
    cur->stale = false;
    cur->written = ev_now(cur->all->chat->loop);
    wc_buf_free(&cur->lines);
    for (struct wc_link *l = cur->session->links; l != NULL; l = l->next_of_session) {
        l->place = l->next_place;
        l->next_place = 0;
    }
}

static void written(struct wc_cursor *cur)
{
    struct wc_session *s = cur->session;
    cur->writing = false;
    adopt(cur);
    if (cur->again || !look_at_all(cur)) {
        cur->stale = cur->again;
        hold(cur);
        write_baseline(cur);
        return;
    }
    wc_session_release(s->user->chat, s, WC_HELD_CURSOR);
    ready(cur, WC_OK);
}

static void on_written(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_cursor *cur = arg;
    struct wc_cursors *cursors = cur->all;
    (void)reply;
    cur->busy = false;
    if (cur->session == NULL) {
        cursor_free(cur);
        wc_workq_done(&cursors->work);
        return;
    }
    if (err != WC_OK) {
        wc_workq_retry(&cursors->work, &cur->work);
        ready(cur, WC_UNAVAILABLE);
        return;
    }
    cursors->written++;
    written(cur);
    wc_workq_done(&cursors->work);
}

static wc_err run_write(struct wc_work *w)
{
    struct wc_cursor *cur = WC_CONTAINER(w, struct wc_cursor, work);
    if (cur->session == NULL) {
        cursor_free(cur);
        return WC_NOT_FOUND;
    }
    struct wc_chat *chat = cur->session->user->chat;
    struct wc_name key = wc_user_key(wc_str(cur->session->user->name));
    char id[WC_BASELINE_ID], done[WC_BASELINE_ID] = "", most[20];
    wc_baseline_id(&cur->next, id);
    if (cur->next.n > KEPT_OF_SESSION) {
        struct wc_baseline old = cur->next;
        old.n -= KEPT_OF_SESSION;
        wc_baseline_id(&old, done);
    }
    const struct wc_str k = wc_name_str(&key);
    const struct wc_str args[] = {wc_str(id),
                                  wc_buf_view(&cur->lines),
                                  WC_STR(WC_CURSOR_KEEP_MS),
                                  {most, wc_u64_format(KEPT_MOST, most)},
                                  wc_str(done)};
    wc_err err = wc_redis_script(chat->redis, WC_SCRIPT_CURSOR_WRITE, &k, 1, args, WC_COUNT(args), on_written, cur);
    cur->busy = err == WC_OK;
    return err;
}

/* The session's side. */

/* The baseline that the session's cursor came with. */
static void use_places(struct wc_cursor *cur, const struct wc_places *places)
{
    cur->baseline = places->baseline;
    cur->own = places->own;
    cur->base = wc_realloc_array(NULL, places->n + 1, sizeof(*cur->base));
    cur->written = ev_now(cur->all->chat->loop);
    for (size_t i = 0; i < places->n; i++)
        cur->base[places->v[i].number - 1] = places->v[i].base;
    for (struct wc_link *l = cur->session->links; l != NULL; l = l->next_of_session) {
        const struct wc_place *p = wc_places_find(places, wc_conv_str(l->conv));
        l->place = p != NULL ? p->number : 0;
    }
}

void wc_cursor_begin(struct wc_session *s, const struct wc_places *places, bool each, wc_cursor_cb cb)
{
    struct wc_cursor *cur = WC_NEW(struct wc_cursor);
    cur->all = s->user->chat->cursors;
    cur->session = s;
    cur->each = each;
    cur->ready = cb;
    s->cursor = cur;
    if (places != NULL && places->baseline.n != 0)
        use_places(cur, places);
    if (look_at_all(cur))
        ready(cur, WC_OK);
    else
        write_baseline(cur);
}

void wc_cursor_end(struct wc_session *s)
{
    struct wc_cursor *cur = s->cursor;
    if (cur == NULL)
        return;
    s->cursor = NULL;
    cur->session = NULL;
    if (!cur->busy && !cur->work.queued)
        cursor_free(cur);
}

wc_err wc_cursor_locate(struct wc_session *s, wc_cursor_cb cb)
{
    struct wc_cursor *cur = s->cursor;
    if (cur->ready != NULL)
        return WC_UNAVAILABLE;
    cur->ready = cb;
    if (!cur->writing && !is_old(cur) && look_at_all(cur)) {
        ready(cur, WC_OK);
        return WC_OK;
    }
    hold(cur);
    write_baseline(cur);
    return WC_OK;
}

void wc_cursor_moved(struct wc_session *s, struct wc_link *l)
{
    struct wc_cursor *cur = s->cursor;
    if (!cur->each || l->place == 0)
        return;
    bool noted = note(cur, l);
    size_t size = cur->nmoved > MOVED_FEW ? size_of(cur) : 0;
    if (!noted || size > SIZE_HARD || cur->nmoved == MOVED_MOST)
        hold(cur);
    if (!cur->writing && (!noted || is_old(cur) || size > SIZE_SOFT || cur->nmoved == MOVED_MOST))
        write_baseline(cur);
}

/* The conversations are others: cursors without the new one, or that take the old one for where it was, won't do. */
static void changed(struct wc_cursor *cur)
{
    cur->stale = true;
    if (!cur->each && !cur->writing)
        return;
    if (cur->each)
        hold(cur);
    write_baseline(cur);
}

void wc_cursor_linked(struct wc_session *s, struct wc_link *l)
{
    if (l->place == 0)
        changed(s->cursor);
}

void wc_cursor_unlinked(struct wc_session *s, struct wc_link *l)
{
    struct wc_cursor *cur = s->cursor;
    for (size_t i = 0; i < cur->nmoved; i++) {
        if (cur->moved[i] == l) {
            cur->moved[i] = cur->moved[--cur->nmoved];
            break;
        }
    }
    if (l->place != 0 || l->next_place != 0)
        changed(cur);
}

/* Reading. */

struct wc_cursor_reading {
    struct wc_cursors *cursors;
    wc_cursor_read_cb cb; /* NULL: cancelled */
    void *arg;
    struct wc_buf text;
};

static void on_read(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_cursor_reading *reading = arg;
    struct wc_places places = {.n = 0};
    if (err == WC_OK && (!wc_str_is(wc_reply_str(reply, 0), "ok") ||
                         !wc_places_read(&places, wc_buf_view(&reading->text), wc_reply_str(reply, 1)))) {
        reading->cursors->unknown++;
        err = WC_NOT_FOUND;
    }
    if (reading->cb != NULL)
        reading->cb(reading->arg, err, &places);
    wc_places_free(&places);
    wc_buf_free(&reading->text);
    free(reading);
}

wc_err wc_cursor_read(struct wc_chat *chat, struct wc_str user, struct wc_str text, wc_cursor_read_cb cb, void *arg,
                      struct wc_cursor_reading **out)
{
    struct wc_baseline baseline;
    if (!wc_cursor_baseline(text, &baseline)) {
        chat->cursors->unknown++;
        return WC_NOT_FOUND;
    }
    char id[WC_BASELINE_ID];
    wc_baseline_id(&baseline, id);
    struct wc_cursor_reading *reading = WC_NEW(struct wc_cursor_reading);
    *reading = (struct wc_cursor_reading){.cursors = chat->cursors, .cb = cb, .arg = arg};
    wc_buf_str(&reading->text, text);
    struct wc_name key = wc_user_key(user);
    const struct wc_str k = wc_name_str(&key), args[] = {wc_str(id), WC_STR(WC_CURSOR_KEEP_MS)};
    wc_err err = wc_redis_script(chat->redis, WC_SCRIPT_CURSOR_READ, &k, 1, args, WC_COUNT(args), on_read, reading);
    if (err != WC_OK) {
        wc_buf_free(&reading->text);
        free(reading);
        return err;
    }
    *out = reading;
    return WC_OK;
}

void wc_cursor_read_cancel(struct wc_cursor_reading *reading)
{
    if (reading != NULL)
        reading->cb = NULL;
}
