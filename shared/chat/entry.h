#ifndef WC_CHAT_ENTRY_H
#define WC_CHAT_ENTRY_H

#include "chat/event.h"
#include "redis/client.h"

/* The event that an entry of a log is, as scripts give it: [id, [field, value, …]]. One reference; NULL when it is
 * none. */
struct wc_event *wc_event_of_entry(struct wc_str conv, const struct wc_reply *entry);

#endif
