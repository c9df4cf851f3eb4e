#include "chat/presence.h"

#include "chat/fanout.h"
#include "chat/gathered.h"
#include "chat/lease.h"
#include "chat/work.h"

#include <assert.h>
#include <stdio.h>

enum {
    UNDER_WAY_MOST = 128,
    CONVERSATIONS_MOST = 1000, /* of one user that are told of a change; more can ask */
    TOUCH_S = 60,
    TICK_MS = 250
};

enum work_kind { WORK_RECORD, WORK_REAP };

/* What Redis should know of one session: it lives longer than the session, by the grace. */
enum record_state { RECORD_BEGIN, RECORD_THERE, RECORD_GRACE, RECORD_END };

struct record {
    struct wc_work work;
    struct record *next, **prev; /* among the presence's `records`, or those that are `leaving` */
    struct wc_session *session;  /* NULL: it has ended */
    struct wc_user *user;
    const char *channel;
    uint32_t number;
    uint32_t due;      /* in ticks: end of the grace */
    uint8_t state : 2; /* enum record_state */
    uint8_t step : 1;  /* what of the state is done */
    uint8_t busy : 1;
    uint8_t counted : 1;         /* the session knows that it is there */
    char worker[WC_WORKER_SIZE]; /* under whose id it was noted */
    char address[];
};

/* One session of a dead worker. */
struct reap {
    struct wc_work work;
    struct wc_presence *presence;
    struct wc_name worker, user;
    struct wc_name session; /* `<channel>/<n>` */
    uint8_t step;
    void (*done)(void *arg, wc_err err);
    void *arg;
};

struct wc_presence {
    struct wc_chat *chat;
    struct wc_workq work;
    struct wc_gathered *gathered;
    struct record *records; /* of sessions that are there; order does not matter … */
    struct record *leaving; /* … and that have ended */
    ev_timer grace;
    uint32_t ticks; /* of `grace` */
    uint64_t told;
    void (*stopped)(void *arg);
    void *stopped_arg;
};

static struct wc_presence *presence_of(const struct record *r)
{
    return r->user->chat->presence;
}

static void on_grace(EV_P_ ev_timer *timer, int revents);
static wc_err run(struct wc_work *w);

struct wc_presence *wc_presence_new(struct wc_chat *chat)
{
    struct wc_presence *p = WC_NEW(struct wc_presence);
    p->chat = chat;
    wc_workq_init(&p->work, chat->loop, UNDER_WAY_MOST, run);
    p->gathered = wc_gathered_new(chat);
    ev_timer_init(&p->grace, on_grace, TICK_MS / 1000., TICK_MS / 1000.);
    p->grace.data = p;
    ev_timer_start(chat->loop, &p->grace);
    return p;
}

static void put(struct record **list, struct record *r)
{
    r->next = *list;
    r->prev = list;
    if (r->next != NULL)
        r->next->prev = &r->next;
    *list = r;
}

static void take(struct record *r)
{
    *r->prev = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
}

static void record_free(struct record *r)
{
    take(r);
    wc_user_unref(r->user);
    free(r);
}

static void free_all(struct record *list)
{
    for (struct record *r = list, *next; r != NULL; r = next) {
        next = r->next;
        record_free(r);
    }
}

void wc_presence_free(struct wc_presence *p)
{
    if (p == NULL)
        return;
    for (struct wc_work *w = p->work.head, *next; w != NULL; w = next) {
        next = w->next;
        if (w->kind == WORK_REAP)
            free(WC_CONTAINER(w, struct reap, work));
    }
    wc_workq_stop(&p->work);
    wc_gathered_free(p->gathered);
    ev_timer_stop(p->chat->loop, &p->grace);
    free_all(p->records);
    free_all(p->leaving);
    free(p);
}

/* ---- telling ------------------------------------------------------------------------------------------------ */

struct tell {
    struct wc_chat *chat;
    struct wc_name user;
    struct wc_buf payload;
};

