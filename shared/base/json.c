#include "base/json.h"

#include <jansson.h>
#include <stdio.h>

#define MAX_DEPTH 64 /* far past any request; keeps the parser's recursion and its callers' small */

/* A comma is due after a complete value, which can only end in one of these bytes. */
static bool ends_value(char c)
{
    return c == '"' || c == '}' || c == ']' || c == 'e' || c == 'l' || (c >= '0' && c <= '9');
}

static void begin(struct wc_buf *b, const char *name)
{
    if (b->n > 0 && ends_value(b->p[b->n - 1]))
        wc_buf_c(b, ',');
    if (name != NULL) {
        wc_json_quote(b, wc_str(name));
        wc_buf_c(b, ':');
    }
}

void wc_json_open(struct wc_buf *b, const char *name)
{
    begin(b, name);
    wc_buf_c(b, '{');
}

void wc_json_close(struct wc_buf *b)
{
    wc_buf_c(b, '}');
}

void wc_json_open_array(struct wc_buf *b, const char *name)
{
    begin(b, name);
    wc_buf_c(b, '[');
}

void wc_json_close_array(struct wc_buf *b)
{
    wc_buf_c(b, ']');
}

void wc_json_str(struct wc_buf *b, const char *name, struct wc_str value)
{
    begin(b, name);
    wc_json_quote(b, value);
}

void wc_json_u64(struct wc_buf *b, const char *name, uint64_t value)
{
    begin(b, name);
    wc_buf_u64(b, value);
}

