/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "control/ctl.h"

/*
 * MLD, the listener's part, for ff02::fb and the solicited-node groups of our addresses: version 2
 * (RFC 3810) and what an older querier wants (§8.2.1; RFC 2710).
 */

#define MLD_QUERY 130
#define MLD_V1_REPORT 131
#define MLD_V1_DONE 132
#define MLD_V2_REPORT 143
#define MLD_LEN 24           /* version 1 */
#define MLD_V2_QUERY_LEN 28  /* at least */
#define MLD_V2_RECORD_LEN 20 /* of a group without sources */
#define MLD_GROUPS (1 + DP_LINK_ADDRS)

/* Multicast address record types (RFC 3810 §5.2.12). */
#define IS_EXCLUDE 2
#define TO_INCLUDE 3
#define TO_EXCLUDE 4

/* Robustness Variable 2 x Query Interval 125 s + Query Response Interval 10 s (§9.12). */
#define OLDER_QUERIER_MS 260000

static const uint8_t all_routers[16] = {0xff, 0x02, [15] = 0x02};
static const uint8_t v2_routers[16] = {0xff, 0x02, [15] = 0x16};
static const uint8_t mdns[16] = {0xff, 0x02, [15] = 0xfb};

/* The groups we listen to on the link, each once. */
static unsigned groups(const struct dp_link *l, uint8_t out[MLD_GROUPS][16])
{
	static const uint8_t prefix[13] = {0xff, 0x02, [11] = 0x01, [12] = 0xff};
	unsigned n = 0;

	memcpy(out[n++], mdns, 16);
	for (unsigned i = 0; i < l->n_addr6; i++) {
		unsigned k = 1;

		memcpy(out[n], prefix, sizeof(prefix));
		memcpy(out[n] + 13, l->addr6[i] + 13, 3);
		while (k < n && memcmp(out[k], out[n], 16) != 0)
			k++;
		if (k == n)
			n++;
	}
	return n;
}

/* Hop limit 1 and router alert (RFC 3810 §5): a router must look at it, no router may pass it on.
 */
static void send_mld(struct ctl *c, const struct dp_link *l, const uint8_t dst[16],
	const uint8_t *msg, size_t len)
{
	static const uint8_t hop_by_hop[CTL_HOPOPTS_LEN] = {IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0};
	uint8_t mac[6], *ip, *icmp;
	struct rte_mbuf *m;
	uint16_t sum;

	ctl_group_mac6(dst, mac);
	ip = ctl_frame_new(c, l, mac, RTE_ETHER_TYPE_IPV6, CTL_IP6_LEN + CTL_HOPOPTS_LEN + len, &m);
	if (ip == NULL)
		return;
	ctl_ip6_fill(ip, l->addr6[0], dst, IPPROTO_HOPOPTS, 1, CTL_HOPOPTS_LEN + len);
	memcpy(ip + CTL_IP6_LEN, hop_by_hop, sizeof(hop_by_hop));
	icmp = ip + CTL_IP6_LEN + CTL_HOPOPTS_LEN;
	memcpy(icmp, msg, len);
	sum = ctl_icmp6_sum(ip, icmp, len);
	memcpy(icmp + 2, &sum, sizeof(sum));
	if (ctl_frame_send(c, l, m))
		CTL_INC(c, group_reports);
}

static void send_v1(struct ctl *c, const struct dp_link *l, enum ctl_report what)
{
	uint8_t group[MLD_GROUPS][16];
	unsigned n = groups(l, group);

	for (unsigned i = 0; i < n; i++) {
		uint8_t msg[MLD_LEN] = {what == CTL_REPORT_LEAVE ? MLD_V1_DONE : MLD_V1_REPORT};

		memcpy(msg + 8, group[i], 16);
		send_mld(c, l, what == CTL_REPORT_LEAVE ? all_routers : group[i], msg, sizeof(msg));
	}
}

void ctl_mld_report(struct ctl *c, const struct dp_link *l, enum ctl_report what)
{
	const struct ctl_host *h = &c->link[l->id].host;
	uint8_t msg[8 + MLD_GROUPS * MLD_V2_RECORD_LEN] = {MLD_V2_REPORT};
	uint8_t group[MLD_GROUPS][16];
	unsigned n;

	if (l->n_addr6 == 0)
		return;
	if (h->mld_v1_ms != 0 && clock_ms_before(c->now_ms, h->mld_v1_ms)) {
		send_v1(c, l, what);
		return;
	}
	n = groups(l, group);
	dns_store16(msg + 6, (uint16_t)n);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *r = msg + 8 + i * MLD_V2_RECORD_LEN;

		r[0] = what == CTL_REPORT_JOIN    ? TO_EXCLUDE
		       : what == CTL_REPORT_LEAVE ? TO_INCLUDE
						  : IS_EXCLUDE;
		memcpy(r + 4, group[i], 16);
	}
	send_mld(c, l, v2_routers, msg, 8 + n * MLD_V2_RECORD_LEN);
}

static void report_now(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_link *cl = ctl_container(t, struct ctl_link, host.mld);
	const struct dp_link *l =
		c->world != NULL ? dp_world_link(c->world, (uint16_t)(cl - c->link)) : NULL;

	if (l != NULL)
		ctl_mld_report(c, l, CTL_REPORT_CURRENT);
}

/* Milliseconds; from 32768 on a floating-point code in version 2 (RFC 3810 §5.1.3). */
static uint32_t response_delay_ms(const struct ctl_in *in)
{
	uint32_t code = dns_load16(in->l4 + 4);

	if (in->l4_len < MLD_V2_QUERY_LEN || code < 32768)
		return code;
	return ((code & 0xfff) | 0x1000) << (((code >> 12) & 7) + 3);
}

static bool is_ours(const struct dp_link *l, const uint8_t addr[16])
{
	static const uint8_t any[16];
	uint8_t group[MLD_GROUPS][16];
	unsigned n;

	if (memcmp(addr, any, 16) == 0)
		return true;
	n = groups(l, group);
	for (unsigned i = 0; i < n; i++)
		if (memcmp(addr, group[i], 16) == 0)
			return true;
	return false;
}

bool ctl_mld_input(struct ctl *c, const struct ctl_in *in)
{
	struct ctl_host *h = &c->link[in->l->id].host;
	const uint8_t *src = in->l3 + 8;
	uint32_t at;

	/* RFC 3810 §6.2: hop limit 1, from a link-local address. */
	if (in->l4_len < MLD_LEN || in->l4[0] != MLD_QUERY || in->l3[7] != 1 || src[0] != 0xfe ||
		(src[1] & 0xc0) != 0x80 || ctl_icmp6_sum(in->l3, in->l4, in->l4_len) != 0 ||
		in->l->n_addr6 == 0)
		return false;
	if (in->l4_len == MLD_LEN)
		h->mld_v1_ms = (c->now_ms + OLDER_QUERIER_MS) | 1;
	else if (in->l4_len < MLD_V2_QUERY_LEN)
		return false; /* §8.1: 25 to 27 bytes are no query */
	if (!is_ours(in->l, in->l4 + 8))
		return false;
	at = c->now_ms + rng_range(&c->rng, 0, response_delay_ms(in));
	if (!wheel_armed(&h->mld.item) || clock_ms_before(at, h->mld.item.expires))
		ctl_arm(c, &h->mld, at, report_now);
	return true;
}
