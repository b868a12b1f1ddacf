/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "dataplane/told.h"

/* What control was told lately: of one station, a line. */

#define MINUTE DP_INTEREST_UNITS

static struct dp_told told;

static void forget_all(void)
{
	told = (struct dp_told){{0}};
}

TestSuite(told, .init = forget_all);

/* The same four bits on top: all are looked for in the same place first. */
static uint64_t tag(uint32_t n)
{
	return UINT64_C(0x50000000) | (uint64_t)(n + 1) << 12;
}

static bool news(uint32_t n, uint32_t now_ms)
{
	return dp_told_news(&told, tag(n), now_ms, MINUTE);
}

static bool lately(uint32_t n, uint32_t now_ms)
{
	return dp_told_lately(&told, tag(n), now_ms, MINUTE);
}

Test(told, once_a_minute)
{
	cr_assert(!lately(0, 1000));
	cr_assert(news(0, 1000));
	cr_assert(lately(0, 1000));
	cr_assert(!news(0, 59000));
	cr_assert(lately(0, 59000));
	cr_assert(!lately(0, 62000));
	cr_assert(news(0, 62000));
	cr_assert(lately(0, 62000));
}

Test(told, as_many_as_there_are_ways_though_all_have_one_home)
{
	for (uint32_t n = 0; n < DP_TOLD_WAYS; n++)
		cr_assert(news(n, 1000 + n), "%u", n);
	for (uint32_t n = 0; n < DP_TOLD_WAYS; n++) {
		cr_assert(lately(n, 2000), "%u", n);
		cr_assert(!news(n, 2000), "%u", n);
	}
	/* One more takes the place of one of them. */
	cr_assert(news(DP_TOLD_WAYS, 2000));
	cr_assert(lately(DP_TOLD_WAYS, 2000));
	for (uint32_t n = 0, left = 0; n < DP_TOLD_WAYS; n++) {
		left += lately(n, 2000);
		if (n + 1 == DP_TOLD_WAYS)
			cr_assert_eq(left, DP_TOLD_WAYS - 1);
	}
}

Test(told, what_was_told_longest_ago_goes_first)
{
	for (uint32_t n = 0; n < DP_TOLD_WAYS; n++)
		cr_assert(news(n, 2048 * (n + 1)), "%u", n);
	cr_assert(news(DP_TOLD_WAYS, 36000));
	cr_assert(!lately(0, 36000));
	for (uint32_t n = 1; n <= DP_TOLD_WAYS; n++)
		cr_assert(lately(n, 36000), "%u", n);
}

Test(told, again_where_it_was_told_before)
{
	/* 0 was moved by 1, and goes back to its home in place of it: neither is there twice. */
	cr_assert(news(0, 1000) && news(1, 2000));
	cr_assert(news(0, 62000));
	cr_assert(lately(0, 62000));
	cr_assert(!lately(1, 62000));
	for (unsigned i = 0, n = 0; i < DP_TOLD_WAYS; i++) {
		n += told.way[i] != 0;
		if (i + 1 == DP_TOLD_WAYS)
			cr_assert_eq(n, 2);
	}
}
