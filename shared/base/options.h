#ifndef WC_BASE_OPTIONS_H
#define WC_BASE_OPTIONS_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Options as tables, a row each: the module that uses an option owns its row. From the same rows come the command
 * line (`--name value` or `--name=value`, `--flag`, `--no-flag`), the environment (`WCCHAT_NAME`, dashes as
 * underscores), the configuration file (`name = value`, # comments, "quotes" around what needs them), `--help` and the
 * checks. The values of a list are separated by commas or given one by one. The command line wins over the environment,
 * that over the file, that over the default. A list is replaced, not joined, by a stronger source.
 */
enum wc_option_type {
    WC_OPT_STR,      /* const char *: never NULL, "" when unset without a default */
    WC_OPT_LIST,     /* struct wc_option_list: given as often as wanted */
    WC_OPT_BOOL,     /* bool: true/false, yes/no, on/off, 1/0 */
    WC_OPT_U64,      /* uint64_t between min and max */
    WC_OPT_DURATION, /* uint64_t, milliseconds; 500ms, 2s, 15m, 1h, 7d; a bare number is seconds */
    WC_OPT_SIZE,     /* uint64_t, bytes; 64k, 16m, 1g (powers of 1024) */
    WC_OPT_CHOICE    /* const char *: one of `choices`, separated by | */
};

struct wc_option_list {
    const char **v;
    size_t n;
};

struct wc_option {
    const char *name;    /* "http" */
    const char *metavar; /* "ADDR", in --help */
    enum wc_option_type type;
    const char *def;   /* as it would be written; NULL: empty, false, 0 */
    uint64_t min, max; /* of numbers, durations (ms) and sizes; max 0: no bound */
    const char *choices;
    size_t offset;    /* of the field in the module's struct */
    const char *help; /* one sentence, no full stop */
};

/* A module's rows and the struct they fill. */
struct wc_option_table {
    const char *title; /* a heading in --help */
    const struct wc_option *rows;
    size_t n;
    void *target;
};

/* Strings that the targets point to live here until wc_options_free. `tables` is copied; the rows are not. */
struct wc_options;
struct wc_options *wc_options_new(const struct wc_option_table *tables, size_t n);
void wc_options_free(struct wc_options *o);

/* Fills every target from defaults, then the file named by `--config` or WCCHAT_CONFIG, the environment and argv.
 * WC_BAD_REQUEST: `why` holds a sentence naming the option, its source and what it takes. `--help` and `--version`
 * are not errors: *stop is set to the text to print (malloc'ed) and the caller ends with 0. */
WC_MUST_CHECK wc_err wc_options_read(struct wc_options *o, int argc, char *const *argv, char *const *environ_,
                                     const char *version, struct wc_buf *why, char **stop);
/* Every option with its value in the configuration file's form, for logs and tests; secrets (names that contain
 * `password` or `secret`; user info in URLs) as `***`. */
void wc_options_dump(const struct wc_options *o, struct wc_buf *out);

#endif
