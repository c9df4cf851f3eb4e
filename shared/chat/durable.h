#ifndef WC_CHAT_DURABLE_H
#define WC_CHAT_DURABLE_H

#include "chat/call.h"

/* The option `durability`: none, fsync or replicas:N. */
struct wc_durability {
    bool fsync;        /* Redis has to write to its disk before it answers */
    uint64_t replicas; /* that have to have it */
};
/* False, *out untouched, when it is none of these. */
bool wc_durability_read(struct wc_str text, struct wc_durability *out);

/*
 * With replicas:N: acknowledged only when replicas have it: one WAIT a loop turn, on the connection that posted, for
 * all posts that were answered in it. A post that was lost with the connection in between is not known to be anywhere:
 * unavailable.
 */
struct wc_durable {
    struct wc_chat *chat;
    ev_prepare turn;
    struct wc_call *waiting; /* posts of this turn, by call->next */
    uint64_t connects;       /* the connection on which they were answered */
};

void wc_durable_init(struct wc_durable *d, struct wc_chat *chat);
void wc_durable_end(struct wc_durable *d);

/* Ends a call whose write Redis has answered: at once, or, when replicas are asked for, as soon as so many have
 * it; unavailable when they don't in time. The result is there already. */
void wc_call_durable(struct wc_call *call);

#endif
