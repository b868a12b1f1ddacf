/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include "control/ctl.h"
#include "dns/wire.h"

/* Queries that missed: who is asked, how often, and who waits. */

TestSuite(ask, .init = start, .fini = stop);

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

Test(ask, a_missed_browse_is_asked_on_the_links_that_may_have_it)
{
	const struct down *d;
	bool qu = true;

	QUERY(DESK, 7, 1, 0, {IPP, DNS_TYPE_PTR});
	d = asked(LAB, IPP, DNS_TYPE_PTR, 0);
	cr_assert_not_null(d);
	cr_assert(is_multicast(d));
	cr_assert_eq(d->at_ms, now_ms());
	has_question(d, IPP, DNS_TYPE_PTR, &qu);
	cr_assert_not(qu);
	/* Over both families; not where it was asked, nor where nothing would be learned. */
	cr_assert_eq(times_asked(LAB, IPP, DNS_TYPE_PTR), 2);
	cr_assert_eq(times_asked(DESK, IPP, DNS_TYPE_PTR), 0);
	cr_assert_eq(times_asked(GUEST, IPP, DNS_TYPE_PTR), 0);
	cr_assert_eq(ctl_held(h.ctl), 1);
	elapse(7000);
	cr_assert_eq(counter(CTL_C_waiting_expired), 1);
}

Test(ask, a_type_nobody_may_provide_is_not_asked)
{
	QUERY(DESK, 7, 1, 0, {"_ssh._tcp.local", DNS_TYPE_PTR});
	cr_assert_eq(h.n, 0);
	cr_assert_eq(counter(CTL_C_questions_denied), 1);
	cr_assert_eq(ctl_held(h.ctl), 0);
}

Test(ask, names_of_no_use_are_never_asked)
{
	QUERY(DESK, 7, 0x1f, 0, {"b._dns-sd._udp.local", DNS_TYPE_PTR},
		{"_services._dns-sd._udp.local", DNS_TYPE_PTR},
		{"_dns-update._udp.local", DNS_TYPE_SRV},
		{"1.0.254.169.in-addr.arpa", DNS_TYPE_PTR}, {"nobody.local", DNS_TYPE_A});
	cr_assert_eq(h.n, 0);
	cr_assert_eq(ctl_held(h.ctl), 0);
	cr_assert_eq(counter(CTL_C_questions_no_owner), 1);
}

Test(ask, an_unanswered_question_is_put_three_times)
{
	uint32_t t0 = now_ms();

	QUERY(DESK, 7, 1, 0, {IPP, DNS_TYPE_PTR});
	elapse(20000);
	cr_assert_eq(times_asked(LAB, IPP, DNS_TYPE_PTR), 6);
	cr_assert_geq(asked(LAB, IPP, DNS_TYPE_PTR, 2)->at_ms - t0, 1000);
	cr_assert_geq(asked(LAB, IPP, DNS_TYPE_PTR, 4)->at_ms - t0, 3000);
	cr_assert_leq(asked(LAB, IPP, DNS_TYPE_PTR, 4)->at_ms - t0, 3100);
}

Test(ask, whoever_asks_the_intervals_double)
{
	unsigned n = 0;
	uint32_t last = 0, gap = 0;

	/* Four stations that ask the same thing again and again, one of them every 250 ms. */
	for (unsigned i = 0; i < 240; i++) {
		QUERY(DESK, 7 + i % 4, 1, 0, {IPP, DNS_TYPE_PTR});
		elapse(250);
	}
	for (const struct down *d; (d = asked(LAB, IPP, DNS_TYPE_PTR, n)) != NULL; n += 2) {
		cr_assert_geq(d->at_ms - last, gap * 2 - gap / 4, "at %u", n);
		gap = n > 0 ? d->at_ms - last : 500;
		last = d->at_ms;
	}
	cr_assert_geq(n / 2, 5);
	cr_assert_leq(n / 2, 7);
	cr_assert_gt(counter(CTL_C_questions_coalesced), 200);
	elapse(7000);
}

