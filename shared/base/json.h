#ifndef WC_BASE_JSON_H
#define WC_BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Writing: straight into a buffer, one call a member, no tree. Every value call writes the comma that it needs: it
 * looks at the last byte of the buffer, so nothing but these functions may write between an opening and its closing.
 * A name of NULL is a value in an array (or at the top).
 */
void wc_json_open(struct wc_buf *b, const char *name);       /* { */
void wc_json_close(struct wc_buf *b);                        /* } */
void wc_json_open_array(struct wc_buf *b, const char *name); /* [ */
void wc_json_close_array(struct wc_buf *b);                  /* ] */
void wc_json_str(struct wc_buf *b, const char *name, struct wc_str value);
void wc_json_u64(struct wc_buf *b, const char *name, uint64_t value);
void wc_json_i64(struct wc_buf *b, const char *name, int64_t value);
void wc_json_bool(struct wc_buf *b, const char *name, bool value);
void wc_json_null(struct wc_buf *b, const char *name);
void wc_json_raw(struct wc_buf *b, const char *name, struct wc_str json); /* JSON made before */
/* The quoted form of `s`: `"`, `\` and C0 escaped (RFC 8259 section 7), everything else as it is. */
void wc_json_quote(struct wc_buf *b, struct wc_str s);

/* Reading: a tree (jansson's), opaque here. Depth is bounded; duplicate names are refused. */
struct json_t;
typedef struct json_t wc_json;

enum wc_json_type {
    WC_JSON_NULL,
    WC_JSON_BOOL,
    WC_JSON_INT,
    WC_JSON_REAL,
    WC_JSON_STRING,
    WC_JSON_ARRAY,
    WC_JSON_OBJECT
};

/* One JSON text, nothing behind it. NULL when it is not one; why (at least 128 bytes) then says what and where. */
wc_json *wc_json_parse(struct wc_str s, char *why, size_t why_size);
void wc_json_free(wc_json *doc); /* NULL is fine; all views of it end */

enum wc_json_type wc_json_type(const wc_json *v);
/* Views into the tree. A missing member, a wrong type or v == NULL gives NULL, {NULL, 0}, 0 or false. */
const wc_json *wc_json_get(const wc_json *object, const char *name);
const wc_json *wc_json_at(const wc_json *array, size_t i);
size_t wc_json_count(const wc_json *array_or_object);
struct wc_str wc_json_get_str(const wc_json *object, const char *name);
int64_t wc_json_get_int(const wc_json *object, const char *name);
bool wc_json_get_bool(const wc_json *object, const char *name);
struct wc_str wc_json_string(const wc_json *v);
int64_t wc_json_int(const wc_json *v);
bool wc_json_true(const wc_json *v);
/* Calls back for each member in order of insertion until the callback returns false; false when it did. */
typedef bool (*wc_json_each_cb)(void *arg, struct wc_str name, const wc_json *value);
bool wc_json_each(const wc_json *object, wc_json_each_cb cb, void *arg);

#endif
