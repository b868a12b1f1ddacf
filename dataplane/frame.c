/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/frame.h"

#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "base/inet.h"

/* Leading bits two addresses share. */
static unsigned common_prefix(const uint8_t *a, const uint8_t *b)
{
	for (unsigned i = 0; i < 16; i++)
		if (a[i] != b[i])
			return i * 8 + (unsigned)__builtin_clz((unsigned)(a[i] ^ b[i])) - 24;
	return 128;
}

/*
 * Source address of an IPv6 answer (RFC 6724 in short): fe80 for link-local destinations and the
 * group; else the one of ours that has most in common with the destination, which is the one a
 * direct question was put to as a rule.
 */
static const uint8_t *source6(const struct dp_link *l, const uint8_t *dst)
{
	bool link_local = dst[0] == 0xfe && (dst[1] & 0xc0) == 0x80;
	unsigned best = link_local || l->n_addr6 < 2 ? 0 : 1;

	for (unsigned i = 2; best != 0 && i < l->n_addr6; i++)
		if (common_prefix(l->addr6[i], dst) > common_prefix(l->addr6[best], dst))
			best = i;
	return l->addr6[best];
}

/* UDP's checksum, in place. pseudo: the sum of the addresses; the rest of the pseudo header is
 * added here. */
static void sum_udp(struct rte_udp_hdr *u, uint64_t pseudo, size_t udp_len)
{
	uint16_t sum;

	u->dgram_len = rte_cpu_to_be_16((uint16_t)udp_len);
	u->dgram_cksum = 0;
	sum = (uint16_t)~inet_fold(
		inet_sum(u, udp_len) + pseudo + u->dgram_len + rte_cpu_to_be_16(IPPROTO_UDP));
	/* 0 would say that there is none (RFC 768). */
	u->dgram_cksum = sum != 0 ? sum : 0xffff;
}

static void fill4(uint8_t *ip, const struct dp_dest *dest, size_t udp_len)
{
	struct rte_ipv4_hdr *h = (struct rte_ipv4_hdr *)ip;
	struct rte_udp_hdr *u = (struct rte_udp_hdr *)(ip + 20);

	if (!dest->group) {
		memcpy(&h->dst_addr, dest->addr, 4);
		u->dst_port = rte_cpu_to_be_16(dest->port);
	}
	h->total_length = rte_cpu_to_be_16((uint16_t)(20 + udp_len));
	h->hdr_checksum = 0;
	h->hdr_checksum = (uint16_t)~inet_fold(inet_sum(h, sizeof(*h)));
	sum_udp(u, inet_sum(&h->src_addr, 8), udp_len);
}

static void fill6(const struct dp_link *l, uint8_t *ip, const struct dp_dest *dest, size_t udp_len)
{
	struct rte_ipv6_hdr *h = (struct rte_ipv6_hdr *)ip;
	struct rte_udp_hdr *u = (struct rte_udp_hdr *)(ip + 40);

	if (!dest->group) {
		memcpy(h->dst_addr, dest->addr, 16);
		memcpy(h->src_addr, source6(l, dest->addr), 16);
		u->dst_port = rte_cpu_to_be_16(dest->port);
	}
	h->payload_len = rte_cpu_to_be_16((uint16_t)udp_len);
	sum_udp(u, inet_sum(h->src_addr, 32), udp_len);
}

uint8_t *dp_frame_fill(
	const struct dp_link *l, const struct dp_dest *dest, uint8_t *dns, size_t dns_len)
{
	size_t head = dp_frame_headroom(l, dest->family);
	uint8_t *frame = dns - head;

	memcpy(frame, dest->family == 4 ? l->hdr4 : l->hdr6, head);
	if (!dest->group || dest->unicast_l2)
		memcpy(frame, dest->dmac.b, 6);
	if (dest->family == 4)
		fill4(frame + l->l2_len, dest, dns_len + 8);
	else
		fill6(l, frame + l->l2_len, dest, dns_len + 8);
	return frame;
}
