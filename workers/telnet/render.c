#include "telnet/render.h"

#include "base/text.h"
#include "chat/names.h"

/* What a line is made of, from an event or from an item of a history. */
struct line {
    enum wc_event_type type;
    bool direct, numbers, action;
    struct wc_str place;
    uint64_t seq, time_ms;
    struct wc_str from, user, by, reason, topic, text, status, role; /* topic: of who set it */
    struct wc_str message, reaction;                                 /* what an event is about: a message's id */
    bool added;
};

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f;
}

void wc_telnet_clean(struct wc_buf *out, struct wc_str s, bool lines)
{
    for (size_t at = 0; at < s.n;) {
        size_t run = at;
        while (run < s.n && is_plain(s.p[run]))
            run++;
        wc_buf_add(out, s.p + at, run - at);
        at = run;
        if (at == s.n)
            return;
        uint32_t cp = 0;
        size_t len = wc_text_next(wc_str_from(s, at), &cp);
        if (cp == '\n' && lines)
            wc_buf_z(out, "\r\n    | ");
        else if (cp == '\t')
            wc_buf_c(out, '\t');
        else if (len == 0 || wc_text_deceptive(cp))
            wc_buf_z(out, "\xef\xbf\xbd");
        else
            wc_buf_add(out, s.p + at, len);
        at += len != 0 ? len : 1;
    }
}

static void head(struct wc_buf *b, const struct line *l)
{
    unsigned minutes = (unsigned)(l->time_ms / 60000 % (24 * 60));
    wc_buf_z(b, l->direct ? "[@" : "[");
    wc_buf_str(b, l->place);
    wc_buf_z(b, "] ");
    if (l->numbers && l->seq != 0) {
        wc_buf_c(b, '#');
        wc_buf_u64(b, l->seq);
        wc_buf_c(b, ' ');
    }
    const unsigned digits[] = {minutes / 600, minutes / 60 % 10, minutes % 60 / 10, minutes % 10};
    for (size_t i = 0; i < WC_COUNT(digits); i++) {
        wc_buf_c(b, (char)('0' + digits[i]));
        if (i == 1)
            wc_buf_c(b, ':');
    }
    wc_buf_c(b, ' ');
}

static void message(struct wc_buf *b, const struct line *l)
{
    if (l->action)
        wc_buf_z(b, "* ");
    wc_buf_str(b, l->from);
    wc_buf_z(b, l->action ? " " : ": ");
    wc_telnet_clean(b, l->text, true);
}

static bool by_another(const struct line *l)
{
    return l->by.n != 0 && !wc_str_eq(l->by, l->user);
}

/* `* bob joined`, `* bob was removed by alice: too loud` */
static void coming_or_going(struct wc_buf *b, const struct line *l, const char *alone, const char *made_to)
{
    wc_buf_z(b, "* ");
    wc_buf_str(b, l->user);
    wc_buf_z(b, by_another(l) ? made_to : alone);
    if (by_another(l))
        wc_buf_str(b, l->by);
    if (l->reason.n == 0)
        return;
    wc_buf_z(b, ": ");
    wc_telnet_clean(b, l->reason, false);
}

static void room(struct wc_buf *b, const struct line *l, const char *what)
{
    wc_buf_z(b, "* ");
    wc_buf_str(b, l->from.n != 0 ? l->from : WC_STR("somebody"));
    wc_buf_z(b, what);
}

static void updated(struct wc_buf *b, const struct line *l)
{
    if (l->role.n != 0) { /* `* alice made bob a moderator` */
        room(b, l, " made ");
        wc_buf_str(b, l->user);
        wc_buf_z(b, wc_str_is(l->role, "owner") ? " an " : " a ");
        wc_buf_str(b, l->role);
        return;
    }
    room(b, l, l->topic.p == NULL ? " changed the room" : l->topic.n == 0 ? " removed the topic" : " set the topic: ");
    wc_telnet_clean(b, l->topic, false);
}

/* `#42`: the message that an event is about. */
static void number(struct wc_buf *b, const struct line *l)
{
    struct wc_id id = {0, 0};
    (void)wc_id_parse(l->message, &id);
    wc_buf_c(b, '#');
    wc_buf_u64(b, id.seq);
}

/* `* alice edited #42: …`, `* alice deleted #42` */
static void changed(struct wc_buf *b, const struct line *l)
{
    room(b, l, l->type == WC_EV_MESSAGE_EDITED ? " edited " : " deleted ");
    number(b, l);
    if (l->type != WC_EV_MESSAGE_EDITED)
        return;
    wc_buf_z(b, ": ");
    wc_telnet_clean(b, l->text, true);
}

/* `* bob reacted to #42: 👍`, `* bob took back from #42: 👍` */
static void reacted(struct wc_buf *b, const struct line *l)
{
    room(b, l, l->added ? " reacted to " : " took back from ");
    number(b, l);
    wc_buf_z(b, ": ");
    wc_telnet_clean(b, l->reaction, false);
}

