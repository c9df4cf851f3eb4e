#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "chat/auth.h"
#include "chat/cursor.h"
#include "chat/lease.h"
#include "chat/session_json.h"
#include "nats/sessions.h"

/* The requests session.open, session.ping, session.close and session.auth over NATS. */

static uint64_t seconds_until(uint64_t expires)
{
    uint64_t now = wc_wall_ms() / 1000;
    return expires > now ? expires - now : 0;
}

void wc_nats_session_answer(struct wc_nats_session *ns, struct wc_request *r, bool opened)
{
    struct wc_buf *out = wc_request_result(r);
    wc_json_open(out, NULL);
    wc_json_str(out, "session", wc_str(ns->name));
    if (opened)
        wc_json_str(out, "subject", wc_str(ns->subject));
    wc_json_u64(out, "generation", ns->generation);
    wc_session_cursors_json(&ns->session, out);
    wc_json_u64(out, "ping_s", (ns->nats->options->ping_ms + 999) / 1000);
    if (opened)
        wc_json_u64(out, "expires_in", seconds_until(ns->expires));
    wc_json_close(out);
    wc_request_done(r);
}

/* Reads where to start into `ns`. NULL, or what is wrong. */
static const char *read_start(struct wc_nats_session *ns, const wc_json *args)
{
    const char *wrong = wc_session_start_read(args, wc_str(ns->peer->user->name), &ns->from, &ns->places);
    if (ns->from.cursor.p != NULL) {
        wc_buf_str(&ns->cursor, ns->from.cursor);
        wc_buf_c(&ns->cursor, '\0');
        ns->from.cursor = (struct wc_str){ns->cursor.p, ns->cursor.n - 1};
    }
    return wrong;
}

/* session.open */

static void open_session(struct wc_nats_request *m, struct wc_request *r, struct wc_str name, const wc_json *args)
{
    struct wc_nats *n = m->nats;
    char random[20];
    if (name.n == 0) {
        wc_random_name(random, sizeof(random));
        name = (struct wc_str){random, sizeof(random)};
    }
    struct wc_nats_session *before = wc_nats_session_find(n, wc_str(m->peer->user->name), name);
    if (before != NULL)
        wc_nats_session_kill(before, WC_UNAVAILABLE);
    if (m->peer->sessions >= WC_NATS_SESSIONS_MOST) {
        wc_request_fail(r, WC_RATE_LIMITED, "too many sessions of this user are open");
        return;
    }
    struct wc_nats_session *ns = wc_nats_session_new(n, m->peer, name);
    const char *wrong = read_start(ns, args);
    if (wrong != NULL) {
        wc_request_fail(r, WC_BAD_REQUEST, wrong);
        wc_nats_session_kill(ns, WC_BAD_REQUEST);
        return;
    }
    ns->asked = r;
    wc_nats_session_claim(ns, WC_STR(""));
}

/* session.ping, here */

static void on_noted(struct wc_nats *n, void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_nats_session *ns = arg;
    ns->task = NULL;
    if (err != WC_OK || !wc_str_is(wc_reply_str(reply, 0), "ok")) {
        if (err == WC_OK) /* somebody else holds it */
            wc_nats_session_kill(ns, WC_UNAVAILABLE);
        else {
            struct wc_request *r = ns->pinging;
            ns->pinging = NULL;
            wc_request_fail(r, err, NULL);
        }
        return;
    }
    struct wc_request *r = ns->pinging;
    struct wc_places seen = ns->seen;
    ns->pinging = NULL;
    ns->seen = (struct wc_places){.n = 0};
    ns->pinged = ev_now(n->chat->loop);
    wc_nats_session_answer(ns, r, false);
    wc_nats_session_replay(ns, &seen);
    ns->ping_ms = wc_reply_u64(reply, 1);
    wc_places_free(&seen);
}

static void on_located(struct wc_session *s, wc_err err)
{
    struct wc_nats_session *ns = WC_CONTAINER(s, struct wc_nats_session, session);
    struct wc_nats *n = ns->nats;
    if (ns->pinging == NULL)
        return;
    struct wc_buf cursor = WC_BUF_INIT;
    if (err == WC_OK && s->out.count == 0)
        wc_cursor_text(s, &cursor);
    char keep[20], generation[20];
    struct wc_name key = wc_user_key(wc_str(ns->peer->user->name));
    const struct wc_str args[] = {wc_str(ns->name),
                                  {generation, wc_u64_format(ns->generation, generation)},
                                  cursor.n != 0 ? wc_buf_view(&cursor) : WC_STR(""),
                                  {keep, wc_u64_format(n->options->keep_ms, keep)},
                                  WC_STR("0")};
    ns->task = wc_nats_script(n, WC_SCRIPT_NATS_PING, wc_name_str(&key), args, WC_COUNT(args), on_noted, ns);
    wc_buf_free(&cursor);
    if (ns->task == NULL) {
        struct wc_request *r = ns->pinging;
        ns->pinging = NULL;
        wc_request_fail(r, WC_UNAVAILABLE, NULL);
    }
}

