/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/table.h"

/*
 * Unique names that are claimed on several links, or by several stations of a link whose stations
 * do not hear each other (names.h: a seat is either; RFC 6762 §9; draft 3.5, 4.1). Control thread
 * only.
 *
 * Whoever announces a name elsewhere may be its owner on the way: the link it had before is asked
 * (probe.h), and if nobody there answers for a second, the name has moved. If both live, they are
 * one host with two links, whose records are all told, or two hosts of one name:
 *
 *	a service instance is two hosts' if their SRV or TXT differ;
 *	a host name, if its links offer services under it, none of which is on both the same.
 *
 * Of two hosts the older claim is kept. What the younger one has is held back
 * (CACHE_REC_HIDDEN), as long as the older one lives, and neither is told of the other on its own
 * link: nobody is driven to rename itself who was not asked in time, when it probed. On a link with
 * `conflicts: report` the younger claim is kept too (CACHE_REC_CONTESTED).
 */

struct ctl;
struct dp_link;
struct dp_world;
struct mac_addr;

#define CTL_CONFLICTS_MAX 4096 /* names in conflict, or about to be looked at */

struct ctl_conflict {
	struct ctl_entry entry; /* of the name */
	uint32_t next;          /* to be looked at */
	bool queued;
	uint8_t name[256];
};

struct ctl_conflicts {
	struct ctl_table table;
	uint32_t queue; /* names to be looked at */
};

int ctl_conflicts_init(struct ctl *c);
void ctl_conflicts_fini(struct ctl *c);

/*
 * Is this, from a station of the link, a PTR to a service that another station there has, unheard
 * by it? They have it in common: what the one says of it, goodbyes above all, must not take it from
 * the other.
 */
bool ctl_conflict_shares(const struct ctl *c, const struct dp_link *l, uint16_t rrtype,
	const uint8_t *rdata, const struct mac_addr *mac);

/* A record was added (or is back from dying): others of its name on other links may have lost their
 * owner, or be another host's. */
void ctl_conflict_added(struct ctl *c, uint32_t rec);

/* A record began to die or is about to be removed: reads only the cache, and queues its name. */
void ctl_conflict_leaving(struct ctl *c, uint32_t rec);

/* A new world: links may treat conflicts in another way. */
void ctl_conflict_world(struct ctl *c);

/* Looks at up to `budget` queued names; returns at how many. */
unsigned ctl_conflict_turn(struct ctl *c, unsigned budget);
