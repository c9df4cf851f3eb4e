#include "base/key_file.h"

#include "base/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static wc_err refuse(wc_err err, const char **why, const char *sentence)
{
    if (why != NULL)
        *why = sentence;
    return err;
}

void wc_wipe(struct wc_buf *b)
{
    if (b == NULL)
        return;
    if (b->p != NULL)
        explicit_bzero(b->p, b->cap);
    wc_buf_free(b);
}

static bool read_all(int fd, struct wc_buf *out)
{
    wc_buf_reserve(out, WC_KEY_FILE_MAX + 1); /* at once: growing would leave copies behind */
    size_t most = out->n + WC_KEY_FILE_MAX;
    while (out->n <= most) {
        ssize_t got = read(fd, out->p + out->n, most + 1 - out->n);
        if (got == 0)
            return true;
        if (got > 0)
            out->n += (size_t)got;
        else if (errno != EINTR)
            return false;
    }
    return false;
}

/* Root's file is given to whoever runs us by their group: so Kubernetes mounts secrets. */
static bool is_secret(const struct stat *st)
{
    bool given = st->st_uid == 0 && geteuid() != 0;
    return (st->st_mode & (given ? 037 : 077)) == 0;
}

static wc_err read_file(int fd, struct wc_buf *out, const char **why)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return refuse(WC_BAD_REQUEST, why, "the key file is not a regular file");
    if (!is_secret(&st))
        return refuse(WC_BAD_REQUEST, why, "others than its owner may use the key file: chmod 600 it");
    return read_all(fd, out) ? WC_OK : refuse(WC_BAD_REQUEST, why, "the key file is too large or can't be read");
}

wc_err wc_key_file_read(const char *path, struct wc_buf *out, const char **why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for a writer */
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return refuse(WC_NOT_FOUND, why, "there is no key file");
    if (fd < 0)
        return refuse(WC_BAD_REQUEST, why, "the key file cannot be opened for reading");
    size_t before = out->n;
    wc_err err = read_file(fd, out, why);
    if (err != WC_OK)
        out->n = before;
    close(fd);
    return err;
}

static bool write_all(int fd, struct wc_str s)
{
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno != EINTR)
            return false;
        s = wc_str_from(s, n > 0 ? (size_t)n : 0);
    }
    return fchmod(fd, 0600) == 0 && fsync(fd) == 0;
}

static void sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder =
        slash == NULL ? wc_str_dup(WC_STR(".")) : wc_str_dup((struct wc_str){path, (size_t)(slash - path) + 1});
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

/* A complete file gets its name by link(2), which only one can win. */
static wc_err publish(struct wc_str text, const char *path, const char **why)
{
    struct wc_buf tmp = WC_BUF_INIT;
    char suffix[10];
    wc_random_name(suffix, sizeof(suffix));
    wc_buf_addf(&tmp, "%s.%.10s", path, suffix);
    wc_buf_add(&tmp, "", 1);
    wc_err err = WC_OK;
    int fd = open(tmp.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write_all(fd, text);
    if (!written)
        err = refuse(WC_UNAVAILABLE, why, "the key file cannot be written");
    else if (link(tmp.p, path) != 0)
        err = errno == EEXIST ? refuse(WC_CONFLICT, why, "there is a key file already")
                              : refuse(WC_UNAVAILABLE, why, "the key file cannot be put in its place");
    if (fd >= 0) {
        close(fd);
        unlink(tmp.p);
    }
    wc_buf_free(&tmp);
    return err;
}

wc_err wc_key_file_create(const char *path, struct wc_str text, const char **why)
{
    if (access(path, F_OK) == 0)
        return refuse(WC_CONFLICT, why, "there is a key file already");
    wc_err err = publish(text, path, why);
    if (err == WC_OK)
        sync_folder_of(path);
    return err;
}
