#include "base/json_flat.h"

#include "base/text.h"

/* What is left to read. */
static void skip_space(struct wc_str *s)
{
    while (s->n > 0 && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        *s = wc_str_from(*s, 1);
}

static bool take(struct wc_str *s, char c)
{
    skip_space(s);
    if (s->n == 0 || *s->p != c)
        return false;
    *s = wc_str_from(*s, 1);
    return true;
}

/* Its bytes together in *seen: the highest bit tells whether any is not ASCII. */
static bool take_string(struct wc_str *s, struct wc_str *out, unsigned char *seen)
{
    if (!take(s, '"'))
        return false;
    size_t n = 0;
    for (; n < s->n && s->p[n] != '"'; n++) {
        unsigned char c = (unsigned char)s->p[n];
        if (c < 0x20 || c == '\\')
            return false;
        *seen |= c;
    }
    if (n == s->n)
        return false;
    *out = (struct wc_str){s->p, n};
    *s = wc_str_from(*s, n + 1);
    return true;
}

static bool comes_twice(const struct wc_json_flat *flat, struct wc_str name)
{
    for (size_t i = 0; i < flat->n; i++)
        if (wc_str_eq(flat->of[i].name, name))
            return true;
    return false;
}

bool wc_json_flat_read(struct wc_str s, struct wc_json_flat *flat)
{
    const struct wc_str all = s;
    unsigned char seen = 0;
    flat->n = 0;
    if (!take(&s, '{'))
        return false;
    do {
        struct wc_json_pair pair;
        if (flat->n == WC_JSON_FLAT_MOST || !take_string(&s, &pair.name, &seen) || comes_twice(flat, pair.name) ||
            !take(&s, ':') || !take_string(&s, &pair.value, &seen))
            return false;
        flat->of[flat->n++] = pair;
    } while (take(&s, ','));
    if (!take(&s, '}'))
        return false;
    skip_space(&s);
    return s.n == 0 && (seen < 0x80 || wc_text_utf8(all));
}

struct wc_str wc_json_flat_get(const struct wc_json_flat *flat, const char *name)
{
    for (size_t i = 0; i < flat->n; i++)
        if (wc_str_is(flat->of[i].name, name))
            return flat->of[i].value;
    return WC_STR_NONE;
}
