#include "worker.h"

#include "channel.h"
#include "chat/call.h"
#include "chat/lease.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const struct wc_channel_ops *const kinds[] = {&wc_telnet_channel, &wc_http_channel};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), PATIENCE_TICK_MS = 50 };

struct worker_options {
    const char *log_format, *log_level;
    uint64_t drain_ms, drain_max_ms;
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
    {.name = "drain",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "2s",
     .max = 3600000,
     .offset = offsetof(struct worker_options, drain_ms),
     .help = "After SIGTERM: over how long connections are told to go elsewhere"},
    {.name = "drain-max",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "10s",
     .min = 100,
     .max = 3600000,
     .offset = offsetof(struct worker_options, drain_max_ms),
     .help = "After SIGTERM: the end, whatever is still under way"},
};

/* The program: what is made, in order, and taken down in reverse. */
struct program {
    struct wc_worker worker;
    struct worker_options options;
    struct wc_chat_options chat_options;
    struct wc_redis_options redis_options;
    struct wc_log log;
    struct wc_channel *channels[KINDS];
    ev_signal term, intr;
    ev_timer patience;
    ev_tstamp deadline;
    bool draining, stopping;
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

static struct wc_options *option_tables(struct program *p)
{
    struct wc_option_table tables[3 + KINDS] = {
        {"Worker", option_rows, WC_COUNT(option_rows), &p->options},
        {"Redis", wc_redis_option_rows, wc_redis_option_count, &p->redis_options},
        {"Chat", wc_chat_option_rows, wc_chat_option_count, &p->chat_options},
    };
    for (size_t i = 0; i < KINDS; i++)
        tables[3 + i] =
            (struct wc_option_table){kinds[i]->name, kinds[i]->options, kinds[i]->noptions, kinds[i]->options_target};
    return wc_options_new(tables, WC_COUNT(tables));
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
        wc_buf_z(why, "no channel is on: give --telnet ADDR or --http ADDR");
    return open != 0;
}

static size_t busy(const struct program *p)
{
    size_t n = 0;
    for (size_t i = 0; i < KINDS; i++)
        if (p->channels[i] != NULL)
            n += kinds[i]->busy(p->channels[i]);
    return n;
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

/* Everybody has gone, or had the time to: the registration ends, then the process. */
static void on_patience(EV_P_ ev_timer *timer, int revents)
{
    (void)revents;
    struct program *p = timer->data;
    if (wc_redis_unsuitable(p->worker.chat->redis)) {
        wc_log(&p->log, WC_ERROR, "redis can't be used", WC_Z("why", wc_redis_problem(p->worker.chat->redis)));
        p->status = 1;
        ev_break(loop, EVBREAK_ALL);
    }
    if (!p->draining || p->stopping || (busy(p) != 0 && ev_now(loop) < p->deadline))
        return;
    p->stopping = true;
    wc_log(&p->log, WC_INFO, "drained", WC_I("cut_off", busy(p)));
    close_channels(p);
    wc_chat_stop(p->worker.chat, on_stopped, p);
}

static void on_signal(EV_P_ ev_signal *watcher, int revents)
{
    (void)revents;
    struct program *p = watcher->data;
    if (p->draining) {
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    wc_log(&p->log, WC_INFO, "draining", WC_I("signal", watcher->signum), WC_I("connections", busy(p)));
    p->draining = true;
    p->worker.chat->draining = true;
    p->deadline = ev_now(loop) + (double)p->options.drain_max_ms / 1000;
    for (size_t i = 0; i < KINDS; i++)
        if (p->channels[i] != NULL)
            kinds[i]->drain(p->channels[i], p->options.drain_ms);
}

static void watch(struct program *p)
{
    struct ev_loop *loop = p->worker.loop;
    ev_signal_init(&p->term, on_signal, SIGTERM);
    ev_signal_init(&p->intr, on_signal, SIGINT);
    ev_timer_init(&p->patience, on_patience, PATIENCE_TICK_MS / 1000., PATIENCE_TICK_MS / 1000.);
    p->term.data = p->intr.data = p->patience.data = p;
    ev_signal_start(loop, &p->term);
    ev_signal_start(loop, &p->intr);
    ev_timer_start(loop, &p->patience);
}

static void serve(struct program *p)
{
    struct wc_buf why = WC_BUF_INIT;
    struct wc_worker *w = &p->worker;
    p->status = 1;
    w->chat = wc_chat_new(w->loop, &p->log, w->metrics, &p->chat_options, &p->redis_options, &why);
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

int wc_worker_main(int argc, char **argv, char **environ_)
{
    struct program p = {.status = 1};
    enum wc_level level = WC_INFO;
    struct wc_options *options = option_tables(&p);
    if (read_options(&p, options, argc, argv, environ_)) {
        signal(SIGPIPE, SIG_IGN);
        if (!wc_level_parse(wc_str(p.options.log_level), &level))
            level = WC_INFO;
        wc_log_init(&p.log, STDERR_FILENO, wc_str_is(wc_str(p.options.log_format), "json"), level);
        p.worker.loop = ev_loop_new(EVFLAG_AUTO);
        p.worker.log = &p.log;
        p.worker.metrics = wc_metrics_new();
        p.worker.version = WC_VERSION;
        serve(&p);
        wc_metrics_free(p.worker.metrics);
        ev_loop_destroy(p.worker.loop);
    }
    wc_options_free(options);
    return p.status;
}
