#ifndef WC_NATS_REQUESTS_H
#define WC_NATS_REQUESTS_H

#include "chat/request.h"
#include "nats/state.h"

/*
 * A request in the JSON form, on `wcc.frontend.requests.<user>`: the subject says who asks, because the server lets a
 * connection publish under its own user only. Answered once; without an inbox of that user it is not run at all.
 */
struct wc_nats_request {
    struct wc_requests requests;
    struct wc_nats_request *next, **link;
    struct wc_soon_item over;
    struct wc_nats *nats;
    struct wc_nats_peer *peer;
    double since;
    bool ended;
    bool forwarded;          /* by another worker, which thought that the session is here */
    struct wc_request *auth; /* session.auth, while its token is being checked */
    const char *reply;
    struct wc_str data;
    char bytes[];
};

/* `reply` and `data` are copied. */
void wc_nats_request_take(struct wc_nats *n, struct wc_str user, struct wc_str reply, const struct wc_nats_message *m);
void wc_nats_request_forwarded(struct wc_nats *n, struct wc_str user, struct wc_str reply, struct wc_str data);
/* Somebody else answers it. */
void wc_nats_request_drop(struct wc_nats_request *m);
void wc_nats_requests_end(struct wc_nats *n);

/* session_requests.c */
void wc_nats_session_request(struct wc_nats_request *m, struct wc_request *r, struct wc_str op, const wc_json *args);

#endif
