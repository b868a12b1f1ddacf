/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "base/rng.h"
#include "dataplane/worker_priv.h"

Test(idset, against_a_plain_array)
{
	struct dp_idset *s = calloc(1, sizeof(*s));
	uint64_t held[DP_IDSET / 2];
	struct rng rng;

	cr_assert_not_null(s);
	rng_seed(&rng, 7);
	for (unsigned life = 0; life < 5; life++) {
		uint32_t value = 0;

		dp_idset_clear(s);
		for (uint32_t i = 0; i < DP_IDSET / 2; i++) {
			/* Few low bits, so that probing runs are long. */
			held[i] = (uint64_t)rng_u32(&rng) << 32 | (i & 0xfff);
			cr_assert(dp_idset_add(s, held[i], i));
			cr_assert_not(dp_idset_add(s, held[i], i));
		}
		cr_assert_not(dp_idset_add(s, 1, 0), "full at half its slots");
		for (uint32_t i = 0; i < DP_IDSET / 2; i += 97) {
			cr_assert(dp_idset_find(s, held[i], &value));
			cr_assert_eq(value, i);
		}
		cr_assert_not(dp_idset_find(s, 0xdeadbeef00000001u, &value));
	}
	free(s);
}

Test(idset, a_wrapped_stamp_forgets_old_lives)
{
	struct dp_idset *s = calloc(1, sizeof(*s));
	uint32_t value;

	cr_assert_not_null(s);
	dp_idset_clear(s); /* stamp 1 */
	cr_assert(dp_idset_add(s, 42, 1));
	s->stamp = UINT32_MAX;
	dp_idset_clear(s); /* wraps to 1 */
	cr_assert_eq(s->stamp, 1);
	cr_assert_not(dp_idset_find(s, 42, &value));
	free(s);
}
