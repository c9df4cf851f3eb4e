#include "base/options.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/option_file.h"
#include "base/option_value.h"

#include <stdio.h>
#include <stdlib.h>

#define HELP_LEFT  32 /* where the sentences of --help begin */
#define HELP_RIGHT 100

/* The stronger the higher. */
enum source { FROM_NOWHERE, FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_ARGV };

struct origin {
    enum source source;
    const char *file; /* FROM_FILE */
    size_t line;
};

/* A row with what has been given for it so far. */
struct slot {
    const struct wc_option *row;
    void *target;
    char *env;
    enum source source;
    uint64_t number;
    const char **v; /* the text, or the texts of a list */
    size_t n;
};

struct wc_options {
    struct wc_option_table *tables;
    size_t n_tables;
    struct slot *slots; /* --config first, then all rows in the order of the tables */
    size_t n_slots;
    const char *config;
    void **kept; /* what targets point to, or did before the last read */
    size_t n_kept;
};

static const struct wc_option config_row = {
    .name = "config", .metavar = "FILE", .type = WC_OPT_STR, .help = "Reads options from this file too"};

static void keep(struct wc_options *o, void *p)
{
    if ((o->n_kept & (o->n_kept - 1)) == 0)
        o->kept = wc_realloc_array(o->kept, o->n_kept > 0 ? o->n_kept * 2 : 1, sizeof(*o->kept));
    o->kept[o->n_kept++] = p;
}

static char *env_name(const char *name)
{
    struct wc_buf b = WC_BUF_INIT;
    wc_buf_z(&b, "WCCHAT_");
    for (; *name != '\0'; name++)
        wc_buf_c(&b, *name == '-' ? '_' : *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name);
    wc_buf_c(&b, '\0');
    return b.p;
}

static void add_slot(struct wc_options *o, const struct wc_option *row, void *target)
{
    o->slots = wc_realloc_array(o->slots, o->n_slots + 1, sizeof(*o->slots));
    o->slots[o->n_slots++] = (struct slot){.row = row, .target = target, .env = env_name(row->name)};
}

struct wc_options *wc_options_new(const struct wc_option_table *tables, size_t n)
{
    struct wc_options *o = WC_NEW(struct wc_options);
    o->tables = wc_realloc_array(NULL, n > 0 ? n : 1, sizeof(*o->tables));
    if (n > 0)
        memcpy(o->tables, tables, n * sizeof(*o->tables));
    o->n_tables = n;
    add_slot(o, &config_row, &o->config);
    for (size_t t = 0; t < n; t++) {
        for (size_t i = 0; i < tables[t].n; i++)
            add_slot(o, &tables[t].rows[i], (char *)tables[t].target + tables[t].rows[i].offset);
    }
    return o;
}

void wc_options_free(struct wc_options *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->n_slots; i++) {
        free(o->slots[i].v);
        free(o->slots[i].env);
    }
    for (size_t i = 0; i < o->n_kept; i++)
        free(o->kept[i]);
    free(o->tables);
    free(o->kept);
    free(o->slots);
    free(o);
}

static struct slot *find(const struct wc_options *o, struct wc_str name)
{
    for (size_t i = 0; i < o->n_slots; i++) {
        if (wc_str_is(name, o->slots[i].row->name))
            return &o->slots[i];
    }
    return NULL;
}

/* Begins a sentence: `option idle (environment variable WCCHAT_IDLE) ` */
static void begin_complaint(struct wc_buf *why, struct wc_str name, const struct slot *slot, const struct origin *from)
{
    if (from->source == FROM_ARGV) {
        wc_buf_addf(why, "option --%.*s (command line) ", WC_STR_ARG(name));
        return;
    }
    wc_buf_addf(why, "option %.*s ", WC_STR_ARG(name));
    if (from->source == FROM_ENVIRONMENT)
        wc_buf_addf(why, "(environment variable %s) ", slot->env);
    else if (from->source == FROM_FILE)
        wc_buf_addf(why, "(%s, line %zu) ", from->file, from->line);
    else
        wc_buf_z(why, "(built-in default) ");
}

static wc_err unknown(struct wc_str name, const struct origin *from, struct wc_buf *why)
{
    char shown[64]; /* the name may be anything, and goes to a terminal */
    size_t n = name.n < sizeof(shown) ? name.n : sizeof(shown);
    for (size_t i = 0; i < n; i++)
        shown[i] = name.p[i] > 0x20 && name.p[i] < 0x7f ? name.p[i] : '?';
    begin_complaint(why, (struct wc_str){shown, n}, NULL, from);
    wc_buf_z(why, "is not known; --help lists all options");
    return WC_BAD_REQUEST;
}