static void ignore(void *arg, wc_err err, const struct wc_reply *reply)
{
    (void)arg;
    (void)err;
    (void)reply;
}

static void on_index(void *arg, wc_err err, const struct wc_reply *index)
{
    struct tell *t = arg;
    struct wc_chat *chat = t->chat;
    char most[24];
    int n = snprintf(most, sizeof(most), "%llu", (unsigned long long)chat->options.presence_members);
    const struct wc_str args[] = {wc_name_str(&t->user), {most, (size_t)n}, wc_buf_view(&t->payload)};
    for (size_t i = 0; err == WC_OK && i < wc_reply_count(index); i++) {
        struct wc_str conv = wc_reply_str(index, i);
        if (conv.n >= WC_NAME_MAX - 10)
            continue;
        struct wc_name key = wc_conv_key(conv);
        const struct wc_str keys = wc_name_str(&key);
        if (wc_redis_script(chat->redis, WC_SCRIPT_PRESENCE_PUBLISH, &keys, 1, args, WC_COUNT(args), ignore, NULL) !=
            WC_OK)
            break;
    }
    wc_buf_free(&t->payload);
    free(t);
}

static void field(struct wc_buf *b, const char *name, struct wc_str value)
{
    wc_buf_c(b, '\x1f');
    wc_buf_z(b, name);
    wc_buf_c(b, '\x1f');
    wc_buf_str(b, value);
}

void wc_presence_tell(struct wc_presence *p, struct wc_str user, enum wc_event_type type, struct wc_str channel,
                      struct wc_str version, struct wc_str channels, struct wc_str status, struct wc_str text)
{
    struct tell *t = WC_NEW(struct tell);
    t->chat = p->chat;
    memcpy(t->user.z, user.p, user.n);
    t->user.n = (uint8_t)user.n;
    wc_buf_addf(&t->payload, "t-%llu-%s.p%llu", (unsigned long long)(ev_now(p->chat->loop) * 1e6), p->chat->worker,
                (unsigned long long)++p->told);
    field(&t->payload, "type", wc_str(wc_event_type_word(type)));
    field(&t->payload, "from", user);
    field(&t->payload, "via", channel);
    field(&t->payload, "user", user);
    field(&t->payload, "channel", channel);
    field(&t->payload, "channels", channels);
    field(&t->payload, "status", channels.n != 0 ? status : WC_STR("offline"));
    field(&t->payload, "version", version);
    if (text.n != 0)
        field(&t->payload, "text", text);
    struct wc_name key = wc_user_key(user);
    struct wc_buf rooms = WC_BUF_INIT;
    wc_buf_addf(&rooms, "%s:rooms", key.z);
    char last[12];
    int n = snprintf(last, sizeof(last), "%d", CONVERSATIONS_MOST - 1);
    const struct wc_str argv[] = {WC_STR("ZRANGE"), wc_buf_view(&rooms), WC_STR("0"), {last, (size_t)n}};
    if (wc_redis_command(p->chat->redis, argv, WC_COUNT(argv), on_index, t) != WC_OK)
        on_index(t, WC_UNAVAILABLE, NULL);
    wc_buf_free(&rooms);
}

/* A user with status "offline" does not want to be seen: nothing is told of sessions that come and go. */
static void tell_change(struct wc_presence *p, struct wc_str user, enum wc_event_type type, const char *channel,
                        const struct wc_reply *reply)
{
    if (!wc_str_is(wc_reply_str(reply, 0), "ok") || wc_reply_u64(reply, 1) == 0 ||
        wc_str_is(wc_reply_str(reply, 4), "offline"))
        return;
    wc_presence_tell(p, user, type, wc_str(channel), wc_reply_str(reply, 2), wc_reply_str(reply, 3),
                     wc_reply_str(reply, 4), wc_reply_str(reply, 5));
}

/* ---- asking ------------------------------------------------------------------------------------------------- */

