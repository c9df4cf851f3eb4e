#ifndef WC_CHAT_PASSWORD_H
#define WC_CHAT_PASSWORD_H

#include "base/err.h"
#include "base/loop.h"
#include "base/str.h"

/*
 * Passwords: Argon2id (RFC 9106), 19,456 KiB, t=2, p=1 (OWASP's second choice), as PHC strings. About 20 ms each, so in
 * threads of their own with a bounded queue; nothing else of wcchat runs there.
 * The contract of callbacks is the one of redis/client.h: not inside the call, exactly once, on the loop.
 */
#define WC_PASSWORD_MAX 1024 /* bytes; only a bound for memory, what a password may be is decided elsewhere */

struct wc_passwords;
/* `threads` 1 to 16; `queue` requests waiting at most while all of them work. NULL when no thread can be started. */
struct wc_passwords *wc_passwords_new(struct ev_loop *loop, unsigned threads, unsigned queue);
void wc_passwords_free(struct wc_passwords *p); /* pending requests end without callbacks; not from inside a callback;
                                                   waits for the hashes at work; NULL is fine */

/* phc: NUL-terminated, valid until the callback returns; NULL on WC_UNAVAILABLE. */
typedef void (*wc_password_hash_cb)(void *arg, wc_err err, const char *phc);
typedef void (*wc_password_verify_cb)(void *arg, wc_err err, bool right);

/* The password is copied and the copy wiped. At once WC_UNAVAILABLE when the queue is full, WC_TOO_LARGE past
 * WC_PASSWORD_MAX. */
WC_MUST_CHECK wc_err wc_password_hash(struct wc_passwords *p, struct wc_str password, wc_password_hash_cb cb,
                                      void *arg);
/* An empty or malformed `phc` takes as long as a real one and is never right: an unknown user can't be told by time.
 * The same failures as wc_password_hash. */
WC_MUST_CHECK wc_err wc_password_verify(struct wc_passwords *p, struct wc_str password, struct wc_str phc,
                                        wc_password_verify_cb cb, void *arg);
/* Requests waiting or at work: a gauge. */
unsigned wc_passwords_pending(const struct wc_passwords *p);

#endif
