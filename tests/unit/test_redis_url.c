#include "redis/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct good {
    const char *url, *host, *path, *user, *password, *shown;
    unsigned port, db;
};

static void assert_text(const char *is, const char *must, const char *url)
{
    if ((is == NULL) != (must == NULL) || (is != NULL && strcmp(is, must) != 0))
        fail_msg("%s: \"%s\" where \"%s\" belongs", url, is != NULL ? is : "(none)", must != NULL ? must : "(none)");
}

static void takes_good_urls(void **state)
{
    (void)state;
    static const struct good all[] = {
        {"redis://h", "h", NULL, NULL, NULL, "h:6379", 6379, 0},
        {"redis://h/", "h", NULL, NULL, NULL, "h:6379", 6379, 0},
        {"redis://h:1/15", "h", NULL, NULL, NULL, "h:1", 1, 15},
        {"redis://u:p@h:65535", "h", NULL, "u", "p", "h:65535", 65535, 0},
        {"redis://:p@h", "h", NULL, NULL, "p", "h:6379", 6379, 0},
        {"redis://u@h", "h", NULL, "u", NULL, "h:6379", 6379, 0},
        {"redis://u%40x:a%3ab%2F@h", "h", NULL, "u@x", "a:b/", "h:6379", 6379, 0},
        {"redis://u:p@q@h", "h", NULL, "u", "p@q", "h:6379", 6379, 0},
        {"redis://[::1]", "::1", NULL, NULL, NULL, "[::1]:6379", 6379, 0},
        {"redis://[::1]:7/2", "::1", NULL, NULL, NULL, "[::1]:7", 7, 2},
        {"unix:///run/r.sock", NULL, "/run/r.sock", NULL, NULL, "/run/r.sock", 0, 0},
        {"unix:///r%20s?db=3&user=a%26b&password=p%3D", NULL, "/r s", "a&b", "p=", "/r s", 0, 3},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct wc_redis_url u;
        const char *why = NULL;
        if (!wc_redis_url_read(&u, all[i].url, NULL, &why))
            fail_msg("%s: %s", all[i].url, why);
        assert_text(u.host, all[i].host, all[i].url);
        assert_text(u.path, all[i].path, all[i].url);
        assert_text(u.user, all[i].user, all[i].url);
        assert_text(u.password, all[i].password, all[i].url);
        assert_text(u.shown, all[i].shown, all[i].url);
        assert_int_equal(u.port, all[i].port);
        assert_int_equal(u.db, all[i].db);
        wc_redis_url_free(&u);
    }
}

static void reads_sentinels(void **state)
{
    (void)state;
    struct wc_redis_url u;
    const char *why = NULL;
    assert_true(wc_redis_url_read(&u, "redis+sentinel://u:p@a,b:1,[::1]:2/main%20one/3", NULL, &why));
    assert_null(u.host);
    assert_int_equal(u.nsentinels, 3);
    assert_string_equal(u.sentinels[0].host, "a");
    assert_int_equal(u.sentinels[0].port, 26379);
    assert_string_equal(u.sentinels[1].host, "b");
    assert_int_equal(u.sentinels[1].port, 1);
    assert_string_equal(u.sentinels[2].host, "::1");
    assert_int_equal(u.sentinels[2].port, 2);
    assert_string_equal(u.master, "main one");
    assert_string_equal(u.shown, "main one by Sentinel");
    assert_string_equal(u.user, "u");
    assert_string_equal(u.password, "p");
    assert_int_equal(u.db, 3);
    wc_redis_url_free(&u);
}

static void refuses_bad_urls(void **state)
{
    (void)state;
    static const char *const all[] = {
        "",
        "h",
        "redis:/h",
        "rediss://h",
        "http://h",
        "redis://",
        "redis://:6379",
        "redis://u:p@",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:x",
        "redis://h:1:2",
        "redis://h/x",
        "redis://h/-1",
        "redis://h/65536",
        "redis://h/1/2",
        "redis://h?db=1",
        "redis://a,redis://b",
        "redis://[::1",
        "redis://[::1]x",
        "redis://%zz@h",
        "redis://u:%4@h",
        "redis://u:%@h",
        "redis://u%00:p@h",
        "redis://u:a%0d%0ab@h",
        "redis://h\n",
        "redis+sentinel://a",
        "redis+sentinel://a/",
        "redis+sentinel:///m",
        "redis+sentinel://a,/m",
        "redis+sentinel://a/m/x",
        "redis+sentinel://a,b,c,d,e,f,g,h,i/m",
        "unix://",
        "unix://run/r",
        "unix:///r?db=x",
        "unix:///r?db",
        "unix:///r?port=1",
        "unix:///r?user=%0",
        "unix:///"
        "12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
        "12",
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct wc_redis_url u = {.port = 77};
        const char *why = NULL;
        if (wc_redis_url_read(&u, all[i], NULL, &why))
            fail_msg("taken: %s", all[i]);
        assert_non_null(why);
        assert_int_equal(u.port, 77);
    }
}

static void check_file(const char *content, size_t n, const char *password)
{
    char path[] = "/tmp/wc-password-XXXXXX";
    struct wc_redis_url u;
    const char *why = NULL;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, content, n), n);
    close(fd);
    bool ok = wc_redis_url_read(&u, "redis://:other@h", path, &why);
    unlink(path);
    assert_int_equal(ok, password != NULL);
    if (!ok) {
        assert_non_null(why);
        return;
    }
    assert_string_equal(u.password, password);
    wc_redis_url_free(&u);
}

static void reads_a_password_file(void **state)
{
    (void)state;
    char *big = malloc(2000);
    memset(big, 'x', 2000);
    check_file("secret\n", 7, "secret");
    check_file("secret", 6, "secret");
    check_file("two words\nmore\n", 15, "two words");
    check_file("", 0, NULL);
    check_file("\nsecret\n", 8, NULL);
    check_file(big, 2000, NULL);
    free(big);
    struct wc_redis_url u;
    const char *why = NULL;
    assert_false(wc_redis_url_read(&u, "redis://h", "/nowhere/at/all", &why));
    assert_string_equal(why, "the Redis password file can't be read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_good_urls),
        cmocka_unit_test(reads_sentinels),
        cmocka_unit_test(refuses_bad_urls),
        cmocka_unit_test(reads_a_password_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
