/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/* Probes (RFC 6762 §8.1) for names that are extended: answered only for an owner who lives. */

/*
 * An owner that was heard this lately need not be asked before its name is defended, if it was
 * heard after the prober was: then they are two. Else the prober may be the owner on its way: with
 * another MAC and other addresses it looks like anybody else, but then nobody answers where it was.
 */
#define DP_CONFIRMED_MS 60000
/* So lately means that it has just been asked: the time between two probes, and that by which a
 * touch may lag. */
#define DP_CONFIRMED_NOW_MS 2000

/*
 * Between dp_known_read() and dp_known_drop(): takes out of w->items what a probe is not to be
 * answered with. That is every record of a name of which the prober proposes a record that is held
 * (then it is the owner, on another link), and of one whose owner was not heard lately. *ask gets
 * the latter's questions (bit i: question i < 64), for control to ask the owner; the next probe,
 * 250 ms later, finds it confirmed or not. On a link with `conflicts: report` nothing is defended.
 * Returns the number of the former. Worker thread.
 */
uint32_t dp_probe_hold(struct dp_worker *w, const struct dp_query *q, uint64_t *ask);

/*
 * A query for the services of a type proposes the PTR to one, `name` (canonical): so
 * python-zeroconf asks whether a service's name is taken, and reads it out of the answer to the
 * question. True: it is, and the PTR belongs into the answer. False: it goes as a known answer,
 * since the service may be the prober's own, on another link; qu->unsure if its owner is to be
 * asked. Worker thread.
 */
bool dp_probe_pointer(
	struct dp_worker *w, const struct dp_query *q, struct dp_question *qu, const uint8_t *name);