Test(ask, a_waiting_query_is_replayed_when_the_answer_came)
{
	const struct down *d;

	QUERY(DESK, 7, 1, 0, {IPP, DNS_TYPE_PTR, .qu = true});
	elapse(80);
	HEAR(LAB, 5, PTR(4500), SRV(120), TXT(4500), ADDR(120));
	cr_assert_eq(count(DP_DOWN_REPLAY, 0), 0, "other records may follow at once");
	elapse(60);
	cr_assert_eq(count(DP_DOWN_REPLAY, DESK), 1);
	d = nth(DP_DOWN_REPLAY, DESK, 0);
	cr_assert(d->pkt.flags & DP_PKT_REPLAY);
	cr_assert_not(d->pkt.flags & DP_PKT_COMPLETING);
	cr_assert_eq(counter(CTL_C_waiting_answered), 1);
	cr_assert_eq(ctl_held(h.ctl), 0);
	/* Answered: not asked again. */
	forget();
	elapse(10000);
	cr_assert_eq(times_asked(LAB, IPP, DNS_TYPE_PTR), 0);
}

Test(ask, an_answer_the_consumer_may_not_see_wakes_nobody)
{
	QUERY(GUEST, 7, 1, 0, {"_smb._tcp.local", DNS_TYPE_PTR, .qu = true});
	HEAR(LAB, 5, {"_smb._tcp.local", DNS_TYPE_PTR, 4500, "Disk._smb._tcp.local"});
	elapse(100);
	cr_assert_eq(count(DP_DOWN_REPLAY, 0), 0);
	elapse(7000);
	cr_assert_eq(counter(CTL_C_waiting_expired), 1);
}

Test(ask, a_browse_answered_without_addresses_is_completed_before_it_is_told)
{
	const struct down *d;

	QUERY(DESK, 7, 1, 0, {IPP, DNS_TYPE_PTR, .qu = true});
	HEAR(LAB, 5, PTR(4500));
	elapse(60);
	cr_assert_eq(count(DP_DOWN_REPLAY, 0), 0);
	d = asked(LAB, LASER, DNS_TYPE_SRV, 0);
	cr_assert_not_null(d);
	cr_assert(has_question(d, LASER, DNS_TYPE_TXT, NULL), "in the same message");
	HEAR(LAB, 5, SRV(120), TXT(4500));
	elapse(30);
	cr_assert_not_null(asked(LAB, "laser.local", DNS_TYPE_A, 0));
	HEAR(LAB, 5, ADDR(120));
	elapse(60);
	cr_assert_eq(count(DP_DOWN_REPLAY, DESK), 1);
}

Test(ask, a_query_that_crossed_with_its_answer_is_replayed_at_once)
{
	/* The worker found nothing, but before control heard of that, it learned. */
	h.paused = true;
	HEAR(LAB, 5, SRV(120), ADDR(120));
	QUERY(DESK, 7, 1, 0, {"laser.local", DNS_TYPE_A, .qu = true});
	h.paused = false;
	elapse(2);
	cr_assert_eq(count(DP_DOWN_REPLAY, DESK), 1);
	cr_assert_eq(count(DP_DOWN_TX, LAB), 0);
}

Test(ask, a_query_said_again_waits_once)
{
	for (unsigned i = 0; i < 5; i++)
		QUERY(DESK, 7, 1, 0, {IPP, DNS_TYPE_PTR});
	cr_assert_eq(ctl_held(h.ctl), 1);
	QUERY(DESK, 8, 1, 0, {IPP, DNS_TYPE_PTR});
	cr_assert_eq(ctl_held(h.ctl), 2);
	elapse(7000);
}

