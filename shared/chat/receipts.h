#ifndef WC_CHAT_RECEIPTS_H
#define WC_CHAT_RECEIPTS_H

#include "chat/session.h"

/*
 * `messagedelivered`: the sender of a direct message is told when it was written to a session of the peer. Best effort
 * and not stored: one notice a conversation and loop turn, for the last message written.
 */
struct wc_receipts;
struct wc_receipts *wc_receipts_new(struct wc_chat *chat);
void wc_receipts_free(struct wc_receipts *r);
/* A direct message was handed to a session of its receiver; told once the session has written everything. */
void wc_receipts_note(struct wc_receipts *r, struct wc_session *s, const struct wc_event *ev);
void wc_receipts_forget(struct wc_receipts *r, const struct wc_session *s);
/* After the sessions have written, once a loop turn. */
void wc_receipts_send(struct wc_receipts *r);

#endif
