#include "http/framing.h"

#include "base/str.h"

struct tally {
    unsigned lengths, encodings, hosts;
    bool folded;
};

/* The names are in lower case: h2o rewrites them in place. */
static void count_line(struct wc_str line, struct tally *t)
{
    if (wc_str_starts(line, WC_STR("content-length:")))
        t->lengths++;
    else if (wc_str_starts(line, WC_STR("transfer-encoding:")))
        t->encodings++;
    else if (wc_str_starts(line, WC_STR("host:")))
        t->hosts++;
    else if (line.p[0] == ' ' || line.p[0] == '\t')
        t->folded = true;
}

/* The next line without its end; false at the empty line that ends the head. */
static bool next_line(struct wc_str *rest, struct wc_str *line)
{
    const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    if (end == NULL)
        return false;
    size_t n = (size_t)(end - rest->p);
    *line = (struct wc_str){rest->p, n > 0 && rest->p[n - 1] == '\r' ? n - 1 : n};
    *rest = wc_str_from(*rest, n + 1);
    return line->n > 0;
}

static struct tally count(struct wc_str head)
{
    struct tally t = {0};
    struct wc_str line;
    while (head.n > 0 && (head.p[0] == '\r' || head.p[0] == '\n')) /* allowed before a request line (section 2.2) */
        head = wc_str_from(head, 1);
    if (!next_line(&head, &line))
        return t;
    while (next_line(&head, &line))
        count_line(line, &t);
    return t;
}

const char *wc_http_framing_problem(h2o_req_t *req)
{
    const h2o_buffer_t *input = req->conn->callbacks->get_socket(req->conn)->input;
    struct tally t = count((struct wc_str){input->bytes, input->size});
    if (t.folded)
        return "a header line is folded";
    if (t.lengths > 1)
        return "there is more than one Content-Length";
    if (t.encodings > 1)
        return "there is more than one Transfer-Encoding";
    if (t.lengths != 0 && t.encodings != 0)
        return "there are both Content-Length and Transfer-Encoding";
    if (t.encodings != 0 && req->version < 0x101)
        return "HTTP/1.0 has no Transfer-Encoding";
    if (t.hosts > 1)
        return "there is more than one Host";
    if (t.hosts == 0 && req->version >= 0x101)
        return "there is no Host";
    return NULL;
}
