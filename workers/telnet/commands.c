#include "telnet/commands.h"

#include "base/text.h"
#include "telnet/login.h"
#include "telnet/output.h"

static void cmd_help(struct wc_telnet_conn *c, struct wc_str rest);
static void cmd_numbers(struct wc_telnet_conn *c, struct wc_str rest);
static void cmd_passwd(struct wc_telnet_conn *c, struct wc_str rest);
static void cmd_quit(struct wc_telnet_conn *c, struct wc_str rest);

const struct wc_telnet_command wc_telnet_commands[] = {
    {"help", "[command]", "what there is, or what one command does", cmd_help},
    {"rooms", "[prefix]", "the public rooms, by name", wc_telnet_cmd_rooms},
    {"create", "[-p] <room> [description]", "makes a room and goes there; -p: private", wc_telnet_cmd_create},
    {"join", "<room>", "joins a room and goes there", wc_telnet_cmd_join},
    {"leave", "[room]", "leaves a room, this one if none is named", wc_telnet_cmd_leave},
    {"switch", "<room or @user>", "where plain text goes from now on", wc_telnet_cmd_switch},
    {"msg", "<user> <text>", "a direct message", wc_telnet_cmd_msg},
    {"who", "[room]", "who is in a room, this one if none is named", wc_telnet_cmd_who},
    {"history", "[n]", "the last messages here: 20, or up to 200", wc_telnet_cmd_history},
    {"topic", "[text]", "shows the room's topic, or sets it", wc_telnet_cmd_topic},
    {"invite", "<user>", "takes somebody into this room", wc_telnet_cmd_invite},
    {"kick", "<user> [reason]", "removes somebody from this room", wc_telnet_cmd_kick},
    {"ban", "<user> [minutes] [reason]", "the same, and keeps them out", wc_telnet_cmd_ban},
    {"unban", "<user>", "lets somebody in again", wc_telnet_cmd_unban},
    {"me", "<text>", "says what you do: * alice waves", wc_telnet_cmd_me},
    {"reply", "<seq> <text>", "answers that message, see /numbers", wc_telnet_cmd_reply},
    {"edit", "<seq> <text>", "gives your message another text", wc_telnet_cmd_edit},
    {"delete", "<seq>", "deletes a message", wc_telnet_cmd_delete},
    {"react", "<seq> <reaction>", "a sign or a word for a message", wc_telnet_cmd_react},
    {"unreact", "<seq> <reaction>", "takes it back", wc_telnet_cmd_unreact},
    {"unread", "", "conversations with something unread", wc_telnet_cmd_unread},
    {"away", "[text]", "shows you as away", wc_telnet_cmd_away},
    {"back", "", "shows you as online again", wc_telnet_cmd_back},
    {"passwd", "", "changes your password", cmd_passwd},
    {"whoami", "", "who you are and where", wc_telnet_cmd_whoami},
    {"numbers", "on|off", "shows the number of each message, or not", cmd_numbers},
    {"quit", "", "ends the connection", cmd_quit},
};
const size_t wc_telnet_command_count = WC_COUNT(wc_telnet_commands);

struct wc_str wc_telnet_word(struct wc_str *rest)
{
    size_t from = 0;
    while (from < rest->n && (rest->p[from] == ' ' || rest->p[from] == '\t'))
        from++;
    size_t to = from;
    while (to < rest->n && rest->p[to] != ' ' && rest->p[to] != '\t')
        to++;
    struct wc_str word = {rest->p != NULL ? rest->p + from : NULL, to - from};
    while (to < rest->n && (rest->p[to] == ' ' || rest->p[to] == '\t'))
        to++;
    *rest = wc_str_from(*rest, to);
    return word;
}

struct wc_str wc_telnet_user(struct wc_str *rest)
{
    struct wc_str word = wc_telnet_word(rest);
    return wc_str_from(word, word.n != 0 && word.p[0] == '@' ? 1 : 0);
}

static const struct wc_telnet_command *find(struct wc_str name)
{
    for (size_t i = 0; i < wc_telnet_command_count; i++) {
        if (wc_str_is(name, wc_telnet_commands[i].name))
            return &wc_telnet_commands[i];
    }
    return NULL;
}

