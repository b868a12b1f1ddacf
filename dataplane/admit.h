/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/*
 * Admission (DESIGN §4.2): how many packets are let in, before a byte of DNS is read. A station
 * that is known has meters of its own, in its line; those that are not share a small one per link,
 * so that made-up addresses starve nobody that is known. Then a link's own, of which each worker
 * has its part. Token buckets without division. Worker thread.
 */

/* What is left of a link's meters, by worker. */
struct dp_link_meters {
	struct bucket_level level[DP_METERS + 1];
};

/* Is the mDNS packet let in? Else the outcome it ends in, as dp_classify() returns it. */
int dp_admit(struct dp_worker *w, const struct dp_pkt *pkt);

/* 0 or -ENOMEM: the worker's meters, all full. */
int dp_admit_init(struct dp_worker *w, int socket);
void dp_admit_fini(struct dp_worker *w);
