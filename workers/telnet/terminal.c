#include "telnet/terminal.h"

#include "base/table.h"
#include "base/text.h"
#include "telnet/output.h"

enum {
    KEY_INTERRUPT = 0x03,
    KEY_END = 0x04,
    KEY_BACK = 0x08,
    KEY_TAB = 0x09,
    KEY_CLEAR = 0x0c,
    KEY_REDRAW = 0x12,
    KEY_KILL = 0x15,
    KEY_WORD = 0x17,
    KEY_ESCAPE = 0x1b,
    KEY_DELETE = 0x7f
};

void wc_telnet_prompt(const struct wc_telnet_conn *c, struct wc_buf *out)
{
    static const char *const asked[] = {
        [WC_TN_NAME] = "login: ",
        [WC_TN_PASSWORD] = "password: ",
        [WC_TN_NEW_NAME] = "new login: ",
        [WC_TN_NEW_PASSWORD] = "password: ",
        [WC_TN_NEW_AGAIN] = "password again: ",
        [WC_TN_OLD] = "old password: ",
        [WC_TN_CHANGE] = "new password: ",
        [WC_TN_CHANGE_AGAIN] = "new password again: ",
    };
    if (c->state == WC_TN_READY)
        wc_buf_addf(out, "[%.*s] > ", WC_STR_ARG(wc_telnet_current(c)));
    else if (c->state < WC_COUNT(asked) && asked[c->state] != NULL)
        wc_buf_z(out, asked[c->state]);
}

void wc_telnet_term_open(struct wc_telnet_conn *c)
{
    struct wc_telnet_term *t = WC_NEW(struct wc_telnet_term);
    struct wc_buf prompt = WC_BUF_INIT;
    c->term = t;
    if (c->state == WC_TN_READY)
        return;
    wc_telnet_prompt(c, &prompt); /* was written when it was asked */
    t->shown = prompt.n != 0;
    t->width = (uint32_t)prompt.n;
    wc_buf_free(&prompt);
}

void wc_telnet_term_free(struct wc_telnet_term *t)
{
    if (t == NULL)
        return;
    wc_buf_free(&t->line);
    free(t);
}

/* A character at the cursor: a wide one that does not fit goes to the next row. A full row is left at once: terminals
 * differ in when they would do it. */
static void advance(struct wc_telnet_term *t, uint32_t width, struct wc_buf *out)
{
    if (t->columns != 0 && width > 1 && t->width % t->columns + width > t->columns)
        t->width += t->columns - t->width % t->columns;
    t->width += width;
    if (t->columns != 0 && width != 0 && t->width % t->columns == 0)
        wc_buf_z(out, " \r");
}

static void draw(struct wc_telnet_term *t, struct wc_str text, struct wc_buf *out)
{
    for (size_t at = 0; at < text.n;) {
        uint32_t cp = 0;
        struct wc_str rest = wc_str_from(text, at);
        size_t len = wc_text_next(rest, &cp);
        struct wc_str shown = {rest.p, len};
        if (cp == '\t')
            shown = WC_STR(" ");
        else if (len == 0 || wc_text_deceptive(cp))
            shown = WC_STR("\xef\xbf\xbd");
        wc_buf_str(out, shown);
        advance(t, (uint32_t)wc_text_width(shown), out);
        at += len != 0 ? len : 1;
    }
}

static void draw_all(struct wc_telnet_conn *c)
{
    struct wc_telnet_term *t = c->term;
    struct wc_buf prompt = WC_BUF_INIT, out = WC_BUF_INIT;
    t->width = 0;
    wc_telnet_prompt(c, &prompt);
    draw(t, wc_buf_view(&prompt), &out);
    if (!wc_telnet_secret(c))
        draw(t, (struct wc_str){t->line.p, t->line.n - t->partial}, &out);
    wc_telnet_write(c, wc_buf_view(&out));
    wc_buf_free(&prompt);
    wc_buf_free(&out);
}

void wc_telnet_term_show(struct wc_telnet_conn *c)
{
    struct wc_telnet_term *t = c->term;
    bool asked = c->state >= WC_TN_NAME && c->state <= WC_TN_CHANGE_AGAIN && wc_telnet_idle(c);
    if (t == NULL || t->shown || t->complete || !asked || c->goodbye != NULL || c->blocked)
        return;
    draw_all(c);
    t->shown = true;
}

void wc_telnet_term_hide(struct wc_telnet_conn *c)
{
    struct wc_telnet_term *t = c->term;
    if (t == NULL || !t->shown)
        return;
    struct wc_buf out = WC_BUF_INIT;
    uint32_t rows = t->columns != 0 ? t->width / t->columns : 0;
    wc_buf_c(&out, '\r');
    if (rows != 0)
        wc_buf_addf(&out, "\x1b[%uA", rows);
    wc_buf_z(&out, "\x1b[J");
    wc_telnet_write(c, wc_buf_view(&out));
    wc_buf_free(&out);
    t->shown = false;
}

/* Draws what was added at the line's end. */
static void echo(struct wc_telnet_conn *c, struct wc_str added)
{
    struct wc_telnet_term *t = c->term;
    if (!t->shown || wc_telnet_secret(c))
        return;
    struct wc_buf out = WC_BUF_INIT;
    draw(t, added, &out);
    if (t->echo)
        wc_telnet_write(c, wc_buf_view(&out));
    wc_buf_free(&out);
}

static void insert(struct wc_telnet_conn *c, unsigned char byte)
{
    struct wc_telnet_term *t = c->term;
    if (t->line.n >= WC_TELNET_LINE_MAX) {
        t->overlong = true;
        return;
    }
    wc_buf_c(&t->line, (char)byte);
    uint32_t cp;
    struct wc_str tail = {t->line.p + t->line.n - t->partial - 1, (size_t)t->partial + 1};
    bool whole = wc_text_next(tail, &cp) == tail.n;
    if (!whole && byte >= 0x80 && t->partial < 3) { /* so far it may become UTF-8 */
        t->partial++;
        return;
    }
    t->partial = 0;
    echo(c, tail);
}

