#include "chat/request.h"

#include "base/json_flat.h"
#include "base/mem.h"
#include "chat/operations.h"

#include <stdio.h>

enum { ID_MOST = 64, OP_MOST = 40 };

struct wc_request {
    struct wc_requests *q;
    struct wc_request *next, **link;
    struct wc_request *behind; /* while it waits for its turn */
    struct wc_call *call;      /* NULL: the channel's own, or none yet */
    bool list;
    struct wc_buf result;
    size_t id_n;
    char id[ID_MOST];
};

struct wc_buf *wc_request_result(struct wc_request *r)
{
    return &r->result;
}

static struct wc_request *request_new(struct wc_requests *q, struct wc_str id)
{
    struct wc_request *r = WC_NEW(struct wc_request);
    r->q = q;
    r->id_n = id.n;
    memcpy(r->id, id.p, id.n);
    r->next = q->first;
    r->link = &q->first;
    if (r->next != NULL)
        r->next->link = &r->next;
    q->first = r;
    q->count++;
    return r;
}

static void request_free(struct wc_request *r)
{
    *r->link = r->next;
    if (r->next != NULL)
        r->next->link = r->link;
    r->q->count--;
    wc_buf_free(&r->result);
    free(r);
}

static void refuse(struct wc_requests *q, struct wc_str id, wc_err err, const char *detail);

static void reply(struct wc_requests *q, struct wc_str id, struct wc_str result, const struct wc_failure *failure)
{
    struct wc_buf b = WC_BUF_INIT;
    wc_buf_reserve(&b, result.n + 384);
    wc_json_open(&b, NULL);
    if (id.n != 0)
        wc_json_str(&b, "re", id);
    else
        wc_json_null(&b, "re");
    wc_json_bool(&b, "ok", failure == NULL);
    if (failure == NULL) {
        wc_json_raw(&b, "result", result.n != 0 ? result : WC_STR("null"));
    } else {
        wc_json_open(&b, "error");
        wc_json_str(&b, "code", wc_str(wc_err_code(failure->err)));
        wc_json_str(&b, "title", wc_str(wc_err_title(failure->err)));
        if (failure->detail[0] != '\0')
            wc_json_str(&b, "detail", wc_str(failure->detail));
        if (failure->retry_ms != 0)
            wc_json_u64(&b, "retry_ms", failure->retry_ms);
        wc_json_close(&b);
    }
    wc_json_close(&b);
    if (failure == NULL && q->ops->reply_most != 0 && b.n > q->ops->reply_most)
        refuse(q, id, WC_TOO_LARGE, "the answer is: ask for fewer with limit");
    else
        q->ops->reply(q, wc_buf_view(&b));
    wc_buf_free(&b);
}

static void refuse(struct wc_requests *q, struct wc_str id, wc_err err, const char *detail)
{
    struct wc_failure failure = {.err = err, .retry_ms = err == WC_RATE_LIMITED || err == WC_UNAVAILABLE ? 1000 : 0};
    snprintf(failure.detail, sizeof(failure.detail), "%s", detail != NULL ? detail : "");
    reply(q, id, WC_STR_NONE, &failure);
}

void wc_request_done(struct wc_request *r)
{
    reply(r->q, (struct wc_str){r->id, r->id_n}, wc_buf_view(&r->result), NULL);
    request_free(r);
}

void wc_request_fail(struct wc_request *r, wc_err err, const char *detail)
{
    refuse(r->q, (struct wc_str){r->id, r->id_n}, err, detail);
    request_free(r);
}

static void on_called(void *arg, struct wc_call *call, const struct wc_failure *failure)
{
    struct wc_request *r = arg;
    struct wc_requests *q = r->q;
    bool list = r->list;
    reply(q, (struct wc_str){r->id, r->id_n}, wc_buf_view(&call->result), failure);
    request_free(r);
    if (!list)
        return;
    q->lists--;
    wc_requests_go_on(q);
}

void wc_requests_go_on(struct wc_requests *q)
{
    while (q->waiting != NULL && q->lists < WC_REQUESTS_LISTS && (q->ops->has_room == NULL || q->ops->has_room(q))) {
        struct wc_request *r = q->waiting;
        q->waiting = r->behind;
        q->lists++;
        wc_call_start(r->call, on_called, r);
    }
}

/* Sixty-four lists at once for somebody who reads none of them would be a hundred megabytes. */
static void wait_for_turn(struct wc_requests *q, struct wc_request *r)
{
    r->list = true;
    if (q->waiting != NULL)
        q->last_waiting->behind = r;
    else
        q->waiting = r;
    q->last_waiting = r;
    wc_requests_go_on(q);
}

static bool answers_list(const struct wc_op *op)
{
    for (const struct wc_op_arg *a = op->args; a < op->args + WC_OP_ARGS && a->name != NULL; a++)
        if (a->arg == WC_ARG_LIMIT)
            return true;
    return false;
}

