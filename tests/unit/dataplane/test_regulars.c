/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <criterion/criterion.h>

#include <string.h>

#include <rte_hash.h>

#include "base/rng.h"

/* Who was let in lately: found again by MAC and link, the last DP_REGULARS of them. */

/* A cache that knows no station. */
static void start(void)
{
	struct rte_hash_parameters none = {.name = "none", .entries = 8, .key_len = 8};

	bench_start();
	bench.worker->view.stations = rte_hash_create(&none);
	cr_assert_not_null(bench.worker->view.stations);
}

TestSuite(regulars, .init = start, .fini = bench_stop);

static void admit(uint32_t n, uint16_t link)
{
	static const uint8_t frame[64];
	struct rte_mbuf *m = bench_frame(frame, sizeof(frame));
	struct dp_pkt *pkt = dp_pkt(m);
	uint32_t src = n + 1;

	memset(pkt, 0, sizeof(*pkt));
	pkt->link = link;
	pkt->family = 4;
	pkt->smac = (struct mac_addr){
		{2, 0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
	memcpy(pkt->src, &src, sizeof(src));
	dp_fast_admitted(bench.worker, m);
	rte_pktmbuf_free(m);
}

static struct dp_regular *find(uint32_t n, uint16_t link)
{
	uint8_t mac[6] = {
		2, 0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
	uint64_t who = dp_regular_who(mac_word(mac), link);

	return dp_regular_find(&bench.worker->regulars, dp_regular_hash(who), who);
}

Test(regulars, by_mac_and_link)
{
	admit(7, 1);
	cr_assert_null(find(7, 2));
	cr_assert_null(find(8, 1));
	cr_assert_eq(find(7, 1)->src4, 8);
	admit(7, 2);
	cr_assert_neq(find(7, 1), find(7, 2));
}

Test(regulars, keep_what_was_told_of_them)
{
	struct dp_told *told;

	cr_assert_eq(dp_told_of(bench.worker, &bench.link[1], 1, 5), dp_told_set(bench.worker, 5));
	bench.link[1].unicast = true;
	admit(7, 1);
	told = &find(7, 1)->told;
	cr_assert(dp_told_news(told, 0x1234500, 1000000, DP_INTEREST_UNITS));
	cr_assert(!dp_told_news(told, 0x1234500, 1000000, DP_INTEREST_UNITS));
	admit(7, 1);
	cr_assert_eq(told, &find(7, 1)->told);
	cr_assert(dp_told_lately(told, 0x1234500, 1050000, DP_INTEREST_UNITS));
	cr_assert(dp_told_news(told, 0x1234500, 1070000, DP_INTEREST_UNITS));
}

/* A network scanner browses for everything there is. */
Test(regulars, keep_what_was_told_of_one_that_asks_for_much)
{
	struct dp_worker *w = bench.worker;
	const uint64_t mac = mac_word((const uint8_t[6]){2, 0, 0, 0, 0, 7});
	const struct dp_told *own;
	struct rng rng;
	uint64_t tag[100];
	unsigned beyond = 0;

	rng_seed(&rng, 3);
	w->now_ms = 1000000;
	bench.link[1].unicast = true;
	admit(7, 1);
	own = &find(7, 1)->told;
	for (unsigned i = 0; i < RTE_DIM(tag); i++) {
		tag[i] = (uint64_t)rng_u32(&rng) << 32 | rng_u32(&rng);
		cr_assert(dp_told_interest(w, &bench.link[1], mac, tag[i]));
	}
	w->now_ms += 50000;
	for (unsigned i = 0; i < RTE_DIM(tag); i++) {
		cr_assert(!dp_told_interest(w, &bench.link[1], mac, tag[i]));
		if (dp_told_lately(own, tag[i], w->now_ms, DP_INTEREST_UNITS))
			continue;
		cr_assert(dp_told_beyond(w, tag[i]));
		beyond++;
	}
	cr_assert_eq(beyond, RTE_DIM(tag) - DP_TOLD_WAYS);
	/* Later its own line has room again. */
	w->now_ms += 15000;
	cr_assert(dp_told_interest(w, &bench.link[1], mac, tag[99]));
	cr_assert(dp_told_lately(own, tag[99], w->now_ms, DP_INTEREST_UNITS));
}

Test(regulars, the_oldest_give_way)
{
	const uint32_t all = 3 * DP_REGULARS;
	unsigned late = 0;

	for (uint32_t n = 0; n < all; n++) {
		admit(n, 1);
		cr_assert_eq(find(n, 1)->src4, n + 1, "%u", n);
		find(n, 1)->told.way[0] = 0x100;
	}
	for (uint32_t n = 0; n < all - DP_REGULARS; n++)
		cr_assert_null(find(n, 1), "%u", n);
	for (uint32_t n = all - DP_REGULARS + 1; n < all; n++)
		late += find(n, 1) != NULL;
	/* But for those that share a tag, or a full set. */
	cr_assert_geq(late, DP_REGULARS - DP_REGULARS / 50, "%u", late);
	admit(5, 1);
	cr_assert_eq(find(5, 1)->told.way[0], 0);
}

Test(regulars, are_forgotten_with_the_world)
{
	admit(7, 1);
	bench.world.generation++;
	dp_fast_turn(bench.worker);
	cr_assert_null(find(7, 1));
	admit(7, 1);
	cr_assert_eq(find(7, 1)->src4, 8);
}

Test(regulars, what_was_told_is_forgotten_before_it_looks_new)
{
	struct dp_told *told;

	admit(7, 1);
	told = &find(7, 1)->told;
	bench.worker->now_ms = 4096000;
	dp_told_turn(bench.worker);
	cr_assert(dp_told_news(told, 0x1234500, bench.worker->now_ms, DP_INTEREST_UNITS));
	/* The time of day of units wraps after 256. */
	for (unsigned i = 0; i < 250; i++) {
		bench.worker->now_ms += 1024;
		dp_told_turn(bench.worker);
	}
	bench.worker->now_ms += 8 * 1024;
	cr_assert(!dp_told_lately(told, 0x1234500, bench.worker->now_ms, DP_INTEREST_UNITS));
}
