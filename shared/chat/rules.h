#ifndef WC_CHAT_RULES_H
#define WC_CHAT_RULES_H

#include "chat/operations.h"

/* Checks one argument, given as a word: WC_OK, WC_BAD_REQUEST, WC_BAD_TEXT or WC_TOO_LARGE with *why, a static
 * sentence. *number is the value of a number or flag. Names of rooms (WC_RULE_TARGET under its other name) are
 * WC_RULE_ROOM's. */
WC_MUST_CHECK wc_err wc_rule_check(enum wc_rule rule, struct wc_str value, uint64_t *number, const char **why);
bool wc_rule_is_number(enum wc_rule rule);

#endif
