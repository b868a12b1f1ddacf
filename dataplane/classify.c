/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/worker_priv.h"

#include <string.h>

#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "base/inet.h"
#include "dns/wire.h"

/*
 * Frame -> struct dp_pkt, or the one outcome it ends in (DESIGN §4.1, §4.2). Every length is
 * checked against the data that is there before it is used; nothing of the DNS message but its
 * header is read here.
 */

#define MDNS_PORT 5353
#define END(o) (-1 - (int)(o))
#define CROSSING_MS 2000   /* between the first and the last fragment of a datagram */
#define GROUP4 0xe00000fbu /* 224.0.0.251 */
#define IPPROTO6_MAX_EXT 8 /* extension headers walked at most */

#define ICMP6_MLD_QUERY 130
#define ICMP6_NS 135
#define ICMP6_NA 136

static const uint8_t group6[16] = {0xff, 0x02, [15] = 0xfb};

struct cursor {
	const uint8_t *data; /* whole frame, contiguous */
	size_t len;
	size_t off;
	const struct dp_port_map *port;
	const struct dp_link *link;
	bool to_us; /* L2 destination is our MAC or a group address */
};

const uint8_t *dp_contiguous(struct dp_worker *w, struct rte_mbuf *m)
{
	size_t len = rte_pktmbuf_pkt_len(m);

	if (likely(m->nb_segs == 1))
		return rte_pktmbuf_mtod(m, const uint8_t *);
	if (len > DP_SCRATCH)
		return NULL;
	return rte_pktmbuf_read(m, 0, (uint32_t)len, w->linear);
}

/* Ethernet and up to two VLAN tags, in the frame or stripped into the mbuf; finds the link. Returns
 * an outcome or 0. */
static int classify_l2(struct dp_worker *w, struct rte_mbuf *m, struct cursor *c, uint16_t *type)
{
	struct dp_pkt *pkt = dp_pkt(m);
	uint16_t vlan = 0;
	unsigned tags = 0;

	if (c->len < RTE_ETHER_HDR_LEN)
		return END(DP_bad_frame);
	memcpy(pkt->smac.b, c->data + 6, 6);
	*type = dns_load16(c->data + 12);
	c->off = RTE_ETHER_HDR_LEN;
	/*
	 * RX_VLAN alone says nothing: af_packet puts the tag back into the frame and still sets it.
	 * Only a driver that stripped the tag left it nowhere else.
	 */
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		vlan = m->vlan_tci & 0xfff;
	while (*type == RTE_ETHER_TYPE_VLAN || *type == RTE_ETHER_TYPE_QINQ) {
		uint16_t vid;

		if (++tags > 2 || c->len - c->off < 4)
			return END(DP_bad_frame);
		vid = dns_load16(c->data + c->off) & 0xfff;
		/* VLAN id 0 is a priority tag, no VLAN. Two real tags are no link of ours. */
		if (vid != 0 && vlan != 0)
			return END(DP_unknown_link);
		if (vid != 0)
			vlan = vid;
		*type = dns_load16(c->data + c->off + 2);
		c->off += 4;
	}
	c->link = c->port->link_of_vlan[vlan];
	if (c->link == NULL)
		return END(DP_unknown_link);
	pkt->link = c->link->id;
	if (dp_world_own_mac(w->world, mac_word(c->data + 6)))
		return END(DP_own);
	if (mac_is_multicast(&pkt->smac) || mac_is_zero(&pkt->smac))
		return END(DP_martian);
	c->to_us = (c->data[0] & 1) != 0 || memcmp(c->data, c->link->mac.b, 6) == 0;
	return 0;
}

/* What the core filter is measured by: how much of the flooded traffic is mDNS. */
static void count_cast(struct dp_worker *w, const struct cursor *c, const struct dp_pkt *pkt)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	if (c->len < RTE_ETHER_HDR_LEN || (c->data[0] & 1) == 0)
		return;
	dp_event(w, pkt->link,
		memcmp(c->data, all, 6) == 0 ? DP_EV_rx_broadcast : DP_EV_rx_multicast, 1);
}

