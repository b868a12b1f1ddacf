/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/worker_priv.h"

#include <rte_ethdev.h>

#include "dns/wire.h"

/* Frames out. A TX queue has one owner (DESIGN §3); a worker without one hands the frame to it. */

/* Whose a frame is: as its tag says. */
static uint16_t link_of(const struct dp_port_map *map, const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	return map
		->id_of_vlan[dns_load16(p + 12) == RTE_ETHER_TYPE_VLAN ? dns_load16(p + 14) & 0xfff
								       : 0];
}

void dp_tx_flush_port(struct dp_worker *w, uint16_t port)
{
	struct dp_txq *q = &w->tx[port];
	uint16_t sent;

	if (q->n == 0)
		return;
	if (unlikely(w->capture != 0))
		dp_capture(w, port, q->m, (uint16_t)q->n, true);
	sent = rte_eth_tx_burst(port, (uint16_t)w->id, q->m, (uint16_t)q->n);
	if (unlikely(sent < q->n)) {
		/* The device is full: waiting would stall every other link. mDNS asks again. */
		for (uint32_t i = sent; i < q->n; i++) {
			dp_event(w, link_of(w->world->port[port], q->m[i]), DP_EV_tx_refused, 1);
			rte_pktmbuf_free(q->m[i]);
		}
	}
	q->n = 0;
}

void dp_tx(struct dp_worker *w, uint16_t port, uint16_t link, struct rte_mbuf *m)
{
	const struct dp_port_map *map = w->world->port[port];
	struct dp_txq *q = &w->tx[port];
	unsigned owner;

	if (unlikely(map == NULL || map->n_queues == 0)) {
		dp_event(w, link, DP_EV_tx_refused, 1);
		rte_pktmbuf_free(m);
		return;
	}
	owner = dp_tx_owner(map, w->id);
	if (owner != w->id) {
		m->port = port;
		dp_pkt(m)->link = link;
		if (!dp_hand(w, owner, DP_HAND_TX, m)) {
			dp_event(w, link, DP_EV_tx_refused, 1);
			rte_pktmbuf_free(m);
		}
		return;
	}
	if (q->n == DP_TX_BUFFER)
		dp_tx_flush_port(w, port);
	q->m[q->n++] = m;
	w->tx_ports |= UINT32_C(1) << port;
}

void dp_tx_flush(struct dp_worker *w)
{
	for (; w->tx_ports != 0; w->tx_ports &= w->tx_ports - 1)
		dp_tx_flush_port(w, (uint16_t)__builtin_ctz(w->tx_ports));
}
