#ifndef WC_BASE_CLOCK_H
#define WC_BASE_CLOCK_H

#include <stdint.h>

uint64_t wc_wall_ms(void);      /* since the epoch; may jump */
uint64_t wc_monotonic_ms(void); /* for deadlines; never goes back, stands still in a stopped machine */

#endif
