#define _GNU_SOURCE /* accept4 */

#include "telnet/telnet.h"

#include "telnet/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, ACCEPTS_A_TURN = 64, PAUSE_MS = 100 };

struct wc_telnet_listener {
    struct ev_io io;
    struct wc_telnet *ch;
};

static void set(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof(value)); /* a wish: the connection works without */
}

/* Splits `host:port`, `[host]:port`, `:port`; both are copied. */
static bool split(struct wc_str addr, char *host, size_t host_size, char *port, size_t port_size)
{
    size_t colon = addr.n;
    while (colon > 0 && addr.p[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    struct wc_str h = {addr.p, colon - 1}, p = wc_str_from(addr, colon);
    if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
        h = (struct wc_str){h.p + 1, h.n - 2};
    else if (h.n != 0 && memchr(h.p, ':', h.n) != NULL)
        return false;
    uint64_t number;
    if (h.n >= host_size || p.n >= port_size || !wc_str_u64(p, 65535, &number))
        return false;
    snprintf(host, host_size, "%.*s", WC_STR_ARG(h));
    snprintf(port, port_size, "%.*s", WC_STR_ARG(p));
    return true;
}

static int open_socket(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (ai->ai_family == AF_INET6)
        set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    /* What is accepted has these from the start (Linux copies the listener's): five system calls less for each. */
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void read_peer(const struct sockaddr_storage *from, struct wc_telnet_address *peer)
{
    *peer = (struct wc_telnet_address){.ip = IN6ADDR_ANY_INIT};
    if (from->ss_family == AF_INET6) {
        peer->ip = ((const struct sockaddr_in6 *)from)->sin6_addr;
    } else if (from->ss_family == AF_INET) {
        memset(peer->ip.s6_addr + 10, 0xff, 2);
        memcpy(peer->ip.s6_addr + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
    }
}

/* *proxied: it begins with a PROXY header. From whom one is believed is decided by the address alone, never by what
 * comes: the protocol's specification forbids to guess. */
static bool may_come(const struct wc_telnet *ch, const struct sockaddr_storage *from, bool *proxied)
{
    struct wc_ip ip = {{0}};
    bool known = wc_ip_of((const struct sockaddr *)from, &ip);
    *proxied = ch->trusted.n == 0 ? ch->options->proxy : known && wc_nets_have(&ch->trusted, &ip);
    return *proxied || !ch->options->proxy;
}

static void admit(struct wc_telnet *ch, int fd, const struct sockaddr_storage *from)
{
    static const char full[] = "error: unavailable too many connections here, try again later\r\n";
    struct wc_telnet_address peer;
    bool proxied;
    if (!may_come(ch, from, &proxied)) {
        ch->counts.refused++;
        close(fd);
        return;
    }
    if (ch->counts.connections >= ch->options->max_connections) {
        ch->counts.refused++;
        (void)send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT); /* a courtesy */
        close(fd);
        return;
    }
    read_peer(from, &peer);
    wc_telnet_conn_new(ch, fd, &peer, proxied);
}

/* Out of descriptors or memory: the listener stays readable, so it is left alone for a moment. */
static void pause_accepting(struct wc_telnet *ch)
{
    uint64_t repeated = 0;
    if (wc_log_allowed(&ch->accept_limit, &repeated))
        wc_log(ch->worker->log, WC_WARN, "telnet: can't accept", WC_Z("error", strerror(errno)),
               WC_I("repeated", repeated));
    wc_telnet_listen_stop(ch);
    ev_timer_set(&ch->accept_again, PAUSE_MS / 1000.0, 0);
    ev_timer_start(ch->worker->loop, &ch->accept_again);
}

static void on_connection(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct wc_telnet_listener *l = io->data;
    (void)loop;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
        socklen_t n = sizeof(from);
        int fd = accept4(io->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(l->ch, fd, &from);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(l->ch);
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

static void add(struct wc_telnet *ch, int fd)
{
    size_t n = ch->nlisteners;
    ch->listeners = wc_realloc_array(ch->listeners, n + 1, sizeof(*ch->listeners));
    ev_io_init(&ch->listeners[n].io, on_connection, fd, EV_READ);
    ch->listeners[n].ch = ch;
    ch->nlisteners++;
}

bool wc_telnet_listen(struct wc_telnet *ch, struct wc_str addr, struct wc_buf *why)
{
    char host[256], port[8];
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (!split(addr, host, sizeof(host), port, sizeof(port))) {
        wc_buf_addf(why, "telnet: %.*s is no address: host:port, [::1]:port or :port", WC_STR_ARG(addr));
        return false;
    }
    int failed = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &found);
    if (failed != 0) {
        wc_buf_addf(why, "telnet: %.*s: %s", WC_STR_ARG(addr), gai_strerror(failed));
        return false;
    }
    size_t before = ch->nlisteners;
    int error = EADDRNOTAVAIL;
    bool refused = false; /* not only for a family or an address that this machine has not */
    for (const struct addrinfo *ai = found; ai != NULL && !refused; ai = ai->ai_next) {
        int fd = open_socket(ai);
        if (fd >= 0) {
            add(ch, fd);
            continue;
        }
        error = errno;
        refused = error != EAFNOSUPPORT && error != EADDRNOTAVAIL;
    }
    freeaddrinfo(found);
    if (!refused && ch->nlisteners != before)
        return true;
    wc_buf_addf(why, "telnet: can't listen on %.*s: %s", WC_STR_ARG(addr), strerror(error));
    return false;
}

void wc_telnet_listen_start(struct wc_telnet *ch)
{
    for (size_t i = 0; i < ch->nlisteners; i++) {
        ch->listeners[i].io.data = &ch->listeners[i]; /* where it came to lie */
        ev_io_start(ch->worker->loop, &ch->listeners[i].io);
    }
}

void wc_telnet_listen_stop(struct wc_telnet *ch)
{
    for (size_t i = 0; i < ch->nlisteners; i++)
        ev_io_stop(ch->worker->loop, &ch->listeners[i].io);
}

void wc_telnet_listen_close(struct wc_telnet *ch)
{
    wc_telnet_listen_stop(ch);
    for (size_t i = 0; i < ch->nlisteners; i++)
        close(ch->listeners[i].io.fd);
    free(ch->listeners);
    ch->listeners = NULL;
    ch->nlisteners = 0;
}
