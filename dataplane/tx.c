/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/worker_priv.h"

#include <rte_ethdev.h>

/* Frames out. A TX queue has one owner (DESIGN §3); a worker without one hands the frame to it. */

static void flush(struct dp_worker *w, uint16_t port)
{
	struct dp_txq *q = &w->tx[port];
	uint16_t sent;

	if (q->n == 0)
		return;
	sent = rte_eth_tx_burst(port, (uint16_t)w->id, q->m, q->n);
	if (unlikely(sent < q->n)) {
		/* The device is full: waiting would stall every other link. mDNS asks again. */
		for (uint16_t i = sent; i < q->n; i++) {
			dp_event(w, dp_pkt(q->m[i])->link, DP_EV_tx_refused, 1);
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

	m->port = port;
	dp_pkt(m)->link = link;
	if (unlikely(map == NULL || map->n_queues == 0)) {
		dp_event(w, link, DP_EV_tx_refused, 1);
		rte_pktmbuf_free(m);
		return;
	}
	owner = dp_tx_owner(map, w->id);
	if (owner != w->id) {
		if (!dp_hand(w, owner, DP_HAND_TX, m)) {
			dp_event(w, link, DP_EV_tx_refused, 1);
			rte_pktmbuf_free(m);
		}
		return;
	}
	if (q->n == DP_TX_BUFFER)
		flush(w, port);
	q->m[q->n++] = m;
}

void dp_tx_flush(struct dp_worker *w)
{
	for (uint16_t port = 0; port < DP_PORTS_MAX; port++)
		flush(w, port);
}
