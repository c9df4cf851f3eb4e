#ifndef WC_CHAT_OPERATIONS_H
#define WC_CHAT_OPERATIONS_H

#include "chat/call.h"

/*
 * The operations: what anybody can do, whatever the channel. A row each: the name, who may, the arguments with their
 * rules, the handler. To add one: a row here, a handler, and a REST route or telnet command that names it.
 */
enum wc_rule {
    WC_RULE_TARGET,
    WC_RULE_ROOM_TARGET, /* a room only */
    WC_RULE_USER,
    WC_RULE_ROOM,
    WC_RULE_TEXT,
    WC_RULE_CLIENT_ID,
    WC_RULE_ID,
    WC_RULE_PLACE,    /* a message's id, or a cursor */
    WC_RULE_SHORT,    /* one line, up to 256 bytes, may be empty */
    WC_RULE_LONG,     /* one line, up to 1,024 bytes, may be empty */
    WC_RULE_PASSWORD, /* 8 to 1,024 bytes */
    WC_RULE_SECRET,   /* any up to 8,192 bytes: checked by what it is compared with */
    WC_RULE_LIMIT,    /* 1 to 200 */
    WC_RULE_NUMBER,
    WC_RULE_FLAG,
    WC_RULE_CURSOR,     /* opaque, up to 200 bytes */
    WC_RULE_PREFIX,     /* of a room's name */
    WC_RULE_VISIBILITY, /* public or private */
    WC_RULE_ROLE,       /* owner, moderator, member */
    WC_RULE_STATUS,     /* online, away, dnd, offline */
    WC_RULE_TYPES,      /* types of events, by commas */
    WC_RULE_REACTION,   /* 1 to 64 bytes, no spaces */
    WC_RULE_TIME        /* RFC 3339; its number is ms since the epoch */
};

struct wc_op_arg {
    const char *name; /* outside */
    enum wc_arg arg;
    enum wc_rule rule;
    bool required;
};

enum { WC_OP_ANYBODY = 1, /* without a token */ WC_OP_REQUEST = 2 /* in the JSON request form too */ };

#define WC_OP_ARGS 10

struct wc_op {
    const char *name;
    unsigned flags;
    void (*handle)(struct wc_call *call);
    struct wc_op_arg args[WC_OP_ARGS];
};

extern const struct wc_op wc_ops[];
extern const size_t wc_op_count;
const struct wc_op *wc_op_find(struct wc_str name);

#endif