/* Removes the last character, with what combines with it. Returns its columns. */
static size_t chop(struct wc_telnet_term *t)
{
    size_t columns = 0;
    t->partial = 0;
    while (t->line.n != 0 && columns == 0) {
        size_t n = t->line.n - 1;
        while (n > 0 && ((unsigned char)t->line.p[n] & 0xc0) == 0x80)
            n--;
        struct wc_str last = {t->line.p + n, t->line.n - n};
        columns = last.p[0] == '\t' ? 1 : wc_text_width(last);
        t->line.n = n;
    }
    return columns;
}

static void backspace(struct wc_telnet_conn *c)
{
    struct wc_telnet_term *t = c->term;
    size_t columns = chop(t);
    if (columns == 0 || !t->shown || !t->echo || wc_telnet_secret(c))
        return;
    if (columns != 1 || t->columns == 0 || t->width % t->columns == 0) {
        wc_telnet_term_hide(c);
        wc_telnet_mark(c);
        return;
    }
    t->width--;
    wc_telnet_write(c, WC_STR("\b \b"));
}

/* Removes the last word, or everything. */
static void erase(struct wc_telnet_conn *c, bool word)
{
    struct wc_buf *line = &c->term->line;
    wc_telnet_term_hide(c);
    wc_telnet_mark(c);
    c->term->partial = 0;
    c->term->overlong = false;
    while (word && line->n != 0 && line->p[line->n - 1] == ' ')
        line->n--;
    while (line->n != 0 && !(word && line->p[line->n - 1] == ' '))
        line->n--;
}

static void interrupt(struct wc_telnet_conn *c)
{
    struct wc_telnet_term *t = c->term;
    if (t->shown)
        wc_telnet_write(c, WC_STR("^C\r\n"));
    t->shown = false;
    erase(c, false);
    t->complete = wc_telnet_in(c) && wc_telnet_secret(c); /* an empty line ends /passwd */
}

void wc_telnet_term_key(struct wc_telnet_conn *c, unsigned char key)
{
    if (c->term == NULL || c->term->complete)
        return;
    switch (key) {
    case KEY_BACK:
    case KEY_DELETE:
        backspace(c);
        break;
    case KEY_KILL:
    case KEY_WORD:
        erase(c, key == KEY_WORD);
        break;
    case KEY_INTERRUPT:
        interrupt(c);
        break;
    case KEY_END:
        if (c->term->line.n == 0)
            wc_telnet_conn_leave(c, "bye");
        break;
    case KEY_CLEAR:
        wc_telnet_write(c, WC_STR("\x1b[H\x1b[2J"));
        c->term->shown = false;
        break;
    case KEY_REDRAW:
        wc_telnet_term_hide(c);
        wc_telnet_mark(c);
        break;
    default:
        break;
    }
}

static void escape(struct wc_telnet_term *t, unsigned char byte)
{
    if (t->escape == 1)
        t->escape = byte == '[' || byte == 'O' ? 2 : 0;
    else if (byte >= 0x40 && byte <= 0x7e)
        t->escape = 0;
}

static void end_line(struct wc_telnet_conn *c)
{
    struct wc_telnet_term *t = c->term;
    t->complete = true;
    t->partial = 0;
    t->escape = 0;
    if (t->shown && (t->echo || wc_telnet_secret(c)))
        wc_telnet_write(c, WC_STR("\r\n"));
    t->typed_ahead = !t->shown;
    t->shown = false;
}

/* A client that edits its lines itself sends only what was meant. */
static void typed(struct wc_telnet_conn *c, unsigned char byte)
{
    struct wc_telnet_term *t = c->term;
    bool control = (byte < 0x20 && byte != KEY_TAB) || byte == KEY_DELETE;
    if (byte == '\r' || byte == '\n') {
        c->cr = byte == '\r';
        end_line(c);
    } else if (t->echo && t->escape != 0) {
        escape(t, byte);
    } else if (t->echo && byte == KEY_ESCAPE) {
        t->escape = 1;
    } else if (t->echo && control) {
        wc_telnet_term_key(c, byte);
    } else {
        insert(c, byte);
    }
}

void wc_telnet_term_feed(struct wc_telnet_conn *c)
{
    while (!c->term->complete && c->taken < c->input.n) {
        unsigned char byte = (unsigned char)c->input.p[c->taken++];
        bool swallowed = c->cr && (byte == '\n' || byte == '\0');
        c->cr = false;
        if (!swallowed)
            typed(c, byte);
    }
}

struct wc_str wc_telnet_term_take(struct wc_telnet_conn *c)
{
    struct wc_telnet_term *t = c->term;
    if (t->typed_ahead && t->echo) {
        draw_all(c);
        wc_telnet_write(c, WC_STR("\r\n"));
    }
    t->typed_ahead = false;
    return wc_buf_view(&t->line);
}

void wc_telnet_term_next(struct wc_telnet_conn *c)
{
    struct wc_telnet_term *t = c->term;
    if (t == NULL)
        return;
    wc_buf_free(&t->line);
    t->complete = t->overlong = false;
}

bool wc_telnet_term_is_news(struct wc_telnet_term *t, struct wc_str id)
{
    uint32_t hash = wc_table_hash(id);
    for (size_t i = 0; i < WC_TELNET_TOLD; i++)
        if (t->told[i] == hash)
            return false;
    t->told[t->ntold++ % WC_TELNET_TOLD] = hash;
    return true;
}
