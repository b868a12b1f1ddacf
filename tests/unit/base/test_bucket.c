/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "base/bucket.h"
#include "base/clock.h"
#include "base/rng.h"

/* Take one at a time until refused. */
static uint32_t drain(struct bucket *b, uint64_t now)
{
	uint32_t n = 0;

	while (bucket_take(b, now, 1))
		n++;
	return n;
}

static struct bucket full(uint32_t rate, uint32_t burst, uint64_t now)
{
	struct bucket b;

	bucket_set(&b, rate, burst);
	bucket_fill(&b.rate, &b.level, now);
	return b;
}

Test(bucket, holds_its_burst_and_no_more)
{
	static const uint32_t bursts[] = {1, 2, 5, 100, 65535, 1 << 20};

	for (size_t i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
		struct bucket b = full(1, bursts[i], 1000);

		cr_assert_eq(drain(&b, 1000), bursts[i]);
		/* A whole hour's silence fills it to the brim, not over. */
		bucket_set(&b, 1000, bursts[i]);
		cr_assert_eq(drain(&b, 3600 * US_PER_SEC), bursts[i]);
	}
}

Test(bucket, a_refused_take_costs_nothing)
{
	struct bucket b = full(1, 10, 0);

	cr_assert(!bucket_take(&b, 0, 11));
	cr_assert(bucket_take(&b, 0, 4));
	cr_assert(!bucket_take(&b, 0, 7));
	cr_assert(bucket_take(&b, 0, 6));
	cr_assert(!bucket_take(&b, 0, 1));
	cr_assert(bucket_take(&b, 0, 0));
	cr_assert(!bucket_take(&b, 0, UINT32_MAX));
}

Test(bucket, refills_at_its_rate)
{
	struct bucket b = full(50, 100, 0);

	drain(&b, 0);
	cr_assert(!bucket_take(&b, 19 * US_PER_MS, 1));
	cr_assert(bucket_take(&b, 21 * US_PER_MS, 1));
	cr_assert_eq(drain(&b, 21 * US_PER_MS + US_PER_SEC), 50);
	cr_assert_eq(bucket_level_peek(&b.rate, &b.level, 21 * US_PER_MS + 2 * US_PER_SEC), 50);
}

/* Over any steps of time that a burst can hold, what passes is the rate times the time. */
Test(bucket, long_run_rate_is_right)
{
	static const struct {
		uint32_t rate, burst, step_max;
	} cases[] = {
		{1, 2, 100000},
		{1, 5, 700000},
		{5, 10, 50000},
		{50, 100, 3000},
		{500, 500, 100},
		{20000, 2000, 50},
		{20000, 2, 40},
		{1000000, 100000, 10},
		{3000000, 64, 10},
	};
	struct rng rng;

	rng_seed(&rng, 3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Starts just below the wrap of its 32-bit time. */
		uint64_t start = UINT64_C(0xfffff000), now = start;
		struct bucket b = full(cases[i].rate, cases[i].burst, now);
		uint64_t passed = 0;
		double want, got;

		passed += drain(&b, now) - cases[i].burst;
		for (int k = 0; k < 200000; k++) {
			now += rng_range(&rng, 1, cases[i].step_max);
			passed += drain(&b, now);
		}
		want = (double)(now - start) * cases[i].rate / 1e6;
		got = (double)passed;
		cr_assert(got <= want * 1.001 + 1, "%u/s: %f of %f", cases[i].rate, got, want);
		cr_assert(got >= want * 0.98 - cases[i].burst, "%u/s: %f of %f", cases[i].rate, got,
			want);
	}
}

/* The worst case of fixed point: a slow rate asked every microsecond. */
Test(bucket, a_busy_clock_does_not_starve_it)
{
	struct bucket b = full(1, 100, 0);
	unsigned passed = 0;

	drain(&b, 0);
	for (uint64_t now = 1; now <= 5 * US_PER_SEC; now++)
		passed += bucket_take(&b, now, 1);
	cr_assert(passed >= 4 && passed <= 5, "%u", passed);
}

Test(bucket, is_full_after_years)
{
	struct bucket b = full(10, 10, 0);
	const uint64_t years = UINT64_C(20) * 365 * 24 * 3600 * US_PER_SEC;

	drain(&b, 0);
	cr_assert_eq(drain(&b, UINT64_C(1) << 32), 10);
	cr_assert_eq(drain(&b, years), 10);
	cr_assert_eq(drain(&b, years + US_PER_SEC), 10);
}

