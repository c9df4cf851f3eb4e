#include "base/text.h"

#include <utf8proc.h>

static bool is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f);
}

static bool fail(const char **why, const char *sentence)
{
    if (why != NULL)
        *why = sentence;
    return false;
}

/* RFC 3629 section 4: no overlong forms, no surrogates, nothing past U+10FFFF. */
size_t wc_text_next(struct wc_str s, uint32_t *cp)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (s.n == 0 || s.p == NULL)
        return 0;
    unsigned char lead = (unsigned char)s.p[0];
    if (lead < 0x80) {
        *cp = lead;
        return 1;
    }
    size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || s.n < len)
        return 0;
    uint32_t v = lead & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c & 0xc0) != 0x80)
            return 0;
        v = v << 6 | (c & 0x3f);
    }
    if (v < smallest[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
        return 0;
    *cp = v;
    return len;
}

static bool acceptable(struct wc_str s, bool lines, const char **why)
{
    for (size_t at = 0; at < s.n;) {
        unsigned char c = (unsigned char)s.p[at];
        if (c >= 0x20 && c < 0x7f) {
            at++;
            continue;
        }
        uint32_t cp;
        size_t len = wc_text_next(wc_str_from(s, at), &cp);
        if (len == 0)
            return fail(why, "the text is not valid UTF-8");
        bool blank = cp == '\t' || cp == '\n';
        if (blank && !lines)
            return fail(why, "the text must be a single line without tabs");
        if (is_control(cp) && !blank)
            return fail(why, "the text has control characters");
        at += len;
    }
    return true;
}

wc_err wc_text_check(struct wc_str s, size_t min, size_t max, bool lines, const char **why)
{
    if (s.n > max) {
        fail(why, "the text is too long");
        return WC_TOO_LARGE;
    }
    if (s.n < min) {
        fail(why, s.n == 0 ? "the text is empty" : "the text is too short");
        return WC_BAD_TEXT;
    }
    return acceptable(s, lines, why) ? WC_OK : WC_BAD_TEXT;
}

bool wc_text_utf8(struct wc_str s)
{
    for (size_t at = 0; at < s.n;) {
        uint32_t cp;
        size_t len = wc_text_next(wc_str_from(s, at), &cp);
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

static bool is_name(struct wc_str s, size_t max)
{
    if (s.n == 0 || s.n > max || s.p[0] == '_' || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return true;
}

bool wc_text_user(struct wc_str s)
{
    return is_name(s, WC_USER_MAX);
}

bool wc_text_room(struct wc_str s)
{
    return is_name(s, WC_ROOM_MAX);
}

bool wc_text_client_id(struct wc_str s)
{
    if (s.n == 0 || s.n > WC_CLIENT_ID_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] > 0x7e)
            return false;
    }
    return true;
}

size_t wc_text_width(struct wc_str s)
{
    size_t columns = 0;
    for (size_t at = 0; at < s.n;) {
        uint32_t cp;
        size_t len = wc_text_next(wc_str_from(s, at), &cp);
        int width = len == 0 ? 1 : utf8proc_charwidth((utf8proc_int32_t)cp);
        columns += width > 0 ? (size_t)width : 0;
        at += len > 0 ? len : 1;
    }
    return columns;
}

bool wc_text_deceptive(uint32_t cp)
{
    return is_control(cp) || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200e ||
           cp == 0x200f || cp == 0x061c || cp == 0x2028 || cp == 0x2029;
}
