/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/world.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include "base/inet.h"
#include "cache/deps.h"

/* fe80::/10 is on-link everywhere, whatever prefixes are configured (RFC 4291 §2.5.6). */
static bool is_link_local6(const uint8_t *addr)
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

static bool in_prefix6(const struct dp_prefix6 *p, const uint8_t *addr)
{
	uint64_t a[2], net[2], mask[2];

	memcpy(a, addr, 16);
	memcpy(net, p->addr, 16);
	memcpy(mask, p->mask, 16);
	return (((a[0] & mask[0]) ^ net[0]) | ((a[1] & mask[1]) ^ net[1])) == 0;
}

bool dp_link_on_link(const struct dp_link *l, unsigned family, const uint8_t *addr)
{
	if (family == 4) {
		uint32_t a;

		memcpy(&a, addr, 4);
		/* 169.254/16: a host that found no DHCP server is on the link all the same (RFC
		 * 3927). */
		if (addr[0] == 169 && addr[1] == 254)
			return true;
		for (unsigned i = 0; i < l->n_pfx4; i++)
			if ((a & l->mask4[i]) == l->pfx4[i])
				return true;
		return false;
	}
	if (is_link_local6(addr))
		return true;
	for (unsigned i = 0; i < l->n_pfx6; i++)
		if (in_prefix6(&l->pfx6[i], addr))
			return true;
	return false;
}

bool dp_link_own_addr(const struct dp_link *l, unsigned family, const uint8_t *addr)
{
	if (family == 4)
		return l->has_addr4 && memcmp(addr, &l->addr4, 4) == 0;
	for (unsigned i = 0; i < l->n_addr6; i++)
		if (memcmp(addr, l->addr6[i], 16) == 0)
			return true;
	return false;
}

/* Ethernet header and VLAN tag; returns their length. */
static size_t lay_l2(const struct dp_link *l, uint8_t *p, const uint8_t dmac[6], uint16_t type)
{
	size_t n = 12;

	memcpy(p, dmac, 6);
	memcpy(p + 6, l->mac.b, 6);
	if (l->vlan != 0) {
		p[n++] = RTE_ETHER_TYPE_VLAN >> 8;
		p[n++] = RTE_ETHER_TYPE_VLAN & 0xff;
		p[n++] = (uint8_t)(l->vlan >> 8);
		p[n++] = (uint8_t)l->vlan;
	}
	p[n++] = (uint8_t)(type >> 8);
	p[n++] = (uint8_t)type;
	return n;
}

/* UDP ports 5353 both ways; length and checksum are the packet's. */
static void lay_udp(uint8_t *p)
{
	static const uint8_t ports[8] = {0x14, 0xe9, 0x14, 0xe9};

	memcpy(p, ports, sizeof(ports));
}

/* ... with the protocol, which the pseudo header has too. */
void dp_link_finish(struct dp_link *l)
{
	static const uint8_t group_mac4[6] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb};
	static const uint8_t group_mac6[6] = {0x33, 0x33, 0x00, 0x00, 0x00, 0xfb};
	static const uint8_t group4[4] = {224, 0, 0, 251};
	static const uint8_t group6[16] = {0xff, 0x02, [15] = 0xfb};
	const uint16_t proto = rte_cpu_to_be_16(IPPROTO_UDP);
	uint8_t *p;

	l->bit = cache_link_bit(l->id);
	l->mac_word = mac_word(l->mac.b);
	l->mac_next = mac_word_next(l->mac.b);
	memset(l->hdr4, 0, sizeof(l->hdr4));
	memset(l->hdr6, 0, sizeof(l->hdr6));

	l->l2_len = (uint8_t)lay_l2(l, l->hdr4, group_mac4, RTE_ETHER_TYPE_IPV4);
	p = l->hdr4 + l->l2_len;
	p[0] = 0x45;
	p[8] = 255; /* RFC 6762 §11 */
	p[9] = 17;
	memcpy(p + 12, &l->addr4, 4);
	memcpy(p + 16, group4, 4);
	lay_udp(p + 20);
	l->ip_check4 = (uint16_t)~inet_fold(inet_sum(p, 20));
	l->udp_check4 = (uint16_t)~inet_fold(inet_sum(p + 12, 8) + inet_sum(p + 20, 8) + proto);

	lay_l2(l, l->hdr6, group_mac6, RTE_ETHER_TYPE_IPV6);
	p = l->hdr6 + l->l2_len;
	p[0] = 0x60;
	p[6] = 17;
	p[7] = 255;
	if (l->n_addr6 > 0)
		memcpy(p + 8, l->addr6[0], 16);
	memcpy(p + 24, group6, 16);
	lay_udp(p + 40);
	l->udp_check6 = (uint16_t)~inet_fold(inet_sum(p + 8, 32) + inet_sum(p + 40, 8) + proto);
}

void dp_world_finish(struct dp_world *w)
{
	w->n_macs = 0;
	w->mac_ends = w->mac_fifths = 1;
	for (unsigned i = 0; i < DP_PORTS_MAX; i++) {
		uint64_t mac = w->port[i] != NULL ? mac_word(w->port[i]->mac.b) : 0;

		if (w->port[i] == NULL || dp_world_own_mac(w, mac))
			continue;
		w->mac[w->n_macs++] = mac;
		w->mac_ends |= UINT64_C(1) << (mac >> 40 & 63);
		w->mac_fifths |= UINT64_C(1) << (mac >> 32 & 63);
	}
}
