#ifndef WC_REDIS_ADAPTER_H
#define WC_REDIS_ADAPTER_H

#include "base/loop.h"

/*
 * hiredis' asynchronous context on libev. Unlike the adapter that hiredis brings, what was issued in a loop turn is
 * written at the end of the same turn (wc_adapter_flush from an ev_prepare): no extra turn, and the write watcher,
 * started and stopped again before libev looks, costs no epoll_ctl. What is issued after the flush goes through the
 * watcher.
 */
struct redisAsyncContext;

/* hiredis frees it with the context. Before this the connect callback must not be set (a refusal would go unnoticed).
 */
void wc_adapter_attach(struct ev_loop *loop, struct redisAsyncContext *ac);
/* Only on a connected context. May end in its disconnect callback: `ac` is gone then. */
void wc_adapter_flush(struct redisAsyncContext *ac);
/* Something more was issued. In a turn that issues a lot, what is there is written now and then, so that Redis works
 * on the first of it while the rest is made. Calls nobody back: an error is found by the next flush. */
void wc_adapter_issued(struct redisAsyncContext *ac);

#endif
