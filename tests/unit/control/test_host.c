/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include <string.h>

#include <rte_ip.h>

#include "control/ctl.h"

/* ARP, ND, IGMP and MLD: what a link says when it starts, and what it answers. */

TestSuite(host, .init = start, .fini = stop);
TestSuite(host_bare, .init = start_bare, .fini = stop);

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0xff, 1};
static const uint8_t fe80[16] = {0xfe, 0x80, [8] = 0x00, 0, 0, 0xff, 0xfe, 0, 0xff, 1};
static const uint8_t own6[16] = {0xfd, 0x00, 0x00, 0x10, [15] = 1};
static const uint8_t their6[16] = {0xfe, 0x80, [15] = 9};

/* Hands a host duty packet up: `l3` begins at offset 0 of the data. */
static void give(unsigned outcome, uint16_t link, unsigned station, const uint8_t *l3, size_t len,
	size_t l4_off)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(h.shared.pool);
	struct dp_upcall u = {.op = DP_UP_HOST, .m = m};

	memcpy(rte_pktmbuf_append(m, (uint16_t)len), l3, len);
	memset(dp_pkt(m), 0, sizeof(struct dp_pkt));
	dp_pkt(m)->link = link;
	dp_pkt(m)->outcome = (uint8_t)outcome;
	dp_pkt(m)->l4_off = (uint16_t)l4_off;
	dp_pkt(m)->smac = station_mac(station);
	upcall(&u);
}

static void give_arp(uint16_t op, unsigned station, const uint8_t sip[4], const uint8_t tip[4])
{
	struct mac_addr mac = station_mac(station);
	uint8_t a[28] = {0, 1, 8, 0, 6, 4, 0, (uint8_t)op};

	memcpy(a + 8, mac.b, 6);
	memcpy(a + 14, sip, 4);
	memcpy(a + 24, tip, 4);
	give(DP_arp, LAB, station, a, sizeof(a), 0);
}

/* An IPv6 packet with an ICMPv6 message right behind the header; its checksum is made good. */
static void give_icmp6(unsigned outcome, const uint8_t *src, const uint8_t *dst, uint8_t hops,
	const uint8_t *msg, size_t len)
{
	uint8_t p[200] = {0};
	uint16_t sum;

	ctl_ip6_fill(p, src, dst, IPPROTO_ICMPV6, hops, len);
	memcpy(p + 40, msg, len);
	sum = ctl_icmp6_sum(p, p + 40, len);
	memcpy(p + 42, &sum, 2);
	give(outcome, LAB, 5, p, 40 + len, 40);
}

static void give_igmp(const uint8_t *msg, size_t len)
{
	uint8_t p[100] = {0x45, 0, 0, (uint8_t)(20 + len), [8] = 1, [9] = 2};
	uint16_t sum;

	memcpy(p + 20, msg, len);
	sum = (uint16_t)~rte_raw_cksum(msg, len);
	memcpy(p + 22, &sum, 2);
	give(DP_igmp, LAB, 5, p, 20 + len, 20);
}

/* Frames of control on a link with this IP protocol (0: ARP) and type byte. */
static const struct down *sent(uint16_t link, unsigned proto, int type, unsigned n)
{
	for (unsigned i = 0; i < h.n; i++) {
		const struct down *d = &h.log[i];

		if (d->call.op != DP_DOWN_TX || d->call.link != link || d->proto != proto)
			continue;
		if (proto == 0 ? d->ethertype != 0x0806 : d->l4[0] != type)
			continue;
		if (n-- == 0)
			return d;
	}
	return NULL;
}

static bool icmp6_is_good(const struct down *d)
{
	return ctl_icmp6_sum(d->l3, d->l4, d->len - (size_t)(d->l4 - d->frame)) == 0;
}

Test(host, arp_request_for_our_address_is_answered_to_its_sender)
{
	const uint8_t them[4] = {10, 10, 0, 5}, us[4] = {10, 10, 0, 1};
	const struct down *d;
	struct mac_addr mac = station_mac(5);

	give_arp(1, 5, them, us);
	d = sent(LAB, 0, 0, 0);
	cr_assert_not_null(d);
	cr_assert_eq(d->vlan, 10);
	cr_assert_arr_eq(d->frame, mac.b, 6);
	cr_assert_arr_eq(d->frame + 6, our_mac, 6);
	cr_assert_eq(d->l3[7], 2);
	cr_assert_arr_eq(d->l3 + 8, our_mac, 6);
	cr_assert_arr_eq(d->l3 + 14, us, 4);
	cr_assert_arr_eq(d->l3 + 18, mac.b, 6);
	cr_assert_arr_eq(d->l3 + 24, them, 4);
	cr_assert_eq(counter(CTL_C_host_answers), 1);
}

