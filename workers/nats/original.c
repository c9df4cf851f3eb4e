#include "base/mem.h"
#include "base/text.h"
#include "chat/call.h"
#include "nats/state.h"

#include <stdio.h>

/*
 * The request that the first frontend of this chat sent, on `wcc.frontend.requests`:
 *
 *   → {source_app_id, source_app_version, origin_user_id, origin_room?, message_text, target_url, created_on,
 * access_token} ← {message_id, acknowledged, error}
 *
 * `access_token` is an access token of `origin_user_id`: the subject says nothing of who asks.
 */
struct wc_nats_original {
    struct wc_nats_original *next, **link;
    struct wc_nats *nats;
    struct wc_call *call; /* NULL: the token is being checked */
    struct wc_soon_item over;
    wc_json *doc;
    double since;
    bool ended;
    char reply[];
};

static void original_free(struct wc_nats_original *o)
{
    *o->link = o->next;
    if (o->next != NULL)
        o->next->link = o->link;
    wc_auth_cancel(o->nats->chat->auth, o);
    if (o->call != NULL)
        wc_call_cancel(o->call);
    wc_json_free(o->doc);
    free(o);
}

static void on_over(struct wc_soon_item *item)
{
    original_free(WC_CONTAINER(item, struct wc_nats_original, over));
}

/* `id` absent: refused, with these words. */
static void answer(struct wc_nats_original *o, struct wc_str id, wc_err err, const char *detail)
{
    struct wc_buf b = WC_BUF_INIT, words = WC_BUF_INIT;
    wc_json_open(&b, NULL);
    if (id.p != NULL) {
        wc_json_str(&b, "message_id", id);
        wc_json_bool(&b, "acknowledged", true);
        wc_json_null(&b, "error");
    } else {
        wc_buf_addf(&words, "%s: %s", wc_err_code(err),
                    detail != NULL && detail[0] != '\0' ? detail : wc_err_title(err));
        wc_json_null(&b, "message_id");
        wc_json_bool(&b, "acknowledged", false);
        wc_json_str(&b, "error", wc_buf_view(&words));
    }
    wc_json_close(&b);
    wc_nats_publish(o->nats->conn, wc_str(o->reply), wc_buf_view(&b));
    wc_nats_served(o->nats, WC_NATS_ORIGINAL, o->since, id.p != NULL ? WC_STR("") : wc_str(wc_err_code(err)));
    wc_buf_free(&b);
    wc_buf_free(&words);
    o->ended = true;
    wc_soon_add(&o->nats->soon, &o->over);
}

static void on_called(void *arg, struct wc_call *call, const struct wc_failure *failure)
{
    struct wc_nats_original *o = arg;
    o->call = NULL;
    if (failure != NULL) {
        answer(o, WC_STR_NONE, failure->err, failure->detail);
        return;
    }
    char why[128];
    wc_json *result = wc_json_parse(wc_buf_view(&call->result), why, sizeof(why));
    answer(o, wc_json_get_str(result, "id"), WC_OK, NULL);
    wc_json_free(result);
}

static void send(struct wc_nats_original *o, const struct wc_identity *from)
{
    struct wc_identity who = *from;
    who.via = "nats";
    o->call = wc_call_new(o->nats->chat, "message.send", &who);
    wc_call_arg(o->call, WC_STR("target"), wc_json_get_str(o->doc, "target_url"));
    wc_call_arg(o->call, WC_STR("text"), wc_json_get_str(o->doc, "message_text"));
    wc_call_start(o->call, on_called, o);
}

static void on_token(void *arg, wc_err err, const struct wc_identity *who, uint64_t retry_ms)
{
    struct wc_nats_original *o = arg;
    (void)retry_ms;
    if (err != WC_OK)
        answer(o, WC_STR_NONE, err, err == WC_UNAUTHENTICATED ? "access_token: is wrong, expired or revoked" : NULL);
    else if (!wc_str_is(wc_json_get_str(o->doc, "origin_user_id"), who->user))
        answer(o, WC_STR_NONE, WC_FORBIDDEN, "access_token: is not origin_user_id's");
    else
        send(o, who);
}

/* NULL, or what is wrong with it before anybody is asked. */
static const char *problem(const wc_json *doc)
{
    static const char *const strings[] = {"origin_user_id", "message_text", "target_url", "access_token"};
    static const char *const words[] = {
        "origin_user_id: must be a user's name", "message_text: must be a string that is not empty",
        "target_url: must be a target, as in wcchat://rooms/general", "access_token: is required"};
    struct wc_target target;
    if (wc_json_type(doc) != WC_JSON_OBJECT)
        return "a request is a JSON object";
    for (size_t i = 0; i < WC_COUNT(strings); i++)
        if (wc_json_get_str(doc, strings[i]).n == 0)
            return words[i];
    if (wc_target_parse(wc_json_get_str(doc, "target_url"), &target) != WC_OK)
        return words[2];
    if (target.direct && wc_str_eq(target.name, wc_json_get_str(doc, "origin_user_id")))
        return "target_url: is oneself";
    return NULL;
}

static struct wc_nats_original *original_new(struct wc_nats *n, const struct wc_nats_message *m, wc_json *doc)
{
    size_t size = strlen(m->reply) + 1;
    struct wc_nats_original *o = wc_alloc(sizeof(*o) + size);
    o->nats = n;
    o->doc = doc;
    o->over.fire = on_over;
    o->since = ev_time();
    memcpy(o->reply, m->reply, size);
    o->next = n->originals;
    o->link = &n->originals;
    if (o->next != NULL)
        o->next->link = &o->next;
    n->originals = o;
    n->stats.requests++;
    return o;
}

/* Whose inbox it is; or empty. */
static struct wc_str owner_of(struct wc_str inbox)
{
    const struct wc_str prefix = WC_STR("_INBOX_");
    struct wc_str rest = wc_str_starts(inbox, prefix) ? wc_str_from(inbox, prefix.n) : WC_STR(""), owner = WC_STR("");
    (void)wc_str_cut(&rest, '.', &owner);
    return wc_text_user(owner) && wc_nats_inbox(inbox, owner) ? owner : WC_STR("");
}

void wc_nats_original(struct wc_nats *n, const struct wc_nats_message *m)
{
    char why[128] = "the message has no JSON";
    struct wc_str owner = owner_of(wc_str(m->reply));
    if (owner.n == 0) {
        n->stats.no_reply++;
        return;
    }
    wc_json *doc = m->data.p != NULL ? wc_json_parse(m->data, why, sizeof(why)) : NULL;
    struct wc_nats_original *o = original_new(n, m, doc);
    const char *wrong = doc != NULL ? problem(doc) : NULL;
    if (m->too_large || m->shed)
        answer(o, WC_STR_NONE, m->shed ? WC_UNAVAILABLE : WC_TOO_LARGE, NULL);
    else if (doc == NULL)
        answer(o, WC_STR_NONE, WC_BAD_REQUEST, why);
    else if (wrong != NULL)
        answer(o, WC_STR_NONE, WC_BAD_REQUEST, wrong);
    else if (!wc_str_eq(wc_json_get_str(doc, "origin_user_id"), owner)) /* who it was for would get the answer */
        answer(o, WC_STR_NONE, WC_FORBIDDEN, "origin_user_id: the answer is to go to another's inbox");
    else
        wc_auth_token(n->chat->auth, wc_json_get_str(doc, "access_token"), on_token, o);
}

void wc_nats_originals_end(struct wc_nats *n)
{
    for (struct wc_nats_original *o = n->originals, *next; o != NULL; o = next) {
        next = o->next;
        original_free(o);
    }
}
