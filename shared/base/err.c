#include "base/err.h"

#include <string.h>

struct err_row {
    const char *code;
    const char *title;
};

static const struct err_row rows[WC_ERR_COUNT] = {
    [WC_OK] = {"ok", "It worked"},
    [WC_BAD_REQUEST] = {"bad_request", "The request is malformed"},
    [WC_BAD_TEXT] = {"bad_text", "The text is not acceptable"},
    [WC_UNAUTHENTICATED] = {"unauthenticated", "You are not signed in"},
    [WC_FORBIDDEN] = {"forbidden", "You are not allowed to do that"},
    [WC_NOT_A_MEMBER] = {"not_a_member", "You are not a member of this room"},
    [WC_BANNED] = {"banned", "You are banned from this room"},
    [WC_NOT_FOUND] = {"not_found", "There is no such thing"},
    [WC_METHOD_NOT_ALLOWED] = {"method_not_allowed", "This method is not allowed here"},
    [WC_CONFLICT] = {"conflict", "It exists already"},
    [WC_TOO_LARGE] = {"too_large", "It is too large"},
    [WC_UNSUPPORTED_MEDIA_TYPE] = {"unsupported_media_type", "This media type is not supported"},
    [WC_RATE_LIMITED] = {"rate_limited", "Too many requests, slow down"},
    [WC_UNAVAILABLE] = {"unavailable", "The service is unavailable, try again"},
};

static const struct err_row *row_of(wc_err err)
{
    return (unsigned)err < WC_ERR_COUNT ? &rows[err] : &rows[WC_UNAVAILABLE];
}

const char *wc_err_code(wc_err err)
{
    return row_of(err)->code;
}

const char *wc_err_title(wc_err err)
{
    return row_of(err)->title;
}

wc_err wc_err_from_code(const char *code, size_t len)
{
    for (int i = 0; i < WC_ERR_COUNT; i++) {
        if (strlen(rows[i].code) == len && memcmp(rows[i].code, code, len) == 0)
            return (wc_err)i;
    }
    return WC_UNAVAILABLE;
}
