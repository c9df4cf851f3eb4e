#include "worker.h"

#include "channel.h"
#include "chat/call.h"
#include "drain.h"
#include "notify.h"
#include "vitals.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const struct wc_channel_ops *const kinds[] = {&wc_telnet_channel, &wc_http_channel, &wc_nats_channel};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), PATIENCE_TICK_MS = 50, HEAP_KEPT = 2 << 20 };

struct worker_options {
    const char *log_format, *log_level;
    struct wc_drain_options drain;
};

static const struct wc_option option_rows[] = {
    {.name = "log-format",
     .metavar = "FORM",
     .type = WC_OPT_CHOICE,
     .def = "logfmt",
     .choices = "logfmt|json",
     .offset = offsetof(struct worker_options, log_format),
     .help = "How a line of the log is written"},
    {.name = "log-level",
     .metavar = "LEVEL",
     .type = WC_OPT_CHOICE,
     .def = "info",
     .choices = "debug|info|warn|error",
     .offset = offsetof(struct worker_options, log_level),
     .help = "The least important lines that are written"},
    {.name = "drain-delay",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "0",
     .max = 3600000,
     .offset = offsetof(struct worker_options, drain.delay_ms),
     .help = "After SIGTERM: how long all is still served while /readyz fails, so that balancers notice"},
    {.name = "drain",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "2s",
     .max = 3600000,
     .offset = offsetof(struct worker_options, drain.spread_ms),
     .help = "After that: over how long connections are told to go elsewhere, telnet's in the second half"},
    {.name = "drain-max",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "10s",
     .min = 100,
     .max = 3600000,
     .offset = offsetof(struct worker_options, drain.max_ms),
     .help = "After that delay: the end, whatever is still under way"},
};

/* What options fill. Channels' own targets are theirs, unless they are only read to be looked at. */
struct settings {
    struct worker_options own;
    struct wc_chat_options chat;
    struct wc_redis_options redis;
    void *channels[KINDS];
};

/* The program: what is made, in order, and taken down in reverse. */
struct program {
    struct wc_worker worker;
    struct settings settings;
    int argc;
    char **argv, **environ_;
    struct wc_log log;
    struct wc_channel *channels[KINDS];
    struct wc_notify notify;
    struct wc_vitals vitals;
    struct wc_drain drain;
    ev_signal term, intr, hup;
    ev_timer patience;
    bool told_ready, stopping;
    int status;
};

static void say(const char *what, const struct wc_buf *why)
{
    fprintf(stderr, "wcchat-worker: %s%.*s\n", what, WC_STR_ARG(wc_buf_view(why)));
}

/* WC_OK to go on; else the program ends with *status. */
static bool read_options(struct program *p, struct wc_options *options, int argc, char **argv, char **environ_)
{
    struct wc_buf why = WC_BUF_INIT;
    char *text = NULL;
    wc_err err = wc_options_read(options, argc, argv, environ_, WC_VERSION, &why, &text);
    if (err != WC_OK) {
        say("", &why);
        p->status = 2;
    } else if (text != NULL) {
        fputs(text, stdout);
        free(text);
        p->status = 0;
    }
    wc_buf_free(&why);
    return err == WC_OK && text == NULL;
}

static struct wc_options *option_tables(struct settings *to)
{
    struct wc_option_table tables[3 + KINDS] = {
        {"Worker", option_rows, WC_COUNT(option_rows), &to->own},
        {"Redis", wc_redis_option_rows, wc_redis_option_count, &to->redis},
        {"Chat", wc_chat_option_rows, wc_chat_option_count, &to->chat},
    };
    for (size_t i = 0; i < KINDS; i++)
        tables[3 + i] = (struct wc_option_table){kinds[i]->name, kinds[i]->options, kinds[i]->noptions,
                                                 to->channels[i] != NULL ? to->channels[i] : kinds[i]->options_target};
    return wc_options_new(tables, WC_COUNT(tables));
}

