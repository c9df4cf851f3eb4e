#ifndef WC_REDIS_COMMAND_H
#define WC_REDIS_COMMAND_H

#include "redis/client.h"

/* A command from when it is given until it is answered: one block with its bytes as they go over the wire. */
struct wc_command {
    struct wc_command *next;
    uint64_t deadline_ms; /* monotonic */
    wc_redis_cb cb;
    void *arg;
    bool script;
    size_t n;
    char wire[];
};

struct wc_command_list {
    struct wc_command *head, *tail;
};

/* A command's arguments, in up to three pieces one after the other. */
struct wc_command_args {
    const struct wc_str *v;
    size_t n;
};
struct wc_command *wc_command_new(const struct wc_command_args pieces[3]);

/* The same without the record: RESP2, an array of bulk strings (redis.io, "Redis serialization protocol
 * specification"). */
size_t wc_command_size(const struct wc_command_args pieces[3]);
void wc_command_format(char *to, const struct wc_command_args pieces[3]); /* writes wc_command_size bytes */

void wc_command_push(struct wc_command_list *list, struct wc_command *cmd);
struct wc_command *wc_command_pop(struct wc_command_list *list); /* NULL when empty */
/* Everything in `first` comes before everything in `list`; `first` is empty then. Returns how many were moved. */
size_t wc_command_prepend(struct wc_command_list *list, struct wc_command_list *first);

#endif
