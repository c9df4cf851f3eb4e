#include "chat/event.h"

#include "base/json.h"
#include "chat/names.h"

#include <assert.h>

static const char *const type_words[WC_EV_TYPES] = {
    [WC_EV_MESSAGE_PUBLISHED] = "messagepublished",
    [WC_EV_MESSAGE_EDITED] = "messageedited",
    [WC_EV_MESSAGE_DELETED] = "messagedeleted",
    [WC_EV_REACTION_CHANGED] = "reactionchanged",
    [WC_EV_USER_JOINED] = "userjoined",
    [WC_EV_USER_LEFT] = "userleft",
    [WC_EV_ROOM_CREATED] = "roomcreated",
    [WC_EV_ROOM_UPDATED] = "roomupdated",
    [WC_EV_ROOM_DELETED] = "roomdeleted",
    [WC_EV_MESSAGE_READ] = "messageread",
    [WC_EV_MESSAGE_DELIVERED] = "messagedelivered",
    [WC_EV_TYPING] = "typing",
    [WC_EV_USER_LOGGED_IN] = "userloggedin",
    [WC_EV_USER_LOGGED_OUT] = "userloggedout",
    [WC_EV_PRESENCE_CHANGED] = "presencechanged",
    [WC_EV_CONVERSATION_ADDED] = "conversationadded",
    [WC_EV_CONVERSATION_REMOVED] = "conversationremoved",
    [WC_EV_RESYNC] = "resync",
    [WC_EV_ACCOUNT_CHANGED] = "accountchanged",
    [WC_EV_SESSION_ENDED] = "sessionended",
    [WC_EV_UNKNOWN] = "unknown",
};

static const char *const field_words[WC_F_COUNT] = {
    [WC_F_TYPE] = "type",
    [WC_F_FROM] = "from",
    [WC_F_VIA] = "via",
    [WC_F_TEXT] = "text",
    [WC_F_CLIENT_ID] = "client_id",
    [WC_F_REPLY_TO] = "reply_to",
    [WC_F_MENTIONS] = "mentions",
    [WC_F_ACTION] = "action",
    [WC_F_USER] = "user",
    [WC_F_BY] = "by",
    [WC_F_REASON] = "reason",
    [WC_F_DESCRIPTION] = "description",
    [WC_F_TOPIC] = "topic",
    [WC_F_VISIBILITY] = "visibility",
    [WC_F_ID] = "id",
    [WC_F_TARGET] = "target",
    [WC_F_CHANNEL] = "channel",
    [WC_F_CHANNELS] = "channels",
    [WC_F_STATUS] = "status",
    [WC_F_VERSION] = "version",
    [WC_F_PREV] = "prev",
    [WC_F_N] = "n",
    [WC_F_KEEP] = "keep",
    [WC_F_SESSION] = "session",
    [WC_F_ROLE] = "role",
    [WC_F_CHANGED] = "changed",
    [WC_F_REACTION] = "reaction",
    [WC_F_ADDED] = "added",
    [WC_F_HOW_MANY] = "count",
    [WC_F_EDITED] = "edited",
    [WC_F_REACTIONS] = "reactions",
};

enum wc_event_type wc_event_type_of(struct wc_str word)
{
    for (int i = 0; i < WC_EV_UNKNOWN; i++)
        if (wc_str_is(word, type_words[i]))
            return (enum wc_event_type)i;
    return WC_EV_UNKNOWN;
}

const char *wc_event_type_word(enum wc_event_type type)
{
    return type_words[type];
}

/* The next piece of `rest` up to the separator; false when nothing is left. */
static bool piece(struct wc_str *rest, struct wc_str *out)
{
    if (rest->p == NULL)
        return false;
    const char *end = rest->n != 0 ? memchr(rest->p, WC_FIELD_SEPARATOR, rest->n) : NULL;
    if (end == NULL) {
        *out = *rest;
        *rest = WC_STR_NONE;
        return true;
    }
    *out = (struct wc_str){rest->p, (size_t)(end - rest->p)};
    *rest = wc_str_from(*rest, out->n + 1);
    return true;
}

static bool parse_id(struct wc_event *ev)
{
    if (wc_id_parse(ev->id_text, &ev->id)) {
        ev->stored = true;
        ev->time_ms = ev->id.ms;
        return true;
    }
    struct wc_str digits = wc_str_from(ev->id_text, 2);
    const char *dash = digits.p != NULL ? memchr(digits.p, '-', digits.n) : NULL;
    if (!wc_str_starts(ev->id_text, WC_STR("t-")) || dash == NULL)
        return false;
    digits.n = (size_t)(dash - digits.p);
    uint64_t us;
    if (!wc_str_u64(digits, UINT64_MAX, &us))
        return false;
    ev->time_ms = us / 1000;
    return true;
}

