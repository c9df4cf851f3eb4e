#ifndef WC_CHAT_PRESENCE_H
#define WC_CHAT_PRESENCE_H

#include "chat/session.h"

/*
 * Who is online, per user and channel. A session is noted in Redis when it opens and forgotten when it ended and a
 * short grace is over, so that a reconnect does not flap. It counts only while its worker holds a lease (lease.h):
 * nothing is renewed per session.
 */
struct wc_presence *wc_presence_new(struct wc_chat *chat);
void wc_presence_free(struct wc_presence *p);

/* A session has opened, or ended. What Redis does not take is tried again until it does. */
void wc_presence_begin(struct wc_presence *p, struct wc_session *s);
void wc_presence_end(struct wc_presence *p, struct wc_session *s);
/* The user did something: noted in wcc:online at most once a minute. */
void wc_presence_touch(struct wc_presence *p, struct wc_user *user);
/* All sessions of this worker are noted again, some at a time: it has a new id. */
void wc_presence_again(struct wc_presence *p);
/* Ends all sessions in Redis at once, without grace; calls back when that is done. */
void wc_presence_stop(struct wc_presence *p, void (*done)(void *arg), void *arg);
/* Ends a session of a worker that died; calls back when it is forgotten (or could not be). */
void wc_presence_reap(struct wc_presence *p, struct wc_str worker, struct wc_str user_channel_number,
                      void (*done)(void *arg, wc_err err), void *arg);

/* Tells conversations of at most `presence_members` members what a script said of a user: the reply of session_begin,
 * session_end (changed at 1, version 2, channels 3, status 4, text 5). */
void wc_presence_tell(struct wc_presence *p, struct wc_str user, enum wc_event_type type, struct wc_str channel,
                      struct wc_str version, struct wc_str channels, struct wc_str status, struct wc_str text);

#endif