/* False, nothing appended, when there is no line for it. */
static bool render(struct wc_buf *b, const struct line *l)
{
    if (l->type > WC_EV_ROOM_DELETED)
        return false;
    head(b, l);
    if (l->type == WC_EV_MESSAGE_PUBLISHED)
        message(b, l);
    else if (l->type == WC_EV_USER_JOINED)
        coming_or_going(b, l, " joined", " was invited by ");
    else if (l->type == WC_EV_USER_LEFT)
        coming_or_going(b, l, " left", " was removed by ");
    else if (l->type == WC_EV_ROOM_CREATED)
        room(b, l, " created the room");
    else if (l->type == WC_EV_ROOM_UPDATED)
        updated(b, l);
    else if (l->type == WC_EV_MESSAGE_EDITED || l->type == WC_EV_MESSAGE_DELETED)
        changed(b, l);
    else if (l->type == WC_EV_REACTION_CHANGED)
        reacted(b, l);
    else
        room(b, l, " deleted the room");
    wc_buf_z(b, "\r\n");
    return true;
}

static void set_place(struct line *l, struct wc_str conv, unsigned side)
{
    l->direct = wc_conv_direct(conv);
    l->place = wc_conv_rest(conv);
    if (!l->direct)
        return;
    const char *colon = memchr(l->place.p, ':', l->place.n);
    size_t first = colon != NULL ? (size_t)(colon - l->place.p) : l->place.n;
    l->place = side == 0 ? wc_str_from(l->place, first + 1) : (struct wc_str){l->place.p, first};
}

/* Among what was changed of a room, by spaces. */
static bool is_about_topic(struct wc_str changed)
{
    struct wc_str word;
    while (wc_str_cut(&changed, ' ', &word))
        if (wc_str_is(word, "topic"))
            return true;
    return false;
}

static struct line of_event(const struct wc_event *ev, unsigned side, bool numbers)
{
    struct line l = {
        .type = ev->type,
        .numbers = numbers,
        .action = ev->f[WC_F_ACTION].n != 0,
        .seq = ev->stored ? ev->id.seq : 0,
        .time_ms = ev->time_ms,
        .from = ev->f[WC_F_FROM],
        .user = ev->f[WC_F_USER],
        .by = ev->f[WC_F_BY],
        .reason = ev->f[WC_F_REASON],
        .topic = is_about_topic(ev->f[WC_F_CHANGED]) ? ev->f[WC_F_TOPIC] : WC_STR_NONE,
        .text = ev->f[WC_F_TEXT],
        .status = ev->f[WC_F_STATUS],
        .role = ev->f[WC_F_ROLE],
        .message = ev->f[WC_F_ID],
        .reaction = ev->f[WC_F_REACTION],
        .added = wc_str_is(ev->f[WC_F_ADDED], "1"),
    };
    if (ev->conv.n != 0)
        set_place(&l, ev->conv, side);
    return l;
}

/* Something may be missing: honest, but nothing that a program has to know. */
static void resync(struct wc_buf *b, const struct wc_event *ev)
{
    struct wc_target target;
    if (wc_target_parse(ev->f[WC_F_TARGET], &target) == WC_OK)
        wc_buf_addf(b, "* messages of %s%.*s may be missing here, see /history\r\n", target.direct ? "@" : "",
                    WC_STR_ARG(target.name));
    else
        wc_buf_z(b, "* messages may be missing here, see /history\r\n");
}

static struct wc_frame *encode(const struct wc_event *ev, unsigned side, bool numbers)
{
    struct wc_buf b = WC_BUF_INIT;
    struct wc_frame *frame = NULL;
    if (ev->type == WC_EV_RESYNC) {
        resync(&b, ev);
    } else if (ev->conv.n != 0) {
        struct line l = of_event(ev, side, numbers);
        render(&b, &l);
    }
    if (b.n != 0)
        frame = wc_frame_of(wc_buf_view(&b));
    wc_buf_free(&b);
    return frame;
}

struct wc_frame *wc_telnet_render_plain(const struct wc_event *ev, unsigned side)
{
    return encode(ev, side, false);
}

struct wc_frame *wc_telnet_render_numbered(const struct wc_event *ev, unsigned side)
{
    return encode(ev, side, true);
}

void wc_telnet_render_presence(const struct wc_event *ev, struct wc_buf *out)
{
    struct wc_str status = ev->f[WC_F_STATUS], text = ev->f[WC_F_TEXT];
    if (ev->type < WC_EV_USER_LOGGED_IN || ev->type > WC_EV_PRESENCE_CHANGED || ev->f[WC_F_USER].n == 0)
        return;
    wc_buf_z(out, "* ");
    wc_buf_str(out, ev->f[WC_F_USER]);
    wc_buf_z(out, " is ");
    wc_telnet_clean(out, status.n != 0 ? status : WC_STR("here"), false);
    if (text.n != 0) {
        wc_buf_z(out, ": ");
        wc_telnet_clean(out, text, false);
    }
    wc_buf_z(out, "\r\n");
}

void wc_telnet_render_item(const wc_json *item, struct wc_str place, bool numbers, struct wc_buf *out)
{
    struct wc_id id = {0, 0};
    if (!wc_id_parse(wc_json_get_str(item, "id"), &id))
        return;
    struct line l = {
        .type = wc_event_type_of(wc_json_get_str(item, "type")),
        .direct = place.n != 0 && place.p[0] == '@',
        .numbers = numbers,
        .action = wc_json_get_bool(item, "action"),
        .seq = id.seq,
        .time_ms = id.ms,
        .from = wc_json_get_str(item, "from"),
        .user = wc_json_get_str(item, "user"),
        .by = wc_json_get_str(item, "by"),
        .reason = wc_json_get_str(item, "reason"),
        .text = wc_json_get_str(item, "text"),
    };
    l.place = wc_str_from(place, l.direct ? 1 : 0);
    render(out, &l);
}
