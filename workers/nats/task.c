#include "nats/state.h"

#include "base/mem.h"

struct wc_nats_task {
    struct wc_nats_task *next, **link;
    struct wc_nats *nats; /* NULL: forgotten */
    wc_nats_done done;
    void *arg;
};

void wc_nats_task_forget(struct wc_nats_task *task)
{
    if (task == NULL || task->nats == NULL)
        return;
    *task->link = task->next;
    if (task->next != NULL)
        task->next->link = task->link;
    task->nats = NULL;
}

static void on_done(void *arg, wc_err err, const struct wc_reply *reply)
{
    struct wc_nats_task *task = arg;
    struct wc_nats *n = task->nats;
    wc_nats_task_forget(task);
    if (n != NULL)
        task->done(n, task->arg, err, reply);
    free(task);
}

static struct wc_nats_task *task_new(struct wc_nats *n, wc_nats_done done, void *arg)
{
    struct wc_nats_task *task = WC_NEW(struct wc_nats_task);
    task->nats = n;
    task->done = done;
    task->arg = arg;
    task->next = n->tasks;
    task->link = &n->tasks;
    if (task->next != NULL)
        task->next->link = &task->next;
    n->tasks = task;
    return task;
}

static struct wc_nats_task *started(struct wc_nats_task *task, wc_err err)
{
    if (err == WC_OK)
        return task;
    wc_nats_task_forget(task);
    free(task);
    return NULL;
}

struct wc_nats_task *wc_nats_script(struct wc_nats *n, enum wc_script script, struct wc_str key,
                                    const struct wc_str *args, size_t nargs, wc_nats_done done, void *arg)
{
    struct wc_nats_task *task = task_new(n, done, arg);
    return started(task, wc_redis_script(n->chat->redis, script, &key, 1, args, nargs, on_done, task));
}

struct wc_nats_task *wc_nats_command(struct wc_nats *n, const struct wc_str *argv, size_t argc, wc_nats_done done,
                                     void *arg)
{
    struct wc_nats_task *task = task_new(n, done, arg);
    return started(task, wc_redis_command(n->chat->redis, argv, argc, on_done, task));
}

void wc_nats_tasks_end(struct wc_nats *n)
{
    while (n->tasks != NULL) {
        struct wc_nats_task *task = n->tasks;
        wc_nats_task_forget(task);
        task->done(n, task->arg, WC_UNAVAILABLE, NULL);
    }
}
