#include "nats/connection.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"

#include <errno.h>
#include <nats/nats.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    CONNECT_MS = 3000,
    WRITE_MS = 2000,
    ANSWER_MS = 2000,
    FLUSH_MS = 1000,
    RETRY_FIRST_MS = 50,
    RETRY_MOST_MS = 2000,
    PING_MS = 10000,
    MAILBOX_MOST = 200000, /* messages, with data or shed */
    OVERHEAD = 64          /* what a queued piece costs besides its bytes */
};

/* Something on its way out. */
struct piece {
    struct piece *next;
    uint64_t token, generation;
    enum { PIECE_PLAIN, PIECE_EVENT, PIECE_ASK } kind;
    uint32_t data_n;
    size_t size;
    char *data;
    char subject[];
};

struct route {
    struct wc_nats_conn *conn;
    size_t index;
    natsSubscription *sub;
};

struct wc_nats_conn {
    struct wc_nats_setup setup;
    struct ev_loop *loop;
    ev_async wake;
    struct wc_nkey key;
    struct route *routes;
    pthread_t thread;
    bool up; /* as the loop knows */

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    struct wc_nats_message *in, **in_tail;
    size_t in_bytes, in_count;
    struct piece *out, **out_tail;
    size_t out_bytes;
    uint64_t certain_ms;
    bool stopping, drain, closed, hungry, connected, publishing;
    uint64_t epoch, seen_epoch; /* goes up when events were or may be lost; as the loop knows */
    size_t subscribed;          /* subscriptions whose callback may still be called */
    struct wc_nats_conn_stats counts, shown;
};

/* Into the loop. */

static void deliver(struct wc_nats_conn *c, struct wc_nats_message *m)
{
    pthread_mutex_lock(&c->lock);
    bool first = c->in == NULL;
    m->next = NULL;
    *c->in_tail = m;
    c->in_tail = &m->next;
    c->in_count++;
    c->in_bytes += m->data.n + OVERHEAD;
    pthread_mutex_unlock(&c->lock);
    if (first)
        ev_async_send(c->loop, &c->wake);
}

/* All in one piece of memory. */
static struct wc_nats_message *message_new(enum wc_nats_event event, const char *subject, const char *reply,
                                           struct wc_str data)
{
    size_t s = strlen(subject) + 1, r = strlen(reply) + 1;
    struct wc_nats_message *m = wc_alloc(sizeof(*m) + s + r + data.n);
    m->event = event;
    m->subject = memcpy(m->bytes, subject, s);
    m->reply = memcpy(m->bytes + s, reply, r);
    if (data.p != NULL)
        m->data = (struct wc_str){memcpy(m->bytes + s + r, data.p, data.n), data.n};
    return m;
}

static void tell(struct wc_nats_conn *c, enum wc_nats_event event, const char *why)
{
    deliver(c, message_new(event, "", "", wc_str(why)));
}

/* May it be taken whole, without its data, or not at all? */
static bool admit(struct wc_nats_conn *c, size_t n, bool *shed)
{
    pthread_mutex_lock(&c->lock);
    bool taken = c->in_count < MAILBOX_MOST;
    *shed = c->in_bytes + n > c->setup.mailbox_max;
    c->counts.received++;
    c->counts.dropped_in += !taken;
    c->counts.shed += taken && *shed;
    pthread_mutex_unlock(&c->lock);
    return taken;
}

static void on_message(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *arg)
{
    (void)nc;
    (void)sub;
    const struct route *route = arg;
    struct wc_nats_conn *c = route->conn;
    const char *reply = natsMsg_GetReply(msg);
    struct wc_str data = {natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg)};
    bool shed = false, too_large = data.n > c->setup.data_max;
    if (admit(c, data.n, &shed)) {
        if (shed || too_large)
            data = WC_STR_NONE;
        else if (data.p == NULL)
            data = WC_STR("");
        struct wc_nats_message *m =
            message_new(WC_NATS_MESSAGE, natsMsg_GetSubject(msg), reply != NULL ? reply : "", data);
        m->route = route->index;
        m->shed = shed;
        m->too_large = too_large;
        deliver(c, m);
    }
    natsMsg_Destroy(msg);
}

static void note(struct wc_nats_conn *c, const struct wc_nats_message *m)
{
    if (m->event != WC_NATS_UP && m->event != WC_NATS_DOWN && m->event != WC_NATS_LOST)
        return;
    c->up = m->event != WC_NATS_DOWN;
    pthread_mutex_lock(&c->lock);
    c->seen_epoch = m->token;
    pthread_mutex_unlock(&c->lock);
}

