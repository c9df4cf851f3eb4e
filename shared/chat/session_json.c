#include "chat/session_json.h"

#include "chat/cursor.h"
#include "chat/fanout.h"

struct given {
    struct wc_places *places;
    struct wc_str user;
    const char *wrong;
};

static bool on_cursor(void *arg, struct wc_str name, const wc_json *value)
{
    struct given *given = arg;
    struct wc_target target;
    struct wc_id id;
    if (wc_target_parse(name, &target) != WC_OK)
        given->wrong = "cursors: names are targets, as in wcchat://rooms/general";
    else if (!wc_id_parse(wc_json_string(value), &id))
        given->wrong = "cursors: values are ids of events, as in 1795410001234-42";
    if (given->wrong != NULL)
        return false;
    struct wc_name conv = wc_conv_name(&target, given->user);
    wc_places_add(given->places, wc_name_str(&conv), id);
    return true;
}

/* Null is as if absent. */
static const wc_json *member(const wc_json *args, const char *name)
{
    const wc_json *v = wc_json_get(args, name);
    return v != NULL && wc_json_type(v) != WC_JSON_NULL ? v : NULL;
}

const char *wc_session_start_read(const wc_json *args, struct wc_str user, struct wc_session_start *start,
                                  struct wc_places *places)
{
    const wc_json *cursor = member(args, "cursor"), *cursors = member(args, "cursors");
    struct given given = {.places = places, .user = user};
    *places = (struct wc_places){.n = 0};
    *start = (struct wc_session_start){.cursor = wc_json_string(cursor), .places = cursors != NULL ? places : NULL};
    if (cursor != NULL && cursors != NULL)
        return "only one of cursor and cursors can be given";
    if (cursor != NULL && wc_json_type(cursor) != WC_JSON_STRING)
        return "cursor: must be a string";
    if (cursors != NULL && wc_json_type(cursors) != WC_JSON_OBJECT)
        return "cursors: must be an object";
    if (cursors != NULL)
        wc_json_each(cursors, on_cursor, &given);
    return given.wrong;
}

static void add_place(void *arg, struct wc_str conv, unsigned side, struct wc_id id)
{
    char space[WC_NAME_MAX + 16], digits[WC_ID_MAX_LEN];
    struct wc_buf target = {space, 0, sizeof(space)};
    wc_conv_target(&target, conv, side);
    wc_buf_c(&target, '\0');
    wc_json_str(arg, space, (struct wc_str){digits, wc_id_format(id, digits)});
}

void wc_session_cursors_json(const struct wc_session *s, struct wc_buf *out)
{
    struct wc_buf cursor = WC_BUF_INIT;
    wc_cursor_text(s, &cursor);
    wc_json_str(out, "cursor", wc_buf_view(&cursor));
    wc_buf_free(&cursor);
    wc_json_open(out, "cursors");
    wc_fanout_places(s, add_place, out);
    wc_json_close(out);
}
