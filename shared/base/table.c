#include "base/table.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <uthash.h>

enum { FIRST_BUCKETS = 16 };

uint32_t wc_table_hash(struct wc_str key)
{
    unsigned hash;
    HASH_JEN(key.p, (unsigned)key.n, hash);
    return hash;
}

static struct wc_table_node **bucket(const struct wc_table *t, uint32_t hash)
{
    return &t->buckets[hash & (t->nbuckets - 1)];
}

static void put(struct wc_table *t, struct wc_table_node *node)
{
    struct wc_table_node **b = bucket(t, node->hash);
    node->next = *b;
    *b = node;
}

static void grow(struct wc_table *t)
{
    struct wc_table old = *t;
    t->nbuckets = old.nbuckets == 0 ? FIRST_BUCKETS : old.nbuckets * 2;
    t->buckets = wc_alloc(t->nbuckets * sizeof(struct wc_table_node *));
    for (size_t i = 0; i < old.nbuckets; i++) {
        for (struct wc_table_node *node = old.buckets[i], *next; node != NULL; node = next) {
            next = node->next;
            put(t, node);
        }
    }
    free(old.buckets);
}

struct wc_table_node *wc_table_find(const struct wc_table *t, struct wc_str key)
{
    if (t->count == 0)
        return NULL;
    uint32_t hash = wc_table_hash(key);
    for (struct wc_table_node *node = *bucket(t, hash); node != NULL; node = node->next)
        if (node->hash == hash && wc_str_eq(t->key(node), key))
            return node;
    return NULL;
}

void wc_table_add(struct wc_table *t, struct wc_table_node *node)
{
    assert(wc_table_find(t, t->key(node)) == NULL);
    if (t->count == t->nbuckets)
        grow(t);
    node->hash = wc_table_hash(t->key(node));
    put(t, node);
    t->count++;
}

void wc_table_remove(struct wc_table *t, struct wc_table_node *node)
{
    struct wc_table_node **p = bucket(t, node->hash);
    while (*p != node)
        p = &(*p)->next;
    *p = node->next;
    t->count--;
}

void wc_table_each(struct wc_table *t, void (*cb)(struct wc_table_node *node, void *arg), void *arg)
{
    for (size_t i = 0; i < t->nbuckets; i++) {
        for (struct wc_table_node *node = t->buckets[i], *next; node != NULL; node = next) {
            next = node->next;
            cb(node, arg);
        }
    }
}

void wc_table_free(struct wc_table *t)
{
    free(t->buckets);
    t->buckets = NULL;
    t->nbuckets = t->count = 0;
}