/* ARP is ours if it asks for our address, or somebody else claims it (RFC 5227 §2.4). */
static int classify_arp(const struct cursor *c, struct dp_pkt *pkt)
{
	const struct rte_arp_hdr *a = (const struct rte_arp_hdr *)(c->data + c->off);

	if (c->len - c->off < sizeof(*a))
		return END(DP_bad_frame);
	if (!c->link->has_addr4 || a->arp_hardware != rte_cpu_to_be_16(RTE_ARP_HRD_ETHER) ||
		a->arp_protocol != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) || a->arp_hlen != 6 ||
		a->arp_plen != 4)
		return END(DP_not_ours);
	if (a->arp_data.arp_tip != c->link->addr4 && a->arp_data.arp_sip != c->link->addr4)
		return END(DP_not_ours);
	pkt->l3_off = (uint16_t)c->off;
	pkt->l4_off = (uint16_t)c->off;
	pkt->outcome = DP_arp;
	return DP_HOST_DUTY;
}

/* Neighbour discovery and MLD, as far as they concern us (RFC 4861 §7.1, RFC 3810 §5.1): our
 * addresses, and answers to what we asked (`ours`: they are sent to one of those). */
static int classify_icmp6(
	const struct cursor *c, struct dp_pkt *pkt, size_t len, uint8_t hops, bool ours)
{
	const uint8_t *icmp = c->data + pkt->l4_off;

	if (len < 24)
		return END(DP_not_ours);
	switch (icmp[0]) {
	case ICMP6_MLD_QUERY:
		if (c->link->mode != DP_LINK_GATEWAY) /* it is in no group there */
			return END(DP_not_ours);
		if (hops != 1)
			return END(DP_bad_ip);
		pkt->outcome = DP_mld;
		return DP_HOST_DUTY;
	case ICMP6_NS:
	case ICMP6_NA:
		if (!dp_link_own_addr(c->link, 6, icmp + 8) && (icmp[0] != ICMP6_NA || !ours))
			return END(DP_not_ours);
		if (hops != 255)
			return END(DP_bad_ip);
		pkt->outcome = DP_nd;
		return DP_HOST_DUTY;
	default:
		return END(DP_not_ours);
	}
}

/*
 * Sum of the UDP pseudo header, folded, not inverted: what a kernel leaves in an unfinished
 * checksum. By hand, since next header and length of an IPv6 header with extensions are not UDP's.
 */
static uint16_t pseudo_sum(const uint8_t *ip, unsigned family, size_t udp_len)
{
	uint64_t sum = family == 4 ? inet_sum(ip + 12, 8) : inet_sum(ip + 8, 32);

	sum += rte_cpu_to_be_16(IPPROTO_UDP);
	sum += rte_cpu_to_be_16((uint16_t)udp_len);
	return inet_fold(sum);
}

/*
 * A checksum is good if it is right; 0 is good on IPv4; on kernel-backed ports also one the kernel
 * left unfinished (veth hands out CHECKSUM_PARTIAL and says so nowhere), which is counted.
 */
static bool checksum_ok(struct dp_worker *w, const struct rte_mbuf *m, const struct cursor *c,
	const struct dp_pkt *pkt, const struct rte_udp_hdr *u, size_t udp_len)
{
	uint16_t got = u->dgram_cksum, pseudo;

	if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return true;
	if (got == 0)
		return pkt->family == 4;
	/* Over pseudo header and datagram with the checksum in it, the sum is 0xffff when right. */
	pseudo = pseudo_sum(c->data + pkt->l3_off, pkt->family, udp_len);
	if (inet_fold(inet_sum(u, udp_len) + pseudo) == 0xffff)
		return true;
	if (c->port->soft_checksum && got == pseudo) {
		dp_event(w, pkt->link, DP_EV_partial_checksum, 1);
		return true;
	}
	return false;
}

bool dp_source_is_martian(unsigned family, const uint8_t *s)
{
	if (family == 4)
		return s[0] == 0 || s[0] == 127 || s[0] >= 224;
	if (s[0] == 0xff)
		return true;
	/* :: and ::1 */
	for (unsigned i = 0; i < 15; i++)
		if (s[i] != 0)
			return false;
	return s[15] <= 1;
}

