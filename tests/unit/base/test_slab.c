/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "base/rng.h"
#include "base/slab.h"

struct item {
	uint32_t generation;
	uint32_t value;
	uint8_t pad[56];
};

/* Memory that runs out, and that is counted. */
static unsigned left = UINT32_MAX, outstanding;

static void *scarce_alloc(size_t size, unsigned socket)
{
	if (left == 0)
		return NULL;
	left--;
	outstanding++;
	return slab_mem_plain.alloc(size, socket);
}

static void scarce_free(void *ptr)
{
	if (ptr != NULL)
		outstanding--;
	slab_mem_plain.free(ptr);
}

static const struct slab_mem scarce = {.alloc = scarce_alloc, .free = scarce_free};

static struct slab *make(size_t size, uint32_t max)
{
	struct slab *slab = slab_create("test", size, max, SLAB_SOCKET_ANY, &scarce);

	cr_assert_not_null(slab);
	return slab;
}

Test(slab, hands_out_all_and_no_more)
{
	static const uint32_t sizes[] = {1, 8, 24, 64, 100, 1000, 65536};
	static const uint32_t counts[] = {1, 2, 3, 63, 64, 65, 1000};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
			struct slab *slab = make(sizes[s], counts[c]);
			bool *seen = calloc(counts[c] + 1, sizeof(*seen));

			for (uint32_t i = 0; i < counts[c]; i++) {
				uint32_t idx = slab_alloc(slab);

				cr_assert(idx >= 1 && idx <= counts[c]);
				cr_assert(!seen[idx]);
				seen[idx] = true;
				memset(slab_at(slab, idx), (int)idx, sizes[s]);
			}
			cr_assert_eq(slab_alloc(slab), 0);
			cr_assert_eq(slab_in_use(slab), counts[c]);
			for (uint32_t idx = 1; idx <= counts[c]; idx++) {
				const uint8_t *p = slab_at(slab, idx);

				cr_assert_eq(p[0], (uint8_t)idx);
				cr_assert_eq(p[sizes[s] - 1], (uint8_t)idx);
			}
			free(seen);
			slab_destroy(slab);
			cr_assert_eq(outstanding, 0);
		}
	}
}

Test(slab, items_are_aligned)
{
	struct slab *lines = make(128, 5000), *words = make(13, 5000);

	for (int i = 0; i < 5000; i++) {
		cr_assert_eq((uintptr_t)slab_at(lines, slab_alloc(lines)) % 64, 0);
		cr_assert_eq((uintptr_t)slab_at(words, slab_alloc(words)) % 8, 0);
	}
	slab_destroy(lines);
	slab_destroy(words);
}

Test(slab, zeroed_once_and_type_stable)
{
	struct slab *slab = make(sizeof(struct item), 10);
	uint32_t idx = slab_alloc(slab), again;
	struct item *item = slab_at(slab, idx);

	cr_assert(item->generation == 0 && item->value == 0);
	item->generation = 7;
	item->value = 9;
	cr_assert(slab_free(slab, idx));
	/* A reader with a stale index finds the same item, bytes untouched. */
	cr_assert_eq(slab_at(slab, idx), item);
	cr_assert(item->generation == 7 && item->value == 9);
	for (int i = 0; i < 10; i++) {
		again = slab_alloc(slab);
		if (again == idx)
			break;
	}
	cr_assert_eq(again, idx);
	cr_assert(item->generation == 7 && item->value == 9);
	slab_destroy(slab);
}

Test(slab, items_never_move)
{
	enum { N = 20000 };
	struct slab *slab = make(sizeof(struct item), N);
	struct item **at = calloc(N + 1, sizeof(struct item *));

	for (uint32_t i = 1; i <= N; i++) {
		uint32_t idx = slab_alloc(slab);

		at[idx] = slab_at(slab, idx);
		at[idx]->value = idx;
	}
	cr_assert_gt(slab->n_pages, 1u);
	for (uint32_t i = 1; i <= N; i++) {
		cr_assert_eq(slab_at(slab, i), at[i]);
		cr_assert_eq(at[i]->value, i);
	}
	free(at);
	slab_destroy(slab);
}

