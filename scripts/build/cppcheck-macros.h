/* The loops of uthash and utlist as cppcheck is to see them: it does not read their headers. */
#define HASH_ITER(hh, head, el, tmp) for ((el) = (head), (tmp) = next_of(el); (el); (el) = (tmp), (tmp) = next_of(el))
#define LL_FOREACH(head, el) for ((el) = (head); (el); (el) = (el)->next)
#define LL_FOREACH_SAFE(head, el, tmp) for ((el) = (head); (el) && ((tmp) = (el)->next, 1); (el) = (tmp))
#define DL_FOREACH(head, el) for ((el) = (head); (el); (el) = (el)->next)
#define DL_FOREACH_SAFE(head, el, tmp) for ((el) = (head); (el) && ((tmp) = (el)->next, 1); (el) = (tmp))
