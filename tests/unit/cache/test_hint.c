/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include <string.h>

#include "dns/name.h"

/* Owner memory: whom to ask for what is not held (DESIGN §5). */

TestSuite(hint, .init = start_roomy, .fini = stop);

static uint32_t hint(const char *name, uint16_t type, uint16_t link, unsigned station)
{
	uint8_t wire[DNS_NAME_MAX];
	struct mac_addr mac = station_mac(station);
	int len = dns_name_from_text(name, wire);

	return cache_hint(fx.cache, wire, (uint8_t)len, type, link, &mac, fx.now);
}

static void expect_owner(uint32_t node, uint16_t link, unsigned station)
{
	const struct cache_node *n = cache_node_at(fx.view, node);
	struct mac_addr mac = station_mac(station);

	cr_assert_neq(node, 0);
	cr_assert(n->flags & CACHE_NODE_OWNED);
	cr_assert_eq(n->count, 0);
	cr_assert_eq(n->owner_link, link);
	cr_assert(mac_equal(&n->owner_mac, &mac));
}

Test(hint, an_expired_owner_is_remembered_for_75_minutes)
{
	uint32_t node;

	LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .link = 2, .station = 7);
	elapse(120000);
	cr_assert_eq(stats().records, 0);
	cr_assert_eq(stats().stations, 0);
	cr_assert_eq(stats().hints, 1);
	node = node_of("H.local", DNS_TYPE_A);
	expect_owner(node, 2, 7);
	elapse(CACHE_HINT_MS - 1);
	cr_assert_eq(node_of("h.local", DNS_TYPE_A), node);
	elapse(1);
	cr_assert_eq(node_of("h.local", DNS_TYPE_A), 0);
	expect_nothing_left();
}

Test(hint, records_take_the_node_over_again)
{
	uint32_t node, rec;

	LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .link = 2, .station = 7);
	elapse(120000);
	node = node_of("h.local", DNS_TYPE_A);
	elapse(CACHE_HINT_MS / 2);
	rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .link = 3, .station = 8, .ttl = 7200);
	cr_assert_eq(record(rec)->node, node);
	cr_assert_eq(stats().hints, 0);
	/* Nothing of the hint's age is left. */
	elapse(CACHE_HINT_MS);
	cr_assert(answerable(rec));
	elapse(7200000 - CACHE_HINT_MS);
	expect_owner(node, 3, 8);
	remove_all();
}

Test(hint, only_the_last_record_leaves_one)
{
	LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 10);
	LEARN("h.local", DNS_TYPE_A, "10.0.0.2", .ttl = 20, .station = 2);
	elapse(10000);
	cr_assert_eq(stats().hints, 0);
	elapse(10000);
	expect_owner(node_of("h.local", DNS_TYPE_A), 1, 2);
	/* A removal by command leaves none. */
	LEARN("i.local", DNS_TYPE_A, "10.0.0.1");
	cr_assert_eq(cache_remove(fx.cache, fx.rec, fx.now), 0);
	cr_assert_eq(node_of("i.local", DNS_TYPE_A), 0);
	remove_all();
}

Test(hint, ptr_hints_at_srv_and_srv_at_its_host)
{
	LEARN("_ipp._tcp.local", DNS_TYPE_PTR, "Lab._ipp._tcp.local", .link = 4, .station = 3);
	expect_owner(node_of("Lab._ipp._tcp.local", DNS_TYPE_SRV), 4, 3);
	LEARN("_printer._sub._ipp._tcp.local", DNS_TYPE_PTR, "Sub._ipp._tcp.local", .link = 4,
		.station = 3);
	expect_owner(node_of("Sub._ipp._tcp.local", DNS_TYPE_SRV), 4, 3);
	LEARN("Lab._ipp._tcp.local", DNS_TYPE_SRV, "host.local", .link = 4, .station = 3);
	expect_owner(node_of("host.local", DNS_TYPE_A), 4, 3);
	cr_assert_eq(
		cache_node_at(fx.view, node_of("Lab._ipp._tcp.local", DNS_TYPE_SRV))->count, 1);
	/* Not at what resolves otherwise, or not at all. */
	LEARN("_services._dns-sd._udp.local", DNS_TYPE_PTR, "_ipp._tcp.local");
	LEARN("7.0.0.10.in-addr.arpa", DNS_TYPE_PTR, "host.local");
	LEARN("No._ipp._tcp.local", DNS_TYPE_SRV, ".");
	cr_assert_eq(node_of("_ipp._tcp.local", DNS_TYPE_SRV), 0);
	cr_assert_eq(node_of("host.local", DNS_TYPE_SRV), 0);
	cr_assert_eq(node_of(".", DNS_TYPE_A), 0);
	cr_assert_eq(stats().hints, 2);
	remove_all();
}

