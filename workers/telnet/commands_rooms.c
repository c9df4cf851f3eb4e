#include "telnet/commands.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "telnet/output.h"
#include "telnet/render.h"

enum { BAN_MINUTES_MOST = 100 * 366 * 24 * 60 };

static void keep(struct wc_telnet_task *t, struct wc_str word)
{
    t->note.n = 0;
    wc_buf_str(&t->note, word);
}

/* ` name` and, when there is a text, `  text`. */
static void row(struct wc_buf *b, struct wc_str name, struct wc_str text)
{
    wc_telnet_clean(b, name, false);
    if (text.n != 0) {
        wc_buf_z(b, "  ");
        wc_telnet_clean(b, text, false);
    }
    wc_buf_z(b, "\r\n");
}

static bool more_follows(const wc_json *result)
{
    return wc_json_type(wc_json_get(result, "next")) == WC_JSON_STRING;
}

/* /rooms */

static void rooms_listed(struct wc_telnet_task *t, const wc_json *result)
{
    const wc_json *items = wc_json_get(result, "items");
    struct wc_buf b = WC_BUF_INIT;
    for (size_t i = 0; i < wc_json_count(items); i++) {
        const wc_json *room = wc_json_at(items, i);
        struct wc_str topic = wc_json_get_str(room, "topic");
        row(&b, wc_json_get_str(room, "id"), topic.n != 0 ? topic : wc_json_get_str(room, "description"));
    }
    if (more_follows(result))
        wc_buf_z(&b, "* there are more: give the beginning of a name\r\n");
    if (b.n == 0)
        wc_buf_z(&b, "* no such rooms\r\n");
    wc_telnet_say_str(t->conn, wc_buf_view(&b));
    wc_buf_free(&b);
}

void wc_telnet_cmd_rooms(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str prefix = wc_telnet_word(&rest);
    struct wc_telnet_task *t = wc_telnet_task_new(c, "room.list", rooms_listed);
    if (prefix.n != 0)
        wc_telnet_task_arg(t, "q", prefix);
    wc_telnet_task_arg(t, "limit", WC_STR("100"));
    wc_telnet_task_start(t);
}

/* /create, /join, /leave, /switch */

static void go(struct wc_telnet_task *t, const char *what)
{
    struct wc_str room = wc_buf_view(&t->note);
    wc_telnet_switch(t->conn, room);
    wc_telnet_say(t->conn, "* %s %.*s", what, WC_STR_ARG(room));
}

static void created(struct wc_telnet_task *t, const wc_json *result)
{
    (void)result;
    go(t, "created");
}

static void joined(struct wc_telnet_task *t, const wc_json *result)
{
    (void)result;
    go(t, "joined");
}

void wc_telnet_cmd_create(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str room = wc_telnet_word(&rest);
    bool private = wc_str_is(room, "-p");
    if (private)
        room = wc_telnet_word(&rest);
    if (room.n == 0) {
        wc_telnet_usage(c, "create");
        return;
    }
    struct wc_telnet_task *t = wc_telnet_task_new(c, "room.create", created);
    keep(t, room);
    wc_telnet_task_arg(t, "id", room);
    wc_telnet_task_arg(t, "visibility", private ? WC_STR("private") : WC_STR("public"));
    if (rest.n != 0)
        wc_telnet_task_arg(t, "description", rest);
    wc_telnet_task_start(t);
}

void wc_telnet_cmd_join(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str room = wc_telnet_word(&rest);
    if (room.n == 0) {
        wc_telnet_usage(c, "join");
        return;
    }
    struct wc_telnet_task *t = wc_telnet_task_new(c, "room.join", joined);
    keep(t, room);
    wc_telnet_task_arg(t, "room", room);
    wc_telnet_task_start(t);
}

static void left(struct wc_telnet_task *t, const wc_json *result)
{
    struct wc_telnet_conn *c = t->conn;
    struct wc_str room = wc_buf_view(&t->note);
    (void)result;
    if (wc_str_eq(room, wc_telnet_current(c)))
        wc_telnet_switch(c, wc_str(c->ch->worker->chat->options.general));
    wc_telnet_say(c, "* left %.*s", WC_STR_ARG(room));
}

