/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which rules of a policy ask for a station like this one (`to:` with a station, user, role or
 * place), without a look at all of them: rules for users are found by the user, rules for roles by
 * the role. Built while compiling, then read by control.
 */

#include <stdint.h>

struct policy;
struct policy_part;
struct policy_who;

struct policy_keyed {
	uint32_t key; /* user or role */
	uint16_t rule;
};

struct policy_matcher {
	const uint16_t *open;               /* [n_open] rules that ask for no station, ascending */
	const struct policy_keyed *by_user; /* [n_by_user] by key, then rule */
	const struct policy_keyed *by_role; /* ... those that ask for no user */
	const uint16_t *other;              /* ... nor for a role */
	uint32_t n_open, n_by_user, n_by_role, n_other;
};

/* 0 or -ENOMEM. */
int policy_matcher_init(struct policy *p, struct policy_part *part);

/* The rules that ask for a station and match this one, ascending, into out, which has room for all
 * of the policy's; returns how many. */
uint32_t policy_matcher_find(const struct policy *p, const struct policy_part *part,
	const struct policy_who *who, uint16_t *out);
