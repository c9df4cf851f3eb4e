#ifndef WC_BASE_MEM_H
#define WC_BASE_MEM_H

#include <stddef.h>

/*
 * Allocation that does not fail: a worker that cannot get memory aborts, says so on standard error, and is started
 * again by its supervisor; every queue that could grow without end has a bound of its own.
 */
void *wc_alloc(size_t size); /* zeroed */
void *wc_realloc(void *p, size_t size);
void *wc_realloc_array(void *p, size_t count, size_t size); /* checks the product */

#define WC_NEW(type)                    ((type *)wc_alloc(sizeof(type)))
#define WC_CONTAINER(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define WC_COUNT(array)                 (sizeof(array) / sizeof((array)[0]))

#endif
