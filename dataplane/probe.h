/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/* Probes (RFC 6762 §8.1) for names that are extended: answered only for an owner who lives. */

/* Who was heard this lately need not be asked before its name is defended. */
#define DP_CONFIRMED_MS 60000

/*
 * Between dp_known_read() and dp_known_drop(): takes out of w->items what a probe is not to be
 * answered with. That is every record of a name of which the prober proposes a record that is held
 * (then it is the owner, on another link), and of one whose owner was not heard for
 * DP_CONFIRMED_MS. *ask gets the latter's questions (bit i: question i < 64), for control to ask
 * the owner; the next probe, 250 ms later, finds it confirmed or not. Returns the number of the
 * former. Worker thread.
 */
uint32_t dp_probe_hold(struct dp_worker *w, const struct dp_query *q, uint64_t *ask);
