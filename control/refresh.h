/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

/*
 * Keeping what somebody is interested in from expiring (RFC 6762 §5.2): the provider is asked at
 * 80, 85, 90 and 95 % of the TTL, first by unicast, then by multicast, and about everything of it
 * that is due or nearly so in one query. Nothing is asked about records nobody asked for within
 * their TTL. Control thread only.
 */

struct ctl;

#define CTL_REFRESH_STATIONS 256 /* providers per turn whose other records are looked through */
#define CTL_REFRESH_WALK 256     /* records of one looked at */

struct ctl_refreshes {
	unsigned n;
	struct {
		uint32_t station;
		unsigned stage; /* the furthest of its records due in this turn */
	} due[CTL_REFRESH_STATIONS];
};

/* A record passed milestone `stage`, 1..4 (cache_ops.due). */
void ctl_refresh_due(struct ctl *c, uint32_t rec, unsigned stage);

/* A worker answered from a record past 80 % (DP_UP_REFRESH). */
void ctl_refresh_used(struct ctl *c, uint32_t rec, uint32_t gen);

/* Asks the providers whose records became due in this turn. Returns how many. */
unsigned ctl_refresh_turn(struct ctl *c);
