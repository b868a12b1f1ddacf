/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Pinned types (`pinned:`): asked for on every link that may have them by the intervals of RFC 6762
 * §5.2 (1, 2, 4, ... s, at most an hour), and refreshed at their milestones though nobody asks. One
 * series a link, all types in as few messages as they fit. Control thread only.
 */

struct ctl;
struct cache_record;
struct dp_link;
struct dp_world;

/* A world came into force in the place of `was` (NULL: none): begins the series anew where types or
 * the link are new. */
void ctl_pinned_world(struct ctl *c, const struct dp_world *was);

/* Asks on the link for what it may have of the pinned types, and sets the time of the next round.
 */
void ctl_pinned_ask(struct ctl *c, const struct dp_link *l);

/* Begins the link's series anew: it has a carrier again. */
void ctl_pinned_restart(struct ctl *c, const struct dp_link *l);

/* Is the record of a pinned service, or an address of a host of one? */
bool ctl_pinned_has(const struct ctl *c, uint32_t rec);

/* Asks one station for the pinned type i of the world, if policy lets us; whether it did. */
bool ctl_pinned_ask_station(struct ctl *c, uint32_t i, uint32_t station);
