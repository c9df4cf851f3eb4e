#include "http/files.h"

#include "http/request.h"

#include <ctype.h>
#include <stdio.h>
#include <sys/stat.h>
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

static const struct {
    const char *path, *file;
} pages[] = {
    {"/", "index.html"},
    {"/docs", "docs.html"},
    {"/openapi.yaml", "openapi.yaml"},
    {"/asyncapi.yaml", "asyncapi.yaml"},
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

/* The path's file below the folder: one of the pages, or `/assets/<name>`; false for anything else. */
static bool file_of(struct wc_str path, char *out, size_t size, bool *kept)
{
    const struct wc_str assets = WC_STR("/assets/");
    *kept = wc_str_starts(path, assets);
    for (size_t i = 0; i < WC_COUNT(pages); i++)
        if (wc_str_is(path, pages[i].path))
            return snprintf(out, size, "%s", pages[i].file) > 0;
    return *kept && plain(wc_str_from(path, assets.n)) && snprintf(out, size, "%.*s", (int)path.n - 1, path.p + 1) > 0;
}

/* A weak one: all encodings of the file have it (RFC 9110 section 8.8.3). */
static void tag_of(const struct stat *st, char out[64])
{
    snprintf(out, 64, "W/\"%llx.%lx-%llx\"", (unsigned long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
             (unsigned long long)st->st_size);
}

/* Does the client have it already? */
static bool had(const h2o_req_t *req, const char *tag)
{
    ssize_t at = h2o_find_header_by_str(&req->headers, H2O_STRLIT("if-none-match"), -1);
    struct wc_str rest = at >= 0 ? wc_iovec_str(req->headers.entries[at].value) : WC_STR_NONE, one;
    while (wc_str_cut(&rest, ',', &one))
        if (wc_str_is(wc_str_trim(one), tag))
            return true;
    return false;
}

/* The headers alone: for HEAD, and for who has the file. h2o_file_send would send it in any case. */
static int send_head(h2o_req_t *req, const char *type, bool unchanged, size_t size)
{
    static h2o_generator_t generator = {NULL, NULL};
    req->res.status = unchanged ? 304 : 200;
    req->res.reason = unchanged ? "Not Modified" : "OK";
    req->res.content_length = unchanged ? SIZE_MAX : size;
    if (!unchanged)
        add(req, "content-type", type);
    h2o_start_response(req, &generator);
    h2o_send(req, NULL, 0, H2O_SEND_STATE_FINAL);
    return 0;
}

static int on_req(h2o_handler_t *handler, h2o_req_t *req)
{
    struct wc_http *http = ((struct files_handler *)handler)->http;
    bool get = h2o_memis(req->method.base, req->method.len, H2O_STRLIT("GET")), kept;
    char name[160], path[4096], id[WC_HTTP_ID_MAX + 1], tag[64];
    struct stat st;
    if (!get && !h2o_memis(req->method.base, req->method.len, H2O_STRLIT("HEAD")))
        return -1;
    if (!file_of(wc_iovec_str(req->path_normalized), name, sizeof(name), &kept))
        return -1;
    const char *type = type_of(name);
    int n = snprintf(path, sizeof(path), "%s/%s", http->options->web, name);
    if (type == NULL || n < 0 || (size_t)n >= sizeof(path) || access(path, R_OK) != 0 || stat(path, &st) != 0 ||
        !S_ISREG(st.st_mode))
        return -1;
    tag_of(&st, tag);
    bool unchanged = had(req, tag);
    wc_http_request_id(http, req, id);
    add(req, "x-request-id", h2o_strdup(&req->pool, id, SIZE_MAX).base);
    add(req, "etag", tag);
    add(req, "cache-control", kept ? "public, max-age=31536000, immutable" : "no-cache");
    add(req, "content-security-policy", policy);
    add(req, "x-content-type-options", "nosniff");
    add(req, "referrer-policy", "no-referrer");
    wc_http_account(http, req, unchanged ? 304 : 200, id, NULL, 0);
    if (!get || unchanged)
        return send_head(req, type, unchanged, (size_t)st.st_size);
    return h2o_file_send(req, 200, "OK", path, h2o_iovec_init(type, strlen(type)),
                         H2O_FILE_FLAG_SEND_COMPRESSED | H2O_FILE_FLAG_NO_ETAG);
}

void wc_http_register_files(struct wc_http *http, h2o_pathconf_t *where)
{
    if (http->options->web[0] == '\0')
        return;
    struct files_handler *handler = (struct files_handler *)h2o_create_handler(where, sizeof(*handler));
    handler->super.on_req = on_req;
    handler->http = http;
}
