#ifndef WC_CHAT_PLACES_H
#define WC_CHAT_PLACES_H

#include "base/id.h"
#include "chat/names.h"

/*
 * The text of a cursor: a session's place in all its conversations, in at most WC_CURSOR_MAX bytes however many there
 * are. It names a baseline, kept in Redis (lua/cursor_write.lua), that has an id for each conversation, and lists those
 * conversations that are elsewhere by now:
 *
 *   base64url( version, 1 byte | the baseline's line, 6 bytes | its number in the line, varint
 *              | { the conversation's place in the baseline, from 1, varint
 *              |   ms, then seq, above or below the baseline's, zigzag varint } … )
 *
 * Varints are little-endian groups of seven bits (LEB128); zigzag makes small numbers of both signs small.
 */
#define WC_CURSOR_MAX   200
#define WC_CURSOR_BYTES 150 /* before base64url */

struct wc_baseline {
    uint8_t line[6]; /* of a session: random */
    uint32_t n;      /* 0: none */
};
#define WC_BASELINE_ID 24 /* bytes of its name, with NUL: `<12 hex digits>-<n>` */
void wc_baseline_id(const struct wc_baseline *baseline, char out[WC_BASELINE_ID]);

struct wc_move {
    uint32_t place; /* from 1 */
    struct wc_id base, id;
};

/* How many bytes such a cursor has before base64url. */
size_t wc_cursor_size(const struct wc_baseline *baseline, const struct wc_move *moves, size_t n);
/* Of no more than WC_CURSOR_BYTES. */
void wc_cursor_encode(struct wc_buf *out, const struct wc_baseline *baseline, const struct wc_move *moves, size_t n);
/* False, *out untouched, when `text` can't be a cursor; else its baseline. */
bool wc_cursor_baseline(struct wc_str text, struct wc_baseline *out);

/* Where to start in a conversation. */
struct wc_place {
    struct wc_name conv;
    struct wc_id id;
    struct wc_id base; /* of the baseline, if it is from one … */
    uint32_t number;   /* … and its place there; else 0 */
};

struct wc_places {
    struct wc_place *v; /* by conversation */
    size_t n;
    struct wc_baseline baseline; /* n is 0: it is not from a cursor */
    bool own;                    /* the baseline's line is of the session that starts here: nobody else goes on in it */
};

/* The places of a cursor whose baseline has these lines. False, *out untouched, when they don't belong together. */
bool wc_places_read(struct wc_places *out, struct wc_str cursor, struct wc_str lines);
void wc_places_add(struct wc_places *places, struct wc_str conv, struct wc_id id);
void wc_places_copy(struct wc_places *out, const struct wc_places *from); /* with their baseline */
/* To be called when all are there, before looking for one. */
void wc_places_sort(struct wc_places *places);
/* NULL: not among them. */
const struct wc_place *wc_places_find(const struct wc_places *places, struct wc_str conv);
void wc_places_free(struct wc_places *places); /* leaves it empty */

#endif