static void ping_here(struct wc_nats_session *ns, struct wc_request *r, const wc_json *args)
{
    struct wc_session_start start;
    if (ns->state != WC_NATS_OPEN || ns->pinging != NULL || ns->task != NULL) {
        wc_request_fail(r, WC_UNAVAILABLE, "the session is being opened, or another session.ping is under way");
        return;
    }
    wc_places_free(&ns->seen);
    const char *wrong = wc_session_start_read(args, wc_str(ns->peer->user->name), &start, &ns->seen);
    wc_places_sort(&ns->seen);
    if (wrong != NULL) {
        wc_request_fail(r, WC_BAD_REQUEST, wrong);
        return;
    }
    ns->pinging = r;
    if (wc_cursor_locate(&ns->session, on_located) == WC_OK)
        return;
    ns->pinging = NULL;
    wc_request_fail(r, WC_UNAVAILABLE, NULL);
}

/* session.ping, of a session that is not here: it goes to its holder, or this worker takes the session over. */

struct search {
    struct wc_nats_request *m; /* lives until `r` is answered */
    struct wc_request *r;
    bool looked; /* who lives was read for it */
};

static void search(struct search *search);

static bool lives(struct wc_nats *n, struct wc_str worker)
{
    struct wc_str rest = wc_lease_live(n->chat->lease), one;
    while (wc_str_cut(&rest, ' ', &one))
        if (one.n != 0 && wc_str_eq(one, worker))
            return true;
    return false;
}

static void forward(struct wc_nats_request *m, struct wc_str address)
{
    struct wc_buf subject = WC_BUF_INIT, text = WC_BUF_INIT;
    wc_buf_addf(&subject, "wcc.workers.%.*s", WC_STR_ARG(address));
    wc_buf_addf(&text, "ask %s %s ", m->peer->user->name, m->reply);
    wc_buf_str(&text, m->data);
    wc_nats_publish(m->nats->conn, wc_buf_view(&subject), wc_buf_view(&text));
    m->nats->stats.forwarded++;
    wc_buf_free(&subject);
    wc_buf_free(&text);
    wc_nats_request_drop(m);
}

static void take_over(struct wc_nats_request *m, struct wc_request *r, struct wc_str generation)
{
    char why[128];
    wc_json *args = wc_json_parse(m->data, why, sizeof(why));
    struct wc_str name = wc_json_get_str(args, "session");
    if (wc_nats_session_find(m->nats, wc_str(m->peer->user->name), name) != NULL) {
        wc_request_fail(r, WC_UNAVAILABLE, "the session is being opened");
        wc_json_free(args);
        return;
    }
    struct wc_nats_session *ns = wc_nats_session_new(m->nats, m->peer, name);
    const char *wrong = read_start(ns, args);
    wc_json_free(args);
    ns->by_ping = true;
    if (wrong != NULL) {
        wc_request_fail(r, WC_BAD_REQUEST, wrong);
        wc_nats_session_kill(ns, WC_BAD_REQUEST);
        return;
    }
    ns->asked = r;
    wc_nats_session_claim(ns, generation);
}

static void search_over(struct search *search, wc_err err, const char *why)
{
    wc_request_fail(search->r, err, why);
    free(search);
}

static void on_looked(struct wc_nats *n, void *arg, wc_err err, const struct wc_reply *workers)
{
    struct search *s = arg;
    if (err != WC_OK) {
        search_over(s, err, NULL);
        return;
    }
    wc_lease_take_live(n->chat->lease, workers);
    s->looked = true;
    search(s);
}

/* A worker that was started just now is not known to all others yet, and holds what it holds. */
static void look(struct wc_nats *n, struct search *s)
{
    if (wc_nats_script(n, WC_SCRIPT_WORKERS_EXPIRED, WC_STR("wcc:workers"), NULL, 0, on_looked, s) == NULL)
        search_over(s, WC_UNAVAILABLE, NULL);
}

static void decide(struct wc_nats *n, struct search *s, const struct wc_reply *reply)
{
    struct wc_nats_request *m = s->m;
    struct wc_request *r = s->r;
    struct wc_str holder = wc_reply_str(reply, 1), address = wc_reply_str(reply, 2);
    bool elsewhere = !m->forwarded && address.n != 0 && !wc_str_is(address, n->address);
    if (elsewhere && !lives(n, holder) && !s->looked) {
        look(n, s);
        return;
    }
    free(s);
    if (elsewhere && lives(n, holder))
        forward(m, address);
    else
        take_over(m, r, wc_reply_str(reply, 3));
}

static void on_found(struct wc_nats *n, void *arg, wc_err err, const struct wc_reply *reply)
{
    struct search *s = arg;
    if (err != WC_OK)
        search_over(s, err, NULL);
    else if (!wc_str_is(wc_reply_str(reply, 0), "ok"))
        search_over(s, WC_NOT_FOUND, "session: it is not known any more; open it again");
    else
        decide(n, s, reply);
}

