/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

/* Milestones, expiry, goodbye and cache-flush (RFC 6762 §5.2, §10.1, §10.2), on the virtual clock.
 */

TestSuite(expire, .init = start_roomy, .fini = stop);

Test(expire, milestones_come_at_80_85_90_95_percent_and_the_end_at_100)
{
	uint32_t born = fx.now, rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 100);

	log_clear();
	elapse(79999);
	cr_assert_eq(fx.n_log, 0);
	elapse(20000);
	cr_assert_eq(fx.told[TOLD_DUE], 4);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t at = fx.log[i].at - born, low = 80000 + i * 5000;

		cr_assert_eq(fx.log[i].rec, rec);
		cr_assert_eq(fx.log[i].stage, i + 1);
		cr_assert(at >= low && at <= low + 2000, "stage %u at %u", i + 1, at);
	}
	cr_assert(answerable(rec));
	cr_assert_eq(fx.told[TOLD_REMOVING], 0);
	elapse(1);
	cr_assert_not(answerable(rec));
	cr_assert_eq(fx.told[TOLD_REMOVING], 1);
	cr_assert_eq(fx.log[4].at - born, 100000);
	cr_assert_eq(stats().expired, 1);
	cr_assert_eq(stats().records, 0);
	remove_all();
}

Test(expire, jitter_differs_from_record_to_record)
{
	uint32_t least = UINT32_MAX, most = 0, born = fx.now;
	char ip[16];

	for (unsigned i = 0; i < 50; i++) {
		snprintf(ip, sizeof(ip), "10.0.0.%u", i);
		LEARN("h.local", DNS_TYPE_A, ip, .ttl = 1000);
	}
	log_clear();
	elapse(820000);
	cr_assert_eq(fx.told[TOLD_DUE], 50);
	for (unsigned i = 0; i < fx.n_log; i++) {
		uint32_t at = fx.log[i].at - born;

		least = at < least ? at : least;
		most = at > most ? at : most;
	}
	cr_assert_geq(least, 800000);
	cr_assert_leq(most, 820000);
	cr_assert_gt(most - least, 10000, "spread over the 2 %%");
	remove_all();
}

Test(expire, a_touch_starts_all_over)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 100), touched;

	log_clear();
	elapse(88000);
	cr_assert_eq(fx.told[TOLD_DUE], 2);
	/* As a worker does it: nobody moves the timer. */
	cache_record_touch(record(rec), fx.now);
	touched = fx.now;
	log_clear();
	elapse(79999);
	cr_assert_eq(fx.n_log, 0, "no milestone of the life before");
	cr_assert_eq(record(rec)->stage, 0);
	elapse(20000);
	cr_assert_eq(fx.told[TOLD_DUE], 4);
	cr_assert_eq(fx.log[0].stage, 1);
	cr_assert_geq(fx.log[0].at - touched, 80000);
	cr_assert(answerable(rec));
	elapse(1);
	cr_assert_eq(fx.told[TOLD_REMOVING], 1);
	remove_all();
}

Test(expire, a_touch_is_stored_once_a_second)
{
	struct cache_record *r = record(LEARN("h.local", DNS_TYPE_A, "10.0.0.1"));
	uint32_t born = fx.now;

	cache_record_touch(r, born + 999);
	cr_assert_eq(r->touched_ms, born);
	cache_record_touch(r, born + 1000);
	cr_assert_eq(r->touched_ms, born + 1000);
}

Test(expire, interest_is_noted_once_a_second_and_after_weeks)
{
	struct cache_node *n =
		cache_node_at(fx.view, record(LEARN("h.local", DNS_TYPE_A, "10.0.0.1"))->node);
	uint32_t at = 1000001;

	cr_assert_eq(n->asked_ms, 0, "never");
	cache_node_ask(n, at);
	cache_node_ask(n, at + 998);
	cache_node_ask(n, at - 1);
	cr_assert_eq(n->asked_ms, at);
	/* 30 days lie beyond what compares by difference. */
	at += 30u * 86400u * 1000u;
	cache_node_ask(n, at);
	cr_assert_eq(n->asked_ms, at);
	n->asked_ms = 0;
	cache_node_ask(n, 0);
	cr_assert_neq(n->asked_ms, 0, "asked at the very wrap is asked, too");
}

Test(expire, one_second_of_ttl_is_one_second)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 1);

	elapse(999);
	cr_assert(answerable(rec));
	cr_assert_eq(fx.told[TOLD_DUE], 4);
	elapse(1);
	cr_assert_eq(stats().records, 0);
	remove_all();
}

Test(expire, a_late_turn_reports_the_last_milestone_once)
{
	LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 100);
	log_clear();
	fx.now += 93000;
	settle();
	cr_assert_eq(fx.told[TOLD_DUE], 1);
	cr_assert_eq(fx.log[0].stage, 3);
	fx.now += 10000;
	settle();
	cr_assert_eq(fx.told[TOLD_REMOVING], 1);
	cr_assert_eq(fx.told[TOLD_DUE], 1);
	remove_all();
}

Test(expire, a_turn_keeps_its_budget)
{
	unsigned turns = 0;
	char ip[16];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(ip, sizeof(ip), "10.0.0.%u", i);
		LEARN("h.local", DNS_TYPE_A, ip, .ttl = 10);
	}
	fx.now += 10000;
	while (cache_turn(fx.cache, fx.now, 7) > 0) {
		cr_assert_leq(fx.told[TOLD_REMOVING], 7 * ++turns);
		cr_assert_lt(turns, 1000);
	}
	cr_assert_eq(stats().records, 0);
	cr_assert_gt(turns, 100 / 7);
	remove_all();
}

