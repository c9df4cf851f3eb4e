#include "base/mem.h"
#include "chat/entry.h"
#include "nats/state.h"

/*
 * What trusted services read: each stored event of a room on `wcc.frontend.events.room.<room>`, each of a direct
 * conversation on `wcc.frontend.events.user.<receiver>`, published once, by the worker that committed it. Nobody waits
 * for it; who misses some sees it by seq, and reads history.
 */
struct reading {
    struct wc_name conv;
    struct wc_name key; /* of the log */
};

static struct wc_str rest_of(struct wc_str key)
{
    const char *open = memchr(key.p, '{', key.n);
    return open != NULL ? wc_str_from(key, (size_t)(open - key.p) + 1) : WC_STR_NONE;
}

/* `wcc:room:{R}` is `room/R`, `wcc:dm:{A:B}` is `dm/A:B`. */
static void name_of(struct wc_name *conv, struct wc_str key)
{
    struct wc_str rest = rest_of(key);
    struct wc_buf b = {conv->z, 0, sizeof(conv->z)};
    wc_buf_z(&b, wc_str_starts(key, WC_STR("wcc:dm:")) ? "dm/" : "room/");
    wc_buf_add(&b, rest.p, rest.n != 0 ? rest.n - 1 : 0);
    conv->n = (uint8_t)b.n;
}

static void publish(struct wc_nats *n, const struct wc_event *ev)
{
    struct wc_buf subject = WC_BUF_INIT, json = WC_BUF_INIT;
    bool direct = wc_conv_direct(ev->conv);
    struct wc_str to = direct ? wc_conv_peer(ev->conv, ev->f[WC_F_FROM]) : wc_conv_rest(ev->conv);
    wc_buf_addf(&subject, "wcc.frontend.events.%s.%.*s", direct ? "user" : "room", WC_STR_ARG(to));
    wc_event_json(ev, wc_conv_side(ev->conv, to), &json);
    if (json.n != 0 && wc_nats_publish(n->conn, wc_buf_view(&subject), wc_buf_view(&json)))
        n->stats.bridged++;
    wc_buf_free(&subject);
    wc_buf_free(&json);
}

static void on_read(struct wc_nats *n, void *arg, wc_err err, const struct wc_reply *reply)
{
    struct reading *r = arg;
    struct wc_event *ev = NULL;
    if (err == WC_OK && wc_reply_count(reply) != 0)
        ev = wc_event_of_entry(wc_name_str(&r->conv), wc_reply_at(reply, 0));
    if (ev != NULL)
        publish(n, ev);
    wc_event_unref(ev);
    free(r);
}

void wc_nats_bridge(void *nats, struct wc_str key, struct wc_str id)
{
    struct wc_nats *n = nats;
    if (!wc_nats_conn_up(n->conn))
        return;
    struct reading *r = WC_NEW(struct reading);
    struct wc_buf log = {r->key.z, 0, sizeof(r->key.z)};
    name_of(&r->conv, key);
    wc_buf_str(&log, key);
    wc_buf_z(&log, ":log");
    const struct wc_str argv[] = {WC_STR("XRANGE"), wc_buf_view(&log), id, id};
    if (log.n >= sizeof(r->key.z) || wc_nats_command(n, argv, WC_COUNT(argv), on_read, r) == NULL)
        free(r);
}
