/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <string.h>

#include "dataplane/fast_question.h"
#include "tests/unit/isa.h"

/* A question as a key, as the short way reads it. Compiled for several instruction sets
 * (meson.build), and skipped where the CPU has not all of it. */

static uint8_t message[192];

TestSuite(question, .init = isa_check);

/* The key of the message's first len bytes and the four behind them, as its comment has it. */
static void expect(unsigned len, uint64_t tail)
{
	struct dp_rendered_key key;
	uint8_t want[64] = {0};
	uint64_t last, sum;

	for (unsigned i = 0; i < len; i++)
		want[i] = message[i] >= 'A' && message[i] <= 'Z' ? (uint8_t)(message[i] + 0x20)
								 : message[i];
	want[DP_RENDERED_NAME] = (uint8_t)len;
	last = tail | (load32(message + len) & DP_RENDERED_ASKS);
	memcpy(want + 56, &last, sizeof(last));
	read_key(message, len, tail, &key, &sum);
	cr_assert_arr_eq(key.w, want, sizeof(want), "%u", len);
	cr_assert_eq(inet_fold(sum), inet_fold(inet_sum(message, len + 4)), "%u", len);
}

Test(question, every_byte_at_every_place)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		memset(message, (int)byte, sizeof(message));
		expect(1, 0);
		expect(DP_RENDERED_NAME, UINT64_C(0x1234567800000000));
	}
	for (unsigned first = 0; first < 256; first += 7) {
		for (unsigned i = 0; i < sizeof(message); i++)
			message[i] = (uint8_t)(first + i * 3);
		for (unsigned len = 1; len <= DP_RENDERED_NAME; len++)
			expect(len, UINT64_C(0xfedcba9800000000));
	}
}
