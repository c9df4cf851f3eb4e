#ifndef WC_REDIS_SCRIPTS_H
#define WC_REDIS_SCRIPTS_H

#include "base/str.h"

/*
 * The Lua scripts of lua/, embedded at build time: lua/room_join.lua is WC_SCRIPT_ROOM_JOIN. The generated
 * scripts.gen.h has the enum, scripts.gen.c the sources (includes resolved) and their SHA-1 in hex.
 */
#include "scripts.gen.h" /* enum wc_script { WC_SCRIPT_…, WC_SCRIPT_COUNT } */

struct wc_script_source {
    const char *name; /* "room_join" */
    struct wc_str text;
    char sha1[41];
};
extern const struct wc_script_source wc_scripts[WC_SCRIPT_COUNT];

#endif
