#include "http/http.h"
#include "http/request.h"
#include "http/url.h"

static struct wc_str path_of(const h2o_req_t *req)
{
    struct wc_url url = {.path = WC_STR_NONE};
    return wc_url_split(wc_iovec_str(req->input.path), &url) ? url.path : WC_STR("-");
}

void wc_http_account(struct wc_http *http, const h2o_req_t *req, int status, const char *id, const char *user,
                     uint64_t ms)
{
    if (status == 0)
        http->counts.aborted++;
    else
        http->counts.answers[status / 100 < 6 ? status / 100 : 5]++;
    struct wc_log *log = http->worker->log;
    if (http->log_level < 0 || http->log_level < (int)log->level)
        return;
    wc_log(log, (enum wc_level)http->log_level, status == 0 ? "request aborted" : "request",
           WC_S("method", wc_iovec_str(req->input.method)), WC_S("path", path_of(req)), WC_I("status", status),
           WC_I("ms", ms), WC_Z("user", user != NULL && user[0] != '\0' ? user : NULL), WC_Z("request", id));
}
