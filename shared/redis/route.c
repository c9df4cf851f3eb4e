#define _GNU_SOURCE /* SOCK_NONBLOCK, SOCK_CLOEXEC */
#include "redis/route.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "redis/lookup.h"

#define BACKOFF_MIN_MS 50
#define BACKOFF_MAX_MS 2000
#define HELD_MS        250
#define KEEPALIVE_S    15

static bool is_numeric(const char *host)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return false;
    freeaddrinfo(found);
    return true;
}

void wc_route_init(struct wc_route *route, struct ev_loop *loop, const struct wc_redis_url *url, wc_route_cb cb,
                   void *arg)
{
    *route = (struct wc_route){.loop = loop, .url = url, .port = url->port, .cb = cb, .arg = arg};
}

void wc_route_end(struct wc_route *route)
{
    wc_lookup_cancel(route->lookup);
    route->lookup = NULL;
}

const char *wc_route_next(struct wc_route *route)
{
    if (route->url->path != NULL)
        return route->url->path;
    if (route->url->host != NULL && is_numeric(route->url->host))
        return route->url->host;
    return route->next < route->count ? route->address[route->next++] : NULL;
}

static void on_lookup(void *arg, const char *why, uint16_t port, const struct addrinfo *found)
{
    struct wc_route *route = arg;
    route->lookup = NULL;
    route->count = route->next = 0;
    route->port = port;
    for (; found != NULL && route->count < WC_ROUTE_ADDRESSES; found = found->ai_next)
        if (getnameinfo(found->ai_addr, found->ai_addrlen, route->address[route->count], WC_ROUTE_ADDRESS_LEN, NULL, 0,
                        NI_NUMERICHOST) == 0)
            route->count++;
    if (why == NULL && route->count == 0)
        why = "the host name has no address";
    route->cb(route->arg, why);
}

void wc_route_lookup(struct wc_route *route)
{
    if (route->lookup == NULL)
        route->lookup = wc_lookup_start(route->loop, route->url, route->lookups++, on_lookup, route);
}

void wc_route_good(struct wc_route *route)
{
    route->good_ms = wc_monotonic_ms();
    route->count = route->next = 0;
}

double wc_route_delay(struct wc_route *route)
{
    if (route->next < route->count)
        return 0;
    if (route->good_ms != 0 && wc_monotonic_ms() - route->good_ms >= HELD_MS)
        route->backoff_ms = 0;
    route->good_ms = 0;
    uint64_t ms = route->backoff_ms == 0 ? BACKOFF_MIN_MS : route->backoff_ms * 2;
    route->backoff_ms = ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
    uint16_t dice;
    wc_random(&dice, sizeof dice);
    return (double)route->backoff_ms / 1000.0 * (1.0 - 0.5 * dice / UINT16_MAX);
}

static int started(int fd, const struct sockaddr *to, socklen_t len)
{
    if (connect(fd, to, len) == 0 || errno == EINPROGRESS)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? -1 : started(fd, (const struct sockaddr *)&to, sizeof to);
}

static int connect_tcp(const struct addrinfo *to)
{
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1, idle = KEEPALIVE_S;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof idle);
    return started(fd, to->ai_addr, to->ai_addrlen);
}

int wc_route_connect(const struct wc_route *route, const char *address)
{
    if (route->url->path != NULL)
        return connect_unix(address);
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found;
    char port[8];
    snprintf(port, sizeof port, "%u", route->port);
    if (getaddrinfo(address, port, &hints, &found) != 0) {
        errno = EINVAL;
        return -1;
    }
    int fd = connect_tcp(found);
    int saved = errno;
    freeaddrinfo(found);
    errno = saved;
    return fd;
}
