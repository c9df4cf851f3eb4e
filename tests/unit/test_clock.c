#include "base/clock.h"

#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_wall_is_the_epoch(void **state)
{
    (void)state;
    uint64_t before = (uint64_t)time(NULL) * 1000;
    uint64_t now = wc_wall_ms();
    /* time() may lag behind by a tick of the kernel's coarse clock. */
    assert_in_range(now, before - 1000, ((uint64_t)time(NULL) + 2) * 1000);
}

static void test_monotonic_goes_on(void **state)
{
    (void)state;
    uint64_t start = wc_monotonic_ms();
    uint64_t last = start;
    for (long i = 0; last < start + 3 && i < 100000000; i++) {
        uint64_t now = wc_monotonic_ms();
        assert_true(now >= last);
        last = now;
    }
    assert_true(last >= start + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall_is_the_epoch),
        cmocka_unit_test(test_monotonic_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