/* Does the gateway take part in the mDNS of this family there, and may the source be there? */
static int admit_source(
	const struct dp_world *world, const struct dp_link *l, const struct dp_pkt *pkt)
{
	if (l->mode != DP_LINK_GATEWAY)
		return END(l->mode == DP_LINK_OFF ? DP_link_off : DP_filtered);
	if (dp_source_is_martian(pkt->family, pkt->src))
		return END(DP_martian);
	if (dp_link_own_addr(l, pkt->family, pkt->src))
		return END(DP_own);
	/* Our own of another link, by whatever way and MAC it came here. IPv6 link-local ones are
	 * the same on all links of a port. */
	if ((pkt->family == 6 || !dp_link_on_link(l, 4, pkt->src)) &&
		dp_own_has(world->own, pkt->family, pkt->src))
		return END(DP_own);
	if (pkt->family == 4 ? !l->has_addr4 : l->n_addr6 == 0)
		return END(DP_no_address);
	return 0;
}

/* Before any DNS byte is read (DESIGN §4.2): is it mDNS the gateway takes part in, from somebody
 * who may be there? */
static int admit(struct dp_worker *w, const struct cursor *c, struct dp_pkt *pkt)
{
	const struct dp_link *l = c->link;
	uint16_t flags;
	int rc = admit_source(w->world, l, pkt);

	if (rc != 0)
		return rc;
	if (pkt->dns_len > DNS_MSG_MAX)
		return END(DP_oversize);
	if (pkt->dns_len < DNS_HEADER_LEN)
		return END(DP_bad_dns);
	if (!dp_link_on_link(l, pkt->family, pkt->src))
		pkt->flags |= DP_PKT_OFFLINK;
	flags = dns_load16(c->data + pkt->dns_off + 2);
	if ((flags & (DNS_OPCODE_MASK | DNS_RCODE_MASK)) != 0)
		return END(DP_bad_opcode);
	if (flags & DNS_FLAG_QR) {
		uint32_t asked;

		pkt->flags |= DP_PKT_RESPONSE;
		if (pkt->sport != MDNS_PORT)
			return END(DP_response_port);
		if (pkt->flags & DP_PKT_GROUP)
			return 0;
		/* A unicast response must be on-link and answer a recent question (RFC 6762 §11,
		 * §6). */
		if (pkt->flags & DP_PKT_OFFLINK)
			return END(DP_off_link);
		asked = atomic_load_explicit(
			&w->shared->unicast_asked_ms[l->id], memory_order_relaxed);
		if (asked == 0 || clock_ms_diff(w->now_ms, asked) > 2000)
			return END(DP_unasked);
		return 0;
	}
	if (dp_is_gateway(&w->shared->gateways, l->id, &pkt->smac))
		return END(DP_gateway);
	if (pkt->sport != MDNS_PORT)
		pkt->flags |= DP_PKT_LEGACY;
	/*
	 * Answers to these go to the source alone, so it must be on the link (RFC 6762 §5.5, §11);
	 * a query to the group from elsewhere is answered to the group, never to its source.
	 */
	if ((pkt->flags & DP_PKT_OFFLINK) &&
		((pkt->flags & DP_PKT_LEGACY) || !(pkt->flags & DP_PKT_GROUP)))
		return END(DP_off_link);
	return 0;
}

static int classify_udp(struct dp_worker *w, struct rte_mbuf *m, struct cursor *c, size_t len)
{
	struct dp_pkt *pkt = dp_pkt(m);
	const struct rte_udp_hdr *u = (const struct rte_udp_hdr *)(c->data + pkt->l4_off);
	size_t udp_len;

	if (len < sizeof(*u))
		return END(DP_bad_udp);
	if (u->dst_port != rte_cpu_to_be_16(MDNS_PORT))
		return END(DP_not_ours);
	udp_len = rte_be_to_cpu_16(u->dgram_len);
	if (udp_len < sizeof(*u) || u->src_port == 0)
		return END(DP_bad_udp);
	if (udp_len > len)
		return END(DP_truncated);
	if (!checksum_ok(w, m, c, pkt, u, udp_len))
		return END(DP_bad_checksum);
	pkt->sport = rte_be_to_cpu_16(u->src_port);
	pkt->dns_off = (uint16_t)(pkt->l4_off + sizeof(*u));
	pkt->dns_len = (uint16_t)(udp_len - sizeof(*u));
	return admit(w, c, pkt);
}