Test(ask, one_link_cannot_fill_the_waiting_room)
{
	char name[64];

	for (unsigned i = 0; i < CTL_WAIT_LINK_MAX + 50; i++) {
		snprintf(name, sizeof(name), "_t%u._tcp.local", i);
		QUERY(DESK, 7, 1, 0, {name, DNS_TYPE_PTR});
		elapse(10);
	}
	cr_assert_eq(ctl_held(h.ctl), CTL_WAIT_LINK_MAX);
	cr_assert_eq(counter(CTL_C_waiting_refused), 50);
	QUERY(GUEST, 7, 1, 0, {IPP, DNS_TYPE_PTR});
	cr_assert_eq(ctl_held(h.ctl), CTL_WAIT_LINK_MAX + 1, "another link has its own share");
	elapse(7000);
}

/* Of what is unique only the remembered owner is asked. */

Test(ask, srv_is_asked_of_the_owner_by_unicast)
{
	const struct down *d;
	struct mac_addr mac = station_mac(5);
	uint8_t ip[4];
	bool qu = false;

	/* SRV and address have expired, the PTR has not. */
	HEAR(LAB, 5, PTR(4500), SRV(120), ADDR(120));
	elapse(125000);
	forget();
	QUERY(DESK, 7, 1, 0, {LASER, DNS_TYPE_SRV});
	d = asked(LAB, LASER, DNS_TYPE_SRV, 0);
	cr_assert_not_null(d);
	station_ip4(LAB, 5, ip);
	cr_assert_arr_eq(d->frame, mac.b, 6);
	cr_assert_arr_eq(d->l3 + 16, ip, 4);
	cr_assert_eq(d->l3[8], 255);
	cr_assert_eq(dns_load16(d->l4 + 2), 5353);
	has_question(d, LASER, DNS_TYPE_SRV, &qu);
	cr_assert(qu);
	cr_assert_neq(h.shared.unicast_asked_ms[LAB], 0, "workers must hear the unicast answer");
	/* The next ones are for all to hear, and invite no unicast (RFC 6762 §5.4). */
	elapse(1500);
	d = asked(LAB, LASER, DNS_TYPE_SRV, 1);
	cr_assert_not_null(d);
	cr_assert(is_multicast(d));
	has_question(d, LASER, DNS_TYPE_SRV, &qu);
	cr_assert_not(qu);
	elapse(7000);
}

Test(ask, the_address_of_a_host_is_asked_of_its_owner_after_all_expired)
{
	HEAR(LAB, 5, SRV(4500), ADDR(60));
	elapse(65000);
	forget();
	QUERY(DESK, 7, 3, 0, {"laser.local", DNS_TYPE_A}, {"laser.local", DNS_TYPE_AAAA});
	cr_assert_eq(times_asked(LAB, "laser.local", DNS_TYPE_A), 1);
	cr_assert(has_question(
		asked(LAB, "laser.local", DNS_TYPE_A, 0), "laser.local", DNS_TYPE_AAAA, NULL));
	HEAR(LAB, 5, ADDR(120));
	elapse(60);
	cr_assert_eq(count(DP_DOWN_REPLAY, DESK), 1);
	elapse(7000);
}

Test(ask, what_the_owners_nsec_denies_is_not_asked)
{
	HEAR(LAB, 5, SRV(4500), ADDR(4500), {"laser.local", DNS_TYPE_NSEC, 4500, "A"});
	QUERY(DESK, 7, 1, 0, {"laser.local", DNS_TYPE_AAAA});
	cr_assert_eq(times_asked(LAB, "laser.local", DNS_TYPE_AAAA), 0);
	cr_assert_eq(ctl_held(h.ctl), 0);
}

Test(ask, a_consumer_who_may_not_see_the_service_has_no_one_asked)
{
	HEAR(LAB, 5, {"_smb._tcp.local", DNS_TYPE_PTR, 4500, "Disk._smb._tcp.local"});
	QUERY(GUEST, 7, 1, 0, {"Disk._smb._tcp.local", DNS_TYPE_SRV});
	cr_assert_eq(h.n, 0);
	QUERY(DESK, 7, 1, 0, {"Disk._smb._tcp.local", DNS_TYPE_SRV});
	cr_assert_eq(times_asked(LAB, "Disk._smb._tcp.local", DNS_TYPE_SRV), 1);
	elapse(7000);
}

/* Known answers (RFC 6762 §7.1, §7.2). */