Test(host, arp_probe_for_our_address_is_answered)
{
	const uint8_t none[4] = {0}, us[4] = {10, 10, 0, 1};

	give_arp(1, 5, none, us);
	cr_assert_not_null(sent(LAB, 0, 0, 0));
	cr_assert_eq(sent(LAB, 0, 0, 0)->l3[7], 2);
}

Test(host, arp_for_others_and_replies_are_ignored)
{
	const uint8_t them[4] = {10, 10, 0, 5}, us[4] = {10, 10, 0, 1}, other[4] = {10, 10, 0, 7};

	give_arp(1, 5, them, other);
	give_arp(2, 5, them, us);
	cr_assert_eq(h.n, 0);
	cr_assert_eq(counter(CTL_C_host_ignored), 2);
}

Test(host, arp_conflict_is_met_with_an_announcement)
{
	const uint8_t us[4] = {10, 10, 0, 1};
	const struct down *d;

	give_arp(1, 5, us, us);
	d = sent(LAB, 0, 0, 0);
	cr_assert_not_null(d);
	cr_assert(is_multicast(d));
	cr_assert_arr_eq(d->l3 + 14, us, 4);
	cr_assert_arr_eq(d->l3 + 24, us, 4);
}

static void solicitation(uint8_t msg[32], const uint8_t target[16], bool with_ll)
{
	struct mac_addr mac = station_mac(5);

	memset(msg, 0, 32);
	msg[0] = 135;
	memcpy(msg + 8, target, 16);
	if (with_ll) {
		msg[24] = 1;
		msg[25] = 1;
		memcpy(msg + 26, mac.b, 6);
	}
}

Test(host, neighbour_solicitation_is_answered_solicited_and_override)
{
	uint8_t msg[32];
	const struct down *d;

	solicitation(msg, own6, true);
	give_icmp6(DP_nd, their6, own6, 255, msg, sizeof(msg));
	d = sent(LAB, IPPROTO_ICMPV6, 136, 0);
	cr_assert_not_null(d);
	cr_assert_eq(d->l3[7], 255);
	cr_assert_arr_eq(d->l3 + 8, own6, 16);
	cr_assert_arr_eq(d->l3 + 24, their6, 16);
	cr_assert_eq(d->l4[4], 0x60);
	cr_assert_arr_eq(d->l4 + 8, own6, 16);
	cr_assert_arr_eq(d->l4 + 26, our_mac, 6);
	cr_assert(icmp6_is_good(d));
}

Test(host, address_probe_for_ours_is_answered_to_all_nodes)
{
	static const uint8_t none[16], all[16] = {0xff, 0x02, [15] = 1};
	static const uint8_t group[16] = {0xff, 0x02, [11] = 1, 0xff, 0, 0, 1};
	uint8_t msg[32];
	const struct down *d;

	solicitation(msg, own6, false);
	give_icmp6(DP_nd, none, group, 255, msg, 24);
	d = sent(LAB, IPPROTO_ICMPV6, 136, 0);
	cr_assert_not_null(d);
	cr_assert_arr_eq(d->l3 + 24, all, 16);
	cr_assert_eq(d->l4[4], 0x20);
}

Test(host, broken_solicitations_are_ignored)
{
	static const uint8_t none[16];
	uint8_t msg[32];

	solicitation(msg, own6, true);
	give_icmp6(DP_nd, their6, own6, 254, msg, sizeof(msg)); /* came through a router */
	give_icmp6(
		DP_nd, none, own6, 255, msg, sizeof(msg)); /* a probe names no link-layer address */
	msg[25] = 0;
	give_icmp6(DP_nd, their6, own6, 255, msg, sizeof(msg)); /* option of length 0 */
	solicitation(msg, their6, true);
	give_icmp6(DP_nd, their6, own6, 255, msg, sizeof(msg)); /* not ours */
	cr_assert_eq(h.n, 0);
	cr_assert_eq(counter(CTL_C_host_ignored), 4);
}

