#include "redis/adapter.h"

#include "base/mem.h"

#include <hiredis/async.h>
#include <stdbool.h>
#include <stdlib.h>

enum { ISSUED_MOST = 16 };

struct adapter {
    struct ev_loop *loop;
    redisAsyncContext *ac;
    ev_io readable, writable;
    unsigned issued; /* since the last write of the turn */
    bool due;        /* something was issued since the last write */
};

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    (void)loop, (void)revents;
    struct adapter *a = w->data;
    redisAsyncHandleRead(a->ac);
}

static void on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
    (void)loop, (void)revents;
    struct adapter *a = w->data;
    a->due = false;
    redisAsyncHandleWrite(a->ac);
}

static void add_read(void *data)
{
    struct adapter *a = data;
    ev_io_start(a->loop, &a->readable);
}

static void del_read(void *data)
{
    struct adapter *a = data;
    ev_io_stop(a->loop, &a->readable);
}

static void add_write(void *data)
{
    struct adapter *a = data;
    if (ev_is_active(&a->writable))
        return;
    a->due = true;
    ev_io_start(a->loop, &a->writable);
}

static void del_write(void *data)
{
    struct adapter *a = data;
    a->due = false;
    ev_io_stop(a->loop, &a->writable);
}

static void cleanup(void *data)
{
    del_read(data);
    del_write(data);
    free(data);
}

void wc_adapter_attach(struct ev_loop *loop, struct redisAsyncContext *ac)
{
    struct adapter *a = WC_NEW(struct adapter);
    a->loop = loop;
    a->ac = ac;
    ev_io_init(&a->readable, on_readable, ac->c.fd, EV_READ);
    ev_io_init(&a->writable, on_writable, ac->c.fd, EV_WRITE);
    a->readable.data = a->writable.data = a;
    ac->ev.data = a;
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = cleanup;
}

void wc_adapter_flush(struct redisAsyncContext *ac)
{
    struct adapter *a = ac->ev.data;
    a->issued = 0;
    if (!a->due)
        return;
    a->due = false;
    redisAsyncHandleWrite(ac);
}

void wc_adapter_issued(struct redisAsyncContext *ac)
{
    struct adapter *a = ac->ev.data;
    int done;
    if (++a->issued < ISSUED_MOST || (ac->c.flags & REDIS_CONNECTED) == 0)
        return;
    a->issued = 0;
    (void)redisBufferWrite(&ac->c, &done);
}
