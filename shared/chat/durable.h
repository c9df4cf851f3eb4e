#ifndef WC_CHAT_DURABLE_H
#define WC_CHAT_DURABLE_H

#include "chat/call.h"

/*
 * Acknowledged only when replicas have it: one WAIT a loop turn, on the connection that posted, for all posts that were
 * answered in it. A post that was lost with the connection in between is not known to be anywhere: unavailable.
 */
struct wc_durable {
    struct wc_chat *chat;
    ev_prepare turn;
    struct wc_call *waiting; /* posts of this turn, by call->next */
    uint64_t connects;       /* the connection on which they were answered */
};

void wc_durable_init(struct wc_durable *d, struct wc_chat *chat);
void wc_durable_end(struct wc_durable *d);

/* Ends a call whose write Redis has answered: at once, or, when the option asks for replicas, as soon as so many have
 * it; unavailable when they don't in time. The result is there already. */
void wc_call_durable(struct wc_call *call);

#endif
