/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/shared.h"

/*
 * A worker lcore: polls its RX queues and runs each burst to completion (DESIGN §3, §4). One turn
 * is one look at everything; production loops and packet tests call the same function.
 */

struct dp_worker;

/* Makes worker `id`; memory on `socket`. seed: of its jitter. NULL with errno set. Before the
 * lcores start. */
struct dp_worker *dp_worker_create(
	struct dp_shared *s, unsigned id, unsigned socket, uint64_t seed, uint64_t now_us);
void dp_worker_destroy(struct dp_worker *w);

/* Worker `w` polls RX queue `queue` of DPDK port `port`; at most DP_PORTS_MAX calls. Before the
 * lcores start. */
int dp_worker_add_queue(struct dp_worker *w, uint16_t port, uint16_t queue);

/*
 * One turn: downcalls, mbufs from other workers, one burst of each RX queue, timers due at `now`
 * (microseconds of a monotonic clock), TX, RCU quiescence. Worker thread only. Returns how many
 * things were done; 0: idle.
 */
unsigned dp_worker_turn(struct dp_worker *w, uint64_t now_us);

/* When the next timer of the worker is due (clock_ms); false: none. For the virtual clock and for
 * idle sleep. */
bool dp_worker_next(const struct dp_worker *w, uint32_t *at_ms);

/* mbufs the worker holds (scheduled, buffered): 0 after a drained test. */
unsigned dp_worker_held(const struct dp_worker *w);
