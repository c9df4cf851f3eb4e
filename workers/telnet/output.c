#include "telnet/output.h"

#include "telnet/render.h"
#include "telnet/terminal.h"

#include <arpa/inet.h>

void wc_telnet_mark(struct wc_telnet_conn *c)
{
    if (c->dirty || c->state >= WC_TN_LINGER)
        return;
    c->dirty = true;
    c->next_dirty = c->ch->dirty;
    c->ch->dirty = c;
}

void wc_telnet_write(struct wc_telnet_conn *c, struct wc_str s)
{
    if (c->state >= WC_TN_LINGER || s.n == 0)
        return;
    wc_outq_push_str(&c->session.out, s);
    wc_telnet_mark(c);
}

void wc_telnet_say_str(struct wc_telnet_conn *c, struct wc_str lines)
{
    wc_telnet_term_hide(c);
    wc_telnet_write(c, lines);
}

void wc_telnet_say(struct wc_telnet_conn *c, const char *fmt, ...)
{
    struct wc_buf b = WC_BUF_INIT;
    va_list ap;
    va_start(ap, fmt);
    wc_buf_addv(&b, fmt, ap);
    va_end(ap);
    wc_buf_z(&b, "\r\n");
    wc_telnet_say_str(c, wc_buf_view(&b));
    wc_buf_free(&b);
}

void wc_telnet_error(struct wc_telnet_conn *c, wc_err err, const char *words)
{
    bool some = words != NULL && words[0] != '\0';
    wc_telnet_say(c, "error: %s %s", wc_err_code(err), some ? words : wc_err_title(err));
}

void wc_telnet_failure(struct wc_telnet_conn *c, const struct wc_failure *failure)
{
    const char *words = failure->detail[0] != '\0' ? failure->detail : wc_err_title(failure->err);
    bool says_so = failure->err == WC_UNAVAILABLE && failure->detail[0] == '\0'; /* the title: try again */
    if (failure->retry_ms == 0 || says_so) {
        wc_telnet_error(c, failure->err, words);
        return;
    }
    wc_telnet_say(c, "error: %s %s; try again in %llu s", wc_err_code(failure->err), words,
                  (unsigned long long)((failure->retry_ms + 999) / 1000));
}

static void session_flush(struct wc_session *s)
{
    wc_telnet_conn_flush(WC_CONTAINER(s, struct wc_telnet_conn, session));
}

static void session_end(struct wc_session *s, enum wc_session_end why)
{
    struct wc_telnet_conn *c = WC_CONTAINER(s, struct wc_telnet_conn, session);
    wc_telnet_conn_leave(c, why == WC_END_DRAINING ? WC_TELNET_RESTARTING : "* you were logged out");
}

/* In place of pushing the frame: what is half-typed makes room first. */
static void session_deliver(struct wc_session *s, const struct wc_event *ev, struct wc_frame *frame)
{
    (void)ev;
    struct wc_telnet_conn *c = WC_CONTAINER(s, struct wc_telnet_conn, session);
    if (c->state >= WC_TN_CLOSING)
        return;
    wc_telnet_term_hide(c);
    wc_outq_push(&s->out, frame);
}

/* Who comes and goes is for people; that one is there oneself is no news. */
static void session_notice(struct wc_session *s, const struct wc_event *ev)
{
    struct wc_telnet_conn *c = WC_CONTAINER(s, struct wc_telnet_conn, session);
    if (c->term == NULL || c->state >= WC_TN_CLOSING || wc_str_is(ev->f[WC_F_USER], s->user->name))
        return;
    struct wc_buf b = WC_BUF_INIT;
    wc_telnet_render_presence(ev, &b);
    if (b.n != 0 && wc_telnet_term_is_news(c->term, ev->id_text))
        wc_telnet_say_str(c, wc_buf_view(&b));
    wc_buf_free(&b);
}

void wc_telnet_session_ops(struct wc_session_ops *ops, uint8_t slot)
{
    *ops = (struct wc_session_ops){
        .channel = "telnet",
        .slot = slot,
        .flush = session_flush,
        .end = session_end,
        .deliver = session_deliver,
        .notice = session_notice,
    };
}

void wc_telnet_address_text(const struct wc_telnet_address *a, char out[48])
{
    if (!IN6_IS_ADDR_V4MAPPED(&a->ip)) {
        inet_ntop(AF_INET6, &a->ip, out, 48);
        return;
    }
    for (size_t i = 12; i < 16; i++) { /* inet_ntop prints them one by one, and each post asks */
        out += wc_u64_format(a->ip.s6_addr[i], out);
        *out++ = i < 15 ? '.' : '\0';
    }
}
