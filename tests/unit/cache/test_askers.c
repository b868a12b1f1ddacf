/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include "cache/read.h"

/* Stations kept because they ask: how many, and who gives way. */

#define SHARE (CACHE_STATIONS_LEAST / 2) /* of a link, of the small limits here */

static void start(void)
{
	struct cache_limits limits = roomy;

	start_eal();
	limits.stations = 4 * CACHE_STATIONS_LEAST;
	start_cache(&limits, 8192);
}

static uint32_t ask(uint16_t link, unsigned station)
{
	struct mac_addr mac = station_mac(station);

	return cache_station_ask(fx.cache, link, &mac, fx.now);
}

static void queries(uint32_t station, uint32_t n)
{
	atomic_store_explicit(
		&cache_station_at(fx.view, station)->queries, n, memory_order_relaxed);
}

Test(askers, a_link_has_its_share, .init = start, .fini = stop)
{
	for (unsigned i = 1; i <= SHARE; i++)
		cr_assert_neq(ask(1, i), 0, "%u", i);
	cr_expect_eq(ask(1, SHARE + 1), 0);
	cr_expect_neq(ask(1, 1), 0, "who is known stays so");
	cr_expect_neq(ask(2, SHARE + 1), 0, "another link has its own");
}

Test(askers, who_asked_once_and_long_ago_gives_way, .init = start, .fini = stop)
{
	uint32_t regular;

	for (unsigned i = 1; i <= SHARE; i++)
		ask(1, i);
	regular = ask(1, 7);
	queries(regular, 50);
	fx.now += 29000;
	cr_expect_eq(ask(1, SHARE + 1), 0, "not long enough");
	fx.now += 2000;
	for (unsigned i = SHARE + 1; i < 3 * SHARE; i++) {
		uint32_t idx = 0;

		/* Some slots at a time are looked at: a flood comes again. */
		for (unsigned tries = 0; tries < 64 && idx == 0; tries++)
			idx = ask(1, i);
		if (i < 2 * SHARE)
			cr_assert_neq(idx, 0, "%u", i);
		else
			cr_assert_eq(idx, 0, "%u: all that are left asked lately, or often", i);
	}
	cr_expect_eq(cache_station_at(fx.view, regular)->mac.b[5], 7, "a regular stays");
	cr_expect(cache_station_is_live(fx.view, regular));
	cr_expect_eq(cache_askers(fx.cache), SHARE);
	fx.now += 301000;
	for (unsigned tries = 0; tries < 64 && cache_station_is_live(fx.view, regular); tries++)
		for (unsigned i = 3 * SHARE; i < 4 * SHARE; i++)
			ask(1, i);
	cr_expect_not(cache_station_is_live(fx.view, regular), "gone as well, after five minutes");
}

Test(askers, who_offers_something_does_not_give_way, .init = start, .fini = stop)
{
	for (unsigned i = 1; i <= SHARE; i++) {
		char addr[16];

		snprintf(addr, sizeof(addr), "10.0.%u.%u", i >> 8, i & 255);
		SAY("p.local", DNS_TYPE_A, addr, .station = i, .ttl = 4500);
		ask(1, i);
	}
	fx.now += 60000;
	for (unsigned tries = 0; tries < 64; tries++)
		cr_assert_eq(ask(1, SHARE + 1), 0);
}
