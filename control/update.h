/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/table.h"
#include "control/timer.h"

/*
 * Records that flap: at most ten updates a minute are told to others (RFC 6762 §8.4). What comes
 * above that is told when the minute is over, in its last state. Counted per unique RRset and link,
 * and per record of shared ones. Control thread only.
 */

struct ctl;

#define CTL_UPDATES_MAX 32768   /* RRsets told within a minute; those above are not counted */
#define CTL_UPDATES_PER_MIN 10u /* RFC 6762 §8.4 */
#define CTL_UPDATES_MS 60000u

struct ctl_update {
	struct ctl_entry entry; /* of (node key, link), of PTR also the ident */
	struct ctl_timer timer; /* the end of the minute */
	uint32_t n;             /* told in it */
	uint32_t rec, gen;      /* not told: the last of those; 0: none */
};

struct ctl_updates {
	struct ctl_table table;
};

/* 0 or -ENOMEM. */
int ctl_updates_init(struct ctl *c);
void ctl_updates_fini(struct ctl *c);

/* The record is about to be told. False: not now, it is kept for the end of the minute. */
bool ctl_update_allowed(struct ctl *c, uint32_t rec);

/* The record began to die. False: it was not told, so neither is its end. */
bool ctl_update_withdrawn(struct ctl *c, uint32_t rec);