Test(host, igmp_v3_query_is_reported_within_its_response_time)
{
	const uint8_t query[12] = {0x11, 20};
	const struct down *d;
	uint32_t then = now_ms();

	give_igmp(query, sizeof(query));
	elapse(2100);
	d = sent(LAB, IPPROTO_IGMP, 0x22, 0);
	cr_assert_not_null(d);
	cr_assert_null(sent(LAB, IPPROTO_IGMP, 0x22, 1));
	cr_assert_leq(d->at_ms - then, 2000);
	/* To 224.0.0.22 with TTL 1 and router alert; one record, is-exclude, 224.0.0.251. */
	cr_assert_arr_eq(d->frame, "\x01\x00\x5e\x00\x00\x16", 6);
	cr_assert_eq(d->l3[0], 0x46);
	cr_assert_eq(d->l3[8], 1);
	cr_assert_arr_eq(d->l3 + 20, "\x94\x04\x00\x00", 4);
	cr_assert_eq(rte_raw_cksum(d->l3, 24), 0xffff);
	cr_assert_eq(rte_raw_cksum(d->l4, 16), 0xffff);
	cr_assert_arr_eq(d->l4 + 6, "\x00\x01\x02\x00\x00\x00\xe0\x00\x00\xfb", 10);
}

Test(host, igmp_v2_and_v1_queriers_get_what_they_understand)
{
	const uint8_t v2[8] = {0x11, 10}, v1[8] = {0x11, 0};

	give_igmp(v2, sizeof(v2));
	elapse(1100);
	cr_assert_not_null(sent(LAB, IPPROTO_IGMP, 0x16, 0));
	cr_assert_arr_eq(sent(LAB, IPPROTO_IGMP, 0x16, 0)->l3 + 16, "\xe0\x00\x00\xfb", 4);
	give_igmp(v1, sizeof(v1));
	elapse(10100);
	cr_assert_not_null(sent(LAB, IPPROTO_IGMP, 0x12, 0));
	/* Version 3 again when they have not been heard for a while. */
	elapse(261000);
	forget();
	ctl_igmp_report(h.ctl, h.world->link[LAB], CTL_REPORT_CURRENT);
	turn();
	cr_assert_not_null(sent(LAB, IPPROTO_IGMP, 0x22, 0));
}

Test(host, igmp_query_for_another_group_is_ignored)
{
	const uint8_t query[12] = {0x11, 10, 0, 0, 224, 0, 0, 99};

	give_igmp(query, sizeof(query));
	elapse(2000);
	cr_assert_eq(h.n, 0);
}

Test(host, mld_query_is_reported_with_the_mdns_and_solicited_node_groups)
{
	static const uint8_t all[16] = {0xff, 0x02, [15] = 1};
	uint8_t query[28] = {130, [4] = 0x03, 0xe8};
	const struct down *d;

	give_icmp6(DP_mld, their6, all, 1, query, sizeof(query));
	elapse(1100);
	d = sent(LAB, IPPROTO_ICMPV6, 143, 0);
	cr_assert_not_null(d);
	cr_assert_eq(d->l3[7], 1);
	cr_assert_arr_eq(d->l3 + 8, fe80, 16);
	cr_assert_arr_eq(d->l3 + 40, "\x3a\x00\x05\x02\x00\x00\x01\x00", 8);
	/* ff02::fb, and one group for fe80:... and fd00:10::1 each. */
	cr_assert_eq(dns_load16(d->l4 + 6), 3);
	cr_assert_eq(d->l4[8], 2);
	cr_assert_eq(d->l4[8 + 4 + 15], 0xfb);
	cr_assert(icmp6_is_good(d));
}

Test(host, mld_v1_query_is_reported_per_group)
{
	static const uint8_t all[16] = {0xff, 0x02, [15] = 1};
	uint8_t query[24] = {130, [4] = 0, 100};

	give_icmp6(DP_mld, their6, all, 1, query, sizeof(query));
	elapse(200);
	cr_assert_not_null(sent(LAB, IPPROTO_ICMPV6, 131, 2));
	cr_assert_null(sent(LAB, IPPROTO_ICMPV6, 143, 0));
}

Test(host, mld_query_that_was_routed_is_ignored)
{
	static const uint8_t global[16] = {0xfd, [15] = 9}, all[16] = {0xff, 0x02, [15] = 1};
	uint8_t query[28] = {130, [4] = 0, 100};

	give_icmp6(DP_mld, global, all, 1, query, sizeof(query));
	give_icmp6(DP_mld, their6, all, 2, query, sizeof(query));
	elapse(1000);
	cr_assert_eq(h.n, 0);
}

Test(host, floods_are_shed_per_link)
{
	const uint8_t them[4] = {10, 10, 0, 5}, us[4] = {10, 10, 0, 1};

	for (unsigned i = 0; i < CTL_HOST_BURST + 50; i++)
		give_arp(1, 5, them, us);
	cr_assert_eq(counter(CTL_C_host_answers), CTL_HOST_BURST);
	cr_assert_eq(counter(CTL_C_host_shed), 50);
	elapse(1000);
	give_arp(1, 5, them, us);
	cr_assert_eq(counter(CTL_C_host_answers), CTL_HOST_BURST + 1);
}

