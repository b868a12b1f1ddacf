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

Test(sums, words_go_around)
{
	static const uint16_t some[] = {0, 1, 2, 0x7fff, 0x8000, 0xfffe, 0xffff};

	for (size_t i = 0; i < RTE_DIM(some); i++)
		for (size_t k = 0; k < RTE_DIM(some); k++) {
			uint32_t a = some[i], b = some[k], c = (uint16_t)~b;

			cr_assert_eq(inet_add(some[i], some[k]), folded(a + b), "%zu %zu", i, k);
			cr_assert_eq(inet_sub(some[i], some[k]) % 0xffff, (a + c) % 0xffff,
				"%zu %zu", i, k);
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
			for (size_t j = 0; j < RTE_DIM(some); j++)
				cr_assert_eq(
					folded(add_around3(some[i], some[k], some[j])) % 0xffff,
					folded(want + folded(some[j])) % 0xffff, "%zu %zu %zu", i,
					k, j);
		}
}
