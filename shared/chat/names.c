#include "chat/names.h"

#include "base/text.h"

#include <assert.h>

static struct wc_name join(struct wc_str a, struct wc_str b, struct wc_str c, struct wc_str d)
{
    struct wc_name name = {.n = 0};
    const struct wc_str parts[] = {a, b, c, d};
    for (size_t i = 0; i < 4; i++) {
        assert(name.n + parts[i].n < WC_NAME_MAX);
        if (parts[i].n != 0)
            memcpy(name.z + name.n, parts[i].p, parts[i].n);
        name.n = (uint8_t)(name.n + parts[i].n);
    }
    name.z[name.n] = '\0';
    return name;
}

wc_err wc_target_parse(struct wc_str s, struct wc_target *out)
{
    const struct wc_str rooms = WC_STR("wcchat://rooms/"), users = WC_STR("wcchat://users/");
    struct wc_target target = {.direct = wc_str_starts(s, users)};
    if (!target.direct && !wc_str_starts(s, rooms))
        return WC_BAD_REQUEST;
    target.name = wc_str_from(s, target.direct ? users.n : rooms.n);
    if (target.direct ? !wc_text_user(target.name) : !wc_text_room(target.name))
        return WC_BAD_REQUEST;
    *out = target;
    return WC_OK;
}

struct wc_name wc_conv_name(const struct wc_target *target, struct wc_str user)
{
    if (!target->direct)
        return join(WC_STR("room/"), target->name, WC_STR_NONE, WC_STR_NONE);
    bool first = wc_str_cmp(user, target->name) < 0;
    return join(WC_STR("dm/"), first ? user : target->name, WC_STR(":"), first ? target->name : user);
}

struct wc_name wc_conv_key(struct wc_str conv_name)
{
    return join(wc_conv_direct(conv_name) ? WC_STR("wcc:dm:{") : WC_STR("wcc:room:{"), wc_conv_rest(conv_name),
                WC_STR("}"), WC_STR_NONE);
}

bool wc_conv_direct(struct wc_str conv_name)
{
    return wc_str_starts(conv_name, WC_STR("dm/"));
}

struct wc_str wc_conv_rest(struct wc_str conv_name)
{
    return wc_str_from(conv_name, wc_conv_direct(conv_name) ? 3 : 5);
}

/* The two names of a direct conversation. */
static void pair(struct wc_str conv_name, struct wc_str out[2])
{
    struct wc_str rest = wc_conv_rest(conv_name);
    const char *colon = rest.n != 0 ? memchr(rest.p, ':', rest.n) : NULL;
    size_t first = colon != NULL ? (size_t)(colon - rest.p) : rest.n;
    out[0] = (struct wc_str){rest.p, first};
    out[1] = wc_str_from(rest, first + 1);
}

struct wc_str wc_conv_peer(struct wc_str conv_name, struct wc_str user)
{
    struct wc_str names[2];
    pair(conv_name, names);
    return names[wc_str_eq(names[0], user) ? 1 : 0];
}

unsigned wc_conv_side(struct wc_str conv_name, struct wc_str user)
{
    if (!wc_conv_direct(conv_name))
        return 0;
    struct wc_str names[2];
    pair(conv_name, names);
    return wc_str_eq(names[0], user) ? 0 : 1;
}

void wc_conv_target(struct wc_buf *b, struct wc_str conv_name, unsigned side)
{
    if (!wc_conv_direct(conv_name)) {
        wc_buf_z(b, "wcchat://rooms/");
        wc_buf_str(b, wc_conv_rest(conv_name));
        return;
    }
    struct wc_str names[2];
    pair(conv_name, names);
    wc_buf_z(b, "wcchat://users/");
    wc_buf_str(b, names[side == 0 ? 1 : 0]);
}

struct wc_name wc_user_key(struct wc_str user)
{
    return join(WC_STR("wcc:user:{"), user, WC_STR("}"), WC_STR_NONE);
}

struct wc_name wc_worker_key(struct wc_str worker)
{
    return join(WC_STR("wcc:worker:{"), worker, WC_STR("}"), WC_STR_NONE);
}