static wc_err complain(const struct slot *slot, const struct origin *from, struct wc_str value, struct wc_buf *why)
{
    struct wc_buf shown = WC_BUF_INIT;
    wc_option_value_mask(slot->row, value, &shown);
    begin_complaint(why, wc_str(slot->row->name), slot, from);
    wc_buf_z(why, "takes ");
    wc_option_value_takes(slot->row, why);
    wc_buf_z(why, ", not ");
    wc_json_quote(why, wc_buf_view(&shown));
    wc_buf_free(&shown);
    return WC_BAD_REQUEST;
}

static void add_text(struct wc_options *o, struct slot *slot, struct wc_str value)
{
    char *copy = wc_str_dup(value);
    keep(o, copy);
    slot->v = wc_realloc_array(slot->v, slot->n + 1, sizeof(*slot->v));
    slot->v[slot->n++] = copy;
}

static void add_list(struct wc_options *o, struct slot *slot, struct wc_str values)
{
    struct wc_str item;
    while (wc_str_cut(&values, ',', &item)) {
        item = wc_str_trim(item);
        if (item.n > 0)
            add_text(o, slot, item);
    }
}

/* Checks the value even when a stronger source has been heard: the mistake is there all the same. The sources are read
 * the strongest first, so that a list needs no more than to be added to. */
static wc_err set(struct wc_options *o, struct slot *slot, const struct origin *from, struct wc_str value,
                  struct wc_buf *why)
{
    enum wc_option_type type = slot->row->type;
    uint64_t number = 0;
    if (!wc_option_value_parse(slot->row, value, &number))
        return complain(slot, from, value, why);
    if (from->source < slot->source)
        return WC_OK;
    if (type != WC_OPT_LIST)
        slot->n = 0;
    slot->source = from->source;
    slot->number = number;
    if (type == WC_OPT_LIST)
        add_list(o, slot, value);
    else if (type == WC_OPT_STR || type == WC_OPT_CHOICE)
        add_text(o, slot, value);
    return WC_OK;
}

static struct slot *find_negated(const struct wc_options *o, struct wc_str name)
{
    if (!wc_str_starts(name, WC_STR("no-")))
        return NULL;
    struct slot *slot = find(o, wc_str_from(name, 3));
    return slot != NULL && slot->row->type == WC_OPT_BOOL ? slot : NULL;
}

static wc_err needs_value(const struct slot *slot, const struct origin *from, struct wc_buf *why)
{
    begin_complaint(why, wc_str(slot->row->name), slot, from);
    wc_buf_addf(why, "needs a value; one that starts with -- is given as --%s=VALUE", slot->row->name);
    return WC_BAD_REQUEST;
}

/* One argument, or two; *i is on the last one used. `arg` is argv[*i] without its dashes. */
static wc_err set_from_argv(struct wc_options *o, struct wc_str arg, int argc, char *const *argv, int *i,
                            struct wc_buf *why)
{
    const struct origin from = {.source = FROM_ARGV};
    const char *equals = memchr(arg.p, '=', arg.n);
    struct wc_str name = {arg.p, equals != NULL ? (size_t)(equals - arg.p) : arg.n};
    struct slot *slot = find(o, name);
    if (slot == NULL && equals == NULL && (slot = find_negated(o, name)) != NULL)
        return set(o, slot, &from, WC_STR("false"), why);
    if (slot == NULL)
        return unknown(name, &from, why);
    if (equals != NULL)
        return set(o, slot, &from, wc_str_from(arg, name.n + 1), why);
    if (slot->row->type == WC_OPT_BOOL)
        return set(o, slot, &from, WC_STR("true"), why);
    if (*i + 1 >= argc || wc_str_starts(wc_str(argv[*i + 1]), WC_STR("--")))
        return needs_value(slot, &from, why);
    return set(o, slot, &from, wc_str(argv[++*i]), why);
}

static void help(const struct wc_options *o, const char *program, struct wc_buf *out);

/* The text that --help or --version asks for, or NULL. */
static char *text_for(const struct wc_options *o, struct wc_str arg, const char *program, const char *version)
{
    struct wc_buf b = WC_BUF_INIT;
    if (wc_str_is(arg, "--help") || wc_str_is(arg, "-h"))
        help(o, program, &b);
    else if (wc_str_is(arg, "--version"))
        wc_buf_addf(&b, "%s\n", version);
    else
        return NULL;
    wc_buf_c(&b, '\0');
    return b.p;
}

