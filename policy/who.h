/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What rules ask of a station: its address, user, role and place. Built by management while
 * compiling, then read by control.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "policy/arena.h"
#include "policy/policy.h"

struct config;
struct config_who;

struct policy_mac {
	struct mac_addr mac; /* zero behind its bits */
	uint8_t octets;      /* how many of them count: 1..6 */
};

/* Criteria of one side of one rule; a list that is empty asks for nothing. */
struct policy_who_set {
	const struct policy_mac *macs;
	const uint32_t *users;
	const uint16_t *roles;
	const uint16_t *places; /* what lies in them matches too */
	uint32_t n_macs, n_users, n_roles, n_places;
};

/* Whatever rules name of stations: two stations that agree in it are the same to all rules. */
struct policy_named {
	struct policy_mac *macs; /* sorted, the longer before the shorter, none twice */
	uint32_t *users;         /* sorted */
	uint16_t *roles, *places;
	uint32_t n_macs, n_users, n_roles, n_places;
};

#define POLICY_WHO_WORDS 4 /* of a station in a key */

/* The criteria, numbers for names; NULL in *out: none. 0 or -ENOMEM. */
int policy_who_compile(struct policy_arena *arena, struct policy_names *names,
	const struct config *config, const struct config_who *who,
	const struct policy_who_set **out);

/* Does the station match? who NULL: one of which nothing is known. */
bool policy_who_match(const struct policy_names *names, const struct policy_who_set *set,
	const struct policy_who *who);

/* Gathers what n sets name, NULL ones among them. 0 or -ENOMEM. */
int policy_named_init(struct policy_named *named, struct policy_arena *arena,
	const struct policy_who_set *const *sets, uint32_t n);

/* Marks the users that rules name as spoken of (policy_names_sweep()). Management. */
void policy_named_use(const struct policy_named *named, struct policy_names *names);

/* What of the station some rule names, as words of a key. */
void policy_named_key(const struct policy_named *named, const struct policy_names *names,
	const struct policy_who *who, uint32_t key[POLICY_WHO_WORDS]);