static bool parse(struct wc_event *ev, struct wc_str rest)
{
    if (!piece(&rest, &ev->id_text) || !parse_id(ev))
        return false;
    struct wc_str name, value;
    while (piece(&rest, &name)) {
        if (!piece(&rest, &value))
            return false;
        for (int i = 0; i < WC_F_COUNT; i++) {
            if (wc_str_is(name, field_words[i])) {
                ev->f[i] = value;
                break;
            }
        }
    }
    ev->type = wc_event_type_of(ev->f[WC_F_TYPE]);
    return !ev->stored || wc_id_parse(ev->f[WC_F_PREV], &ev->prev);
}

struct wc_event *wc_event_parse(struct wc_str conv, struct wc_str payload)
{
    struct wc_event *ev = wc_alloc(sizeof(*ev) + conv.n + payload.n + 1);
    ev->refs = 1;
    if (conv.n != 0)
        memcpy(ev->bytes, conv.p, conv.n);
    if (payload.n != 0)
        memcpy(ev->bytes + conv.n, payload.p, payload.n);
    ev->conv = (struct wc_str){ev->bytes, conv.n};
    if (!parse(ev, (struct wc_str){ev->bytes + conv.n, payload.n})) {
        free(ev);
        return NULL;
    }
    return ev;
}

struct wc_event *wc_event_ref(struct wc_event *ev)
{
    ev->refs++;
    return ev;
}

void wc_event_unref(struct wc_event *ev)
{
    if (ev == NULL || --ev->refs != 0)
        return;
    for (size_t i = 0; i < WC_EVENT_SLOTS; i++) {
        wc_frame_unref(ev->frames[i][0]);
        wc_frame_unref(ev->frames[i][1]);
    }
    free(ev);
}

static void text_member(struct wc_buf *b, const char *name, struct wc_str value)
{
    if (value.p != NULL)
        wc_json_str(b, name, value);
}

/* A list kept as words with `sep` between them. */
static void list_member(struct wc_buf *b, const char *name, struct wc_str words, char sep)
{
    if (words.p == NULL)
        return;
    wc_json_open_array(b, name);
    while (words.n != 0) {
        const char *end = memchr(words.p, sep, words.n);
        size_t n = end != NULL ? (size_t)(end - words.p) : words.n;
        wc_json_str(b, NULL, (struct wc_str){words.p, n});
        words = wc_str_from(words, n + 1);
    }
    wc_json_close_array(b);
}

static void time_member(struct wc_buf *b, const char *name, uint64_t ms)
{
    char time[24];
    wc_time_rfc3339(ms, time);
    wc_json_str(b, name, (struct wc_str){time, sizeof(time)});
}

static void message_members(const struct wc_event *ev, struct wc_buf *b)
{
    text_member(b, "text", ev->f[WC_F_TEXT]);
    text_member(b, "client_id", ev->f[WC_F_CLIENT_ID]);
    text_member(b, "reply_to", ev->f[WC_F_REPLY_TO]);
    if (ev->f[WC_F_MENTIONS].n != 0)
        list_member(b, "mentions", ev->f[WC_F_MENTIONS], ' ');
    if (ev->f[WC_F_ACTION].n != 0)
        wc_json_bool(b, "action", true);
}

static void number_member(struct wc_buf *b, const char *name, struct wc_str value)
{
    uint64_t number;
    if (wc_str_u64(value, UINT64_MAX, &number))
        wc_json_u64(b, name, number);
}

static void reaction_members(const struct wc_event *ev, struct wc_buf *b)
{
    text_member(b, "reaction", ev->f[WC_F_REACTION]);
    wc_json_bool(b, "added", wc_str_is(ev->f[WC_F_ADDED], "1"));
    number_member(b, "count", ev->f[WC_F_HOW_MANY]);
}

/* What a message of a history has become. */
static void folded_members(const struct wc_event *ev, struct wc_buf *b)
{
    struct wc_str rest = ev->f[WC_F_REACTIONS], one, word, count;
    uint64_t ms;
    if (wc_str_u64(ev->f[WC_F_EDITED], UINT64_MAX, &ms))
        time_member(b, "edited", ms);
    if (rest.n == 0)
        return;
    wc_json_open_array(b, "reactions");
    while (wc_str_cut(&rest, WC_EVENT_SEPARATOR, &one) && wc_str_cut(&one, ' ', &word)) {
        wc_json_open(b, NULL);
        wc_json_str(b, "reaction", word);
        if (wc_str_cut(&one, ' ', &count))
            number_member(b, "count", count);
        list_member(b, "users", one.p != NULL ? one : WC_STR(""), ' ');
        wc_json_close(b);
    }
    wc_json_close_array(b);
}

static void room_member(const struct wc_event *ev, struct wc_buf *b)
{
    wc_json_open(b, "room");
    wc_json_str(b, "id", wc_conv_rest(ev->conv));
    text_member(b, "description", ev->f[WC_F_DESCRIPTION]);
    text_member(b, "topic", ev->f[WC_F_TOPIC]);
    text_member(b, "visibility", ev->f[WC_F_VISIBILITY]);
    wc_json_close(b);
    text_member(b, "user", ev->f[WC_F_USER]); /* who was given a role */
    text_member(b, "role", ev->f[WC_F_ROLE]);
    if (ev->f[WC_F_CHANGED].n != 0)
        list_member(b, "changed", ev->f[WC_F_CHANGED], ' ');
}

