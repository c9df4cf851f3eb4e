#include "load.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { TREE_MAX = 512 };

/* Of /proc/PID/stat: the parent and the ticks of CPU used. */
static bool read_stat(int pid, int *parent, unsigned long long *ticks)
{
    char path[64], line[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return false;
    size_t n = fread(line, 1, sizeof(line) - 1, f);
    fclose(f);
    line[n] = '\0';
    const char *p = strrchr(line, ')'); /* the name before may hold anything */
    if (p == NULL)
        return false;
    char *end = NULL;
    *parent = (int)strtol(p + 4, &end, 10);
    for (int field = 4; field < 13; field++)
        end = strchr(end + 1, ' ');
    unsigned long long user = strtoull(end + 1, &end, 10);
    *ticks = user + strtoull(end, NULL, 10);
    return true;
}

static uint64_t kib_of(int pid, const char *name)
{
    char path[64], line[256];
    uint64_t kib = 0;
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
    FILE *f = fopen(path, "re");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtoull(line + strlen(name), NULL, 10);
    if (f != NULL)
        fclose(f);
    return kib;
}

static bool is_in(const int *list, size_t n, int pid)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == pid)
            return true;
    return false;
}

/* The processes and, in passes, those whose parent is among them. */
static size_t family(const struct load_options *o, int tree[TREE_MAX])
{
    size_t n = 0, before = SIZE_MAX;
    for (size_t i = 0; i < o->npids; i++)
        tree[n++] = o->pids[i];
    while (n != before) {
        before = n;
        DIR *proc = opendir("/proc");
        for (const struct dirent *e; proc != NULL && (e = readdir(proc)) != NULL;) {
            int pid = isdigit((unsigned char)e->d_name[0]) ? atoi(e->d_name) : 0, parent;
            unsigned long long ticks;
            if (pid > 0 && n < TREE_MAX && !is_in(tree, n, pid) && read_stat(pid, &parent, &ticks) &&
                is_in(tree, n, parent))
                tree[n++] = pid;
        }
        if (proc != NULL)
            closedir(proc);
    }
    return n;
}

void load_usage_read(const struct load_options *o, struct load_usage *out)
{
    int tree[TREE_MAX];
    size_t n = family(o, tree);
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    *out = (struct load_usage){0};
    for (size_t i = 0; i < n; i++) {
        int parent;
        unsigned long long ticks = 0;
        bool redis = is_in(o->redis_pids, o->nredis_pids, tree[i]);
        if (!read_stat(tree[i], &parent, &ticks))
            continue;
        out->cpu_s += (double)ticks * tick;
        if (redis) {
            out->redis_cpu_s += (double)ticks * tick;
        } else {
            out->rss_kib += kib_of(tree[i], "Rss:");
            out->pss_kib += kib_of(tree[i], "Pss:");
        }
    }
}

double load_own_cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