Test(ask, known_answers_go_along_while_they_have_half_their_life)
{
	HEAR(LAB, 5, {"_smb._tcp.local", DNS_TYPE_PTR, 1000, "Disk._smb._tcp.local"},
		{"_smb._tcp.local", DNS_TYPE_PTR, 100, "Old._smb._tcp.local"});
	elapse(60000);
	forget();
	/* The guest may not see them, and so asks on. */
	QUERY(DESK, 7, 0, 0, {"_smb._tcp.local", DNS_TYPE_PTR});
	cr_assert_eq(h.n, 0, "no bit, no question");
	load_world("gateway: {id: test}\nports: [{name: trunk, device: \"net_null0\"}]\nlinks:\n"
		   "  - {name: lab, port: trunk, vlan: 10, addresses: [10.10.0.1/24],\n"
		   "     policy: {in: all, out: all}}\n"
		   "  - {name: desk, port: trunk, vlan: 20, addresses: [10.20.0.1/24],\n"
		   "     policy: {in: all, out: some}}\n"
		   "policies: {all: [{permit: any}],\n"
		   "  some: [{permit: _smb._tcp, instance: New}, {deny: any}]}\n");
	elapse(4000);
	forget();
	QUERY(DESK, 7, 1, 0, {"_smb._tcp.local", DNS_TYPE_PTR});
	cr_assert_eq(times_asked(LAB, "_smb._tcp.local", DNS_TYPE_PTR), 2);
	cr_assert_eq(answers_in(asked(LAB, "_smb._tcp.local", DNS_TYPE_PTR, 0)), 1);
	elapse(7000);
}

Test(ask, known_answers_that_do_not_fit_follow_under_tc)
{
	char name[64];
	unsigned answers = 0, messages = 0, questions = 0;
	const struct down *last = NULL;

	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "A rather long name of printer %u._ipp._tcp.local", i);
		HEAR(LAB, 5, {IPP, DNS_TYPE_PTR, 4500, name});
	}
	load_world("gateway: {id: test}\nports: [{name: trunk, device: \"net_null0\"}]\nlinks:\n"
		   "  - {name: lab, port: trunk, vlan: 10, addresses: [10.10.0.1/24],\n"
		   "     policy: {in: all, out: all}}\n"
		   "  - {name: desk, port: trunk, vlan: 20, addresses: [10.20.0.1/24],\n"
		   "     policy: {in: all, out: some}}\n"
		   "policies: {all: [{permit: any}],\n"
		   "  some: [{permit: _ipp._tcp, instance: New}, {deny: any}]}\n");
	elapse(4000);
	forget();
	QUERY(DESK, 7, 1, 0, {IPP, DNS_TYPE_PTR});
	for (unsigned i = 0; i < h.n; i++) {
		const struct down *d = &h.log[i];

		if (d->dns == NULL || d->ethertype != 0x0800)
			continue;
		cr_assert_leq(d->len, 18 + 1500);
		if (last != NULL)
			cr_assert(dns_load16(last->dns + 2) & DNS_FLAG_TC);
		last = d;
		messages++;
		questions += has_question(d, IPP, DNS_TYPE_PTR, NULL);
		answers += answers_in(d);
	}
	cr_assert_gt(messages, 1);
	cr_assert_eq(questions, 1);
	cr_assert_eq(answers, 200);
	cr_assert_not(dns_load16(last->dns + 2) & DNS_FLAG_TC);
	elapse(7000);
}

/* Budget. */

Test(ask, random_types_stay_within_the_links_budget)
{
	char name[64];
	unsigned sent = 0;
	uint32_t t0 = now_ms();

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "_t%u._tcp.local", i);
		QUERY(GUEST, 7 + i % 50, 1, 0, {name, DNS_TYPE_PTR});
		QUERY(DESK, 7 + i % 50, 1, 0, {name, DNS_TYPE_PTR});
		elapse(1);
	}
	elapse(3000);
	for (unsigned i = 0; i < h.n; i++)
		sent += h.log[i].call.link == LAB && h.log[i].dns != NULL;
	/* 50 a second and as many at once. */
	cr_assert_leq(sent, 50 + (now_ms() - t0) / 20 + 1);
	cr_assert_gt(sent, 0);
	elapse(60000);
}