static void on_wake(EV_P_ ev_async *watcher, int revents)
{
    (void)loop;
    (void)revents;
    struct wc_nats_conn *c = watcher->data;
    pthread_mutex_lock(&c->lock);
    struct wc_nats_message *list = c->in;
    c->in = NULL;
    c->in_tail = &c->in;
    c->in_bytes = 0;
    c->in_count = 0;
    pthread_mutex_unlock(&c->lock);
    while (list != NULL) {
        struct wc_nats_message *m = list;
        list = m->next;
        note(c, m);
        c->setup.event(c->setup.arg, m);
        free(m);
    }
}

/* The thread: connecting. */

static natsStatus on_jwt(char **jwt, char **error, void *arg)
{
    const struct wc_nats_conn *c = arg;
    struct wc_buf b = WC_BUF_INIT;
    (void)error;
    const struct wc_nats_user user = {c->setup.role, c->setup.name, c->key.public_text, wc_wall_ms() / 1000, 0, false};
    wc_nats_user_jwt(c->setup.keys, &user, &b);
    wc_buf_c(&b, '\0');
    *jwt = b.p;
    return NATS_OK;
}

static natsStatus on_sign(char **error, unsigned char **signature, int *n, const char *nonce, void *arg)
{
    const struct wc_nats_conn *c = arg;
    (void)error;
    *signature = wc_alloc(64);
    *n = 64;
    wc_nkey_sign(&c->key, wc_str(nonce), *signature);
    return NATS_OK;
}

