#include "load.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: wcchat-load --proto NAME --port P[,P...] --pids PID[,PID...] [OPTION...]\n"
    "  --proto NAME       telnet ws sse (wcchat), irc xmpp mqtt nats redis, redis-post (lua/post.lua and Pub/Sub)\n"
    "  --port P[,P]       on 127.0.0.1; connections are spread over them\n"
    "  --pids PID[,PID]   the server's processes: CPU and memory of them and their descendants are counted\n"
    "  --redis-pids PID[,PID]  those among them that are Redis: their CPU is told apart, their memory is not counted\n"
    "  --rooms R --members M --senders S   (1 100 1) members and senders of each room, named bench-0 ...\n"
    "  --window W         closed loop: texts under way of each sender, each until its last member has it (16)\n"
    "  --rate X           open loop: texts a second of each room, latency counted from when each was due\n"
    "  --warmup S --seconds S --drain S    (1 5 10)\n"
    "  --size BYTES       of a text (100)\n"
    "  --users FILE       wcchat's: lines `<user> <access token>`, for the connections in turn\n"
    "  --script FILE      redis-post's: lua/post.lua as the build assembled it\n"
    "  --idle             log all in, send nothing, hold for --seconds, tell their memory\n"
    "  --storm            ws: log all in at the first port, say `ready`; when their server dies they resume at the "
    "others\n"
    "  --listen N         log all in, say `ready`, send nothing; ends when N texts of another sender have reached "
    "all,\n"
    "                     or after --seconds\n"
    "  --cohort N         logins at a time (64)      --src-per N  connections from each source address (20000)\n";

enum {
    OPT_PROTO = 256,
    OPT_PORT,
    OPT_PIDS,
    OPT_REDIS,
    OPT_ROOMS,
    OPT_MEMBERS,
    OPT_SENDERS,
    OPT_WINDOW,
    OPT_RATE,
    OPT_WARMUP,
    OPT_SECONDS,
    OPT_DRAIN,
    OPT_SIZE,
    OPT_USERS,
    OPT_SCRIPT,
    OPT_IDLE,
    OPT_COHORT,
    OPT_SRC,
    OPT_STORM,
    OPT_LISTEN,
    OPT_HELP
};

static const struct option names[] = {{"proto", required_argument, NULL, OPT_PROTO},
                                      {"port", required_argument, NULL, OPT_PORT},
                                      {"pids", required_argument, NULL, OPT_PIDS},
                                      {"redis-pids", required_argument, NULL, OPT_REDIS},
                                      {"rooms", required_argument, NULL, OPT_ROOMS},
                                      {"members", required_argument, NULL, OPT_MEMBERS},
                                      {"senders", required_argument, NULL, OPT_SENDERS},
                                      {"window", required_argument, NULL, OPT_WINDOW},
                                      {"rate", required_argument, NULL, OPT_RATE},
                                      {"warmup", required_argument, NULL, OPT_WARMUP},
                                      {"seconds", required_argument, NULL, OPT_SECONDS},
                                      {"drain", required_argument, NULL, OPT_DRAIN},
                                      {"size", required_argument, NULL, OPT_SIZE},
                                      {"users", required_argument, NULL, OPT_USERS},
                                      {"script", required_argument, NULL, OPT_SCRIPT},
                                      {"idle", no_argument, NULL, OPT_IDLE},
                                      {"cohort", required_argument, NULL, OPT_COHORT},
                                      {"src-per", required_argument, NULL, OPT_SRC},
                                      {"storm", no_argument, NULL, OPT_STORM},
                                      {"listen", required_argument, NULL, OPT_LISTEN},
                                      {"help", no_argument, NULL, OPT_HELP},
                                      {NULL, 0, NULL, 0}};

static double number(const char *text, double least, double most)
{
    char *end = NULL;
    double v = strtod(text, &end);
    if (end == text || *end != '\0' || !(v >= least && v <= most))
        load_die("\"%s\" is no number from %g to %g", text, least, most);
    return v;
}

static size_t list(const char *text, int *out)
{
    size_t n = 0;
    for (const char *p = text; *p != '\0' && n < LOAD_LIST_MAX; p += *p == ',') {
        char *end = NULL;
        out[n++] = (int)strtol(p, &end, 10);
        if (end == p || (*end != ',' && *end != '\0'))
            load_die("\"%s\" is no list of numbers", text);
        p = end;
    }
    return n;
}

static void set(struct load_options *o, int name, const char *value)
{
    int some[LOAD_LIST_MAX];
    switch (name) {
    case OPT_PROTO:
        o->proto = value;
        break;
    case OPT_PORT:
        o->nports = list(value, some);
        for (size_t i = 0; i < o->nports; i++)
            o->ports[i] = (uint16_t)some[i];
        break;
    case OPT_PIDS:
        o->npids = list(value, o->pids);
        break;
    case OPT_REDIS:
        o->nredis_pids = list(value, o->redis_pids);
        break;
    case OPT_ROOMS:
        o->rooms = (unsigned)number(value, 1, 1e6);
        break;
    case OPT_MEMBERS:
        o->members = (unsigned)number(value, 1, 1e6);
        break;
    case OPT_SENDERS:
        o->senders = (unsigned)number(value, 1, 1e4);
        break;
    case OPT_WINDOW:
        o->window = (unsigned)number(value, 1, 4096);
        break;
    case OPT_RATE:
        o->rate = number(value, 0.001, 1e6);
        break;
    case OPT_WARMUP:
        o->warmup = number(value, 0, 600);
        break;
    case OPT_SECONDS:
        o->seconds = number(value, 0.1, 3600);
        break;
    case OPT_DRAIN:
        o->drain = number(value, 0, 600);
        break;
    case OPT_SIZE:
        o->size = (unsigned)number(value, LOAD_TEXT_MIN, 8192);
        break;
    case OPT_USERS:
        o->users = value;
        break;
    case OPT_SCRIPT:
        o->script = value;
        break;
    case OPT_IDLE:
        o->idle = true;
        break;
    case OPT_COHORT:
        o->cohort = (unsigned)number(value, 1, 1e5);
        break;
    case OPT_SRC:
        o->src_per = (unsigned)number(value, 1, 28000);
        break;
    case OPT_STORM:
        o->idle = o->storm = true;
        break;
    case OPT_LISTEN:
        o->listen = (unsigned)number(value, 1, 1e6);
        break;
    case OPT_HELP:
        fputs(usage, stdout);
        exit(0);
    default:
        load_die("see --help");
    }
}

void load_options_read(struct load_options *o, int argc, char **argv)
{
    *o = (struct load_options){.rooms = 1,
                               .members = 100,
                               .senders = 1,
                               .window = 16,
                               .warmup = 1,
                               .seconds = 5,
                               .drain = 10,
                               .size = 100,
                               .cohort = 64,
                               .src_per = 20000};
    for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;)
        set(o, name, optarg);
    if (optind < argc || o->proto == NULL || o->nports == 0)
        load_die("--proto and --port are needed; see --help");
    if (o->storm && o->nports < 2)
        load_die("a storm needs a port to go to");
    if (o->senders > o->members)
        load_die("more senders than members");
    if (o->rate > 0 || o->listen != 0)
        o->window = 0;
}
