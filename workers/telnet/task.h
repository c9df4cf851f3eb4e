#ifndef WC_TELNET_TASK_H
#define WC_TELNET_TASK_H

#include "telnet/connection.h"

/*
 * An operation under way for a connection. Ends with `done` when it went well (NULL: nothing is to be said), with an
 * error line otherwise; not at all when the connection is gone.
 */
struct wc_telnet_task;
typedef void (*wc_telnet_done)(struct wc_telnet_task *task, const wc_json *result);

struct wc_telnet_task {
    struct wc_telnet_conn *conn;
    struct wc_call *call;
    wc_telnet_done done;
    /* NULL, or: called in place of printing the error. */
    void (*failed)(struct wc_telnet_task *task, const struct wc_failure *failure);
    struct wc_telnet_task *next, **prev;
    struct wc_buf note;           /* the handler's own words */
    void *state;                  /* and what else it keeps, freed with the task … */
    void (*dispose)(void *state); /* … by this */
    bool text;                    /* a text to a room: others may run beside it */
};

struct wc_telnet_task *wc_telnet_task_new(struct wc_telnet_conn *c, const char *op, wc_telnet_done done);
void wc_telnet_task_arg(struct wc_telnet_task *t, const char *name, struct wc_str value);
/* The target of a place: `dev` or `@bob`. */
void wc_telnet_task_target(struct wc_telnet_task *t, struct wc_str place);
void wc_telnet_task_start(struct wc_telnet_task *t);
/* All tasks of a connection end without a word. */
void wc_telnet_task_cancel_all(struct wc_telnet_conn *c);

#endif