/* Two workers share a station's, and their clocks are not read at once. */
Test(bucket, a_writer_that_is_behind_finds_it_empty)
{
	struct bucket b = full(1000, 10, 500);

	cr_assert_eq(drain(&b, 500), 10);
	cr_assert_eq(drain(&b, 490), 0);
	cr_assert_eq(drain(&b, 500), 0);
}

Test(bucket, rate_zero_counts_as_one)
{
	struct bucket b = full(0, 3, 0);

	cr_assert_eq(drain(&b, 0), 3);
	cr_assert_eq(drain(&b, US_PER_SEC), 1);
}

Test(bucket, may_be_full_before_its_rate_is_known)
{
	struct bucket b = full(50, 100, 0);

	drain(&b, 0);
	b.level.empty = BUCKET_BRIM;
	cr_assert_eq(drain(&b, 0), 100);
	b.level.empty = BUCKET_BRIM;
	cr_assert_eq(drain(&b, US_PER_SEC), 100);
}

Test(bucket, pays_down_to_a_floor_and_gets_back)
{
	struct bucket b = full(10, 80, 0);

	bucket_level_pay(&b.rate, &b.level, 0, 30, bucket_full(&b.rate) / 8);
	cr_assert_eq(bucket_level_peek(&b.rate, &b.level, 0), 50);
	bucket_level_pay(&b.rate, &b.level, 0, 60, bucket_full(&b.rate) / 8);
	cr_assert_eq(bucket_level_peek(&b.rate, &b.level, 0), 10);
	bucket_level_pay(&b.rate, &b.level, 0, 60, bucket_full(&b.rate) / 8);
	cr_assert_eq(bucket_level_peek(&b.rate, &b.level, 0), 10);
	bucket_level_refund(&b.rate, &b.level, 1);
	cr_assert_eq(drain(&b, 0), 11);
	bucket_fill(&b.rate, &b.level, US_PER_SEC);
	bucket_level_refund(&b.rate, &b.level, 5);
	cr_assert_eq(drain(&b, US_PER_SEC), 80);
}

/* How often one can be taken, at 0. */
static unsigned taken(struct bucket *b, bool sparing)
{
	unsigned n = 0;

	while (bucket_level_take_one(bucket_ready(&b->rate), &b->level, 0, sparing))
		n++;
	return n;
}

Test(bucket, leaves_the_last_quarter_alone_when_asked_to)
{
	struct bucket b = full(10, 80, 0);

	cr_assert_eq(taken(&b, true), 61);
	cr_assert_eq(taken(&b, false), 19);
	cr_assert_eq(drain(&b, 0), 0);
}

Test(bucket, a_small_one_has_no_last_quarter)
{
	struct bucket b = full(10, 3, 0);

	cr_assert_eq(taken(&b, true), 3);
}

Test(bucket, odd_settings_are_clamped)
{
	struct bucket b = full(UINT32_MAX, 0, 0);

	cr_assert_eq(drain(&b, 0), 1);
	cr_assert_eq(drain(&b, 10), 1);
	b = full(1, UINT32_MAX, 0);
	cr_assert(bucket_take(&b, 0, BUCKET_BURST_MAX));
	cr_assert(!bucket_take(&b, 0, 1));
}

Test(bucket, one_rate_serves_many_levels)
{
	struct bucket_level a, b;
	struct bucket_rate r;

	bucket_rate_set(&r, 10, 2);
	bucket_fill(&r, &a, 0);
	bucket_fill(&r, &b, 0);
	cr_assert(bucket_level_take(&r, &a, 0, 2));
	cr_assert(!bucket_level_take(&r, &a, 0, 1));
	cr_assert(bucket_level_take(&r, &b, 0, 2));
}

/* A reload may hand a level to a rate with another burst and other fractional bits. */
Test(bucket, a_level_survives_a_change_of_rate)
{
	struct bucket_rate small, large;
	struct bucket_level l;

	bucket_rate_set(&small, 10, 2);
	bucket_rate_set(&large, 10, 2000);
	bucket_fill(&small, &l, 0);
	cr_assert_leq(bucket_level_peek(&large, &l, 0), 2000);
	bucket_fill(&large, &l, 0);
	cr_assert_leq(bucket_level_peek(&small, &l, 0), 2);
}
