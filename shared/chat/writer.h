#ifndef WC_CHAT_WRITER_H
#define WC_CHAT_WRITER_H

#include "chat/outq.h"

/*
 * Writes what a loop turn has queued for many sockets. Two things make it cheap where many sessions are told the same:
 *   - queues that hold the same frames are written from one copy of them, made once, and each other one from a copy of
 *     its own, instead of a writev of many pieces: it is the kernel that pays for each piece;
 *   - where the kernel has io_uring, all writes of a turn are one system call (IORING_OP_SEND with MSG_DONTWAIT: each
 * is tried at once and never waits in the kernel). Without io_uring, or for a few sockets, it is a send or writev for
 * each.
 */
struct wc_writer;

/* `n`: bytes that were written now. BROKEN: the socket is of no more use. */
typedef void (*wc_written_cb)(void *arg, enum wc_outq_result result, size_t n);

struct wc_writer *wc_writer_new(bool use_ring); /* without a ring where the kernel refuses one */
void wc_writer_free(struct wc_writer *w);
bool wc_writer_has_ring(const struct wc_writer *w);

/* Queues one write of `q` to `fd`, once however often it is added. Neither may go away before wc_writer_run. */
void wc_writer_add(struct wc_writer *w, struct wc_outq *q, int fd, wc_written_cb cb, void *arg);
/* Writes everything added; each callback fires once, inside this. What they add is written too. */
void wc_writer_run(struct wc_writer *w);

#endif
