#include "chat/pages.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <uthash.h>

enum { PAGE_MOST = WC_PAGES_MOST / 16 };

struct page {
    UT_hash_handle hh; /* the table keeps the order of insertion: the first was used longest ago */
    struct wc_str version, json;
    size_t size;
    char bytes[]; /* name, version, json */
};

struct wc_pages {
    struct page *pages;
    uint64_t bytes, used;
};

static const struct wc_metric metrics_of_pages[] = {
    {"wcchat_history_bytes", NULL, WC_GAUGE, offsetof(struct wc_pages, bytes), 1, "Memory for pages of history"},
    {"wcchat_history_same_total", NULL, WC_COUNTER, offsetof(struct wc_pages, used), 1,
     "Histories answered without reading the log again, which had not changed"},
};

struct wc_pages *wc_pages_new(struct wc_metrics *metrics)
{
    struct wc_pages *pages = WC_NEW(struct wc_pages);
    if (metrics != NULL)
        wc_metrics_add(metrics, metrics_of_pages, WC_COUNT(metrics_of_pages), pages);
    return pages;
}

static void drop(struct wc_pages *pages, struct page *p)
{
    HASH_DEL(pages->pages, p);
    pages->bytes -= p->size;
    free(p);
}

/* For `size` more bytes. */
static void make_room(struct wc_pages *pages, size_t size)
{
    while (pages->pages != NULL && pages->bytes + size > WC_PAGES_MOST) {
        assert(pages->pages->hh.prev == NULL); /* the head is the oldest */
        drop(pages, pages->pages);
    }
}

void wc_pages_free(struct wc_pages *pages)
{
    if (pages == NULL)
        return;
    make_room(pages, WC_PAGES_MOST);
    free(pages);
}

static struct page *find(struct wc_pages *pages, struct wc_str name)
{
    struct page *p;
    HASH_FIND(hh, pages->pages, name.p, (unsigned)name.n, p);
    return p;
}

static void add(struct wc_pages *pages, struct page *p, size_t name_len)
{
    HASH_ADD_KEYPTR(hh, pages->pages, p->bytes, (unsigned)name_len, p);
}

const struct wc_str *wc_pages_find(struct wc_pages *pages, struct wc_str name, struct wc_str *version)
{
    struct page *p = find(pages, name);
    if (p == NULL)
        return NULL;
    HASH_DEL(pages->pages, p);
    add(pages, p, name.n);
    *version = p->version;
    return &p->json;
}

void wc_pages_keep(struct wc_pages *pages, struct wc_str name, struct wc_str version, struct wc_str json)
{
    struct page *p = find(pages, name);
    if (p != NULL)
        drop(pages, p);
    size_t size = sizeof(*p) + name.n + version.n + json.n;
    if (size > PAGE_MOST)
        return;
    make_room(pages, size);
    p = wc_alloc(size);
    p->size = size;
    memcpy(p->bytes, name.p, name.n);
    memcpy(p->bytes + name.n, version.p, version.n);
    memcpy(p->bytes + name.n + version.n, json.p, json.n);
    p->version = (struct wc_str){p->bytes + name.n, version.n};
    p->json = (struct wc_str){p->bytes + name.n + version.n, json.n};
    pages->bytes += size;
    add(pages, p, name.n);
}

void wc_pages_used(struct wc_pages *pages)
{
    pages->used++;
}