static enum wc_level level_of(const struct settings *s)
{
    enum wc_level level = WC_INFO;
    return wc_level_parse(wc_str(s->own.log_level), &level) ? level : WC_INFO;
}

/* SIGHUP: all options are read anew and checked; those that nothing was built on take effect. */

static void apply(struct program *p, const struct settings *fresh)
{
    struct wc_chat_options *chat = &p->worker.chat->options;
    p->log.level = level_of(fresh);
    if (p->drain.phase == WC_SERVING)
        p->settings.own.drain = fresh->own.drain;
    chat->registration = fresh->chat.registration;
    chat->post_rate = fresh->chat.post_rate;
    chat->post_burst = fresh->chat.post_burst;
}

/* Bytes that the largest field of these rows ends at. */
static size_t target_size(const struct wc_channel_ops *kind)
{
    size_t size = 0;
    for (size_t i = 0; i < kind->noptions; i++)
        size = kind->options[i].offset > size ? kind->options[i].offset : size;
    return size + sizeof(struct wc_option_list);
}

static void reload(struct program *p)
{
    struct settings *fresh = WC_NEW(struct settings);
    struct wc_buf why = WC_BUF_INIT;
    char *text = NULL;
    for (size_t i = 0; i < KINDS; i++)
        fresh->channels[i] = wc_alloc(target_size(kinds[i]));
    struct wc_options *options = option_tables(fresh);
    if (wc_options_read(options, p->argc, p->argv, p->environ_, WC_VERSION, &why, &text) == WC_OK) {
        apply(p, fresh);
        wc_log(&p->log, WC_INFO, "options read again", WC_Z("log_level", fresh->own.log_level));
    } else {
        wc_log(&p->log, WC_ERROR, "options not read again", WC_S("why", wc_buf_view(&why)));
    }
    wc_options_free(options);
    for (size_t i = 0; i < KINDS; i++)
        free(fresh->channels[i]);
    free(text);
    wc_buf_free(&why);
    free(fresh);
}

static bool open_channels(struct program *p, struct wc_buf *why)
{
    size_t open = 0;
    for (size_t i = 0; i < KINDS; i++) {
        p->channels[i] = kinds[i]->open(&p->worker, why);
        if (p->channels[i] == NULL && why->n != 0)
            return false;
        open += p->channels[i] != NULL;
    }
    if (open == 0)
        wc_buf_z(why, "no channel is on: give --telnet ADDR, --http ADDR or --nats URL");
    return open != 0;
}

static void close_channels(struct program *p)
{
    for (size_t i = KINDS; i-- > 0;) {
        if (p->channels[i] != NULL)
            kinds[i]->close(p->channels[i]);
        p->channels[i] = NULL;
    }
}

static void on_stopped(void *arg)
{
    struct program *p = arg;
    ev_break(p->worker.loop, EVBREAK_ALL);
}

static void tell_supervisor(struct program *p)
{
    if (p->told_ready || !p->worker.chat->started)
        return;
    p->told_ready = true;
    wc_notify_send(&p->notify, "READY=1\nSTATUS=serving");
}

static void on_patience(EV_P_ ev_timer *timer, int revents)
{
    (void)revents;
    struct program *p = timer->data;
    if (wc_redis_unsuitable(p->worker.chat->redis)) {
        wc_log(&p->log, WC_ERROR, "redis can't be used", WC_Z("why", wc_redis_problem(p->worker.chat->redis)));
        p->status = 1;
        ev_break(loop, EVBREAK_ALL);
    }
    tell_supervisor(p);
    if (p->stopping || !wc_drain_tick(&p->drain, ev_now(loop)))
        return;
    p->stopping = true;
    wc_log(&p->log, WC_INFO, "drained", WC_I("cut_off", wc_drain_busy(&p->drain)));
    close_channels(p);
    wc_chat_stop(p->worker.chat, on_stopped, p);
}

