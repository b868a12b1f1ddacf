/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/tsc.h"

#include <errno.h>

#include "base/clock.h"

struct tsc_clock tsc_clock;

int tsc_clock_init(void)
{
	uint64_t hz = rte_get_tsc_hz();

	if (hz <= US_PER_SEC)
		return -ENOTSUP;
	tsc_clock.mul = (uint64_t)(((unsigned __int128)US_PER_SEC << 64) / hz);
	tsc_clock.base_us = clock_now_us();
	tsc_clock.base_tsc = rte_rdtsc();
	return 0;
}
