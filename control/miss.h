/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "base/addr.h"
#include "base/bucket.h"

/*
 * Who may have new questions put on other links (DESIGN §4.3, `admission.misses`): a station so
 * many a second, a link's stations a quarter of everybody's. Joining a question that is under way
 * costs nothing. Control thread.
 */

#define CTL_MISS_SETS 4096 /* power of two */
#define CTL_MISS_WAYS 4

struct ctl;
struct dp_link;

struct ctl_miss_set {
	uint64_t who[CTL_MISS_WAYS]; /* MAC and link; 0: free */
	struct bucket_level level[CTL_MISS_WAYS];
} __attribute__((aligned(64)));

struct ctl_misses {
	struct bucket_level gateway;
	/* Stations that caused one lately. One whose place another takes begins anew: what is
	 * bounded by that is made-up addresses, which the link's share bounds. */
	struct ctl_miss_set set[CTL_MISS_SETS];
	unsigned clock; /* the way that is given up next */
};

/* The station on link l causes a new question. False: it is not to be asked. */
bool ctl_miss_paid(struct ctl *c, const struct dp_link *l, const struct mac_addr *mac);
