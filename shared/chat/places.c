#include "chat/places.h"

#include "base/crypto.h"
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { VERSION = 1, VARINT_MOST = 10 };

void wc_baseline_id(const struct wc_baseline *baseline, char out[WC_BASELINE_ID])
{
    wc_hex(baseline->line, sizeof(baseline->line), out);
    snprintf(out + 2 * sizeof(baseline->line), WC_BASELINE_ID - 2 * sizeof(baseline->line), "-%u", baseline->n);
}

/* Writing. */

static size_t put_varint(uint8_t *out, uint64_t v)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        out[n++] = (uint8_t)(v | 0x80);
    out[n++] = (uint8_t)v;
    return n;
}

/* The distance between numbers below 2^63. */
static uint64_t zigzag(uint64_t from, uint64_t to)
{
    return to >= from ? (to - from) << 1 : ((from - to - 1) << 1) | 1;
}

static size_t put_move(uint8_t *out, const struct wc_move *m)
{
    size_t n = put_varint(out, m->place);
    n += put_varint(out + n, zigzag(m->base.ms, m->id.ms));
    return n + put_varint(out + n, zigzag(m->base.seq, m->id.seq));
}

static size_t put_head(uint8_t *out, const struct wc_baseline *baseline)
{
    out[0] = VERSION;
    memcpy(out + 1, baseline->line, sizeof(baseline->line));
    return 1 + sizeof(baseline->line) + put_varint(out + 1 + sizeof(baseline->line), baseline->n);
}

size_t wc_cursor_size(const struct wc_baseline *baseline, const struct wc_move *moves, size_t n)
{
    uint8_t space[3 * VARINT_MOST];
    size_t size = put_head(space, baseline);
    for (size_t i = 0; i < n; i++)
        size += put_move(space, &moves[i]);
    return size;
}

void wc_cursor_encode(struct wc_buf *out, const struct wc_baseline *baseline, const struct wc_move *moves, size_t n)
{
    uint8_t plain[WC_CURSOR_BYTES + 3 * VARINT_MOST];
    size_t size = put_head(plain, baseline);
    for (size_t i = 0; i < n; i++) {
        assert(size <= WC_CURSOR_BYTES);
        size += put_move(plain + size, &moves[i]);
    }
    wc_base64url_add(out, plain, size);
}

/* Reading. */

static bool take_varint(struct wc_str *s, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s->n && i < 9; i++) { /* 63 bits: nothing here has more */
        uint8_t byte = (uint8_t)s->p[i];
        v |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *s = wc_str_from(*s, i + 1);
            *out = v;
            return true;
        }
    }
    return false;
}

static bool take_head(struct wc_str *s, struct wc_baseline *out)
{
    struct wc_baseline baseline;
    uint64_t n;
    if (s->n < 1 + sizeof(baseline.line) || s->p[0] != VERSION)
        return false;
    memcpy(baseline.line, s->p + 1, sizeof(baseline.line));
    *s = wc_str_from(*s, 1 + sizeof(baseline.line));
    if (!take_varint(s, &n) || n == 0 || n > UINT32_MAX)
        return false;
    baseline.n = (uint32_t)n;
    *out = baseline;
    return true;
}

static bool decode(struct wc_str text, struct wc_buf *plain)
{
    return text.n != 0 && text.n <= WC_CURSOR_MAX && wc_base64url_decode(text, plain);
}

bool wc_cursor_baseline(struct wc_str text, struct wc_baseline *out)
{
    struct wc_buf plain = WC_BUF_INIT;
    struct wc_str rest;
    bool good = decode(text, &plain);
    rest = wc_buf_view(&plain);
    good = good && take_head(&rest, out);
    wc_buf_free(&plain);
    return good;
}

static bool apply(uint64_t base, uint64_t distance, uint64_t *out)
{
    uint64_t by = (distance >> 1) + (distance & 1);
    if ((distance & 1) != 0 ? by > base : by > INT64_MAX - base)
        return false;
    *out = (distance & 1) != 0 ? base - by : base + by;
    return true;
}

static bool take_moves(struct wc_str s, struct wc_places *places)
{
    while (s.n != 0) {
        uint64_t place, ms, seq;
        if (!take_varint(&s, &place) || !take_varint(&s, &ms) || !take_varint(&s, &seq))
            return false;
        if (place == 0 || place > places->n)
            return false;
        struct wc_place *p = &places->v[place - 1];
        if (!apply(p->base.ms, ms, &p->id.ms) || !apply(p->base.seq, seq, &p->id.seq))
            return false;
    }
    return true;
}

static bool take_line(struct wc_str line, struct wc_places *places)
{
    struct wc_str conv;
    struct wc_id id;
    if (!wc_str_cut(&line, ' ', &conv) || conv.n == 0 || conv.n >= WC_NAME_MAX || !wc_id_parse(line, &id))
        return false;
    wc_places_add(places, conv, id);
    places->v[places->n - 1].number = (uint32_t)places->n;
    return true;
}

bool wc_places_read(struct wc_places *out, struct wc_str cursor, struct wc_str lines)
{
    struct wc_places places = {.n = 0};
    struct wc_buf plain = WC_BUF_INIT;
    struct wc_str rest, line;
    bool good = decode(cursor, &plain);
    rest = wc_buf_view(&plain);
    good = good && take_head(&rest, &places.baseline);
    while (good && wc_str_cut(&lines, '\n', &line))
        good = take_line(line, &places);
    good = good && take_moves(rest, &places);
    wc_buf_free(&plain);
    if (good) {
        wc_places_sort(&places);
        *out = places;
    } else {
        wc_places_free(&places);
    }
    return good;
}

static struct wc_place *add(struct wc_places *places)
{
    if ((places->n & (places->n - 1)) == 0) /* full: its room is the next power of two */
        places->v = wc_realloc_array(places->v, places->n != 0 ? places->n * 2 : 1, sizeof(*places->v));
    return &places->v[places->n++];
}

void wc_places_add(struct wc_places *places, struct wc_str conv, struct wc_id id)
{
    struct wc_place *p = add(places);
    *p = (struct wc_place){.id = id, .base = id};
    memcpy(p->conv.z, conv.p, conv.n);
    p->conv.n = (uint8_t)conv.n;
}

void wc_places_copy(struct wc_places *out, const struct wc_places *from)
{
    *out = (struct wc_places){.baseline = from->baseline, .own = from->own};
    for (size_t i = 0; i < from->n; i++)
        *add(out) = from->v[i];
}

static int by_name(const void *a, const void *b)
{
    const struct wc_place *x = a, *y = b;
    return wc_str_cmp(wc_name_str(&x->conv), wc_name_str(&y->conv));
}

void wc_places_sort(struct wc_places *places)
{
    if (places->n != 0)
        qsort(places->v, places->n, sizeof(*places->v), by_name);
}

const struct wc_place *wc_places_find(const struct wc_places *places, struct wc_str conv)
{
    struct wc_place wanted = {.number = 0};
    if (places->n == 0 || conv.n >= WC_NAME_MAX)
        return NULL;
    memcpy(wanted.conv.z, conv.p, conv.n);
    wanted.conv.n = (uint8_t)conv.n;
    return bsearch(&wanted, places->v, places->n, sizeof(*places->v), by_name);
}

void wc_places_free(struct wc_places *places)
{
    free(places->v);
    *places = (struct wc_places){.n = 0};
}
