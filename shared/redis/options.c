#include "redis/client.h"

#include "base/mem.h"

#define ROW(field) .offset = offsetof(struct wc_redis_options, field)

const struct wc_option wc_redis_option_rows[] = {
    {.name = "redis",
     .metavar = "URL",
     .type = WC_OPT_STR,
     .def = "redis://127.0.0.1:6379",
     ROW(url),
     .help = "the Redis server: redis://[user[:password]@]host[:port][/db], unix:///path[?db=N&user=U] or "
             "redis+sentinel://[user[:password]@]host[:port][,host[:port]]/master[/db]"},
    {.name = "redis-password-file",
     .metavar = "FILE",
     .type = WC_OPT_STR,
     ROW(password_file),
     .help = "a file whose first line is the password for Redis; it beats the one in the URL"},
    {.name = "redis-connect-timeout",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "2s",
     .min = 10,
     .max = 60000,
     ROW(connect_timeout_ms),
     .help = "how long connecting to Redis, authenticating and loading the scripts may take"},
    {.name = "redis-command-timeout",
     .metavar = "TIME",
     .type = WC_OPT_DURATION,
     .def = "3s",
     .min = 10,
     .max = 60000,
     ROW(command_timeout_ms),
     .help = "how long a command may wait for Redis before it is answered unavailable"},
    {.name = "redis-queue",
     .metavar = "N",
     .type = WC_OPT_U64,
     .def = "20000",
     .min = 16,
     .max = 1000000,
     ROW(queue_max),
     .help = "how many commands may wait for Redis; one more is answered unavailable at once"},
};
const size_t wc_redis_option_count = WC_COUNT(wc_redis_option_rows);
