#ifndef WC_NATS_SESSIONS_H
#define WC_NATS_SESSIONS_H

#include "chat/cursor.h"
#include "chat/session.h"
#include "nats/requests.h"

/*
 * An event session: a worker holds it, Redis knows who (holder, generation, last ping, cursor). What the client has not
 * seen is found out by its pings, which carry its cursors, and sent again. When its holder has gone, whoever gets the
 * next session.ping or session.open takes it over; so a name that the client keeps is enough to go on.
 *
 *   CLAIMING (nats_claim.lua) ─▶ OPENING (attached to its conversations) ─▶ OPEN ─▶ DEAD; any ─▶ DEAD
 *
 * A holder that was frozen is silent when it wakes: nothing is published past its lease (connection.h), and a lease
 * that lapsed ends all its sessions here.
 */
enum wc_nats_session_state { WC_NATS_CLAIMING, WC_NATS_OPENING, WC_NATS_OPEN, WC_NATS_DEAD };
#define WC_NATS_SESSION_NAME_MAX 40 /* [A-Za-z0-9_-] */
#define WC_NATS_SESSIONS_MOST    64 /* of one user on one worker */

struct wc_nats_session {
    struct wc_session session;
    struct wc_nats_session *next, **link; /* of all */
    struct wc_nats_session *next_of_peer, **link_of_peer;
    struct wc_nats *nats;
    struct wc_nats_peer *peer;
    struct wc_nats_task *task;         /* claiming, or noting a ping */
    struct wc_cursor_reading *reading; /* of the place that the last ping noted */
    struct wc_request *asked;          /* to be answered when it is open; or NULL */
    struct wc_request *pinging;        /* to be answered when the ping is noted; or NULL */
    struct wc_places seen;             /* of that ping */
    struct wc_session_start from;
    struct wc_places places;
    struct wc_buf cursor; /* what `from` views */
    struct wc_soon_item dead;
    uint64_t generation, ping_ms; /* ping_ms: Redis' time of the last */
    double pinged;                /* the loop's time of it */
    uint64_t expires;             /* seconds since the epoch: the user's credentials that last longest; 0: none noted */
    enum wc_nats_session_state state;
    bool by_ping; /* `asked` is a session.ping */
    bool blocked; /* the connection has no room */
    char name[WC_NATS_SESSION_NAME_MAX + 1];
    char subject[sizeof(WC_NATS_EVENTS) + 33 + WC_NATS_SESSION_NAME_MAX + 2];
};

void wc_nats_sessions_init(struct wc_nats *n);
void wc_nats_sessions_tick(struct wc_nats *n);
/* The connection has room. `lost`: what was on its way may be lost. */
void wc_nats_sessions_go_on(struct wc_nats *n, bool lost);
/* Others may have them: hands over those that can be. */
void wc_nats_sessions_leave(struct wc_nats *n);
void wc_nats_sessions_end(struct wc_nats *n);

bool wc_nats_session_name(struct wc_str name);
struct wc_nats_session *wc_nats_session_find(struct wc_nats *n, struct wc_str user, struct wc_str name);
/* A session to be claimed by this worker; fill `from`, `places`, `cursor` and `asked`, then claim it. */
struct wc_nats_session *wc_nats_session_new(struct wc_nats *n, struct wc_nats_peer *peer, struct wc_str name);
/* `expected`: the generation that was seen, or empty. */
void wc_nats_session_claim(struct wc_nats_session *ns, struct wc_str expected);
/* Redis forgets it: claimed, and not kept. `expected` as above. False: it failed at once, `done` will not be called. */
bool wc_nats_session_forget(struct wc_nats *n, struct wc_str user, struct wc_str name, struct wc_str expected,
                            wc_nats_done done, void *arg);
/* Ends it here; what waits for an answer gets this error. */
void wc_nats_session_kill(struct wc_nats_session *ns, wc_err err);
/* Sends again from the places that the client has seen, if that is less than was sent before the last ping. */
void wc_nats_session_replay(struct wc_nats_session *ns, const struct wc_places *seen);
/* A word to whoever held it before this generation, and from another worker. */
void wc_nats_session_tell(struct wc_nats *n, const char *user, struct wc_str name, struct wc_str generation,
                          struct wc_str address);
void wc_nats_session_told(struct wc_nats *n, const struct wc_nats_message *m);

/* session_requests.c: the answer to session.open and session.ping. */
void wc_nats_session_answer(struct wc_nats_session *ns, struct wc_request *r, bool opened);

#endif
