#include "base/option_value.h"

#include "base/mem.h"

struct unit {
    const char *suffix;
    uint64_t worth;
};

/* Ascending, the first being what the number counts. */
static const struct unit durations[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
static const struct unit sizes[] = {{"", 1}, {"k", 1U << 10}, {"m", 1U << 20}, {"g", 1U << 30}};

static bool parse_bool(struct wc_str s, uint64_t *out)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < WC_COUNT(words); i++) {
        if (wc_str_is(s, words[i])) {
            *out = i & 1;
            return true;
        }
    }
    return false;
}

static bool parse_scaled(struct wc_str s, const struct unit *units, size_t n, const char *bare, uint64_t *out)
{
    size_t digits = 0;
    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    struct wc_str suffix = digits < s.n ? wc_str_from(s, digits) : wc_str(bare);
    uint64_t count;
    if (!wc_str_u64((struct wc_str){s.p, digits}, UINT64_MAX, &count))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (wc_str_is(suffix, units[i].suffix))
            return !__builtin_mul_overflow(count, units[i].worth, out);
    }
    return false;
}

static bool is_choice(struct wc_str choices, struct wc_str s)
{
    for (;;) {
        const char *bar = choices.n > 0 ? memchr(choices.p, '|', choices.n) : NULL;
        size_t len = bar != NULL ? (size_t)(bar - choices.p) : choices.n;
        if (s.n > 0 && wc_str_eq((struct wc_str){choices.p, len}, s))
            return true;
        if (bar == NULL)
            return false;
        choices = wc_str_from(choices, len + 1);
    }
}

static bool is_plain(struct wc_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    }
    return true;
}

bool wc_option_value_parse(const struct wc_option *row, struct wc_str s, uint64_t *number)
{
    uint64_t v = 0;
    bool ok = false;
    switch (row->type) {
    case WC_OPT_STR:
    case WC_OPT_LIST:
        return is_plain(s);
    case WC_OPT_CHOICE:
        return is_choice(wc_str(row->choices), s);
    case WC_OPT_BOOL:
        return parse_bool(s, number);
    case WC_OPT_U64:
        ok = wc_str_u64(s, UINT64_MAX, &v);
        break;
    case WC_OPT_DURATION:
        ok = parse_scaled(s, durations, WC_COUNT(durations), "s", &v);
        break;
    case WC_OPT_SIZE:
        ok = parse_scaled(s, sizes, WC_COUNT(sizes), "", &v);
        break;
    }
    if (!ok || v < row->min || (row->max > 0 && v > row->max))
        return false;
    *number = v;
    return true;
}

static void write_scaled(uint64_t v, const struct unit *units, size_t n, struct wc_buf *out)
{
    size_t i = v > 0 ? n - 1 : 0;
    while (i > 0 && v % units[i].worth != 0)
        i--;
    wc_buf_u64(out, v / units[i].worth);
    wc_buf_z(out, v > 0 ? units[i].suffix : "");
}

void wc_option_value_number(const struct wc_option *row, uint64_t number, struct wc_buf *out)
{
    if (row->type == WC_OPT_BOOL)
        wc_buf_z(out, number != 0 ? "true" : "false");
    else if (row->type == WC_OPT_DURATION)
        write_scaled(number, durations, WC_COUNT(durations), out);
    else if (row->type == WC_OPT_SIZE)
        write_scaled(number, sizes, WC_COUNT(sizes), out);
    else
        wc_buf_u64(out, number);
}

static void write_bounds(const struct wc_option *row, struct wc_buf *out)
{
    if (row->min > 0) {
        wc_buf_z(out, row->max > 0 ? " between " : " of at least ");
        wc_option_value_number(row, row->min, out);
    }
    if (row->max > 0) {
        wc_buf_z(out, row->min > 0 ? " and " : " of at most ");
        wc_option_value_number(row, row->max, out);
    }
}

void wc_option_value_takes(const struct wc_option *row, struct wc_buf *out)
{
    static const char *const kinds[] = {
        [WC_OPT_STR] = "a text without control characters",
        [WC_OPT_LIST] = "texts without control characters, separated by commas",
        [WC_OPT_BOOL] = "true or false",
        [WC_OPT_U64] = "a number",
        [WC_OPT_DURATION] = "a duration (as in 500ms, 2s, 15m, 1h, 7d)",
        [WC_OPT_SIZE] = "a size in bytes (as in 4096, 64k, 16m, 1g)",
        [WC_OPT_CHOICE] = "one of ",
    };
    wc_buf_z(out, kinds[row->type]);
    if (row->type == WC_OPT_CHOICE)
        wc_buf_str(out, wc_str(row->choices));
    else
        write_bounds(row, out);
}

static bool is_secret(const struct wc_option *row)
{
    return strstr(row->name, "password") != NULL || strstr(row->name, "secret") != NULL;
}

/* Up to the last @: a password with an unescaped / or @ ends no sooner. */
static void mask_user_info(struct wc_str url, struct wc_buf *out)
{
    size_t start = 0;
    while (start + 3 <= url.n && memcmp(url.p + start, "://", 3) != 0)
        start++;
    start = start + 3 <= url.n ? start + 3 : url.n;
    size_t end = url.n;
    while (end > start && url.p[end - 1] != '@')
        end--;
    wc_buf_add(out, url.p, start);
    wc_buf_z(out, end > start ? "***@" : "");
    wc_buf_str(out, wc_str_from(url, end > start ? end : start));
}

void wc_option_value_mask(const struct wc_option *row, struct wc_str s, struct wc_buf *out)
{
    if (s.n > 0 && is_secret(row))
        wc_buf_z(out, "***");
    else
        mask_user_info(s, out);
}
