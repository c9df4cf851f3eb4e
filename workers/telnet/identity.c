#include "telnet/connection.h"

void wc_telnet_identity(const struct wc_telnet_conn *c, struct wc_identity *who)
{
    *who = (struct wc_identity){.via = "telnet", .anonymous = true};
    wc_telnet_address_text(&c->peer, who->address);
    const struct wc_session *s = &c->session;
    if (s->ops == NULL || s->user == NULL)
        return;
    who->anonymous = false;
    who->admin = s->user->admin;
    who->generation = s->generation;
    wc_user_copy_name(s->user, who->user);
    memcpy(who->family, s->family, sizeof(who->family));
    struct wc_buf ref = {who->session, 0, sizeof(who->session) - 1};
    wc_session_ref(c->ch->worker->chat, s, &ref);
}

struct wc_str wc_telnet_current(const struct wc_telnet_conn *c)
{
    return wc_str(c->current != NULL ? c->current : c->ch->worker->chat->options.general);
}

void wc_telnet_switch(struct wc_telnet_conn *c, struct wc_str place)
{
    free(c->current);
    bool general = wc_str_is(place, c->ch->worker->chat->options.general);
    c->current = general ? NULL : wc_str_dup(place);
}
