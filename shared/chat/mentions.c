#include "chat/mentions.h"

#include "base/text.h"

static bool handle_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool word_byte(char c)
{
    return handle_byte(c) || (c >= 'A' && c <= 'Z');
}

/* Might the byte before an @ be the end of a mail address's first part? */
static bool local_part_byte(char c)
{
    return word_byte(c) || c == '+' || c == '%' || c == '@';
}

/* The handle behind the @ at `at`, or nothing. */
static struct wc_str handle_at(struct wc_str text, size_t at)
{
    if (at > 0 && local_part_byte(text.p[at - 1]))
        return WC_STR_NONE;
    struct wc_str rest = wc_str_from(text, at + 1);
    size_t n = 0;
    while (n < rest.n && handle_byte(rest.p[n]))
        n++;
    bool goes_on = n < rest.n && (word_byte(rest.p[n]) || rest.p[n] == '@');
    bool domain = n + 1 < rest.n && rest.p[n] == '.' && word_byte(rest.p[n + 1]);
    struct wc_str handle = {rest.p, n};
    return goes_on || domain || !wc_text_user(handle) ? WC_STR_NONE : handle;
}

static bool among(const char *words, size_t n, struct wc_str word)
{
    struct wc_str rest = {words, n};
    while (rest.n != 0) {
        const char *space = memchr(rest.p, ' ', rest.n);
        size_t len = space != NULL ? (size_t)(space - rest.p) : rest.n;
        if (wc_str_eq((struct wc_str){rest.p, len}, word))
            return true;
        rest = wc_str_from(rest, len + 1);
    }
    return false;
}

size_t wc_mentions(struct wc_str text, char out[WC_MENTIONS_SIZE])
{
    size_t n = 0;
    int count = 0;
    for (size_t at = 0; at < text.n && count < WC_MENTIONS_MAX; at++) {
        const char *sign = memchr(text.p + at, '@', text.n - at);
        if (sign == NULL)
            break;
        at = (size_t)(sign - text.p);
        struct wc_str handle = handle_at(text, at);
        if (handle.n == 0 || among(out, n, handle))
            continue;
        if (count++ > 0)
            out[n++] = ' ';
        memcpy(out + n, handle.p, handle.n);
        n += handle.n;
    }
    return n;
}
