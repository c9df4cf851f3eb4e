#include "base/log.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define LONGEST 4096 /* PIPE_BUF: a pipe takes it whole or not at all */
#define TAIL    32   /* kept free for what closes a line that was cut */

struct line {
    char p[LONGEST];
    size_t n;
    bool json;
    bool cut;
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void wc_log_init(struct wc_log *log, int fd, bool json, enum wc_level level)
{
    *log = (struct wc_log){.fd = fd, .json = json, .level = level};
}

/* The whole piece or nothing, and nothing after it. */
static void put(struct line *l, const char *p, size_t n)
{
    if (l->cut || l->n + n > LONGEST - TAIL) {
        l->cut = true;
        return;
    }
    memcpy(l->p + l->n, p, n);
    l->n += n;
}

static void put_tail(struct line *l, const char *z)
{
    size_t n = strlen(z);
    memcpy(l->p + l->n, z, n);
    l->n += n;
}

static void put_escaped(struct line *l, uint32_t cp)
{
    char piece[16];
    const char *letter = cp == '\n' ? "\\n" : cp == '\r' ? "\\r" : cp == '\t' ? "\\t" : NULL;
    int n = letter != NULL ? snprintf(piece, sizeof(piece), "%s", letter)
                           : snprintf(piece, sizeof(piece), "\\u%04x", (unsigned)cp);
    put(l, piece, (size_t)n);
}

/* In JSON an invalid byte becomes U+FFFD, as there is no escape for it. */
static void put_invalid(struct line *l, unsigned char byte)
{
    char piece[8];
    int n = snprintf(piece, sizeof(piece), l->json ? "\\ufffd" : "\\x%02x", byte);
    put(l, piece, (size_t)n);
}

static void put_quoted(struct line *l, struct wc_str s)
{
    for (size_t at = 0; at < s.n;) {
        uint32_t cp = 0;
        size_t len = wc_text_next(wc_str_from(s, at), &cp);
        if (len == 0)
            put_invalid(l, (unsigned char)s.p[at]);
        else if (cp == '"' || cp == '\\')
            put(l, (char[]){'\\', (char)cp}, 2);
        else if (wc_text_deceptive(cp))
            put_escaped(l, cp);
        else
            put(l, s.p + at, len);
        at += len > 0 ? len : 1;
    }
}

static bool needs_quotes(struct wc_str s)
{
    for (size_t at = 0; at < s.n;) {
        uint32_t cp;
        size_t len = wc_text_next(wc_str_from(s, at), &cp);
        if (len == 0 || cp == ' ' || cp == '"' || cp == '\\' || cp == '=' || wc_text_deceptive(cp))
            return true;
        at += len;
    }
    return s.n == 0;
}

/* `key=` or `,"key":`, with the opening quote of a string: one piece, so that a cut leaves no half of it. */
static bool put_key(struct line *l, const char *key, bool quoted)
{
    char piece[128];
    const char *before = l->n == 0 ? (l->json ? "{\"" : "") : (l->json ? ",\"" : " ");
    int n = snprintf(piece, sizeof(piece), "%s%.100s%s%s", before, key, l->json ? "\":" : "=", quoted ? "\"" : "");
    put(l, piece, (size_t)n);
    return !l->cut;
}

static void put_str(struct line *l, const char *key, struct wc_str s)
{
    bool quoted = l->json || needs_quotes(s);
    if (!put_key(l, key, quoted))
        return;
    put_quoted(l, s);
    if (quoted)
        put_tail(l, "\"");
}

static void put_int(struct line *l, const char *key, int64_t i)
{
    char piece[24];
    int n = snprintf(piece, sizeof(piece), "%lld", (long long)i);
    /* A number that is cut would be another number, and a key without one no JSON. */
    if (l->n + strlen(key) + 8 + (size_t)n > LONGEST - TAIL)
        l->cut = true;
    if (put_key(l, key, false))
        put(l, piece, (size_t)n);
}

static void put_kv(struct line *l, const struct wc_kv *kv)
{
    if (kv->type == WC_KV_INT)
        put_int(l, kv->key, kv->i);
    else if (kv->s.p != NULL)
        put_str(l, kv->key, kv->s);
}

/* Asks first whether the descriptor takes it: its O_NONBLOCK is shared with others, who may want it off. */
static void send_line(struct wc_log *log, const struct line *l)
{
    struct pollfd p = {.fd = log->fd, .events = POLLOUT};
    ssize_t n = -1;
    if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0) {
        do {
            n = write(log->fd, l->p, l->n);
        } while (n < 0 && errno == EINTR);
    }
    if (n != (ssize_t)l->n)
        log->dropped++;
}

void wc_log_write(struct wc_log *log, enum wc_level level, const char *msg, const struct wc_kv *kv)
{
    if (level < log->level || level > WC_ERROR)
        return;
    struct line l;
    l.n = 0;
    l.json = log->json;
    l.cut = false;
    char time[24];
    wc_time_rfc3339(wc_wall_ms(), time);
    put_str(&l, "time", (struct wc_str){time, sizeof(time)});
    put_str(&l, "level", wc_str(level_names[level]));
    if (log->worker[0] != '\0')
        put_str(&l, "worker", wc_str(log->worker));
    put_str(&l, "msg", wc_str(msg));
    for (; kv->key != NULL && !l.cut; kv++)
        put_kv(&l, kv);
    if (l.cut)
        put_tail(&l, l.json ? ",\"cut\":true" : " cut=true");
    put_tail(&l, l.json ? "}\n" : "\n");
    int kept = errno; /* callers log before they look at it */
    send_line(log, &l);
    errno = kept;
}

bool wc_log_allowed(struct wc_log_limit *limit, uint64_t *repeated)
{
    uint64_t now = wc_monotonic_ms();
    if (limit->last_ms != 0 && now - limit->last_ms < 1000) {
        limit->held++;
        return false;
    }
    *repeated = limit->held;
    limit->held = 0;
    limit->last_ms = now > 0 ? now : 1; /* 0 is "never" */
    return true;
}

bool wc_level_parse(struct wc_str s, enum wc_level *out)
{
    for (int i = WC_DEBUG; i <= WC_ERROR; i++) {
        if (wc_str_is(s, level_names[i])) {
            *out = (enum wc_level)i;
            return true;
        }
    }
    return false;
}