static void presence_members(const struct wc_event *ev, struct wc_buf *b)
{
    text_member(b, "user", ev->f[WC_F_USER]);
    text_member(b, "channel", ev->f[WC_F_CHANNEL]);
    list_member(b, "channels", ev->f[WC_F_CHANNELS], ',');
    text_member(b, "status", ev->f[WC_F_STATUS]);
    text_member(b, "text", ev->f[WC_F_TEXT]);
    number_member(b, "version", ev->f[WC_F_VERSION]);
}

/* What a type has in `data` besides target, seq, from and via. `message`: the name of the message that an event is
 * about, which in an item of a history can't be `id`. */
static void own_members(const struct wc_event *ev, const char *message, struct wc_buf *b)
{
    switch (ev->type) {
    case WC_EV_MESSAGE_PUBLISHED:
        message_members(ev, b);
        break;
    case WC_EV_USER_JOINED:
    case WC_EV_USER_LEFT:
        text_member(b, "user", ev->f[WC_F_USER]);
        text_member(b, "by", ev->f[WC_F_BY]);
        text_member(b, "reason", ev->f[WC_F_REASON]);
        break;
    case WC_EV_ROOM_CREATED:
    case WC_EV_ROOM_UPDATED:
    case WC_EV_ROOM_DELETED:
        room_member(ev, b);
        break;
    case WC_EV_USER_LOGGED_IN:
    case WC_EV_USER_LOGGED_OUT:
    case WC_EV_PRESENCE_CHANGED:
        presence_members(ev, b);
        break;
    case WC_EV_MESSAGE_EDITED:
        text_member(b, message, ev->f[WC_F_ID]);
        message_members(ev, b);
        break;
    case WC_EV_REACTION_CHANGED:
        text_member(b, message, ev->f[WC_F_ID]);
        reaction_members(ev, b);
        break;
    default:
        text_member(b, message, ev->f[WC_F_ID]);
        break;
    }
}

static void target_member(const struct wc_event *ev, unsigned side, struct wc_buf *b)
{
    if (ev->conv.n == 0) {
        text_member(b, "target", ev->f[WC_F_TARGET]);
        return;
    }
    char space[WC_NAME_MAX + 16];
    struct wc_buf target = {space, 0, sizeof(space)};
    wc_conv_target(&target, ev->conv, side);
    wc_json_str(b, "target", wc_buf_view(&target));
}

static void source_member(const struct wc_event *ev, struct wc_buf *b)
{
    struct wc_str name = ev->conv.n != 0 ? wc_conv_rest(ev->conv) : WC_STR_NONE;
    const char *kind = ev->conv.n != 0 && wc_conv_direct(ev->conv) ? "/direct/" : "/rooms/";
    struct wc_target target;
    if (ev->conv.n == 0) {
        kind = "/wcchat";
        if (wc_target_parse(ev->f[WC_F_TARGET], &target) == WC_OK) {
            kind = target.direct ? "/users/" : "/rooms/";
            name = target.name;
        }
    }
    wc_buf_z(b, ",\"source\":\"");
    wc_buf_z(b, kind);
    wc_buf_str(b, name);
    wc_buf_c(b, '"');
}

void wc_event_json(const struct wc_event *ev, unsigned side, struct wc_buf *b)
{
    assert(ev->type < WC_EV_ACCOUNT_CHANGED);
    wc_buf_reserve(b, 384 + ev->f[WC_F_TEXT].n);
    wc_buf_z(b, "{\"specversion\":\"1.0\"");
    wc_json_str(b, "id", ev->id_text);
    source_member(ev, b);
    wc_buf_z(b, ",\"type\":\"com.wasmcloud.chat.events.");
    wc_buf_z(b, type_words[ev->type]);
    wc_buf_c(b, '"');
    time_member(b, "time", ev->time_ms);
    wc_buf_z(b, ",\"datacontenttype\":\"application/json\"");
    wc_json_open(b, "data");
    target_member(ev, side, b);
    if (ev->stored)
        wc_json_u64(b, "seq", ev->id.seq);
    text_member(b, "from", ev->f[WC_F_FROM]);
    text_member(b, "via", ev->f[WC_F_VIA]);
    own_members(ev, "id", b);
    wc_json_close(b);
    wc_json_close(b);
}

void wc_event_item(const struct wc_event *ev, unsigned side, struct wc_buf *b)
{
    wc_json_open(b, NULL);
    wc_json_str(b, "id", ev->id_text);
    wc_json_u64(b, "seq", ev->id.seq);
    time_member(b, "time", ev->time_ms);
    wc_json_str(b, "type", wc_str(type_words[ev->type]));
    target_member(ev, side, b);
    text_member(b, "from", ev->f[WC_F_FROM]);
    text_member(b, "via", ev->f[WC_F_VIA]);
    own_members(ev, "message_id", b);
    if (ev->type == WC_EV_MESSAGE_PUBLISHED)
        folded_members(ev, b);
    wc_json_close(b);
}
