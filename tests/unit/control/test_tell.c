/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include "control/ctl.h"
#include "dns/wire.h"

/* Open browsers hear of what is new, changed or gone; what is in use is kept fresh. */

TestSuite(tell, .init = start, .fini = stop);

#define IPP "_ipp._tcp.local"
#define LASER "Laser._ipp._tcp.local"
#define PTR(ttl)                                                                                   \
	{                                                                                          \
		IPP, DNS_TYPE_PTR, ttl, LASER                                                      \
	}
#define SRV(ttl)                                                                                   \
	{                                                                                          \
		LASER, DNS_TYPE_SRV, ttl, "laser.local"                                            \
	}
#define TXT(ttl)                                                                                   \
	{                                                                                          \
		LASER, DNS_TYPE_TXT, ttl, "rp=ipp"                                                 \
	}
#define ADDR(ttl)                                                                                  \
	{                                                                                          \
		"laser.local", DNS_TYPE_A, ttl, "10.10.0.5"                                        \
	}
#define SERVICE(ttl) PTR(ttl), SRV(ttl), TXT(ttl), ADDR(ttl)

/* A browse whose waiting query is over. */
static void browse(uint16_t link)
{
	QUERY(link, 7, 1, 0, {IPP, DNS_TYPE_PTR});
	elapse(7000);
	forget();
}

Test(tell, a_new_service_is_told_where_it_is_browsed)
{
	browse(DESK);
	HEAR(LAB, 5, SERVICE(4500));
	elapse(200);
	cr_assert_eq(count(DP_DOWN_TELL, 0), 1, "the PTR brings the rest along");
	cr_assert_eq(nth(DP_DOWN_TELL, DESK, 0)->call.rec, find(LAB, IPP, DNS_TYPE_PTR, LASER));
	cr_assert_eq(counter(CTL_C_told), 1);
	/* Said again, it is no news. */
	elapse(5000);
	HEAR(LAB, 5, SERVICE(4500));
	elapse(200);
	cr_assert_eq(count(DP_DOWN_TELL, 0), 2, "the second announcement and no more");
}

Test(tell, nobody_is_told_who_did_not_ask_or_may_not_see)
{
	QUERY(GUEST, 7, 1, 0, {"_smb._tcp.local", DNS_TYPE_PTR});
	elapse(7000);
	forget();
	HEAR(LAB, 5, SERVICE(4500),
		{"_smb._tcp.local", DNS_TYPE_PTR, 4500, "Disk._smb._tcp.local"});
	elapse(200);
	cr_assert_eq(count(DP_DOWN_TELL, 0), 0);
}

Test(tell, the_link_of_origin_is_not_told)
{
	browse(LAB);
	HEAR(LAB, 5, SERVICE(4500));
	elapse(200);
	cr_assert_eq(count(DP_DOWN_TELL, 0), 0);
}

Test(tell, interest_of_an_answered_browse_counts_too)
{
	HEAR(LAB, 5, SERVICE(4500));
	/* The worker answered and passes on that there is interest. */
	h.answered = true;
	QUERY(DESK, 7, 1, 0, {IPP, DNS_TYPE_PTR});
	elapse(100);
	cr_assert_eq(h.n, 0, "neither asked nor replayed");
	cr_assert_eq(ctl_held(h.ctl), 0);
	HEAR(LAB, 6, {IPP, DNS_TYPE_PTR, 4500, "Ink._ipp._tcp.local"});
	elapse(200);
	cr_assert_eq(count(DP_DOWN_TELL, DESK), 1);
}

Test(tell, interest_ends_after_75_minutes)
{
	browse(DESK);
	elapse(CTL_INTEREST_MS);
	HEAR(LAB, 5, SERVICE(4500));
	elapse(200);
	cr_assert_eq(count(DP_DOWN_TELL, 0), 0);
}

