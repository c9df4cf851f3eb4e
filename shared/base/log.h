#ifndef WC_BASE_LOG_H
#define WC_BASE_LOG_H

#include "base/str.h"

/*
 * Structured logs: one line a record on standard error (or a file descriptor), logfmt or JSON:
 *   time=2026-11-23T05:00:01.234Z level=info worker=w-k3j9 msg="redis ready" addr=127.0.0.1:6390 ms=3
 * Never a secret: no passwords, no tokens, no message texts. Values are quoted and escaped when they need it, control
 * characters and invalid UTF-8 made visible, so that nobody can forge a line. A line is written with one write(2); a
 * line over 4 KiB is cut. A full pipe drops the line (counted) rather than stalling the loop.
 */
enum wc_level { WC_DEBUG, WC_INFO, WC_WARN, WC_ERROR };

struct wc_kv {
    const char *key; /* NULL ends the list */
    enum { WC_KV_STR, WC_KV_INT } type;
    struct wc_str s;
    int64_t i;
};

#define WC_S(k, v)                                                                                                     \
    {                                                                                                                  \
        .key = (k), .type = WC_KV_STR, .s = (v)                                                                        \
    } /* a struct wc_str; absent is left out */
#define WC_Z(k, v)                                                                                                     \
    {                                                                                                                  \
        .key = (k), .type = WC_KV_STR, .s = wc_str(v)                                                                  \
    } /* a C string; NULL is left out */
#define WC_I(k, v)                                                                                                     \
    {                                                                                                                  \
        .key = (k), .type = WC_KV_INT, .i = (int64_t)(v)                                                               \
    }

struct wc_log {
    int fd;
    bool json;
    enum wc_level level;
    char worker[40];  /* NUL-terminated; empty is left out */
    uint64_t dropped; /* lines that the descriptor did not take */
};

void wc_log_init(struct wc_log *log, int fd, bool json, enum wc_level level);
void wc_log_write(struct wc_log *log, enum wc_level level, const char *msg, const struct wc_kv *kv);

/* wc_log(log, WC_INFO, "redis ready", WC_Z("addr", addr), WC_I("ms", ms)); */
#define wc_log(log, level, ...)            wc_log_pick_(log, level, __VA_ARGS__, {.key = NULL})
#define wc_log_pick_(log, level, msg, ...) wc_log_write(log, level, msg, (const struct wc_kv[]){__VA_ARGS__})

/* At most one line a second from one place; the next line that passes says how many were held back (`repeated=`).
 * Returns true when the line may be written now and sets *repeated. Zero-initialised state. */
struct wc_log_limit {
    uint64_t last_ms;
    uint64_t held;
};
bool wc_log_allowed(struct wc_log_limit *limit, uint64_t *repeated);

/* False when `s` is none of debug, info, warn, error. */
bool wc_level_parse(struct wc_str s, enum wc_level *out);

#endif
