#include "redis/client.h"

#include <hiredis/hiredis.h>

static const redisReply *self(const struct wc_reply *r)
{
    return (const redisReply *)(const void *)r;
}

static struct wc_str text(const redisReply *r)
{
    if (r == NULL || (r->type != REDIS_REPLY_STRING && r->type != REDIS_REPLY_STATUS))
        return WC_STR_NONE;
    return (struct wc_str){r->str, r->len};
}

size_t wc_reply_count(const struct wc_reply *r)
{
    return r != NULL && self(r)->type == REDIS_REPLY_ARRAY ? self(r)->elements : 0;
}

const struct wc_reply *wc_reply_at(const struct wc_reply *r, size_t i)
{
    return i < wc_reply_count(r) ? (const struct wc_reply *)(const void *)self(r)->element[i] : NULL;
}

struct wc_str wc_reply_str(const struct wc_reply *r, size_t i)
{
    return text(self(wc_reply_at(r, i)));
}

uint64_t wc_reply_u64(const struct wc_reply *r, size_t i)
{
    const redisReply *at = self(wc_reply_at(r, i));
    uint64_t n = 0;
    if (at == NULL)
        return 0;
    if (at->type == REDIS_REPLY_INTEGER)
        return at->integer > 0 ? (uint64_t)at->integer : 0;
    return wc_str_u64(text(at), UINT64_MAX, &n) ? n : 0;
}

struct wc_str wc_reply_self(const struct wc_reply *r)
{
    return text(self(r));
}

int64_t wc_reply_int(const struct wc_reply *r)
{
    return r != NULL && self(r)->type == REDIS_REPLY_INTEGER ? self(r)->integer : 0;
}

bool wc_reply_nil(const struct wc_reply *r)
{
    return r != NULL && self(r)->type == REDIS_REPLY_NIL;
}
