/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/directory.h"
#include "harness.h"

#include <errno.h>

#include "dns/name.h"

/* What one record more, or once more, does. */

TestSuite(learn, .init = start_roomy, .fini = stop);

Test(learn, keeps_what_was_said)
{
	uint32_t rec = LEARN("Printer.local", DNS_TYPE_A, "10.0.0.7", .flush = true, .link = 3,
		.station = 9, .ttl = 120);
	struct cache_record *r = record(rec);
	struct mac_addr mac = station_mac(9);
	uint32_t node = node_of("pRINTER.LOCAL", DNS_TYPE_A);

	cr_assert_eq(r->node, node);
	cr_assert_eq(r->rrtype, DNS_TYPE_A);
	cr_assert_eq(r->link, 3);
	cr_assert_eq(r->ttl, 120);
	cr_assert_eq(r->flags, CACHE_REC_UNIQUE);
	cr_assert_eq(r->rdlen, 4);
	cr_assert_arr_eq(cache_record_rdata(fx.view, r), "\x0a\0\0\x07", 4);
	/* The owner's case is kept. */
	cr_assert_arr_eq(
		cache_node_name(fx.view, cache_node_at(fx.view, node)), "\7Printer\5local", 15);
	cr_assert_eq(r->station, cache_find_station(fx.view, 3, &mac));
	cr_assert_eq(cache_station_at(fx.view, r->station)->n_records, 1);
	cr_assert_eq(cache_link_records(fx.cache, 3), 1);
	cr_assert_eq(fx.told[TOLD_ADDED], 1);
	cr_assert(answerable(rec));
	cr_assert_eq(cache_record_ttl_left(r, fx.now), 120);
	cr_assert_eq(cache_record_ttl_left(r, fx.now + 1), 120, "rounded up");
	cr_assert_eq(cache_record_ttl_left(r, fx.now + 1000), 119);
	cr_assert_eq(cache_record_ttl_left(r, fx.now + 119999), 1, "never 0 while it lives");
	cr_assert_eq(cache_record_ttl_left(r, fx.now + 120000), 0);
	remove_all();
}

Test(learn, same_rdata_in_another_case_is_the_same_record)
{
	uint32_t rec = LEARN("_ipp._tcp.local", DNS_TYPE_PTR, "Lab._ipp._tcp.local");

	cr_assert_eq(SAY("_IPP._tcp.LOCAL", DNS_TYPE_PTR, "LAB._ipp._TCP.local"), CACHE_REFRESHED);
	cr_assert_eq(fx.rec, rec);
	cr_assert_eq(stats().records, 1);
	cr_assert_eq(fx.told[TOLD_ADDED], 1);
	/* Raw data is not folded. */
	cr_assert_eq(SAY("x.local", DNS_TYPE_TXT, "a=B"), CACHE_NEW);
	cr_assert_eq(SAY("x.local", DNS_TYPE_TXT, "a=b"), CACHE_NEW);
	remove_all();
}

Test(learn, same_rdata_on_two_links_is_two_records)
{
	uint32_t one = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .link = 1);
	uint32_t two = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .link = 2);
	struct cache_record *r = record(one);
	struct hash128 ident = cache_ident(
		fx.view, cache_node_at(fx.view, r->node)->key, (uint8_t *)"\x0a\0\0\1", 4);
	uint32_t both[2];

	cr_assert_neq(one, two);
	cr_assert_eq(record(two)->node, r->node);
	cr_assert_eq(r->ident, ident.lo);
	cr_assert_eq(record(two)->ident, ident.lo);
	cr_assert_eq(cache_find_record(fx.view, ident, 1), one);
	cr_assert_eq(cache_find_record(fx.view, ident, 2), two);
	cr_assert_eq(cache_find_record(fx.view, ident, 3), 0);
	cr_assert_eq(listed(r->node, both, 2), 2);
	/* The same MAC on two links is two stations. */
	cr_assert_eq(stats().stations, 2);
	remove_all();
}

