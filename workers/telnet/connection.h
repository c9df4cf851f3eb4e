#ifndef WC_TELNET_CONNECTION_H
#define WC_TELNET_CONNECTION_H

#include "chat/call.h"
#include "chat/session.h"
#include "telnet/telnet.h"

/*
 * A connection. Everything that it writes goes through session.out, before and after the session is open, and leaves
 * with one writev a loop turn. It is freed in one place only, at the end of a loop turn (wc_telnet_conn_reap).
 */
enum wc_telnet_state {
    WC_TN_FRESH, /* nothing said yet */
    WC_TN_PROXY, /* waits for the balancer's header */
    WC_TN_NAME,  /* asked `login: ` */
    WC_TN_PASSWORD,
    WC_TN_NEW_NAME, /* registration */
    WC_TN_NEW_PASSWORD,
    WC_TN_NEW_AGAIN,
    WC_TN_ENTERING, /* waits for the password's check or the session */
    WC_TN_READY,    /* logged in */
    WC_TN_OLD,      /* /passwd */
    WC_TN_CHANGE,
    WC_TN_CHANGE_AGAIN,
    WC_TN_CLOSING, /* writes what is left, takes nothing more */
    WC_TN_LINGER,  /* all is written; waits for the client to close, or its last bytes could be lost */
    WC_TN_DEAD     /* will be freed at the end of the turn */
};

/* What only a dialogue needs: freed when the user is in. */
struct wc_telnet_dialogue {
    struct ev_timer deadline;
    struct wc_buf name;     /* or the old password; wiped */
    struct wc_buf password; /* wiped */
    char address[48];       /* the client's, while the session opens */
    unsigned tries;
    bool registering;
};

struct wc_telnet_conn {
    struct wc_session session;
    struct ev_io io;
    struct wc_telnet *ch;
    struct telnet_t *telnet;             /* NULL before the client's first command */
    struct wc_telnet_dialogue *dialogue; /* NULL when logged in and not changing the password */
    struct wc_telnet_term *term;         /* NULL: a program */
    struct wc_telnet_task *tasks;        /* operations under way (task.h) */
    char *current;                       /* `dev` or `@bob`; NULL: the general room */
    const char *goodbye;                 /* static: said as soon as nothing is under way; then it closes */
    struct wc_buf input;                 /* bytes not yet taken as lines; no memory when there are none */
    struct wc_telnet_conn *next, **prev, *next_dirty, *next_dead;
    struct wc_telnet_address peer;
    ev_tstamp opened;
    uint32_t taken;        /* of input */
    uint32_t moved, heard; /* seconds of the loop: the socket took something, the client sent something */
    uint8_t state;         /* enum wc_telnet_state */
    uint8_t texts;         /* on their way to a room */
    uint8_t alone;         /* other operations under way: nothing else starts meanwhile */
    bool cr : 1;           /* the last line ended with CR: its LF or NUL is swallowed */
    bool skipping : 1;     /* the rest of a line that was too long */
    bool eof : 1;          /* the client sends no more */
    bool dirty : 1;
    bool blocked : 1;      /* the socket took less than there was */
    bool echo_offered : 1; /* before there was a `telnet` */
};

/* Takes the socket over. `proxied`: a balancer's header comes first. */
void wc_telnet_conn_new(struct wc_telnet *ch, int fd, const struct wc_telnet_address *peer, bool proxied);
/* Frees it at the end of the turn; nothing more happens on it. */
void wc_telnet_conn_kill(struct wc_telnet_conn *c);
/* Writes what is left, then closes. */
void wc_telnet_conn_finish(struct wc_telnet_conn *c);
/* Says this line (static) when nothing is under way, then closes. What was read and not yet begun is dropped. */
void wc_telnet_conn_leave(struct wc_telnet_conn *c, const char *line);
/* Frees at once: for wc_telnet_conn_reap and the end of the channel. */
void wc_telnet_conn_free(struct wc_telnet_conn *c);
void wc_telnet_conn_reap(struct wc_telnet *ch);
/* Takes what can be taken, draws the prompt, gives what there is to the writer: once a loop turn. */
void wc_telnet_conn_flush(struct wc_telnet_conn *c);

/* The one place where the state changes. */
void wc_telnet_become(struct wc_telnet_conn *c, enum wc_telnet_state state);
/* Reads from the socket or not, as the state and what is waiting say. */
void wc_telnet_watch(struct wc_telnet_conn *c);

/* The address as text, numeric; an IPv4 one as such. */
void wc_telnet_address_text(const struct wc_telnet_address *a, char out[48]);
/* Who asks, for operations: the session's user, or nobody before the login. */
void wc_telnet_identity(const struct wc_telnet_conn *c, struct wc_identity *who);
/* The conversation that plain text goes to: `dev`, `@bob`, or "" when there is none. */
struct wc_str wc_telnet_current(const struct wc_telnet_conn *c);
void wc_telnet_switch(struct wc_telnet_conn *c, struct wc_str place);

/* Could its output take another answer when `n` bytes more were in it? */
static inline bool wc_telnet_had_room(const struct wc_telnet_conn *c, size_t n)
{
    return c->session.out.bytes + n < c->ch->worker->chat->options.session_queue + WC_TELNET_REPLY_SLACK;
}

/* Its output may take another answer. */
static inline bool wc_telnet_has_room(const struct wc_telnet_conn *c)
{
    return wc_telnet_had_room(c, 0);
}

/* Nothing is under way: the next line may be anything. */
static inline bool wc_telnet_idle(const struct wc_telnet_conn *c)
{
    return c->texts == 0 && c->alone == 0 && c->state != WC_TN_ENTERING;
}

static inline bool wc_telnet_in(const struct wc_telnet_conn *c)
{
    return c->state >= WC_TN_READY && c->state <= WC_TN_CHANGE_AGAIN;
}

/* What is typed now must not be seen. */
static inline bool wc_telnet_secret(const struct wc_telnet_conn *c)
{
    return c->state == WC_TN_PASSWORD || c->state == WC_TN_NEW_PASSWORD || c->state == WC_TN_NEW_AGAIN ||
           (c->state >= WC_TN_OLD && c->state <= WC_TN_CHANGE_AGAIN);
}

#endif