void wc_telnet_cmd_leave(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str room = wc_telnet_word(&rest);
    if (room.n == 0)
        room = wc_telnet_room_here(c);
    if (room.n == 0)
        return;
    struct wc_telnet_task *t = wc_telnet_task_new(c, "room.leave", left);
    keep(t, room);
    wc_telnet_task_arg(t, "room", room);
    wc_telnet_task_start(t);
}

static void room_found(struct wc_telnet_task *t, const wc_json *result)
{
    if (wc_json_get_str(result, "role").n == 0)
        wc_telnet_error(t->conn, WC_NOT_A_MEMBER, "you are not in this room, /join it first");
    else
        go(t, "now in");
}

static void user_found(struct wc_telnet_task *t, const wc_json *result)
{
    (void)result;
    go(t, "now talking to");
}

void wc_telnet_cmd_switch(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str place = wc_telnet_word(&rest);
    if (!wc_telnet_place(place)) {
        wc_telnet_usage(c, "switch");
        return;
    }
    bool direct = place.p[0] == '@';
    struct wc_telnet_task *t =
        wc_telnet_task_new(c, direct ? "user.get" : "room.get", direct ? user_found : room_found);
    keep(t, place);
    wc_telnet_task_arg(t, direct ? "user" : "room", wc_str_from(place, direct ? 1 : 0));
    wc_telnet_task_start(t);
}

/* /who */

static void presence_row(struct wc_buf *b, const wc_json *item)
{
    struct wc_str role = wc_json_get_str(item, "role"), status = wc_json_get_str(item, "status");
    wc_telnet_clean(b, wc_json_get_str(item, "user"), false);
    wc_buf_c(b, ' ');
    if (role.n != 0 && !wc_str_is(role, "member")) {
        wc_buf_str(b, role);
        wc_buf_c(b, ' ');
    }
    row(b, status, wc_json_get_str(item, "text"));
}

static void members_listed(struct wc_telnet_task *t, const wc_json *result)
{
    const wc_json *items = wc_json_get(result, "items");
    struct wc_buf b = WC_BUF_INIT;
    for (size_t i = 0; i < wc_json_count(items); i++)
        presence_row(&b, wc_json_at(items, i));
    if (more_follows(result))
        wc_buf_z(&b, "* and more\r\n");
    wc_telnet_say_str(t->conn, wc_buf_view(&b));
    wc_buf_free(&b);
}

static void peer_found(struct wc_telnet_task *t, const wc_json *result)
{
    struct wc_buf b = WC_BUF_INIT;
    presence_row(&b, result);
    wc_telnet_say_str(t->conn, wc_buf_view(&b));
    wc_buf_free(&b);
}

void wc_telnet_cmd_who(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str place = wc_telnet_word(&rest);
    if (place.n == 0)
        place = wc_telnet_here(c);
    if (place.n == 0)
        return;
    bool direct = place.p[0] == '@';
    struct wc_telnet_task *t =
        wc_telnet_task_new(c, direct ? "presence.query" : "room.members", direct ? peer_found : members_listed);
    wc_telnet_task_arg(t, direct ? "user" : "room", wc_str_from(place, direct ? 1 : 0));
    if (!direct)
        wc_telnet_task_arg(t, "limit", WC_STR("200"));
    wc_telnet_task_start(t);
}

/* /topic, /invite, /kick, /ban, /unban */

static void topic_found(struct wc_telnet_task *t, const wc_json *result)
{
    struct wc_str topic = wc_json_get_str(result, "topic");
    struct wc_buf b = WC_BUF_INIT;
    wc_buf_addf(&b, "* the topic of %.*s", WC_STR_ARG(wc_buf_view(&t->note)));
    wc_buf_z(&b, topic.n != 0 ? ": " : " is not set");
    wc_telnet_clean(&b, topic, false);
    wc_buf_z(&b, "\r\n");
    wc_telnet_say_str(t->conn, wc_buf_view(&b));
    wc_buf_free(&b);
}

