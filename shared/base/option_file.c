#include "base/option_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LARGEST (1U << 20)

/* Takes `"…"` with \" and \\ inside, and nothing but a comment behind it. */
static bool unquote(struct wc_str s, struct wc_buf *out)
{
    size_t i = 1;
    for (; i < s.n && s.p[i] != '"'; i++) {
        if (s.p[i] == '\\' && ++i == s.n)
            return false;
        wc_buf_c(out, s.p[i]);
    }
    struct wc_str behind = wc_str_trim(wc_str_from(s, i + 1));
    return i < s.n && (behind.n == 0 || behind.p[0] == '#');
}

/* A comment starts the value or follows a blank: the # of a URL is none. */
static struct wc_str without_comment(struct wc_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '#' && (i == 0 || s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
            s.n = i;
    }
    return wc_str_trim(s);
}

/* WC_BAD_REQUEST, with *wrong set, when the line itself is wrong. */
static wc_err read_line(struct wc_str text, size_t line, wc_option_file_cb cb, void *arg, const char **wrong)
{
    const char *equals = memchr(text.p, '=', text.n);
    if (equals == NULL) {
        *wrong = "expected `name = value`";
        return WC_BAD_REQUEST;
    }
    size_t len = (size_t)(equals - text.p);
    struct wc_str name = wc_str_trim((struct wc_str){text.p, len});
    struct wc_str value = wc_str_trim(wc_str_from(text, len + 1));
    if (value.n == 0 || value.p[0] != '"')
        return cb(arg, line, name, without_comment(value));
    struct wc_buf inner = WC_BUF_INIT;
    wc_err err = WC_BAD_REQUEST;
    if (unquote(value, &inner))
        err = cb(arg, line, name, wc_buf_view(&inner));
    else
        *wrong = "the quotes of the value do not match";
    wc_buf_free(&inner);
    return err;
}

static wc_err read_lines(const char *path, struct wc_str rest, wc_option_file_cb cb, void *arg, struct wc_buf *why)
{
    struct wc_str text;
    wc_err err = WC_OK;
    for (size_t line = 1; err == WC_OK && wc_str_cut(&rest, '\n', &text); line++) {
        const char *wrong = NULL;
        text = wc_str_trim(text);
        if (text.n > 0 && text.p[0] != '#')
            err = read_line(text, line, cb, arg, &wrong);
        if (wrong != NULL)
            wc_buf_addf(why, "%s, line %zu: %s", path, line, wrong);
    }
    return err;
}

/* NULL, or what is wrong. */
static const char *slurp(int fd, struct wc_buf *out)
{
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "it is not a regular file";
    while (out->n <= FILE_LARGEST) {
        ssize_t n = read(fd, wc_buf_reserve(out, 4096), 4096);
        if (n == 0)
            return NULL;
        if (n < 0 && errno != EINTR)
            return strerror(errno);
        out->n += n > 0 ? (size_t)n : 0;
    }
    return "it is larger than 1 MiB";
}

wc_err wc_option_file_read(const char *path, wc_option_file_cb cb, void *arg, struct wc_buf *why)
{
    struct wc_buf text = WC_BUF_INIT;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for a writer */
    const char *wrong = slurp(fd, &text);
    if (fd >= 0)
        close(fd);
    wc_err err = WC_BAD_REQUEST;
    if (wrong == NULL)
        err = read_lines(path, wc_buf_view(&text), cb, arg, why);
    else
        wc_buf_addf(why, "the configuration file %s cannot be read: %s", path, wrong);
    wc_buf_free(&text);
    return err;
}

void wc_option_file_add(struct wc_buf *out, const char *name, struct wc_str value)
{
    bool quotes = value.n > 0 && (value.p[0] == '"' || without_comment(value).n < value.n);
    wc_buf_addf(out, value.n > 0 ? "%s = " : "%s =", name);
    wc_buf_z(out, quotes ? "\"" : "");
    for (size_t i = 0; i < value.n; i++) {
        if (quotes && (value.p[i] == '"' || value.p[i] == '\\'))
            wc_buf_c(out, '\\');
        wc_buf_c(out, value.p[i]);
    }
    wc_buf_z(out, quotes ? "\"\n" : "\n");
}
