#include "base/mem.h"
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MANY = 1000 };

struct item {
    struct wc_table_node node;
    char name[24];
    int seen;
};

static struct item items[MANY];
static struct wc_table table;

static struct wc_str key(const struct wc_table_node *node)
{
    return wc_str(WC_CONTAINER(node, const struct item, node)->name);
}

static int setup(void **state)
{
    (void)state;
    table = (struct wc_table){.key = key};
    for (int i = 0; i < MANY; i++) {
        items[i] = (struct item){.seen = 0};
        snprintf(items[i].name, sizeof(items[i].name), "name-%d", i);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wc_table_free(&table);
    return 0;
}

static void add(int from, int to)
{
    for (int i = from; i < to; i++)
        wc_table_add(&table, &items[i].node);
}

static bool has(int i)
{
    const struct wc_table_node *found = wc_table_find(&table, wc_str(items[i].name));
    assert_true(found == NULL || found == &items[i].node);
    return found != NULL;
}

static void test_empty(void **state)
{
    (void)state;
    assert_null(wc_table_find(&table, WC_STR("name-1")));
    assert_null(wc_table_find(&table, WC_STR("")));
}

static void test_finds_what_is_there(void **state)
{
    (void)state;
    add(0, MANY);
    assert_int_equal(table.count, MANY);
    for (int i = 0; i < MANY; i++)
        assert_true(has(i));
    assert_null(wc_table_find(&table, WC_STR("name-")));
    assert_null(wc_table_find(&table, WC_STR("name-1000")));
}

static void test_removed_is_gone_and_the_others_stay(void **state)
{
    (void)state;
    add(0, MANY);
    for (int i = 0; i < MANY; i += 2)
        wc_table_remove(&table, &items[i].node);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(has(i), i % 2 == 1);
    add(0, 1);
    assert_true(has(0));
    assert_int_equal(table.count, MANY / 2 + 1);
}

static void see(struct wc_table_node *node, void *arg)
{
    struct item *item = WC_CONTAINER(node, struct item, node);
    item->seen++;
    if (arg != NULL)
        wc_table_remove(arg, node);
}

static void test_each_once_even_when_removed_on_the_way(void **state)
{
    (void)state;
    add(0, MANY);
    wc_table_each(&table, see, NULL);
    wc_table_each(&table, see, &table);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(items[i].seen, 2);
    assert_int_equal(table.count, 0);
    wc_table_each(&table, see, NULL);
    assert_int_equal(items[0].seen, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_finds_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removed_is_gone_and_the_others_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_once_even_when_removed_on_the_way, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
