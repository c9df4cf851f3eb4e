#ifndef WC_CHAT_CHAT_H
#define WC_CHAT_CHAT_H

#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/options.h"
#include "chat/password.h"
#include "chat/tokens.h"
#include "redis/client.h"
#include "redis/subscriber.h"

/*
 * The one context of a worker's chat side, passed down everywhere. Its parts find each other through it; what is inside
 * a part is known to its own file alone.
 */
struct wc_chat_options {
    const char *token_key; /* path of the ES256 key that all workers share */
    const char *issuer, *audience;
    uint64_t token_lifetime_ms, refresh_lifetime_ms;
    bool registration;
    const char *admin;   /* who registers under this handle is a site administrator; "": nobody */
    const char *general; /* the room that everybody is in; "" for none */
    uint64_t hash_threads, hash_queue;
    uint64_t login_free, login_delay_max_ms, login_address_free;
    uint64_t post_rate, post_burst;
    uint64_t retention_messages, retention_ms;
    uint64_t lease_ms, grace_ms, heartbeat_ms;
    uint64_t presence_members; /* presence events go to conversations of at most so many */
    uint64_t session_queue;    /* bytes that may wait in a session before it reads from the log */
    uint64_t page;             /* entries of a page of the log */
    const char *durability;    /* durable.h */
    bool io_uring;             /* writer.h */
};
extern const struct wc_option wc_chat_option_rows[];
extern const size_t wc_chat_option_count;

/* The end of a worker's registration, under way. */
struct wc_chat_stop {
    struct wc_chat *chat;
    ev_timer patience;
    void (*done)(void *arg);
    void *arg;
};

#define WC_WORKER_SIZE 11 /* bytes of a worker's id, `w-` and 8 characters, with a NUL */

struct wc_chat {
    struct ev_loop *loop;
    struct wc_log *log;
    struct wc_metrics *metrics;
    struct wc_chat_options options; /* copied; strings outlive the chat */
    uint64_t replicas;              /* that have a post before it is acknowledged, durable.h */
    uint64_t command_timeout_ms;    /* of Redis: what anybody waits for it at most */
    struct wc_redis *redis;
    struct wc_subscriber *subscriber;
    struct wc_tokens *tokens;
    struct wc_passwords *passwords;
    struct wc_calls *calls;       /* call.h */
    struct wc_fanout *fanout;     /* fanout.h */
    struct wc_sessions *sessions; /* session.h */
    struct wc_writer *writer;     /* writer.h */
    struct wc_cursors *cursors;   /* cursor.h */
    struct wc_pages *pages;       /* pages.h */
    struct wc_people *people;     /* people.h */
    struct wc_auth *auth;         /* auth.h */
    struct wc_presence *presence; /* presence.h */
    struct wc_lease *lease;       /* lease.h */
    /* NULL, or: a call of this worker has appended this entry to the log of this conversation (its key). */
    void (*committed)(void *arg, struct wc_str key, struct wc_str id);
    void *committed_arg;
    const struct wc_nats_site *nats; /* nats_jwt.h; NULL: that channel is off */
    struct wc_chat_stop stop;
    const char *version;
    uint64_t started_ms;         /* since the epoch */
    char worker[WC_WORKER_SIZE]; /* this worker's id: unique per start; a new one after it was declared dead */
    bool started;                /* registered, general made: may serve */
    bool draining;
};

/* NULL and a sentence in `why` (kept by the caller) when an option can't be used. Connects at once; `ready` below says
 * when it may serve. */
struct wc_chat *wc_chat_new(struct ev_loop *loop, struct wc_log *log, struct wc_metrics *metrics,
                            const struct wc_chat_options *options, const struct wc_redis_options *redis,
                            struct wc_buf *why);
/* Ends everything still there without callbacks into channels: they are freed before. Gives up the lease first if it
 * can. */
void wc_chat_free(struct wc_chat *chat);

/* Can this worker deliver now? NULL, or why not: "starting", "draining", "subscription lost". Redis being away for
 * everybody is not among them: see wc_redis_problem. */
const char *wc_chat_not_ready(const struct wc_chat *chat);

/* From now on this worker is not ready, and Redis says that it is draining. It serves as before. */
void wc_chat_drain(struct wc_chat *chat);
/* Ends this worker's registration: presence is told, the lease given up. Calls back once, when done or after 2 s. */
void wc_chat_stop(struct wc_chat *chat, void (*done)(void *arg), void *arg);

#endif
