#ifndef WC_CHAT_SOON_H
#define WC_CHAT_SOON_H

#include "base/loop.h"
#include "base/mem.h"

#include <stdbool.h>

/*
 * What has to happen at the end of this loop turn rather than now, because a callback never fires inside the call that
 * started it. Items are embedded in what they are about. In order; what is added while they fire waits for the next
 * turn, which comes at once.
 */
struct wc_soon_item {
    struct wc_soon_item *next;
    void (*fire)(struct wc_soon_item *item); /* may free the item */
};

struct wc_soon {
    struct ev_loop *loop;
    ev_prepare turn;
    ev_idle awake; /* the loop does not sleep while something waits */
    struct wc_soon_item *head, **tail;
};

void wc_soon_init(struct wc_soon *soon, struct ev_loop *loop);
void wc_soon_end(struct wc_soon *soon); /* what waits never fires */
/* An item must not be added again before it fired. */
void wc_soon_add(struct wc_soon *soon, struct wc_soon_item *item);

#endif
