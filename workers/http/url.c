#include "http/url.h"

#include "base/text.h"

static struct wc_str before(struct wc_str s, char c, struct wc_str *after)
{
    const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
    *after = at != NULL ? wc_str_from(s, (size_t)(at - s.p) + 1) : WC_STR_NONE;
    return at != NULL ? (struct wc_str){s.p, (size_t)(at - s.p)} : s;
}

/* Without `http://authority`. */
static struct wc_str origin_form(struct wc_str target)
{
    size_t skip = wc_str_starts(target, WC_STR("http://")) ? 7 : wc_str_starts(target, WC_STR("https://")) ? 8 : 0;
    if (skip == 0)
        return target;
    for (size_t i = skip; i < target.n; i++) {
        if (target.p[i] == '/')
            return wc_str_from(target, i);
        if (target.p[i] == '?')
            return WC_STR_NONE;
    }
    return WC_STR("/");
}

bool wc_url_split(struct wc_str target, struct wc_url *out)
{
    struct wc_str origin = origin_form(target);
    if (origin.n == 0 || origin.p[0] != '/')
        return false;
    out->path = before(origin, '?', &out->query);
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool wc_url_decode(struct wc_str s, bool query, struct wc_buf *out)
{
    size_t from = out->n;
    wc_buf_reserve(out, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int high = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
            int low = high >= 0 ? hex_value(s.p[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (query && c == '+') {
            c = ' ';
        }
        wc_buf_c(out, c);
    }
    return wc_text_utf8((struct wc_str){out->p + from, out->n - from});
}

bool wc_url_next_pair(struct wc_str *query, struct wc_str *name, struct wc_str *value)
{
    while (query->n > 0) {
        struct wc_str pair = before(*query, '&', query);
        if (pair.n == 0)
            continue;
        *name = before(pair, '=', value);
        return true;
    }
    return false;
}
