/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The production clock of lcore loops: the time stamp counter in microseconds, by one multiply.
 * It starts at CLOCK_MONOTONIC's value; the two drift apart by the error of DPDK's estimate of the
 * TSC frequency, so times of one are never compared with times of the other.
 */

#include <stdint.h>

#include <rte_cycles.h>

/* Written by tsc_clock_init() before any lcore runs, read by all. */
struct tsc_clock {
	uint64_t base_tsc;
	uint64_t base_us;
	uint64_t mul; /* µs per TSC cycle << 64 */
};

extern struct tsc_clock tsc_clock;

/* Measure; after rte_eal_init(), before the lcores are launched. 0, or -ENOTSUP if the TSC's
 * frequency is not known or not above 1 MHz. */
int tsc_clock_init(void);

/* Microseconds now, monotonic on one lcore. */
static inline uint64_t tsc_now_us(void)
{
	uint64_t dt = rte_rdtsc() - tsc_clock.base_tsc;

	return tsc_clock.base_us + (uint64_t)((unsigned __int128)dt * tsc_clock.mul >> 64);
}
