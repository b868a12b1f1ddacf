/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

/*
 * Users, roles, places and access points by number. Numbers outlive configurations: a name keeps
 * its number as long as anything speaks of it, so stations, rules and worlds of any age agree on
 * it. Management adds names; control and workers read what places contain each other, which never
 * changes once a number is given out.
 *
 * Roles and places come with the configuration, and stay. Users and access points come with the
 * network, and some networks make up a new one at each login: what nothing speaks of any more is
 * taken back (policy_names_sweep()).
 */

#define POLICY_LEVELS 12 /* deepest place, counted from 1 at the top */
#define POLICY_SELF (POLICY_LEVELS + 1)

/* A place of the tree of locations. A path says where a place is, so its number does too. */
struct policy_place {
	uint16_t level; /* 1: at the top; 0: no place */
	/* By level: the place it lies in; [level]: itself; then 0. */
	uint16_t at[POLICY_LEVELS + 1];
	uint16_t pad[2];
};

_Static_assert(sizeof(struct policy_place) == 32, "half a line");

/* A place as who looks at places down to a level knows it; an index of policy_names.down. */
#define POLICY_DOWN(level) ((uint32_t)(level) << 16)

struct policy_names {
	const struct policy_place *place; /* [65536] by number; [0]: none */
	/* [POLICY_DOWN(level) + number]: what tells the place from others for who looks at places
	 * down to that level: the place it lies in there, or itself if it ends above; 0 at level 0,
	 * itself at POLICY_SELF. Places are made one after the other, so a level's are few lines.
	 */
	const uint16_t *down;
	struct policy_names_store *store; /* management's */
};

/* No names. NULL: out of memory. Management. */
struct policy_names *policy_names_create(void);
void policy_names_destroy(struct policy_names *n);

/*
 * The number of a name, given out if it is new. 0: NULL, or there are no more numbers, or no
 * memory. The path of a place is like "campus/north"; its upper places get numbers too. Management.
 */
uint32_t policy_names_user(struct policy_names *n, const char *name);
uint16_t policy_names_role(struct policy_names *n, const char *name);
uint16_t policy_names_place(struct policy_names *n, const char *path);
uint16_t policy_names_ap(struct policy_names *n, const char *name);

/*
 * Of users and access points: marks one as spoken of, 0 too; then, once all are marked, takes back
 * those that were not, this time and the last. In between they rest: whoever speaks of the name
 * gets the same number. Sweeps are so far apart that control and workers have long dropped what
 * nobody speaks of. Returns how many were taken back; -ENOMEM: not all that could be. Management.
 */
void policy_names_use_user(struct policy_names *n, uint32_t user);
void policy_names_use_ap(struct policy_names *n, uint16_t ap);
int policy_names_sweep(struct policy_names *n);

/* Users and access points there are; and how many were added since the last sweep. */
uint32_t policy_names_count(const struct policy_names *n);
uint32_t policy_names_added(const struct policy_names *n);

/* The name of a number, NULL for 0 and unknown ones. Management; lives until the next sweep. */
const char *policy_user_name(const struct policy_names *n, uint32_t user);
const char *policy_role_name(const struct policy_names *n, uint16_t role);
const char *policy_place_path(const struct policy_names *n, uint16_t place);
const char *policy_ap_name(const struct policy_names *n, uint16_t ap);

/* Is `place` that one, or in it? Any thread. */
static inline int policy_place_in(const struct policy_names *n, uint16_t place, uint16_t in)
{
	return in != 0 && n->place[place].at[n->place[in].level] == in;
}

#define POLICY_FAR 255u /* distance to and from what has no place */

/* Edges between two places by way of their nearest common one, or POLICY_FAR. Any thread. */
static inline unsigned policy_distance(const struct policy_names *n, uint16_t a, uint16_t b)
{
	const struct policy_place *pa = &n->place[a], *pb = &n->place[b];
	unsigned level = 0;

	if (pa->level == 0 || pb->level == 0)
		return POLICY_FAR;
	while (level < POLICY_LEVELS && pa->at[level + 1] != 0 &&
		pa->at[level + 1] == pb->at[level + 1])
		level++;
	return pa->level + pb->level - 2 * level;
}
