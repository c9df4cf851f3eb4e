#include "base/str.h"

#include "base/mem.h"

int wc_str_cmp(struct wc_str a, struct wc_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool wc_str_cut(struct wc_str *rest, char by, struct wc_str *part)
{
    if (rest->n == 0)
        return false;
    const char *end = memchr(rest->p, by, rest->n);
    size_t len = end != NULL ? (size_t)(end - rest->p) : rest->n;
    *part = (struct wc_str){rest->p, len};
    *rest = wc_str_from(*rest, len + 1);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct wc_str wc_str_trim(struct wc_str s)
{
    while (s.n > 0 && is_blank(s.p[0]))
        s = wc_str_from(s, 1);
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool wc_str_u64(struct wc_str s, uint64_t max, uint64_t *out)
{
    if (s.n == 0 || s.n > 20 || (s.p[0] == '0' && s.n > 1))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
            return false;
    }
    if (v > max)
        return false;
    *out = v;
    return true;
}

static const char two_digits[] = "00010203040506070809101112131415161718192021222324"
                                 "25262728293031323334353637383940414243444546474849"
                                 "50515253545556575859606162636465666768697071727374"
                                 "75767778798081828384858687888990919293949596979899";

size_t wc_u64_format(uint64_t v, char *out)
{
    char tmp[20];
    size_t at = sizeof(tmp);
    for (; v >= 100; v /= 100) {
        at -= 2;
        memcpy(tmp + at, two_digits + (v % 100) * 2, 2);
    }
    if (v >= 10) {
        at -= 2;
        memcpy(tmp + at, two_digits + v * 2, 2);
    } else {
        tmp[--at] = (char)('0' + v);
    }
    memcpy(out, tmp + at, sizeof(tmp) - at);
    return sizeof(tmp) - at;
}

char *wc_str_dup(struct wc_str s)
{
    char *z = wc_realloc(NULL, s.n + 1);
    if (s.n > 0)
        memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    return z;
}
