/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "control/ctl.h"

/* IGMP, the host's part, for 224.0.0.251: version 3 (RFC 3376) and what older queriers want
 * (§7.2.1; RFC 2236). */

#define IGMP_QUERY 0x11
#define IGMP_V1_REPORT 0x12
#define IGMP_V2_REPORT 0x16
#define IGMP_V2_LEAVE 0x17
#define IGMP_V3_REPORT 0x22
#define IGMP_LEN 8            /* version 1 and 2 */
#define IGMP_V3_QUERY_LEN 12  /* at least */
#define IGMP_V3_REPORT_LEN 16 /* with one group record without sources */

/* Group record types (RFC 3376 §4.2.12). */
#define IS_EXCLUDE 2
#define TO_INCLUDE 3
#define TO_EXCLUDE 4

/* Robustness Variable 2 x Query Interval 125 s + Query Response Interval 10 s (§8.12). */
#define OLDER_QUERIER_MS 260000

static const uint8_t mdns[4] = {224, 0, 0, 251};
static const uint8_t all_routers[4] = {224, 0, 0, 2};
static const uint8_t v3_routers[4] = {224, 0, 0, 22};

static void send_igmp(struct ctl *c, const struct dp_link *l, const uint8_t dst[4],
	const uint8_t *msg, size_t len)
{
	uint8_t mac[6], *ip;
	struct rte_mbuf *m;
	uint16_t sum;

	ctl_group_mac4(dst, mac);
	ip = ctl_frame_new(c, l, mac, RTE_ETHER_TYPE_IPV4, CTL_IP4_RA_LEN + len, &m);
	if (ip == NULL)
		return;
	ctl_ip4_ra_fill(l, ip, dst, IPPROTO_IGMP, CTL_IP4_RA_LEN + len);
	memcpy(ip + CTL_IP4_RA_LEN, msg, len);
	sum = (uint16_t)~rte_raw_cksum(msg, len);
	memcpy(ip + CTL_IP4_RA_LEN + 2, &sum, sizeof(sum));
	if (ctl_frame_send(c, l, m))
		CTL_INC(c, group_reports);
}

static bool still(const struct ctl *c, uint32_t until_ms)
{
	return until_ms != 0 && clock_ms_before(c->now_ms, until_ms);
}

/* Version of the querier on the link, as far as it was heard. */
static unsigned version(const struct ctl *c, const struct ctl_host *h)
{
	if (still(c, h->igmp_v1_ms))
		return 1;
	return still(c, h->igmp_v2_ms) ? 2 : 3;
}

static void send_v3(struct ctl *c, const struct dp_link *l, enum ctl_report what)
{
	uint8_t msg[IGMP_V3_REPORT_LEN] = {IGMP_V3_REPORT};

	msg[7] = 1; /* group records */
	msg[8] = what == CTL_REPORT_JOIN    ? TO_EXCLUDE
		 : what == CTL_REPORT_LEAVE ? TO_INCLUDE
					    : IS_EXCLUDE;
	memcpy(msg + 12, mdns, 4);
	send_igmp(c, l, v3_routers, msg, sizeof(msg));
}

void ctl_igmp_report(struct ctl *c, const struct dp_link *l, enum ctl_report what)
{
	unsigned v = version(c, &c->link[l->id].host);
	uint8_t msg[IGMP_LEN] = {0};

	if (!l->has_addr4)
		return;
	if (v == 3) {
		send_v3(c, l, what);
		return;
	}
	memcpy(msg + 4, mdns, 4);
	if (what != CTL_REPORT_LEAVE) {
		msg[0] = v == 2 ? IGMP_V2_REPORT : IGMP_V1_REPORT;
		send_igmp(c, l, mdns, msg, sizeof(msg));
	} else if (v == 2) {
		msg[0] = IGMP_V2_LEAVE;
		send_igmp(c, l, all_routers, msg, sizeof(msg));
	}
}

static void report_now(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_link *cl = ctl_container(t, struct ctl_link, host.igmp);
	const struct dp_link *l =
		c->world != NULL ? dp_world_link(c->world, (uint16_t)(cl - c->link)) : NULL;

	if (l != NULL)
		ctl_igmp_report(c, l, CTL_REPORT_CURRENT);
}

/* Tenths of a second, from 128 on a floating-point code (RFC 3376 §4.1.1); in milliseconds. */
static uint32_t response_time_ms(const uint8_t *msg, size_t len)
{
	uint32_t code = msg[1];

	if (len < IGMP_V3_QUERY_LEN)
		return code != 0 ? code * 100 : 10000; /* version 1 names none (§7.2.1) */
	if (code < 128)
		return code * 100;
	return (((code & 0xf) | 0x10) << (((code >> 4) & 7) + 3)) * 100;
}

bool ctl_igmp_input(struct ctl *c, const struct ctl_in *in)
{
	struct ctl_host *h = &c->link[in->l->id].host;
	uint32_t at, max;

	if (in->l4_len < IGMP_LEN || in->l4[0] != IGMP_QUERY ||
		rte_raw_cksum(in->l4, in->l4_len) != 0xffff || !in->l->has_addr4)
		return false;
	if (in->l4_len < IGMP_V3_QUERY_LEN) {
		if (in->l4_len != IGMP_LEN)
			return false; /* RFC 3376 §7.1: 9 to 11 bytes are no query */
		if (in->l4[1] == 0)
			h->igmp_v1_ms = (c->now_ms + OLDER_QUERIER_MS) | 1;
		else
			h->igmp_v2_ms = (c->now_ms + OLDER_QUERIER_MS) | 1;
	}
	/* General, or for our group. */
	if (dns_load32(in->l4 + 4) != 0 && memcmp(in->l4 + 4, mdns, 4) != 0)
		return false;
	max = response_time_ms(in->l4, in->l4_len);
	at = c->now_ms + rng_range(&c->rng, 0, max);
	/* An answer that is due earlier serves this query too (RFC 3376 §5.2). */
	if (!wheel_armed(&h->igmp.item) || clock_ms_before(at, h->igmp.item.expires))
		ctl_arm(c, &h->igmp, at, report_now);
	return true;
}
