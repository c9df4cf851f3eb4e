#include "notify.h"

#include "base/clock.h"
#include "base/str.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_watchdog(EV_P_ ev_timer *timer, int revents)
{
    (void)loop;
    (void)revents;
    wc_notify_send(timer->data, "WATCHDOG=1");
}

static bool address(const char *path, struct wc_notify *notify)
{
    size_t n = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || n < 2 || n >= sizeof(notify->to.sun_path))
        return false;
    notify->to.sun_family = AF_UNIX;
    memcpy(notify->to.sun_path, path, n + 1);
    if (path[0] == '@') /* an abstract one */
        notify->to.sun_path[0] = '\0';
    notify->n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return true;
}

static uint64_t number(const char *name)
{
    const char *text = getenv(name);
    uint64_t value = 0;
    return text != NULL && wc_str_u64(wc_str(text), UINT64_MAX, &value) ? value : 0;
}

void wc_notify_open(struct wc_notify *notify, struct ev_loop *loop)
{
    const char *path = getenv("NOTIFY_SOCKET");
    notify->fd = -1;
    ev_timer_init(&notify->watchdog, on_watchdog, 0., 0.);
    notify->watchdog.data = notify;
    if (path == NULL || !address(path, notify))
        return;
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    uint64_t usec = number("WATCHDOG_USEC"), pid = number("WATCHDOG_PID");
    if (notify->fd < 0 || usec == 0 || (pid != 0 && pid != (uint64_t)getpid()))
        return;
    ev_timer_set(&notify->watchdog, 0., (double)usec / 2e6);
    ev_timer_start(loop, &notify->watchdog);
}

void wc_notify_send(struct wc_notify *notify, const char *state)
{
    if (notify->fd < 0)
        return;
    /* Best effort: a supervisor that does not listen must not hold a worker up. */
    (void)sendto(notify->fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&notify->to, notify->n);
}

void wc_notify_reloading(struct wc_notify *notify)
{
    char state[64];
    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)wc_monotonic_ms() * 1000);
    wc_notify_send(notify, state);
}

void wc_notify_close(struct wc_notify *notify, struct ev_loop *loop)
{
    ev_timer_stop(loop, &notify->watchdog);
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}
