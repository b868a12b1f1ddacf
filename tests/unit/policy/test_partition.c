/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/partition.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "policy/index.h"

#define THINGS 24
#define SETS 6

/* Two things share a block if and only if they are in the same sets. */
Test(partition, blocks_are_what_no_set_tells_apart)
{
	for (uint64_t seed = 0; seed < 500; seed++) {
		struct policy_partition p;
		uint32_t member[SETS][THINGS], sig[THINGS] = {0}, n_sets;
		struct policy_set set[SETS];
		struct rng r;

		rng_seed(&r, seed);
		n_sets = rng_range(&r, 0, SETS);
		cr_assert_eq(policy_partition_init(&p, THINGS), 0);
		for (uint32_t s = 0; s < n_sets; s++) {
			uint32_t n = 0, odds = rng_range(&r, 1, 5);

			for (uint32_t i = 0; i < THINGS; i++)
				if (rng_range(&r, 1, odds) == 1) {
					member[s][n++] = i;
					sig[i] |= 1u << s;
				}
			set[s] = (struct policy_set){member[s], n};
			policy_partition_split(&p, &set[s]);
		}
		for (uint32_t i = 0; i < THINGS; i++) {
			cr_assert_lt(p.block[i], p.n_blocks);
			cr_assert_eq(p.block[i] == 0, sig[i] == 0);
			for (uint32_t j = 0; j < THINGS; j++)
				cr_assert_eq(p.block[i] == p.block[j], sig[i] == sig[j]);
		}
		for (uint32_t s = 0; s < n_sets; s++) {
			struct policy_arena arena = {0};
			struct policy_set blocks;

			cr_assert_eq(policy_partition_blocks(&p, &set[s], &arena, &blocks), 0);
			for (uint32_t i = 0; i < THINGS; i++)
				cr_assert_eq(policy_set_has(&blocks, p.block[i]),
					(sig[i] >> s & 1) == 1);
			policy_arena_free(&arena);
		}
		policy_partition_reset(&p);
		cr_assert_eq(p.n_blocks, 1);
		cr_assert_eq(p.block[THINGS - 1], 0);
		policy_partition_free(&p);
	}
}

Test(partition, of_nothing)
{
	struct policy_partition p;

	cr_assert_eq(policy_partition_init(&p, 0), 0);
	policy_partition_split(&p, &(struct policy_set){0});
	cr_expect_eq(p.n_blocks, 1);
	policy_partition_free(&p);
}

Test(partition, sorted_sets)
{
	uint32_t v[] = {5, 1, 5, 3, 1};
	uint32_t n = policy_set_sort(v, 5);
	struct policy_set s = {v, n};

	cr_assert_eq(n, 3);
	cr_expect(policy_set_has(&s, 1) && policy_set_has(&s, 3) && policy_set_has(&s, 5));
	cr_expect(!policy_set_has(&s, 0) && !policy_set_has(&s, 4) && !policy_set_has(&s, 6));
	cr_expect_not(policy_set_has(&(struct policy_set){0}, 0));
}

static bool text_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const char(*texts)[16] = ctx;

	return strlen(texts[id]) == len && memcmp(texts[id], key, len) == 0;
}

/* Equal hashes are no equal things. */
Test(index, finds_by_content)
{
	static char texts[3000][16];
	struct policy_index x = {0};

	cr_expect_eq(policy_index_find(&x, 1, text_eq, texts, "a", 1), POLICY_NO_ID);
	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(texts[i], sizeof(texts[i]), "text %u", i);
		cr_assert_eq(policy_index_add(&x, i % 7 * 0x01000001, i), 0);
	}
	for (uint32_t i = 0; i < 3000; i++)
		cr_assert_eq(policy_index_find(&x, i % 7 * 0x01000001, text_eq, texts, texts[i],
				     strlen(texts[i])),
			i);
	cr_expect_eq(policy_index_find(&x, 0, text_eq, texts, "text", 4), POLICY_NO_ID);
	policy_index_free(&x);
}

Test(arena, pages_of_any_size)
{
	static const size_t sizes[] = {0, 1, 4096, 5000, (2u << 20) - 1, 2u << 20, (5u << 20) + 3};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *v = policy_pages_alloc(sizes[i]);

		cr_assert_not_null(v);
		for (size_t j = 0; j < sizes[i]; j += 4096)
			cr_assert_eq(v[j], 0);
		if (sizes[i])
			v[0] = v[sizes[i] - 1] = 1;
		if (sizes[i] >= 2u << 20)
			cr_expect_eq((uintptr_t)v % (2u << 20), 0);
		policy_pages_free(v, sizes[i]);
	}
}
