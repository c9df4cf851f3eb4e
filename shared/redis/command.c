#include "redis/command.h"

#include "base/mem.h"

static size_t digits(size_t v)
{
    size_t n = 1;
    while (v >= 10) {
        v /= 10;
        n++;
    }
    return n;
}

/* "<mark><v>\r\n" */
static char *put_header(char *p, char mark, size_t v)
{
    size_t n = digits(v);
    *p++ = mark;
    for (size_t i = n; i > 0; i--) {
        p[i - 1] = (char)('0' + v % 10);
        v /= 10;
    }
    p[n] = '\r';
    p[n + 1] = '\n';
    return p + n + 2;
}

static char *put_bulk(char *p, struct wc_str s)
{
    p = put_header(p, '$', s.n);
    if (s.n != 0)
        memcpy(p, s.p, s.n);
    p[s.n] = '\r';
    p[s.n + 1] = '\n';
    return p + s.n + 2;
}

static size_t argc(const struct wc_command_args pieces[3])
{
    return pieces[0].n + pieces[1].n + pieces[2].n;
}

size_t wc_command_size(const struct wc_command_args pieces[3])
{
    size_t bytes = 1 + digits(argc(pieces)) + 2;
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < pieces[i].n; j++)
            bytes += 1 + digits(pieces[i].v[j].n) + 2 + pieces[i].v[j].n + 2;
    return bytes;
}

void wc_command_format(char *to, const struct wc_command_args pieces[3])
{
    to = put_header(to, '*', argc(pieces));
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < pieces[i].n; j++)
            to = put_bulk(to, pieces[i].v[j]);
}

struct wc_command *wc_command_new(const struct wc_command_args pieces[3])
{
    size_t n = wc_command_size(pieces);
    struct wc_command *cmd = wc_alloc(sizeof *cmd + n + 1); /* hiredis searches it with strchr */
    cmd->n = n;
    wc_command_format(cmd->wire, pieces);
    return cmd;
}

void wc_command_push(struct wc_command_list *list, struct wc_command *cmd)
{
    cmd->next = NULL;
    if (list->tail != NULL)
        list->tail->next = cmd;
    else
        list->head = cmd;
    list->tail = cmd;
}

struct wc_command *wc_command_pop(struct wc_command_list *list)
{
    struct wc_command *cmd = list->head;
    if (cmd == NULL)
        return NULL;
    list->head = cmd->next;
    if (list->head == NULL)
        list->tail = NULL;
    return cmd;
}

size_t wc_command_prepend(struct wc_command_list *list, struct wc_command_list *first)
{
    size_t n = 0;
    for (const struct wc_command *cmd = first->head; cmd != NULL; cmd = cmd->next)
        n++;
    if (n == 0)
        return 0;
    first->tail->next = list->head;
    if (list->head == NULL)
        list->tail = first->tail;
    list->head = first->head;
    *first = (struct wc_command_list){NULL, NULL};
    return n;
}
