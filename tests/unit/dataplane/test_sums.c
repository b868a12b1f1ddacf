/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "dataplane/fast_question.h"

/* Internet checksums as the short way works them out (RFC 1071). */

static uint16_t folded(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

Test(sums, checksums_are_those_of_two_words)
{
	for (uint32_t sum = 1; sum <= 2 * 0xffff; sum++) {
		uint16_t want = (uint16_t)~folded(sum);

		cr_assert_eq(checksum(sum), want, "%#x", sum);
		/* 0 says that there is none (RFC 768). */
		cr_assert_eq(udp_checksum(sum), want != 0 ? want : 0xffff, "%#x", sum);
	}
}

Test(sums, what_is_carried_goes_around)
{
	static const uint64_t some[] = {0, 1, 0xffff, 0x10000, 0xfffffffffffffffe,
		0xffffffffffffffff, 0x8000000000000000, 0x0123456789abcdef, 0xffff0000ffff0000};

	for (size_t i = 0; i < RTE_DIM(some); i++)
		for (size_t k = 0; k < RTE_DIM(some); k++) {
			uint64_t sum = add_around(some[i], some[k]);
			uint64_t want = (uint64_t)folded(some[i]) + folded(some[k]);

			cr_assert_eq(folded(sum) % 0xffff, folded(want) % 0xffff, "%zu %zu", i, k);
			cr_assert_eq(sums_up(sum), folded(want) % 0xffff == 0, "%zu %zu", i, k);
		}
}