/* Asks who holds it. */
static void search(struct search *s)
{
    struct wc_nats_request *m = s->m;
    struct wc_name key = wc_user_key(wc_str(m->peer->user->name));
    char why[128];
    wc_json *args = wc_json_parse(m->data, why, sizeof(why));
    struct wc_str name = wc_json_get_str(args, "session");
    if (wc_nats_script(m->nats, WC_SCRIPT_NATS_SESSION, wc_name_str(&key), &name, 1, on_found, s) == NULL)
        search_over(s, WC_UNAVAILABLE, NULL);
    wc_json_free(args);
}

static void ping_elsewhere(struct wc_nats_request *m, struct wc_request *r)
{
    struct search *s = WC_NEW(struct search);
    *s = (struct search){m, r, false};
    search(s);
}

/* session.close: claimed for a moment, so that whoever holds it lets it go. */

static void on_closed(struct wc_nats *n, void *arg, wc_err err, const struct wc_reply *reply)
{
    struct search *search = arg;
    struct wc_nats_request *m = search->m;
    struct wc_request *r = search->r;
    free(search);
    if (err != WC_OK) {
        wc_request_fail(r, err, NULL);
        return;
    }
    char why[128];
    wc_json *args = wc_json_parse(m->data, why, sizeof(why));
    struct wc_str name = wc_json_get_str(args, "session");
    struct wc_nats_session *ns = wc_nats_session_find(n, wc_str(m->peer->user->name), name);
    if (ns != NULL)
        wc_nats_session_kill(ns, WC_NOT_FOUND);
    else if (wc_reply_str(reply, 2).n != 0)
        wc_nats_session_tell(n, m->peer->user->name, name, wc_reply_str(reply, 1), wc_reply_str(reply, 2));
    wc_json_free(args);
    wc_request_done(r);
}

static void close_session(struct wc_nats_request *m, struct wc_request *r, struct wc_str name)
{
    struct search *search = WC_NEW(struct search);
    *search = (struct search){m, r, false};
    if (wc_nats_session_forget(m->nats, wc_str(m->peer->user->name), name, WC_STR(""), on_closed, search))
        return;
    free(search);
    wc_request_fail(r, WC_UNAVAILABLE, NULL);
}

/* session.auth: the token is checked and nothing else. Which connection asks is not known here, and none can be given
 * longer credentials: the client comes back with new ones. */

static void on_authenticated(void *arg, wc_err err, const struct wc_identity *who, uint64_t retry_ms)
{
    struct wc_nats_request *m = arg;
    struct wc_request *r = m->auth;
    (void)retry_ms;
    m->auth = NULL;
    if (err != WC_OK) {
        wc_request_fail(r, err, err == WC_UNAUTHENTICATED ? "the access token is wrong, expired or revoked" : NULL);
    } else if (!wc_str_is(wc_str(who->user), m->peer->user->name)) {
        wc_request_fail(r, WC_FORBIDDEN, "access_token: is another user's");
    } else {
        wc_json_open(wc_request_result(r), NULL);
        wc_json_u64(wc_request_result(r), "expires_in", seconds_until(who->expires));
        wc_json_close(wc_request_result(r));
        wc_request_done(r);
    }
}

static void authenticate(struct wc_nats_request *m, struct wc_request *r, const wc_json *args)
{
    struct wc_str token = wc_json_get_str(args, "access_token");
    if (token.n == 0) {
        wc_request_fail(r, WC_BAD_REQUEST, "access_token: is required");
        return;
    }
    m->auth = r;
    wc_auth_token(m->nats->chat->auth, token, on_authenticated, m);
}

void wc_nats_session_request(struct wc_nats_request *m, struct wc_request *r, struct wc_str op, const wc_json *args)
{
    struct wc_str name = wc_json_get_str(args, "session");
    bool opening = wc_str_is(op, "session.open"), closing = wc_str_is(op, "session.close");
    if (wc_str_is(op, "session.auth")) {
        authenticate(m, r, args);
        return;
    }
    if (!opening && !closing && !wc_str_is(op, "session.ping")) {
        wc_request_fail(r, WC_BAD_REQUEST, "op: there is no such operation here");
        return;
    }
    if ((name.n != 0 || !opening) && !wc_nats_session_name(name)) {
        wc_request_fail(r, WC_BAD_REQUEST, "session: is 1 to 40 of A-Z, a-z, 0-9, - and _");
        return;
    }
    struct wc_nats_session *ns = wc_nats_session_find(m->nats, wc_str(m->peer->user->name), name);
    if (opening)
        open_session(m, r, name, args);
    else if (closing)
        close_session(m, r, name);
    else if (ns != NULL)
        ping_here(ns, r, args);
    else
        ping_elsewhere(m, r);
}
