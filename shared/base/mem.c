#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn static void out_of_memory(size_t size)
{
    fprintf(stderr, "out of memory: %zu bytes refused\n", size);
    abort();
}

void *wc_alloc(size_t size)
{
    void *p = calloc(1, size > 0 ? size : 1);
    if (p == NULL)
        out_of_memory(size);
    return p;
}

void *wc_realloc(void *p, size_t size)
{
    void *q = realloc(p, size > 0 ? size : 1);
    if (q == NULL)
        out_of_memory(size);
    return q;
}

void *wc_realloc_array(void *p, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory((size_t)-1);
    return wc_realloc(p, bytes);
}
