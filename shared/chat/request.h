#ifndef WC_CHAT_REQUEST_H
#define WC_CHAT_REQUEST_H

#include "base/json.h"
#include "chat/call.h"

/*
 * The JSON request form over the operations table, for channels that carry many requests on one connection:
 *
 *   → {"id":"7","op":"message.send","target":"wcchat://rooms/general","text":"hi"}
 *   ← {"re":"7","ok":true,"result":{…}}
 *   ← {"re":"8","ok":false,"error":{"code":"not_a_member","title":"…","detail":"…","retry_ms":…}}
 *
 * `id` is 1 to 64 bytes chosen by the client; answers may come in another order. Where an operation has an argument
 * `id`, it is `message_id` here (a room's: `room`). What can't be understood at all is answered with `"re":null`.
 * Operations `session.…` are the channel's own.
 */
#define WC_REQUESTS_MOST  64 /* of one connection under way; one more is answered with rate_limited */
#define WC_REQUESTS_LISTS 2  /* of these may answer a list, which may be megabytes; more wait for their turn */

struct wc_request;
struct wc_requests;

struct wc_requests_ops {
    /* Who asks now. */
    void (*identify)(struct wc_requests *q, struct wc_identity *who);
    /* One answer, valid until it returns. May be called inside wc_requests_receive. */
    void (*reply)(struct wc_requests *q, struct wc_str json);
    /* An operation session.…; `args` is the request's object, valid until it returns. Answered by wc_request_done or
     * wc_request_fail, now or later. */
    void (*session)(struct wc_requests *q, struct wc_request *r, struct wc_str op, const wc_json *args);
    /* May there be another list? NULL: always. Where not, wc_requests_go_on is called when there may. */
    bool (*has_room)(struct wc_requests *q);
    size_t reply_most; /* bytes of an answer, 0 for any number: instead of a longer one there is too_large */
};

/* Of one connection. */
struct wc_requests {
    const struct wc_requests_ops *ops;
    struct wc_chat *chat;
    struct wc_request *first;
    struct wc_request *waiting, *last_waiting;
    uint32_t count, lists; /* under way, all and those that answer a list */
};

void wc_requests_receive(struct wc_requests *q, struct wc_str text);
/* Answers what could not even be read, with `"re":null`. */
void wc_requests_refuse(struct wc_requests *q, wc_err err, const char *detail);
/* Lists that wait for their turn may have it. */
void wc_requests_go_on(struct wc_requests *q);

/* Those under way get no answer. */
void wc_requests_end(struct wc_requests *q);

/* Where the result goes, one JSON value; then one of the two below, which frees the request. */
struct wc_buf *wc_request_result(struct wc_request *r);
void wc_request_done(struct wc_request *r);
void wc_request_fail(struct wc_request *r, wc_err err, const char *detail);

#endif
