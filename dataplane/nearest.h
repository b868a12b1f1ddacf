/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/*
 * `nearest: N` (DESIGN §6): of the instances that one rule permits a station, in the answer to one
 * question, the N nearest by the tree of locations, and in that order; of equally near ones those
 * whose names come first. Counted after all other rules and before known answers are dropped.
 * Worker thread.
 */

/* Forgets what was offered for the question before. */
void dp_nearest_begin(struct dp_worker *w);

/*
 * Offers PTR record `rec`, permitted by verdict v of a rule with nearest: n. `fate`: the caller's,
 * kept with it. The worst of the rule's goes if there are more than n.
 */
void dp_nearest_offer(struct dp_worker *w, const struct dp_viewer *viewer, uint32_t rec,
	policy_verdict_t v, unsigned n, unsigned fate);

/* Is the PTR record among those that the viewer is told of its node? True for what no `nearest:`
 * counts. */
bool dp_nearest_has(
	struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *viewer, uint32_t rec);
