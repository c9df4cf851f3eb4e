#ifndef WC_BASE_ERR_H
#define WC_BASE_ERR_H

#include <stddef.h>

/*
 * One enum for every way an operation can be refused, the same on every channel.
 * A channel maps it once: HTTP to a status and a problem document, telnet to `error: <code> <words>`.
 * Functions return it as `wc_err`, must be checked, and leave their outputs untouched on failure.
 */
#define WC_MUST_CHECK __attribute__((warn_unused_result))

typedef enum wc_err {
    WC_OK = 0,
    WC_BAD_REQUEST,     /* malformed, out of range, missing or unknown argument */
    WC_BAD_TEXT,        /* not UTF-8, empty, or with control characters */
    WC_UNAUTHENTICATED, /* no token, or one that is wrong, expired or revoked */
    WC_FORBIDDEN,       /* known, and not allowed to */
    WC_NOT_A_MEMBER,    /* may see the room but must join it first */
    WC_BANNED,
    WC_NOT_FOUND, /* also: a private thing that an outsider asks for */
    WC_METHOD_NOT_ALLOWED,
    WC_CONFLICT, /* exists already, or the client id was used for another text */
    WC_TOO_LARGE,
    WC_UNSUPPORTED_MEDIA_TYPE,
    WC_RATE_LIMITED, /* wc_failure.retry_ms says when to come back */
    WC_UNAVAILABLE,  /* Redis does not answer or the worker is overloaded: outcome unknown, repeat it */
    WC_ERR_COUNT
} wc_err;

/* The stable code, as in `not_a_member`; never NULL. */
const char *wc_err_code(wc_err err);

/* A short English sentence without a full stop, for people; never NULL. */
const char *wc_err_title(wc_err err);

/* The error that has this code (not NUL-terminated); "ok" is WC_OK, an unknown code WC_UNAVAILABLE. */
wc_err wc_err_from_code(const char *code, size_t len);

#endif
