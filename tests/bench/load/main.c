#include "load.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

void load_die(const char *fmt, ...)
{
    va_list ap;
    fputs("wcchat-load: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

uint64_t load_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * LOAD_NS + (uint64_t)t.tv_nsec;
}

void *load_alloc(size_t n)
{
    void *p = calloc(1, n);
    if (p == NULL)
        load_die("out of memory");
    return p;
}

int main(int argc, char **argv)
{
    struct load_options options;
    load_options_read(&options, argc, argv);
    const struct load_driver *driver = load_driver_find(options.proto);
    if (driver == NULL)
        load_die("no such protocol: %s", options.proto);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    return load_run(&options, driver);
}
