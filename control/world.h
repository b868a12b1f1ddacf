/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/request.h"

/*
 * What management asked for, one thing at a time and a piece per turn. A new world comes into force
 *in these steps, between which traffic goes on under the old one:
 *
 *	STATIONS  every station is looked at under the new policy: who it is, what it may see
 *	CLASSIFY  every record gets its class under the new policy, in the class slot not in force
 *	GROUPS    ... and what depends on services the union of theirs
 *	LEAVE     the groups of links that go are left
 *	(publish) one pointer
 *	GRACE     until no worker can hold the old world
 *	FORGET    what the groups collected for the old policy is dropped
 *	REVIVE    what may be learned only now, and somebody is interested in, is asked for
 *	PURGE     records of gone links, and those no `in` policy lets in any more, are removed
 *
 * Control thread only, but for ctl_submit() and ctl_reply().
 */

struct ctl;

enum ctl_job_phase {
	CTL_JOB_IDLE,
	CTL_JOB_STATIONS,
	CTL_JOB_CLASSIFY,
	CTL_JOB_GROUPS,
	CTL_JOB_LEAVE,
	CTL_JOB_GRACE,
	CTL_JOB_FORGET,
	CTL_JOB_REVIVE,
	CTL_JOB_PURGE,
	CTL_JOB_FLUSH, /* CTL_REQ_FLUSH */
};

struct ctl_job {
	struct ctl_request *r; /* under way; NULL: none */
	enum ctl_job_phase phase;
	uint16_t number;  /* of the reload: tells records classified in it from those not yet */
	uint32_t record;  /* LEAVE: where the goodbyes to a link go on */
	uint32_t cursor;  /* where the sweep of this phase goes on */
	uint64_t token;   /* GRACE: the RCU token */
	uint64_t removed; /* FLUSH: records so far */
	unsigned budget;  /* steps of a sweep per turn; tests take fewer */
};

/* The world records are being classified for beside the one in force, or NULL. */
const struct dp_world *ctl_job_classifies(const struct ctl *c);

/* Goes on with the request under way, or takes up the next. Returns how much was done. */
unsigned ctl_job_turn(struct ctl *c);

/* Takes in what is said of stations, whatever job is under way. Returns how many requests. */
unsigned ctl_says_turn(struct ctl *c);
