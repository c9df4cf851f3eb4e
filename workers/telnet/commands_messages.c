#include "telnet/commands.h"

#include "base/text.h"
#include "telnet/output.h"
#include "telnet/render.h"
#include "telnet/seek.h"

static bool is_direct(struct wc_str place)
{
    return place.n != 0 && place.p[0] == '@';
}

/* What went well says nothing: the message itself comes back as everybody sees it. */
static struct wc_telnet_task *message(struct wc_telnet_conn *c, struct wc_str place, struct wc_str text)
{
    struct wc_telnet_task *t = wc_telnet_task_new(c, "message.send", NULL);
    wc_telnet_task_target(t, place);
    wc_telnet_task_arg(t, "text", text);
    return t;
}

void wc_telnet_send(struct wc_telnet_conn *c, struct wc_str place, struct wc_str text)
{
    struct wc_telnet_task *t = message(c, place, text);
    t->text = !is_direct(place);
    wc_telnet_task_start(t);
}

void wc_telnet_cmd_msg(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str user = wc_telnet_user(&rest);
    if (!wc_text_user(user) || rest.n == 0) {
        wc_telnet_usage(c, "msg");
        return;
    }
    struct wc_buf place = WC_BUF_INIT;
    wc_buf_c(&place, '@');
    wc_buf_str(&place, user);
    wc_telnet_send(c, wc_buf_view(&place), rest);
    wc_buf_free(&place);
}

void wc_telnet_cmd_me(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str here = rest.n != 0 ? wc_telnet_here(c) : WC_STR("");
    if (rest.n == 0)
        wc_telnet_usage(c, "me");
    if (here.n == 0)
        return;
    struct wc_telnet_task *t = message(c, here, rest);
    wc_telnet_task_arg(t, "action", WC_STR("true"));
    wc_telnet_task_start(t);
}

/* /reply, /edit, /delete, /react, /unreact: about the message of a number */

static void about(struct wc_telnet_conn *c, const char *command, struct wc_str rest, bool words, wc_telnet_found found)
{
    struct wc_str word = wc_telnet_word(&rest);
    uint64_t seq = 0;
    if (word.n != 0 && word.p[0] == '#')
        word = wc_str_from(word, 1);
    if (!wc_str_u64(word, INT64_MAX, &seq) || (rest.n != 0) != words) {
        wc_telnet_usage(c, command);
        return;
    }
    struct wc_str here = wc_telnet_here(c);
    if (here.n != 0)
        wc_telnet_seek(c, here, seq, rest, found);
}

static void reply_to(struct wc_telnet_conn *c, struct wc_str place, struct wc_str id, struct wc_str text)
{
    struct wc_telnet_task *t = message(c, place, text);
    wc_telnet_task_arg(t, "reply_to", id);
    wc_telnet_task_start(t);
}

void wc_telnet_cmd_reply(struct wc_telnet_conn *c, struct wc_str rest)
{
    about(c, "reply", rest, true, reply_to);
}

/* What becomes of the message is told to all alike, so here nothing is said. */
static struct wc_telnet_task *change(struct wc_telnet_conn *c, const char *op, struct wc_str place, struct wc_str id)
{
    struct wc_telnet_task *t = wc_telnet_task_new(c, op, NULL);
    wc_telnet_task_target(t, place);
    wc_telnet_task_arg(t, "id", id);
    return t;
}

static void edit(struct wc_telnet_conn *c, struct wc_str place, struct wc_str id, struct wc_str text)
{
    struct wc_telnet_task *t = change(c, "message.edit", place, id);
    wc_telnet_task_arg(t, "text", text);
    wc_telnet_task_start(t);
}

void wc_telnet_cmd_edit(struct wc_telnet_conn *c, struct wc_str rest)
{
    about(c, "edit", rest, true, edit);
}

static void delete (struct wc_telnet_conn *c, struct wc_str place, struct wc_str id, struct wc_str text)
{
    (void)text;
    wc_telnet_task_start(change(c, "message.delete", place, id));
}

void wc_telnet_cmd_delete(struct wc_telnet_conn *c, struct wc_str rest)
{
    about(c, "delete", rest, false, delete);
}

static void reaction(struct wc_telnet_task *t, struct wc_str word)
{
    wc_telnet_task_arg(t, "reaction", word);
    wc_telnet_task_start(t);
}

