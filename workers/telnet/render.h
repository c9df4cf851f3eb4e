#ifndef WC_TELNET_RENDER_H
#define WC_TELNET_RENDER_H

#include "base/json.h"
#include "chat/event.h"

/*
 * Events as lines: `[general] 05:00 alice: hello`, with numbers `[general] #42 05:00 alice: hello`, `[@bob] …` in a
 * direct conversation. Further lines of one text start with four spaces and `| `, so that nobody can forge a line.
 * Whatever could fool the reader of a terminal (wc_text_deceptive) is shown as U+FFFD.
 */

/* Encoders for sessions (event.h); NULL: not shown to everybody. */
struct wc_frame *wc_telnet_render_plain(const struct wc_event *ev, unsigned side);
struct wc_frame *wc_telnet_render_numbered(const struct wc_event *ev, unsigned side);
/* What only people want to see: who comes and goes. Empty when it is nothing of that. */
void wc_telnet_render_presence(const struct wc_event *ev, struct wc_buf *out);
/* An item of a history, in the conversation `place` (`dev` or `@bob`). */
void wc_telnet_render_item(const wc_json *item, struct wc_str place, bool numbers, struct wc_buf *out);

/* Appends `s` made harmless; a newline as CR LF and `    | ` when `lines`, else as U+FFFD. */
void wc_telnet_clean(struct wc_buf *out, struct wc_str s, bool lines);

#endif
