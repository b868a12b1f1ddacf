/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/worker_priv.h"

#include <rte_ether.h>

/* The inline pair: what classify says crosses leaves on the other port as it came, on the queue of
 * the same number, so in order. */

/* The tag a driver took off goes back on. */
static bool restore_tag(struct rte_mbuf **m)
{
	if (likely(((*m)->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0))
		return true;
	return rte_vlan_insert(m) == 0;
}

/* Takes the mbuf in any case. */
static void leave(
	struct dp_worker *w, const struct dp_port_map *from, uint16_t link, struct rte_mbuf *m)
{
	const struct dp_port_map *to = w->world->port[from->peer];

	if (unlikely(to == NULL || !restore_tag(&m) ||
		     rte_pktmbuf_pkt_len(m) > to->mtu + DP_L2_CROSSING)) {
		dp_event(w, link, DP_EV_tx_refused, 1);
		rte_pktmbuf_free(m);
		return;
	}
	dp_tx(w, from->peer, link, m);
}

void dp_bypass(struct dp_worker *w, struct rte_mbuf *m)
{
	dp_count(w, dp_pkt(m)->link, DP_bypassed);
	leave(w, w->world->port[dp_pkt(m)->rx_port], dp_pkt(m)->link, m);
}

void dp_bypass_copy(struct dp_worker *w, struct rte_mbuf *m)
{
	const struct dp_port_map *from = w->world->port[dp_pkt(m)->rx_port];
	struct rte_mbuf *copy;

	if (from == NULL || !from->inline_pair)
		return;
	/* The bytes are shared: neither reader writes them. A tag to put back would be written. */
	copy = (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0
		       ? rte_pktmbuf_copy(m, w->shared->pool, 0, UINT32_MAX)
		       : rte_pktmbuf_clone(m, w->shared->pool);
	if (copy == NULL) {
		dp_event(w, dp_pkt(m)->link, DP_EV_no_mbuf, 1);
		return;
	}
	*dp_pkt(copy) = *dp_pkt(m);
	leave(w, from, dp_pkt(m)->link, copy);
}