Test(learn, change_of_ttl_or_flush_bit_shows_in_the_version)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 120);
	uint32_t version = record(rec)->version;

	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 60), CACHE_CHANGED);
	cr_assert_eq(record(rec)->ttl, 60);
	cr_assert_gt(record(rec)->version, version);
	version = record(rec)->version;
	cr_assert_eq(
		SAY("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 60, .flush = true), CACHE_CHANGED);
	cr_assert(record(rec)->flags & CACHE_REC_UNIQUE);
	cr_assert_gt(record(rec)->version, version);
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 60), CACHE_CHANGED);
	cr_assert_not(record(rec)->flags & CACHE_REC_UNIQUE);
	version = record(rec)->version;
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 60), CACHE_REFRESHED);
	cr_assert_eq(record(rec)->version, version);
	/* The shorter TTL counts at once. */
	elapse(59999);
	cr_assert(answerable(rec));
	elapse(1);
	cr_assert_eq(stats().records, 0);
	remove_all();
}

Test(learn, ttl_is_capped_and_a_negative_one_is_a_goodbye)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 0x7fffffff);

	cr_assert_eq(record(rec)->ttl, roomy.ttl);
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .ttl = 0x80000001), CACHE_GOODBYE);
	cr_assert_eq(
		SAY("i.local", DNS_TYPE_A, "10.0.0.2", .ttl = 0xffffffff), CACHE_GOODBYE_UNKNOWN);
	cr_assert_eq(fx.rec, 0);
	elapse(1000);
	expect_nothing_left();
}

Test(learn, identical_rdata_from_another_mac_is_a_handover)
{
	struct mac_addr proxy = station_mac(2), host = station_mac(1);
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .station = 1);

	LEARN("h.local", DNS_TYPE_AAAA, "fd00::1", .station = 1);
	elapse(2000);
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .station = 2), CACHE_HANDOVER);
	cr_assert_eq(fx.rec, rec);
	cr_assert_eq(stats().records, 2);
	cr_assert_eq(record(rec)->station, cache_find_station(fx.view, 1, &proxy));
	cr_assert_eq(cache_station_at(fx.view, record(rec)->station)->n_records, 1);
	cr_assert_eq(fx.told[TOLD_ADDED], 2);
	/* With its last record the old station goes. */
	cr_assert_eq(SAY("h.local", DNS_TYPE_AAAA, "fd00::1", .station = 2), CACHE_HANDOVER);
	cr_assert_eq(cache_find_station(fx.view, 1, &host), 0);
	settle();
	cr_assert_eq(stats().stations, 1);
	remove_all();
}

Test(learn, a_copy_lengthens_no_life)
{
	uint32_t rec = LEARN("h.local", DNS_TYPE_A, "10.0.0.1", .station = 1, .ttl = 10);

	elapse(3300);
	/* 6.7 s are left; a repeater brings back what we said elsewhere. */
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .station = 2, .ttl = 7), CACHE_COPY);
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .station = 2, .ttl = 3), CACHE_COPY);
	cr_assert_eq(cache_record_left_ms(record(rec), fx.now), 6700);
	/* So does one that the record was learned from. */
	cr_assert_eq(
		SAY("h.local", DNS_TYPE_A, "10.0.0.1", .station = 1, .ttl = 7), CACHE_REFRESHED);
	cr_assert_eq(cache_record_left_ms(record(rec), fx.now), 6700);
	/* A shorter life is its owner's to give. */
	cr_assert_eq(SAY("h.local", DNS_TYPE_A, "10.0.0.1", .station = 1, .ttl = 5), CACHE_CHANGED);
	cr_assert_eq(cache_record_left_ms(record(rec), fx.now), 5000);
	elapse(5000);
	remove_all();
}

Test(learn, lists_of_a_station_hold_through_any_order)
{
	uint32_t recs[4];
	char ip[16];

	for (unsigned i = 0; i < 4; i++) {
		snprintf(ip, sizeof(ip), "10.0.0.%u", i);
		recs[i] = LEARN("h.local", DNS_TYPE_A, ip);
	}
	/* Middle, head, tail of the list, last. */
	cr_assert_eq(cache_remove(fx.cache, recs[1], fx.now), 0);
	cr_assert_eq(cache_remove(fx.cache, recs[3], fx.now), 0);
	cr_assert_eq(cache_remove(fx.cache, recs[0], fx.now), 0);
	cr_assert_eq(cache_station_at(fx.view, record(recs[2])->station)->records, recs[2]);
	cr_assert_eq(cache_remove(fx.cache, recs[2], fx.now), 0);
	cr_assert_eq(cache_remove(fx.cache, recs[2], fx.now), -ENOENT);
	settle();
	expect_nothing_left();
}

