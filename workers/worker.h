#ifndef WC_WORKER_H
#define WC_WORKER_H

#include "chat/chat.h"

/* A worker: one process, one thread, one loop. What its parts share. */
struct wc_worker {
    struct ev_loop *loop;
    struct wc_log *log;
    struct wc_metrics *metrics;
    struct wc_chat *chat;
    const char *version;
};

/* Runs until it has drained after SIGTERM or SIGINT (a second one ends at once); SIGHUP reads the options again.
 * Returns the exit status. */
int wc_worker_main(int argc, char **argv, char **environ_);

#endif