/*
 * On an inline pair the later fragments of a datagram to the group follow the first, which has the
 * ports: noted are the few that cross now. Those of one datagram come by one queue.
 */
static struct dp_crossing *datagram_place(
	struct dp_worker *w, const struct dp_pkt *pkt, const struct dp_fragment *f, uint64_t *tag)
{
	uint64_t a, b;

	memcpy(&a, pkt->src, 8);
	memcpy(&b, pkt->src + 8, 8);
	*tag = (a * 0x9e3779b97f4a7c15ull ^ b) * 0xff51afd7ed558ccdull ^
	       ((uint64_t)f->id << 17 | (uint64_t)pkt->link << 1 | 1);
	return &w->crossing[(*tag ^ *tag >> 32) % DP_CROSSING];
}

static void datagram_note(
	struct dp_worker *w, const struct dp_pkt *pkt, const struct dp_fragment *f, bool crosses)
{
	uint64_t tag;
	struct dp_crossing *x = datagram_place(w, pkt, f, &tag);

	if (crosses)
		*x = (struct dp_crossing){.tag = tag, .since_ms = w->now_ms};
	else if (x->tag == tag)
		x->tag = 0;
}

static bool datagram_crosses(
	struct dp_worker *w, const struct dp_pkt *pkt, const struct dp_fragment *f)
{
	uint64_t tag;
	const struct dp_crossing *x = datagram_place(w, pkt, f, &tag);

	return x->tag == tag && clock_ms_diff(w->now_ms, x->since_ms) < CROSSING_MS;
}

/*
 * A fragment of what may be mDNS: only the first one has the ports. `len` bytes of data are behind
 * pkt->l4_off. In several segments it is not held: mbufs hold what the MTU lets through.
 */
static int classify_fragment(struct dp_worker *w, const struct rte_mbuf *m, const struct cursor *c,
	struct dp_pkt *pkt, const struct dp_fragment *f, size_t len)
{
	int rc;

	if (len == 0 || (f->more && len % 8 != 0) || m->nb_segs > 1)
		return END(DP_fragment);
	if (f->off == 0) {
		const struct rte_udp_hdr *u = (const struct rte_udp_hdr *)(c->data + pkt->l4_off);
		bool ours = len >= sizeof(*u) && u->dst_port == rte_cpu_to_be_16(MDNS_PORT);

		if (len < sizeof(*u))
			return END(DP_fragment);
		if (c->port->inline_pair)
			datagram_note(w, pkt, f, !ours);
		if (!ours)
			return END(DP_not_ours);
	} else if (c->port->inline_pair && datagram_crosses(w, pkt, f)) {
		return END(DP_not_ours);
	}
	rc = admit_source(w->world, c->link, pkt);
	if (rc != 0)
		return rc;
	if (f->off + len > sizeof(struct rte_udp_hdr) + DNS_MSG_MAX)
		return END(DP_oversize);
	pkt->fragment = *f;
	pkt->dns_len = (uint16_t)len;
	return DP_FRAGMENT;
}

static int classify_fragment4(struct dp_worker *w, const struct rte_mbuf *m, const struct cursor *c,
	struct dp_pkt *pkt, const struct rte_ipv4_hdr *h, size_t len)
{
	uint16_t field = rte_be_to_cpu_16(h->fragment_offset);
	const struct dp_fragment f = {.id = rte_be_to_cpu_16(h->packet_id),
		.off = (uint16_t)((field & RTE_IPV4_HDR_OFFSET_MASK) * 8),
		.more = (field & RTE_IPV4_HDR_MF_FLAG) != 0};

