/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/* Known answers (RFC 6762 §7.1). Worker thread. */

/*
 * Reads what the querier of q knows already into w->known: its answer section, and the authority
 * section of a probe, whose records are the prober's own (§8.2: identical data is no conflict, so
 * there is nothing to defend). Only what w->items could hold is kept; call it after the answer set
 * is complete.
 */
void dp_known_read(struct dp_worker *w, struct dp_query *q);

/*
 * Drops from w->items what the querier knows with at least half the TTL we would send (§7.1), as a
 * mark in the items that stay. Returns how many were dropped.
 */
uint32_t dp_known_drop(struct dp_worker *w);
