/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "control/table.h"
#include "control/timer.h"

/*
 * Passive observation of failures (RFC 6762 §10.5): workers see two queries on a record's own link
 * that its owner should have answered there and did not. If nobody answers for ten seconds more,
 * the record is given up; nobody is asked. What another station than its owner takes back is seen
 * to in the same way. Control thread only.
 */

struct ctl;

#define CTL_POOFS_MAX 4096 /* further ones live on to their TTL */
#define CTL_POOF_MS 10000

struct ctl_poof {
	struct ctl_entry entry; /* of (record, generation) */
	struct ctl_timer timer;
	uint32_t rec, gen;
	uint32_t from_ms; /* of the second query */
};

struct ctl_poofs {
	struct ctl_table table;
};

int ctl_poofs_init(struct ctl *c);
void ctl_poofs_fini(struct ctl *c);

/* DP_UP_POOF */
void ctl_poof(struct ctl *c, uint32_t rec, uint32_t gen);

/*
 * Another station said goodbye to the record (RFC 6762 10.1). A goodbye is its owner's to say, or
 * any station could take away all there is; but a host may say it by another of its interfaces. So
 * the owner is asked, and if it does not answer in ten seconds, the record is given up.
 */
void ctl_poof_goodbye(struct ctl *c, uint32_t rec);