Test(tell, who_got_the_answer_by_multicast_is_not_told_again)
{
	QUERY(DESK, 7, 1, 0, {IPP, DNS_TYPE_PTR});
	HEAR(LAB, 5, SERVICE(4500));
	elapse(200);
	cr_assert_eq(count(DP_DOWN_REPLAY, DESK), 1);
	cr_assert_eq(count(DP_DOWN_TELL, DESK), 0);
	HEAR(LAB, 6, {IPP, DNS_TYPE_PTR, 4500, "Ink._ipp._tcp.local"});
	elapse(200);
	cr_assert_eq(count(DP_DOWN_TELL, DESK), 1);
}

Test(tell, a_goodbye_is_passed_on_while_the_record_dies)
{
	const struct down *d;

	browse(DESK);
	HEAR(LAB, 5, SERVICE(4500));
	elapse(2000);
	forget();
	HEAR(LAB, 5, PTR(0));
	cr_assert_eq(count(DP_DOWN_GOODBYE, DESK), 3);
	d = nth(DP_DOWN_GOODBYE, DESK, 0);
	cr_assert_eq(d->call.rec, find(LAB, IPP, DNS_TYPE_PTR, LASER));
	cr_assert_not_null(cache_record_get(h.shared.cache, d->call.rec, d->call.gen));
	/* Its SRV and TXT are told too. */
	cr_assert_eq(counter(CTL_C_withdrawn), 3);
	HEAR(LAB, 5, PTR(0));
	elapse(2000);
	cr_assert_eq(count(DP_DOWN_GOODBYE, 0), 3);
}

Test(tell, what_expires_is_not_withdrawn)
{
	browse(DESK);
	HEAR(LAB, 5, SERVICE(60));
	elapse(65000);
	cr_assert_eq(find(LAB, IPP, DNS_TYPE_PTR, LASER), 0);
	cr_assert_eq(count(DP_DOWN_GOODBYE, 0), 0);
}

Test(tell, a_service_back_within_the_second_is_told_again)
{
	browse(DESK);
	HEAR(LAB, 5, SERVICE(4500));
	elapse(2000);
	forget();
	HEAR(LAB, 5, PTR(0));
	elapse(300);
	HEAR(LAB, 5, PTR(4500));
	elapse(2000);
	cr_assert_eq(count(DP_DOWN_TELL, DESK), 2);
	cr_assert_neq(find(LAB, IPP, DNS_TYPE_PTR, LASER), 0);
}

Test(tell, changed_data_of_a_service_is_told)
{
	browse(DESK);
	HEAR(LAB, 5, SERVICE(4500));
	elapse(5000);
	forget();
	HEAR(LAB, 5, {LASER, DNS_TYPE_TXT, 4500, "rp=other"});
	elapse(200);
	cr_assert_eq(count(DP_DOWN_TELL, DESK), 1);
	cr_assert_eq(
		nth(DP_DOWN_TELL, DESK, 0)->call.rec, find(LAB, LASER, DNS_TYPE_TXT, "rp=other"));
	cr_assert_eq(count(DP_DOWN_GOODBYE, 0), 0, "the flush bit of the new one does that");
	forget();
	HEAR(LAB, 5, {"laser.local", DNS_TYPE_A, 4500, "10.10.0.6"});
	elapse(200);
	cr_assert_eq(count(DP_DOWN_TELL, DESK), 1);
}

Test(tell, a_record_that_was_missing_is_no_change)
{
	browse(DESK);
	HEAR(LAB, 5, PTR(4500), SRV(60), TXT(4500), ADDR(60));
	elapse(70000);
	forget();
	HEAR(LAB, 5, SRV(60), ADDR(60));
	elapse(200);
	cr_assert_eq(count(DP_DOWN_TELL, 0), 0);
}

Test(tell, interest_is_bounded_per_link)
{
	char name[64];

	for (unsigned i = 0; i < CTL_INTEREST_LINK_MAX + 20; i++) {
		snprintf(name, sizeof(name), "_t%u._tcp.local", i);
		QUERY(GUEST, 7, 1, 0, {name, DNS_TYPE_PTR});
	}
	cr_assert_eq(counter(CTL_C_interest_refused), 20);
	QUERY(DESK, 7, 1, 0, {IPP, DNS_TYPE_PTR});
	cr_assert_eq(counter(CTL_C_interest_refused), 20, "another link has its own share");
	elapse(60000);
}

