#include "base/clock.h"
#include "base/key_file.h"
#include "base/text.h"
#include "chat/nats_jwt.h"

#include <stdio.h>
#include <stdlib.h>

/* What operators need of the NATS channel: the keys, the server's configuration and credentials for services. */

static const char usage[] =
    "usage: wcchat-nats COMMAND\n"
    "  setup KEYS                    print the lines that a NATS server's configuration needs; the file KEYS is made,\n"
    "                                mode 0600, when there is none\n"
    "  bridge KEYS NAME [DAYS]       print credentials (.creds) that read the events of all rooms and people\n"
    "  operator KEYS NAME [DAYS]     print credentials that ask $SRV.PING, $SRV.INFO and $SRV.STATS\n"
    "Credentials are good for DAYS days (365). Keep them as secret as a password.\n";

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "wcchat-nats: %s: %s\n", what, why);
    return 1;
}

static int setup(const char *path)
{
    struct wc_nats_keys keys;
    struct wc_buf out = WC_BUF_INIT;
    const char *why = NULL;
    wc_err err = wc_nats_keys_load(&keys, path, &why);
    if (err == WC_NOT_FOUND) {
        err = wc_nats_keys_create(path, &why);
        if (err == WC_OK || err == WC_CONFLICT)
            err = wc_nats_keys_load(&keys, path, &why);
    }
    if (err != WC_OK)
        return fail(path, why);
    wc_nats_server_config(&keys, wc_wall_ms() / 1000, &out);
    fwrite(out.p, 1, out.n, stdout);
    wc_buf_free(&out);
    wc_nats_keys_wipe(&keys);
    return 0;
}

static int credentials(enum wc_nats_role role, const char *path, const char *name, const char *days_text)
{
    struct wc_nats_keys keys;
    struct wc_nkey key;
    struct wc_buf out = WC_BUF_INIT;
    const char *why = NULL;
    uint64_t days = 365, now = wc_wall_ms() / 1000;
    if (!wc_text_user(wc_str(name)))
        return fail(name, "a name is made of a-z, 0-9, - and _, at most 32 of them");
    if (days_text != NULL && (!wc_str_u64(wc_str(days_text), 36500, &days) || days == 0))
        return fail(days_text, "is no number of days");
    if (wc_nats_keys_load(&keys, path, &why) != WC_OK)
        return fail(path, why);
    wc_nkey_make(&key, WC_NKEY_USER);
    const struct wc_nats_user user = {role, name, key.public_text, now, now + days * 86400, false};
    wc_nats_creds(&keys, &user, &key, &out);
    fwrite(out.p, 1, out.n, stdout);
    wc_wipe(&out);
    wc_nkey_wipe(&key);
    wc_nats_keys_wipe(&keys);
    return 0;
}

int main(int argc, char **argv)
{
    struct wc_str command = wc_str(argc > 1 ? argv[1] : "");
    int status = 2;
    if (wc_str_is(command, "--help") || wc_str_is(command, "-h")) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc == 3 && wc_str_is(command, "setup"))
        status = setup(argv[2]);
    else if ((argc == 4 || argc == 5) && wc_str_is(command, "bridge"))
        status = credentials(WC_NATS_BRIDGE, argv[2], argv[3], argc == 5 ? argv[4] : NULL);
    else if ((argc == 4 || argc == 5) && wc_str_is(command, "operator"))
        status = credentials(WC_NATS_OPERATOR, argv[2], argv[3], argc == 5 ? argv[4] : NULL);
    else
        fputs(usage, stderr);
    if (fflush(stdout) != 0 && status == 0)
        status = fail("standard output", "can't be written");
    return status;
}
