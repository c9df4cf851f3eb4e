#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How each protocol logs in, joins and sends: the least that a client has to say. */

/* ---- wcchat: telnet ---- */

static void telnet_user(struct load *l, struct load_conn *c)
{
    load_putf(c, "%s\r\n", load_user(l, c));
}

static void telnet_token(struct load *l, struct load_conn *c)
{
    load_putf(c, "%s\r\n", load_token(l, c));
}

static void telnet_switch(struct load *l, struct load_conn *c)
{
    (void)l;
    load_putf(c, "/switch bench-%u\r\n", c->room);
}

static const struct load_step telnet_member[] = {
    {"login: ", 0, telnet_user}, {"password: ", 0, telnet_token}, {"welcome", 0, NULL}, {NULL, 0, NULL}};
static const struct load_step telnet_sender[] = {{"login: ", 0, telnet_user},
                                                 {"password: ", 0, telnet_token},
                                                 {"welcome", 0, telnet_switch},
                                                 {"* now in bench-", 0, NULL},
                                                 {NULL, 0, NULL}};

static void telnet_send(struct load *l, struct load_conn *c, const char *text, size_t n)
{
    (void)l;
    load_put(c, text, n);
    load_put(c, "\r\n", 2);
}

/* ---- wcchat: WebSocket and event streams ---- */

/* A masked text frame (RFC 6455, 5.2); the mask is zero, which no server can tell from another. */
static void ws_frame(struct load_conn *c, const char *json, size_t n)
{
    unsigned char head[8] = {0x81, (unsigned char)(0x80 | (n < 126 ? n : 126))};
    size_t head_n = 2;
    if (n >= 126) {
        head[2] = (unsigned char)(n >> 8);
        head[3] = (unsigned char)n;
        head_n = 4;
    }
    load_put(c, head, head_n);
    load_put(c, "\0\0\0\0", 4);
    load_put(c, json, n);
}

static void ws_hello(struct load *l, struct load_conn *c)
{
    load_putf(c,
              "GET /v1/ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Protocol: wcchat.v1\r\nAuthorization: Bearer %s\r\n\r\n",
              load_token(l, c));
}

static void ws_open(struct load *l, struct load_conn *c)
{
    char json[320];
    bool resumes = c->cursor != NULL;
    (void)l;
    int n = snprintf(json, sizeof(json), "{\"id\":\"o\",\"op\":\"session.open\"%s%s%s}",
                     resumes ? ",\"cursor\":\"" : "", resumes ? c->cursor : "", resumes ? "\"" : "");
    ws_frame(c, json, (size_t)n);
}

static void ws_cursor(struct load *l, struct load_conn *c)
{
    struct load_input cursor = load_before(l);
    if (!load_keeps_cursors(l))
        return;
    free(c->cursor);
    c->cursor = strndup(cursor.p, cursor.n);
}

static const struct load_step ws_member[] = {{NULL, 0, ws_hello},
                                             {" 101 ", 0, NULL},
                                             {"\r\n\r\n", 0, ws_open},
                                             {"\"re\":\"o\",\"ok\":true", 0, NULL},
                                             {"\"cursor\":\"", 0, NULL},
                                             {"\",\"cursors\":", 0, ws_cursor},
                                             {NULL, 0, NULL}};
static const struct load_step ws_poster[] = {
    {NULL, 0, ws_hello}, {" 101 ", 0, NULL}, {"\r\n\r\n", 0, NULL}, {NULL, 0, NULL}};

static void ws_send(struct load *l, struct load_conn *c, const char *text, size_t n)
{
    static unsigned long long count;
    char json[9000];
    (void)l;
    int len =
        snprintf(json, sizeof(json),
                 "{\"id\":\"%llu\",\"op\":\"message.send\",\"target\":\"wcchat://rooms/bench-%u\",\"text\":\"%.*s\"}",
                 ++count, c->room, (int)n, text);
    ws_frame(c, json, (size_t)len);
}

static void sse_hello(struct load *l, struct load_conn *c)
{
    load_putf(c,
              "GET /v1/events HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n",
              load_token(l, c));
}

static const struct load_step sse_member[] = {
    {NULL, 0, sse_hello}, {" 200 ", 0, NULL}, {"\r\n\r\n", 0, NULL}, {"id:", 0, NULL}, {NULL, 0, NULL}};

/* ---- IRC (RFC 2812) ---- */

static void irc_hello(struct load *l, struct load_conn *c)
{
    (void)l;
    load_putf(c, "NICK m%u\r\nUSER m%u 0 * :m\r\n", c->id, c->id);
}

