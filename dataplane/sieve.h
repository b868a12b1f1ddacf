/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_ether.h>

#include "dataplane/worker_priv.h"
#include "dns/wire.h"

/*
 * What a frame's Ethernet header decides alone: of a VLAN that is no link, or to somebody else's
 * MAC. That is most of what an inline pair carries. The same outcomes as classify.c's, for plain
 * frames; whatever is not plain is left to it.
 */

enum dp_sieved {
	DP_SIEVE_LEFT,  /* for classify.c */
	DP_SIEVE_CROSS, /* passes to the other port */
	DP_SIEVE_SHED,  /* dropped; counted */
};

/* link: 0 if it is of none. */
static inline enum dp_sieved dp_sieve(struct dp_worker *w, const struct dp_port_map *map,
	const struct rte_mbuf *m, uint16_t *link)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t type, id, vlan = 0;
	const struct dp_link *l;
	uint64_t smac;

	if (m->data_len < 60 || m->nb_segs != 1 || (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0)
		return DP_SIEVE_LEFT;
	type = dns_load16(p + 12);
	if (type == RTE_ETHER_TYPE_VLAN) {
		vlan = dns_load16(p + 14) & 0xfff;
		type = dns_load16(p + 16);
	}
	if (type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ)
		return DP_SIEVE_LEFT;
	id = map->link_of_vlan[vlan];
	l = dp_world_link(w->world, id);
	smac = mac_word(p + 6);
	if (l != NULL && ((p[0] & 1) != 0 || mac_word(p) == mac_word(l->mac.b) || (p[6] & 1) != 0 ||
				 smac == 0 || dp_world_own_mac(w->world, smac)))
		return DP_SIEVE_LEFT;
	if ((p[0] & 1) != 0)
		dp_event(w, 0,
			mac_word(p) == UINT64_C(0xffffffffffff) ? DP_EV_rx_broadcast
								: DP_EV_rx_multicast,
			1);
	*link = l != NULL ? id : 0;
	dp_event(w, *link, DP_EV_rx, 1);
	if (map->inline_pair) {
		dp_count(w, *link, DP_bypassed);
		return DP_SIEVE_CROSS;
	}
	dp_count(w, *link, l != NULL ? DP_not_ours : DP_unknown_link);
	return DP_SIEVE_SHED;
}
