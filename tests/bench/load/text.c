#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <string.h>

/* ~bench:<sender>:<seq>:<due>~ and padding; the numbers in hexadecimal. */
static const char MARK[] = "~bench:";
enum { MARK_N = 7, WHOLE = MARK_N + 8 + 1 + 8 + 1 + 16 + 1 };
_Static_assert(WHOLE <= LOAD_TEXT_MIN, "a text holds its mark");

void load_text_write(char *out, size_t size, const struct load_mark *mark)
{
    char head[WHOLE + 1];
    int n = snprintf(head, sizeof(head), "%s%08x:%08x:%016llx~", MARK, mark->sender, mark->seq,
                     (unsigned long long)mark->due_ns);
    memset(out, 'x', size);
    memcpy(out, head, (size_t)n);
}

static bool hex(const char *p, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        v = v << 4 | digit;
    }
    *out = v;
    return true;
}

bool load_text_next(const char *in, size_t n, size_t *at, struct load_mark *mark)
{
    while (*at < n) {
        const char *found = memmem(in + *at, n - *at, MARK, MARK_N);
        if (found == NULL) {
            /* a mark may have begun in the last bytes */
            *at = n - *at >= MARK_N ? n - (MARK_N - 1) : *at;
            return false;
        }
        *at = (size_t)(found - in);
        if (n - *at < WHOLE)
            return false;
        uint64_t sender, seq;
        const char *p = found + MARK_N;
        *at += MARK_N;
        if (!hex(p, 8, &sender) || !hex(p + 9, 8, &seq) || !hex(p + 18, 16, &mark->due_ns))
            continue;
        mark->sender = (uint32_t)sender;
        mark->seq = (uint32_t)seq;
        *at += WHOLE - MARK_N;
        return true;
    }
    return false;
}