/* Refresh (RFC 6762 §5.2). */

/* Somebody asks for the RRset, as a worker notes it. */
static void use(const char *name, uint16_t type)
{
	uint32_t rec = find(LAB, name, type, NULL);

	cr_assert_neq(rec, 0);
	cache_node_ask(cache_node_at(h.shared.cache, record(rec)->node), now_ms());
}

Test(tell, what_nobody_asks_for_is_not_refreshed)
{
	HEAR(LAB, 5, SERVICE(100));
	elapse(101000);
	cr_assert_eq(count(DP_DOWN_TX, LAB), 0);
	cr_assert_eq(find(LAB, IPP, DNS_TYPE_PTR, LASER), 0);
}

Test(tell, what_is_in_use_is_asked_for_at_80_85_90_95_percent)
{
	static const unsigned percent[] = {80, 85, 90, 95};
	uint32_t t0 = now_ms();

	HEAR(LAB, 5, PTR(100));
	use(IPP, DNS_TYPE_PTR);
	elapse(101000);
	/* Twice by unicast, then twice by multicast: over IPv4, which the owner has been heard on.
	 */
	cr_assert_eq(times_asked(LAB, IPP, DNS_TYPE_PTR), 4);
	for (unsigned i = 0; i < 4; i++) {
		const struct down *d = asked(LAB, IPP, DNS_TYPE_PTR, i);
		bool qu;

		has_question(d, IPP, DNS_TYPE_PTR, &qu);
		cr_assert_eq(is_multicast(d), i >= 2);
		cr_assert_eq(qu, i < 2);
		cr_assert_geq(d->at_ms - t0, percent[i] * 1000);
		cr_assert_leq(d->at_ms - t0, percent[i] * 1000 + 2100);
	}
	cr_assert_eq(counter(CTL_C_refreshes), 4);
}

Test(tell, an_answer_ends_the_refresh)
{
	HEAR(LAB, 5, PTR(100));
	use(IPP, DNS_TYPE_PTR);
	elapse(83000);
	cr_assert_eq(times_asked(LAB, IPP, DNS_TYPE_PTR), 1);
	HEAR(LAB, 5, PTR(100));
	elapse(18000);
	cr_assert_eq(times_asked(LAB, IPP, DNS_TYPE_PTR), 1);
	cr_assert_neq(find(LAB, IPP, DNS_TYPE_PTR, LASER), 0);
	elapse(100000);
}

Test(tell, all_that_is_nearly_due_goes_into_one_query)
{
	HEAR(LAB, 5, PTR(100));
	elapse(2000);
	HEAR(LAB, 5, SRV(100), TXT(100), ADDR(100));
	use(IPP, DNS_TYPE_PTR);
	use(LASER, DNS_TYPE_SRV);
	use(LASER, DNS_TYPE_TXT);
	elapse(80500);
	cr_assert_eq(count(DP_DOWN_TX, LAB), 1);
	cr_assert(has_question(asked(LAB, IPP, DNS_TYPE_PTR, 0), LASER, DNS_TYPE_SRV, NULL));
	cr_assert(has_question(asked(LAB, IPP, DNS_TYPE_PTR, 0), LASER, DNS_TYPE_TXT, NULL));
	cr_assert_eq(times_asked(LAB, "laser.local", DNS_TYPE_A), 0, "nobody asked for it");
	elapse(100000);
}

Test(tell, answering_from_an_old_record_refreshes_it_at_once)
{
	struct dp_upcall u = {.op = DP_UP_REFRESH};

	HEAR(LAB, 5, PTR(100));
	u.rec = find(LAB, IPP, DNS_TYPE_PTR, LASER);
	u.gen = record(u.rec)->gen;
	use(IPP, DNS_TYPE_PTR);
	elapse(83000);
	forget();
	elapse(1100);
	upcall(&u);
	upcall(&u);
	cr_assert_eq(times_asked(LAB, IPP, DNS_TYPE_PTR), 1, "once a second");
	u.gen += 2;
	elapse(500);
	forget();
	upcall(&u);
	cr_assert_eq(h.n, 0, "another life of the slot");
	elapse(30000);
}
