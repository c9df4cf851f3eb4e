#include "base/crypto.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_hex(const uint8_t *p, size_t n, const char *expected)
{
    char out[129];
    wc_hex(p, n, out);
    out[2 * n] = '\0';
    assert_string_equal(out, expected);
}

static void test_random(void **state)
{
    (void)state;
    uint8_t a[5000] = {0}, b[5000] = {0};
    wc_random(a, sizeof(a));
    wc_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a + 4980, (uint8_t[20]){0}, 20);
}

static void test_random_name(void **state)
{
    (void)state;
    char name[2001] = {0};
    wc_random_name(name, 2000);
    assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz234567"), 2000);
    for (const char *c = "abcdefghijklmnopqrstuvwxyz234567"; *c != '\0'; c++)
        assert_non_null(strchr(name, *c));
}

static void test_sha256(void **state)
{
    (void)state;
    uint8_t hash[32];
    wc_sha256(WC_STR("abc"), hash); /* FIPS 180-2, appendix B.1 */
    assert_hex(hash, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    wc_sha256(WC_STR_NONE, hash);
    assert_hex(hash, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_base64url(void **state)
{
    (void)state;
    /* RFC 4648 section 10, without padding; and the two letters that are its own. */
    const char *pairs[][2] = {{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
                              {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        struct wc_buf out = WC_BUF_INIT, back = WC_BUF_INIT;
        wc_buf_c(&out, '>');
        wc_base64url_add(&out, pairs[i][0], strlen(pairs[i][0]));
        assert_true(wc_str_is(wc_str_from(wc_buf_view(&out), 1), pairs[i][1]));
        assert_true(wc_base64url_decode(wc_str(pairs[i][1]), &back));
        assert_true(wc_str_is(wc_buf_view(&back), pairs[i][0]));
        wc_buf_free(&out);
        wc_buf_free(&back);
    }
}

static void test_base64url_refused(void **state)
{
    (void)state;
    const char *bad[] = {"Z", "A", "AAAAA", "Zm9vY", "Zg==", "Zm9 ", "Zm+v", "Zm/v", "Zh", "Zm9", "Z\n", "Zm9v\xff"};
    struct wc_buf out = WC_BUF_INIT;
    wc_buf_c(&out, 'x');
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(wc_base64url_decode(wc_str(bad[i]), &out));
        assert_true(wc_str_is(wc_buf_view(&out), "x"));
    }
    wc_buf_free(&out);
}

static void test_equal_secret(void **state)
{
    (void)state;
    assert_true(wc_equal_secret(WC_STR("abc"), WC_STR("abc")));
    assert_true(wc_equal_secret(WC_STR_NONE, WC_STR("")));
    assert_false(wc_equal_secret(WC_STR("abc"), WC_STR("abd")));
    assert_false(wc_equal_secret(WC_STR("abc"), WC_STR("ab")));
}

struct fixture {
    char folder[64];
    char path[80];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -1;
    snprintf(f->folder, sizeof(f->folder), "/tmp/wc-crypto-XXXXXX");
    if (mkdtemp(f->folder) == NULL)
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/key.pem", f->folder);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unlink(f->path);
    int failed = rmdir(f->folder);
    free(f);
    return failed;
}

static void put_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int files_in(const char *folder)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    int n = -2; /* . and .. */
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

static void test_key_create_and_load(void **state)
{
    struct fixture *f = *state;
    const char *why = NULL;
    struct wc_ec_key key = {0}, again = {0};
    assert_int_equal(wc_ec_key_load(&key, f->path, &why), WC_NOT_FOUND);
    assert_non_null(why);
    assert_int_equal(wc_ec_key_create(f->path, &why), WC_OK);
    assert_int_equal(files_in(f->folder), 1);
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(wc_ec_key_load(&key, f->path, &why), WC_OK);
    assert_int_equal(wc_ec_key_create(f->path, &why), WC_CONFLICT);
    assert_int_equal(wc_ec_key_load(&again, f->path, NULL), WC_OK);
    assert_string_equal(key.kid, again.kid);
    assert_int_equal(strlen(key.kid), 11);
    assert_string_equal(key.private_pem.p, again.private_pem.p);
    assert_int_equal(strlen(key.private_pem.p), key.private_pem.n);
    assert_int_equal(strlen(key.public_pem.p), key.public_pem.n);
    assert_int_equal(strncmp(key.private_pem.p, "-----BEGIN PRIVATE KEY-----", 27), 0);
    assert_int_equal(strncmp(key.public_pem.p, "-----BEGIN PUBLIC KEY-----", 26), 0);
    wc_ec_key_free(&key);
    assert_null(key.private_pem.p);
    wc_ec_key_free(&again);
    wc_ec_key_free(NULL);
}

/* Made with openssl(1) for this test only; the expected values were worked out apart from the code. */
static const char known_key[] = "-----BEGIN EC PARAMETERS-----\n"
                                "BggqhkjOPQMBBw==\n"
                                "-----END EC PARAMETERS-----\n"
                                "-----BEGIN EC PRIVATE KEY-----\n"
                                "MHcCAQEEII3XQgr+40LVREv0X6ktIw8Z4tbVUdWCgDepm1UTtcVFoAoGCCqGSM49\n"
                                "AwEHoUQDQgAEaYa/rrLMQYq1ShIwT9J01R+J4a0UVxN1tUwhZuYsqVIPL8wwDY1w\n"
                                "0srbxMpMCCnWm5+hBjE9uJ0T2rxZTgFnQQ==\n"
                                "-----END EC PRIVATE KEY-----\n";

static const char known_public[] = "-----BEGIN PUBLIC KEY-----\n"
                                   "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaYa/rrLMQYq1ShIwT9J01R+J4a0U\n"
                                   "VxN1tUwhZuYsqVIPL8wwDY1w0srbxMpMCCnWm5+hBjE9uJ0T2rxZTgFnQQ==\n"
                                   "-----END PUBLIC KEY-----\n";

static const char locked_key[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                 "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgm9YzvjokMuwICCAAw\n"
                                 "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEAnjhZpx1Rq5BRS50DVezhQEgZCG\n"
                                 "U4XfVdgmD4Xb9OM1w07kIsiOFlkkeSsdWEkTiKwnTX0pzTNfhAMmZmmCeSnVra7b\n"
                                 "GfrDb1TWf84cw+W4EviiLu1i4xwa9DWIRQxOSBnfKisxFqnmtI8NcMKr/8NCn8Vk\n"
                                 "YC1qVudxerCUyIpThuIIW/bIGfA3YRRHfLNdEEeJJ0pVEKtgOEkxM19K7nplWwM=\n"
                                 "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char p384_key[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDD0V0LFuDShcy+wLq9s\n"
                               "DonlOcCiYDZIWVXPJZ9WXNmvrFulsjmdfnMxSM3Nu+7GeNehZANiAAQNl4bA0GP9\n"
                               "j4qQDgpzGr+byJ3yN0fvtbGCBUHJJ0i4PgcPGFI+C7a0K9Nphmusl3Q/xPGwggX1\n"
                               "9Xe5Zyttg38c77rq0PykG9n09vBPbeShpU9T4AXnAEqCxMs+aqHi+EM=\n"
                               "-----END PRIVATE KEY-----\n";

static const char ed25519_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                  "MC4CAQAwBQYDK2VwBCIEINuHnOrxjJ0qwLh1ERMk6uXPJ07ix5H66L1pppJj/t4p\n"
                                  "-----END PRIVATE KEY-----\n";

static const char known_x[] = "6986bfaeb2cc418ab54a12304fd274d51f89e1ad14571375b54c2166e62ca952";
static const char known_y[] = "0f2fcc300d8d70d2cadbc4ca4c0829d69b9fa106313db89d13dabc594e016741";
static const char known_kid[] = "Q9x7CuJYIiG";

static void test_known_key(void **state)
{
    struct fixture *f = *state;
    struct wc_ec_key key = {0};
    put_file(f->path, known_key, 0600);
    assert_int_equal(wc_ec_key_load(&key, f->path, NULL), WC_OK);
    assert_hex(key.x, 32, known_x);
    assert_hex(key.y, 32, known_y);
    assert_string_equal(key.kid, known_kid);
    assert_string_equal(key.public_pem.p, known_public);
    wc_ec_key_free(&key);
}

static void assert_key_refused(struct fixture *f, const char *pem, mode_t mode, const char *expected)
{
    struct wc_ec_key key = {.kid = "untouched"};
    const char *why = "";
    unlink(f->path);
    put_file(f->path, pem, mode);
    assert_int_equal(wc_ec_key_load(&key, f->path, &why), WC_BAD_REQUEST);
    assert_string_equal(why, expected);
    assert_string_equal(key.kid, "untouched");
    assert_null(key.private_pem.p);
}

static void test_key_refused(void **state)
{
    struct fixture *f = *state;
    const char *no_key = "the key file holds no private key in PEM without a passphrase";
    const char *other = "the key file holds another kind of key than P-256, or a broken one";
    const char *open = "others than its owner may use the key file: chmod 600 it";
    assert_key_refused(f, known_key, 0640, open);
    assert_key_refused(f, known_key, 0604, open);
    assert_key_refused(f, "", 0600, no_key);
    assert_key_refused(f, "nonsense\n", 0600, no_key);
    assert_key_refused(f, known_public, 0600, no_key);
    assert_key_refused(f, locked_key, 0600, no_key);
    assert_key_refused(f, p384_key, 0600, other);
    assert_key_refused(f, ed25519_key, 0600, other);
}

/* A secret of Kubernetes is root's, and read by the pod's group. Only root can make one. */
static void test_key_of_root(void **state)
{
    struct fixture *f = *state;
    struct wc_ec_key key = {0};
    const char *why = NULL;
    if (geteuid() != 0)
        skip();
    put_file(f->path, known_key, 0600);
    assert_int_equal(chown(f->path, 0, 10001), 0);
    assert_int_equal(chmod(f->folder, 0755), 0);
    assert_int_equal(setegid(10001), 0);
    assert_int_equal(seteuid(10001), 0);
    static const struct {
        mode_t mode;
        wc_err err;
    } modes[] = {{0440, WC_OK}, {0640, WC_OK}, {0444, WC_BAD_REQUEST}, {0460, WC_BAD_REQUEST}};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(chmod(f->path, modes[i].mode), 0);
        assert_int_equal(seteuid(10001), 0);
        assert_int_equal(wc_ec_key_load(&key, f->path, &why), modes[i].err);
        if (modes[i].err == WC_OK)
            wc_ec_key_free(&key);
    }
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setegid(0), 0);
}

static void test_key_is_no_file(void **state)
{
    struct fixture *f = *state;
    struct wc_ec_key key;
    const char *why = NULL;
    assert_int_equal(wc_ec_key_load(&key, f->folder, &why), WC_BAD_REQUEST);
    assert_string_equal(why, "the key file is not a regular file");
    assert_int_equal(mkfifo(f->path, 0600), 0);
    assert_int_equal(wc_ec_key_load(&key, f->path, &why), WC_BAD_REQUEST);
    assert_int_equal(wc_ec_key_create("/nowhere/at/all/key.pem", &why), WC_UNAVAILABLE);
    assert_string_equal(why, "the key file cannot be written");
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_name),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_base64url),
        cmocka_unit_test(test_base64url_refused),
        cmocka_unit_test(test_equal_secret),
        WITH_FOLDER(test_key_create_and_load),
        WITH_FOLDER(test_known_key),
        WITH_FOLDER(test_key_refused),
        WITH_FOLDER(test_key_of_root),
        WITH_FOLDER(test_key_is_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