static wc_err script(struct wc_presence *p, enum wc_script which, struct wc_name key, const struct wc_str *args,
                     size_t n, wc_redis_cb cb, void *arg)
{
    const struct wc_str keys = wc_name_str(&key);
    return wc_redis_script(p->chat->redis, which, &keys, 1, args, n, cb, arg);
}

void wc_presence_touch(struct wc_presence *p, struct wc_user *user)
{
    uint32_t now = (uint32_t)ev_now(p->chat->loop);
    if (user->touched != 0 && now - user->touched < TOUCH_S)
        return;
    user->touched = now;
    wc_gathered_touch(p->gathered, wc_str(user->name), true);
}

/* ---- a session's record ------------------------------------------------------------------------------------- */

static void on_asked(void *arg, wc_err err, const struct wc_reply *reply);
static void on_live(void *arg, wc_err err, struct wc_str live);

/* Asks for the next step of the record's state. BEGIN: the worker's set, the live workers and the user's entry. END:
 * the live workers and the user's entry, the worker's set. */
static wc_err run_record(struct wc_work *w)
{
    struct record *r = WC_CONTAINER(w, struct record, work);
    bool worker_first = r->state == RECORD_BEGIN && r->step == 0, worker_last = r->state == RECORD_END && r->step == 1;
    r->busy = true;
    if (worker_first || worker_last) {
        char space[160];
        struct wc_buf member = {space, 0, sizeof(space)};
        wc_buf_addf(&member, "%s/%s/%u", r->user->name, r->channel, r->number);
        wc_gathered_session(presence_of(r)->gathered, wc_str(r->worker), worker_first, wc_buf_view(&member), on_asked,
                            r);
    } else {
        wc_lease_read_live(presence_of(r)->chat->lease, on_live, r);
    }
    return WC_OK;
}

static void on_live(void *arg, wc_err err, struct wc_str live)
{
    struct record *r = arg;
    struct wc_presence *p = presence_of(r);
    char space[160];
    struct wc_buf ref = {space, 0, sizeof(space)};
    wc_buf_addf(&ref, "%s/%s/%u", r->worker, r->channel, r->number);
    struct wc_name key = wc_user_key(wc_str(r->user->name));
    if (err == WC_OK && r->state == RECORD_BEGIN) {
        const struct wc_str args[] = {wc_buf_view(&ref), wc_str(r->address), live};
        err = script(p, WC_SCRIPT_SESSION_BEGIN, key, args, WC_COUNT(args), on_asked, r);
    } else if (err == WC_OK) {
        const struct wc_str args[] = {wc_buf_view(&ref), live};
        err = script(p, WC_SCRIPT_SESSION_END, key, args, WC_COUNT(args), on_asked, r);
    }
    if (err != WC_OK) {
        r->busy = false;
        wc_workq_retry(&p->work, &r->work);
    }
}

/* Ends a record that is there: at once, or after its grace. */
static void record_end(struct record *r)
{
    r->state = RECORD_END;
    r->step = 0;
    wc_workq_add(&presence_of(r)->work, &r->work);
}

static void check_stopped(struct wc_presence *p)
{
    if (p->stopped != NULL && p->records == NULL && p->leaving == NULL) {
        void (*stopped)(void *arg) = p->stopped;
        p->stopped = NULL;
        stopped(p->stopped_arg);
    }
}

/* Note it under the id that the worker has now. */
static void start_over(struct record *r)
{
    memcpy(r->worker, presence_of(r)->chat->worker, sizeof(r->worker));
    r->state = RECORD_BEGIN;
    r->step = 0;
}

/* False: it has to be noted again. */
static bool begun(struct record *r, const struct wc_reply *reply)
{
    struct wc_presence *p = presence_of(r);
    if (r->session != NULL && strcmp(r->worker, p->chat->worker) != 0) {
        start_over(r); /* the worker was declared dead while this was under way */
        return false;
    }
    tell_change(p, wc_str(r->user->name), WC_EV_USER_LOGGED_IN, r->channel, reply);
    wc_presence_touch(p, r->user);
    r->state = r->session != NULL ? RECORD_THERE : RECORD_GRACE;
    if (r->session != NULL && !r->counted) {
        r->counted = true;
        wc_session_attached(p->chat, r->session);
    }
    return true;
}

