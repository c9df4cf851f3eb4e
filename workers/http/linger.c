#include "http/linger.h"

#include "base/mem.h"
#include "http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_MAX = 64, LINGER_READS = 16, LINGER_READ = 16 * 1024 };
#define LINGER_S 2.0

struct wc_http_linger {
    struct wc_http *http;
    struct wc_http_linger *next, **link;
    ev_io readable;
    ev_timer enough;
    int fd;
};

static void end(struct wc_http_linger *l)
{
    struct ev_loop *loop = l->http->worker->loop;
    ev_io_stop(loop, &l->readable);
    ev_timer_stop(loop, &l->enough);
    close(l->fd);
    *l->link = l->next;
    if (l->next != NULL)
        l->next->link = l->link;
    l->http->nlingering--;
    free(l);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
    (void)loop;
    (void)events;
    char thrown_away[LINGER_READ];
    struct wc_http_linger *l = WC_CONTAINER(w, struct wc_http_linger, readable);
    for (int i = 0; i < LINGER_READS; i++) {
        ssize_t n = recv(l->fd, thrown_away, sizeof(thrown_away), MSG_DONTWAIT);
        if (n > 0 || (n < 0 && errno == EINTR))
            continue;
        if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
            end(l);
        return;
    }
}

static void on_enough(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    end(WC_CONTAINER(w, struct wc_http_linger, enough));
}

static void start(struct wc_http *http, int fd)
{
    struct wc_http_linger *l = WC_NEW(struct wc_http_linger);
    l->http = http;
    l->fd = fd;
    l->next = http->lingering;
    l->link = &http->lingering;
    if (l->next != NULL)
        l->next->link = &l->next;
    http->lingering = l;
    http->nlingering++;
    ev_io_init(&l->readable, on_readable, fd, EV_READ);
    ev_io_start(http->worker->loop, &l->readable);
    ev_timer_init(&l->enough, on_enough, LINGER_S, 0.0);
    ev_timer_start(http->worker->loop, &l->enough);
}

void wc_http_linger(struct wc_http *http, h2o_req_t *req)
{
    if (req->http1_is_persistent || http->nlingering == LINGER_MAX)
        return;
    int fd = h2o_socket_get_fd(req->conn->callbacks->get_socket(req->conn));
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0)
        start(http, copy);
}

void wc_http_linger_end(struct wc_http *http)
{
    for (struct wc_http_linger *l = http->lingering, *next; l != NULL; l = next) {
        next = l->next;
        end(l);
    }
}