static void irc_join(struct load *l, struct load_conn *c)
{
    (void)l;
    load_putf(c, "JOIN #bench-%u\r\n", c->room);
}

static const struct load_step irc_member[] = {
    {NULL, 0, irc_hello}, {" 001 ", 0, irc_join}, {" 366 ", 0, NULL}, {NULL, 0, NULL}};

static void irc_send(struct load *l, struct load_conn *c, const char *text, size_t n)
{
    (void)l;
    load_putf(c, "PRIVMSG #bench-%u :%.*s\r\n", c->room, (int)n, text);
}

/* ---- XMPP: multi-user chat (XEP-0045), anonymous (XEP-0175) ---- */

static void xmpp_stream(struct load *l, struct load_conn *c)
{
    (void)l;
    load_putf(c, "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
                 "xmlns:stream='http://etherx.jabber.org/streams'>");
}

static void xmpp_auth(struct load *l, struct load_conn *c)
{
    (void)l;
    load_putf(c, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>");
}

static void xmpp_bind(struct load *l, struct load_conn *c)
{
    (void)l;
    load_putf(c, "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
}

static void xmpp_join(struct load *l, struct load_conn *c)
{
    (void)l;
    load_putf(c,
              "<presence to='bench-%u@conference.localhost/m%u'><x xmlns='http://jabber.org/protocol/muc'>"
              "<history maxstanzas='0'/></x></presence>",
              c->room, c->id);
}

static const struct load_step xmpp_member[] = {{NULL, 0, xmpp_stream},
                                               {"</stream:features>", 0, xmpp_auth},
                                               {"<success", 0, xmpp_stream},
                                               {"</stream:features>", 0, xmpp_bind},
                                               {"</iq>", 0, xmpp_join},
                                               {"='110'", 0, NULL}, /* one's own presence is the last */
                                               {NULL, 0, NULL}};

static void xmpp_send(struct load *l, struct load_conn *c, const char *text, size_t n)
{
    (void)l;
    load_putf(c, "<message to='bench-%u@conference.localhost' type='groupchat'><body>%.*s</body></message>", c->room,
              (int)n, text);
}

/* ---- MQTT 3.1.1, QoS 0 ---- */

static void mqtt_hello(struct load *l, struct load_conn *c)
{
    char id[24];
    int n = snprintf(id, sizeof(id), "m%u", c->id);
    (void)l;
    /* CONNECT: clean session, no keep-alive (section 3.1) */
    const unsigned char head[] = {0x10, (unsigned char)(12 + n), 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0,
                                  0,    (unsigned char)n};
    load_put(c, head, sizeof(head));
    load_put(c, id, (size_t)n);
}

static void mqtt_subscribe(struct load *l, struct load_conn *c)
{
    char topic[24];
    int n = snprintf(topic, sizeof(topic), "bench-%u", c->room);
    (void)l;
    const unsigned char head[] = {0x82, (unsigned char)(5 + n), 0, 1, 0, (unsigned char)n};
    load_put(c, head, sizeof(head));
    load_put(c, topic, (size_t)n);
    load_put(c, "\0", 1);
}

static const struct load_step mqtt_member[] = {
    {NULL, 0, mqtt_hello}, {"\x20\x02\x00\x00", 4, mqtt_subscribe}, {"\x90\x03\x00\x01\x00", 5, NULL}, {NULL, 0, NULL}};

static void mqtt_send(struct load *l, struct load_conn *c, const char *text, size_t n)
{
    char topic[24];
    int topic_n = snprintf(topic, sizeof(topic), "bench-%u", c->room);
    size_t rest = 2 + (size_t)topic_n + n;
    (void)l;
    const unsigned char head[] = {0x30, (unsigned char)(0x80 | (rest & 0x7f)), (unsigned char)(rest >> 7), 0,
                                  (unsigned char)topic_n};
    load_put(c, head, sizeof(head));
    load_put(c, topic, (size_t)topic_n);
    load_put(c, text, n);
}

/* ---- NATS ---- */

static void nats_hello(struct load *l, struct load_conn *c)
{
    (void)l;
    load_putf(c, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB bench-%u 1\r\nPING\r\n", c->room);
}

static const struct load_step nats_member[] = {{"INFO ", 0, nats_hello}, {"PONG", 0, NULL}, {NULL, 0, NULL}};

static void nats_send(struct load *l, struct load_conn *c, const char *text, size_t n)
{
    (void)l;
    load_putf(c, "PUB bench-%u %zu\r\n%.*s\r\n", c->room, n, (int)n, text);
}

/* ---- Redis, bare Pub/Sub and with lua/post.lua ---- */

static void redis_subscribe(struct load *l, struct load_conn *c)
{
    (void)l;
    load_putf(c, "SUBSCRIBE bench-%u\r\n", c->room);
}

static void post_subscribe(struct load *l, struct load_conn *c)
{
    (void)l;
    load_putf(c, "SUBSCRIBE wcc:room:{bench-%u}\r\n", c->room);
}

static void redis_ping(struct load *l, struct load_conn *c)
{
    (void)l;
    load_putf(c, "PING\r\n");
}

static void redis_send(struct load *l, struct load_conn *c, const char *text, size_t n)
{
    char room[24];
    int room_n = snprintf(room, sizeof(room), "bench-%u", c->room);
    (void)l;
    load_putf(c, "*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n$%zu\r\n%.*s\r\n", room_n, room, n, (int)n, text);
}

static char sha[41];

/* The sender is a member, and the script is there. */
static void post_prepare(struct load *l, struct load_conn *c)
{
    size_t n = 0;
    const char *script = load_script(l, &n);
    load_putf(c,
              "ZADD wcc:room:{bench-%u}:members 0 m%u\r\nHSET wcc:room:{bench-%u} created 1 visibility public\r\n"
              "*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n$%zu\r\n",
              c->room, c->id, c->room, n);
    load_put(c, script, n);
    load_put(c, "\r\n", 2);
}

/* `$40` and the script's digest */
static void post_loaded(struct load *l, struct load_conn *c)
{
    struct load_input in = load_matched(l);
    (void)c;
    if (in.n < 5 + 40)
        load_die("the digest of the script came in pieces");
    memcpy(sha, in.p + 5, 40);
}

static void bulk(struct load_conn *c, const char *s, size_t n)
{
    load_putf(c, "$%zu\r\n", n);
    load_put(c, s, n);
    load_put(c, "\r\n", 2);
}

/* KEYS and ARGV as lua/post.lua has them: one message a call, of a worker of the sender's own. */
static void post_send(struct load *l, struct load_conn *c, const char *text, size_t n)
{
    static unsigned long long count;
    char key[40], from[16], number[24];
    (void)l;
    snprintf(key, sizeof(key), "wcc:room:{bench-%u}", c->room);
    snprintf(from, sizeof(from), "m%u", c->id);
    snprintf(number, sizeof(number), "%llu", ++count);
    const char *const words[] = {"EVALSHA", sha, "1",  key,    "0",  "0",    "1000000",
                                 "0",       "",  from, number, from, "rest", "1"};
    load_putf(c, "*%zu\r\n", sizeof(words) / sizeof(*words) + 2);
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        bulk(c, words[i], strlen(words[i]));
    bulk(c, text, n);
    bulk(c, "0", 1);
}

static const struct load_step redis_member[] = {
    {NULL, 0, redis_subscribe}, {"subscribe\r\n", 0, NULL}, {NULL, 0, NULL}};
static const struct load_step redis_sender[] = {{NULL, 0, redis_ping}, {"+PONG", 0, NULL}, {NULL, 0, NULL}};
static const struct load_step post_member[] = {{NULL, 0, post_subscribe}, {"subscribe\r\n", 0, NULL}, {NULL, 0, NULL}};
static const struct load_step post_sender[] = {{NULL, 0, post_prepare}, {"$40\r\n", 0, post_loaded}, {NULL, 0, NULL}};

const struct load_driver load_drivers[] = {
    {"telnet", true, false, telnet_member, telnet_sender, telnet_send},
    {"ws", true, false, ws_member, ws_member, ws_send},
    {"sse", true, true, sse_member, ws_poster, ws_send},
    {"irc", false, false, irc_member, irc_member, irc_send},
    {"xmpp", true, false, xmpp_member, xmpp_member, xmpp_send},
    {"mqtt", true, false, mqtt_member, mqtt_member, mqtt_send},
    {"nats", true, false, nats_member, nats_member, nats_send},
    {"redis", true, true, redis_member, redis_sender, redis_send},
    {"redis-post", true, true, post_member, post_sender, post_send},
    {NULL, false, false, NULL, NULL, NULL},
};

const struct load_driver *load_driver_find(const char *name)
{
    for (const struct load_driver *d = load_drivers; d->name != NULL; d++)
        if (strcmp(d->name, name) == 0)
            return d;
    return NULL;
}
