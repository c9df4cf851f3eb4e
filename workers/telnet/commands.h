#ifndef WC_TELNET_COMMANDS_H
#define WC_TELNET_COMMANDS_H

#include "telnet/task.h"

/* Commands: a row each. `rest` is what follows the word, without blanks before it. */
struct wc_telnet_command {
    const char *name;  /* "join" */
    const char *usage; /* "<room>" */
    const char *help;
    void (*run)(struct wc_telnet_conn *c, struct wc_str rest);
};
extern const struct wc_telnet_command wc_telnet_commands[];
extern const size_t wc_telnet_command_count;

/* A line of a user who is logged in: not empty. */
void wc_telnet_command_line(struct wc_telnet_conn *c, struct wc_str line);
/* Is it a text to a room, which needs not wait for those before it? */
bool wc_telnet_command_is_text(const struct wc_telnet_conn *c, struct wc_str line);

/* Takes the next word off `rest`, with the blanks behind it; empty when there is none. */
struct wc_str wc_telnet_word(struct wc_str *rest);
/* The same for the name of a user: `bob`, or `@bob` as prompts and lines have it; without the @. */
struct wc_str wc_telnet_user(struct wc_str *rest);
/* `error: bad_request usage: …` */
void wc_telnet_usage(struct wc_telnet_conn *c, const char *command);
/* The current place, or an error line and an empty string when there is none (or it is no room). */
struct wc_str wc_telnet_here(struct wc_telnet_conn *c);
struct wc_str wc_telnet_room_here(struct wc_telnet_conn *c);
/* True for `dev` or `@bob` as they should be. */
bool wc_telnet_place(struct wc_str s);

/* commands_rooms.c */
void wc_telnet_cmd_rooms(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_create(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_join(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_leave(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_switch(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_who(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_topic(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_invite(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_kick(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_ban(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_unban(struct wc_telnet_conn *c, struct wc_str rest);
/* commands_messages.c */
void wc_telnet_send(struct wc_telnet_conn *c, struct wc_str place, struct wc_str text);
void wc_telnet_cmd_msg(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_me(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_reply(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_edit(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_delete(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_react(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_unreact(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_history(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_unread(struct wc_telnet_conn *c, struct wc_str rest);
/* commands_self.c */
void wc_telnet_cmd_away(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_back(struct wc_telnet_conn *c, struct wc_str rest);
void wc_telnet_cmd_whoami(struct wc_telnet_conn *c, struct wc_str rest);

#endif