Test(expire, goodbye_gives_a_second)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1");

	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .goodbye = true), CACHE_GOODBYE);
	cr_assert_eq(fx.rec, rec);
	cr_assert_eq(fx.told[TOLD_DYING], 1);
	cr_assert_eq(record(rec)->flags, CACHE_REC_DYING | CACHE_REC_GOODBYE);
	elapse(600);
	/* Said twice: neither told twice nor a longer life. */
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .goodbye = true), CACHE_GOODBYE);
	elapse(399);
	cr_assert(cache_record_is_live(fx.view, rec));
	cr_assert_eq(fx.told[TOLD_REMOVING], 0);
	elapse(1);
	cr_assert_eq(fx.told[TOLD_REMOVING], 1);
	cr_assert_eq(fx.told[TOLD_DYING], 1);
	/* The owner left: nothing to remember. */
	expect_nothing_left();
}

Test(expire, announcing_again_within_the_second_rescues)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 100), saved;

	SAY("h.local", DNS_TYPE_A, "10.0.0.1", .goodbye = true);
	elapse(999);
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 100), CACHE_REFRESHED);
	cr_assert_eq(fx.rec, rec);
	saved = fx.now;
	cr_assert(answerable(rec));
	cr_assert_eq(record(rec)->flags, 0);
	cr_assert_eq(fx.told[TOLD_ADDED], 2);
	log_clear();
	elapse(99999);
	cr_assert_eq(fx.told[TOLD_REMOVING], 0);
	cr_assert_eq(fx.told[TOLD_DUE], 4);
	cr_assert_geq(fx.log[0].at - saved, 80000);

	/* With another TTL it is a change as well. */
	cache_goodbye(fx.cache, rec, fx.now);
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 50), CACHE_CHANGED);
	cr_assert(answerable(rec));
	elapse(50000);
	cr_assert_eq(stats().records, 0);
	remove_all();
}

Test(expire, flush_ends_what_was_heard_more_than_a_second_ago)
{
	uint32_t old, edge, fresh, other_link, other_type, by;

	old = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .flush = true);
	other_link = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .flush = true, .link = 2);
	other_type = LEARN("h.local", DNS_TYPE_AAAA, "fd00::1", .flush = true);
	elapse(1);
	edge = LEARN("h.local", DNS_TYPE_A, "10.0.0.2", .flush = true, .station = 2);
	elapse(500);
	fresh = LEARN("h.local", DNS_TYPE_A, "10.0.0.3", .flush = true);
	elapse(500);
	log_clear();
	by = LEARN("h.local", DNS_TYPE_A, "10.0.0.4", .flush = true);
	cache_flush_others(fx.cache, by, false, fx.now);
	/* edge is exactly one second old. */
	cr_assert_eq(fx.told[TOLD_DYING], 1);
	cr_assert_not(answerable(old));
	cr_assert_eq(record(old)->flags, CACHE_REC_UNIQUE | CACHE_REC_DYING);
	cr_assert(answerable(edge));
	cr_assert(answerable(fresh));
	cr_assert(answerable(by));
	cr_assert(answerable(other_link));
	cr_assert(answerable(other_type));
	cr_assert_eq(stats().flushed, 1);
	elapse(999);
	cr_assert(cache_record_is_live(fx.view, old));
	elapse(1);
	cr_assert_not(cache_record_is_live(fx.view, old));

	/* One heard again in time, by a touch, stays. */
	cache_record_touch(record(edge), fx.now);
	elapse(1000);
	by = LEARN("h.local", DNS_TYPE_A, "10.0.0.5", .flush = true);
	cache_flush_others(fx.cache, by, false, fx.now);
	cr_assert(answerable(edge), "of another MAC of the host, but just heard");
	cr_assert_not(answerable(fresh));
	elapse(1);
	cache_flush_others(fx.cache, by, false, fx.now);
	cr_assert_not(answerable(edge));
	remove_all();
}

Test(expire, flush_spares_what_others_declared_shared)
{
	uint32_t theirs = LEARN("_ipp._tcp.local", DNS_TYPE_PTR, "A._ipp._tcp.local", .station = 1);
	uint32_t own = LEARN("_ipp._tcp.local", DNS_TYPE_PTR, "B._ipp._tcp.local", .station = 2);
	uint32_t by;

	elapse(5000);
	by = LEARN(
		"_ipp._tcp.local", DNS_TYPE_PTR, "C._ipp._tcp.local", .station = 2, .flush = true);
	cache_flush_others(fx.cache, by, false, fx.now);
	cr_assert(answerable(theirs));
	cr_assert_not(answerable(own));
	cr_assert(answerable(by));
	remove_all();
}

Test(expire, a_flushed_record_is_rescued_too)
{
	uint32_t old = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .flush = true), by;

	elapse(2000);
	by = LEARN("h.local", DNS_TYPE_A, "10.0.0.2", .flush = true);
	cache_flush_others(fx.cache, by, false, fx.now);
	elapse(300);
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .flush = true), CACHE_REFRESHED);
	elapse(10000);
	cr_assert(answerable(old));
	cr_assert(answerable(by));
	remove_all();
}