static void ended(struct record *r, const struct wc_reply *reply)
{
    struct wc_presence *p = presence_of(r);
    tell_change(p, wc_str(r->user->name), WC_EV_USER_LOGGED_OUT, r->channel, reply);
    if (wc_reply_str(reply, 3).n == 0) {
        r->user->touched = 0;
        wc_gathered_touch(p->gathered, wc_str(r->user->name), false);
    }
}

static void on_asked(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct record *r = arg;
    struct wc_presence *p = presence_of(r);
    r->busy = false;
    if (err != WC_OK) {
        wc_workq_retry(&p->work, &r->work);
        return;
    }
    bool more = false;
    if (r->state == RECORD_BEGIN && r->step == 0) {
        r->step = 1;
        more = true;
    } else if (r->state == RECORD_BEGIN) {
        more = !begun(r, reply);
    } else if (r->step == 0) {
        ended(r, reply);
        r->step = 1;
        more = true;
    } else {
        record_free(r);
        check_stopped(p);
    }
    if (more)
        wc_workq_add(&p->work, &r->work);
    wc_workq_done(&p->work);
}

void wc_presence_begin(struct wc_presence *p, struct wc_session *s)
{
    const struct wc_str address = wc_str(s->address != NULL && s->address[0] != '\0' ? s->address : "-");
    struct record *r = wc_alloc(offsetof(struct record, address) + address.n + 1);
    memcpy(r->address, address.p, address.n);
    r->session = s;
    r->channel = s->ops->channel;
    r->number = s->number;
    r->user = wc_user_get(p->chat->people, wc_str(s->user->name));
    memcpy(r->worker, p->chat->worker, sizeof(r->worker));
    put(&p->records, r);
    s->presence = r;
    wc_workq_add(&p->work, &r->work);
}

void wc_presence_end(struct wc_presence *p, struct wc_session *s)
{
    struct record *r = s->presence;
    s->presence = NULL;
    if (r == NULL)
        return;
    take(r);
    put(&p->leaving, r);
    r->session = NULL;
    r->due = p->ticks + 1 + (uint32_t)(p->chat->options.grace_ms / TICK_MS);
    if (r->state == RECORD_THERE)
        r->state = RECORD_GRACE;
}

static void on_grace(EV_P_ ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    struct wc_presence *p = timer->data;
    p->ticks++;
    for (struct record *r = p->leaving, *next; r != NULL; r = next) {
        next = r->next;
        if (r->state == RECORD_GRACE && ((int32_t)(r->due - p->ticks) <= 0 || p->stopped != NULL))
            record_end(r);
    }
    check_stopped(p);
}

/* ---- a new id, a stop, other workers' dead ------------------------------------------------------------------- */

static void note_again(struct wc_presence *p, struct record *list)
{
    for (struct record *r = list; r != NULL; r = r->next) {
        if (r->busy || (r->state != RECORD_THERE && r->state != RECORD_BEGIN))
            continue; /* what is under way finds out when it is there; what ends was reaped */
        start_over(r);
        if (!r->work.queued)
            wc_workq_add(&p->work, &r->work);
    }
}

void wc_presence_again(struct wc_presence *p)
{
    note_again(p, p->records);
    note_again(p, p->leaving);
}

void wc_presence_stop(struct wc_presence *p, void (*done)(void *arg), void *arg)
{
    p->stopped = done;
    p->stopped_arg = arg;
    while (p->records != NULL)
        wc_presence_end(p, p->records->session);
    for (struct record *r = p->leaving; r != NULL; r = r->next)
        if (r->state == RECORD_GRACE)
            record_end(r);
    ev_feed_event(p->chat->loop, &p->grace, EV_TIMER); /* calls back even when there is nothing to end */
}

static void reap_over(struct reap *r, wc_err err)
{
    r->done(r->arg, err);
    free(r);
}

