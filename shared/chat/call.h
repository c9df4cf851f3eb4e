#ifndef WC_CHAT_CALL_H
#define WC_CHAT_CALL_H

#include "base/json.h"
#include "chat/auth.h"
#include "chat/names.h"

/*
 * A call: one operation under way, from whatever channel. The channel names the operation, gives it arguments as words,
 * starts it and gets its result as JSON or its failure, exactly once, at the end of a loop turn, never inside
 * wc_call_start.
 */
enum wc_arg {
    WC_ARG_TARGET, /* wcchat://…; also given as `room` */
    WC_ARG_USER,
    WC_ARG_ROOM,
    WC_ARG_TEXT,
    WC_ARG_CLIENT_ID,
    WC_ARG_REPLY_TO,
    WC_ARG_ACTION,
    WC_ARG_ID,
    WC_ARG_BEFORE,
    WC_ARG_AFTER,
    WC_ARG_AROUND,
    WC_ARG_TYPES,
    WC_ARG_LIMIT,
    WC_ARG_CURSOR,
    WC_ARG_Q,
    WC_ARG_DESCRIPTION,
    WC_ARG_TOPIC,
    WC_ARG_VISIBILITY,
    WC_ARG_RETENTION_MESSAGES,
    WC_ARG_RETENTION_DAYS,
    WC_ARG_REASON,
    WC_ARG_ROLE,
    WC_ARG_PASSWORD,
    WC_ARG_NEW_PASSWORD,
    WC_ARG_DISPLAY_NAME,
    WC_ARG_REFRESH_TOKEN,
    WC_ARG_EVERYWHERE,
    WC_ARG_STATUS,
    WC_ARG_EXPIRES,
    WC_ARG_REACTION,
    WC_ARG_COUNT
};

struct wc_failure {
    wc_err err;
    char detail[200];  /* a sentence for people, or "" */
    uint64_t retry_ms; /* of rate_limited and unavailable */
};

struct wc_call;
/* `failure` is NULL when it went well; then wc_call_result has the JSON. The call is freed when this returns. */
typedef void (*wc_call_cb)(void *arg, struct wc_call *call, const struct wc_failure *failure);

struct wc_op;

struct wc_call {
    struct wc_chat *chat;
    const struct wc_op *op;
    struct wc_identity who;
    struct wc_str args[WC_ARG_COUNT]; /* views into `text`; absent {NULL, 0} */
    uint64_t numbers[WC_ARG_COUNT];   /* of those that are numbers (or true: 1) */
    struct wc_target target;          /* of WC_ARG_TARGET */
    struct wc_name conv, key;         /* of the target as the caller sees it */
    struct wc_buf result;             /* JSON */
    struct wc_name committing;        /* the conversation whose log the script under way appends to; n 0: none */
    bool created;                     /* something new came to be: 201 rather than 200 */
    struct wc_failure failure;
    /* private to call.c and the handlers */
    struct wc_call_memory *memory;
    void (*step)(struct wc_call *call, const struct wc_reply *reply);
    void *state; /* of a handler, from wc_call_alloc */
    size_t pending;
    wc_call_cb cb;
    void *arg;
    struct wc_call *next;
    uint8_t phase;
    bool any;
};

struct wc_calls *wc_calls_new(struct wc_chat *chat);
/* Calls under way end without callbacks. After what could still answer them: Redis, passwords, auth, lease. */
void wc_calls_free(struct wc_calls *calls);

/* Channels' side. An unknown operation: NULL. */
struct wc_call *wc_call_new(struct wc_chat *chat, const char *op, const struct wc_identity *who);
/* Gives an argument by its outside name; it is copied. An unknown name, a second value or a wrong one is noted and
 * becomes the call's failure. */
void wc_call_arg(struct wc_call *call, struct wc_str name, struct wc_str value);
/* The same from a JSON value: strings, integers, booleans; null is as if absent. The first from a string. */
void wc_call_arg_text(struct wc_call *call, struct wc_str name, struct wc_str value);
void wc_call_arg_json(struct wc_call *call, struct wc_str name, const wc_json *value);
/* Notes a failure found by the channel, unless there is one already. */
void wc_call_refuse(struct wc_call *call, wc_err err, const char *detail);
void wc_call_start(struct wc_call *call, wc_call_cb cb, void *arg);
/* The callback will not fire; what is under way goes on. Also ends a call that was never started. */
void wc_call_cancel(struct wc_call *call);

/* Handlers' side. A handler issues one step at a time; each names the next, or ends with one of these two. */
typedef void (*wc_call_step)(struct wc_call *call, const struct wc_reply *reply);
void wc_call_done(struct wc_call *call);
void wc_call_fail(struct wc_call *call, wc_err err, const char *detail);
/* Runs a script with one key; `next` gets the reply when its status is ok; any other status is the call's failure. */
void wc_call_script(struct wc_call *call, enum wc_script script, struct wc_str key, const struct wc_str *args, size_t n,
                    wc_call_step next);
/* The same, but `next` gets every reply that the script gives. */
void wc_call_script_any(struct wc_call *call, enum wc_script script, struct wc_str key, const struct wc_str *args,
                        size_t n, wc_call_step next);
/* Fails the call with what a script says: an error's code and words, or the ms to wait. */
void wc_call_fail_words(struct wc_call *call, struct wc_str code, struct wc_str what);
void wc_call_fail_reply(struct wc_call *call, const struct wc_reply *reply);
void wc_call_command(struct wc_call *call, const struct wc_str *argv, size_t n, wc_call_step next);
/* Reads which workers live (for presence), then goes on: the list is in wc_call_live. */
void wc_call_live(struct wc_call *call, void (*next)(struct wc_call *call, struct wc_str live));

/* Many scripts at once: `each` is called for every reply in any order with its place, `done` when all are there. A
 * failure of one is the call's failure. `count` 0 goes on at once. */
struct wc_gather {
    void (*ask)(struct wc_call *call, size_t i, enum wc_script *script, struct wc_name *key, struct wc_str *args,
                size_t *nargs);                                                 /* args: room for 8 */
    void (*each)(struct wc_call *call, size_t i, const struct wc_reply *reply); /* any status */
    void (*done)(struct wc_call *call);
};
void wc_call_gather(struct wc_call *call, size_t count, const struct wc_gather *g);

/* A name for one request that no other request has or will have: scripts that must not do a thing twice when they are
 * asked again, after an answer was lost, keep their answer under it. */
struct wc_str wc_call_request(struct wc_call *call);

/* Memory that lives as long as the call, zeroed. */
void *wc_call_alloc(struct wc_call *call, size_t size);
struct wc_str wc_call_copy(struct wc_call *call, struct wc_str s);

static inline bool wc_call_has(const struct wc_call *call, enum wc_arg arg)
{
    return call->args[arg].p != NULL;
}

/* An argument or "": for scripts, which take no absent ones. */
static inline struct wc_str wc_call_or_empty(const struct wc_call *call, enum wc_arg arg)
{
    return wc_call_has(call, arg) ? call->args[arg] : WC_STR("");
}

static inline struct wc_str wc_call_user(const struct wc_call *call)
{
    return wc_str(call->who.user);
}

static inline struct wc_str wc_call_admin(const struct wc_call *call)
{
    return call->who.admin ? WC_STR("1") : WC_STR("0");
}

#endif