Test(learn, rdata_of_any_length)
{
	static uint8_t rdata[BLOB_MAX + 1];
	struct cache_learn l = {
		.name = (const uint8_t *)"\1x\5local",
		.name_len = 9,
		.rrtype = DNS_TYPE_NULL,
		.rdata = rdata,
		.link = 1,
		.ttl = 120,
		.mac = station_mac(1),
	};
	uint32_t none, most, rec;

	memset(rdata, 0xa5, sizeof(rdata));
	cr_assert_eq(cache_learn(fx.cache, &l, fx.now, &none), CACHE_NEW);
	cr_assert_eq(record(none)->rdlen, 0);
	cr_assert_not_null(cache_record_rdata(fx.view, record(none)));
	l.rdlen = BLOB_MAX;
	cr_assert_eq(cache_learn(fx.cache, &l, fx.now, &most), CACHE_NEW);
	cr_assert_arr_eq(cache_record_rdata(fx.view, record(most)), rdata, BLOB_MAX);
	cr_assert_eq(cache_learn(fx.cache, &l, fx.now, &rec), CACHE_REFRESHED);
	cr_assert_eq(rec, most);
	l.rdlen = BLOB_MAX + 1;
	cr_assert_eq(cache_learn(fx.cache, &l, fx.now, &rec), CACHE_REFUSED_MEMORY);
	cr_assert_eq(rec, 0);
	remove_all();
}

Test(learn, notes_where_a_station_was_heard)
{
	static const uint8_t ip4[4] = {10, 0, 0, 9}, ip6[16] = {0xfd, 0, [15] = 9};
	struct cache_learn l = {
		.name = (const uint8_t *)"\1x\5local",
		.name_len = 9,
		.rrtype = DNS_TYPE_A,
		.rdata = ip4,
		.rdlen = 4,
		.link = 1,
		.ttl = 120,
		.mac = station_mac(1),
		.ip = ip4,
		.ip_len = 4,
	};
	const struct cache_station *st;
	uint32_t rec;

	cache_learn(fx.cache, &l, fx.now, &rec);
	fx.now += 10;
	l.ip = ip6;
	l.ip_len = 16;
	cache_learn(fx.cache, &l, fx.now, &rec);
	st = cache_station_at(fx.view, record(rec)->station);
	cr_assert_arr_eq(st->ip4, ip4, 4);
	cr_assert_arr_eq(st->ip6, ip6, 16);
	cr_assert_eq(st->seen_ms, fx.now);
}

Test(learn, bulk_lookup_finds_what_single_lookup_finds)
{
	const struct hash128 *ptrs[64];
	struct hash128 keys[64];
	uint32_t idx[64];
	char name[32];

	for (unsigned i = 0; i < 64; i++) {
		uint8_t wire[DNS_NAME_MAX];
		size_t len;

		snprintf(name, sizeof(name), "h%u.local", i);
		len = (size_t)dns_name_from_text(name, wire);
		if (i % 3 != 0)
			LEARN(name, DNS_TYPE_A, "10.0.0.1");
		keys[i] = cache_key(fx.view, wire, len, DNS_TYPE_A);
		ptrs[i] = &keys[i];
	}
	cache_find_nodes(fx.view, ptrs, 64, idx);
	for (unsigned i = 0; i < 64; i++) {
		snprintf(name, sizeof(name), "h%u.local", i);
		cr_assert_eq(idx[i], node_of(name, DNS_TYPE_A));
		cr_assert_eq(idx[i] == 0, i % 3 == 0);
	}
	/* The type is part of the key. */
	cr_assert_eq(node_of("h1.local", DNS_TYPE_AAAA), 0);
	remove_all();
}

Test(learn, readers_page_over_live_slots_only)
{
	uint32_t one = LEARN("a.local", DNS_TYPE_A, "10.0.0.1", .station = 1);
	uint32_t two = LEARN("b.local", DNS_TYPE_A, "10.0.0.2", .station = 2);
	uint32_t station = record(one)->station;
	uint32_t gen = record(one)->gen;

	cr_assert_eq(cache_record_max(fx.cache), 2);
	cr_assert_eq(cache_station_max(fx.cache), 2);
	cr_assert_eq(cache_record_get(fx.view, one, gen), record(one));
	cache_remove(fx.cache, one, fx.now);
	cr_assert_not(cache_record_is_live(fx.view, one));
	cr_assert(cache_record_is_live(fx.view, two));
	cr_assert_not(cache_record_is_live(fx.view, 0));
	cr_assert_not(cache_record_is_live(fx.view, 3));
	cr_assert_not(cache_record_is_live(fx.view, UINT32_MAX));
	cr_assert_not(cache_station_is_live(fx.view, station));
	cr_assert_not(cache_station_is_live(fx.view, UINT32_MAX));
	cr_assert_null(cache_record_get(fx.view, one, gen));
	settle();
	/* The slot's next life is another generation. */
	cr_assert_eq(LEARN("c.local", DNS_TYPE_A, "10.0.0.3"), one);
	cr_assert_null(cache_record_get(fx.view, one, gen));
	remove_all();
}

