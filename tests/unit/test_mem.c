#include "base/mem.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct inner {
    int x;
};

struct outer {
    char before[3];
    struct inner in;
};

static void test_zeroed(void **state)
{
    (void)state;
    struct outer *o = WC_NEW(struct outer);
    assert_int_equal(o->in.x, 0);
    assert_ptr_equal(WC_CONTAINER(&o->in, struct outer, in), o);
    free(o);
    void *p = wc_alloc(0);
    assert_non_null(p);
    free(p);
}

static void test_resize(void **state)
{
    (void)state;
    char *p = wc_realloc_array(NULL, 3, 2);
    memcpy(p, "abcde", 6);
    p = wc_realloc(p, 4000);
    assert_string_equal(p, "abcde");
    p = wc_realloc(p, 0);
    assert_non_null(p);
    free(p);
}

static void test_overflow_aborts(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        close(2);
        free(wc_realloc_array(NULL, SIZE_MAX / 2, 3));
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_overflow_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
