#include "http/problem.h"

#include "base/json.h"
#include "base/mem.h"

static const int statuses[WC_ERR_COUNT] = {
    [WC_OK] = 200,
    [WC_BAD_REQUEST] = 400,
    [WC_BAD_TEXT] = 400,
    [WC_UNAUTHENTICATED] = 401,
    [WC_FORBIDDEN] = 403,
    [WC_NOT_A_MEMBER] = 403,
    [WC_BANNED] = 403,
    [WC_NOT_FOUND] = 404,
    [WC_METHOD_NOT_ALLOWED] = 405,
    [WC_CONFLICT] = 409,
    [WC_TOO_LARGE] = 413,
    [WC_UNSUPPORTED_MEDIA_TYPE] = 415,
    [WC_RATE_LIMITED] = 429,
    [WC_UNAVAILABLE] = 503,
};

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {429, "Too Many Requests"},
    {503, "Service Unavailable"},
};

int wc_http_status(wc_err err)
{
    return (unsigned)err < WC_ERR_COUNT ? statuses[err] : 503;
}

wc_err wc_http_error(int status)
{
    for (int err = WC_BAD_REQUEST; err < WC_ERR_COUNT; err++) {
        if (statuses[err] == status)
            return (wc_err)err;
    }
    return status >= 400 && status < 500 ? WC_BAD_REQUEST : WC_UNAVAILABLE;
}

const char *wc_http_reason(int status)
{
    for (size_t i = 0; i < WC_COUNT(reasons); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Error";
}

void wc_http_problem(struct wc_buf *out, const struct wc_failure *failure, int status, const char *id)
{
    wc_json_open(out, NULL);
    wc_json_str(out, "type", WC_STR("about:blank"));
    wc_json_str(out, "title", wc_str(wc_err_title(failure->err)));
    wc_json_u64(out, "status", (uint64_t)status);
    if (failure->detail[0] != '\0')
        wc_json_str(out, "detail", wc_str(failure->detail));
    wc_json_str(out, "code", wc_str(wc_err_code(failure->err)));
    wc_json_str(out, "instance", wc_str(id));
    wc_json_close(out);
}

uint64_t wc_http_retry_after(const struct wc_failure *failure)
{
    if (failure->err != WC_RATE_LIMITED && failure->err != WC_UNAVAILABLE)
        return 0;
    uint64_t seconds = failure->retry_ms / 1000 + (failure->retry_ms % 1000 != 0);
    return seconds > 0 ? seconds : 1;
}
