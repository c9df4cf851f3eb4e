#include "telnet/protocol.h"

#include "telnet/output.h"
#include "telnet/terminal.h"

#include <libtelnet.h>

/* What is agreed to when the client asks for it. That we echo is never its idea: we offer it. */
static const telnet_telopt_t supported[] = {
    {TELNET_TELOPT_BINARY, TELNET_WONT, TELNET_DO},
    {TELNET_TELOPT_SGA, TELNET_WONT, TELNET_DO},
    {TELNET_TELOPT_TTYPE, TELNET_WONT, TELNET_DO},
    {TELNET_TELOPT_NAWS, TELNET_WONT, TELNET_DO},
    {-1, 0, 0},
};

/* What libtelnet wants to send leaves as one piece, however many options a client asks for. */
static void send_answers(struct wc_telnet_conn *c)
{
    struct wc_buf *answers = &c->ch->answers;
    if (answers->n != 0)
        wc_telnet_write(c, wc_buf_view(answers));
    answers->n = 0;
}

/* The client can do what only a terminal does. */
static void terminal_found(struct wc_telnet_conn *c)
{
    bool late = ev_now(c->ch->worker->loop) > c->opened + WC_TELNET_NEGOTIATION_MS / 1000.0;
    if (c->term != NULL || late)
        return;
    wc_telnet_term_open(c);
    /* Or it may look at seven bits of each key (RFC 854), and take a byte of a letter for its escape character. */
    telnet_negotiate(c->telnet, TELNET_DO, TELNET_TELOPT_BINARY);
    telnet_negotiate(c->telnet, TELNET_WILL, TELNET_TELOPT_SGA);
    telnet_negotiate(c->telnet, TELNET_WILL, TELNET_TELOPT_ECHO);
}

static void they_will(struct wc_telnet_conn *c, unsigned char option)
{
    if (option != TELNET_TELOPT_NAWS && option != TELNET_TELOPT_TTYPE)
        return;
    terminal_found(c);
    if (option == TELNET_TELOPT_TTYPE && c->term != NULL)
        telnet_ttype_send(c->telnet);
}

/* Our offer was taken up, or taken back. That it was refused at once the library does not tell; but answers come in
 * order, so when ECHO is agreed to and SGA is not, the client wants to edit its lines itself, and to echo. */
static void they_let_us(struct wc_telnet_conn *c, unsigned char option, bool yes)
{
    struct wc_telnet_term *t = c->term;
    if (t == NULL)
        return;
    if (option == TELNET_TELOPT_ECHO)
        t->agreed_echo = yes;
    if (option == TELNET_TELOPT_SGA)
        t->agreed_sga = yes;
    t->echo = t->agreed_echo && t->agreed_sga;
    if (option == TELNET_TELOPT_SGA && yes)
        telnet_negotiate(c->telnet, TELNET_WILL, TELNET_TELOPT_ECHO);
    else if (t->agreed_echo && !t->agreed_sga && !wc_telnet_secret(c))
        telnet_negotiate(c->telnet, TELNET_WONT, TELNET_TELOPT_ECHO);
}

/* RFC 1073: two numbers of two bytes. */
static void window_size(struct wc_telnet_conn *c, struct wc_str s)
{
    if (c->term == NULL || s.n != 4)
        return;
    const unsigned char *p = (const unsigned char *)s.p;
    unsigned columns = (unsigned)p[0] << 8 | p[1];
    c->term->columns = (uint16_t)columns;
}

static void command(struct wc_telnet_conn *c, unsigned char code)
{
    switch (code) {
    case TELNET_AYT:
        wc_telnet_say(c, "* yes");
        break;
    case TELNET_EC:
        wc_telnet_term_key(c, 0x08);
        break;
    case TELNET_EL:
        wc_telnet_term_key(c, 0x15);
        break;
    case TELNET_IP:
    case TELNET_BREAK:
        wc_telnet_term_key(c, 0x03);
        break;
    case TELNET_EOF:
        wc_telnet_term_key(c, 0x04);
        break;
    default:
        break;
    }
}

