#ifndef WC_TELNET_SEEK_H
#define WC_TELNET_SEEK_H

#include "telnet/task.h"

/*
 * The id of the message that has number `seq` in a conversation: the newest page of its history first, then by
 * bisection over the time, since numbers and times rise together. `found` gets the id and the words given; an error
 * line is printed when there is no such message.
 */
typedef void (*wc_telnet_found)(struct wc_telnet_conn *c, struct wc_str place, struct wc_str id, struct wc_str words);
void wc_telnet_seek(struct wc_telnet_conn *c, struct wc_str place, uint64_t seq, struct wc_str words,
                    wc_telnet_found found);

#endif
