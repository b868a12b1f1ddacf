/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Time is an argument. Every turn is handed `now`: microseconds of a monotonic clock that starts
 * wherever it likes. Only the loops around the turns read a clock, so tests can drive any clock.
 * What is stored per record or timer is coarse: 32 bits of milliseconds, which wrap after 49.7
 * days and are only ever compared by difference.
 */

#include <stdbool.h>
#include <stdint.h>

#define US_PER_MS UINT64_C(1000)
#define US_PER_SEC UINT64_C(1000000)
#define MS_PER_SEC 1000u

/* The coarse milliseconds of a time; wraps. */
static inline uint32_t clock_ms(uint64_t now_us)
{
	return (uint32_t)(now_us / US_PER_MS);
}

/* a - b in milliseconds, right while the two are within 24.8 days of each other. */
static inline int32_t clock_ms_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* Whether a is earlier than b, across the wrap. */
static inline bool clock_ms_before(uint32_t a, uint32_t b)
{
	return clock_ms_diff(a, b) < 0;
}

/* The full time of a coarse one that lies within 24.8 days of now_us. */
static inline uint64_t clock_us_of_ms(uint32_t ms, uint64_t now_us)
{
	return (now_us / US_PER_MS + (uint64_t)(int64_t)clock_ms_diff(ms, clock_ms(now_us))) *
	       US_PER_MS;
}

/* CLOCK_MONOTONIC in microseconds. For management, tools and start-up: may be a system call. */
uint64_t clock_now_us(void);

/* CLOCK_REALTIME in milliseconds since 1970, for what people read (logs, audit). */
uint64_t clock_wall_ms(void);
