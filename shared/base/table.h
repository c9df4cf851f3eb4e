#ifndef WC_BASE_TABLE_H
#define WC_BASE_TABLE_H

#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A hash table of structures that hold their own key, for what there is one of for every session: an entry takes 16
 * bytes in the structure and 8 to 16 in the table, where uthash takes 56 and 2. Everywhere else uthash is the better
 * one. All zero but `key` is empty; an empty table owns memory only when it has had entries.
 */
struct wc_table_node {
    struct wc_table_node *next; /* in the bucket */
    uint32_t hash;
};

struct wc_table {
    struct wc_str (*key)(const struct wc_table_node *node); /* the same as long as the node is in the table */
    struct wc_table_node **buckets;
    size_t nbuckets; /* a power of two, or 0 */
    size_t count;
};

uint32_t wc_table_hash(struct wc_str key);
/* NULL: no such key. */
struct wc_table_node *wc_table_find(const struct wc_table *t, struct wc_str key);
/* The key must not be there yet. */
void wc_table_add(struct wc_table *t, struct wc_table_node *node);
/* The node must be there. */
void wc_table_remove(struct wc_table *t, struct wc_table_node *node);
/* Calls `cb` for every node, in no order. It may remove and free that node; nothing else may change in between. */
void wc_table_each(struct wc_table *t, void (*cb)(struct wc_table_node *node, void *arg), void *arg);
/* Frees what the table owns; nodes that are still there are the caller's. */
void wc_table_free(struct wc_table *t);

#endif
