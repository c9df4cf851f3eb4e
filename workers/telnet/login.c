#include "telnet/login.h"

#include "base/text.h"
#include "telnet/commands.h"
#include "telnet/output.h"
#include "telnet/protocol.h"
#include "telnet/terminal.h"

#include <stdio.h>

enum { TRIES_MAX = 5, NAME_KEPT = 64 };

static void on_deadline(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct wc_telnet_conn *c = timer->data;
    (void)loop;
    (void)events;
    if (c->state <= WC_TN_PROXY || c->state >= WC_TN_CLOSING) {
        wc_telnet_conn_kill(c);
        return;
    }
    wc_telnet_say(c, "%serror: unauthenticated the login took too long", c->term == NULL ? "\r\n" : "");
    wc_telnet_conn_finish(c);
}

struct wc_telnet_dialogue *wc_telnet_dialogue_new(struct wc_telnet_conn *c)
{
    if (c->dialogue == NULL) {
        c->dialogue = WC_NEW(struct wc_telnet_dialogue);
        ev_timer_init(&c->dialogue->deadline, on_deadline, 0, 0);
        c->dialogue->deadline.data = c;
    }
    return c->dialogue;
}

static void wipe(struct wc_buf *b)
{
    if (b->cap != 0)
        explicit_bzero(b->p, b->cap);
    wc_buf_free(b);
}

void wc_telnet_dialogue_free(struct wc_telnet_conn *c)
{
    if (c->dialogue == NULL)
        return;
    ev_timer_stop(c->ch->worker->loop, &c->dialogue->deadline);
    wipe(&c->dialogue->password);
    wipe(&c->dialogue->name);
    free(c->dialogue);
    c->dialogue = NULL;
    c->session.address = NULL;
}

void wc_telnet_dialogue_deadline(struct wc_telnet_conn *c, uint64_t ms)
{
    struct ev_timer *timer = &wc_telnet_dialogue_new(c)->deadline;
    ev_timer_stop(c->ch->worker->loop, timer);
    ev_timer_set(timer, (double)ms / 1000, 0);
    ev_timer_start(c->ch->worker->loop, timer);
}

/* Goes to a state and asks its question. */
static void ask(struct wc_telnet_conn *c, enum wc_telnet_state state)
{
    wc_telnet_become(c, state);
    if (c->term != NULL || state == WC_TN_READY)
        return;
    struct wc_buf prompt = WC_BUF_INIT;
    wc_telnet_prompt(c, &prompt);
    wc_telnet_write(c, wc_buf_view(&prompt));
    wc_buf_free(&prompt);
}

void wc_telnet_login_begin(struct wc_telnet_conn *c)
{
    wc_telnet_protocol_open(c);
    wc_telnet_dialogue_deadline(c, c->ch->options->login_ms);
    ask(c, WC_TN_NAME);
}

/* What was asked in vain begins again, a few times. */
static void again(struct wc_telnet_conn *c)
{
    c->ch->counts.failures++;
    if (++c->dialogue->tries >= TRIES_MAX) {
        wc_telnet_say(c, "* too many tries");
        wc_telnet_conn_finish(c);
        return;
    }
    c->dialogue->registering = false;
    wipe(&c->dialogue->password);
    ask(c, WC_TN_NAME);
}

static void refuse(struct wc_telnet_conn *c, const struct wc_failure *failure)
{
    wc_telnet_failure(c, failure);
    again(c);
}

/* As in REST: which of the two was wrong is nobody's business. */
static void refuse_login(struct wc_telnet_conn *c, wc_err err, uint64_t retry_ms)
{
    struct wc_failure failure = {.err = err, .retry_ms = retry_ms};
    if (err == WC_UNAUTHENTICATED)
        snprintf(failure.detail, sizeof(failure.detail), "the user or the password is wrong");
    refuse(c, &failure);
}

static void on_open(struct wc_session *s, wc_err err)
{
    struct wc_telnet_conn *c = WC_CONTAINER(s, struct wc_telnet_conn, session);
    if (c->state != WC_TN_ENTERING)
        return;
    if (err != WC_OK) {
        wc_telnet_error(c, err, NULL);
        wc_telnet_conn_finish(c);
        return;
    }
    c->ch->counts.logins++;
    wc_telnet_say(c, "welcome %s", s->user->name);
    wc_telnet_dialogue_free(c);
    ask(c, WC_TN_READY);
    wc_telnet_mark(c);
}

static void on_checked(void *arg, wc_err err, const struct wc_identity *who, uint64_t retry_ms)
{
    struct wc_telnet_conn *c = arg;
    if (c->state != WC_TN_ENTERING)
        return;
    wc_telnet_mark(c);
    if (err != WC_OK) {
        refuse_login(c, err, retry_ms);
        return;
    }
    struct wc_identity me = *who;
    me.via = "telnet";
    c->session.address = c->dialogue->address;
    wc_session_open(c->ch->worker->chat, &c->session, &c->ch->session_ops, &me, NULL, on_open);
}

static void check(struct wc_telnet_conn *c, struct wc_str password)
{
    char *address = c->dialogue->address;
    struct wc_str name = wc_buf_view(&c->dialogue->name);
    if (!wc_text_user(name)) {
        refuse_login(c, WC_UNAUTHENTICATED, 0);
        return;
    }
    wc_telnet_address_text(&c->peer, c->dialogue->address);
    wc_telnet_become(c, WC_TN_ENTERING);
    wc_auth_password(c->ch->worker->chat->auth, name, password, wc_str(address), on_checked, c);
}

