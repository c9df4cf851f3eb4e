#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

#include <stddef.h>
#include <sys/types.h>

/*
 * A redis-server of the test's own: in a new folder under /tmp, on a unix socket and a free TCP port, without
 * persistence. It is killed with the test process, however that ends. A failure to start or to answer fails the test
 * (cmocka).
 */
struct redis_server {
    char dir[32]; /* /tmp/wc-redis-XXXXXX */
    char socket[64];
    char unix_url[80]; /* unix:///tmp/wc-redis-XXXXXX/redis.sock */
    char tcp_url[40];  /* redis://127.0.0.1:PORT */
    char args[512];    /* more lines of its configuration */
    int port;
    pid_t pid;
};

/* Returns when it answers. `config`: more lines for its configuration file, or NULL. */
void redis_server_start(struct redis_server *s, const char *config);
/* Ends it (SIGTERM, then SIGKILL) and starts it again on the same addresses, empty. */
void redis_server_restart(struct redis_server *s);
void redis_server_down(struct redis_server *s); /* the first half */
void redis_server_up(struct redis_server *s);   /* the second half */
/* Ends it and removes its folder; fails the test when it had crashed. */
void redis_server_stop(struct redis_server *s);
void redis_server_signal(struct redis_server *s, int signal); /* SIGSTOP, SIGCONT */
/* One command in Redis' inline form over a connection of its own; returns the first bytes of the answer as they came
 * (":1\r\n"), in a buffer that the next call overwrites. A password is not sent. */
const char *redis_server_do(struct redis_server *s, const char *command);

#endif
