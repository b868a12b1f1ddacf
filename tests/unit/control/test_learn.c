/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include "dns/wire.h"

/* What is learned from a response, and who may see it afterwards. */

TestSuite(learn, .init = start, .fini = stop);

/* A printer of the lab, and an SSH service that `in` denies. */
#define PTR(ttl)                                                                                   \
	{                                                                                          \
		"_ipp._tcp.local", DNS_TYPE_PTR, ttl, "Laser._ipp._tcp.local"                      \
	}
#define SRV(ttl)                                                                                   \
	{                                                                                          \
		"Laser._ipp._tcp.local", DNS_TYPE_SRV, ttl, "laser.local"                          \
	}
#define TXT(ttl)                                                                                   \
	{                                                                                          \
		"Laser._ipp._tcp.local", DNS_TYPE_TXT, ttl, "rp=ipp"                               \
	}
#define ADDR(ttl)                                                                                  \
	{                                                                                          \
		"laser.local", DNS_TYPE_A, ttl, "10.10.0.5"                                        \
	}
#define ADDR6(ttl)                                                                                 \
	{                                                                                          \
		"laser.local", DNS_TYPE_AAAA, ttl, "fd00:10::5"                                    \
	}

static const uint8_t desk_ip[4] = {10, 20, 0, 77}, far_ip[4] = {192, 0, 2, 1};

Test(learn, a_service_becomes_visible_where_policy_lets_it)
{
	uint32_t ptr, srv, a;

	HEAR(LAB, 5, PTR(4500), SRV(120), TXT(4500), ADDR(120), ADDR6(120));
	ptr = find(LAB, "_ipp._tcp.local", DNS_TYPE_PTR, "Laser._ipp._tcp.local");
	srv = find(LAB, "Laser._ipp._tcp.local", DNS_TYPE_SRV, "laser.local");
	a = find(LAB, "laser.local", DNS_TYPE_A, "10.10.0.5");
	cr_assert(visible(ptr, DESK) && visible(ptr, GUEST) && !visible(ptr, LAB));
	cr_assert(visible(srv, DESK) && visible(srv, GUEST));
	cr_assert(visible(a, DESK) && visible(a, GUEST));
	cr_assert_eq(counter(CTL_C_records_learned), 5);
	HEAR(LAB, 5, PTR(4500));
	cr_assert_eq(counter(CTL_C_records_refreshed), 1);
}

Test(learn, policy_is_asked_per_rrset_not_per_packet)
{
	HEAR(LAB, 5, {"_ssh._tcp.local", DNS_TYPE_PTR, 4500, "Laser._ssh._tcp.local"},
		{"Laser._ssh._tcp.local", DNS_TYPE_SRV, 120, "laser.local"}, PTR(4500));
	cr_assert_eq(find(LAB, "_ssh._tcp.local", DNS_TYPE_PTR, NULL), 0);
	cr_assert_eq(find(LAB, "Laser._ssh._tcp.local", DNS_TYPE_SRV, NULL), 0);
	cr_assert_neq(find(LAB, "_ipp._tcp.local", DNS_TYPE_PTR, NULL), 0);
	cr_assert_eq(counter(CTL_C_records_denied), 2);
}

Test(learn, nothing_is_learned_where_in_permits_nothing)
{
	HEAR(GUEST, 5, PTR(4500), ADDR(120));
	cr_assert_eq(find(GUEST, "_ipp._tcp.local", DNS_TYPE_PTR, NULL), 0);
	cr_assert_eq(find(GUEST, "laser.local", DNS_TYPE_A, NULL), 0);
	cr_assert_eq(counter(CTL_C_records_denied), 2);
}

Test(learn, answer_and_additional_sections_only)
{
	HEAR(LAB, 5, {"a.local", DNS_TYPE_A, 120, "10.10.0.1", .section = DNS_SECTION_ANSWER},
		{"b.local", DNS_TYPE_A, 120, "10.10.0.2", .section = DNS_SECTION_AUTHORITY},
		{"c.local", DNS_TYPE_A, 120, "10.10.0.3", .section = DNS_SECTION_ADDITIONAL});
	cr_assert_neq(find(LAB, "a.local", DNS_TYPE_A, NULL), 0);
	cr_assert_eq(find(LAB, "b.local", DNS_TYPE_A, NULL), 0);
	cr_assert_neq(find(LAB, "c.local", DNS_TYPE_A, NULL), 0);
}

