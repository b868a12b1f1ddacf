/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/table.h"
#include "control/timer.h"
#include "dataplane/said.h"
#include "policy/policy.h"

/*
 * Who stations are (DESIGN §6): what the file says of a MAC address (world.stations), and over it
 * what the network and commands said; where none names a place, that of the station's link. From
 * this come the class of what a station provides and its number as a consumer. A MAC address is one
 * *person*, whatever links it was seen on. Control thread only.
 */

struct ctl;
struct ctl_request;
struct dp_pkt;
struct dp_world;
struct rte_mbuf;

#define CTL_PEOPLE_MAX 131072 /* addresses of which something was said */

/* A MAC address of which something was said, or that has a station. */
struct ctl_person {
	struct ctl_entry entry; /* of the address */
	struct dp_said said;    /* set 0: nothing */
	uint32_t stations;      /* its stations, ctl_whereabouts.next; 0: none */
	uint32_t moves;         /* of the last CTL_ROAM_MS (roam.h); */
	struct ctl_timer timer; /* ... the end of them */
};

/* Of each station of the cache, by its index. */
struct ctl_whereabouts {
	uint32_t person;
	uint32_t next;         /* another station of the person; 0: none */
	uint32_t changed_next; /* list of those to classify again; 0: not on it, itself: the last */
	uint32_t leaving_next; /* list of those that left, likewise (leave.h), */
	uint32_t leaving_life; /* ... and in which life */
	uint32_t present_ms;   /* when it was last found there though it is silent (silence.h); 0:
				  never */
	uint32_t browsers;     /* what it browses: ctl_browser list (interest.h) */
};

struct ctl_people {
	struct ctl_table persons;   /* struct ctl_person, by MAC */
	uint32_t n_said;            /* of them, those of which something was said */
	struct ctl_whereabouts *at; /* [stations + 1] */
	uint32_t changed;           /* heads of the lists; 0: empty */
	uint32_t leaving;
	struct ctl_timer sweep; /* of all stations: who has not asked, or was not heard, for long */
	uint32_t sweep_at;      /* the next station it looks at */
};

int ctl_people_init(struct ctl *c);
void ctl_people_fini(struct ctl *c);

/* A station is being made: writes its `who` (cache_ops.station); it is about to go. */
void ctl_people_made(struct ctl *c, uint32_t station);
void ctl_people_gone(struct ctl *c, uint32_t station);

/*
 * A query came from a station that is not known as a consumer (DP_UP_WHO): makes it known, and
 * gives the query back to the worker. Takes the mbuf.
 */
void ctl_people_asks(struct ctl *c, unsigned worker, struct rte_mbuf *m);

/* A station asked something: it is where it asked, with the address it asked from. */
void ctl_people_heard(struct ctl *c, const struct dp_pkt *pkt);

/* An unknown station was heard (DP_UP_KNOW): makes it known. Its index, 0: no room. */
uint32_t ctl_people_know(struct ctl *c, uint16_t link, const struct mac_addr *mac);

/*
 * CTL_REQ_STATION: r->said is all that network and commands say of an address from now on; r->left:
 * and what it offers is withdrawn. 0; -ENOSPC: there is no room for another address; -ENOENT: there
 * was nothing to forget or withdraw.
 */
int ctl_people_say(struct ctl *c, const struct ctl_request *r);

/* All that is said of an address under a world, by the file too; its mac is set in any case. */
void ctl_people_said(const struct ctl *c, const struct dp_world *w, const struct mac_addr *mac,
	struct dp_said *out);

/* A person moved; it is remembered for a while. */
void ctl_person_moved(struct ctl *c, struct ctl_person *p);

/* The person of an address; NULL: nothing is said of it and it has no station. */
struct ctl_person *ctl_person_find(const struct ctl *c, const struct mac_addr *mac);

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