static void on_closed(natsConnection *nc, void *arg)
{
    (void)nc;
    struct wc_nats_conn *c = arg;
    pthread_mutex_lock(&c->lock);
    c->closed = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static void on_complete(void *arg)
{
    struct wc_nats_conn *c = arg;
    pthread_mutex_lock(&c->lock);
    c->subscribed--;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

/* Slow consumers and refused permissions: counted elsewhere; the default handler writes to standard error. */
static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *arg)
{
    (void)nc;
    (void)sub;
    (void)status;
    (void)arg;
}

static natsStatus options_of(struct wc_nats_conn *c, natsOptions **out)
{
    natsOptions *o = NULL;
    natsStatus s = natsOptions_Create(&o);
    if (s == NATS_OK)
        s = natsOptions_SetServers(o, (const char **)c->setup.servers, (int)c->setup.nservers);
    if (s == NATS_OK)
        s = natsOptions_SetName(o, c->setup.name);
    if (s == NATS_OK)
        s = natsOptions_SetTimeout(o, CONNECT_MS);
    if (s == NATS_OK)
        s = natsOptions_SetAllowReconnect(o, false); /* a new connection each time: nothing old is published late */
    if (s == NATS_OK)
        s = natsOptions_SetPingInterval(o, PING_MS);
    if (s == NATS_OK)
        s = natsOptions_SetWriteDeadline(o, WRITE_MS);
    if (s == NATS_OK)
        s = natsOptions_SetSendAsap(o, true);
    if (s == NATS_OK)
        s = natsOptions_UseGlobalMessageDelivery(o, true);
    if (s == NATS_OK)
        s = natsOptions_SetUserCredentialsCallbacks(o, on_jwt, c, on_sign, c);
    if (s == NATS_OK)
        s = natsOptions_SetClosedCB(o, on_closed, c);
    if (s == NATS_OK)
        s = natsOptions_SetErrorHandler(o, on_error, NULL);
    *out = o;
    return s;
}

static natsStatus subscribe_all(struct wc_nats_conn *c, natsConnection *nc)
{
    natsStatus s = NATS_OK;
    for (size_t i = 0; i < c->setup.nroutes && s == NATS_OK; i++) {
        const struct wc_nats_route *r = &c->setup.routes[i];
        struct route *route = &c->routes[i];
        s = r->queue != NULL ? natsConnection_QueueSubscribe(&route->sub, nc, r->subject, r->queue, on_message, route)
                             : natsConnection_Subscribe(&route->sub, nc, r->subject, on_message, route);
        if (s == NATS_OK) /* the bound is the mailbox's */
            s = natsSubscription_SetPendingLimits(route->sub, -1, -1);
        if (s == NATS_OK && (s = natsSubscription_SetOnCompleteCB(route->sub, on_complete, c)) == NATS_OK) {
            pthread_mutex_lock(&c->lock);
            c->subscribed++;
            pthread_mutex_unlock(&c->lock);
        }
    }
    return s;
}

static void unsubscribe_all(struct wc_nats_conn *c)
{
    for (size_t i = 0; i < c->setup.nroutes; i++) {
        natsSubscription_Destroy(c->routes[i].sub);
        c->routes[i].sub = NULL;
    }
}

/* Closes it and waits until nats.c's threads have called back for the last time. */
static void disconnect(struct wc_nats_conn *c, natsConnection *nc)
{
    unsubscribe_all(c);
    natsConnection_Close(nc);
    natsConnection_Destroy(nc);
    pthread_mutex_lock(&c->lock);
    while (!c->closed || c->subscribed != 0)
        pthread_cond_wait(&c->changed, &c->lock);
    pthread_mutex_unlock(&c->lock);
}

/* NULL and *why when it could not be done. */
static natsConnection *connect_once(struct wc_nats_conn *c, const char **why)
{
    natsOptions *o = NULL;
    natsConnection *nc = NULL;
    natsStatus s = options_of(c, &o);
    pthread_mutex_lock(&c->lock);
    c->closed = false;
    pthread_mutex_unlock(&c->lock);
    if (s == NATS_OK)
        s = natsConnection_Connect(&nc, o);
    if (s == NATS_OK)
        s = subscribe_all(c, nc);
    if (s == NATS_OK)
        s = natsConnection_FlushTimeout(nc, CONNECT_MS);
    natsOptions_Destroy(o);
    if (s == NATS_OK)
        return nc;
    *why = natsStatus_GetText(s);
    if (nc != NULL)
        disconnect(c, nc);
    return NULL;
}

/* The thread: publishing. */

static void piece_free(struct piece *p)
{
    free(p);
}

static natsStatus publish_event(natsConnection *nc, const struct piece *p)
{
    natsMsg *msg = NULL;
    char generation[24];
    snprintf(generation, sizeof(generation), "%llu", (unsigned long long)p->generation);
    natsStatus s = natsMsg_Create(&msg, p->subject, NULL, p->data, (int)p->data_n);
    if (s == NATS_OK)
        s = natsMsgHeader_Set(msg, "Wcc-Generation", generation);
    if (s == NATS_OK)
        s = natsConnection_PublishMsg(nc, msg);
    natsMsg_Destroy(msg);
    return s;
}

static void ask(struct wc_nats_conn *c, natsConnection *nc, const struct piece *p)
{
    natsMsg *answer = NULL;
    natsStatus s = natsConnection_Request(&answer, nc, p->subject, p->data, (int)p->data_n, ANSWER_MS);
    struct wc_str data = WC_STR_NONE;
    if (s == NATS_OK)
        data = (struct wc_str){natsMsg_GetData(answer), (size_t)natsMsg_GetDataLength(answer)};
    struct wc_nats_message *m = message_new(WC_NATS_ANSWER, p->subject, "", data);
    m->token = p->token;
    natsMsg_Destroy(answer);
    deliver(c, m);
}

/* Events that were not published have a gap before them. The lock is held. */
static void drop_events(struct wc_nats_conn *c)
{
    struct piece **at = &c->out;
    while (*at != NULL) {
        struct piece *p = *at;
        if (p->kind == PIECE_EVENT) {
            *at = p->next;
            c->out_bytes -= p->size;
            piece_free(p);
        } else {
            at = &p->next;
        }
    }
    c->out_tail = at;
}

/* An event was not published, and the connection goes on. */
static void lose_events(struct wc_nats_conn *c)
{
    struct wc_nats_message *m = message_new(WC_NATS_LOST, "", "", WC_STR(""));
    pthread_mutex_lock(&c->lock);
    drop_events(c);
    m->token = ++c->epoch;
    pthread_mutex_unlock(&c->lock);
    deliver(c, m);
}

/* True when it is over with the piece. */
static bool send_piece(struct wc_nats_conn *c, natsConnection *nc, const struct piece *p, uint64_t certain)
{
    natsStatus s = NATS_OK;
    if (p->kind == PIECE_ASK)
        ask(c, nc, p);
    else if (p->kind == PIECE_PLAIN)
        s = natsConnection_Publish(nc, p->subject, p->data, (int)p->data_n);
    else
        s = wc_monotonic_ms() < certain ? publish_event(nc, p) : NATS_ILLEGAL_STATE;
    if (s == NATS_CONNECTION_CLOSED)
        return false;
    if (s != NATS_OK && p->kind == PIECE_EVENT)
        lose_events(c);
    pthread_mutex_lock(&c->lock);
    c->counts.published += s == NATS_OK;
    c->counts.dropped_out += s != NATS_OK;
    pthread_mutex_unlock(&c->lock);
    return true;
}

/* The next piece, or NULL when the connection is over. The lock is held. */
static struct piece *next_piece(struct wc_nats_conn *c)
{
    while (c->out == NULL && !c->closed && !c->stopping && !c->drain)
        pthread_cond_wait(&c->changed, &c->lock);
    if (c->closed || c->drain || c->out == NULL)
        return NULL;
    struct piece *p = c->out;
    c->out = p->next;
    if (c->out == NULL)
        c->out_tail = &c->out;
    c->out_bytes -= p->size;
    c->publishing = true;
    return p;
}

static void give_back(struct wc_nats_conn *c, struct piece *p)
{
    p->next = c->out;
    if (c->out == NULL)
        c->out_tail = &p->next;
    c->out = p;
    c->out_bytes += p->size;
}

static void drain(struct wc_nats_conn *c, natsConnection *nc)
{
    for (size_t i = 0; i < c->setup.nroutes; i++)
        (void)natsSubscription_Drain(c->routes[i].sub);
    for (size_t i = 0; i < c->setup.nroutes; i++)
        (void)natsSubscription_WaitForDrainCompletion(c->routes[i].sub, FLUSH_MS);
    (void)natsConnection_FlushTimeout(nc, FLUSH_MS);
    tell(c, WC_NATS_DRAINED, "");
}

/* Publishes until the connection is lost or all shall end. */
static void serve(struct wc_nats_conn *c, natsConnection *nc)
{
    struct piece *p;
    pthread_mutex_lock(&c->lock);
    while (!c->closed && !(c->stopping && c->out == NULL)) {
        if (c->drain) {
            c->drain = false;
            pthread_mutex_unlock(&c->lock);
            drain(c, nc);
            pthread_mutex_lock(&c->lock);
            continue;
        }
        p = next_piece(c);
        if (p == NULL)
            continue;
        uint64_t certain = c->certain_ms;
        bool room = c->hungry && c->out_bytes < c->setup.queue_max / 2;
        if (room)
            c->hungry = false;
        pthread_mutex_unlock(&c->lock);
        if (room)
            tell(c, WC_NATS_ROOM, "");
        bool over = send_piece(c, nc, p, certain);
        pthread_mutex_lock(&c->lock);
        c->publishing = false;
        if (over)
            piece_free(p);
        else
            give_back(c, p);
    }
    pthread_mutex_unlock(&c->lock);
}

/* Sleeps before the next attempt; false when all shall end. */
static bool pause_before_retry(struct wc_nats_conn *c, unsigned *ms)
{
    struct timespec until;
    uint16_t jitter;
    wc_random(&jitter, sizeof(jitter));
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + (*ms / 2 + jitter % (*ms / 2 + 1)) * 1000000ULL;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    *ms = *ms * 2 < RETRY_MOST_MS ? *ms * 2 : RETRY_MOST_MS;
    pthread_mutex_lock(&c->lock);
    int waited = 0;
    while (!c->stopping && !c->drain && waited == 0)
        waited = pthread_cond_timedwait(&c->changed, &c->lock, &until);
    bool drained = c->drain;
    c->drain = false;
    bool on = !c->stopping;
    pthread_mutex_unlock(&c->lock);
    if (drained) /* nothing comes anyway */
        tell(c, WC_NATS_DRAINED, "");
    return on;
}

static void set_connected(struct wc_nats_conn *c, bool connected)
{
    struct wc_nats_message *m = connected ? message_new(WC_NATS_UP, "", "", WC_STR("")) : NULL;
    pthread_mutex_lock(&c->lock);
    c->connected = connected;
    c->counts.up = connected;
    c->counts.connects += connected;
    if (connected)
        m->token = ++c->epoch;
    else
        drop_events(c); /* what was on its way with the old connection may be lost */
    pthread_mutex_unlock(&c->lock);
    if (connected)
        deliver(c, m);
}

static void *run(void *arg)
{
    struct wc_nats_conn *c = arg;
    unsigned wait = RETRY_FIRST_MS;
    do {
        const char *why = "the connection was lost";
        natsConnection *nc = connect_once(c, &why);
        if (nc != NULL) {
            wait = RETRY_FIRST_MS;
            set_connected(c, true);
            serve(c, nc);
            set_connected(c, false);
            (void)natsConnection_FlushTimeout(nc, FLUSH_MS);
            disconnect(c, nc);
        }
        tell(c, WC_NATS_DOWN, why);
    } while (pause_before_retry(c, &wait));
    return NULL;
}

/* The loop's side. */

struct wc_nats_conn *wc_nats_conn_new(struct ev_loop *loop, const struct wc_nats_setup *setup)
{
    struct wc_nats_conn *c = WC_NEW(struct wc_nats_conn);
    pthread_condattr_t attr;
    sigset_t all, before;
    c->setup = *setup;
    c->loop = loop;
    c->in_tail = &c->in;
    c->out_tail = &c->out;
    c->routes = wc_alloc((setup->nroutes + 1) * sizeof(*c->routes));
    for (size_t i = 0; i < setup->nroutes; i++)
        c->routes[i] = (struct route){c, i, NULL};
    wc_nkey_make(&c->key, WC_NKEY_USER);
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->changed, &attr);
    pthread_condattr_destroy(&attr);
    ev_async_init(&c->wake, on_wake);
    c->wake.data = c;
    ev_async_start(loop, &c->wake);
    /* Signals are the loop's, also of the threads that nats.c starts from this one. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&c->thread, NULL, run, c) != 0) {
        fprintf(stderr, "no thread could be started\n");
        abort();
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return c;
}

void wc_nats_conn_free(struct wc_nats_conn *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    ev_async_stop(c->loop, &c->wake);
    for (struct wc_nats_message *m = c->in, *next; m != NULL; m = next) {
        next = m->next;
        free(m);
    }
    for (struct piece *p = c->out, *next; p != NULL; p = next) {
        next = p->next;
        piece_free(p);
    }
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    wc_nkey_wipe(&c->key);
    free(c->routes);
    free(c);
}

bool wc_nats_conn_up(const struct wc_nats_conn *c)
{
    return c->up;
}

static struct piece *piece_new(int kind, struct wc_str subject, uint64_t number, struct wc_str data)
{
    struct piece *p = wc_alloc(sizeof(*p) + subject.n + 1 + data.n);
    p->kind = kind;
    p->token = p->generation = number;
    p->size = subject.n + data.n + OVERHEAD;
    memcpy(p->subject, subject.p, subject.n);
    p->data = p->subject + subject.n + 1;
    p->data_n = (uint32_t)data.n;
    if (data.n != 0)
        memcpy(p->data, data.p, data.n);
    return p;
}

static bool enqueue(struct wc_nats_conn *c, int kind, struct wc_str subject, uint64_t number, struct wc_str data)
{
    struct piece *p = piece_new(kind, subject, number, data);
    pthread_mutex_lock(&c->lock);
    bool full = c->out_bytes + p->size > c->setup.queue_max * (kind == PIECE_EVENT ? 1 : 2);
    bool taken = !full && (kind != PIECE_EVENT || (c->connected && c->seen_epoch == c->epoch));
    if (taken) {
        *c->out_tail = p;
        c->out_tail = &p->next;
        c->out_bytes += p->size;
        pthread_cond_signal(&c->changed);
    } else {
        c->hungry = kind == PIECE_EVENT || c->hungry;
        c->counts.dropped_out += kind != PIECE_EVENT;
    }
    pthread_mutex_unlock(&c->lock);
    if (!taken)
        piece_free(p);
    return taken;
}

bool wc_nats_publish(struct wc_nats_conn *c, struct wc_str subject, struct wc_str data)
{
    return enqueue(c, PIECE_PLAIN, subject, 0, data);
}

bool wc_nats_publish_event(struct wc_nats_conn *c, struct wc_str subject, uint64_t generation, struct wc_str data)
{
    return enqueue(c, PIECE_EVENT, subject, generation, data);
}

void wc_nats_ask(struct wc_nats_conn *c, struct wc_str subject, struct wc_str data, uint64_t token)
{
    if (!enqueue(c, PIECE_ASK, subject, token, data)) {
        struct wc_nats_message *m = message_new(WC_NATS_ANSWER, "", "", WC_STR_NONE);
        m->token = token;
        deliver(c, m);
    }
}

void wc_nats_conn_certain(struct wc_nats_conn *c, uint64_t until_ms)
{
    pthread_mutex_lock(&c->lock);
    c->certain_ms = until_ms;
    pthread_mutex_unlock(&c->lock);
}

void wc_nats_conn_drain(struct wc_nats_conn *c)
{
    pthread_mutex_lock(&c->lock);
    c->drain = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

bool wc_nats_conn_idle(struct wc_nats_conn *c)
{
    pthread_mutex_lock(&c->lock);
    bool idle = (c->out == NULL && !c->publishing) || !c->connected;
    pthread_mutex_unlock(&c->lock);
    return idle;
}

const struct wc_nats_conn_stats *wc_nats_conn_stats(struct wc_nats_conn *c)
{
    pthread_mutex_lock(&c->lock);
    c->shown = c->counts;
    c->shown.queued = c->out_bytes;
    c->shown.mailbox = c->in_count;
    pthread_mutex_unlock(&c->lock);
    return &c->shown;
}
