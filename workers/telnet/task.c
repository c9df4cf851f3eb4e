#include "telnet/task.h"

#include "telnet/lines.h"
#include "telnet/output.h"

#include <assert.h>

struct wc_telnet_task *wc_telnet_task_new(struct wc_telnet_conn *c, const char *op, wc_telnet_done done)
{
    struct wc_telnet_task *t = WC_NEW(struct wc_telnet_task);
    struct wc_identity who;
    wc_telnet_identity(c, &who);
    t->conn = c;
    t->done = done;
    t->call = wc_call_new(c->ch->worker->chat, op, &who);
    assert(t->call != NULL);
    return t;
}

void wc_telnet_task_arg(struct wc_telnet_task *t, const char *name, struct wc_str value)
{
    wc_call_arg(t->call, wc_str(name), value);
}

void wc_telnet_task_target(struct wc_telnet_task *t, struct wc_str place)
{
    struct wc_buf target = WC_BUF_INIT;
    bool direct = place.n != 0 && place.p[0] == '@';
    wc_buf_z(&target, direct ? "wcchat://users/" : "wcchat://rooms/");
    wc_buf_str(&target, wc_str_from(place, direct ? 1 : 0));
    wc_telnet_task_arg(t, "target", wc_buf_view(&target));
    wc_buf_free(&target);
}

static void unlink_task(struct wc_telnet_task *t)
{
    *t->prev = t->next;
    if (t->next != NULL)
        t->next->prev = t->prev;
    if (t->text)
        t->conn->texts--;
    else
        t->conn->alone--;
}

static void free_task(struct wc_telnet_task *t)
{
    if (t->state != NULL)
        t->dispose(t->state);
    wc_buf_free(&t->note);
    free(t);
}

static void finish(struct wc_telnet_task *t, struct wc_call *call, const struct wc_failure *failure)
{
    if (failure != NULL) {
        if (t->failed != NULL)
            t->failed(t, failure);
        else
            wc_telnet_failure(t->conn, failure);
        return;
    }
    if (t->done == NULL)
        return;
    char why[128];
    wc_json *result = call->result.n != 0 ? wc_json_parse(wc_buf_view(&call->result), why, sizeof(why)) : NULL;
    t->done(t, result);
    wc_json_free(result);
}

static void on_done(void *arg, struct wc_call *call, const struct wc_failure *failure)
{
    struct wc_telnet_task *t = arg;
    struct wc_telnet_conn *c = t->conn;
    unlink_task(t);
    finish(t, call, failure);
    free_task(t);
    wc_telnet_pump(c);
    wc_telnet_mark(c);
}

void wc_telnet_task_start(struct wc_telnet_task *t)
{
    struct wc_telnet_conn *c = t->conn;
    t->next = c->tasks;
    if (t->next != NULL)
        t->next->prev = &t->next;
    t->prev = &c->tasks;
    c->tasks = t;
    if (t->text)
        c->texts++;
    else
        c->alone++;
    wc_call_start(t->call, on_done, t);
}

void wc_telnet_task_cancel_all(struct wc_telnet_conn *c)
{
    struct wc_telnet_task *next;
    for (struct wc_telnet_task *t = c->tasks; t != NULL; t = next) {
        next = t->next;
        wc_call_cancel(t->call);
        free_task(t);
    }
    c->tasks = NULL;
    c->texts = c->alone = 0;
}
