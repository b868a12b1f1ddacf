/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include <errno.h>

/* A deferral without room: what frees waits and is counted; nothing is lost and nothing dead is
 * answered. */

#define ROOM 64

static void start_tight(void)
{
	start_eal();
	start_cache(&roomy, ROOM);
	rcu_online(&fx.rcu, READER);
}

TestSuite(defer_full, .init = start_tight, .fini = stop);

static void nothing(uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
}

/* Others fill the FIFO up to `left` places, and a reader keeps it so. */
static void fill(uint32_t left)
{
	while (defer_room(&fx.defer, left + 1))
		cr_assert_eq(defer_push(&fx.defer, nothing, 0, 0), 0);
}

static void release(void)
{
	rcu_quiescent(&fx.rcu, READER);
	defer_turn(&fx.defer, UINT32_MAX);
	rcu_quiescent(&fx.rcu, READER);
	defer_turn(&fx.defer, UINT32_MAX);
}

Test(defer_full, expiry_waits_and_is_not_answered)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 10);

	fill(0);
	elapse(10005);
	cr_assert(cache_record_is_live(fx.view, rec), "still held");
	cr_assert_not(answerable(rec));
	cr_assert_eq(fx.told[TOLD_REMOVING], 0, "not told before it happens");
	cr_assert_eq(stats().postponed, 1, "counted once, however often tried");
	cr_assert_eq(stats().records, 1);
	release();
	elapse(1);
	cr_assert_eq(stats().records, 0);
	cr_assert_eq(fx.told[TOLD_REMOVING], 1);
	cr_assert_eq(stats().expired, 1);
	rcu_offline(&fx.rcu, READER);
	remove_all();
}

Test(defer_full, a_waiting_record_can_be_learned_again)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 10);

	fill(0);
	elapse(10005);
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 10), CACHE_REFRESHED);
	cr_assert(answerable(rec));
	release();
	elapse(9999);
	cr_assert(answerable(rec));
	elapse(1);
	cr_assert_eq(stats().records, 0);
	rcu_offline(&fx.rcu, READER);
	remove_all();
}

Test(defer_full, goodbye_waits_dying)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1");

	fill(0);
	SAY("h.local", DNS_TYPE_A, "10.0.0.1", .goodbye = true);
	elapse(1500);
	cr_assert(cache_record_is_live(fx.view, rec));
	cr_assert_not(answerable(rec));
	cr_assert_eq(stats().postponed, 1);
	/* Even now it can be rescued. */
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1"), CACHE_REFRESHED);
	cr_assert(answerable(rec));
	SAY("h.local", DNS_TYPE_A, "10.0.0.1", .goodbye = true);
	release();
	elapse(1000);
	cr_assert_eq(stats().records, 0);
	rcu_offline(&fx.rcu, READER);
	settle();
	expect_nothing_left();
}

Test(defer_full, removal_by_command_says_try_again)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1");

	fill(4);
	cr_assert_eq(cache_remove(fx.cache, rec, fx.now), -EAGAIN);
	cr_assert(answerable(rec), "nothing has changed");
	cr_assert_eq(cache_purge_link(fx.cache, 1, fx.now, 10), 1);
	cr_assert_eq(stats().postponed, 2);
	cr_assert(defer_room(&fx.defer, 4));
	release();
	cr_assert_eq(cache_purge_link(fx.cache, 1, fx.now, 10), 0);
	rcu_offline(&fx.rcu, READER);
	settle();
	expect_nothing_left();
}

Test(defer_full, learning_goes_on)
{
	uint32_t node;
	char ip[16];

	fill(0);
	/* The small chunk cannot be replaced now; the list grows behind it. */
	for (unsigned i = 0; i < 100; i++) {
		snprintf(ip, sizeof(ip), "10.0.0.%u", i);
		LEARN("h.local", DNS_TYPE_A, ip);
	}
	node = node_of("h.local", DNS_TYPE_A);
	check_chunks(node);
	cr_assert_eq(cache_node_at(fx.view, node)->count, 100);
	release();
	rcu_offline(&fx.rcu, READER);
	remove_all();
}

Test(defer_full, a_station_that_lost_its_records_goes_later)
{
	struct mac_addr mac = station_mac(1);
	uint32_t old, rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .station = 1);

	old = record(rec)->station;
	fill(0);
	elapse(2000);
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .station = 2), CACHE_HANDOVER);
	elapse(10);
	cr_assert_eq(stats().stations, 2);
	cr_assert_eq(cache_station_at(fx.view, old)->n_records, 0);
	/* Back and forth: it is listed once only. */
	elapse(2000);
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .station = 1), CACHE_HANDOVER);
	elapse(2000);
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .station = 2), CACHE_HANDOVER);
	release();
	elapse(1);
	cr_assert_eq(stats().stations, 1);
	cr_assert_eq(cache_find_station(fx.view, 1, &mac), 0);
	cr_assert(cache_station_is_live(fx.view, record(rec)->station));
	rcu_offline(&fx.rcu, READER);
	remove_all();
}

Test(defer_full, hints_age_out_when_there_is_room)
{
	LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 10);
	elapse(10000);
	cr_assert_eq(stats().hints, 1);
	fill(0);
	elapse(CACHE_HINT_MS - 1);
	cr_assert_eq(stats().hints, 1);
	fx.now += 100;
	settle();
	cr_assert_eq(stats().hints, 1, "overdue, but nowhere to put it");
	release();
	settle();
	cr_assert_eq(stats().hints, 0);
	rcu_offline(&fx.rcu, READER);
	settle();
	expect_nothing_left();
}

/* Churn at the edge: every outcome of a full FIFO, and in the end nothing is lost. */
Test(defer_full, nothing_leaks_from_churn_without_room)
{
	char name[24], ip[16];

	for (unsigned i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "h%u.local", i % 37);
		snprintf(ip, sizeof(ip), "10.0.%u.%u", i % 3, i % 11);
		LEARN(name, DNS_TYPE_A, ip, .station = 1 + i % 13, .ttl = 1 + i % 5,
			.flush = i % 2);
		if (i % 7 == 0)
			cache_goodbye(fx.cache, fx.rec, fx.now);
		if (i % 5 == 0)
			cache_flush_others(fx.cache, fx.rec, false, fx.now);
		elapse(50);
		if (i % 60 == 0)
			release();
	}
	cr_assert_gt(stats().postponed, 0);
	rcu_offline(&fx.rcu, READER);
	remove_all();
}
