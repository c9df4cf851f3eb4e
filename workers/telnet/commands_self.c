#include "telnet/commands.h"

#include "telnet/output.h"
#include "telnet/render.h"

static void is_away(struct wc_telnet_task *t, const wc_json *result)
{
    (void)result;
    wc_telnet_say(t->conn, "* you are away");
}

static void is_back(struct wc_telnet_task *t, const wc_json *result)
{
    (void)result;
    wc_telnet_say(t->conn, "* you are back");
}

void wc_telnet_cmd_away(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_telnet_task *t = wc_telnet_task_new(c, "presence.set", is_away);
    wc_telnet_task_arg(t, "status", WC_STR("away"));
    wc_telnet_task_arg(t, "text", rest.n != 0 ? rest : WC_STR(""));
    wc_telnet_task_start(t);
}

void wc_telnet_cmd_back(struct wc_telnet_conn *c, struct wc_str rest)
{
    struct wc_telnet_task *t = wc_telnet_task_new(c, "presence.set", is_back);
    (void)rest;
    wc_telnet_task_arg(t, "status", WC_STR("online"));
    wc_telnet_task_arg(t, "text", WC_STR(""));
    wc_telnet_task_start(t);
}

static void account_found(struct wc_telnet_task *t, const wc_json *result)
{
    struct wc_telnet_conn *c = t->conn;
    struct wc_str shown = wc_json_get_str(result, "display_name"), here = wc_telnet_current(c);
    struct wc_buf b = WC_BUF_INIT;
    wc_buf_addf(&b, "* you are %.*s", WC_STR_ARG(wc_json_get_str(result, "user")));
    if (shown.n != 0) {
        wc_buf_z(&b, " (");
        wc_telnet_clean(&b, shown, false);
        wc_buf_c(&b, ')');
    }
    if (here.n != 0)
        wc_buf_addf(&b, ", talking to %.*s", WC_STR_ARG(here));
    wc_buf_z(&b, "\r\n");
    wc_telnet_say_str(c, wc_buf_view(&b));
    wc_buf_free(&b);
}

void wc_telnet_cmd_whoami(struct wc_telnet_conn *c, struct wc_str rest)
{
    (void)rest;
    wc_telnet_task_start(wc_telnet_task_new(c, "account.get", account_found));
}
