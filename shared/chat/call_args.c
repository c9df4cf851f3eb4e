#include "chat/operations.h"
#include "chat/rules.h"

#include <stdio.h>

static const struct wc_op_arg *arg_find(const struct wc_op *op, struct wc_str name)
{
    for (const struct wc_op_arg *a = op->args; a < op->args + WC_OP_ARGS && a->name != NULL; a++)
        if (wc_str_is(name, a->name))
            return a;
    return NULL;
}

static void refuse_arg(struct wc_call *call, wc_err err, struct wc_str name, const char *why)
{
    char detail[sizeof(call->failure.detail)];
    int shown = name.n < 40 && name.n > 0 ? (int)name.n : 0;
    for (int i = 0; i < shown; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~')
            shown = 0;
    snprintf(detail, sizeof(detail), "%.*s%s%s", shown, name.p, shown > 0 ? ": " : "", why);
    wc_call_refuse(call, err, detail);
}

static void set_target(struct wc_call *call, struct wc_str value)
{
    call->args[WC_ARG_TARGET] = value;
    if (wc_target_parse(value, &call->target) != WC_OK)
        return;
    call->conv = wc_conv_name(&call->target, wc_call_user(call));
    call->key = wc_conv_key(wc_name_str(&call->conv));
}

/* A target given as the name of a room. */
static void room_arg(struct wc_call *call, struct wc_str name, struct wc_str value)
{
    const char *why = NULL;
    wc_err err = wc_rule_check(WC_RULE_ROOM, value, NULL, &why);
    if (err != WC_OK) {
        refuse_arg(call, err, name, why);
        return;
    }
    const struct wc_str scheme = WC_STR("wcchat://rooms/");
    char *target = wc_call_alloc(call, scheme.n + value.n);
    memcpy(target, scheme.p, scheme.n);
    memcpy(target + scheme.n, value.p, value.n);
    set_target(call, (struct wc_str){target, scheme.n + value.n});
}

/* The argument that `name` names, unless it is refused. */
static const struct wc_op_arg *arg_for(struct wc_call *call, struct wc_str name, bool *as_room)
{
    const struct wc_op_arg *a = arg_find(call->op, name);
    *as_room = a == NULL && wc_str_is(name, "room");
    if (*as_room)
        a = arg_find(call->op, WC_STR("target"));
    if (a == NULL)
        refuse_arg(call, WC_BAD_REQUEST, name, "this operation has no such argument");
    else if (wc_call_has(call, a->arg))
        refuse_arg(call, WC_BAD_REQUEST, name, "is given twice");
    else
        return a;
    return NULL;
}

void wc_call_arg(struct wc_call *call, struct wc_str name, struct wc_str value)
{
    bool as_room;
    const struct wc_op_arg *a = arg_for(call, name, &as_room);
    if (a == NULL || (a->rule == WC_RULE_CURSOR && value.n == 0))
        return;
    if (as_room) {
        room_arg(call, name, value);
        return;
    }
    const char *why = NULL;
    uint64_t number = 0;
    wc_err err = wc_rule_check(a->rule, value, &number, &why);
    if (err != WC_OK) {
        refuse_arg(call, err, name, why);
        return;
    }
    value = wc_call_copy(call, value);
    call->numbers[a->arg] = number;
    call->args[a->arg] = value;
    if (a->arg == WC_ARG_TARGET)
        set_target(call, value);
}

static void refuse_type(struct wc_call *call, const struct wc_op_arg *a, struct wc_str name)
{
    const char *why = "must be a string";
    if (wc_rule_is_number(a->rule))
        why = "must be a whole number";
    else if (a->rule == WC_RULE_FLAG)
        why = "must be true or false";
    refuse_arg(call, WC_BAD_REQUEST, name, why);
}

void wc_call_arg_text(struct wc_call *call, struct wc_str name, struct wc_str value)
{
    bool as_room;
    const struct wc_op_arg *a = arg_for(call, name, &as_room);
    if (a == NULL)
        return;
    if (wc_rule_is_number(a->rule) || a->rule == WC_RULE_FLAG)
        refuse_type(call, a, name);
    else
        wc_call_arg(call, name, value);
}

static void number_arg(struct wc_call *call, struct wc_str name, int64_t value)
{
    char digits[20];
    if (value < 0)
        refuse_arg(call, WC_BAD_REQUEST, name, "must not be negative");
    else
        wc_call_arg(call, name, (struct wc_str){digits, wc_u64_format((uint64_t)value, digits)});
}

void wc_call_arg_json(struct wc_call *call, struct wc_str name, const wc_json *value)
{
    enum wc_json_type type = wc_json_type(value);
    if (type == WC_JSON_NULL)
        return;
    if (type == WC_JSON_STRING) {
        wc_call_arg_text(call, name, wc_json_string(value));
        return;
    }
    bool as_room;
    const struct wc_op_arg *a = arg_for(call, name, &as_room);
    if (a == NULL)
        return;
    if (wc_rule_is_number(a->rule) && type == WC_JSON_INT)
        number_arg(call, name, wc_json_int(value));
    else if (a->rule == WC_RULE_FLAG && type == WC_JSON_BOOL)
        wc_call_arg(call, name, wc_json_true(value) ? WC_STR("true") : WC_STR("false"));
    else
        refuse_type(call, a, name);
}