static void on_event(telnet_t *telnet, telnet_event_t *ev, void *arg)
{
    struct wc_telnet_conn *c = arg;
    (void)telnet;
    if (c->state == WC_TN_DEAD)
        return;
    switch (ev->type) {
    case TELNET_EV_DATA:
        wc_buf_add(&c->input, ev->data.buffer, ev->data.size);
        break;
    case TELNET_EV_SEND:
        wc_buf_add(&c->ch->answers, ev->data.buffer, ev->data.size);
        break;
    case TELNET_EV_WILL:
        they_will(c, ev->neg.telopt);
        break;
    case TELNET_EV_DO:
    case TELNET_EV_DONT:
        they_let_us(c, ev->neg.telopt, ev->type == TELNET_EV_DO);
        break;
    case TELNET_EV_SUBNEGOTIATION:
        if (ev->sub.telopt == TELNET_TELOPT_NAWS)
            window_size(c, (struct wc_str){ev->sub.buffer, ev->sub.size});
        break;
    case TELNET_EV_IAC:
        command(c, ev->iac.cmd);
        break;
    case TELNET_EV_COMPRESS:
        /* The library begins to inflate when it is told to, agreed or not: a few bytes could become any number. */
        wc_telnet_conn_kill(c);
        break;
    default:
        break;
    }
}

/* The client's first command: from now on libtelnet keeps track, and has to know what has been offered already. */
static void begin(struct wc_telnet_conn *c)
{
    c->telnet = telnet_init(supported, on_event, 0, c);
    telnet_negotiate(c->telnet, TELNET_DO, TELNET_TELOPT_TTYPE);
    telnet_negotiate(c->telnet, TELNET_DO, TELNET_TELOPT_NAWS);
    if (c->echo_offered) {
        telnet_negotiate(c->telnet, TELNET_WILL, TELNET_TELOPT_ECHO);
        if (!wc_telnet_secret(c))
            telnet_negotiate(c->telnet, TELNET_WONT, TELNET_TELOPT_ECHO);
    }
    c->ch->answers.n = 0;
}

void wc_telnet_protocol_open(struct wc_telnet_conn *c)
{
    static const char offers[] = {(char)TELNET_IAC, (char)TELNET_DO, TELNET_TELOPT_TTYPE,
                                  (char)TELNET_IAC, (char)TELNET_DO, TELNET_TELOPT_NAWS};
    wc_telnet_write(c, (struct wc_str){offers, sizeof(offers)});
}

void wc_telnet_protocol_close(struct wc_telnet_conn *c)
{
    if (c->telnet != NULL)
        telnet_free(c->telnet);
    c->telnet = NULL;
}

void wc_telnet_protocol_receive(struct wc_telnet_conn *c, struct wc_str bytes)
{
    if (c->telnet == NULL) {
        if (memchr(bytes.p, TELNET_IAC, bytes.n) == NULL) {
            wc_buf_str(&c->input, bytes);
            return;
        }
        begin(c);
    }
    telnet_recv(c->telnet, bytes.p, bytes.n);
    send_answers(c);
}

void wc_telnet_protocol_hide(struct wc_telnet_conn *c, bool hide)
{
    static const char offer[] = {(char)TELNET_IAC, (char)TELNET_WILL, TELNET_TELOPT_ECHO};
    if (c->telnet == NULL) {
        if (hide && !c->echo_offered)
            wc_telnet_write(c, (struct wc_str){offer, sizeof(offer)});
        c->echo_offered = c->echo_offered || hide;
        return;
    }
    if (c->term != NULL && c->term->agreed_sga)
        return;
    telnet_negotiate(c->telnet, hide ? TELNET_WILL : TELNET_WONT, TELNET_TELOPT_ECHO);
    send_answers(c);
}
