#include "http/listen.h"

#include "base/mem.h"

#include <errno.h>
#include <h2o/http1.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, ACCEPTS = 32 /* in one go: requests want their turn too */, USER_TIMEOUT_MS = 60000 };
#define PAUSE_S 0.1 /* when the process has no descriptors left */

struct wc_http_listener {
    struct wc_http *http;
    struct wc_http_listener *next;
    h2o_socket_t *sock;
    ev_timer again;
};

static void on_readable(h2o_socket_t *sock, const char *err);

static void resume(struct wc_http *http)
{
    for (struct wc_http_listener *l = http->listeners; l != NULL; l = l->next) {
        if (!h2o_socket_is_reading(l->sock) && !ev_is_active(&l->again))
            h2o_socket_read_start(l->sock, on_readable);
    }
}

static void pause_all(struct wc_http *http)
{
    for (struct wc_http_listener *l = http->listeners; l != NULL; l = l->next)
        h2o_socket_read_stop(l->sock);
}

void wc_http_connection_begun(struct wc_http *http)
{
    if (++http->counts.connections == http->max_connections)
        pause_all(http);
}

void wc_http_connection_ended(struct wc_http *http)
{
    if (http->counts.connections-- == http->max_connections)
        resume(http);
}

static void on_connection_closed(void *p)
{
    wc_http_connection_ended(p);
}

static void on_again(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)events;
    struct wc_http_listener *l = WC_CONTAINER(w, struct wc_http_listener, again);
    if (l->http->counts.connections < l->http->max_connections)
        resume(l->http);
}

/* Nothing was accepted. When that is for want of something, the listener would be readable for ever. */
static void on_nothing(struct wc_http_listener *l, int error)
{
    if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
        return;
    h2o_socket_read_stop(l->sock);
    ev_timer_start(l->http->worker->loop, &l->again);
}

static void serve(struct wc_http *http, h2o_socket_t *sock)
{
    sock->on_close.cb = on_connection_closed;
    sock->on_close.data = http;
    http->counts.accepted++;
    wc_http_connection_begun(http);
    h2o_http1_accept(&http->accept, sock, *h2o_get_timestamp(&http->context, NULL, NULL));
}

static void on_readable(h2o_socket_t *listener, const char *err)
{
    struct wc_http_listener *l = listener->data;
    if (err != NULL)
        return;
    for (int i = 0; i < ACCEPTS && l->http->counts.connections < l->http->max_connections; i++) {
        h2o_socket_t *sock = h2o_evloop_socket_accept(listener);
        if (sock == NULL) {
            on_nothing(l, errno);
            return;
        }
        serve(l->http, sock);
    }
}

static void add(struct wc_http *http, int fd)
{
    struct wc_http_listener *l = WC_NEW(struct wc_http_listener);
    l->http = http;
    l->next = http->listeners;
    http->listeners = l;
    ev_timer_init(&l->again, on_again, PAUSE_S, 0.0);
    l->sock = h2o_evloop_socket_create(http->glue.h2o, fd, H2O_SOCKET_FLAG_DONT_READ);
    l->sock->data = l;
    h2o_socket_read_start(l->sock, on_readable);
}

static int open_socket(const struct addrinfo *ai)
{
    const int on = 1, timeout = USER_TIMEOUT_MS;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (ai->ai_family == AF_INET6) /* 0.0.0.0 and :: are two addresses */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    /* What is accepted has these from the start: Linux copies the listener's. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* `[::1]:80` is ::1 and 80. Both are malloc'ed. */
static bool split(struct wc_str addr, char **host, char **port)
{
    size_t colon = addr.n;
    while (colon > 0 && addr.p[colon - 1] != ':')
        colon--;
    if (colon == 0 || colon == addr.n)
        return false;
    struct wc_str name = {addr.p, colon - 1};
    bool brackets = name.n >= 2 && name.p[0] == '[' && name.p[name.n - 1] == ']';
    if (brackets)
        name = (struct wc_str){name.p + 1, name.n - 2};
    else if (name.n > 0 && memchr(name.p, ':', name.n) != NULL)
        return false;
    *host = wc_str_dup(wc_str_is(name, "*") ? WC_STR("") : name);
    *port = wc_str_dup(wc_str_from(addr, colon));
    return true;
}

static bool look_up(struct wc_str addr, struct addrinfo **out, struct wc_buf *why)
{
    char *host, *port;
    uint64_t number;
    if (!split(addr, &host, &port)) {
        wc_buf_addf(why, "option http: %.*s is not host:port", WC_STR_ARG(addr));
        return false;
    }
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    int error = !wc_str_u64(wc_str(port), 65535, &number)
                    ? EAI_SERVICE
                    : getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, out);
    if (error != 0)
        wc_buf_addf(why, "option http: %.*s: %s", WC_STR_ARG(addr), gai_strerror(error));
    free(host);
    free(port);
    return error == 0;
}

bool wc_http_listen(struct wc_http *http, struct wc_str addr, struct wc_buf *why)
{
    struct addrinfo *all;
    bool any = false;
    int error = 0;
    if (!look_up(addr, &all, why))
        return false;
    for (const struct addrinfo *ai = all; ai != NULL; ai = ai->ai_next) {
        int fd = open_socket(ai);
        if (fd >= 0) {
            add(http, fd);
            any = true;
        } else if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL) {
            error = errno;
            break;
        } else {
            error = errno;
        }
    }
    freeaddrinfo(all);
    if (any && (error == 0 || error == EAFNOSUPPORT || error == EADDRNOTAVAIL))
        return true;
    wc_buf_addf(why, "can't listen on %.*s for HTTP: %s", WC_STR_ARG(addr), strerror(error));
    return false;
}

void wc_http_listen_end(struct wc_http *http)
{
    while (http->listeners != NULL) {
        struct wc_http_listener *l = http->listeners;
        http->listeners = l->next;
        ev_timer_stop(http->worker->loop, &l->again);
        h2o_socket_read_stop(l->sock);
        h2o_socket_close(l->sock);
        free(l);
    }
}
