/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/*
 * A worker without ports on a hand-made world: port 0 with link 1 on VLAN 10 (10.10.0.2/24,
 * fd00:10::2/64) and link 2 untagged (IPv6 only). Needs the EAL, which bench_start() brings up.
 */

struct bench {
	struct dp_shared shared;
	struct dp_world world;
	struct dp_port_map port;
	struct dp_link link[3];
	struct dp_link *links[3];
	struct dp_worker *worker;
};

extern struct bench bench;

void bench_start(void);
void bench_stop(void);

/* An mbuf that holds these bytes, as if port 0 had received it. */
struct rte_mbuf *bench_frame(const void *bytes, size_t len);
