#include "telnet/seek.h"

#include "base/id.h"
#include "telnet/output.h"

enum { NEWEST = 200, PAGE = 50, STEPS_MAX = 64 };

struct seek {
    struct wc_buf place, words;
    uint64_t seq;
    uint64_t low, high; /* ms: the first and the last in which it can have been said */
    bool newest;        /* the page that is asked for */
    unsigned steps;
    wc_telnet_found found;
};

static void step(struct wc_telnet_task *t, const wc_json *result);

static void dispose(void *state)
{
    struct seek *s = state;
    wc_buf_free(&s->place);
    wc_buf_free(&s->words);
    free(s);
}

static uint64_t middle(const struct seek *s)
{
    return s->low + (s->high - s->low) / 2;
}

static void ask(struct wc_telnet_conn *c, struct seek *s)
{
    struct wc_telnet_task *t = wc_telnet_task_new(c, "message.history", step);
    char id[WC_ID_MAX_LEN], digits[20];
    t->state = s;
    t->dispose = dispose;
    wc_telnet_task_target(t, wc_buf_view(&s->place));
    /* Ids are ordered by ms, then seq: what follows this one is the message itself if it was said in that ms. */
    if (!s->newest)
        wc_telnet_task_arg(t, "after", (struct wc_str){id, wc_id_format((struct wc_id){middle(s), s->seq - 1}, id)});
    wc_telnet_task_arg(t, "limit", (struct wc_str){digits, wc_u64_format(s->newest ? NEWEST : PAGE, digits)});
    wc_telnet_task_start(t);
}

static struct wc_id id_at(const wc_json *items, size_t i)
{
    struct wc_id id = {0, 0};
    if (!wc_id_parse(wc_json_get_str(wc_json_at(items, i), "id"), &id))
        id.seq = 0;
    return id;
}

/* The message's place in a page, or SIZE_MAX. */
static size_t place_of(const wc_json *items, uint64_t seq)
{
    for (size_t i = 0; i < wc_json_count(items); i++) {
        if (id_at(items, i).seq == seq)
            return i;
    }
    return SIZE_MAX;
}

/* Narrows the range by a page that does not have it. False: it can't be anywhere. */
static bool narrow(struct seek *s, const wc_json *items)
{
    size_t n = wc_json_count(items);
    bool before = n == 0 || s->seq < id_at(items, 0).seq;
    if (s->newest) {
        s->newest = false;
        s->high = id_at(items, 0).ms;
        return before && n != 0 && s->seq != 0;
    }
    if (before && middle(s) == 0)
        return false;
    if (before)
        s->high = middle(s) - 1;
    else
        s->low = id_at(items, n - 1).ms; /* above the middle */
    return s->low <= s->high && ++s->steps < STEPS_MAX;
}

static void step(struct wc_telnet_task *t, const wc_json *result)
{
    struct seek *s = t->state;
    const wc_json *items = wc_json_get(result, "items");
    size_t at = place_of(items, s->seq);
    if (at != SIZE_MAX) {
        s->found(t->conn, wc_buf_view(&s->place), wc_json_get_str(wc_json_at(items, at), "id"), wc_buf_view(&s->words));
    } else if (narrow(s, items)) {
        t->state = NULL;
        ask(t->conn, s);
    } else {
        wc_telnet_error(t->conn, WC_NOT_FOUND, "there is no message of that number here");
    }
}

void wc_telnet_seek(struct wc_telnet_conn *c, struct wc_str place, uint64_t seq, struct wc_str words,
                    wc_telnet_found found)
{
    struct seek *s = WC_NEW(struct seek);
    wc_buf_str(&s->place, place);
    wc_buf_str(&s->words, words);
    s->seq = seq;
    s->found = found;
    s->newest = true;
    ask(c, s);
}