Test(learn, names_that_never_cross_are_left_out)
{
	HEAR(LAB, 5, {"host.example.com", DNS_TYPE_A, 120, "10.10.0.5"},
		{"_services._dns-sd._udp.local", DNS_TYPE_PTR, 4500, "_ipp._tcp.local"},
		{"b._dns-sd._udp.local", DNS_TYPE_PTR, 4500, "example.com"},
		{"1.2.254.169.in-addr.arpa", DNS_TYPE_PTR, 120, "laser.local"},
		{"loop.local", DNS_TYPE_A, 120, "127.0.0.1"},
		{"group.local", DNS_TYPE_A, 120, "224.0.0.251"},
		{"none.local", DNS_TYPE_AAAA, 120, "::"});
	cr_assert_eq(counter(CTL_C_records_ignored), 7);
	cr_assert_eq(counter(CTL_C_records_learned), 0);
	HEAR(LAB, 5, {"5.0.10.10.in-addr.arpa", DNS_TYPE_PTR, 120, "laser.local"});
	cr_assert_eq(counter(CTL_C_records_learned), 1);
}

Test(learn, link_local_addresses_are_kept_and_marked)
{
	uint32_t a, aaaa;

	HEAR(LAB, 5, {"x.local", DNS_TYPE_A, 120, "169.254.1.2"},
		{"x.local", DNS_TYPE_AAAA, 120, "fe80::5"});
	a = find(LAB, "x.local", DNS_TYPE_A, NULL);
	aaaa = find(LAB, "x.local", DNS_TYPE_AAAA, NULL);
	cr_assert_neq(a, 0);
	cr_assert_neq(aaaa, 0);
	cr_assert(record(a)->flags & CACHE_REC_LINK_LOCAL);
	cr_assert(record(aaaa)->flags & CACHE_REC_LINK_LOCAL);
}

Test(learn, cache_flush_ends_older_members_of_a_unique_rrset)
{
	uint32_t old;

	HEAR(LAB, 5, ADDR(120));
	old = find(LAB, "laser.local", DNS_TYPE_A, "10.10.0.5");
	elapse(5000);
	HEAR(LAB, 5, {"laser.local", DNS_TYPE_A, 120, "10.10.0.6"});
	cr_assert(record(old)->flags & CACHE_REC_DYING);
	elapse(1100);
	cr_assert_eq(find(LAB, "laser.local", DNS_TYPE_A, "10.10.0.5"), 0);
	cr_assert_neq(find(LAB, "laser.local", DNS_TYPE_A, "10.10.0.6"), 0);
}

Test(learn, a_goodbye_with_flush_bit_spares_the_rest_of_the_rrset)
{
	HEAR(LAB, 5, ADDR(120), {"laser.local", DNS_TYPE_A, 120, "10.10.0.6"});
	elapse(5000);
	HEAR(LAB, 5, {"laser.local", DNS_TYPE_A, 0, "10.10.0.6"});
	elapse(1100);
	cr_assert_neq(find(LAB, "laser.local", DNS_TYPE_A, "10.10.0.5"), 0);
	cr_assert_eq(find(LAB, "laser.local", DNS_TYPE_A, "10.10.0.6"), 0);
	cr_assert_eq(counter(CTL_C_goodbyes), 1);
}

Test(learn, a_flush_bit_on_a_service_ptr_flushes_nobody)
{
	HEAR(LAB, 5, PTR(4500));
	elapse(5000);
	HEAR(LAB, 6, {"_ipp._tcp.local", DNS_TYPE_PTR, 4500, "Ink._ipp._tcp.local"});
	elapse(2000);
	cr_assert_neq(find(LAB, "_ipp._tcp.local", DNS_TYPE_PTR, "Laser._ipp._tcp.local"), 0);
}

Test(learn, a_repeaters_copy_is_not_learned)
{
	const struct rr rr[] = {PTR(4500)};

	/* At home on the desk link, heard on the lab's. */
	hear_from(LAB, 9, desk_ip, DP_PKT_GROUP | DP_PKT_OFFLINK, rr, 1);
	cr_assert_eq(find(LAB, "_ipp._tcp.local", DNS_TYPE_PTR, NULL), 0);
	cr_assert_eq(counter(CTL_C_responses_reflected), 1);
	/* At home nowhere: a host with a stray address. */
	hear_from(LAB, 9, far_ip, DP_PKT_GROUP | DP_PKT_OFFLINK, rr, 1);
	cr_assert_neq(find(LAB, "_ipp._tcp.local", DNS_TYPE_PTR, NULL), 0);
}

Test(learn, a_station_known_on_the_link_may_use_a_stray_address)
{
	const struct rr rr[] = {SRV(120)};

	HEAR(LAB, 9, PTR(4500));
	hear_from(LAB, 9, desk_ip, DP_PKT_GROUP | DP_PKT_OFFLINK, rr, 1);
	cr_assert_neq(find(LAB, "Laser._ipp._tcp.local", DNS_TYPE_SRV, NULL), 0);
	cr_assert_eq(counter(CTL_C_responses_reflected), 0);
}

