#include "base/mem.h"
#include "base/metrics.h"
#include "http/http.h"

#define ROW(field) .offset = offsetof(struct wc_http_options, field)

const struct wc_option wc_http_option_rows[WC_HTTP_OPTIONS] = {
    {.name = "http",
     .metavar = "ADDR",
     .type = WC_OPT_LIST,
     ROW(addresses),
     .help = "serves REST on this address (host:port, [::1]:port or :port for all); as often as wanted"},
    {.name = "http-body-max",
     .metavar = "SIZE",
     .type = WC_OPT_SIZE,
     .def = "64k",
     .min = 16384,
     .max = 16777216,
     ROW(body_max),
     .help = "the largest body of a request"},
    {.name = "http-cors",
     .metavar = "ORIGIN",
     .type = WC_OPT_LIST,
     ROW(cors),
     .help = "lets web pages of this origin call (https://chat.example.org, or * for all); as often as wanted"},
    {.name = "http-trusted",
     .metavar = "NET",
     .type = WC_OPT_LIST,
     ROW(trusted),
     .help = "believes X-Forwarded-For (else Forwarded) of proxies with this address or network; as often as wanted"},
    {.name = "http-max-connections",
     .metavar = "N",
     .type = WC_OPT_U64,
     .def = "10000",
     .min = 1,
     .max = 1000000,
     ROW(max_connections),
     .help = "no more connections than this are accepted at a time; it is lowered to what descriptors allow"},
    {.name = "http-idle-timeout",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "75s",
     .min = 100,
     .max = 3600000,
     ROW(idle_ms),
     .help = "how long a connection may wait for a request, and a request for its last byte"},
    {.name = "http-keepalive",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "30s",
     .min = 1000,
     .max = 3600000,
     ROW(keepalive_ms),
     .help =
         "a quiet WebSocket is pinged after so long, and dropped after two in vain; event streams get a comment twice "
         "as often"},
    {.name = "http-stall",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "60s",
     .min = 1000,
     .max = 3600000,
     ROW(stall_ms),
     .help = "a WebSocket or event stream that takes nothing for so long is dropped"},
    {.name = "access-log",
     .metavar = "LEVEL",
     .type = WC_OPT_CHOICE,
     .def = "debug",
     .choices = "off|debug|info",
     ROW(access_log),
     .help = "the level at which each HTTP request is logged"},
    {.name = "web",
     .metavar = "DIR",
     .type = WC_OPT_STR,
     ROW(web),
     .help = "serves the web app from this folder, which web/build.mjs has written"},
};

#define COUNT(field) offsetof(struct wc_http_counts, field), 1

static const struct wc_metric rows[] = {
    {"wcchat_connections", "channel=\"http\"", WC_GAUGE, COUNT(connections), "Open connections"},
    {"wcchat_connections_total", "channel=\"http\"", WC_COUNTER, COUNT(accepted), "Connections accepted"},
    {"wcchat_http_requests_under_way", NULL, WC_GAUGE, COUNT(under_way), "Requests that wait for their answer"},
    {"wcchat_http_answers_total", "class=\"2xx\"", WC_COUNTER, COUNT(answers[2]), "Answers by class of status"},
    {"wcchat_http_answers_total", "class=\"3xx\"", WC_COUNTER, COUNT(answers[3]), "Answers by class of status"},
    {"wcchat_http_answers_total", "class=\"4xx\"", WC_COUNTER, COUNT(answers[4]), "Answers by class of status"},
    {"wcchat_http_answers_total", "class=\"5xx\"", WC_COUNTER, COUNT(answers[5]), "Answers by class of status"},
    {"wcchat_http_aborted_total", NULL, WC_COUNTER, COUNT(aborted),
     "Requests whose connection ended before the answer"},
    {"wcchat_streams", "kind=\"websocket\"", WC_GAUGE, COUNT(streams[0]), "Open WebSockets and event streams"},
    {"wcchat_streams", "kind=\"events\"", WC_GAUGE, COUNT(streams[1]), NULL},
    {"wcchat_streams_stalled_total", NULL, WC_COUNTER, COUNT(stalled),
     "WebSockets and event streams dropped because nothing could be written"},
    {"wcchat_streams_expired_total", NULL, WC_COUNTER, COUNT(expired),
     "WebSockets and event streams that ended with their token"},
};

void wc_http_metrics(struct wc_metrics *m, const struct wc_http_counts *counts)
{
    wc_metrics_add(m, rows, WC_COUNT(rows), counts);
}
