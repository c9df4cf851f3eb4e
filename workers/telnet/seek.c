#include "telnet/seek.h"

#include "base/id.h"
#include "telnet/output.h"

enum { NEWEST = 200, PAGE = 50, STEPS_MAX = 64 };

struct seek {
    struct wc_buf place, words;
    uint64_t seq;
    uint64_t low, high; /* ms: the first message after `low` is not past it, that after `high` is */
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
    if (!s->newest)
        wc_telnet_task_arg(t, "after", (struct wc_str){id, wc_id_format((struct wc_id){middle(s), 0}, id)});
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

/* Narrows the range by what a page begins and ends with. False: it can't be anywhere. */
static bool narrow(struct seek *s, const wc_json *items)
{
    size_t n = wc_json_count(items);
    struct wc_id first = n != 0 ? id_at(items, 0) : (struct wc_id){0, UINT64_MAX};
    struct wc_id last = n != 0 ? id_at(items, n - 1) : first;
    bool before = s->seq < first.seq, behind = n == 0 || s->seq > last.seq;
    if (s->newest) {
        s->high = first.ms;
        s->newest = false;
        return before && n != 0;
    }
    if (before)
        s->high = middle(s);
    else if (behind)
        s->low = last.ms > middle(s) ? last.ms - 1 : middle(s);
    else
        return false;
    return s->high - s->low > 1 && ++s->steps < STEPS_MAX;
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
