/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fragment.h"

#include <string.h>

#include <rte_ip.h>

#include "dataplane/worker_priv.h"
#include "dns/wire.h"

#define PACKET_MAX 9000 /* bytes, RFC 6762 §17 */
#define FRAGMENTS_MAX 24
#define MTU_MIN 576 /* of a link, as its configuration allows */

_Static_assert((FRAGMENTS_MAX * (MTU_MIN - 40 - 8 - 7)) >= PACKET_MAX, "room for all fragments");

size_t dp_large_room(unsigned family)
{
	return PACKET_MAX - (family == 4 ? 20 : 40) - 8;
}

uint8_t *dp_large_dns(struct dp_worker *w, const struct dp_link *l, unsigned family)
{
	return w->large + dp_frame_headroom(l, family);
}

/* Headers of the fragment that holds `len` bytes from `off` on. Returns their length. */
static size_t lay4(uint8_t *ip, uint32_t id, size_t off, size_t len, bool more)
{
	struct rte_ipv4_hdr *h = (struct rte_ipv4_hdr *)ip;

	h->packet_id = rte_cpu_to_be_16((uint16_t)id);
	h->fragment_offset =
		rte_cpu_to_be_16((uint16_t)(off / 8 | (more ? RTE_IPV4_HDR_MF_FLAG : 0)));
	h->total_length = rte_cpu_to_be_16((uint16_t)(20 + len));
	h->hdr_checksum = 0;
	h->hdr_checksum = rte_ipv4_cksum(h);
	return 20;
}

static size_t lay6(uint8_t *ip, uint32_t id, size_t off, size_t len, bool more)
{
	struct rte_ipv6_hdr *h = (struct rte_ipv6_hdr *)ip;
	uint8_t *f = ip + 40;

	h->proto = IPPROTO_FRAGMENT;
	h->payload_len = rte_cpu_to_be_16((uint16_t)(8 + len));
	f[0] = IPPROTO_UDP;
	f[1] = 0;
	dns_store16(f + 2, (uint16_t)(off | more));
	dns_store32(f + 4, id);
	return 48;
}

bool dp_large_send(
	struct dp_worker *w, const struct dp_link *l, const struct dp_dest *dest, size_t len)
{
	size_t head = (size_t)l->l2_len + (dest->family == 4 ? 20 : 40), udp_len = len + 8;
	size_t room = l->mtu - (dest->family == 4 ? 20u : 48u);
	uint8_t *udp = w->large + head;
	struct rte_mbuf *m[FRAGMENTS_MAX];
	uint32_t id = rng_u32(&w->rng);
	unsigned n = 0;

	dp_frame_fill(l, dest, udp + 8, len);
	room &= ~(size_t)7;
	for (size_t off = 0; off < udp_len; off += room)
		n++;
	if (n > FRAGMENTS_MAX || rte_pktmbuf_alloc_bulk(w->shared->pool, m, n) != 0) {
		dp_event(w, l->id, DP_EV_no_mbuf, 1);
		return false;
	}
	for (unsigned i = 0; i < n; i++) {
		size_t off = i * room, part = RTE_MIN(room, udp_len - off), to = l->l2_len;
		uint8_t *p = rte_pktmbuf_mtod(m[i], uint8_t *);

		memcpy(p, w->large, head);
		to += dest->family == 4 ? lay4(p + to, id, off, part, i + 1 < n)
					: lay6(p + to, id, off, part, i + 1 < n);
		memcpy(p + to, udp + off, part);
		m[i]->data_len = (uint16_t)(to + part);
		m[i]->pkt_len = m[i]->data_len;
		dp_tx(w, l->port, l->id, m[i]);
	}
	dp_event(w, l->id, DP_EV_tx_fragmented, 1);
	return true;
}