static void on_end(EV_P_ ev_signal *watcher, int revents)
{
    (void)revents;
    struct program *p = watcher->data;
    if (p->drain.phase != WC_SERVING) {
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    wc_log(&p->log, WC_INFO, "draining", WC_I("signal", watcher->signum),
           WC_I("connections", wc_drain_busy(&p->drain)));
    wc_notify_send(&p->notify, "STOPPING=1\nSTATUS=draining");
    p->vitals.draining = 1;
    wc_chat_drain(p->worker.chat);
    wc_drain_begin(&p->drain, ev_now(loop));
}

static void on_reload(EV_P_ ev_signal *watcher, int revents)
{
    (void)loop;
    (void)revents;
    struct program *p = watcher->data;
    wc_notify_reloading(&p->notify);
    reload(p);
    wc_notify_send(&p->notify, p->told_ready ? "READY=1" : "STATUS=starting");
}

static void watch_signal(struct program *p, ev_signal *watcher, void (*cb)(EV_P_ ev_signal *, int), int signum)
{
    ev_signal_init(watcher, cb, signum);
    watcher->data = p;
    ev_signal_start(p->worker.loop, watcher);
}

static void watch(struct program *p)
{
    watch_signal(p, &p->term, on_end, SIGTERM);
    watch_signal(p, &p->intr, on_end, SIGINT);
    watch_signal(p, &p->hup, on_reload, SIGHUP);
    ev_timer_init(&p->patience, on_patience, PATIENCE_TICK_MS / 1000., PATIENCE_TICK_MS / 1000.);
    p->patience.data = p;
    ev_timer_start(p->worker.loop, &p->patience);
}

static void serve(struct program *p)
{
    struct wc_buf why = WC_BUF_INIT;
    struct wc_worker *w = &p->worker;
    p->status = 1;
    w->chat = wc_chat_new(w->loop, &p->log, w->metrics, &p->settings.chat, &p->settings.redis, &why);
    if (w->chat != NULL && open_channels(p, &why)) {
        wc_log(&p->log, WC_INFO, "worker starting", WC_Z("version", WC_VERSION), WC_I("pid", getpid()));
        watch(p);
        p->status = 0;
        ev_run(w->loop, 0);
        wc_log(&p->log, WC_INFO, "worker ended", WC_I("status", p->status));
    } else {
        say("", &why);
    }
    close_channels(p);
    wc_chat_free(w->chat);
    wc_buf_free(&why);
}

/* Everything but the options, in its order. */
static void run(struct program *p)
{
    signal(SIGPIPE, SIG_IGN);
    wc_log_init(&p->log, STDERR_FILENO, wc_str_is(wc_str(p->settings.own.log_format), "json"), level_of(&p->settings));
    p->worker.loop = ev_loop_new(EVFLAG_AUTO);
    p->worker.log = &p->log;
    p->worker.metrics = wc_metrics_new();
    p->worker.version = WC_VERSION;
    p->drain =
        (struct wc_drain){.options = &p->settings.own.drain, .kinds = kinds, .channels = p->channels, .n = KINDS};
    wc_notify_open(&p->notify, p->worker.loop);
    wc_vitals_start(&p->vitals, p->worker.loop, p->worker.metrics);
    serve(p);
    wc_vitals_stop(&p->vitals);
    wc_notify_close(&p->notify, p->worker.loop);
    wc_metrics_free(p->worker.metrics);
    ev_loop_destroy(p->worker.loop);
}

/* What a loop turn makes and frees at the end of the heap (answers, for many at once) is kept for the next, instead of
 * being given back to the kernel and faulted in again each time: glibc keeps 128 KiB. */
static void keep_heap(void)
{
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    mallopt(M_MMAP_THRESHOLD, 1 << 20); /* setting the first ends its growing by itself */
}

int wc_worker_main(int argc, char **argv, char **environ_)
{
    struct program p = {.status = 1, .argc = argc, .argv = argv, .environ_ = environ_};
    keep_heap();
    struct wc_options *options = option_tables(&p.settings);
    if (read_options(&p, options, argc, argv, environ_))
        run(&p);
    wc_options_free(options);
    return p.status;
}
