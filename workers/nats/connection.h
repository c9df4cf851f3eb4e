#ifndef WC_NATS_CONNECTION_H
#define WC_NATS_CONNECTION_H

#include "base/buf.h"
#include "base/loop.h"
#include "chat/nats_jwt.h"

/*
 * A connection to the NATS servers that never holds up the loop. A thread of its own connects (again and again),
 * publishes what the loop hands it and asks what the loop wants to know; nats.c's threads bring messages. Both do
 * nothing but copy, enqueue and wake the loop. Both queues are bounded.
 */
struct wc_nats_conn;

struct wc_nats_route {
    const char *subject, *queue; /* queue NULL: every worker gets it */
};

enum wc_nats_event {
    WC_NATS_UP,      /* connected and subscribed */
    WC_NATS_DOWN,    /* lost; data says why */
    WC_NATS_LOST,    /* the connection is there, but events that were given before may be lost */
    WC_NATS_MESSAGE, /* on a route */
    WC_NATS_ANSWER,  /* to wc_nats_ask: data, or absent when there was none in time */
    WC_NATS_ROOM,    /* there is room again for events */
    WC_NATS_DRAINED  /* after wc_nats_conn_drain: no more messages will come */
};

struct wc_nats_message {
    struct wc_nats_message *next;
    enum wc_nats_event event;
    size_t route;
    uint64_t token;
    const char *subject, *reply; /* NUL-terminated; reply "" when there is none */
    struct wc_str data;          /* absent when `too_large` or `shed` */
    bool too_large, shed;        /* shed: there was no room for it in the mailbox */
    char bytes[];
};

struct wc_nats_setup {
    const char *name;
    const char *const *servers; /* nats://host:port; kept */
    size_t nservers;
    const struct wc_nats_keys *keys; /* kept */
    enum wc_nats_role role;
    const struct wc_nats_route *routes; /* kept */
    size_t nroutes;
    size_t data_max;                                           /* bytes of a message that is taken */
    size_t mailbox_max;                                        /* bytes that wait for the loop */
    size_t queue_max;                                          /* bytes that wait to be published */
    void (*event)(void *arg, const struct wc_nats_message *m); /* in the loop */
    void *arg;
};

struct wc_nats_conn *wc_nats_conn_new(struct ev_loop *loop, const struct wc_nats_setup *setup);
/* Waits a second at most for what is queued to leave; then ends the thread. NULL is fine. */
void wc_nats_conn_free(struct wc_nats_conn *c);
bool wc_nats_conn_up(const struct wc_nats_conn *c);

/* Something to be published: copied. `generation` 0: no header. False, dropped: there is no room. */
bool wc_nats_publish(struct wc_nats_conn *c, struct wc_str subject, struct wc_str data);
/* An event of a session: with the header `Wcc-Generation`, and only until the time given to wc_nats_conn_certain. None
 * is published behind one that was not: it would hide the hole. WC_NATS_UP (another connection) and WC_NATS_LOST (too
 * late, or the connection refused it) say that what was given before may be lost; until the loop knows of it nothing is
 * taken. False for that, and when there is no room or no connection: WC_NATS_ROOM, WC_NATS_LOST or WC_NATS_UP follows.
 */
bool wc_nats_publish_event(struct wc_nats_conn *c, struct wc_str subject, uint64_t generation, struct wc_str data);
/* Until when (monotonic, ms) this worker surely holds its sessions. */
void wc_nats_conn_certain(struct wc_nats_conn *c, uint64_t until_ms);
/* Asks and waits 2 s for the answer, which comes as WC_NATS_ANSWER with this token. */
void wc_nats_ask(struct wc_nats_conn *c, struct wc_str subject, struct wc_str data, uint64_t token);
/* No new messages; those on their way still come. */
void wc_nats_conn_drain(struct wc_nats_conn *c);
/* Nothing waits to be published. */
bool wc_nats_conn_idle(struct wc_nats_conn *c);

struct wc_nats_conn_stats {
    uint64_t up, connects, received, published, dropped_in, dropped_out, shed, queued, mailbox;
};
/* A copy, made at each loop turn with an event and by this call. */
const struct wc_nats_conn_stats *wc_nats_conn_stats(struct wc_nats_conn *c);

#endif