/* Types nobody expects hang on a directory of their name, which goes with the last of them. */
Test(learn, unusual_types_are_found_by_name)
{
	static const uint8_t name[] = "\4host\5local";
	static const uint16_t type[] = {999, DNS_TYPE_A, 65400, 1000};
	uint32_t rec[4], node, found[8];
	unsigned n = 0;

	for (unsigned i = 0; i < 4; i++) {
		struct cache_learn l = {.name = name,
			.name_len = sizeof(name),
			.rrtype = type[i],
			.rdata = (const uint8_t *)"abcd",
			.rdlen = 4,
			.link = 1,
			.ttl = 120,
			.mac = station_mac(1)};

		cr_assert_eq(cache_learn(fx.cache, &l, fx.now, &rec[i]), CACHE_NEW);
	}
	cr_assert_eq(stats().nodes, 5);
	for (node = cache_unusual_first(fx.view, name, sizeof(name)); node != 0;
		node = cache_unusual_next(fx.view, node))
		found[n++] = cache_node_at(fx.view, node)->rrtype;
	cr_assert_eq(n, 3);
	cr_assert_eq(found[0] + found[1] + found[2], 999 + 65400 + 1000);
	/* The one in the middle of the list, then the rest. */
	cr_assert_eq(cache_remove(fx.cache, rec[2], fx.now), 0);
	node = cache_unusual_first(fx.view, name, sizeof(name));
	cr_assert_eq(cache_node_at(fx.view, node)->rrtype, 1000);
	node = cache_unusual_next(fx.view, node);
	cr_assert_eq(cache_node_at(fx.view, node)->rrtype, 999);
	cr_assert_eq(cache_unusual_next(fx.view, node), 0);
	cr_assert_eq(cache_remove(fx.cache, rec[0], fx.now), 0);
	cr_assert_eq(cache_remove(fx.cache, rec[3], fx.now), 0);
	settle();
	cr_assert_eq(cache_unusual_first(fx.view, name, sizeof(name)), 0);
	cr_assert_eq(stats().nodes, 1, "the directory is gone too");
	remove_all();
}

Test(limits, refuse_and_count_but_never_evict, .init = start_eal, .fini = stop)
{
	struct cache_limits l = {.records = 6,
		.records_per_station = 2,
		.records_per_link = 4,
		.ttl = 86400,
		.stations = 4,
		.links = 3};
	uint32_t first, station;

	start_cache(&l, 64);
	first = LEARN("a.local", DNS_TYPE_A, "10.0.0.1", .link = 1, .station = 1);
	station = record(first)->station;
	LEARN("a.local", DNS_TYPE_A, "10.0.0.2", .link = 1, .station = 1);
	cr_assert_eq(SAY("a.local", DNS_TYPE_A, "10.0.0.3", .link = 1, .station = 1),
		CACHE_REFUSED_STATION);
	cr_assert_eq(fx.rec, 0);
	cr_assert_eq(cache_station_at(fx.view, station)->refused, 1);
	/* What is held may be refreshed at the bound. */
	cr_assert_eq(
		SAY("a.local", DNS_TYPE_A, "10.0.0.2", .link = 1, .station = 1), CACHE_REFRESHED);

	LEARN("b.local", DNS_TYPE_A, "10.0.0.1", .link = 1, .station = 2);
	LEARN("b.local", DNS_TYPE_A, "10.0.0.2", .link = 1, .station = 2);
	cr_assert_eq(SAY("c.local", DNS_TYPE_A, "10.0.0.1", .link = 1, .station = 3),
		CACHE_REFUSED_LINK);
	/* A full station gets no record by handover either. */
	elapse(2000);
	cr_assert_eq(SAY("b.local", DNS_TYPE_A, "10.0.0.1", .link = 1, .station = 1),
		CACHE_REFUSED_STATION);

	LEARN("d.local", DNS_TYPE_A, "10.0.0.1", .link = 2, .station = 1);
	LEARN("d.local", DNS_TYPE_A, "10.0.0.2", .link = 2, .station = 2);
	cr_assert_eq(SAY("d.local", DNS_TYPE_A, "10.0.0.3", .link = 2, .station = 2),
		CACHE_REFUSED_TOTAL);
	cr_assert_eq(SAY("d.local", DNS_TYPE_A, "10.0.0.3", .link = 3), CACHE_REFUSED_LINK,
		"no such link id");

	/* Four stations are held: a fifth is refused with room for its record. */
	cache_remove(fx.cache, first, fx.now);
	cr_assert_eq(SAY("e.local", DNS_TYPE_A, "10.0.0.3", .link = 2, .station = 5),
		CACHE_REFUSED_STATION);
	cr_assert_eq(stats().stations, 4);
	cr_assert_eq(stats().records, 5);
	cr_assert_eq(stats().outcome[CACHE_REFUSED_STATION], 3);
	cr_assert_eq(stats().outcome[CACHE_REFUSED_LINK], 2);
	cr_assert_eq(stats().outcome[CACHE_REFUSED_TOTAL], 1);
	remove_all();
}

