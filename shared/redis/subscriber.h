#ifndef WC_REDIS_SUBSCRIBER_H
#define WC_REDIS_SUBSCRIBER_H

#include "redis/client.h"

/*
 * The connection for subscriptions: a socket of our own read with hiredis' redisReader (its asynchronous API has traps
 * on subscribers). Keeps the set of channels, subscribes to all of them again after a loss, batches (S)UBSCRIBE
 * commands of a loop turn into few writes. Same options as the client.
 */
struct wc_subscriber;
struct wc_subscription;

struct wc_subscription_events {
    void (*confirmed)(void *arg);                      /* Redis has said so; again after each reconnection */
    void (*message)(void *arg, struct wc_str payload); /* valid until it returns */
    void (*lost)(void *arg);                           /* the connection is gone; confirmed will follow */
};

struct wc_subscriber *wc_subscriber_new(struct ev_loop *loop, struct wc_log *log,
                                        const struct wc_redis_options *options, const char **why);
void wc_subscriber_free(struct wc_subscriber *s); /* all subscriptions end without callbacks; not from inside one */

/* One subscription a channel name: asking for a name that is subscribed is a bug (asserted). The name is copied,
 * `events` is not. */
struct wc_subscription *wc_subscribe(struct wc_subscriber *s, struct wc_str channel,
                                     const struct wc_subscription_events *events, void *arg);
/* No callback after this; NULL is fine; allowed inside a callback, of its own too. */
void wc_unsubscribe(struct wc_subscription *sub);
bool wc_subscription_confirmed(const struct wc_subscription *sub);
struct wc_str wc_subscription_channel(const struct wc_subscription *sub); /* valid as long as it is */
/* The `arg` of the subscription of this name, or NULL: whoever has one for each channel needs no table of their own. */
void *wc_subscription_of(const struct wc_subscriber *s, struct wc_str channel);
/* Calls back with the `arg` of every subscription that has these events; it may end that one, and no other. */
void wc_subscriptions_each(struct wc_subscriber *s, const struct wc_subscription_events *events, void (*cb)(void *arg));

/* Drop the connection and make a new one (a heartbeat through it was missed). */
void wc_subscriber_reconnect(struct wc_subscriber *s, const char *why);
bool wc_subscriber_connected(const struct wc_subscriber *s);

struct wc_subscriber_stats {
    uint64_t messages, connects, channels; /* channels: a gauge */
};
const struct wc_subscriber_stats *wc_subscriber_stats(const struct wc_subscriber *s);

#endif
