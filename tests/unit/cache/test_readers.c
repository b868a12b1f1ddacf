/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/rng.h"
#include "dns/name.h"
#include "dns/rdata.h"

/* A reader on its own thread, without a lock, beside the writer. */

#define STABLE 64   /* records that are there throughout */
#define CHURN 1024  /* records that come and go */
#define WALKS 20000 /* of the reader, after which the writer stops */

struct reader {
	pthread_t thread;
	uint32_t stable[STABLE];
	uint32_t gen[STABLE];
	_Atomic unsigned walks;
	_Atomic bool stop;
	_Atomic(const char *) wrong; /* what is wrong, NULL if nothing is */
};

static const char *visit(uint32_t node, uint32_t rec)
{
	const struct cache_record *r = record(rec);
	uint32_t gen = atomic_load_explicit(&r->gen, memory_order_acquire);
	uint8_t canon[64];
	struct hash128 ident;

	if (r->node != node || r->rdlen != 4)
		return "a listed record is another node's";
	if (!(gen & 1) && !(r->flags & CACHE_REC_DYING))
		return "a removed record looks alive";
	/* Removed or not, what it was stays whole until we are quiescent. */
	dns_rdata_canon(r->rrtype, canon, cache_record_rdata(fx.view, r), r->rdlen);
	ident = cache_ident(fx.view, cache_node_at(fx.view, node)->key, canon, r->rdlen);
	if (ident.lo != r->ident)
		return "rdata and identity do not belong together";
	if (gen & 1 && cache_record_get(fx.view, rec, gen) == NULL && (r->gen & 1))
		return "a slot was given away under a reader";
	return NULL;
}

static const char *walk(struct reader *reader)
{
	uint32_t node = node_of("h.local", DNS_TYPE_A), rec;
	bool seen[STABLE] = {false};
	const char *wrong = NULL;
	struct cache_iter it;
	unsigned n = 0;

	if (node == 0)
		return "the node is missed";
	cache_iter_init(&it, fx.view, cache_node_at(fx.view, node));
	while ((rec = cache_iter_next(&it)) != 0 && wrong == NULL) {
		wrong = n++ > 16 * (STABLE + CHURN) ? "the walk loops" : visit(node, rec);
		for (unsigned i = 0; i < STABLE; i++)
			seen[i] |= rec == reader->stable[i];
	}
	for (unsigned i = 0; i < STABLE && wrong == NULL; i++) {
		if (!seen[i])
			wrong = "a record that was there throughout is missed";
		else if (cache_record_get(fx.view, reader->stable[i], reader->gen[i]) == NULL)
			wrong = "a generation changed in mid-life";
	}
	return wrong;
}

static void *read_on(void *arg)
{
	struct reader *reader = arg;

	rcu_online(&fx.rcu, OTHER_READER);
	while (!reader->stop && reader->wrong == NULL) {
		reader->wrong = walk(reader);
		reader->walks++;
		rcu_quiescent(&fx.rcu, OTHER_READER);
		/* Now and then away for a while, as management is. */
		if (reader->walks % 64 == 0) {
			rcu_offline(&fx.rcu, OTHER_READER);
			sched_yield();
			rcu_online(&fx.rcu, OTHER_READER);
		}
	}
	rcu_offline(&fx.rcu, OTHER_READER);
	return NULL;
}

static uint32_t learn_number(unsigned i)
{
	char ip[20];

	snprintf(ip, sizeof(ip), "10.0.%u.%u", i / 256, i % 256);
	return LEARN("h.local", DNS_TYPE_A, ip, .ttl = 86400, .station = 1 + i % 8);
}

Test(readers, see_what_stays_beside_a_busy_writer, .init = start_roomy, .fini = stop)
{
	static struct reader reader;
	static uint32_t held[CHURN];
	unsigned changes = 0;
	struct rng rng;

	rng_seed(&rng, 3);
	for (unsigned i = 0; i < STABLE + CHURN; i++) {
		uint32_t rec = learn_number(i);

		/* Spread over the chunks. */
		if (i % (CHURN / STABLE + 1) == 0 && i / (CHURN / STABLE + 1) < STABLE) {
			reader.stable[i / (CHURN / STABLE + 1)] = rec;
			reader.gen[i / (CHURN / STABLE + 1)] = record(rec)->gen;
		} else {
			held[i - i / (CHURN / STABLE + 1) - 1] = rec;
		}
	}
	cr_assert_eq(pthread_create(&reader.thread, NULL, read_on, &reader), 0);
	while (reader.walks < WALKS && reader.wrong == NULL) {
		/* From crowded to nearly empty and back, so that chunks are split, merged, dropped.
		 */
		unsigned fullness = (changes >> 13) % 8;
		unsigned i = rng_range(&rng, 0, CHURN - 1);
		bool want = rng_range(&rng, 0, 7) < fullness;

		if (want && held[i] == 0)
			held[i] = learn_number(10000 + i);
		else if (!want && held[i] != 0 && cache_remove(fx.cache, held[i], fx.now) == 0)
			held[i] = 0;
		changes++;
		if (changes % 16 == 0)
			defer_turn(&fx.defer, 256);
	}
	reader.stop = true;
	pthread_join(reader.thread, NULL);
	cr_assert_null(reader.wrong, "%s after %u walks", reader.wrong, reader.walks);
	check_chunks(node_of("h.local", DNS_TYPE_A));
	remove_all();
}

Test(readers, hold_up_what_they_may_see, .init = start_roomy, .fini = stop)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1");
	const struct cache_record *r = record(rec);
	struct cache_iter it;

	rcu_online(&fx.rcu, READER);
	cache_iter_init(&it, fx.view, cache_node_at(fx.view, r->node));
	cr_assert_eq(cache_remove(fx.cache, rec, fx.now), 0);
	settle();
	cr_assert_gt(defer_pending(&fx.defer), 0);
	cr_assert_eq(node_of("h.local", DNS_TYPE_A), 0, "not found any more");
	/* The chunk, the record and its bytes are as they were. */
	cr_assert_neq(LEARN("i.local", DNS_TYPE_A, "10.9.9.9"), rec, "no new life yet");
	cr_assert_eq(cache_iter_next(&it), rec);
	cr_assert_eq(cache_iter_next(&it), 0);
	cr_assert_arr_eq(cache_record_rdata(fx.view, r), "\x0a\0\0\1", 4);
	cr_assert_not(cache_record_live(r, fx.now));
	rcu_quiescent(&fx.rcu, READER);
	settle();
	cr_assert_eq(defer_pending(&fx.defer), 0);
	rcu_offline(&fx.rcu, READER);
	remove_all();
}
