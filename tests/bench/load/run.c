#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_SIZE = 262144, EVENTS = 512, LOGIN_S = 60, IN_MOST = 8 << 20 };

struct sender {
    struct load_conn *conn;
    uint32_t room, seq; /* the next to be sent */
    uint32_t *left;     /* closed loop: receivers that a text still has to reach, by seq mod window */
    uint64_t due;       /* open loop */
};

struct load {
    const struct load_options *o;
    const struct load_driver *driver;
    int epoll;
    struct load_conn *conns;
    size_t nconns, next, under_way, ready;
    struct sender *senders;
    size_t nsenders;
    char **users, **tokens;
    size_t nusers;
    char *script;
    size_t script_n;
    struct load_input before, matched;
    struct load_conn **again; /* storm: those that have to come back */
    size_t nagain, resumed;
    uint64_t storm_ns; /* when the first was cut; 0: none yet */
    struct load_conn **dirty;
    size_t ndirty;
    uint32_t receivers; /* of each text */
    bool sending;
    uint64_t from, to; /* what counts */
    uint64_t sent, delivered, all, doubled, disordered;
    struct load_histogram latency;
    char chunk[READ_SIZE];
};

/* ---- connections ---- */

const char *load_user(const struct load *l, const struct load_conn *c)
{
    if (l->nusers == 0)
        load_die("--users is needed");
    return l->users[c->id % l->nusers];
}

const char *load_token(const struct load *l, const struct load_conn *c)
{
    if (l->nusers == 0)
        load_die("--users is needed");
    return l->tokens[c->id % l->nusers];
}

const char *load_script(const struct load *l, size_t *n)
{
    if (l->script == NULL)
        load_die("--script is needed");
    *n = l->script_n;
    return l->script;
}

struct load_input load_before(const struct load *l)
{
    return l->before;
}

struct load_input load_matched(const struct load *l)
{
    return l->matched;
}

bool load_keeps_cursors(const struct load *l)
{
    return l->o->storm;
}

static void reserve(char **bytes, size_t *cap, size_t n)
{
    if (n <= *cap)
        return;
    *cap = n > *cap * 2 ? n : *cap * 2;
    *bytes = realloc(*bytes, *cap);
    if (*bytes == NULL)
        load_die("out of memory");
}

void load_put(struct load_conn *c, const void *bytes, size_t n)
{
    reserve(&c->out, &c->out_cap, c->out_n + n);
    memcpy(c->out + c->out_n, bytes, n);
    c->out_n += n;
}

void load_putf(struct load_conn *c, const char *fmt, ...)
{
    char text[10240];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(text))
        load_die("too long: %.60s", text);
    load_put(c, text, (size_t)n);
}

