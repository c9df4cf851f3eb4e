#ifndef WC_LOAD_H
#define WC_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * wcchat-load: one process, one thread, that holds many connections to a chat or publish/subscribe server, sends texts
 * into rooms and counts what arrives. A text says who sent it, which one it is and when it was due, so loss, order and
 * latency are read from the texts alone: whatever the protocol, a delivery is a text found in a connection's input.
 */
#define LOAD_NS       1000000000ULL
#define LOAD_LIST_MAX 64

struct load_options {
    const char *proto;
    uint16_t ports[LOAD_LIST_MAX];
    size_t nports;
    int pids[LOAD_LIST_MAX], redis_pids[LOAD_LIST_MAX];
    size_t npids, nredis_pids;
    unsigned rooms, members, senders; /* members and senders of each room */
    unsigned window;                  /* texts under way of each sender; 0: by rate */
    double rate;                      /* texts a second of each room's senders together */
    double warmup, seconds, drain;
    unsigned size; /* bytes of a text */
    const char *users, *script;
    bool idle, storm;
    unsigned listen; /* texts that another process sends; 0: it sends itself */
    unsigned cohort, src_per;
};

/* Ends the process when they make no sense. */
void load_options_read(struct load_options *o, int argc, char **argv);

/* ---- text.c: what a text says ---- */
#define LOAD_TEXT_MIN 46

struct load_mark {
    uint32_t sender, seq;
    uint64_t due_ns; /* of CLOCK_MONOTONIC */
};
/* Fills `size` bytes, at least LOAD_TEXT_MIN, of letters that need no quoting anywhere. */
void load_text_write(char *out, size_t size, const struct load_mark *mark);
/* Finds the next text from *at on; moves *at behind it. False: none is whole; *at is where the rest must be kept from.
 */
bool load_text_next(const char *in, size_t n, size_t *at, struct load_mark *mark);

/* ---- histogram.c: latencies, in constant memory, each within 1 % ---- */
struct load_histogram {
    uint64_t counts[64 * 128];
    uint64_t n, max;
};
void load_histogram_add(struct load_histogram *h, uint64_t ns);
uint64_t load_histogram_at(const struct load_histogram *h, double share); /* share of all, 0 to 1 */

/* ---- processes.c ---- */
struct load_usage {
    double cpu_s, redis_cpu_s; /* redis_cpu_s is a part of cpu_s */
    uint64_t rss_kib, pss_kib; /* without redis_pids */
};
/* Of the processes and all that descend from them. */
void load_usage_read(const struct load_options *o, struct load_usage *out);
double load_own_cpu(void);

/* ---- connections.c ---- */
struct load;

struct load_conn {
    int fd;
    uint32_t id, room;
    uint32_t step;     /* of the login */
    uint32_t sender;   /* index among all senders + 1; 0: none */
    uint32_t *next_of; /* per sender of the room: the seq that comes next */
    char *cursor;      /* of its session, in a storm */
    char *in, *out;
    size_t in_n, in_cap, out_n, out_cap, out_sent;
    bool member, ready, connected, dirty, waits; /* waits: for the socket to take more */
};

void load_put(struct load_conn *c, const void *bytes, size_t n);
__attribute__((format(printf, 2, 3))) void load_putf(struct load_conn *c, const char *fmt, ...);

/* One step of a login: waits until `expect` is in the input (NULL: at once), then `then` puts what is to be sent (or
 * NULL). A step that returns false ends the program: the server has refused. */
struct load_step {
    const char *expect;
    size_t expect_n; /* 0: strlen */
    void (*then)(struct load *l, struct load_conn *c);
};

struct load_driver {
    const char *name;
    bool echo;                               /* a sender that is a member gets its own texts */
    bool extra_senders;                      /* a subscriber can't publish */
    const struct load_step *member, *sender; /* end with {0} */
    void (*send)(struct load *l, struct load_conn *c, const char *text, size_t n);
};

extern const struct load_driver load_drivers[];
const struct load_driver *load_driver_find(const char *name); /* NULL: no such */

/* Drivers' side: who a connection is. */
const char *load_user(const struct load *l, const struct load_conn *c);
const char *load_token(const struct load *l, const struct load_conn *c);
const char *load_script(const struct load *l, size_t *n); /* the file given by --script */
/* What came before the `expect` of the step that was just matched, and from it on. */
struct load_input {
    const char *p;
    size_t n;
};
struct load_input load_before(const struct load *l);
struct load_input load_matched(const struct load *l);
/* Sessions are to come back with their cursor (--storm). */
bool load_keeps_cursors(const struct load *l);

__attribute__((format(printf, 1, 2), noreturn)) void load_die(const char *fmt, ...);
uint64_t load_now(void);
void *load_alloc(size_t n); /* zeroed; never NULL */

int load_run(const struct load_options *o, const struct load_driver *driver);

#endif
