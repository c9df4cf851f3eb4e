#define _GNU_SOURCE
#include "redis/lookup.h"

#include "base/mem.h"
#include "base/str.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Shared by the loop and the thread; freed by whoever lets go last. */
struct job {
    atomic_int holders;
    int done_fd;
    char *host;
    int rc;
    struct addrinfo *found;
};

struct wc_lookup {
    struct ev_loop *loop;
    ev_io done;
    struct job *job;
    wc_lookup_cb cb;
    void *arg;
};

static void let_go(struct job *job)
{
    if (atomic_fetch_sub(&job->holders, 1) != 1)
        return;
    if (job->found != NULL)
        freeaddrinfo(job->found);
    close(job->done_fd);
    free(job->host);
    free(job);
}

static void *look_up(void *arg)
{
    struct job *job = arg;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    job->rc = getaddrinfo(job->host, NULL, &hints, &job->found);
    if (job->rc != 0)
        job->found = NULL;
    uint64_t one = 1;
    ssize_t n = write(job->done_fd, &one, sizeof one);
    (void)n; /* a fresh eventfd takes it */
    let_go(job);
    return NULL;
}

static void on_done(struct ev_loop *loop, ev_io *w, int revents)
{
    (void)revents;
    struct wc_lookup *lookup = w->data;
    struct job *job = lookup->job;
    wc_lookup_cb cb = lookup->cb;
    void *arg = lookup->arg;
    ev_io_stop(loop, w);
    free(lookup);
    cb(arg, job->rc != 0 ? gai_strerror(job->rc) : NULL, job->found);
    let_go(job);
}

/* Signals are the main thread's: none may be handled here. */
static int start_thread(struct job *job)
{
    sigset_t all, old;
    pthread_attr_t attr;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attr, look_up, job);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

struct wc_lookup *wc_lookup_start(struct ev_loop *loop, const char *host, wc_lookup_cb cb, void *arg)
{
    struct job *job = WC_NEW(struct job);
    atomic_init(&job->holders, 2);
    job->host = wc_str_dup(wc_str(host));
    job->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct wc_lookup *lookup = WC_NEW(struct wc_lookup);
    *lookup = (struct wc_lookup){.loop = loop, .job = job, .cb = cb, .arg = arg};
    ev_io_init(&lookup->done, on_done, job->done_fd, EV_READ);
    lookup->done.data = lookup;
    if (job->done_fd < 0 || start_thread(job) != 0) {
        job->rc = EAI_AGAIN; /* out of descriptors or threads: told from the loop, as everything is */
        let_go(job);
        ev_feed_event(loop, &lookup->done, EV_READ);
        return lookup;
    }
    ev_io_start(loop, &lookup->done);
    return lookup;
}

void wc_lookup_cancel(struct wc_lookup *lookup)
{
    if (lookup == NULL)
        return;
    ev_io_stop(lookup->loop, &lookup->done);
    let_go(lookup->job);
    free(lookup);
}
