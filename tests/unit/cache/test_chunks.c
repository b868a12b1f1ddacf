/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include <string.h>

#include "base/rng.h"

/* Lists of records against a model as naive as can be. */

#define MANY 10000

/* The model: which of the numbers are held, and as which record. */
static uint32_t held[MANY];
static unsigned n_held;

static void add(unsigned i)
{
	char ip[20];

	snprintf(ip, sizeof(ip), "10.0.%u.%u", i / 256, i % 256);
	held[i] = LEARN("h.local", DNS_TYPE_A, ip, .ttl = 86400, .station = 1 + i % 50);
	n_held++;
}

static void drop(unsigned i)
{
	cr_assert_eq(cache_remove(fx.cache, held[i], fx.now), 0);
	held[i] = 0;
	n_held--;
}

/* The node lists each record of the model once, and no other. */
static void compare(void)
{
	static uint32_t list[MANY];
	static uint8_t seen[2 * MANY];
	uint32_t node = node_of("h.local", DNS_TYPE_A);
	unsigned n;

	if (n_held == 0) {
		cr_assert_eq(node, 0);
		return;
	}
	memset(seen, 0, sizeof(seen));
	check_chunks(node);
	n = listed(node, list, MANY);
	cr_assert_eq(n, n_held);
	for (unsigned i = 0; i < n; i++) {
		cr_assert_lt(list[i], 2 * MANY);
		cr_assert_eq(seen[list[i]]++, 0, "listed twice");
	}
	for (unsigned i = 0; i < MANY; i++)
		cr_assert(held[i] == 0 || seen[held[i]]);
}

Test(chunks, ten_thousand_records_in_one_node, .init = start_roomy, .fini = stop)
{
	struct rng rng;

	rng_seed(&rng, 7);
	for (unsigned i = 0; i < MANY; i++)
		add(i);
	compare();
	/* Full chunks but the last: the node costs no more than its records. */
	cr_assert_leq(check_chunks(node_of("h.local", DNS_TYPE_A)),
		(MANY + CACHE_CHUNK_LARGE - 1) / CACHE_CHUNK_LARGE);
	/* Half of all in the mean, then ever fewer, then none. */
	for (unsigned sparse = 2; sparse <= 256; sparse *= 4) {
		for (unsigned step = 0; step < 20000; step++) {
			unsigned i = rng_range(&rng, 0, MANY - 1);
			bool want = rng_range(&rng, 0, sparse - 1) == 0;

			if (want && held[i] == 0)
				add(i);
			else if (!want && held[i] != 0)
				drop(i);
			if (step % 2500 == 0) {
				settle();
				compare();
			}
		}
		settle();
		compare();
		/* Two neighbours hold more than 24, so the walk stays dense. */
		cr_assert_leq(check_chunks(node_of("h.local", DNS_TYPE_A)), 2 * (n_held / 25 + 2));
	}
	for (unsigned i = 0; i < MANY; i++) {
		if (held[i] != 0)
			drop(i);
		if (i % 1000 == 0)
			settle();
	}
	compare();
	settle();
	expect_nothing_left();
}

/* From up to seven records, every sequence of three operations: around the sizes of a small chunk.
 */
Test(chunks, small_nodes_in_every_order, .init = start_roomy, .fini = stop)
{
	for (unsigned script = 0; script < 1u << 12; script++) {
		unsigned start = script & 7;

		for (unsigned i = 0; i < start; i++)
			add(i);
		for (unsigned step = 0; step < 3; step++) {
			unsigned i = script >> (3 + 3 * step) & 7;

			if (held[i] != 0)
				drop(i);
			else
				add(i);
			compare();
		}
		for (unsigned i = 0; i < 8; i++) {
			if (held[i] != 0)
				drop(i);
		}
		settle();
		cr_assert_eq(stats().nodes, 0);
	}
	expect_nothing_left();
}

#define WALKED 80

/* Which number of the model a record stands for, by its address. */
static unsigned number_of(uint32_t rec)
{
	const uint8_t *ip = cache_record_rdata(fx.view, record(rec));

	return ip[2] * 256u + ip[3];
}

/* Stop a walk after stop_at records, change the list behind its back, let it go on. */
static void interrupted_walk(unsigned stop_at, unsigned victim)
{
	uint8_t seen[WALKED] = {0}, stays[WALKED];
	struct cache_iter it;
	uint32_t rec;

	memset(stays, 1, sizeof(stays));
	for (unsigned i = 0; i < WALKED; i++)
		add(i);
	rcu_online(&fx.rcu, READER);
	cache_iter_init(&it, fx.view, cache_node_at(fx.view, node_of("h.local", DNS_TYPE_A)));
	for (unsigned n = 0; n < stop_at; n++)
		seen[number_of(cache_iter_next(&it))]++;
	/* Enough goes for chunks to be replaced, merged and unlinked; some comes back. */
	for (unsigned i = victim; i < victim + WALKED / 2; i++) {
		drop(i % WALKED);
		stays[i % WALKED] = 0;
	}
	for (unsigned i = victim; i < victim + 10; i++)
		add(i % WALKED);
	settle();
	for (unsigned n = 0; (rec = cache_iter_next(&it)) != 0; n++) {
		cr_assert_lt(n, 2 * WALKED, "the walk loops");
		seen[number_of(rec)]++;
	}
	for (unsigned i = 0; i < WALKED; i++)
		cr_assert(!stays[i] || seen[i] == 1, "%u seen %u times", i, seen[i]);
	rcu_offline(&fx.rcu, READER);
	for (unsigned i = 0; i < WALKED; i++) {
		if (held[i] != 0)
			drop(i);
	}
	settle();
}

Test(chunks, a_walk_under_way_sees_what_stays, .init = start_roomy, .fini = stop)
{
	for (unsigned stop_at = 0; stop_at < WALKED; stop_at++) {
		for (unsigned victim = 0; victim < WALKED; victim += 7)
			interrupted_walk(stop_at, victim);
	}
	expect_nothing_left();
}