	return classify_fragment(w, m, c, pkt, &f, len);
}

/* The fragment header is at `off`, `left` bytes from there on. What follows it has to be UDP. */
static int classify_fragment6(struct dp_worker *w, const struct rte_mbuf *m, const struct cursor *c,
	struct dp_pkt *pkt, size_t off, size_t left)
{
	const uint8_t *p = c->data + off;
	struct dp_fragment f;

	if (left < 8)
		return END(DP_bad_ip);
	if (p[0] != IPPROTO_UDP)
		return END(DP_not_ours);
	f.id = dns_load32(p + 4);
	f.off = dns_load16(p + 2) & 0xfff8;
	f.more = (p[3] & 1) != 0;
	pkt->l4_off = (uint16_t)(off + 8);
	return classify_fragment(w, m, c, pkt, &f, left - 8);
}

static int classify_ip4(struct dp_worker *w, struct rte_mbuf *m, struct cursor *c)
{
	struct dp_pkt *pkt = dp_pkt(m);
	const struct rte_ipv4_hdr *h = (const struct rte_ipv4_hdr *)(c->data + c->off);
	size_t avail = c->len - c->off, ihl, total;
	bool group, fragment;

	if (avail < sizeof(*h) || (h->version_ihl >> 4) != 4)
		return END(DP_bad_ip);
	ihl = (size_t)(h->version_ihl & 0xf) * 4;
	total = rte_be_to_cpu_16(h->total_length);
	if (ihl < sizeof(*h) || total < ihl)
		return END(DP_bad_ip);
	if (total > avail)
		return END(DP_truncated);
	group = h->dst_addr == rte_cpu_to_be_32(GROUP4);
	fragment = (h->fragment_offset &
			   rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0;
	if (h->next_proto_id == IPPROTO_IGMP) {
		/* A membership query: general, or about our group (RFC 3376 §4.1). */
		if (c->link->mode != DP_LINK_GATEWAY || total < ihl + 8 ||
			c->data[c->off + ihl] != 0x11 || inet_fold(inet_sum(h, ihl)) != 0xffff)
			return END(DP_not_ours);
		pkt->outcome = DP_igmp;
	} else if (h->next_proto_id != IPPROTO_UDP ||
		   (!group && !(c->link->has_addr4 && h->dst_addr == c->link->addr4))) {
		return END(DP_not_ours);
	} else if ((m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) != RTE_MBUF_F_RX_IP_CKSUM_GOOD &&
		   inet_fold(inet_sum(h, ihl)) != 0xffff) {
		return END(DP_bad_checksum);
	}
	pkt->family = 4;
	pkt->flags = group ? DP_PKT_GROUP : 0;
	memcpy(pkt->src, &h->src_addr, 4);
	pkt->l3_off = (uint16_t)c->off;
	pkt->l4_off = (uint16_t)(c->off + ihl);
	if (h->next_proto_id == IPPROTO_IGMP)
		return DP_HOST_DUTY;
	if (fragment)
		return classify_fragment4(w, m, c, pkt, h, total - ihl);
	return classify_udp(w, m, c, total - ihl);
}

static bool is_extension(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS;
}

static int classify_ip6(struct dp_worker *w, struct rte_mbuf *m, struct cursor *c)
{
	struct dp_pkt *pkt = dp_pkt(m);
	const struct rte_ipv6_hdr *h = (const struct rte_ipv6_hdr *)(c->data + c->off);
	size_t avail = c->len - c->off, left, off;
	bool group, ours;
	uint8_t proto;

	if (avail < sizeof(*h) || (c->data[c->off] >> 4) != 6)
		return END(DP_bad_ip);
	left = rte_be_to_cpu_16(h->payload_len);
	if (left > avail - sizeof(*h))
		return END(DP_truncated);
	group = memcmp(h->dst_addr, group6, 16) == 0;
	ours = group || dp_link_own_addr(c->link, 6, h->dst_addr);
	off = c->off + sizeof(*h);
	proto = h->proto;
	for (unsigned i = 0; is_extension(proto); i++) {
		size_t ext;

		/* So many could be there only to hide what is behind them. */
		if (left < 8 || i == IPPROTO6_MAX_EXT)
			return END(DP_bad_ip);
		ext = ((size_t)c->data[off + 1] + 1) * 8;
		if (ext > left)
			return END(DP_bad_ip);
		proto = c->data[off];
		off += ext;
		left -= ext;
	}
	pkt->family = 6;
	pkt->flags = group ? DP_PKT_GROUP : 0;
	memcpy(pkt->src, h->src_addr, 16);
	pkt->l3_off = (uint16_t)c->off;
	pkt->l4_off = (uint16_t)off;
	if (proto == IPPROTO_FRAGMENT)
		return ours ? classify_fragment6(w, m, c, pkt, off, left) : END(DP_not_ours);
	if (proto == IPPROTO_ICMPV6)
		return classify_icmp6(c, pkt, left, h->hop_limits, ours);
	if (proto != IPPROTO_UDP || !ours)
		return END(DP_not_ours);
	return classify_udp(w, m, c, left);
}

/*
 * On an inline pair all crosses that is not for us and not mDNS: other VLANs, other protocols, what
 * is too odd to be read. An IP length beyond the data, our own or impossible sources, and broken IP
 * headers to a group, which could hide mDNS, end here.
 */
static int cross(const struct cursor *c, const struct dp_pkt *pkt, int rc)
{
	enum dp_outcome o;

	if (rc >= 0)
		return rc;
	o = (enum dp_outcome)(-1 - rc);
	switch (o) {
	case DP_bad_frame:
		return c->len < RTE_ETHER_HDR_LEN ? rc : END(DP_bypassed);
	case DP_oversize:
		/* mDNS that is too long, or a chain too long for it that was not looked at? */
		return pkt->l3_off != 0 ? rc : END(DP_bypassed);
	case DP_bad_ip:
		return c->to_us ? rc : END(DP_bypassed);
	case DP_not_ours:
		/* Addressed to our MAC it is meant for us, and for nobody else. */
		return c->to_us && (c->data[0] & 1) == 0 ? rc : END(DP_bypassed);
	case DP_unknown_link:
	case DP_link_off:
		return END(DP_bypassed);
	default:
		return rc;
	}
}

static int classify(struct dp_worker *w, struct rte_mbuf *m, struct cursor *c)
{
	struct dp_pkt *pkt = dp_pkt(m);
	uint16_t type;
	int rc;

	c->data = dp_contiguous(w, m);
	if (c->data == NULL)
		return END(DP_oversize);
	rc = classify_l2(w, m, c, &type);
	count_cast(w, c, pkt);
	if (rc != 0)
		return rc;
	if (m->nb_segs > 1)
		dp_event(w, pkt->link, DP_EV_linearised, 1);
	/* A frame to somebody else that reached us since the port is promiscuous. */
	if (!c->to_us)
		return END(DP_not_ours);
	/* Switched off, an inline pair is a cable. */
	if (c->link->mode == DP_LINK_OFF && c->port->inline_pair)
		return END(DP_link_off);
	switch (type) {
	case RTE_ETHER_TYPE_IPV4:
		return classify_ip4(w, m, c);
	case RTE_ETHER_TYPE_IPV6:
		return classify_ip6(w, m, c);
	case RTE_ETHER_TYPE_ARP:
		return classify_arp(c, pkt);
	default:
		return END(DP_not_ours);
	}
}

int dp_classify(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_pkt *pkt = dp_pkt(m);
	struct cursor c = {.len = rte_pktmbuf_pkt_len(m)};
	int rc;

	memset(pkt, 0, sizeof(*pkt));
	pkt->rx_port = m->port;
	pkt->arrived_ms = w->now_ms;
	c.port = m->port < DP_PORTS_MAX ? w->world->port[m->port] : NULL;
	if (c.port == NULL)
		return END(DP_unknown_link);
	rc = classify(w, m, &c);
	return c.port->inline_pair ? cross(&c, pkt, rc) : rc;
}
