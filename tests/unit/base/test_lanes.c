/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <string.h>

#include "base/lanes.h"
#include "tests/unit/isa.h"

/* Compiled for several instruction sets (meson.build), and skipped where the CPU has not all of
 * it. */

static uint8_t a[192] __attribute__((aligned(64))), b[192] __attribute__((aligned(64)));

static __attribute__((noinline)) void fill(void)
{
	for (unsigned i = 0; i < sizeof(a); i++) {
		a[i] = (uint8_t)i;
		b[i] = (uint8_t)(255 - i);
	}
}

static void start(void)
{
	isa_check();
	fill();
}

TestSuite(lanes, .init = start);

Test(lanes, a_line_is_joined_at_any_byte)
{
	for (unsigned n = 0; n < 64; n++) {
		uint8_t to[192], want[192];

		memset(to, 7, sizeof(to));
		memset(want, 7, sizeof(want));
		memcpy(want + 3, b + 1, 64);
		memcpy(want + 3, a + 5, n);
		lanes_join(to + 3, a + 5, n, b + 1);
		cr_assert_arr_eq(to, want, sizeof(want), "%u", n);
	}
}

Test(lanes, whole_lines_are_copied)
{
	for (unsigned n = 0; n <= 128; n++) {
		uint8_t to[192], want[192];

		memset(to, 7, sizeof(to));
		memset(want, 7, sizeof(want));
		memcpy(want + 1, a + 2, (n + 63) / 64 * 64);
		lanes_copy(to + 1, a + 2, n);
		cr_assert_arr_eq(to, want, sizeof(want), "%u", n);
	}
}

Test(lanes, equal_ones_are_told)
{
	uint32_t line[16] __attribute__((aligned(64)));

	for (unsigned i = 0; i < 16; i++)
		line[i] = i % 5 << 8 | i;
	cr_assert_eq(lanes_equal(line, 0xff00, 0x0300), 1u << 3 | 1u << 8 | 1u << 13);
	cr_assert_eq(lanes_equal(line, UINT32_MAX, 0x0308), 1u << 8);
	cr_assert_eq(lanes_equal8(line, 0x0303), 1u << 3);
	cr_assert_eq(lanes_equal8(line, 0x0308), 0, "only the first eight");
}

Test(lanes, lines_are_compared)
{
	uint64_t x[8] __attribute__((aligned(64))), y[8] __attribute__((aligned(64)));
	uint8_t mask[64] __attribute__((aligned(64)));

	for (unsigned i = 0; i < 512; i++) {
		memcpy(x, a, sizeof(x));
		memcpy(y, a, sizeof(y));
		cr_assert(lanes_same(x, y));
		y[i / 64] ^= UINT64_C(1) << i % 64;
		cr_assert(!lanes_same(x, y), "bit %u", i);
		memset(mask, 0xff, sizeof(mask));
		cr_assert(!lanes_match((const uint8_t *)x, (const uint8_t *)y, mask), "bit %u", i);
		mask[i / 8] ^= (uint8_t)(1 << i % 8);
		cr_assert(lanes_match((const uint8_t *)x, (const uint8_t *)y, mask), "bit %u", i);
	}
}

Test(lanes, the_first_bytes_are_marked)
{
	for (unsigned n = 0; n <= 64; n++)
		for (unsigned i = 0; i < 64; i++)
			cr_assert_eq(LANES_FIRST(n)[i], i < n ? 0xff : 0, "%u of %u", i, n);
}

Test(lanes, zeros_are_found_wherever_they_are)
{
	memset(b, 0xff, sizeof(b));
	cr_assert_eq(lanes_zeros(b + 5), 0);
	for (unsigned i = 0; i < 64; i++) {
		memset(b, 0x80, sizeof(b));
		b[5 + i] = 0;
		b[4] = b[5 + 64] = 0; /* beside it */
		cr_assert_eq(lanes_zeros(b + 5), UINT64_C(1) << i, "%u", i);
		b[5 + 63] = 0;
		cr_assert_eq(lanes_zeros(b + 5), UINT64_C(1) << i | UINT64_C(1) << 63, "%u", i);
	}
}
