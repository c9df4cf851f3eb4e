#include "telnet/connection.h"
#include "chat/writer.h"

#include "telnet/lines.h"
#include "telnet/login.h"
#include "telnet/output.h"
#include "telnet/protocol.h"
#include "telnet/proxy.h"
#include "telnet/task.h"
#include "telnet/terminal.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLOSING_MS = 10000, LINGER_MS = 2000 };

static uint32_t seconds(const struct wc_telnet_conn *c)
{
    return (uint32_t)ev_now(c->ch->worker->loop);
}

/* FRESH ─▶ (PROXY ─▶) NAME ⇄ PASSWORD, NEW_… ─▶ ENTERING ─▶ READY ⇄ OLD ─▶ CHANGE ─▶ …; from anywhere ─▶ CLOSING ─▶
 * LINGER ─▶ DEAD */
void wc_telnet_become(struct wc_telnet_conn *c, enum wc_telnet_state state)
{
    assert(state > WC_TN_FRESH);
    assert(c->state < WC_TN_CLOSING || state > c->state);
    assert(state != WC_TN_READY || c->session.ops != NULL);
    bool secret = wc_telnet_secret(c);
    c->state = (uint8_t)state;
    if (wc_telnet_secret(c) != secret && state < WC_TN_CLOSING)
        wc_telnet_protocol_hide(c, !secret);
}

/* What was read and can't be taken yet is bounded by not reading more. */
static bool wants_input(const struct wc_telnet_conn *c)
{
    if (c->state == WC_TN_LINGER)
        return true;
    if (c->eof || c->state >= WC_TN_CLOSING)
        return false;
    return c->input.n - c->taken <= WC_TELNET_LINE_MAX && wc_telnet_has_room(c);
}

void wc_telnet_watch(struct wc_telnet_conn *c)
{
    int events = (c->blocked ? EV_WRITE : 0) | (wants_input(c) ? EV_READ : 0);
    if (c->state == WC_TN_DEAD || (c->io.events & (EV_READ | EV_WRITE)) == events)
        return;
    ev_io_stop(c->ch->worker->loop, &c->io);
    ev_io_set(&c->io, c->io.fd, events);
    if (events != 0)
        ev_io_start(c->ch->worker->loop, &c->io);
}

void wc_telnet_conn_kill(struct wc_telnet_conn *c)
{
    if (c->state == WC_TN_DEAD)
        return;
    wc_telnet_become(c, WC_TN_DEAD);
    ev_io_stop(c->ch->worker->loop, &c->io);
    c->next_dead = c->ch->dead;
    c->ch->dead = c;
}

static void receive_proxy(struct wc_telnet_conn *c)
{
    size_t used = 0;
    switch (wc_proxy_parse(wc_buf_view(&c->input), &used, &c->peer)) {
    case WC_PROXY_MORE:
        return;
    case WC_PROXY_BAD: {
        uint64_t repeated = 0;
        if (wc_log_allowed(&c->ch->proxy_limit, &repeated)) {
            char address[48];
            wc_telnet_address_text(&c->peer, address);
            wc_log(c->ch->worker->log, WC_WARN, "telnet: no PROXY header", WC_Z("address", address),
                   WC_I("repeated", repeated));
        }
        c->ch->counts.refused++;
        wc_telnet_conn_kill(c);
        return;
    }
    case WC_PROXY_DONE:
        break;
    }
    struct wc_buf rest = c->input;
    c->input = WC_BUF_INIT;
    wc_telnet_login_begin(c);
    wc_telnet_protocol_receive(c, wc_str_from(wc_buf_view(&rest), used));
    wc_buf_free(&rest);
}

static void receive(struct wc_telnet_conn *c, size_t n)
{
    struct wc_str bytes = {c->ch->chunk, n};
    c->ch->counts.received += n;
    c->heard = seconds(c);
    if (c->state == WC_TN_LINGER)
        return;
    if (c->state == WC_TN_PROXY) {
        wc_buf_str(&c->input, bytes);
        receive_proxy(c);
    } else {
        wc_telnet_protocol_receive(c, bytes);
    }
    wc_telnet_pump(c);
    wc_telnet_mark(c);
}

static void on_readable(struct wc_telnet_conn *c)
{
    ssize_t n = read(c->io.fd, c->ch->chunk, sizeof(c->ch->chunk));
    if (n > 0) {
        receive(c, (size_t)n);
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0 || c->state == WC_TN_LINGER || c->state == WC_TN_PROXY) {
        wc_telnet_conn_kill(c);
        return;
    }
    c->eof = true;
    wc_telnet_mark(c);
}

static void on_io(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct wc_telnet_conn *c = io->data;
    (void)loop;
    if (events & EV_WRITE)
        wc_telnet_mark(c);
    if ((events & EV_READ) && c->state != WC_TN_DEAD)
        on_readable(c);
    wc_telnet_watch(c);
}

