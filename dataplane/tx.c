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
	if (unlikely(w->capture != 0))
		dp_capture(w, port, q->m, (uint16_t)q->n, true);
	sent = rte_eth_tx_burst(port, (uint16_t)w->id, q->m, (uint16_t)q->n);
	if (unlikely(sent < q->n)) {
		/* The device is full: waiting would stall every other link. mDNS asks again. */
		for (uint32_t i = sent; i < q->n; i++) {
			dp_event(w, q->link[i], DP_EV_tx_refused, 1);
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
		flush(w, port);
	q->link[q->n] = link;
	q->m[q->n++] = m;
	w->tx_ports |= UINT32_C(1) << port;
}

struct dp_txq *dp_tx_room(struct dp_worker *w, uint16_t port, unsigned n)
{
	struct dp_txq *q = &w->tx[port];

	if (q->n + n > DP_TX_BUFFER)
		flush(w, port);
	w->tx_ports |= UINT32_C(1) << port;
	return q;
}

void dp_tx_flush(struct dp_worker *w)
{
	for (; w->tx_ports != 0; w->tx_ports &= w->tx_ports - 1)
		flush(w, (uint16_t)__builtin_ctz(w->tx_ports));
}