Test(slab, refuses_to_free_what_is_not_in_use)
{
	struct slab *slab = make(16, 100);
	uint32_t a = slab_alloc(slab), b = slab_alloc(slab);

	cr_assert(slab_free(slab, 0));
	cr_assert(!slab_free(slab, b + 1));
	cr_assert(!slab_free(slab, 1000000));
	cr_assert(!slab_free(slab, UINT32_MAX));
	cr_assert(slab_free(slab, a));
	cr_assert(!slab_free(slab, a), "freed twice");
	cr_assert_eq(slab_in_use(slab), 1);
	cr_assert(!slab_live(slab, a) && slab_live(slab, b) && !slab_live(slab, 0));
	/* The list of free items is intact: both indexes are handed out, once. */
	cr_assert_eq(slab_alloc(slab), a);
	cr_assert_neq(slab_alloc(slab), a);
	slab_destroy(slab);
}

Test(slab, counts)
{
	struct slab *slab = make(16, 100);
	uint32_t idx[10];

	cr_assert_eq(slab_limit(slab), 1);
	for (int i = 0; i < 10; i++)
		idx[i] = slab_alloc(slab);
	cr_assert_eq(slab_limit(slab), 11);
	for (int i = 0; i < 7; i++)
		slab_free(slab, idx[i]);
	cr_assert_eq(slab_in_use(slab), 3);
	cr_assert_eq(slab_high_water(slab), 10);
	cr_assert_eq(slab_limit(slab), 11);
	slab_alloc(slab);
	cr_assert_eq(slab_high_water(slab), 10);
	slab_destroy(slab);
}

Test(slab, pages_come_on_demand)
{
	struct slab *slab = make(64, 1000000);
	size_t before = slab_bytes(slab);

	cr_assert_lt(before, 1u << 20);
	slab_alloc(slab);
	cr_assert_gt(slab_bytes(slab), before);
	cr_assert_leq(slab_bytes(slab), before + 256 * 1024);
	slab_destroy(slab);
	cr_assert_eq(outstanding, 0);
}

Test(slab, survives_running_out_of_memory)
{
	struct slab *slab;
	uint32_t got = 0, kept, idx;

	for (left = 0; left < 2; left++) {
		unsigned had = left;

		cr_assert_null(slab_create("x", 64, 100, SLAB_SOCKET_ANY, &scarce));
		cr_assert_eq(outstanding, 0);
		left = had;
	}
	left = UINT32_MAX;
	slab = make(64, 1000000);
	left = 2;
	while ((idx = slab_alloc(slab)) != 0) {
		kept = idx;
		got++;
	}
	cr_assert(got > 0 && got == slab_in_use(slab));
	cr_assert_eq(slab_alloc(slab), 0);
	/* What there is can be used again, and more when memory is back. */
	cr_assert(slab_free(slab, kept));
	cr_assert_eq(slab_alloc(slab), kept);
	cr_assert_eq(slab_alloc(slab), 0);
	left = 1;
	cr_assert_eq(slab_alloc(slab), got + 1);
	slab_destroy(slab);
	cr_assert_eq(outstanding, 0);
}

Test(slab, refuses_impossible_sizes)
{
	cr_assert_null(slab_create("x", 0, 10, 0, &slab_mem_plain));
	cr_assert_null(slab_create("x", 65537, 10, 0, &slab_mem_plain));
	cr_assert_null(slab_create("x", 8, 0, 0, &slab_mem_plain));
	cr_assert_null(slab_create("x", 8, UINT32_MAX, 0, &slab_mem_plain));
	slab_destroy(NULL);
}

Test(slab, random_use_equals_a_model)
{
	enum { N = 3000 };
	struct slab *slab = make(sizeof(struct item), N);
	uint32_t owner[N + 1] = {0}, live = 0, serial = 0;
	struct rng rng;

	rng_seed(&rng, 5);
	for (int k = 0; k < 300000; k++) {
		if (rng_range(&rng, 0, 99) < (k / 50000 % 2 ? 40 : 60)) {
			uint32_t idx = slab_alloc(slab);

			cr_assert_eq(idx == 0, live == N);
			if (idx == 0)
				continue;
			cr_assert_eq(owner[idx], 0);
			owner[idx] = ++serial;
			((struct item *)slab_at(slab, idx))->value = serial;
			live++;
		} else {
			uint32_t idx = rng_range(&rng, 1, N);

			cr_assert_eq(slab_live(slab, idx), owner[idx] != 0);
			cr_assert_eq(slab_free(slab, idx), owner[idx] != 0);
			if (owner[idx] != 0) {
				struct item *item = slab_at(slab, idx);

				cr_assert_eq(item->value, owner[idx]);
				owner[idx] = 0;
				live--;
			}
		}
		cr_assert_eq(slab_in_use(slab), live);
	}
	slab_destroy(slab);
}
