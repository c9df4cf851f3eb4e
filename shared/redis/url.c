#define _GNU_SOURCE /* explicit_bzero */
#include "redis/url.h"

#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_PORT  6379
#define SENTINEL_PORT 26379
#define DB_MAX        65535
#define PASSWORD_MAX  1024

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* A malloc'ed copy with %XX resolved; NULL on a broken escape or a control character. */
static char *decoded(struct wc_str s)
{
    char *out = wc_alloc(s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '%') {
            int hi = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
            int lo = i + 2 < s.n ? hex_digit(s.p[i + 2]) : -1;
            c = hi < 0 || lo < 0 ? 0 : (unsigned char)(hi * 16 + lo);
            i += 2;
        }
        if (c < 0x20 || c == 0x7f) {
            free(out);
            return NULL;
        }
        out[n++] = (char)c;
    }
    return out;
}

static bool set_decoded(char **field, struct wc_str s, const char **why)
{
    free(*field);
    *field = decoded(s);
    if (*field == NULL)
        *why = "the Redis URL has a broken %-escape or a control character";
    return *field != NULL;
}

/* Cuts `s` at the first `c`: what is before it is returned, *s is what is behind it, or absent. */
static struct wc_str cut(struct wc_str *s, char c)
{
    const char *at = s->n != 0 ? memchr(s->p, c, s->n) : NULL;
    struct wc_str before = *s;
    if (at == NULL) {
        *s = WC_STR_NONE;
        return before;
    }
    before.n = (size_t)(at - s->p);
    *s = wc_str_from(*s, before.n + 1);
    return before;
}

static bool set_db(struct wc_redis_url *u, struct wc_str s, const char **why)
{
    uint64_t db;
    if (!wc_str_u64(s, DB_MAX, &db)) {
        *why = "the database in the Redis URL must be a number from 0 to 65535";
        return false;
    }
    u->db = (unsigned)db;
    return true;
}

static bool set_user(struct wc_redis_url *u, struct wc_str info, const char **why)
{
    struct wc_str user = cut(&info, ':');
    if (user.n != 0 && !set_decoded(&u->user, user, why))
        return false;
    return info.p == NULL || set_decoded(&u->password, info, why);
}

/* host, host:port, [v6] or [v6]:port */
static bool set_host(char **name, uint16_t *to, struct wc_str s, uint64_t number, const char **why)
{
    struct wc_str host, port = s;
    if (wc_str_starts(s, WC_STR("["))) {
        port = wc_str_from(s, 1);
        host = cut(&port, ']');
        if (port.p == NULL || (port.n != 0 && port.p[0] != ':')) {
            *why = "an IPv6 address in the Redis URL is written [address] or [address]:port";
            return false;
        }
        port = wc_str_from(port, 1);
    } else {
        host = cut(&port, ':');
    }
    if (port.n != 0 && (!wc_str_u64(port, 65535, &number) || number == 0)) {
        *why = "the port in the Redis URL must be a number from 1 to 65535";
        return false;
    }
    if (host.n == 0 || host.n > 253) {
        *why = "the Redis URL needs a host of at most 253 characters";
        return false;
    }
    *to = (uint16_t)number;
    return set_decoded(name, host, why);
}

/* What is behind user and password. */
static bool read_authority(struct wc_redis_url *u, struct wc_str *rest, const char **why)
{
    const char *at = rest->n != 0 ? memrchr(rest->p, '@', rest->n) : NULL;
    if (at != NULL) {
        struct wc_str info = {rest->p, (size_t)(at - rest->p)};
        *rest = wc_str_from(*rest, info.n + 1);
        if (!set_user(u, info, why))
            return false;
    }
    if (rest->n != 0 && memchr(rest->p, '?', rest->n) != NULL) {
        *why = "a redis:// URL takes no ?parameters";
        return false;
    }
    return true;
}

static bool read_tcp(struct wc_redis_url *u, struct wc_str rest, const char **why)
{
    if (!read_authority(u, &rest, why))
        return false;
    struct wc_str host = cut(&rest, '/');
    if (rest.n != 0 && !set_db(u, rest, why))
        return false;
    return set_host(&u->host, &u->port, host, DEFAULT_PORT, why);
}

