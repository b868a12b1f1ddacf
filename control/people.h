/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/table.h"
#include "control/timer.h"
#include "policy/policy.h"

/*
 * Who stations are (DESIGN §6): what the file says of a MAC address (world.stations), and over it
 * what was said by command; where neither names a place, that of the station's link. From this
 * come the class of what a station provides and its number as a consumer. Control thread only.
 */

struct ctl;
struct ctl_request;
struct dp_world;
struct rte_mbuf;

#define CTL_PEOPLE_MAX 131072 /* addresses of which something was said by command */

struct ctl_people {
	struct ctl_table said;  /* struct ctl_person, by MAC */
	uint32_t *change_next;  /* [stations] list of those to classify again; 0: not on it */
	uint32_t changed;       /* its head; the last one's next is itself */
	struct ctl_timer sweep; /* askers that have not asked for long */
	uint32_t sweep_at;      /* the next station it looks at */
};

/* What a request may set of a station. */
#define CTL_WHO_USER 0x01
#define CTL_WHO_ROLE 0x02
#define CTL_WHO_PLACE 0x04

int ctl_people_init(struct ctl *c);
void ctl_people_fini(struct ctl *c);

/* A station is being made: writes its `who` (cache_ops.station). */
void ctl_people_made(struct ctl *c, uint32_t station);

/*
 * A query came from a station that is not known as a consumer (DP_UP_WHO): makes it known, and
 * gives the query back to the worker. Takes the mbuf.
 */
void ctl_people_asks(struct ctl *c, unsigned worker, struct rte_mbuf *m);

/* An unknown station was heard (DP_UP_KNOW): makes it known. Its index, 0: no room. */
uint32_t ctl_people_know(struct ctl *c, uint16_t link, const struct mac_addr *mac);

/* CTL_REQ_STATION. 0, or -ENOSPC: there is no room for another address. */
int ctl_people_say(struct ctl *c, const struct ctl_request *r);

/* A live station as rules see it, under a world. */
void ctl_people_who(
	const struct ctl *c, const struct dp_world *w, uint32_t station, struct policy_who *out);

/* The same of an address on a link that may have no station yet. */
void ctl_people_of(const struct ctl *c, const struct dp_world *w, uint16_t link,
	const struct mac_addr *mac, struct policy_who *out);

/* What the station's records are classified by has changed: they are, at the end of the turn. */
void ctl_people_changed(struct ctl *c, uint32_t station);

/* Reload (world.c): one station under the coming world. */
void ctl_people_reclassify(struct ctl *c, uint32_t station);

/* Classifies the records of stations that changed. Returns how many stations it looked at. */
unsigned ctl_people_turn(struct ctl *c);