static wc_err read_argv(struct wc_options *o, int argc, char *const *argv, const char *version, struct wc_buf *why,
                        char **text)
{
    for (int i = 1; i < argc; i++) {
        struct wc_str arg = wc_str(argv[i]);
        *text = text_for(o, arg, argv[0], version);
        if (*text != NULL)
            return WC_OK;
        if (!wc_str_starts(arg, WC_STR("--")) || arg.n == 2) {
            wc_buf_z(why, "argument ");
            wc_json_quote(why, (struct wc_str){arg.p, arg.n < 64 ? arg.n : 64});
            wc_buf_z(why, " (command line) is not an option; --help lists all options");
            return WC_BAD_REQUEST;
        }
        wc_err err = set_from_argv(o, wc_str_from(arg, 2), argc, argv, &i, why);
        if (err != WC_OK)
            return err;
    }
    return WC_OK;
}

static wc_err read_environment(struct wc_options *o, char *const *environ_, struct wc_buf *why)
{
    const struct origin from = {.source = FROM_ENVIRONMENT};
    for (size_t i = 0; i < o->n_slots; i++) {
        size_t len = strlen(o->slots[i].env);
        for (char *const *e = environ_; e != NULL && *e != NULL; e++) {
            if (strncmp(*e, o->slots[i].env, len) != 0 || (*e)[len] != '=')
                continue;
            wc_err err = set(o, &o->slots[i], &from, wc_str(*e + len + 1), why);
            if (err != WC_OK)
                return err;
        }
    }
    return WC_OK;
}

struct file_arg {
    struct wc_options *o;
    struct wc_buf *why;
};

static wc_err set_from_file(void *arg, size_t line, struct wc_str name, struct wc_str value)
{
    struct file_arg *f = arg;
    const struct origin from = {.source = FROM_FILE, .file = f->o->config, .line = line};
    struct slot *slot = find(f->o, name);
    if (slot == NULL || slot == &f->o->slots[0])
        return unknown(name, &from, f->why);
    return set(f->o, slot, &from, value, f->why);
}

static wc_err read_file(struct wc_options *o, struct wc_buf *why)
{
    o->config = o->slots[0].n > 0 ? o->slots[0].v[0] : "";
    if (o->config[0] == '\0')
        return WC_OK;
    return wc_option_file_read(o->config, set_from_file, &(struct file_arg){o, why}, why);
}

static wc_err read_defaults(struct wc_options *o, struct wc_buf *why)
{
    const struct origin from = {.source = FROM_DEFAULT};
    for (size_t i = 0; i < o->n_slots; i++) {
        if (o->slots[i].row->def == NULL)
            continue;
        wc_err err = set(o, &o->slots[i], &from, wc_str(o->slots[i].row->def), why);
        if (err != WC_OK)
            return err;
    }
    return WC_OK;
}

static void fill_target(const struct slot *slot)
{
    switch (slot->row->type) {
    case WC_OPT_STR:
    case WC_OPT_CHOICE:
        *(const char **)slot->target = slot->n > 0 ? slot->v[0] : "";
        break;
    case WC_OPT_LIST:
        *(struct wc_option_list *)slot->target = (struct wc_option_list){slot->v, slot->n};
        break;
    case WC_OPT_BOOL:
        *(bool *)slot->target = slot->number != 0;
        break;
    default:
        *(uint64_t *)slot->target = slot->number;
        break;
    }
}

static void start_over(struct wc_options *o)
{
    for (size_t i = 0; i < o->n_slots; i++) {
        struct slot *slot = &o->slots[i];
        if (slot->v != NULL)
            keep(o, slot->v);
        *slot = (struct slot){.row = slot->row, .target = slot->target, .env = slot->env};
    }
}

wc_err wc_options_read(struct wc_options *o, int argc, char *const *argv, char *const *environ_, const char *version,
                       struct wc_buf *why, char **stop)
{
    char *text = NULL;
    start_over(o);
    /* The strongest first: the first two name the file. */
    wc_err err = read_argv(o, argc, argv, version, why, &text);
    if (err == WC_OK && text == NULL)
        err = read_environment(o, environ_, why);
    if (err == WC_OK && text == NULL)
        err = read_file(o, why);
    if (err == WC_OK && text == NULL)
        err = read_defaults(o, why);
    if (err != WC_OK)
        return err;
    *stop = text;
    for (size_t i = 0; i < o->n_slots && text == NULL; i++)
        fill_target(&o->slots[i]);
    return WC_OK;
}