Test(limits, long_rdata_runs_out_of_memory_and_leaves_nothing_behind, .init = start_eal,
	.fini = stop)
{
	struct cache_limits l = {.records = 1000,
		.records_per_station = 1000,
		.records_per_link = 1000,
		.ttl = 86400,
		.stations = 1000,
		.links = 3};
	static uint8_t rdata[BLOB_MAX];
	char name[] = "\4xxxx\5local";
	struct cache_learn q = {
		.name = (const uint8_t *)name,
		.name_len = sizeof(name),
		.rrtype = DNS_TYPE_LOC,
		.rdata = rdata,
		.rdlen = BLOB_MAX,
		.link = 1,
		.ttl = 120,
	};
	enum cache_outcome outcome = CACHE_NEW;
	unsigned n;
	uint32_t rec;

	start_cache(&l, 64);
	for (n = 0; n < 1000 && outcome == CACHE_NEW; n++) {
		memcpy(rdata, &n, sizeof(n));
		/* Its own node and station each time. */
		snprintf(name + 1, 5, "%04u", n);
		name[5] = 5;
		q.mac = station_mac(n + 1);
		outcome = cache_learn(fx.cache, &q, fx.now, &rec);
	}
	cr_assert_eq(outcome, CACHE_REFUSED_MEMORY);
	cr_assert_eq(stats().records, n - 1);
	settle();
	cr_assert_eq(stats().stations, n - 1);
	cr_assert_eq(stats().nodes, n - 1);
	remove_all();
}

Test(limits, nonsense_is_refused, .init = start_eal)
{
	struct cache_limits l = roomy;
	static const struct sip_key key;
	struct defer d = {0};
	static const struct cache_ops none;

	errno = 0;
	cr_assert_null(cache_create("elevenchars", &l, &key, &d, &none, NULL, 0, 0, 0));
	cr_assert_eq(errno, EINVAL);
	l.ttl = UINT32_MAX;
	errno = 0;
	cr_assert_null(cache_create("c", &l, &key, &d, &none, NULL, 0, 0, 0));
	cr_assert_eq(errno, EINVAL);
	l = roomy;
	l.records = 0;
	cr_assert_null(cache_create("c", &l, &key, &d, &none, NULL, 0, 0, 0));
	cache_destroy(NULL);
}

Test(limits, a_link_can_be_purged, .init = start_roomy, .fini = stop)
{
	char ip[16];
	unsigned turns = 0;

	for (unsigned i = 0; i < 300; i++) {
		snprintf(ip, sizeof(ip), "10.0.%u.%u", i / 250, i % 250);
		LEARN("h.local", DNS_TYPE_A, ip, .link = (uint16_t)(1 + i % 3));
	}
	while (cache_purge_link(fx.cache, 2, fx.now, 10) > 0) {
		cr_assert_lt(turns++, 100, "no progress");
		settle();
	}
	cr_assert_eq(cache_link_records(fx.cache, 2), 0);
	cr_assert_eq(cache_link_records(fx.cache, 1), 100);
	cr_assert_eq(fx.told[TOLD_REMOVING], 100);
	cr_assert_eq(cache_purge_link(fx.cache, 9999, fx.now, 10), 0);
	remove_all();
}
