#define _GNU_SOURCE
#include "redis/lookup.h"

#include "base/mem.h"
#include "base/str.h"
#include "redis/client.h"

#include <hiredis/hiredis.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SENTINEL_TIMEOUT_MS = 500 };

/* Shared by the loop and the thread; freed by whoever lets go last. */
struct job {
    atomic_int holders;
    int done_fd;
    struct wc_redis_host redis; /* without a host before the Sentinels have told */
    struct wc_redis_host sentinels[WC_REDIS_SENTINELS];
    size_t nsentinels;
    unsigned turn;
    char *master;
    const char *why; /* it failed */
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
    for (size_t i = 0; i < job->nsentinels; i++)
        free(job->sentinels[i].host);
    free(job->master);
    free(job->redis.host);
    free(job);
}

static bool take_master(struct job *job, const redisReply *reply)
{
    uint64_t port;
    const struct wc_reply *answer = (const struct wc_reply *)(const void *)reply;
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || wc_reply_count(answer) != 2)
        return false;
    port = wc_reply_u64(answer, 1);
    if (port == 0 || port > UINT16_MAX)
        return false;
    job->redis = (struct wc_redis_host){wc_str_dup(wc_reply_str(answer, 0)), (uint16_t)port};
    return true;
}

/* Redis Sentinel's guidelines for clients: the first that answers is believed. */
static bool ask_sentinel(struct job *job, const struct wc_redis_host *sentinel)
{
    const struct timeval patience = {.tv_usec = SENTINEL_TIMEOUT_MS * 1000};
    redisContext *c = redisConnectWithTimeout(sentinel->host, sentinel->port, patience);
    if (c == NULL)
        return false;
    redisReply *reply = NULL;
    if (c->err == 0 && redisSetTimeout(c, patience) == REDIS_OK)
        reply = redisCommand(c, "SENTINEL GET-MASTER-ADDR-BY-NAME %s", job->master);
    bool found = take_master(job, reply);
    freeReplyObject(reply);
    redisFree(c);
    return found;
}

static bool find_master(struct job *job)
{
    for (size_t i = 0; i < job->nsentinels; i++)
        if (ask_sentinel(job, &job->sentinels[(job->turn + i) % job->nsentinels]))
            return true;
    job->why = "no Sentinel tells where the master is";
    return false;
}

static void resolve(struct job *job)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int rc = getaddrinfo(job->redis.host, NULL, &hints, &job->found);
    if (rc == 0)
        return;
    job->found = NULL;
    job->why = gai_strerror(rc);
}

static void *look_up(void *arg)
{
    struct job *job = arg;
    if (job->master == NULL || find_master(job))
        resolve(job);
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
    cb(arg, job->why, job->redis.port, job->found);
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

static struct job *job_new(const struct wc_redis_url *url, unsigned turn)
{
    struct job *job = WC_NEW(struct job);
    atomic_init(&job->holders, 2);
    job->turn = turn;
    job->redis.port = url->port;
    if (url->host != NULL)
        job->redis.host = wc_str_dup(wc_str(url->host));
    if (url->master != NULL)
        job->master = wc_str_dup(wc_str(url->master));
    for (; job->nsentinels < url->nsentinels; job->nsentinels++) {
        const struct wc_redis_host *from = &url->sentinels[job->nsentinels];
        job->sentinels[job->nsentinels] = (struct wc_redis_host){wc_str_dup(wc_str(from->host)), from->port};
    }
    return job;
}

struct wc_lookup *wc_lookup_start(struct ev_loop *loop, const struct wc_redis_url *url, unsigned turn, wc_lookup_cb cb,
                                  void *arg)
{
    struct job *job = job_new(url, turn);
    job->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct wc_lookup *lookup = WC_NEW(struct wc_lookup);
    *lookup = (struct wc_lookup){.loop = loop, .job = job, .cb = cb, .arg = arg};
    ev_io_init(&lookup->done, on_done, job->done_fd, EV_READ);
    lookup->done.data = lookup;
    if (job->done_fd < 0 || start_thread(job) != 0) {
        job->why = "no thread for the lookup"; /* out of descriptors or threads: told from the loop, as everything is */
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