void wc_telnet_cmd_topic(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str room = wc_telnet_room_here(c);
    if (room.n == 0)
        return;
    bool set = rest.n != 0;
    struct wc_telnet_task *t = wc_telnet_task_new(c, set ? "room.update" : "room.get", set ? NULL : topic_found);
    keep(t, room);
    wc_telnet_task_arg(t, "room", room);
    if (set)
        wc_telnet_task_arg(t, "topic", rest);
    wc_telnet_task_start(t);
}

/* A task about `user` in the current room; NULL, and it was said why, when there is no user or no room. */
static struct wc_telnet_task *about_user(struct wc_telnet_conn *c, const char *command, const char *op,
                                         struct wc_str user, wc_telnet_done done)
{
    struct wc_str room = user.n != 0 ? wc_telnet_room_here(c) : WC_STR("");
    if (user.n == 0)
        wc_telnet_usage(c, command);
    if (room.n == 0)
        return NULL;
    struct wc_telnet_task *t = wc_telnet_task_new(c, op, done);
    keep(t, user);
    wc_telnet_task_arg(t, "room", room);
    wc_telnet_task_arg(t, "user", user);
    return t;
}

/* Who comes in is told by the event; that somebody was in already only here. */
static void invited(struct wc_telnet_task *t, const wc_json *result)
{
    (void)result;
    if (!t->call->created)
        wc_telnet_say(t->conn, "* %.*s is here already", WC_STR_ARG(wc_buf_view(&t->note)));
}

void wc_telnet_cmd_invite(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_telnet_task *t = about_user(c, "invite", "room.invite", wc_telnet_user(&rest), invited);
    if (t != NULL)
        wc_telnet_task_start(t);
}

void wc_telnet_cmd_kick(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_telnet_task *t = about_user(c, "kick", "room.kick", wc_telnet_user(&rest), NULL);
    if (t == NULL)
        return;
    if (rest.n != 0)
        wc_telnet_task_arg(t, "reason", rest);
    wc_telnet_task_start(t);
}

/* Others hear of it only when it removes a member. */
static void banned(struct wc_telnet_task *t, const wc_json *result)
{
    struct wc_str until = wc_json_get_str(result, "expires"); /* 2026-11-23T05:00:01.234Z */
    if (until.n > 16)
        wc_telnet_say(t->conn, "* %.*s is banned until %.10s %.5s UTC", WC_STR_ARG(wc_buf_view(&t->note)), until.p,
                      until.p + 11);
    else
        wc_telnet_say(t->conn, "* %.*s is banned", WC_STR_ARG(wc_buf_view(&t->note)));
}

void wc_telnet_cmd_ban(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_telnet_task *t = about_user(c, "ban", "room.ban", wc_telnet_user(&rest), banned);
    if (t == NULL)
        return;
    struct wc_str reason = rest, word = wc_telnet_word(&rest);
    uint64_t minutes = 0;
    if (wc_str_u64(word, BAN_MINUTES_MOST, &minutes) && minutes != 0) {
        char expires[24];
        wc_time_rfc3339(wc_wall_ms() + minutes * 60000, expires);
        wc_telnet_task_arg(t, "expires", (struct wc_str){expires, sizeof(expires)});
        reason = rest;
    }
    if (reason.n != 0)
        wc_telnet_task_arg(t, "reason", reason);
    wc_telnet_task_start(t);
}

static void unbanned(struct wc_telnet_task *t, const wc_json *result)
{
    (void)result;
    wc_telnet_say(t->conn, "* %.*s may come in again", WC_STR_ARG(wc_buf_view(&t->note)));
}

void wc_telnet_cmd_unban(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_telnet_task *t = about_user(c, "unban", "room.unban", wc_telnet_user(&rest), unbanned);
    if (t != NULL)
        wc_telnet_task_start(t);
}