static void watch(struct load *l, struct load_conn *c)
{
    struct epoll_event e = {.events = EPOLLIN | (c->waits || !c->connected ? (uint32_t)EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

static void mark_dirty(struct load *l, struct load_conn *c)
{
    if (c->dirty || c->out_n == 0)
        return;
    c->dirty = true;
    l->dirty[l->ndirty++] = c;
}

static void write_out(struct load *l, struct load_conn *c)
{
    ssize_t n = send(c->fd, c->out + c->out_sent, c->out_n - c->out_sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        load_die("connection %u: %s", c->id, strerror(errno));
    c->out_sent += n > 0 ? (size_t)n : 0;
    bool waits = c->out_sent < c->out_n;
    if (!waits)
        c->out_n = c->out_sent = 0;
    if (waits != c->waits) {
        c->waits = waits;
        watch(l, c);
    }
}

static void write_dirty(struct load *l)
{
    size_t n = l->ndirty;
    for (size_t i = 0; i < n; i++) {
        l->dirty[i]->dirty = false;
        if (l->dirty[i]->connected)
            write_out(l, l->dirty[i]);
    }
    memmove(l->dirty, l->dirty + n, (l->ndirty - n) * sizeof(*l->dirty));
    l->ndirty -= n;
}

static void begin(struct load *l, struct load_conn *c)
{
    const struct load_options *o = l->o;
    struct sockaddr_in source = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256 + c->id / o->src_per)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        load_die("connection %u: %s", c->id, strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    /* a storm begins at the first port and goes to the others */
    size_t port = !o->storm ? c->id % o->nports : c->cursor == NULL ? 0 : 1 + c->id % (o->nports - 1);
    to.sin_port = htons(o->ports[port]);
    if (bind(c->fd, (struct sockaddr *)&source, sizeof(source)) != 0 ||
        (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS))
        load_die("connection %u to port %u: %s", c->id, (unsigned)ntohs(to.sin_port), strerror(errno));
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e);
    l->under_way++;
}

/* ---- the login ---- */

static const struct load_step *step_of(const struct load *l, const struct load_conn *c)
{
    return &(c->sender != 0 ? l->driver->sender : l->driver->member)[c->step];
}

static bool is_last(const struct load_step *step)
{
    return step->expect == NULL && step->then == NULL;
}

/* Goes on as far as what was read allows. */
static void log_in(struct load *l, struct load_conn *c)
{
    for (const struct load_step *step = step_of(l, c); !is_last(step); step = step_of(l, c)) {
        size_t expect_n = step->expect == NULL ? 0 : step->expect_n != 0 ? step->expect_n : strlen(step->expect);
        if (expect_n != 0 && c->in_n == 0)
            return;
        char *found = expect_n != 0 ? memmem(c->in, c->in_n, step->expect, expect_n) : c->in;
        if (expect_n != 0 && found == NULL)
            return;
        size_t used = expect_n != 0 ? (size_t)(found - c->in) + expect_n : 0;
        l->before = (struct load_input){c->in, used > expect_n ? used - expect_n : 0};
        l->matched = (struct load_input){found, expect_n != 0 ? c->in_n - (size_t)(found - c->in) : 0};
        if (step->then != NULL)
            step->then(l, c);
        c->in_n -= used;
        if (used != 0)
            memmove(c->in, c->in + used, c->in_n);
        c->step++;
        mark_dirty(l, c);
    }
    c->ready = true;
    l->ready++;
    l->under_way--;
}

/* ---- texts ---- */

static void send_text(struct load *l, struct sender *s, uint64_t due)
{
    char text[8192];
    const struct load_mark mark = {(uint32_t)(s - l->senders), s->seq, due};
    load_text_write(text, l->o->size, &mark);
    if (l->o->window != 0)
        s->left[s->seq % l->o->window] = l->receivers;
    s->seq++;
    l->sent++;
    l->driver->send(l, s->conn, text, l->o->size);
    mark_dirty(l, s->conn);
}

/* Fills the sender's window. */
static void send_more(struct load *l, struct sender *s)
{
    while (l->sending && s->left[s->seq % l->o->window] == 0)
        send_text(l, s, load_now());
}

static void arrived(struct load *l, struct load_conn *c, const struct load_mark *mark, uint64_t now)
{
    if (mark->sender >= l->nsenders || l->senders[mark->sender].room != c->room || !c->member)
        return;
    struct sender *s = &l->senders[mark->sender];
    uint32_t *next = &c->next_of[mark->sender % l->o->senders];
    if (mark->seq < *next) {
        l->doubled++;
        return;
    }
    if (mark->seq > *next)
        l->disordered++;
    *next = mark->seq + 1;
    l->all++;
    if (now >= l->from && now < l->to) {
        l->delivered++;
        load_histogram_add(&l->latency, now > mark->due_ns ? now - mark->due_ns : 0);
    }
    if (l->o->window != 0 && s->left[mark->seq % l->o->window] > 0 && --s->left[mark->seq % l->o->window] == 0)
        send_more(l, s);
}

static void scan(struct load *l, struct load_conn *c)
{
    struct load_mark mark;
    size_t at = 0;
    uint64_t now = load_now();
    while (load_text_next(c->in, c->in_n, &at, &mark))
        arrived(l, c, &mark, now);
    c->in_n -= at;
    if (c->in_n != 0)
        memmove(c->in, c->in + at, c->in_n);
}

/* Its server has died: it comes back. */
static void cut(struct load *l, struct load_conn *c)
{
    close(c->fd);
    c->connected = c->ready = c->waits = false;
    c->step = 0;
    c->in_n = c->out_n = c->out_sent = 0;
    l->ready--;
    l->again[l->nagain++] = c;
    if (l->storm_ns == 0)
        l->storm_ns = load_now();
}

static void on_readable(struct load *l, struct load_conn *c)
{
    ssize_t n = recv(c->fd, l->chunk, sizeof(l->chunk), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 && l->o->storm && c->ready && l->again != NULL) {
        cut(l, c);
        return;
    }
    if (n <= 0)
        load_die("connection %u: the server closed it (%s) at step %u: %.*s", c->id, n < 0 ? strerror(errno) : "end",
                 c->step, (int)(c->in_n < 200 ? c->in_n : 200), c->in != NULL ? c->in : "");
    if (c->in_n + (size_t)n > IN_MOST)
        load_die("connection %u: no end of its input at step %u", c->id, c->step);
    reserve(&c->in, &c->in_cap, c->in_n + (size_t)n);
    memcpy(c->in + c->in_n, l->chunk, (size_t)n);
    c->in_n += (size_t)n;
    if (!c->ready)
        log_in(l, c);
    if (c->ready)
        scan(l, c);
    /* an idle connection keeps no memory */
    if (c->ready && c->in_n == 0 && !l->sending && l->sent == 0) {
        free(c->in);
        c->in = NULL;
        c->in_cap = 0;
    }
}

static void on_connected(struct load *l, struct load_conn *c)
{
    int error = 0;
    socklen_t n = sizeof(error);
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n);
    if (error != 0)
        load_die("connection %u: %s", c->id, strerror(error));
    c->connected = true;
    watch(l, c);
    log_in(l, c);
    mark_dirty(l, c);
}

static void turn(struct load *l, uint64_t until)
{
    struct epoll_event events[EVENTS];
    uint64_t now = load_now();
    int wait = until > now ? (int)((until - now + 999999) / 1000000) : 0;
    int n = epoll_wait(l->epoll, events, EVENTS, wait);
    for (int i = 0; i < n; i++) {
        struct load_conn *c = events[i].data.ptr;
        if (!c->connected && (events[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
            on_connected(l, c);
        else if ((events[i].events & EPOLLOUT) != 0 && c->waits)
            write_out(l, c);
        if ((events[i].events & (EPOLLIN | EPOLLHUP)) != 0)
            on_readable(l, c);
    }
    write_dirty(l);
}

/* ---- what happens ---- */

static void read_users(struct load *l)
{
    FILE *f = l->o->users != NULL ? fopen(l->o->users, "re") : NULL;
    if (l->o->users != NULL && f == NULL)
        load_die("%s: %s", l->o->users, strerror(errno));
    char *line = NULL;
    size_t cap = 0;
    while (f != NULL && getline(&line, &cap, f) > 0) {
        char user[64], *token = malloc(cap);
        if (token == NULL || sscanf(line, "%63s %s", user, token) != 2)
            load_die("%s: not `<user> <token>`: %.40s", l->o->users, line);
        l->users = realloc(l->users, (l->nusers + 1) * sizeof(*l->users));
        l->tokens = realloc(l->tokens, (l->nusers + 1) * sizeof(*l->tokens));
        if (l->users == NULL || l->tokens == NULL)
            load_die("out of memory");
        l->users[l->nusers] = strdup(user);
        l->tokens[l->nusers++] = token;
    }
    free(line);
    if (f != NULL)
        fclose(f);
}

static void read_script(struct load *l)
{
    FILE *f = l->o->script != NULL ? fopen(l->o->script, "re") : NULL;
    if (l->o->script == NULL)
        return;
    if (f == NULL)
        load_die("%s: %s", l->o->script, strerror(errno));
    l->script = load_alloc(1 << 20);
    l->script_n = fread(l->script, 1, 1 << 20, f);
    fclose(f);
}

static void make_conns(struct load *l)
{
    const struct load_options *o = l->o;
    size_t members = (size_t)o->rooms * o->members;
    bool extra = l->driver->extra_senders && !o->idle && o->listen == 0;
    l->nsenders = o->idle ? 0 : (size_t)o->rooms * o->senders;
    l->nconns = members + (extra ? l->nsenders : 0);
    l->conns = load_alloc(l->nconns * sizeof(*l->conns));
    l->dirty = load_alloc(l->nconns * sizeof(*l->dirty));
    l->senders = load_alloc((l->nsenders + 1) * sizeof(*l->senders));
    for (size_t i = 0; i < l->nconns; i++) {
        struct load_conn *c = &l->conns[i];
        c->id = (uint32_t)i;
        c->member = i < members;
        c->room = (uint32_t)(c->member ? i / o->members : (i - members) / o->senders);
        if (c->member && !o->idle)
            c->next_of = load_alloc(o->senders * sizeof(uint32_t));
    }
    for (size_t i = 0; i < l->nsenders; i++) {
        size_t room = i / o->senders, nth = i % o->senders;
        struct load_conn *c = &l->conns[extra ? members + i : room * o->members + nth];
        l->senders[i] = (struct sender){.conn = c, .room = (uint32_t)room};
        c->sender = (uint32_t)i + 1;
        if (extra) /* posts as a member does */
            c->id = (uint32_t)(room * o->members + nth);
        if (o->window != 0)
            l->senders[i].left = load_alloc(o->window * sizeof(uint32_t));
    }
    l->receivers = o->members - (l->driver->echo || o->listen != 0 ? 0 : 1);
}

static void log_all_in(struct load *l)
{
    uint64_t last = load_now(), before = 0;
    while (l->ready < l->nconns) {
        while (l->under_way < l->o->cohort && l->next < l->nconns)
            begin(l, &l->conns[l->next++]);
        turn(l, load_now() + LOAD_NS / 10);
        if (l->ready != before) {
            before = l->ready;
            last = load_now();
        } else if (load_now() - last > LOGIN_S * LOAD_NS) {
            for (size_t i = 0; i < l->next; i++)
                if (!l->conns[i].ready)
                    load_die("connection %zu: no answer in %d s at step %u, which waits for \"%s\" in: %.*s", i,
                             LOGIN_S, l->conns[i].step, step_of(l, &l->conns[i])->expect, (int)l->conns[i].in_n,
                             l->conns[i].in != NULL ? l->conns[i].in : "");
        }
    }
}

/* Hears what another process sends. */
static void listen_to(struct load *l)
{
    fprintf(stderr, "ready\n");
    l->sent = l->o->listen;
    l->from = load_now();
    l->to = UINT64_MAX;
    uint64_t end = l->from + (uint64_t)(l->o->seconds * (double)LOAD_NS);
    while (l->all < l->sent * l->receivers && load_now() < end)
        turn(l, load_now() + LOAD_NS / 20);
}

/* All come back when their server dies. */
static void weather_storm(struct load *l)
{
    l->again = load_alloc(l->nconns * sizeof(*l->again));
    fprintf(stderr, "ready\n");
    uint64_t end = load_now() + 2 * LOGIN_S * LOAD_NS;
    while (l->resumed < l->nconns || l->ready < l->nconns) {
        while (l->under_way < l->o->cohort && l->resumed < l->nagain)
            begin(l, l->again[l->resumed++]);
        turn(l, load_now() + LOAD_NS / 10);
        if (load_now() > end)
            load_die("%zu of %zu sessions were cut, %zu are there", l->nagain, l->nconns, l->ready);
    }
}

/* Runs until `until`, sending by the clock where a rate is asked for. */
static void run_until(struct load *l, uint64_t until)
{
    uint64_t every = l->o->rate > 0 ? (uint64_t)((double)LOAD_NS * l->o->senders / l->o->rate) : 0;
    for (uint64_t now; (now = load_now()) < until;) {
        uint64_t wake = until;
        for (size_t i = 0; l->sending && every != 0 && i < l->nsenders; i++) {
            struct sender *s = &l->senders[i];
            for (; s->due <= now; s->due += every)
                send_text(l, s, s->due);
            wake = s->due < wake ? s->due : wake;
        }
        write_dirty(l);
        turn(l, wake);
    }
}

static void report(const struct load *l, const struct load_usage usage[3], double own_cpu, double setup_s)
{
    const struct load_options *o = l->o;
    double seconds = o->seconds, cpu = usage[2].cpu_s - usage[1].cpu_s, ms = 1e6;
    uint64_t expected = l->sent * l->receivers;
    uint64_t lost = expected > l->all ? expected - l->all : 0;
    double pss = (double)usage[2].pss_kib - (double)usage[0].pss_kib;
    const struct load_histogram *h = &l->latency;
    printf("{\"proto\":\"%s\",\"rooms\":%u,\"members\":%u,\"senders\":%u,\"window\":%u,\"rate\":%g,\"size\":%u,"
           "\"connections\":%zu,\"seconds\":%g,\"sent\":%llu,\"delivered\":%llu,\"expected\":%llu,\"lost\":%llu,"
           "\"doubled\":%llu,\"disordered\":%llu,",
           o->proto, o->rooms, o->members, o->senders, o->window, o->rate, o->size, l->nconns, seconds,
           (unsigned long long)l->sent, (unsigned long long)l->all, (unsigned long long)expected,
           (unsigned long long)lost, (unsigned long long)l->doubled, (unsigned long long)l->disordered);
    printf("\"delivered_per_s\":%.1f,\"server_cpu_s\":%.3f,\"redis_cpu_s\":%.3f,\"delivered_per_cpu_s\":%.1f,"
           "\"generator_cpu_s\":%.3f,",
           (double)l->delivered / seconds, cpu, usage[2].redis_cpu_s - usage[1].redis_cpu_s,
           cpu > 0 ? (double)l->delivered / cpu : 0, own_cpu);
    printf("\"latency_ms\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f},",
           (double)load_histogram_at(h, 0.5) / ms, (double)load_histogram_at(h, 0.9) / ms,
           (double)load_histogram_at(h, 0.99) / ms, (double)load_histogram_at(h, 0.999) / ms, (double)h->max / ms);
    printf("\"rss_before_kib\":%llu,\"rss_after_kib\":%llu,\"pss_before_kib\":%llu,\"pss_after_kib\":%llu,"
           "\"kib_per_connection\":%.3f,\"setup_s\":%.3f}\n",
           (unsigned long long)usage[0].rss_kib, (unsigned long long)usage[2].rss_kib,
           (unsigned long long)usage[0].pss_kib, (unsigned long long)usage[2].pss_kib, pss / (double)l->nconns,
           setup_s);
}

static void report_storm(const struct load *l, const struct load_usage usage[3], double own_cpu, double setup_s)
{
    double cpu = usage[2].cpu_s - usage[1].cpu_s;
    printf("{\"proto\":\"%s\",\"connections\":%zu,\"resumes\":%zu,\"resume_s\":%.3f,\"server_cpu_s\":%.3f,"
           "\"redis_cpu_s\":%.3f,\"resumes_per_cpu_s\":%.1f,\"generator_cpu_s\":%.3f,\"setup_s\":%.3f}\n",
           l->o->proto, l->nconns, l->resumed, (double)(load_now() - l->storm_ns) / 1e9, cpu,
           usage[2].redis_cpu_s - usage[1].redis_cpu_s, cpu > 0 ? (double)l->resumed / cpu : 0, own_cpu, setup_s);
}

static void begin_sending(struct load *l)
{
    uint64_t now = load_now();
    l->sending = true;
    for (size_t i = 0; i < l->nsenders; i++) {
        l->senders[i].due = now;
        if (l->o->window != 0)
            send_more(l, &l->senders[i]);
    }
    write_dirty(l);
}

static void load_free(struct load *l)
{
    for (size_t i = 0; i < l->nconns; i++) {
        struct load_conn *c = &l->conns[i];
        close(c->fd);
        free(c->in);
        free(c->out);
        free(c->next_of);
        free(c->cursor);
    }
    for (size_t i = 0; i < l->nsenders; i++)
        free(l->senders[i].left);
    for (size_t i = 0; i < l->nusers; i++) {
        free(l->users[i]);
        free(l->tokens[i]);
    }
    free(l->users);
    free(l->tokens);
    free(l->conns);
    free(l->senders);
    free(l->dirty);
    free(l->again);
    free(l->script);
    close(l->epoll);
    free(l);
}

static uint64_t after(double seconds)
{
    return load_now() + (uint64_t)(seconds * (double)LOAD_NS);
}

int load_run(const struct load_options *o, const struct load_driver *driver)
{
    struct load *l = load_alloc(sizeof(*l));
    struct load_usage usage[3]; /* before anybody was there, when it begins to count, at the end */
    l->o = o;
    l->driver = driver;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    read_users(l);
    read_script(l);
    make_conns(l);
    load_usage_read(o, &usage[0]);
    uint64_t begun = load_now();
    log_all_in(l);
    double setup_s = (double)(load_now() - begun) / 1e9;
    if (!o->idle && o->listen == 0) {
        begin_sending(l);
        run_until(l, after(o->warmup));
    }
    load_usage_read(o, &usage[1]);
    double own = load_own_cpu();
    if (o->storm) {
        weather_storm(l);
        load_usage_read(o, &usage[2]);
        report_storm(l, usage, load_own_cpu() - own, setup_s);
        load_free(l);
        return 0;
    }
    if (o->listen != 0) {
        listen_to(l);
    } else {
        l->from = load_now();
        l->to = after(o->seconds);
        run_until(l, l->to);
    }
    load_usage_read(o, &usage[2]);
    own = load_own_cpu() - own;
    l->sending = false;
    for (uint64_t end = after(o->drain); l->all < l->sent * l->receivers && load_now() < end;)
        turn(l, load_now() + LOAD_NS / 20);
    report(l, usage, own, setup_s);
    load_free(l);
    return 0;
}
