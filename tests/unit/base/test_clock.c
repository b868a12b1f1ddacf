/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/rng.h"

Test(clock, milliseconds_wrap)
{
	uint64_t wrap_us = (UINT64_C(1) << 32) * US_PER_MS;

	cr_assert_eq(clock_ms(0), 0);
	cr_assert_eq(clock_ms(999), 0);
	cr_assert_eq(clock_ms(1000), 1);
	cr_assert_eq(clock_ms(wrap_us - 1), UINT32_MAX);
	cr_assert_eq(clock_ms(wrap_us), 0);
	cr_assert_eq(clock_ms(5 * wrap_us + 7 * US_PER_SEC), 7000);
}

Test(clock, order_holds_across_the_wrap)
{
	static const uint32_t origins[] = {0, 1, 1000, 0x7fffffff, 0x80000000, 0xfffffff0};

	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		uint32_t t = origins[i];

		cr_assert(!clock_ms_before(t, t));
		cr_assert(clock_ms_before(t, t + 1));
		cr_assert(!clock_ms_before(t + 1, t));
		cr_assert(clock_ms_before(t, t + 0x7fffffff));
		cr_assert(clock_ms_before(t - 0x7fffffff, t));
		cr_assert_eq(clock_ms_diff(t + 500, t), 500);
		cr_assert_eq(clock_ms_diff(t, t + 500), -500);
	}
}

Test(clock, coarse_times_come_back)
{
	static const uint64_t nows[] = {UINT64_C(0), UINT64_C(123456789), UINT64_C(4294967295000),
		UINT64_C(4294967296000), UINT64_C(90000000000123)};

	for (size_t i = 0; i < sizeof(nows) / sizeof(nows[0]); i++) {
		uint64_t now = nows[i], ahead = now + 3600 * US_PER_SEC;

		cr_assert_eq(clock_us_of_ms(clock_ms(ahead), now), ahead / US_PER_MS * US_PER_MS);
		cr_assert_eq(clock_us_of_ms(clock_ms(now), ahead), now / US_PER_MS * US_PER_MS);
	}
}

Test(clock, monotonic_is_monotonic)
{
	uint64_t last = clock_now_us();

	for (int i = 0; i < 1000; i++) {
		uint64_t now = clock_now_us();

		cr_assert_geq(now, last);
		last = now;
	}
	/* After 2020, before 2100. */
	cr_assert_gt(clock_wall_ms(), UINT64_C(1577836800000));
	cr_assert_lt(clock_wall_ms(), UINT64_C(4102444800000));
}

Test(rng, same_seed_same_numbers)
{
	struct rng a, b, c;
	unsigned differ = 0;

	rng_seed(&a, 42);
	rng_seed(&b, 42);
	rng_seed(&c, 43);
	for (int i = 0; i < 100; i++) {
		uint64_t x = rng_u64(&a);

		cr_assert_eq(x, rng_u64(&b));
		differ += x != rng_u64(&c);
	}
	cr_assert_eq(differ, 100);
}

/* xoshiro256++ from the state 1, 2, 3, 4: the values its authors' code gives. */
Test(rng, is_xoshiro256pp)
{
	struct rng r = {{1, 2, 3, 4}};

	cr_assert_eq(rng_u64(&r), UINT64_C(41943041));
	cr_assert_eq(rng_u64(&r), UINT64_C(58720359));
	cr_assert_eq(rng_u64(&r), UINT64_C(3588806011781223));
	cr_assert_eq(rng_u64(&r), UINT64_C(3591011842654386));
}

Test(rng, ranges_are_inclusive_and_even)
{
	unsigned seen[101] = {0};
	struct rng r;

	rng_seed(&r, 0);
	for (int i = 0; i < 101 * 1000; i++) {
		uint32_t x = rng_range(&r, 20, 120);

		cr_assert(x >= 20 && x <= 120);
		seen[x - 20]++;
	}
	for (int i = 0; i < 101; i++)
		cr_assert(seen[i] > 800 && seen[i] < 1200, "%d: %u", i, seen[i]);
}

Test(rng, edges_of_ranges)
{
	bool high = false, low = false;
	struct rng r;

	rng_seed(&r, 7);
	for (int i = 0; i < 1000; i++) {
		uint32_t x = rng_range(&r, 0, UINT32_MAX);

		cr_assert_eq(rng_range(&r, 5, 5), 5);
		cr_assert_eq(rng_range(&r, UINT32_MAX, UINT32_MAX), UINT32_MAX);
		high |= x > 0xf0000000;
		low |= x < 0x10000000;
	}
	cr_assert(high && low);
}

struct block {
	uint64_t rx, tx, drops;
};

Test(counter, sums_and_baselines)
{
	struct block lcore[2] = {{0}};
	uint64_t sum[3] = {0}, base[3] = {0};

	COUNTER_INC(lcore[0].rx);
	COUNTER_ADD(lcore[0].rx, 4);
	COUNTER_ADD(lcore[1].tx, 7);
	cr_assert_eq(counter_read(&lcore[0].rx), 5);

	for (int i = 0; i < 2; i++)
		counter_sum(base, &lcore[i].rx, 3);
	cr_assert(base[0] == 5 && base[1] == 7 && base[2] == 0);

	COUNTER_INC(lcore[1].rx);
	COUNTER_INC(lcore[1].drops);
	for (int i = 0; i < 2; i++)
		counter_sum(sum, &lcore[i].rx, 3);
	counter_since(sum, base, 3);
	cr_assert(sum[0] == 1 && sum[1] == 0 && sum[2] == 1);
}