Test(hint, a_claim_updates_an_empty_node_but_not_a_full_one)
{
	uint32_t node = hint("h.local", DNS_TYPE_A, 1, 1);

	elapse(CACHE_HINT_MS - 1);
	cr_assert_eq(hint("h.local", DNS_TYPE_A, 2, 2), node);
	expect_owner(node, 2, 2);
	elapse(CACHE_HINT_MS - 1);
	cr_assert_eq(node_of("h.local", DNS_TYPE_A), node);
	LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 10);
	cr_assert_eq(hint("h.local", DNS_TYPE_A, 2, 2), node);
	cr_assert_eq(stats().hints, 0);
	elapse(10000);
	expect_owner(node, 1, 1);
	remove_all();
}

Test(hint, an_instance_is_remembered_while_its_ptr_lives)
{
	uint32_t ptr = LEARN("_ipp._tcp.local", DNS_TYPE_PTR, "Lab._ipp._tcp.local", .ttl = 4500,
		.link = 2, .station = 3);

	/* Heard every half hour, for a day: the SRV never was. */
	for (unsigned i = 0; i < 48; i++) {
		elapse(1800000);
		cache_record_touch(record(ptr), fx.now);
	}
	expect_owner(node_of("LAB._ipp._tcp.local", DNS_TYPE_SRV), 2, 3);
	LEARN("Lab._ipp._tcp.local", DNS_TYPE_TXT, "a=b", .link = 2, .station = 3, .ttl = 60);
	elapse(60000);
	expect_owner(node_of("Lab._ipp._tcp.local", DNS_TYPE_TXT), 2, 3);
	/* Only the PTR of that very link counts. */
	hint("Lab._ipp._tcp.local", DNS_TYPE_SRV, 5, 5);
	LEARN("_ipp._tcp.local", DNS_TYPE_PTR, "Lab._ipp._tcp.local", .ttl = 4500, .link = 2,
		.station = 3);
	elapse(4499000);
	cache_record_touch(record(ptr), fx.now);
	elapse(1000);
	cr_assert_eq(node_of("Lab._ipp._tcp.local", DNS_TYPE_SRV), 0);
	expect_owner(node_of("Lab._ipp._tcp.local", DNS_TYPE_TXT), 2, 3);

	/* With the PTR the memory goes. */
	hint("Lab._ipp._tcp.local", DNS_TYPE_SRV, 2, 3);
	SAY("_ipp._tcp.local", DNS_TYPE_PTR, "Lab._ipp._tcp.local", .goodbye = true, .link = 2,
		.station = 3);
	elapse(1000);
	expect_nothing_left();
}

Test(hint, a_subtype_going_withdraws_nothing)
{
	uint32_t sub;

	LEARN("_ipp._tcp.local", DNS_TYPE_PTR, "Lab._ipp._tcp.local");
	sub = LEARN("_p._sub._ipp._tcp.local", DNS_TYPE_PTR, "Lab._ipp._tcp.local");
	cache_goodbye(fx.cache, sub, fx.now);
	elapse(1000);
	cr_assert_neq(node_of("Lab._ipp._tcp.local", DNS_TYPE_SRV), 0);
	remove_all();
}

Test(few_nodes, the_oldest_hints_make_room, .init = start_eal, .fini = stop)
{
	struct cache_limits l = roomy;
	uint32_t rec, many = 0;
	char name[24];

	l.records = 8;
	start_cache(&l, 4096);
	for (unsigned i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "h%u.local", i);
		cr_assert_neq(hint(name, DNS_TYPE_A, 1, 1), 0);
		elapse(1);
	}
	many = stats().hints;
	cr_assert_lt(many, 100);
	cr_assert_eq(node_of("h0.local", DNS_TYPE_A), 0);
	cr_assert_neq(node_of("h499.local", DNS_TYPE_A), 0);
	snprintf(name, sizeof(name), "h%u.local", 500 - many);
	cr_assert_neq(node_of(name, DNS_TYPE_A), 0);
	rec = LEARN("new.local", DNS_TYPE_A, "10.0.0.1");
	cr_assert(answerable(rec));
	cr_assert_eq(node_of(name, DNS_TYPE_A), 0);
	cr_assert_eq(stats().nodes, many);
	cr_assert_eq(stats().hint_refused, 0);
	remove_all();
}

Test(few_nodes, without_deferral_a_hint_is_refused_and_counted, .init = start_eal, .fini = stop)
{
	struct cache_limits l = roomy;
	unsigned given = 0;
	char name[24];

	l.records = 8;
	start_cache(&l, 2);
	rcu_online(&fx.rcu, READER);
	for (unsigned i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "h%u.local", i);
		given += hint(name, DNS_TYPE_A, 1, 1) != 0;
		settle();
	}
	cr_assert_eq(given, stats().hints + 2, "two could be dropped");
	cr_assert_eq(stats().hint_refused, 500 - given);
	rcu_offline(&fx.rcu, READER);
	settle();
	cr_assert_neq(hint("more.local", DNS_TYPE_A, 1, 1), 0);
	elapse(CACHE_HINT_MS);
	expect_nothing_left();
}