void wc_telnet_conn_new(struct wc_telnet *ch, int fd, const struct wc_telnet_address *peer, bool proxied)
{
    struct wc_telnet_conn *c = WC_NEW(struct wc_telnet_conn);
    c->ch = ch;
    c->peer = *peer;
    c->opened = ev_now(ch->worker->loop);
    c->moved = c->heard = seconds(c);
    c->next = ch->conns;
    if (c->next != NULL)
        c->next->prev = &c->next;
    c->prev = &ch->conns;
    ch->conns = c;
    ch->counts.connections++;
    ch->counts.accepted++;
    ev_io_init(&c->io, on_io, fd, EV_READ);
    c->io.data = c;
    ev_io_start(ch->worker->loop, &c->io);
    wc_telnet_dialogue_new(c);
    if (proxied) {
        wc_telnet_become(c, WC_TN_PROXY);
        wc_telnet_dialogue_deadline(c, WC_TELNET_PROXY_MS);
        return;
    }
    wc_telnet_login_begin(c);
}

void wc_telnet_conn_free(struct wc_telnet_conn *c)
{
    struct wc_telnet *ch = c->ch;
    wc_telnet_task_cancel_all(c);
    wc_auth_cancel(ch->worker->chat->auth, c);
    wc_session_close(ch->worker->chat, &c->session);
    wc_outq_clear(&c->session.out);
    ev_io_stop(ch->worker->loop, &c->io);
    close(c->io.fd);
    wc_telnet_protocol_close(c);
    wc_telnet_dialogue_free(c);
    wc_telnet_term_free(c->term);
    wc_buf_free(&c->input);
    free(c->current);
    if (ch->drain_next == c)
        ch->drain_next = c->next;
    *c->prev = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    ch->counts.connections--;
    free(c);
}

void wc_telnet_conn_reap(struct wc_telnet *ch)
{
    struct wc_telnet_conn *c;
    while (ch->dirty != NULL || ch->dead != NULL) {
        while ((c = ch->dirty) != NULL) {
            ch->dirty = c->next_dirty;
            c->dirty = false;
            wc_telnet_conn_flush(c);
        }
        wc_writer_run(ch->worker->chat->writer);
        while (ch->dirty == NULL && (c = ch->dead) != NULL) {
            ch->dead = c->next_dead;
            wc_telnet_conn_free(c);
        }
    }
}

void wc_telnet_conn_finish(struct wc_telnet_conn *c)
{
    if (c->state >= WC_TN_CLOSING)
        return;
    wc_telnet_term_hide(c);
    wc_telnet_become(c, WC_TN_CLOSING);
    wc_telnet_dialogue_deadline(c, CLOSING_MS);
    wc_telnet_task_cancel_all(c);
    wc_telnet_mark(c);
    wc_telnet_watch(c);
}

void wc_telnet_conn_leave(struct wc_telnet_conn *c, const char *line)
{
    if (c->goodbye != NULL || c->state >= WC_TN_CLOSING)
        return;
    c->goodbye = line;
    wc_telnet_mark(c);
}

/* All is written: our side is closed first, and the client's last bytes are read, or the reset that answers them would
 * overtake ours (RFC 9293 section 3.10.4). */
static void written_and_closing(struct wc_telnet_conn *c)
{
    if (c->eof || shutdown(c->io.fd, SHUT_WR) != 0) {
        wc_telnet_conn_kill(c);
        return;
    }
    wc_telnet_become(c, WC_TN_LINGER);
    wc_telnet_dialogue_deadline(c, LINGER_MS);
    wc_session_close(c->ch->worker->chat, &c->session);
    wc_telnet_watch(c);
}

static void on_written(void *arg, enum wc_outq_result result, size_t n)
{
    struct wc_telnet_conn *c = arg;
    if (c->state >= WC_TN_LINGER)
        return;
    bool was_blocked = c->blocked, had_room = wc_telnet_had_room(c, n);
    c->ch->counts.sent += n;
    if (n != 0 || !c->blocked)
        c->moved = seconds(c);
    c->blocked = result == WC_OUTQ_BLOCKED;
    if (result == WC_OUTQ_BROKEN)
        wc_telnet_conn_kill(c);
    else if (result == WC_OUTQ_DONE && c->state == WC_TN_CLOSING)
        written_and_closing(c);
    else if (result == WC_OUTQ_DONE)
        wc_session_drained(c->ch->worker->chat, &c->session);
    if ((!had_room && wc_telnet_has_room(c)) || (was_blocked && !c->blocked))
        wc_telnet_mark(c);
    wc_telnet_watch(c);
}

void wc_telnet_conn_flush(struct wc_telnet_conn *c)
{
    if (c->state >= WC_TN_LINGER)
        return;
    wc_telnet_pump(c);
    wc_telnet_term_show(c);
    wc_writer_add(c->ch->worker->chat->writer, &c->session.out, c->io.fd, on_written, c);
}