static void on_reaped(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct reap *r = arg;
    struct wc_presence *p = r->presence;
    if (err != WC_OK) {
        reap_over(r, err);
    } else if (r->step == 0) {
        struct wc_str channel = wc_name_str(&r->session);
        const char *slash = memchr(channel.p, '/', channel.n);
        char word[16];
        snprintf(word, sizeof(word), "%.*s", slash != NULL ? (int)(slash - channel.p) : 0, channel.p);
        tell_change(p, wc_name_str(&r->user), WC_EV_USER_LOGGED_OUT, word, reply);
        if (wc_reply_str(reply, 3).n == 0)
            wc_gathered_touch(p->gathered, wc_name_str(&r->user), false);
        r->step = 1;
        wc_workq_add(&p->work, &r->work);
    } else {
        reap_over(r, WC_OK);
    }
    wc_workq_done(&p->work);
}

static void on_reap_live(void *arg, wc_err err, struct wc_str live)
{
    struct reap *r = arg;
    struct wc_presence *p = r->presence;
    struct wc_buf others = WC_BUF_INIT, ref = WC_BUF_INIT;
    while (err == WC_OK && live.n != 0) {
        const char *end = memchr(live.p, ' ', live.n);
        struct wc_str worker = {live.p, end != NULL ? (size_t)(end - live.p) : live.n};
        if (!wc_str_eq(worker, wc_name_str(&r->worker))) {
            wc_buf_str(&others, worker);
            wc_buf_c(&others, ' ');
        }
        live = wc_str_from(live, worker.n + 1);
    }
    wc_buf_addf(&ref, "%s/%s", r->worker.z, r->session.z);
    const struct wc_str args[] = {wc_buf_view(&ref), others.n != 0 ? wc_buf_view(&others) : WC_STR("")};
    if (err == WC_OK)
        err = script(p, WC_SCRIPT_SESSION_END, wc_user_key(wc_name_str(&r->user)), args, WC_COUNT(args), on_reaped, r);
    wc_buf_free(&others);
    wc_buf_free(&ref);
    if (err != WC_OK)
        on_reaped(r, err, NULL);
}

static wc_err run_reap(struct wc_work *w)
{
    struct reap *r = WC_CONTAINER(w, struct reap, work);
    struct wc_presence *p = r->presence;
    if (r->step == 1) {
        char space[160];
        struct wc_buf member = {space, 0, sizeof(space)};
        wc_buf_addf(&member, "%s/%s", r->user.z, r->session.z);
        const struct wc_str args[] = {WC_STR("remove"), wc_buf_view(&member)};
        return script(p, WC_SCRIPT_WORKER_SESSION, wc_worker_key(wc_name_str(&r->worker)), args, 2, on_reaped, r);
    }
    wc_lease_read_live(p->chat->lease, on_reap_live, r);
    return WC_OK;
}

static wc_err run(struct wc_work *w)
{
    return w->kind == WORK_REAP ? run_reap(w) : run_record(w);
}

void wc_presence_reap(struct wc_presence *p, struct wc_str worker, struct wc_str session,
                      void (*done)(void *arg, wc_err err), void *arg)
{
    const char *slash = session.n != 0 ? memchr(session.p, '/', session.n) : NULL;
    size_t user = slash != NULL ? (size_t)(slash - session.p) : session.n;
    struct reap *r = WC_NEW(struct reap);
    r->work.kind = WORK_REAP;
    r->presence = p;
    r->worker.n = (uint8_t)snprintf(r->worker.z, sizeof(r->worker.z), "%.*s", WC_STR_ARG(worker));
    r->user.n = (uint8_t)snprintf(r->user.z, sizeof(r->user.z), "%.*s", (int)user, session.p);
    struct wc_str rest = wc_str_from(session, user + 1);
    r->session.n = (uint8_t)snprintf(r->session.z, sizeof(r->session.z), "%.*s", WC_STR_ARG(rest));
    r->done = done;
    r->arg = arg;
    wc_workq_add(&p->work, &r->work);
}
