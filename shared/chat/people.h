#ifndef WC_CHAT_PEOPLE_H
#define WC_CHAT_PEOPLE_H

#include "chat/chat.h"
#include "chat/event.h"
#include "chat/names.h"

/*
 * What this worker keeps of the users it holds sessions or tokens of: a copy of what Redis says, fed by the user's own
 * channel. Subscribed first, read after Redis confirmed, read again on every change and after every reconnection.
 */
struct wc_session;

struct wc_user {
    struct wc_chat *chat;
    uint64_t version, generation;
    char *lists;                 /* families and conversations (people.c); NULL before it was loaded */
    struct wc_session *sessions; /* open here */
    uint32_t touched;            /* seconds of the loop's clock: when wcc:online was last told (presence.c); 0: never */
    bool loaded : 1;             /* was read at least once */
    bool fresh : 1;              /* read after the subscription was confirmed: what follows is what Redis says */
    bool exists : 1, usable : 1, admin : 1;
    char name[];
};

struct wc_people *wc_people_new(struct wc_chat *chat);
void wc_people_free(struct wc_people *people);

/* One reference; never NULL; made (and subscribed to) when it is new. */
struct wc_user *wc_user_get(struct wc_people *people, struct wc_str name);
void wc_user_unref(struct wc_user *user); /* NULL is fine; allowed in every callback */

/* Its name, as an identity has it. */
static inline void wc_user_copy_name(const struct wc_user *user, char out[33])
{
    memcpy(out, user->name, strlen(user->name) + 1);
}

/* Calls back when `user->fresh`: WC_OK (it may not exist), or WC_UNAVAILABLE after a command's time-out. Never inside
 * the call. The caller holds a reference until then. */
void wc_user_when_fresh(struct wc_user *user, void (*cb)(void *arg, wc_err err), void *arg);
/* The callback with this `arg` will not fire. */
void wc_user_forget(struct wc_user *user, void *arg);

/* Its conversations by name, a space behind each: the index, unverified. */
struct wc_str wc_user_convs(const struct wc_user *user);
bool wc_user_has_family(const struct wc_user *user, struct wc_str family);
/* May a session or token of this user go on? `family`: the one it came from, or empty when it came from a password;
 * then `generation` must be the current one. */
bool wc_user_allows(const struct wc_user *user, struct wc_str family, uint64_t generation);
/* Reads the user anew: something says that the list of conversations may have changed. */
void wc_user_recheck(struct wc_user *user);

/* A session joins or leaves user->sessions (called by session.c). */
void wc_user_add_session(struct wc_user *user, struct wc_session *session);
void wc_user_remove_session(struct wc_user *user, struct wc_session *session);

uint64_t wc_people_count(const struct wc_people *people);

#endif
