#define _GNU_SOURCE
#include "redis_server.h"

/* cmocka wants these before its own header */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS 15000
#define STOP_MS  5000

/* Outside the range that outgoing connections use: while the server is down, none may take its port. */
static int free_port(void)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        uint16_t port = (uint16_t)(10240 + arc4random_uniform(22000));
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool taken = bind(fd, (struct sockaddr *)&a, sizeof a) != 0;
        close(fd);
        if (!taken)
            return port;
    }
    fail_msg("no free port found");
    return 0;
}

static void write_config(const struct redis_server *s)
{
    char path[64];
    snprintf(path, sizeof path, "%s/redis.conf", s->dir);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fprintf(f,
            "bind 127.0.0.1\nport %d\nunixsocket %s\ndir %s\nlogfile %s/redis.log\nsave \"\"\nappendonly no\n"
            "daemonize no\n%s\n",
            s->port, s->socket, s->dir, s->dir, s->args);
    fclose(f);
}

static void run_server(const struct redis_server *s, pid_t parent)
{
    char path[64];
    snprintf(path, sizeof path, "%s/redis.conf", s->dir);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        execlp("redis-server", "redis-server", path, (char *)NULL);
    _exit(127);
}

static int dial(const struct redis_server *s)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", s->socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = 0, .tv_nsec = ms * 1000000};
    nanosleep(&t, NULL);
}

static void wait_until_it_answers(struct redis_server *s)
{
    for (int waited = 0; waited < START_MS; waited += 5) {
        int status;
        if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
            s->pid = 0;
            fail_msg("redis-server ended at once (status %d): see %s/redis.log; is it installed?", status, s->dir);
        }
        int fd = dial(s);
        if (fd >= 0) {
            close(fd);
            const char *answer = redis_server_do(s, "PING");
            if (strncmp(answer, "+PONG", 5) == 0 || strncmp(answer, "-NOAUTH", 7) == 0)
                return;
        }
        pause_ms(5);
    }
    fail_msg("redis-server does not answer");
}

void redis_server_up(struct redis_server *s)
{
    pid_t parent = getpid();
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0)
        run_server(s, parent);
    wait_until_it_answers(s);
}

void redis_server_start(struct redis_server *s, const char *config)
{
    *s = (struct redis_server){.dir = "/tmp/wc-redis-XXXXXX"};
    assert_non_null(mkdtemp(s->dir));
    s->port = free_port();
    snprintf(s->socket, sizeof s->socket, "%s/redis.sock", s->dir);
    snprintf(s->unix_url, sizeof s->unix_url, "unix://%s", s->socket);
    snprintf(s->tcp_url, sizeof s->tcp_url, "redis://127.0.0.1:%d", s->port);
    snprintf(s->args, sizeof s->args, "%s", config != NULL ? config : "");
    write_config(s);
    redis_server_up(s);
}

void redis_server_down(struct redis_server *s)
{
    int status = 0;
    pid_t pid = s->pid;
    s->pid = 0;
    if (pid <= 0)
        return;
    kill(pid, SIGCONT);
    kill(pid, SIGTERM);
    for (int waited = 0; waited < STOP_MS; waited += 5) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            assert_true(WIFEXITED(status));
            assert_int_equal(WEXITSTATUS(status), 0);
            return;
        }
        pause_ms(5);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    fail_msg("redis-server did not end when asked to");
}

void redis_server_restart(struct redis_server *s)
{
    redis_server_down(s);
    redis_server_up(s);
}

void redis_server_stop(struct redis_server *s)
{
    static const char *const files[] = {"redis.conf", "redis.log", "redis.sock"};
    redis_server_down(s);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", s->dir, files[i]);
        unlink(path);
    }
    rmdir(s->dir);
}

void redis_server_signal(struct redis_server *s, int signal)
{
    assert_int_equal(kill(s->pid, signal), 0);
}

const char *redis_server_do(struct redis_server *s, const char *command)
{
    static char answer[1024];
    int fd = dial(s);
    if (fd < 0)
        fail_msg("cannot connect to redis-server: %s", strerror(errno));
    dprintf(fd, "%s\r\n", command);
    ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
    close(fd);
    answer[n > 0 ? n : 0] = '\0';
    return answer;
}
