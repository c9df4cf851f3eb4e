#ifndef WC_CHAT_LEASE_H
#define WC_CHAT_LEASE_H

#include "chat/chat.h"

/*
 * This worker's lease in wcc:workers, the heartbeat through Pub/Sub, and the reaping of workers whose lease has lapsed.
 *
 * A lease is renewed every third of its time. Nobody reaps before one full lease has passed since it regained Redis, or
 * since Redis last refused a renewal, so that an outage of Redis does not end the fleet. A worker that finds that it
 * was declared dead takes a new id and notes its sessions again; its sockets stay.
 */
struct wc_lease *wc_lease_new(struct wc_chat *chat);
void wc_lease_free(struct wc_lease *l);
void wc_lease_redis_ready(struct wc_lease *l);
void wc_lease_redis_lost(struct wc_lease *l);
/* Renews it now: something that it says of the worker has changed. */
void wc_lease_tell(struct wc_lease *l);
/* Is the heartbeat through Redis coming back? */
bool wc_lease_hearing(const struct wc_lease *l);
/* Gives the lease up and forgets the worker; calls back once. */
void wc_lease_stop(struct wc_lease *l, void (*done)(void *arg), void *arg);
/* Until when (monotonic, ms) this worker surely holds its lease under the id that it has; 0: it does not. */
uint64_t wc_lease_until(const struct wc_lease *l);
/* The workers that hold a lease, separated by spaces, this one among them: as of the last renewal. */
struct wc_str wc_lease_live(const struct wc_lease *l);
/* What the script workers_expired answered somebody else. */
void wc_lease_take_live(struct wc_lease *l, const struct wc_reply *workers);
/* The same, read now; in any case answered later. The view is valid until the callback returns. */
void wc_lease_read_live(struct wc_lease *l, void (*cb)(void *arg, wc_err err, struct wc_str live), void *arg);

#endif