static void react(struct wc_telnet_conn *c, struct wc_str place, struct wc_str id, struct wc_str word)
{
    reaction(change(c, "reaction.add", place, id), word);
}

void wc_telnet_cmd_react(struct wc_telnet_conn *c, struct wc_str rest)
{
    about(c, "react", rest, true, react);
}

static void unreact(struct wc_telnet_conn *c, struct wc_str place, struct wc_str id, struct wc_str word)
{
    reaction(change(c, "reaction.remove", place, id), word);
}

void wc_telnet_cmd_unreact(struct wc_telnet_conn *c, struct wc_str rest)
{
    about(c, "unreact", rest, true, unreact);
}

/* /history: what was shown is read. */

static void ignore(struct wc_telnet_task *t, const struct wc_failure *failure)
{
    (void)t;
    (void)failure;
}

static void mark_read(struct wc_telnet_conn *c, struct wc_str place, struct wc_str id)
{
    struct wc_telnet_task *t = wc_telnet_task_new(c, "read.mark", NULL);
    t->failed = ignore; /* somebody who only looks in has no mark */
    wc_telnet_task_target(t, place);
    wc_telnet_task_arg(t, "id", id);
    wc_telnet_task_start(t);
}

static void history_found(struct wc_telnet_task *t, const wc_json *result)
{
    struct wc_telnet_conn *c = t->conn;
    const wc_json *items = wc_json_get(result, "items");
    size_t n = wc_json_count(items);
    bool numbers = c->session.slot == c->ch->slot[1];
    struct wc_buf b = WC_BUF_INIT;
    for (size_t i = 0; i < n; i++)
        wc_telnet_render_item(wc_json_at(items, i), wc_buf_view(&t->note), numbers, &b);
    if (n == 0)
        wc_buf_z(&b, "* no messages yet\r\n");
    wc_telnet_say_str(c, wc_buf_view(&b));
    wc_buf_free(&b);
    if (n != 0)
        mark_read(c, wc_buf_view(&t->note), wc_json_get_str(wc_json_at(items, n - 1), "id"));
}

void wc_telnet_cmd_history(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str word = wc_telnet_word(&rest);
    uint64_t n = 20;
    if ((word.n != 0 && !wc_str_u64(word, 200, &n)) || n == 0) {
        wc_telnet_usage(c, "history");
        return;
    }
    struct wc_str here = wc_telnet_here(c);
    if (here.n == 0)
        return;
    char digits[20];
    struct wc_telnet_task *t = wc_telnet_task_new(c, "message.history", history_found);
    wc_buf_str(&t->note, here);
    wc_telnet_task_target(t, here);
    wc_telnet_task_arg(t, "limit", (struct wc_str){digits, wc_u64_format(n, digits)});
    wc_telnet_task_start(t);
}

/* /unread */

static void unread_row(struct wc_buf *b, const wc_json *item)
{
    struct wc_target target;
    int64_t unread = wc_json_get_int(item, "unread"), mentions = wc_json_get_int(item, "mentions");
    if (unread == 0 || wc_target_parse(wc_json_get_str(item, "target"), &target) != WC_OK)
        return;
    wc_buf_addf(b, "[%s%.*s] %lld unread", target.direct ? "@" : "", WC_STR_ARG(target.name), (long long)unread);
    if (mentions != 0)
        wc_buf_addf(b, ", %lld for you", (long long)mentions);
    wc_buf_z(b, "\r\n");
}

static void unread_listed(struct wc_telnet_task *t, const wc_json *result)
{
    const wc_json *items = wc_json_get(result, "items");
    struct wc_buf b = WC_BUF_INIT;
    for (size_t i = 0; i < wc_json_count(items); i++)
        unread_row(&b, wc_json_at(items, i));
    if (wc_json_type(wc_json_get(result, "next")) == WC_JSON_STRING)
        wc_buf_z(&b, "* of your latest 200 conversations\r\n");
    if (b.n == 0)
        wc_buf_z(&b, "* nothing unread\r\n");
    wc_telnet_say_str(t->conn, wc_buf_view(&b));
    wc_buf_free(&b);
}

void wc_telnet_cmd_unread(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_telnet_task *t = wc_telnet_task_new(c, "conversation.list", unread_listed);
    (void)rest;
    wc_telnet_task_arg(t, "limit", WC_STR("200"));
    wc_telnet_task_start(t);
}
