#ifndef WC_CHAT_ROOMS_H
#define WC_CHAT_ROOMS_H

#include "chat/call.h"

/* Reads the room of the call's target as the caller sees it and ends the call with it. */
void wc_answer_with_room(struct wc_call *call);

#endif
