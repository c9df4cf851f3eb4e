#include "chat/rules.h"

#include "base/id.h"
#include "base/text.h"
#include "chat/event.h"

enum { LIMIT_MAX = 200, CURSOR_MAX = 200, SHORT_MAX = 256, LONG_MAX_BYTES = 1024, SECRET_MAX = 8192 };
enum { REACTION_MAX = 64 };
enum { PASSWORD_MIN = 8, PASSWORD_MAX = 1024 };
static const uint64_t NUMBER_MAX = 1000000000;

static wc_err bad(const char **why, const char *sentence)
{
    *why = sentence;
    return WC_BAD_REQUEST;
}

static wc_err check(bool good, const char **why, const char *sentence)
{
    return good ? WC_OK : bad(why, sentence);
}

static bool one_of(struct wc_str s, const char *const *words)
{
    for (; *words != NULL; words++)
        if (wc_str_is(s, *words))
            return true;
    return false;
}

static bool is_flag(struct wc_str s, uint64_t *number)
{
    bool yes = wc_str_is(s, "true") || wc_str_is(s, "1");
    if (!yes && !wc_str_is(s, "false") && !wc_str_is(s, "0"))
        return false;
    *number = yes;
    return true;
}

static bool is_message_id(struct wc_str s)
{
    struct wc_id id;
    return wc_id_parse(s, &id);
}

static bool is_cursor(struct wc_str s)
{
    if (s.n > CURSOR_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return true;
}

static wc_err check_types(struct wc_str s, const char **why)
{
    for (;;) {
        const char *comma = s.n != 0 ? memchr(s.p, ',', s.n) : NULL;
        size_t n = comma != NULL ? (size_t)(comma - s.p) : s.n;
        if (wc_event_type_of((struct wc_str){s.p, n}) > WC_EV_ROOM_DELETED)
            return bad(why, "must be types of stored events, as in messagepublished,userjoined");
        if (comma == NULL)
            return WC_OK;
        s = wc_str_from(s, n + 1);
    }
}

static wc_err check_name(enum wc_rule rule, struct wc_str s, const char **why)
{
    if (rule == WC_RULE_USER)
        return check(wc_text_user(s), why,
                     "a user's name is 1 to 32 of a-z, 0-9, - and _, and begins with a letter or digit");
    if (rule == WC_RULE_ROOM)
        return check(wc_text_room(s), why,
                     "a room's name is 1 to 64 of a-z, 0-9, - and _, and begins with a letter or digit");
    if (rule == WC_RULE_PREFIX)
        return check(s.n == 0 || wc_text_room(s), why, "must be the beginning of a room's name");
    struct wc_target target;
    if (wc_target_parse(s, &target) != WC_OK)
        return bad(why, "must be wcchat://rooms/<room> or wcchat://users/<user>");
    return check(!target.direct || rule == WC_RULE_TARGET, why, "must be a room: wcchat://rooms/<room>");
}

static wc_err check_word(enum wc_rule rule, struct wc_str s, const char **why)
{
    static const char *const visibilities[] = {"public", "private", NULL};
    static const char *const roles[] = {"owner", "moderator", "member", NULL};
    static const char *const statuses[] = {"online", "away", "dnd", "offline", NULL};
    if (rule == WC_RULE_VISIBILITY)
        return check(one_of(s, visibilities), why, "must be public or private");
    if (rule == WC_RULE_ROLE)
        return check(one_of(s, roles), why, "must be owner, moderator or member");
    return check(one_of(s, statuses), why, "must be online, away, dnd or offline");
}

static wc_err check_password(struct wc_str s, const char **why)
{
    if (s.n < PASSWORD_MIN || s.n > PASSWORD_MAX)
        return bad(why, "must have 8 to 1,024 bytes");
    if (memchr(s.p, '\0', s.n) != NULL || !wc_text_utf8(s))
        return bad(why, "must be UTF-8 without NUL");
    return WC_OK;
}

static wc_err check_reaction(struct wc_str s, const char **why)
{
    wc_err err = wc_text_check(s, 1, REACTION_MAX, false, why);
    if (err != WC_OK)
        return err;
    return check(memchr(s.p, ' ', s.n) == NULL, why, "must be one word or sign, without spaces");
}

bool wc_rule_is_number(enum wc_rule rule)
{
    return rule == WC_RULE_LIMIT || rule == WC_RULE_NUMBER;
}

wc_err wc_rule_check(enum wc_rule rule, struct wc_str s, uint64_t *number, const char **why)
{
    switch (rule) {
    case WC_RULE_TEXT:
        return wc_text_check(s, 1, WC_TEXT_MAX, true, why);
    case WC_RULE_SHORT:
        return wc_text_check(s, 0, SHORT_MAX, false, why);
    case WC_RULE_LONG:
        return wc_text_check(s, 0, LONG_MAX_BYTES, false, why);
    case WC_RULE_PASSWORD:
        return check_password(s, why);
    case WC_RULE_SECRET:
        return check(s.n <= SECRET_MAX, why, "is too long");
    case WC_RULE_CLIENT_ID:
        return check(wc_text_client_id(s), why, "must be 1 to 64 printable ASCII characters");
    case WC_RULE_ID:
        return check(is_message_id(s), why, "must be a message's id, as in 1795410001234-42");
    case WC_RULE_PLACE:
        return check(is_message_id(s) || (s.n != 0 && is_cursor(s)), why, "must be a message's id or a cursor");
    case WC_RULE_LIMIT:
        return check(wc_str_u64(s, LIMIT_MAX, number) && *number > 0, why, "must be a number from 1 to 200");
    case WC_RULE_NUMBER:
        return check(wc_str_u64(s, NUMBER_MAX, number), why, "must be a number from 0 to 1,000,000,000");
    case WC_RULE_FLAG:
        return check(is_flag(s, number), why, "must be true or false");
    case WC_RULE_CURSOR:
        return check(is_cursor(s), why, "must be what an earlier answer gave as next");
    case WC_RULE_TYPES:
        return check_types(s, why);
    case WC_RULE_REACTION:
        return check_reaction(s, why);
    case WC_RULE_TIME:
        return check(wc_time_parse(s, number), why, "must be a time, as in 2026-11-23T05:00:01Z");
    case WC_RULE_VISIBILITY:
    case WC_RULE_ROLE:
    case WC_RULE_STATUS:
        return check_word(rule, s, why);
    default:
        return check_name(rule, s, why);
    }
}
