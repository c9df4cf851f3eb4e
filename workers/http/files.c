#include "http/files.h"

#include "http/request.h"

#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

/* No inline script or style, nothing from elsewhere, no frame around it (CSP level 3). */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                             "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
                             "frame-ancestors 'none'";

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".yaml", "application/yaml"},
    {".txt", "text/plain; charset=utf-8"},
};

struct files_handler {
    h2o_handler_t super;
    struct wc_http *http;
};

static const char *type_of(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < WC_COUNT(types); i++) {
        size_t e = strlen(types[i].ending);
        if (n > e && memcmp(name + n - e, types[i].ending, e) == 0)
            return types[i].type;
    }
    return NULL;
}

/* One name in one folder: letters, digits, dot, dash and underscore, no dot at its start. */
static bool plain(struct wc_str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!isalnum((unsigned char)name.p[i]) && strchr("._-", name.p[i]) == NULL)
            return false;
    return name.n != 0 && name.n < 128 && name.p[0] != '.';
}

static void add(h2o_req_t *req, const char *name, const char *value)
{
    h2o_add_header_by_str(&req->pool, &req->res.headers, name, strlen(name), 1, NULL, value, strlen(value));
}

/* The path's file below the folder, for `/` and `/assets/<name>`; false for anything else. */
static bool file_of(struct wc_str path, char *out, size_t size, bool *kept)
{
    const struct wc_str assets = WC_STR("/assets/");
    *kept = wc_str_starts(path, assets);
    if (wc_str_is(path, "/"))
        return snprintf(out, size, "index.html") > 0;
    return *kept && plain(wc_str_from(path, assets.n)) && snprintf(out, size, "%.*s", (int)path.n - 1, path.p + 1) > 0;
}

static int on_req(h2o_handler_t *handler, h2o_req_t *req)
{
    struct wc_http *http = ((struct files_handler *)handler)->http;
    bool get = h2o_memis(req->method.base, req->method.len, H2O_STRLIT("GET")), kept;
    char name[160], path[4096], id[WC_HTTP_ID_MAX + 1];
    if (!get && !h2o_memis(req->method.base, req->method.len, H2O_STRLIT("HEAD")))
        return -1;
    if (!file_of(wc_iovec_str(req->path_normalized), name, sizeof(name), &kept))
        return -1;
    const char *type = type_of(name);
    int n = snprintf(path, sizeof(path), "%s/%s", http->options->web, name);
    if (type == NULL || n < 0 || (size_t)n >= sizeof(path) || access(path, R_OK) != 0)
        return -1;
    wc_http_request_id(http, req, id);
    add(req, "x-request-id", h2o_strdup(&req->pool, id, SIZE_MAX).base);
    add(req, "cache-control", kept ? "public, max-age=31536000, immutable" : "no-cache");
    add(req, "content-security-policy", policy);
    add(req, "x-content-type-options", "nosniff");
    add(req, "referrer-policy", "no-referrer");
    wc_http_account(http, req, 200, id, NULL, 0);
    return h2o_file_send(req, 200, "OK", path, h2o_iovec_init(type, strlen(type)), H2O_FILE_FLAG_SEND_COMPRESSED);
}

void wc_http_register_files(struct wc_http *http, h2o_pathconf_t *where)
{
    if (http->options->web[0] == '\0')
        return;
    struct files_handler *handler = (struct files_handler *)h2o_create_handler(where, sizeof(*handler));
    handler->super.on_req = on_req;
    handler->http = http;
}