static void registered(struct wc_telnet_task *t, const wc_json *result)
{
    struct wc_telnet_conn *c = t->conn;
    (void)result;
    check(c, wc_buf_view(&c->dialogue->password));
    wipe(&c->dialogue->password);
}

static void not_registered(struct wc_telnet_task *t, const struct wc_failure *failure)
{
    refuse(t->conn, failure);
}

static void sign_up(struct wc_telnet_conn *c)
{
    struct wc_telnet_task *t = wc_telnet_task_new(c, "account.register", registered);
    t->failed = not_registered;
    wc_telnet_task_arg(t, "user", wc_buf_view(&c->dialogue->name));
    wc_telnet_task_arg(t, "password", wc_buf_view(&c->dialogue->password));
    wc_telnet_become(c, WC_TN_ENTERING);
    wc_telnet_task_start(t);
}

static void keep(struct wc_buf *b, struct wc_str s)
{
    wipe(b);
    wc_buf_reserve(b, s.n + 1); /* once: growing would leave copies behind */
    wc_buf_str(b, s);
}

static void name_given(struct wc_telnet_conn *c, struct wc_str line)
{
    struct wc_str word = wc_telnet_word(&line);
    if (word.n == 0) {
        wc_telnet_mark(c);
        return;
    }
    if (word.n > NAME_KEPT)
        word.n = NAME_KEPT; /* no user's name: refused after the password, as another wrong one */
    bool registering = c->state == WC_TN_NAME && wc_str_is(word, "register");
    if (registering) {
        c->dialogue->registering = true;
        word = wc_telnet_word(&line);
        if (word.n == 0) {
            ask(c, WC_TN_NEW_NAME);
            return;
        }
    }
    keep(&c->dialogue->name, word);
    if (c->dialogue->registering && !wc_text_user(word)) {
        wc_telnet_error(c, WC_BAD_REQUEST,
                        "a login has 1 to 32 characters of a-z, 0-9, _ and -, the first a letter or digit");
        again(c);
        return;
    }
    ask(c, c->dialogue->registering ? WC_TN_NEW_PASSWORD : WC_TN_PASSWORD);
}

/* The second time a new password was typed. */
static bool same(struct wc_telnet_conn *c, struct wc_str line)
{
    if (wc_str_eq(line, wc_buf_view(&c->dialogue->password)))
        return true;
    wc_telnet_error(c, WC_BAD_REQUEST, "the passwords differ");
    return false;
}

static void new_password_given(struct wc_telnet_conn *c, struct wc_str line)
{
    keep(&c->dialogue->password, line);
    if (c->term != NULL)
        ask(c, WC_TN_NEW_AGAIN);
    else
        sign_up(c);
}

/* /passwd */

static void passwd_end(struct wc_telnet_conn *c)
{
    wc_telnet_dialogue_free(c);
    ask(c, WC_TN_READY);
    wc_telnet_mark(c);
}

static void changed(struct wc_telnet_task *t, const wc_json *result)
{
    (void)result;
    wc_telnet_say(t->conn, "password changed");
}

static void change(struct wc_telnet_conn *c, struct wc_str new_password)
{
    struct wc_telnet_task *t = wc_telnet_task_new(c, "account.password", changed);
    wc_telnet_task_arg(t, "password", wc_buf_view(&c->dialogue->name));
    wc_telnet_task_arg(t, "new_password", new_password);
    wc_telnet_task_start(t);
    passwd_end(c);
}

static void change_given(struct wc_telnet_conn *c, struct wc_str line)
{
    keep(&c->dialogue->password, line);
    if (c->term != NULL)
        ask(c, WC_TN_CHANGE_AGAIN);
    else
        change(c, line);
}

void wc_telnet_passwd_begin(struct wc_telnet_conn *c)
{
    wc_telnet_dialogue_new(c);
    ask(c, WC_TN_OLD);
}

static void passwd_line(struct wc_telnet_conn *c, struct wc_str line)
{
    if (line.n == 0) {
        wc_telnet_say(c, "the password was not changed");
        passwd_end(c);
    } else if (c->state == WC_TN_OLD) {
        keep(&c->dialogue->name, line); /* no name is needed here */
        ask(c, WC_TN_CHANGE);
    } else if (c->state == WC_TN_CHANGE) {
        change_given(c, line);
    } else if (same(c, line)) {
        change(c, line);
    } else {
        passwd_end(c);
    }
}

void wc_telnet_login_line(struct wc_telnet_conn *c, struct wc_str line)
{
    if (wc_telnet_secret(c) && c->term == NULL)
        wc_telnet_write(c, WC_STR("\r\n")); /* what the client did not echo */
    switch (c->state) {
    case WC_TN_NAME:
    case WC_TN_NEW_NAME:
        name_given(c, line);
        break;
    case WC_TN_PASSWORD:
        check(c, line);
        break;
    case WC_TN_NEW_PASSWORD:
        new_password_given(c, line);
        break;
    case WC_TN_NEW_AGAIN:
        if (same(c, line))
            sign_up(c);
        else
            again(c);
        break;
    default:
        passwd_line(c, line);
        break;
    }
}
