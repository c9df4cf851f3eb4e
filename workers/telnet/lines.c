#include "telnet/lines.h"

#include "base/text.h"
#include "telnet/commands.h"
#include "telnet/login.h"
#include "telnet/output.h"
#include "telnet/terminal.h"

/* What stands before the end of the next line, and where the line after it begins. */
struct cut {
    struct wc_str line;
    size_t next;
    bool cr;
};

static void swallow(struct wc_telnet_conn *c)
{
    if (!c->cr || c->taken == c->input.n)
        return;
    char first = c->input.p[c->taken];
    if (first == '\n' || first == '\0')
        c->taken++;
    c->cr = false;
}

/* A line ends with LF, or with CR and an LF or NUL that may follow (RFC 854: CR LF, CR NUL). */
static bool find_line(struct wc_telnet_conn *c, struct cut *cut)
{
    swallow(c);
    struct wc_str rest = wc_str_from(wc_buf_view(&c->input), c->taken);
    if (rest.p == NULL || rest.n == 0)
        return false;
    const char *lf = memchr(rest.p, '\n', rest.n);
    size_t n = lf != NULL ? (size_t)(lf - rest.p) : rest.n;
    const char *cr = n != 0 ? memchr(rest.p, '\r', n) : NULL;
    if (cr != NULL)
        n = (size_t)(cr - rest.p);
    else if (lf == NULL)
        return false;
    *cut = (struct cut){.line = {rest.p, n}, .next = c->taken + n + 1, .cr = cr != NULL};
    return true;
}

static void too_long(struct wc_telnet_conn *c)
{
    wc_telnet_error(c, WC_TOO_LARGE, "a line may have 8192 bytes; this one is dropped");
}

/* No end in sight: nothing more of this line is kept. */
static void skip_overlong(struct wc_telnet_conn *c)
{
    if (c->input.n - c->taken <= WC_TELNET_LINE_MAX && !c->skipping)
        return;
    if (!c->skipping)
        too_long(c);
    c->skipping = true;
    c->taken = (uint32_t)c->input.n;
}

static void handle(struct wc_telnet_conn *c, struct wc_str line)
{
    const char *why = NULL;
    c->ch->counts.lines++;
    if (line.n > WC_TELNET_LINE_MAX) {
        too_long(c);
    } else if (c->state != WC_TN_READY) {
        wc_telnet_login_line(c, line);
    } else if (line.n != 0) {
        if (wc_text_check(line, 0, WC_TELNET_LINE_MAX, true, &why) != WC_OK)
            wc_telnet_error(c, WC_BAD_TEXT, why);
        else
            wc_telnet_command_line(c, line);
    }
}

static bool may_start(const struct wc_telnet_conn *c, struct wc_str line)
{
    if (wc_telnet_idle(c))
        return true;
    return c->state == WC_TN_READY && c->alone == 0 && c->texts < WC_TELNET_TEXTS_MAX &&
           wc_telnet_command_is_text(c, line);
}

/* The next line of a program; false when there is none or it has to wait. */
static bool take_plain(struct wc_telnet_conn *c)
{
    struct cut cut;
    if (!find_line(c, &cut)) {
        skip_overlong(c);
        return false;
    }
    if (!c->skipping && !may_start(c, cut.line))
        return false;
    bool skipped = c->skipping;
    c->taken = (uint32_t)cut.next;
    c->cr = cut.cr;
    c->skipping = false;
    if (!skipped)
        handle(c, cut.line);
    return true;
}

static bool take_typed(struct wc_telnet_conn *c)
{
    struct wc_telnet_term *t = c->term;
    wc_telnet_term_feed(c);
    if (!t->complete || !may_start(c, wc_buf_view(&t->line)))
        return false;
    struct wc_str line = wc_telnet_term_take(c);
    if (t->overlong)
        too_long(c);
    else
        handle(c, line);
    wc_telnet_term_next(c);
    return true;
}

static bool take(struct wc_telnet_conn *c)
{
    if (c->state >= WC_TN_CLOSING || c->state <= WC_TN_PROXY || c->goodbye != NULL || !wc_telnet_has_room(c))
        return false;
    return c->term != NULL ? take_typed(c) : take_plain(c);
}

static void compact(struct wc_telnet_conn *c)
{
    if (c->taken == c->input.n)
        wc_buf_free(&c->input);
    else
        wc_buf_drop(&c->input, c->taken);
    c->taken = 0;
}

void wc_telnet_pump(struct wc_telnet_conn *c)
{
    if (c->state >= WC_TN_CLOSING || c->state <= WC_TN_PROXY)
        return;
    while (take(c))
        ;
    compact(c);
    if (!wc_telnet_idle(c))
        return;
    if (c->goodbye != NULL)
        wc_telnet_say(c, "%s", c->goodbye);
    if (c->goodbye != NULL || (c->eof && wc_telnet_has_room(c)))
        wc_telnet_conn_finish(c);
}