Test(learn, broken_messages_are_survived)
{
	uint8_t noise[64];
	struct dp_upcall u = {.op = DP_UP_RESPONSE};

	for (unsigned seed = 0; seed < 200; seed++) {
		for (unsigned i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)(seed * 31 + i * i * 7 + (i ^ seed));
		u.m = rte_pktmbuf_alloc(h.shared.pool);
		memcpy(rte_pktmbuf_append(u.m, sizeof(noise)), noise, sizeof(noise));
		memset(dp_pkt(u.m), 0, sizeof(struct dp_pkt));
		dp_pkt(u.m)->link = LAB;
		dp_pkt(u.m)->family = 4;
		/* Some claim more than there is. */
		dp_pkt(u.m)->dns_len = (uint16_t)(seed % 100);
		upcall(&u);
	}
	cr_assert_eq(counter(CTL_C_records_learned), 0);
}

/* Grants: addresses are seen by whom a service of their host is. */

Test(learn, addresses_without_a_service_are_seen_by_nobody)
{
	HEAR(LAB, 5, ADDR(120));
	cr_assert(!visible(find(LAB, "laser.local", DNS_TYPE_A, NULL), DESK));
	cr_assert(!visible(find(LAB, "laser.local", DNS_TYPE_A, NULL), GUEST));
}

Test(learn, addresses_are_lent_what_any_service_of_the_host_is_permitted)
{
	uint32_t a;

	HEAR(LAB, 5, ADDR(120), {"5.0.10.10.in-addr.arpa", DNS_TYPE_PTR, 120, "laser.local"});
	HEAR(LAB, 5, {"Disk._smb._tcp.local", DNS_TYPE_SRV, 120, "LASER.local"});
	a = find(LAB, "laser.local", DNS_TYPE_A, NULL);
	cr_assert(visible(a, DESK));
	cr_assert(!visible(a, GUEST));
	cr_assert(visible(find(LAB, "5.0.10.10.in-addr.arpa", DNS_TYPE_PTR, NULL), DESK));
	HEAR(LAB, 5, SRV(120));
	cr_assert(visible(a, GUEST));
	/* The printing service goes: the guests no longer need the address. */
	HEAR(LAB, 5, SRV(0));
	elapse(1100);
	cr_assert(visible(a, DESK));
	cr_assert(!visible(a, GUEST));
}

Test(learn, a_service_of_another_link_lends_nothing)
{
	HEAR(LAB, 5, ADDR(120));
	HEAR(DESK, 6, {"Fake._ipp._tcp.local", DNS_TYPE_SRV, 120, "laser.local"});
	cr_assert(!visible(find(LAB, "laser.local", DNS_TYPE_A, NULL), GUEST));
}

Test(learn, device_info_goes_with_the_other_services_of_the_instance)
{
	uint32_t info;

	HEAR(LAB, 5, {"Laser._device-info._tcp.local", DNS_TYPE_TXT, 4500, "model=X"});
	info = find(LAB, "Laser._device-info._tcp.local", DNS_TYPE_TXT, NULL);
	cr_assert(!visible(info, GUEST));
	HEAR(LAB, 5, SRV(120));
	cr_assert(visible(info, GUEST));
	HEAR(LAB, 5, SRV(0));
	elapse(1100);
	cr_assert(!visible(info, GUEST));
}

Test(learn, many_services_of_a_host_come_and_go)
{
	char name[64];
	uint32_t a;

	HEAR(LAB, 5, ADDR(4500));
	a = find(LAB, "laser.local", DNS_TYPE_A, NULL);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "p%u._ipp._tcp.local", i);
		HEAR(LAB, 5, {name, DNS_TYPE_SRV, 4500, "laser.local"});
	}
	cr_assert(visible(a, GUEST));
	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "p%u._ipp._tcp.local", i);
		cr_assert(visible(a, GUEST));
		HEAR(LAB, 5, {name, DNS_TYPE_SRV, 0, "laser.local"});
	}
	elapse(1100);
	cr_assert(!visible(a, GUEST));
}

Test(learn, service_types_are_listed_while_they_have_a_ptr)
{
	const struct dp_types *t;

	HEAR(LAB, 5, PTR(4500), {"_smb._tcp.local", DNS_TYPE_PTR, 4500, "Disk._smb._tcp.local"},
		{"_x._sub._ipp._tcp.local", DNS_TYPE_PTR, 4500, "Laser._ipp._tcp.local"});
	HEAR(LAB, 6, {"_ipp._tcp.local", DNS_TYPE_PTR, 4500, "Ink._ipp._tcp.local"});
	t = h.shared.types;
	cr_assert_not_null(t);
	cr_assert_eq(t->n, 2);
	HEAR(LAB, 5, PTR(0));
	elapse(1100);
	cr_assert_eq(((const struct dp_types *)h.shared.types)->n, 2);
	HEAR(LAB, 6, {"_ipp._tcp.local", DNS_TYPE_PTR, 0, "Ink._ipp._tcp.local"});
	elapse(1100);
	t = h.shared.types;
	cr_assert_eq(t->n, 1);
	cr_assert_eq(cache_node_at(h.shared.cache, t->node[0])->sd.kind, DNS_NAME_SERVICE_TYPE);
}