/* What a request was read into: one of the two. */
struct members {
    const struct wc_json_flat *flat;
    const wc_json *doc;
};

static struct wc_str member(const struct members *m, const char *name)
{
    return m->flat != NULL ? wc_json_flat_get(m->flat, name) : wc_json_get_str(m->doc, name);
}

/* Are these the channel's own? It gets them as a tree. */
static bool is_session(struct wc_str op)
{
    return wc_str_starts(op, WC_STR("session."));
}

static bool is_envelope(struct wc_str name)
{
    return wc_str_is(name, "id") || wc_str_is(name, "op");
}

static bool on_member(void *arg, struct wc_str name, const wc_json *value)
{
    if (!is_envelope(name))
        wc_call_arg_json(arg, name, value);
    return true;
}

static void give_members(struct wc_call *call, const struct members *m)
{
    if (m->flat == NULL) {
        wc_json_each(m->doc, on_member, call);
        return;
    }
    for (const struct wc_json_pair *pair = m->flat->of; pair < m->flat->of + m->flat->n; pair++)
        if (!is_envelope(pair->name))
            wc_call_arg_text(call, pair->name, pair->value);
}

/* An argument that is needed, and called `id` elsewhere, is asked for by the name that it has here. */
static void check_ids(struct wc_call *call)
{
    const struct wc_op_arg *args = call->op->args;
    for (size_t i = 0; i + 1 < WC_OP_ARGS && args[i].name != NULL; i++) {
        if (!wc_str_is(wc_str(args[i].name), "id") || !args[i].required || wc_call_has(call, args[i].arg))
            continue;
        char detail[64];
        snprintf(detail, sizeof(detail), "%s: is required", args[i + 1].name);
        wc_call_refuse(call, WC_BAD_REQUEST, detail);
    }
}

static void start(struct wc_requests *q, struct wc_str id, const char *op, const struct members *m)
{
    struct wc_identity who;
    q->ops->identify(q, &who);
    struct wc_request *r = request_new(q, id);
    struct wc_call *call = wc_call_new(q->chat, op, &who);
    r->call = call;
    give_members(call, m);
    check_ids(call);
    if (answers_list(call->op))
        wait_for_turn(q, r);
    else
        wc_call_start(call, on_called, r);
}

static void dispatch(struct wc_requests *q, struct wc_str id, struct wc_str op, const struct members *m)
{
    const struct wc_op *found = wc_op_find(op);
    if (q->count >= WC_REQUESTS_MOST)
        refuse(q, id, WC_RATE_LIMITED, "too many requests are under way on this connection");
    else if (is_session(op))
        q->ops->session(q, request_new(q, id), op, m->doc);
    else if (found == NULL || (found->flags & WC_OP_REQUEST) == 0)
        refuse(q, id, WC_BAD_REQUEST, "op: there is no such operation here");
    else
        start(q, id, found->name, m);
}

static void understand(struct wc_requests *q, const struct members *m)
{
    struct wc_str id = member(m, "id"), op = member(m, "op");
    if (id.n == 0 || id.n > ID_MOST)
        refuse(q, WC_STR_NONE, WC_BAD_REQUEST, "id: must be a string of 1 to 64 bytes");
    else if (op.n == 0 || op.n > OP_MOST)
        refuse(q, id, WC_BAD_REQUEST, "op: must be an operation's name, as in message.send");
    else
        dispatch(q, id, op, m);
}

static void receive_tree(struct wc_requests *q, struct wc_str text)
{
    char why[128];
    wc_json *doc = wc_json_parse(text, why, sizeof(why));
    if (doc == NULL)
        refuse(q, WC_STR_NONE, WC_BAD_REQUEST, why);
    else if (wc_json_type(doc) != WC_JSON_OBJECT)
        refuse(q, WC_STR_NONE, WC_BAD_REQUEST, "a request is a JSON object");
    else
        understand(q, &(struct members){.doc = doc});
    wc_json_free(doc);
}

void wc_requests_receive(struct wc_requests *q, struct wc_str text)
{
    struct wc_json_flat flat;
    if (wc_json_flat_read(text, &flat) && !is_session(wc_json_flat_get(&flat, "op")))
        understand(q, &(struct members){.flat = &flat});
    else
        receive_tree(q, text);
}

void wc_requests_refuse(struct wc_requests *q, wc_err err, const char *detail)
{
    refuse(q, WC_STR_NONE, err, detail);
}

void wc_requests_end(struct wc_requests *q)
{
    for (struct wc_request *r = q->first, *next; r != NULL; r = next) {
        next = r->next;
        if (r->call != NULL)
            wc_call_cancel(r->call);
        request_free(r);
    }
}