static bool read_sentinels(struct wc_redis_url *u, struct wc_str rest, const char **why)
{
    if (!read_authority(u, &rest, why))
        return false;
    struct wc_str hosts = cut(&rest, '/'), master = cut(&rest, '/');
    if (master.n == 0) {
        *why = "a redis+sentinel:// URL ends with the name that the Sentinels know the master by";
        return false;
    }
    if (!set_decoded(&u->master, master, why) || (rest.n != 0 && !set_db(u, rest, why)))
        return false;
    do {
        if (u->nsentinels == WC_REDIS_SENTINELS) {
            *why = "a redis+sentinel:// URL takes at most 8 Sentinels";
            return false;
        }
        struct wc_redis_host *sentinel = &u->sentinels[u->nsentinels++];
        if (!set_host(&sentinel->host, &sentinel->port, cut(&hosts, ','), SENTINEL_PORT, why))
            return false;
    } while (hosts.p != NULL);
    return true;
}

static bool set_parameter(struct wc_redis_url *u, struct wc_str pair, const char **why)
{
    struct wc_str name = cut(&pair, '=');
    if (wc_str_is(name, "db"))
        return set_db(u, pair, why);
    if (wc_str_is(name, "user"))
        return set_decoded(&u->user, pair, why);
    if (wc_str_is(name, "password"))
        return set_decoded(&u->password, pair, why);
    *why = "a unix:// URL takes only the parameters db, user and password";
    return false;
}

static bool read_unix(struct wc_redis_url *u, struct wc_str rest, const char **why)
{
    struct wc_str path = cut(&rest, '?');
    if (path.n == 0 || path.p[0] != '/') {
        *why = "a unix:// URL needs an absolute path: unix:///run/redis/redis.sock";
        return false;
    }
    if (!set_decoded(&u->path, path, why))
        return false;
    if (strlen(u->path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        *why = "the path of the Redis socket is too long (107 bytes are the most that a unix socket takes)";
        return false;
    }
    while (rest.n != 0)
        if (!set_parameter(u, cut(&rest, '&'), why))
            return false;
    return true;
}

static bool read_password(struct wc_redis_url *u, const char *file, const char **why)
{
    char line[PASSWORD_MAX + 2];
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, line, sizeof line) : -1;
    if (fd >= 0)
        close(fd);
    if (n < 0) {
        *why = "the Redis password file can't be read";
        return false;
    }
    struct wc_str rest = {line, (size_t)n};
    struct wc_str password = cut(&rest, '\n');
    bool ok = password.n != 0 && password.n <= PASSWORD_MAX;
    if (ok) {
        free(u->password);
        u->password = wc_str_dup(password);
    } else {
        *why = "the Redis password file must hold one line of at most 1024 bytes";
    }
    explicit_bzero(line, sizeof line);
    return ok;
}

static bool read_url(struct wc_redis_url *u, struct wc_str url, const char **why)
{
    if (wc_str_starts(url, WC_STR("redis+sentinel://")))
        return read_sentinels(u, wc_str_from(url, 17), why);
    if (url.n != 0 && memchr(url.p, ',', url.n) != NULL) {
        *why = "the Redis URL must be one URL; several, separated by commas, are not taken";
        return false;
    }
    if (wc_str_starts(url, WC_STR("redis://")))
        return read_tcp(u, wc_str_from(url, 8), why);
    if (wc_str_starts(url, WC_STR("unix://")))
        return read_unix(u, wc_str_from(url, 7), why);
    if (wc_str_starts(url, WC_STR("rediss://")))
        *why = "rediss:// (TLS) is not spoken: put stunnel or HAProxy in between";
    else
        *why = "the Redis URL must start with redis://, unix:// or redis+sentinel://";
    return false;
}

static void show(struct wc_redis_url *u)
{
    if (u->path != NULL)
        snprintf(u->shown, sizeof u->shown, "%s", u->path);
    else if (u->master != NULL)
        snprintf(u->shown, sizeof u->shown, "%.100s by Sentinel", u->master);
    else
        snprintf(u->shown, sizeof u->shown, strchr(u->host, ':') != NULL ? "[%.140s]:%u" : "%.140s:%u", u->host,
                 u->port);
}

bool wc_redis_url_read(struct wc_redis_url *out, const char *url, const char *password_file, const char **why)
{
    struct wc_redis_url u = {0};
    bool ok = read_url(&u, wc_str(url), why);
    if (ok && password_file != NULL && password_file[0] != '\0')
        ok = read_password(&u, password_file, why);
    if (!ok) {
        wc_redis_url_free(&u);
        return false;
    }
    show(&u);
    *out = u;
    return true;
}

void wc_redis_url_free(struct wc_redis_url *u)
{
    if (u->password != NULL)
        explicit_bzero(u->password, strlen(u->password));
    free(u->password);
    free(u->user);
    free(u->host);
    free(u->path);
    free(u->master);
    for (size_t i = 0; i < u->nsentinels; i++)
        free(u->sentinels[i].host);
    *u = (struct wc_redis_url){0};
}
