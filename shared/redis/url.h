#ifndef WC_REDIS_URL_H
#define WC_REDIS_URL_H

#include "base/str.h"

/*
 * Where Redis is and who we are there, from redis://[user[:password]@]host[:port][/db], unix:///path[?db=N&user=U&
 * password=P] or redis+sentinel://[user[:password]@]host[:port][,host[:port]]…/master[/db]. User, password, path and
 * master are percent-decoded (RFC 3986 section 2.1); an IPv6 address stands in brackets (section 3.2.2). Without a
 * port: 6379, of a Sentinel 26379. Sentinels are asked without a password.
 */
#define WC_REDIS_SENTINELS 8

struct wc_redis_host {
    char *host;
    uint16_t port;
};

struct wc_redis_url {
    char *host; /* NULL for a unix socket and for Sentinels */
    char *path; /* of the unix socket, or NULL */
    uint16_t port;
    struct wc_redis_host sentinels[WC_REDIS_SENTINELS]; /* these know where the master is */
    size_t nsentinels;
    char *master; /* the name that they know it by, or NULL */
    unsigned db;
    char *user;      /* NULL: the default user */
    char *password;  /* NULL: none */
    char shown[160]; /* "127.0.0.1:6379", the path or the master's name: for logs, without a secret */
};

/* Fills *out and returns true; or returns false with *why, a static sentence, and *out untouched. A password file
 * (NULL or "": none) is read now; its first line is the password, whatever the URL says. */
bool wc_redis_url_read(struct wc_redis_url *out, const char *url, const char *password_file, const char **why);
void wc_redis_url_free(struct wc_redis_url *u); /* wipes the password */

#endif