void wc_json_i64(struct wc_buf *b, const char *name, int64_t value)
{
    begin(b, name);
    if (value < 0)
        wc_buf_c(b, '-');
    wc_buf_u64(b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void wc_json_bool(struct wc_buf *b, const char *name, bool value)
{
    begin(b, name);
    wc_buf_z(b, value ? "true" : "false");
}

void wc_json_null(struct wc_buf *b, const char *name)
{
    begin(b, name);
    wc_buf_z(b, "null");
}

void wc_json_raw(struct wc_buf *b, const char *name, struct wc_str json)
{
    /* White space at the end would hide from the next value that a comma is due. */
    while (json.n > 0 && strchr(" \t\r\n", json.p[json.n - 1]) != NULL)
        json.n--;
    begin(b, name);
    wc_buf_str(b, json.n > 0 ? json : WC_STR("null"));
}

/* Has any of the 8 bytes to be escaped? A byte's high bit says so (false alarms only cost a closer look). */
static bool word_needs_escape(const char *p)
{
    const uint64_t ones = 0x0101010101010101U;
    uint64_t w;
    memcpy(&w, p, 8);
    uint64_t quote = w ^ (ones * '"');
    uint64_t backslash = w ^ (ones * '\\');
    uint64_t low = (w - ones * 0x20) & ~w;
    return ((low | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & (ones * 0x80)) != 0;
}

static bool needs_escape(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

static size_t plain_run(const char *p, size_t n)
{
    size_t i = 0;
    for (;;) {
        while (i + 8 <= n && !word_needs_escape(p + i))
            i += 8;
        size_t stop = i + 8 < n ? i + 8 : n;
        while (i < stop && !needs_escape(p[i]))
            i++;
        if (i < stop || i == n)
            return i;
    }
}

static void escape(struct wc_buf *b, char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof(letters); i += 2) {
        if (letters[i] == c) {
            wc_buf_add(b, (char[]){'\\', letters[i + 1]}, 2);
            return;
        }
    }
    wc_buf_add(b, (char[]){'\\', 'u', '0', '0', hex[(unsigned char)c >> 4], hex[c & 15]}, 6);
}

void wc_json_quote(struct wc_buf *b, struct wc_str s)
{
    wc_buf_reserve(b, s.n + 2);
    wc_buf_c(b, '"');
    for (size_t at = 0; at < s.n;) {
        size_t run = plain_run(s.p + at, s.n - at);
        wc_buf_add(b, s.p + at, run);
        at += run;
        if (at < s.n)
            escape(b, s.p[at++]);
    }
    wc_buf_c(b, '"');
}

static size_t string_end(struct wc_str s, size_t i)
{
    while (i < s.n && s.p[i] != '"')
        i += s.p[i] == '\\' ? 2 : 1;
    return i;
}

static bool too_deep(struct wc_str s)
{
    int depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"')
            i = string_end(s, i + 1);
        else if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        if (depth > MAX_DEPTH)
            return true;
    }
    return false;
}

/* Sentences of our own: jansson's quote the input, control characters and all. */
static const char *sentence(enum json_error_code code)
{
    switch (code) {
    case json_error_invalid_utf8:
        return "not valid UTF-8";
    case json_error_premature_end_of_input:
        return "the JSON text ends too early";
    case json_error_end_of_input_expected:
        return "something follows the JSON text";
    case json_error_null_byte_in_key:
        return "a member's name has a NUL";
    case json_error_duplicate_key:
        return "a member's name comes twice";
    case json_error_numeric_overflow:
        return "a number is out of range";
    case json_error_stack_overflow:
        return "nested too deeply";
    default:
        return "not valid JSON";
    }
}

wc_json *wc_json_parse(struct wc_str s, char *why, size_t why_size)
{
    if (s.n == 0) {
        snprintf(why, why_size, "there is no JSON text");
        return NULL;
    }
    if (too_deep(s)) {
        snprintf(why, why_size, "nested too deeply: %d levels are allowed", MAX_DEPTH);
        return NULL;
    }
    json_error_t e;
    json_t *doc = json_loadb(s.p, s.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    if (doc == NULL)
        snprintf(why, why_size, "%s (line %d, column %d)", sentence(json_error_code(&e)), e.line, e.column);
    return doc;
}

void wc_json_free(wc_json *doc)
{
    json_decref(doc);
}

enum wc_json_type wc_json_type(const wc_json *v)
{
    if (v == NULL)
        return WC_JSON_NULL;
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return WC_JSON_OBJECT;
    case JSON_ARRAY:
        return WC_JSON_ARRAY;
    case JSON_STRING:
        return WC_JSON_STRING;
    case JSON_INTEGER:
        return WC_JSON_INT;
    case JSON_REAL:
        return WC_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return WC_JSON_BOOL;
    default:
        return WC_JSON_NULL;
    }
}

const wc_json *wc_json_get(const wc_json *object, const char *name)
{
    return json_object_get(object, name);
}

const wc_json *wc_json_at(const wc_json *array, size_t i)
{
    return json_array_get(array, i);
}

size_t wc_json_count(const wc_json *array_or_object)
{
    return json_is_object(array_or_object) ? json_object_size(array_or_object) : json_array_size(array_or_object);
}

struct wc_str wc_json_get_str(const wc_json *object, const char *name)
{
    return wc_json_string(wc_json_get(object, name));
}

int64_t wc_json_get_int(const wc_json *object, const char *name)
{
    return wc_json_int(wc_json_get(object, name));
}

bool wc_json_get_bool(const wc_json *object, const char *name)
{
    return wc_json_true(wc_json_get(object, name));
}

struct wc_str wc_json_string(const wc_json *v)
{
    return json_is_string(v) ? (struct wc_str){json_string_value(v), json_string_length(v)} : WC_STR_NONE;
}

int64_t wc_json_int(const wc_json *v)
{
    return json_integer_value(v);
}

bool wc_json_true(const wc_json *v)
{
    return json_is_true(v);
}

bool wc_json_each(const wc_json *object, wc_json_each_cb cb, void *arg)
{
    json_t *o = (json_t *)object; /* jansson's iterators do not change it */
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        if (!cb(arg, wc_str(json_object_iter_key(it)), json_object_iter_value(it)))
            return false;
    }
    return true;
}
