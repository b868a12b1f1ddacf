/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_arp.h>
#include <rte_ether.h>

#include "base/log.h"
#include "control/ctl.h"

LOG_MODULE(control);

/* ARP (RFC 826) for the one IPv4 address we have on a link, and its defence (RFC 5227). */

#define DEFEND_INTERVAL_MS 10000 /* RFC 5227 §1.1 */

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void send_arp(struct ctl *c, const struct dp_link *l, const uint8_t *dmac, uint16_t op,
	const uint8_t *tha, uint32_t tip)
{
	struct rte_arp_hdr a = {
		.arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER),
		.arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = 6,
		.arp_plen = 4,
		.arp_opcode = rte_cpu_to_be_16(op),
	};
	struct rte_mbuf *m;
	uint8_t *p = ctl_frame_new(c, l, dmac, RTE_ETHER_TYPE_ARP, sizeof(a), &m);

	if (p == NULL)
		return;
	memcpy(&a.arp_data.arp_sha, l->mac.b, 6);
	memcpy(&a.arp_data.arp_tha, tha, 6);
	a.arp_data.arp_sip = l->addr4;
	a.arp_data.arp_tip = tip;
	memcpy(p, &a, sizeof(a));
	ctl_frame_send(c, l, m);
}

void ctl_arp_announce(struct ctl *c, const struct dp_link *l)
{
	static const uint8_t zero[6];

	if (l->has_addr4)
		send_arp(c, l, broadcast, RTE_ARP_OP_REQUEST, zero, l->addr4);
}

void ctl_arp_ask(struct ctl *c, const struct dp_link *l, const uint8_t ip4[4])
{
	static const uint8_t zero[6];
	uint32_t tip;

	memcpy(&tip, ip4, 4);
	if (l->has_addr4)
		send_arp(c, l, broadcast, RTE_ARP_OP_REQUEST, zero, tip);
}

/*
 * Somebody else uses our address. We keep it: it is configured, and nobody but the operator can say
 * who is right. It is defended once in an interval, so that two who do so do not flood the link
 * (RFC 5227 §2.4).
 */
static void conflict(struct ctl *c, const struct dp_link *l, const struct mac_addr *who)
{
	struct ctl_host *h = &c->link[l->id].host;
	char mac[MAC_TEXT_SIZE];

	LOG_LIMITED(LOG_LEVEL_WARN, "IPv4 address of ours used by another host", "link=%s mac=%s",
		l->name, mac_format(who, mac));
	if (h->defended_ms != 0 && clock_ms_diff(c->now_ms, h->defended_ms) < DEFEND_INTERVAL_MS)
		return;
	h->defended_ms = c->now_ms | 1;
	ctl_arp_announce(c, l);
}

bool ctl_arp_input(struct ctl *c, const struct ctl_in *in)
{
	const struct dp_link *l = in->l;
	struct rte_arp_hdr a;
	struct mac_addr sha;

	if (in->l3_len < sizeof(a) || !l->has_addr4)
		return false;
	memcpy(&a, in->l3, sizeof(a));
	memcpy(sha.b, &a.arp_data.arp_sha, 6);
	if (mac_is_multicast(&sha) || mac_is_zero(&sha))
		return false;
	if (a.arp_data.arp_sip == l->addr4 && !mac_equal(&sha, &l->mac)) {
		conflict(c, l, &sha);
		return true;
	}
	if (a.arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REPLY) && a.arp_data.arp_tip == l->addr4) {
		struct ip_addr from = ip_from_bytes(4, (const uint8_t *)&a.arp_data.arp_sip);

		return ctl_host_present(c, l->id, &from, &sha);
	}
	if (a.arp_opcode != rte_cpu_to_be_16(RTE_ARP_OP_REQUEST) || a.arp_data.arp_tip != l->addr4)
		return false;
	/* A probe has no sender address (RFC 5227 §2.1.1): the answer to it defends ours. */
	send_arp(c, l, sha.b, RTE_ARP_OP_REPLY, sha.b, a.arp_data.arp_sip);
	CTL_INC(c, host_answers);
	return true;
}
