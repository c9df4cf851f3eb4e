#define _GNU_SOURCE /* memmem */
#include "nats/requests.h"

#include "base/mem.h"
#include "base/text.h"
#include "chat/auth.h"
#include "chat/presence.h"

static struct wc_nats_request *of(struct wc_requests *q)
{
    return WC_CONTAINER(q, struct wc_nats_request, requests);
}

static void request_free(struct wc_nats_request *m)
{
    *m->link = m->next;
    if (m->next != NULL)
        m->next->link = m->link;
    m->peer->requests--;
    wc_user_forget(m->peer->user, m);
    wc_auth_cancel(m->nats->chat->auth, m);
    wc_requests_end(&m->requests);
    free(m);
}

static void on_over(struct wc_soon_item *item)
{
    request_free(WC_CONTAINER(item, struct wc_nats_request, over));
}

static void end(struct wc_nats_request *m)
{
    if (m->ended)
        return;
    m->ended = true;
    wc_soon_add(&m->nats->soon, &m->over);
}

void wc_nats_request_drop(struct wc_nats_request *m)
{
    wc_requests_end(&m->requests);
    end(m);
}

static void identify(struct wc_requests *q, struct wc_identity *who)
{
    struct wc_nats_request *m = of(q);
    const struct wc_user *user = m->peer->user;
    *who = (struct wc_identity){.via = "nats", .generation = user->generation, .admin = user->admin};
    wc_user_copy_name(user, who->user);
    wc_presence_touch(q->chat->presence, m->peer->user);
}

/* The code of a refusal, in what request.c writes; or empty. An id can't hold the mark: its quotes would be escaped. */
static struct wc_str code_of(struct wc_str json)
{
    static const char mark[] = ",\"ok\":false,\"error\":{\"code\":\"";
    const char *at = memmem(json.p, json.n < 512 ? json.n : 512, mark, sizeof(mark) - 1);
    struct wc_str rest = at != NULL ? wc_str_from(json, (size_t)(at - json.p) + sizeof(mark) - 1) : WC_STR("");
    struct wc_str code = WC_STR("");
    (void)wc_str_cut(&rest, '"', &code);
    return code;
}

static void reply(struct wc_requests *q, struct wc_str json)
{
    struct wc_nats_request *m = of(q);
    struct wc_nats *n = m->nats;
    wc_nats_publish(n->conn, wc_str(m->reply), json);
    wc_nats_served(n, WC_NATS_REQUESTS, m->since, code_of(json));
    end(m);
}

static void session(struct wc_requests *q, struct wc_request *r, struct wc_str op, const wc_json *args)
{
    wc_nats_session_request(of(q), r, op, args);
}

/* What NATS servers carry in one message, if they are not told otherwise. */
enum { REPLY_MOST = 1 << 20 };

static const struct wc_requests_ops ops = {identify, reply, session, NULL, REPLY_MOST};

static void run(struct wc_nats_request *m)
{
    const struct wc_user *user = m->peer->user;
    if (!user->exists || !user->usable)
        wc_requests_refuse(&m->requests, WC_UNAUTHENTICATED, "there is no such account, or it is locked");
    else if (!wc_text_utf8(m->data))
        wc_requests_refuse(&m->requests, WC_BAD_REQUEST, "a request is UTF-8");
    else
        wc_requests_receive(&m->requests, m->data);
}

static void on_fresh(void *arg, wc_err err)
{
    struct wc_nats_request *m = arg;
    if (err != WC_OK)
        wc_requests_refuse(&m->requests, WC_UNAVAILABLE, NULL);
    else
        run(m);
}

static struct wc_nats_request *request_new(struct wc_nats *n, struct wc_str user, struct wc_str reply_to,
                                           struct wc_str data)
{
    struct wc_nats_request *m = wc_alloc(sizeof(*m) + reply_to.n + 1 + data.n);
    m->nats = n;
    m->requests = (struct wc_requests){.ops = &ops, .chat = n->chat};
    m->peer = wc_nats_peer_get(n, user);
    m->peer->requests++;
    m->over.fire = on_over;
    m->since = ev_time();
    memcpy(m->bytes, reply_to.p, reply_to.n);
    m->reply = m->bytes;
    if (data.n != 0)
        memcpy(m->bytes + reply_to.n + 1, data.p, data.n);
    m->data = (struct wc_str){m->bytes + reply_to.n + 1, data.n};
    m->next = n->requests;
    m->link = &n->requests;
    if (m->next != NULL)
        m->next->link = &m->next;
    n->requests = m;
    n->stats.requests++;
    return m;
}

static void start(struct wc_nats_request *m)
{
    struct wc_user *user = m->peer->user;
    if (m->peer->requests > WC_REQUESTS_MOST)
        wc_requests_refuse(&m->requests, WC_RATE_LIMITED, "too many requests of this user are under way");
    else if (user->fresh)
        run(m);
    else
        wc_user_when_fresh(user, on_fresh, m);
}

bool wc_nats_inbox(struct wc_str reply_to, struct wc_str user)
{
    const struct wc_str prefix = WC_STR("_INBOX_");
    if (!wc_str_starts(reply_to, prefix))
        return false;
    struct wc_str rest = wc_str_from(reply_to, prefix.n);
    bool theirs = wc_str_starts(rest, user) && rest.n > user.n + 1 && rest.p[user.n] == '.';
    return theirs && memchr(rest.p, '*', rest.n) == NULL && memchr(rest.p, '>', rest.n) == NULL;
}

void wc_nats_request_take(struct wc_nats *n, struct wc_str user, struct wc_str reply_to,
                          const struct wc_nats_message *m)
{
    if (!wc_text_user(user) || !wc_nats_inbox(reply_to, user)) {
        n->stats.no_reply++;
        return;
    }
    struct wc_nats_request *r = request_new(n, user, reply_to, m->data);
    if (m->too_large)
        wc_requests_refuse(&r->requests, WC_TOO_LARGE, "a request has at most 65,536 bytes");
    else if (m->shed)
        wc_requests_refuse(&r->requests, WC_UNAVAILABLE, "this worker is overloaded");
    else
        start(r);
}

void wc_nats_request_forwarded(struct wc_nats *n, struct wc_str user, struct wc_str reply_to, struct wc_str data)
{
    struct wc_nats_request *m = request_new(n, user, reply_to, data);
    m->forwarded = true;
    start(m);
}

void wc_nats_requests_end(struct wc_nats *n)
{
    for (struct wc_nats_request *m = n->requests, *next; m != NULL; m = next) {
        next = m->next;
        request_free(m);
    }
}
