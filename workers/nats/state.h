#ifndef WC_NATS_STATE_H
#define WC_NATS_STATE_H

#include "chat/nats_jwt.h"
#include "chat/people.h"
#include "chat/soon.h"
#include "nats/connection.h"
#include "worker.h"

#include <uthash.h>

/*
 * The NATS channel of a worker: what its files share.
 *
 *   connection.c  threads and queues between NATS and the loop
 *   channel.c     options, subjects, start and end
 *   task.c        what is asked of Redis
 *   peers.c       the users that ask over NATS, and who of them must not be connected any more
 *   requests.c    their requests, and session_requests.c those about sessions
 *   original.c    the original's request
 *   sessions.c    event sessions
 *   bridge.c      what trusted services read
 *   service.c     the NATS service protocol
 */
struct wc_nats_options {
    struct wc_option_list servers, public_servers;
    const char *keys, *websocket;
    bool bridge;
    uint64_t ping_ms, keep_ms;
};

enum wc_nats_subject {
    WC_NATS_ORIGINAL,
    WC_NATS_REQUESTS,
    WC_NATS_OWN,    /* from another worker to this one */
    WC_NATS_ADOPT,  /* from another worker to any */
    WC_NATS_SERVICE /* the first of those of $SRV */
};
#define WC_NATS_SERVICE_ROUTES 9
#define WC_NATS_ROUTES         (WC_NATS_SERVICE + WC_NATS_SERVICE_ROUTES)

#define WC_NATS_EVENTS       "wcc.frontend.events.user."
#define WC_NATS_SERVERS      "$SYS.SERVER."
#define WC_NATS_SERVERS_MOST 64 /* of a cluster; beyond, the one that was heard longest ago is forgotten */

struct wc_nats_stats {
    uint64_t up, connects, received, published, dropped, waiting; /* of the connection, as of the last tick */
    uint64_t requests, refused, no_reply, takeovers, replays, lapsed, forwarded, revocations, bridged;
    uint64_t sessions, peers; /* gauges */
};

/* An endpoint's figures, for the service protocol. */
struct wc_nats_endpoint {
    uint64_t requests, errors, busy_us;
    char last_error[24]; /* its code; "" for none */
};

struct wc_nats_server {
    char id[57];  /* new at each start */
    double heard; /* the loop's time; 0: none */
};

struct wc_nats {
    struct wc_worker *worker;
    struct wc_chat *chat;
    const struct wc_nats_options *options;
    struct wc_nats_keys keys;
    struct wc_nats_site site;
    struct wc_nats_conn *conn, *system;
    char address[17]; /* of this process on NATS: unique per start */
    char down[128];   /* why there is no connection */
    struct wc_nats_route routes[WC_NATS_ROUTES];
    char subjects[WC_NATS_ROUTES][64];
    struct wc_soon soon;
    ev_timer tick;
    bool draining;
    struct wc_nats_stats stats;
    struct wc_nats_endpoint endpoints[2]; /* by WC_NATS_ORIGINAL and WC_NATS_REQUESTS */
    struct wc_session_ops *session_ops;

    struct wc_nats_server servers[WC_NATS_SERVERS_MOST];
    struct wc_nats_peer *peers;
    struct wc_nats_request *requests;
    struct wc_nats_original *originals;
    struct wc_nats_session *sessions;
    struct wc_nats_task *tasks;
};

/* Something asked of Redis for this channel. `done` is called once, with WC_UNAVAILABLE when the channel is closed
 * first, unless it is forgotten. */
struct wc_nats_task;
typedef void (*wc_nats_done)(struct wc_nats *n, void *arg, wc_err err, const struct wc_reply *reply);
/* A script on one key. NULL: it failed at once, `done` will not be called. */
struct wc_nats_task *wc_nats_script(struct wc_nats *n, enum wc_script script, struct wc_str key,
                                    const struct wc_str *args, size_t nargs, wc_nats_done done, void *arg);
struct wc_nats_task *wc_nats_command(struct wc_nats *n, const struct wc_str *argv, size_t argc, wc_nats_done done,
                                     void *arg);
void wc_nats_task_forget(struct wc_nats_task *task); /* NULL is fine */
void wc_nats_tasks_end(struct wc_nats *n);

/* A user who asks over NATS, or may; kept for as long as their credentials can live, so that a revocation is seen. */
struct wc_nats_peer {
    UT_hash_handle hh;
    struct wc_user *user;
    struct wc_nats_session *first; /* of theirs, held or being claimed here */
    uint64_t version;              /* of the account, when its credentials were last looked at */
    uint32_t requests, sessions;
    double used; /* the loop's time */
};
struct wc_nats_peer *wc_nats_peer_get(struct wc_nats *n, struct wc_str user);
void wc_nats_peers_tick(struct wc_nats *n);
void wc_nats_peers_end(struct wc_nats *n);
/* Tells the NATS servers who is revoked: after each connection. */
void wc_nats_revoke_again(struct wc_nats *n);
/* A server of the cluster has given a sign of life, on this subject: who is new, or was not heard for a while, does not
 * know who is revoked. */
void wc_nats_server_heard(struct wc_nats *n, struct wc_str subject);

/* May this worker answer there? Only to the inboxes of that user: the server does not check where an answer goes. */
bool wc_nats_inbox(struct wc_str reply, struct wc_str user);

void wc_nats_original(struct wc_nats *n, const struct wc_nats_message *m);
void wc_nats_originals_end(struct wc_nats *n);

/* For wc_chat.committed: publishes the event for bridges, when it has been read. Best effort. */
void wc_nats_bridge(void *nats, struct wc_str key, struct wc_str id);

void wc_nats_service(struct wc_nats *n, const struct wc_nats_message *m);
/* A request to one of the two is answered. `since`: ev_time() when it came; `error`: the code, or empty. */
void wc_nats_served(struct wc_nats *n, enum wc_nats_subject endpoint, double since, struct wc_str error);

#endif