/* Breaks a sentence between words; the cursor is in column `column` and moves to HELP_LEFT for each new line. */
static void wrap(struct wc_buf *out, struct wc_str sentence, size_t column)
{
    struct wc_str word;
    bool first = true;
    while (wc_str_cut(&sentence, ' ', &word)) {
        if (column > HELP_LEFT - 1 && (first || column + 1 + word.n > HELP_RIGHT)) {
            wc_buf_addf(out, "\n%*s", HELP_LEFT, "");
            column = HELP_LEFT;
        } else if (first) {
            wc_buf_addf(out, "%*s", (int)(HELP_LEFT - column), "");
            column = HELP_LEFT;
        } else {
            wc_buf_c(out, ' ');
            column++;
        }
        wc_buf_str(out, word);
        column += word.n;
        first = false;
    }
    wc_buf_c(out, '\n');
}

static void help_slot(const struct slot *slot, struct wc_buf *out)
{
    const struct wc_option *row = slot->row;
    size_t start = out->n;
    wc_buf_addf(out, "  --%s", row->name);
    if (row->type == WC_OPT_BOOL)
        wc_buf_addf(out, ", --no-%s", row->name);
    else
        wc_buf_addf(out, " %s", row->metavar != NULL ? row->metavar : row->choices != NULL ? row->choices : "VALUE");
    size_t column = out->n - start;
    struct wc_buf text = WC_BUF_INIT;
    wc_buf_addf(&text, "%s (%s", row->help != NULL ? row->help : "", slot->env);
    if (row->type == WC_OPT_CHOICE)
        wc_buf_addf(&text, "; one of %s", row->choices);
    if (row->type == WC_OPT_LIST)
        wc_buf_z(&text, "; may be repeated");
    wc_buf_z(&text, row->def != NULL && row->def[0] != '\0' ? "; default " : "");
    wc_option_value_mask(row, wc_str(row->def), &text);
    wc_buf_c(&text, ')');
    wrap(out, wc_buf_view(&text), column);
    wc_buf_free(&text);
}

static void help(const struct wc_options *o, const char *program, struct wc_buf *out)
{
    const char *slash = strrchr(program, '/');
    wc_buf_addf(out,
                "Usage: %s [--NAME VALUE | --NAME=VALUE | --FLAG | --no-FLAG]...\n\n"
                "Each option is also an environment variable and a line `name = value` of the configuration file.\n"
                "The command line wins over the environment, that over the file, that over the default.\n\n"
                "General:\n",
                slash != NULL ? slash + 1 : program);
    help_slot(&o->slots[0], out);
    wc_buf_addf(out, "  %-*s%s\n", HELP_LEFT - 2, "--help", "Prints this and ends");
    wc_buf_addf(out, "  %-*s%s\n", HELP_LEFT - 2, "--version", "Prints the version and ends");
    const struct slot *slot = &o->slots[1];
    for (size_t t = 0; t < o->n_tables; t++) {
        wc_buf_addf(out, "\n%s:\n", o->tables[t].title);
        for (size_t i = 0; i < o->tables[t].n; i++)
            help_slot(slot++, out);
    }
}

static void dump_text(const struct slot *slot, const char *text, struct wc_buf *out)
{
    struct wc_buf shown = WC_BUF_INIT;
    wc_option_value_mask(slot->row, wc_str(text), &shown);
    wc_option_file_add(out, slot->row->name, wc_buf_view(&shown));
    wc_buf_free(&shown);
}

void wc_options_dump(const struct wc_options *o, struct wc_buf *out)
{
    for (size_t i = 1; i < o->n_slots; i++) {
        const struct slot *slot = &o->slots[i];
        enum wc_option_type type = slot->row->type;
        if (type != WC_OPT_STR && type != WC_OPT_CHOICE && type != WC_OPT_LIST) {
            wc_buf_addf(out, "%s = ", slot->row->name);
            wc_option_value_number(slot->row, slot->number, out);
            wc_buf_c(out, '\n');
            continue;
        }
        for (size_t k = 0; k < slot->n; k++)
            dump_text(slot, slot->v[k], out);
        if (slot->n == 0)
            wc_option_file_add(out, slot->row->name, WC_STR_NONE);
    }
}
