#include "chat/soon.h"

static void on_turn(struct ev_loop *loop, ev_prepare *w, int events)
{
    (void)events;
    struct wc_soon *soon = WC_CONTAINER(w, struct wc_soon, turn);
    struct wc_soon_item *item = soon->head;
    soon->head = NULL;
    soon->tail = &soon->head;
    while (item != NULL) {
        struct wc_soon_item *next = item->next;
        item->fire(item);
        item = next;
    }
    if (soon->head == NULL) {
        ev_prepare_stop(loop, &soon->turn);
        ev_idle_stop(loop, &soon->awake);
    }
}

static void on_idle(struct ev_loop *loop, ev_idle *w, int events)
{
    (void)loop;
    (void)w;
    (void)events;
}

void wc_soon_init(struct wc_soon *soon, struct ev_loop *loop)
{
    soon->loop = loop;
    soon->head = NULL;
    soon->tail = &soon->head;
    ev_prepare_init(&soon->turn, on_turn);
    ev_set_priority(&soon->turn, WC_TURN_FINISH);
    ev_idle_init(&soon->awake, on_idle);
}

void wc_soon_end(struct wc_soon *soon)
{
    ev_prepare_stop(soon->loop, &soon->turn);
    ev_idle_stop(soon->loop, &soon->awake);
    soon->head = NULL;
    soon->tail = &soon->head;
}

void wc_soon_add(struct wc_soon *soon, struct wc_soon_item *item)
{
    item->next = NULL;
    *soon->tail = item;
    soon->tail = &item->next;
    ev_prepare_start(soon->loop, &soon->turn);
    ev_idle_start(soon->loop, &soon->awake);
}
