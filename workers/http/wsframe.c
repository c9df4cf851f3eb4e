#include "http/wsframe.h"

#include "base/text.h"

enum { FIN = 0x80, RESERVED = 0x70, OPCODE = 0x0f, MASKED = 0x80, CONTROL_MOST = 125 };

/* The payload's length, and where the mask begins; false when not all of it is there yet. */
static bool read_length(const unsigned char *p, size_t n, uint64_t *length, size_t *mask)
{
    size_t more = (p[1] & 0x7f) == 126 ? 2 : (p[1] & 0x7f) == 127 ? 8 : 0;
    if (n < 2 + more)
        return false;
    uint64_t v = more == 0 ? p[1] & 0x7f : 0;
    for (size_t i = 0; i < more; i++)
        v = v << 8 | p[2 + i];
    *length = v;
    *mask = 2 + more;
    return true;
}

/* Section 5.2: reserved bits and opcodes, the mask, the shortest form of the length; 5.5: control frames. */
static bool is_well_formed(const unsigned char *p, uint64_t length, size_t mask)
{
    unsigned opcode = p[0] & OPCODE;
    bool known = opcode <= WC_WS_BINARY || (opcode >= WC_WS_CLOSE && opcode <= WC_WS_PONG);
    if ((p[0] & RESERVED) != 0 || !known || (p[1] & MASKED) == 0)
        return false;
    if ((mask == 4 && length < 126) || (mask == 10 && (length < 65536 || length >> 63 != 0)))
        return false;
    return opcode < WC_WS_CLOSE || ((p[0] & FIN) != 0 && length <= CONTROL_MOST);
}

static void unmask(char *p, size_t n, const unsigned char key[4])
{
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(p[i] ^ key[i & 3]);
}

enum wc_ws_read wc_ws_frame_read(char *bytes, size_t n, size_t max, struct wc_ws_frame *out)
{
    const unsigned char *p = (const unsigned char *)bytes;
    uint64_t length;
    size_t mask;
    if (n < 2 || !read_length(p, n, &length, &mask))
        return WC_WS_MORE;
    if (!is_well_formed(p, length, mask))
        return WC_WS_BROKEN;
    if (length > max)
        return WC_WS_OVERLONG;
    if (n < mask + 4 + length)
        return WC_WS_MORE;
    *out = (struct wc_ws_frame){
        .fin = (p[0] & FIN) != 0,
        .opcode = (enum wc_ws_opcode)(p[0] & OPCODE),
        .p = bytes + mask + 4,
        .n = (size_t)length,
        .used = mask + 4 + (size_t)length,
    };
    unmask(out->p, out->n, p + mask);
    return WC_WS_FRAME;
}

size_t wc_ws_head(char out[10], enum wc_ws_opcode opcode, size_t n)
{
    size_t more = n < 126 ? 0 : n < 65536 ? 2 : 8;
    out[0] = (char)(FIN | (unsigned)opcode);
    out[1] = (char)(more == 0 ? n : more == 2 ? 126 : 127);
    for (size_t i = 0; i < more; i++)
        out[2 + i] = (char)(n >> (8 * (more - 1 - i)));
    return 2 + more;
}

void wc_ws_frame_add(struct wc_buf *out, enum wc_ws_opcode opcode, struct wc_str payload)
{
    char head[10];
    wc_buf_add(out, head, wc_ws_head(head, opcode, payload.n));
    wc_buf_str(out, payload);
}

void wc_ws_close_add(struct wc_buf *out, enum wc_ws_code code, const char *reason)
{
    char head[10];
    struct wc_str words = wc_str(reason);
    if (words.n > CONTROL_MOST - 2)
        words.n = CONTROL_MOST - 2;
    wc_buf_add(out, head, wc_ws_head(head, WC_WS_CLOSE, 2 + words.n));
    wc_buf_c(out, (char)((unsigned)code >> 8));
    wc_buf_c(out, (char)code);
    wc_buf_str(out, words);
}

/* Section 7.4: what may be on the wire. */
static bool is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

unsigned wc_ws_close_code(struct wc_str payload)
{
    if (payload.n == 0)
        return 0;
    unsigned code = payload.n < 2 ? 0 : (unsigned)(unsigned char)payload.p[0] << 8 | (unsigned char)payload.p[1];
    if (!is_close_code(code))
        return WC_WS_PROTOCOL_ERROR;
    return wc_text_utf8(wc_str_from(payload, 2)) ? code : WC_WS_BAD_TEXT;
}
