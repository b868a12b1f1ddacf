/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/worker_priv.h"

#include <errno.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#define MDNS_PORT 5353

int dp_capture_init(struct dp_shared *s, unsigned socket)
{
	char name[RTE_RING_NAMESIZE];

	for (unsigned w = 0; w < s->n_workers; w++) {
		snprintf(name, sizeof(name), "ls_capture%u", w);
		s->capture.ring[w] = rte_ring_create(
			name, DP_CAPTURE_RING, (int)socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (s->capture.ring[w] == NULL)
			return -ENOMEM;
	}
	return 0;
}

void dp_capture_fini(struct dp_shared *s)
{
	void *m;

	for (unsigned w = 0; w < s->n_workers; w++) {
		struct rte_ring *r = s->capture.ring[w];

		while (r != NULL && rte_ring_dequeue(r, &m) == 0)
			rte_pktmbuf_free(m);
		rte_ring_free(r);
		s->capture.ring[w] = NULL;
	}
}

/* --- what is wanted -------------------------------------------------------------------------- */

/* What stands behind the Ethernet header, and where: of frames with one tag at most. */
static unsigned behind_tag(const uint8_t *p, unsigned size, uint16_t *type, uint16_t *vlan)
{
	unsigned off = 12;

	*vlan = 0;
	*type = 0;
	if (size < 18)
		return 0;
	*type = (uint16_t)(p[off] << 8 | p[off + 1]);
	if (*type == RTE_ETHER_TYPE_VLAN) {
		*vlan = (uint16_t)((p[off + 2] << 8 | p[off + 3]) & 0xfff);
		off += 4;
		*type = (uint16_t)(p[off] << 8 | p[off + 1]);
	}
	return off + 2;
}

static bool is_mdns_port(const uint8_t *udp)
{
	return (udp[0] << 8 | udp[1]) == MDNS_PORT || (udp[2] << 8 | udp[3]) == MDNS_PORT;
}

/* Protocol and start of what an IP header carries; 0: cut short. *fragment: not its first part. */
static unsigned behind_ip(const uint8_t *p, unsigned size, unsigned off, uint16_t type,
	uint8_t *proto, bool *fragment)
{
	*fragment = false;
	if (type == RTE_ETHER_TYPE_IPV4) {
		if (size < off + 20)
			return 0;
		*proto = p[off + 9];
		*fragment = ((p[off + 6] & 0x1f) | p[off + 7]) != 0;
		return off + (p[off] & 0xfu) * 4;
	}
	if (size < off + 48)
		return 0;
	*proto = p[off + 6];
	off += 40;
	/* Hop-by-hop options come before MLD; destination options and routing before anything. */
	for (unsigned i = 0; i < 4 && off + 8 <= size; i++) {
		if (*proto != IPPROTO_HOPOPTS && *proto != IPPROTO_DSTOPTS &&
			*proto != IPPROTO_ROUTING)
			break;
		*proto = p[off];
		off += (p[off + 1] + 1u) * 8;
	}
	*fragment = *proto == IPPROTO_FRAGMENT;
	return off;
}

static bool wanted(const struct dp_worker *w, uint16_t port, struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	unsigned size = m->data_len, off;
	uint16_t type, vlan;
	uint8_t proto = 0;
	bool fragment;

	off = behind_tag(p, size, &type, &vlan);
	if (off == 0 || ((w->capture ^ dp_capture_which(port, vlan, false)) & ~DP_CAPTURE_STATION))
		return false;
	if (w->capture & DP_CAPTURE_STATION) {
		uint64_t station =
			atomic_load_explicit(&w->shared->capture.station, memory_order_relaxed);

		if (mac_word(p) != station && mac_word(p + 6) != station)
			return false;
	}
	if (type == RTE_ETHER_TYPE_ARP)
		return true;
	if (type != RTE_ETHER_TYPE_IPV4 && type != RTE_ETHER_TYPE_IPV6)
		return false;
	off = behind_ip(p, size, off, type, &proto, &fragment);
	if (off == 0)
		return false;
	if (fragment || proto == IPPROTO_IGMP || proto == IPPROTO_ICMPV6)
		return true;
	return proto == IPPROTO_UDP && off + 8 <= size && is_mdns_port(p + off);
}

unsigned dp_capture_dns(const uint8_t *frame, unsigned size, unsigned *len)
{
	uint16_t type, vlan;
	uint8_t proto = 0;
	bool fragment;
	unsigned off = behind_tag(frame, size, &type, &vlan), udp;

	if (off == 0 || (type != RTE_ETHER_TYPE_IPV4 && type != RTE_ETHER_TYPE_IPV6))
		return 0;
	off = behind_ip(frame, size, off, type, &proto, &fragment);
	if (off == 0 || fragment || proto != IPPROTO_UDP || off + 8 > size ||
		!is_mdns_port(frame + off))
		return 0;
	udp = (unsigned)(frame[off + 4] << 8 | frame[off + 5]);
	if (udp < 8 || off + udp > size)
		return 0;
	*len = udp - 8;
	return off + 8;
}

/* --- copies ---------------------------------------------------------------------------------- */

static void copy(struct dp_worker *w, struct rte_mbuf *m, bool out)
{
	struct dp_capture *c = &w->shared->capture;
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, w->shared->pool, 0, UINT32_MAX);

	if (copy != NULL) {
		*dp_captured(copy) = (struct dp_captured){.at_us = w->now_us, .out = out};
		if (rte_ring_sp_enqueue(c->ring[w->id], copy) == 0)
			return;
		rte_pktmbuf_free(copy);
	}
	atomic_store_explicit(&c->lost[w->id],
		atomic_load_explicit(&c->lost[w->id], memory_order_relaxed) + 1,
		memory_order_relaxed);
}

void dp_capture(struct dp_worker *w, uint16_t port, struct rte_mbuf *const *m, unsigned n, bool out)
{
	for (unsigned i = 0; i < n; i++)
		if (wanted(w, port, m[i]))
			copy(w, m[i], out);
}