static void unknown(struct wc_telnet_conn *c, struct wc_str name)
{
    if (name.n > 32)
        name.n = 0;
    wc_telnet_say(c, "error: bad_request unknown command /%.*s, try /help", WC_STR_ARG(name));
}

void wc_telnet_usage(struct wc_telnet_conn *c, const char *command)
{
    const struct wc_telnet_command *found = find(wc_str(command));
    wc_telnet_say(c, "error: bad_request usage: /%s %s", command, found != NULL ? found->usage : "");
}

bool wc_telnet_place(struct wc_str s)
{
    if (s.n != 0 && s.p[0] == '@')
        return wc_text_user(wc_str_from(s, 1));
    return wc_text_room(s);
}

struct wc_str wc_telnet_here(struct wc_telnet_conn *c)
{
    struct wc_str here = wc_telnet_current(c);
    if (here.n == 0)
        wc_telnet_error(c, WC_BAD_REQUEST, "you are in no room, /join one first");
    return here;
}

struct wc_str wc_telnet_room_here(struct wc_telnet_conn *c)
{
    struct wc_str here = wc_telnet_here(c);
    if (here.n == 0 || here.p[0] != '@')
        return here;
    wc_telnet_error(c, WC_BAD_REQUEST, "this is a direct conversation, /switch to a room first");
    return WC_STR("");
}

bool wc_telnet_command_is_text(const struct wc_telnet_conn *c, struct wc_str line)
{
    bool command = line.n != 0 && line.p[0] == '/' && !(line.n > 1 && line.p[1] == '/');
    struct wc_str here = wc_telnet_current(c);
    return !command && here.n != 0 && here.p[0] != '@';
}

void wc_telnet_command_line(struct wc_telnet_conn *c, struct wc_str line)
{
    bool slash = line.p[0] == '/';
    if (!slash || (line.n > 1 && line.p[1] == '/')) {
        struct wc_str here = wc_telnet_here(c);
        if (here.n != 0)
            wc_telnet_send(c, here, wc_str_from(line, slash ? 1 : 0));
        return;
    }
    struct wc_str rest = wc_str_from(line, 1);
    struct wc_str name = wc_telnet_word(&rest);
    const struct wc_telnet_command *command = find(name);
    if (command != NULL)
        command->run(c, rest);
    else
        unknown(c, name);
}

static void help_row(struct wc_buf *b, const struct wc_telnet_command *command)
{
    enum { WIDEST = 31 }; /* name and usage of /create; with the help a row has less than 80 columns */
    size_t width = strlen(command->name) + strlen(command->usage);
    wc_buf_addf(b, "/%s %s%*s  %s\r\n", command->name, command->usage, width < WIDEST ? (int)(WIDEST - width) : 0, "",
                command->help);
}

static void cmd_help(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str name = wc_telnet_word(&rest);
    if (name.n != 0 && name.p[0] == '/')
        name = wc_str_from(name, 1);
    const struct wc_telnet_command *one = name.n != 0 ? find(name) : NULL;
    if (name.n != 0 && one == NULL) {
        unknown(c, name);
        return;
    }
    struct wc_buf b = WC_BUF_INIT;
    for (size_t i = 0; i < wc_telnet_command_count; i++) {
        if (one == NULL || one == &wc_telnet_commands[i])
            help_row(&b, &wc_telnet_commands[i]);
    }
    if (one == NULL)
        wc_buf_z(&b, "//text sends a text that begins with /; anything else is sent as it is\r\n");
    wc_telnet_say_str(c, wc_buf_view(&b));
    wc_buf_free(&b);
}

static void cmd_numbers(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_str word = wc_telnet_word(&rest);
    bool on = wc_str_is(word, "on");
    if (!on && !wc_str_is(word, "off")) {
        wc_telnet_usage(c, "numbers");
        return;
    }
    c->session.slot = c->ch->slot[on];
    wc_telnet_say(c, "numbers are %s", on ? "on" : "off");
}

static void cmd_passwd(struct wc_telnet_conn *c, struct wc_str rest)
{
    (void)rest;
    wc_telnet_passwd_begin(c);
}

static void cmd_quit(struct wc_telnet_conn *c, struct wc_str rest)
{
    (void)rest;
    wc_telnet_conn_leave(c, "bye");
}