Test(ask, questions_of_one_turn_share_a_message)
{
	HEAR(LAB, 5, PTR(4500));
	HEAR(LAB, 6, {IPP, DNS_TYPE_PTR, 4500, "Ink._ipp._tcp.local"});
	QUERY(DESK, 7, 7, 0, {LASER, DNS_TYPE_SRV}, {LASER, DNS_TYPE_TXT},
		{"Ink._ipp._tcp.local", DNS_TYPE_SRV});
	/* One message to each of the two owners. */
	cr_assert_eq(count(DP_DOWN_TX, LAB), 2);
	cr_assert(has_question(asked(LAB, LASER, DNS_TYPE_SRV, 0), LASER, DNS_TYPE_TXT, NULL));
	elapse(7000);
}

/* Completing: the worker held PTR records back. */

Test(ask, a_query_for_incomplete_services_comes_back_when_they_are_whole)
{
	const struct down *d;
	uint32_t ptr;

	HEAR(LAB, 5, PTR(4500));
	ptr = find(LAB, IPP, DNS_TYPE_PTR, LASER);
	QUERY(DESK, 7, 1, 1, {IPP, DNS_TYPE_PTR});
	cr_assert_neq(record(ptr)->completed_ms, 0);
	cr_assert_not_null(asked(LAB, LASER, DNS_TYPE_SRV, 0));
	cr_assert_eq(times_asked(LAB, IPP, DNS_TYPE_PTR), 0);
	elapse(50);
	HEAR(LAB, 5, SRV(120), TXT(4500), ADDR(120));
	elapse(60);
	cr_assert_eq(count(DP_DOWN_REPLAY, DESK), 1);
	d = nth(DP_DOWN_REPLAY, DESK, 0);
	cr_assert(d->pkt.flags & DP_PKT_REPLAY);
	cr_assert(d->pkt.flags & DP_PKT_COMPLETING);
	cr_assert_eq(d->pkt.wait_from_ms, d->pkt.arrived_ms);
}

Test(ask, a_query_for_incomplete_services_comes_back_anyway)
{
	uint32_t t0 = now_ms();

	HEAR(LAB, 5, PTR(4500));
	QUERY(DESK, 7, 1, 1, {IPP, DNS_TYPE_PTR});
	elapse(400);
	cr_assert_eq(count(DP_DOWN_REPLAY, 0), 0);
	elapse(200);
	cr_assert_eq(count(DP_DOWN_REPLAY, DESK), 1);
	cr_assert_leq(nth(DP_DOWN_REPLAY, DESK, 0)->at_ms - t0, 510);
	/* Left alone for a minute, the owner is asked again then. */
	elapse(10000);
	forget();
	QUERY(DESK, 8, 1, 1, {IPP, DNS_TYPE_PTR});
	elapse(10);
	cr_assert_eq(times_asked(LAB, LASER, DNS_TYPE_SRV), 0);
	cr_assert_eq(count(DP_DOWN_REPLAY, DESK), 1);
	elapse(60000);
	QUERY(DESK, 8, 1, 1, {IPP, DNS_TYPE_PTR});
	cr_assert_gt(times_asked(LAB, LASER, DNS_TYPE_SRV), 0);
	elapse(7000);
}

Test(ask, a_hidden_service_is_not_completed)
{
	HEAR(LAB, 5, PTR(4500), SRV(4500), TXT(4500),
		{"laser.local", DNS_TYPE_AAAA, 4500, "fe80::5"});
	QUERY(DESK, 7, 1, 1, {IPP, DNS_TYPE_PTR});
	elapse(10);
	cr_assert_eq(times_asked(LAB, "laser.local", DNS_TYPE_A), 0);
	cr_assert_eq(count(DP_DOWN_REPLAY, DESK), 1);
}