Test(host, garbage_is_ignored)
{
	const uint8_t noise[60] = {0x45, 0, 0xff, 0xff, 0x11};

	for (unsigned outcome = DP_arp; outcome <= DP_mld; outcome++)
		for (size_t len = 1; len <= sizeof(noise); len++)
			give(outcome, LAB, 5, noise, len, len > 20 ? 20 : 0);
	elapse(20000);
	cr_assert_null(sent(LAB, IPPROTO_IGMP, 0x22, 0));
	cr_assert_eq(counter(CTL_C_host_answers), 0);
}

Test(host_bare, a_link_starts_with_reports_probes_and_announcements)
{
	load_world(campus);
	elapse(6000);
	for (uint16_t link = LAB; link <= GUEST; link++) {
		/* Twice each (RFC 3376 §5.1, RFC 3810 §6.1, RFC 5227 §2.3). */
		cr_assert_not_null(sent(link, IPPROTO_IGMP, 0x22, 1));
		cr_assert_null(sent(link, IPPROTO_IGMP, 0x22, 2));
		cr_assert_eq(sent(link, IPPROTO_IGMP, 0x22, 0)->l4[8], 4);
		cr_assert_not_null(sent(link, IPPROTO_ICMPV6, 143, 1));
		cr_assert_not_null(sent(link, 0, 0, 1));
		cr_assert_geq(sent(link, 0, 0, 1)->at_ms - sent(link, 0, 0, 0)->at_ms, 2000);
		/* A probe for fe80:... and for the configured address, from :: (RFC 4862 §5.4.2).
		 */
		cr_assert_not_null(sent(link, IPPROTO_ICMPV6, 135, 1));
		cr_assert_null(sent(link, IPPROTO_ICMPV6, 135, 2));
		cr_assert_eq(sent(link, IPPROTO_ICMPV6, 135, 0)->l3[8], 0);
		cr_assert_geq(sent(link, IPPROTO_ICMPV6, 136, 0)->at_ms,
			sent(link, IPPROTO_ICMPV6, 135, 0)->at_ms + 1000);
	}
}

Test(host_bare, many_links_start_at_the_pace_of_one_bucket)
{
	static char yaml[200000];
	size_t n;
	unsigned in_first = 0;

	n = (size_t)snprintf(yaml, sizeof(yaml),
		"gateway: {id: test}\nports: [{name: trunk, device: \"net_null0\"}]\n"
		"policies: {all: [{permit: any}]}\nlinks:\n");
	for (unsigned i = 1; i <= 60; i++)
		n += (size_t)snprintf(yaml + n, sizeof(yaml) - n,
			"  - {name: l%u, port: trunk, vlan: %u, addresses: [10.%u.0.1/24],\n"
			"     policy: {in: all, out: all}}\n",
			i, i, i);
	load_world(yaml);
	elapse(10);
	for (unsigned i = 0; i < h.n; i++)
		in_first += h.log[i].call.op == DP_DOWN_TX;
	/* The bucket's burst of a tenth of a second, and ten milliseconds' worth. */
	cr_assert_leq(in_first, CTL_START_RATE / 10 + 12);
	elapse(10000);
	for (uint16_t link = 1; link <= 60; link++)
		cr_assert_not_null(sent(link, IPPROTO_IGMP, 0x22, 1));
}

Test(host, a_carrier_that_comes_back_starts_the_link_anew)
{
	struct ctl_request r = {.op = CTL_REQ_PORT_STATE, .port = 0, .up = 1};

	cr_assert_eq(ctl_submit(h.ctl, &r), 0);
	elapse(5000);
	cr_assert_eq(ctl_reply(h.ctl), &r);
	cr_assert_not_null(sent(LAB, IPPROTO_IGMP, 0x22, 0));
	cr_assert_not_null(sent(GUEST, 0, 0, 0));
}

Test(host, a_removed_link_leaves_its_groups)
{
	static const char less[] =
		"gateway: {id: test}\nports: [{name: trunk, device: \"net_null0\"}]\n"
		"links:\n  - {name: lab, port: trunk, vlan: 10, addresses: [10.10.0.1/24, "
		"\"fd00:10::1/64\"]}\n";
	const struct down *d;

	load_world(less);
	elapse(100);
	d = sent(DESK, IPPROTO_IGMP, 0x22, 0);
	cr_assert_not_null(d);
	cr_assert_eq(d->l4[8], 3);
	d = sent(DESK, IPPROTO_ICMPV6, 143, 0);
	cr_assert_not_null(d);
	cr_assert_eq(d->l4[8], 3);
	cr_assert_null(sent(LAB, IPPROTO_IGMP, 0x22, 0));
}
