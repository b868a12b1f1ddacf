/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/port.h"

struct dp_worker;

/*
 * The queue map: RX and TX queue q of every port belong to worker q, so both queues of a bypass
 * pair with equal numbers have one owner and order holds. A worker without a TX queue on a port
 * hands its frames to the owner (dp_tx_owner()). Main thread, before the lcores start.
 */

/* Gives every RX queue to its worker. 0 or the negative errno of dp_worker_add_queue(). */
int dp_queues_assign(const struct dp_port *ports, unsigned n_ports,
	struct dp_worker *const *workers, unsigned n_workers);

/* Logs the map, a line a port; says once which workers have no queue at all. lcore[w]: of worker w.
 */
void dp_queues_log(
	const struct dp_port *ports, unsigned n_ports, const unsigned *lcore, unsigned n_workers);

/* Writes "0:w0@lcore1 1:w1@lcore2" for one port into buf, cut to fit; returns buf. */
const char *dp_queues_text(const struct dp_port *p, const unsigned *lcore, char *buf, size_t size);
