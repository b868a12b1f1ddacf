/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "base/blob.h"
#include "base/rng.h"

#define PLENTY ((size_t)64 << 20)

static struct blob_store *make(size_t max)
{
	struct blob_store *store = blob_create("test", max, SLAB_SOCKET_ANY, &slab_mem_plain);

	cr_assert_not_null(store);
	return store;
}

Test(blob, every_length)
{
	struct blob_store *store = make((size_t)256 << 20);
	static uint32_t handle[BLOB_MAX + 1];
	static uint8_t data[BLOB_MAX];

	for (uint32_t len = 1; len <= BLOB_MAX; len++) {
		size_t before = blob_in_use(store), cost;

		memset(data, (int)(len * 7), len);
		handle[len] = blob_put(store, data, len);
		cr_assert_neq(handle[len], 0, "%u", len);
		/* The documented cost: 2 bytes, rounded up. */
		cost = blob_in_use(store) - before;
		cr_assert_geq(cost, len + 2);
		cr_assert_leq(cost, len + 2 <= 256 ? len + 2 + 15 : (len + 2) * 5 / 4 + 1);
	}
	for (uint32_t len = 1; len <= BLOB_MAX; len++) {
		const uint8_t *p = blob_at(store, handle[len]);

		cr_assert_eq(blob_len(store, handle[len]), len);
		for (uint32_t i = 0; i < len; i++)
			cr_assert_eq(p[i], (uint8_t)(len * 7));
	}
	cr_assert_eq(store->count, BLOB_MAX);
	cr_assert_gt(blob_bytes(store), blob_in_use(store));
	for (uint32_t len = 1; len <= BLOB_MAX; len++)
		blob_free(store, handle[len]);
	cr_assert_eq(blob_in_use(store), 0);
	cr_assert_eq(store->count, 0);
	blob_destroy(store);
}

Test(blob, refuses_other_lengths)
{
	struct blob_store *store = make(PLENTY);
	static uint8_t data[BLOB_MAX + 1];

	cr_assert_eq(blob_put(store, data, 0), 0);
	cr_assert_eq(blob_put(store, data, BLOB_MAX + 1), 0);
	cr_assert_eq(blob_put(store, data, SIZE_MAX), 0);
	cr_assert_eq(blob_put(store, data, 65536 + 10), 0);
	cr_assert_eq(blob_in_use(store), 0);
	blob_destroy(store);
	blob_destroy(NULL);
}

Test(blob, ignores_what_was_never_a_handle)
{
	struct blob_store *store = make(PLENTY);
	uint32_t handle = blob_put(store, "printer", 7);

	blob_free(store, 0);
	blob_free(store, handle + 1);
	blob_free(store, UINT32_MAX);
	blob_free(store, (uint32_t)5 << BLOB_INDEX_BITS | 1);
	blob_free(store, handle & ~((1u << BLOB_INDEX_BITS) - 1));
	cr_assert_eq(store->count, 1);
	blob_free(store, handle);
	blob_free(store, handle);
	cr_assert_eq(store->count, 0);
	cr_assert_eq(blob_in_use(store), 0);
	blob_destroy(store);
}

Test(blob, is_bounded)
{
	struct blob_store *store = make(100000);
	uint32_t handle, last = 0;
	uint8_t data[1000] = {0};
	unsigned n = 0;

	while ((handle = blob_put(store, data, sizeof(data))) != 0) {
		last = handle;
		n++;
	}
	cr_assert_eq(n, 100000 / 1024);
	cr_assert_leq(blob_in_use(store), 100000);
	/* Room is room for any size. */
	blob_free(store, last);
	for (n = 0; blob_put(store, data, 100) != 0; n++)
		;
	cr_assert_geq(n, 1024 / 112);
	cr_assert_leq(blob_in_use(store), 100000);
	blob_destroy(store);

	store = make(15);
	cr_assert_eq(blob_put(store, "a", 1), 0);
	blob_destroy(store);
}

Test(blob, a_stale_handle_reads_inside_its_item)
{
	struct blob_store *store = make(PLENTY);
	uint32_t a = blob_put(store, "twelve bytes", 12), b;

	blob_free(store, a);
	b = blob_put(store, "14 bytes here.", 14);
	cr_assert_eq(a, b, "the test wants the same item again");
	cr_assert_leq(blob_len(store, a) + 2, 16);
	blob_destroy(store);
}

Test(blob, random_use_equals_a_model)
{
	enum { N = 500 };
	static struct {
		uint32_t handle;
		uint16_t len;
		uint8_t seed;
	} model[N];
	struct blob_store *store = make(PLENTY);
	static uint8_t data[BLOB_MAX];
	struct rng rng;

	rng_seed(&rng, 11);
	for (int k = 0; k < 50000; k++) {
		unsigned i = rng_range(&rng, 0, N - 1);

		if (model[i].handle != 0) {
			const uint8_t *p = blob_at(store, model[i].handle);

			cr_assert_eq(blob_len(store, model[i].handle), model[i].len);
			cr_assert_eq(p[0], model[i].seed);
			cr_assert_eq(p[model[i].len - 1], model[i].seed);
			blob_free(store, model[i].handle);
		}
		model[i].len = (uint16_t)rng_range(&rng, 1, rng_range(&rng, 1, BLOB_MAX));
		model[i].seed = (uint8_t)rng_u32(&rng);
		memset(data, model[i].seed, model[i].len);
		model[i].handle = blob_put(store, data, model[i].len);
		cr_assert_neq(model[i].handle, 0);
	}
	for (unsigned i = 0; i < N; i++)
		blob_free(store, model[i].handle);
	cr_assert_eq(blob_in_use(store), 0);
	blob_destroy(store);
}
