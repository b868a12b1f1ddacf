/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which rules and globs a class of a type depends on: those that name the type, and those for any.
 * Both lists ascend, so a walk over the two together meets the rules in file order.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy_priv.h"

struct policy_merge {
	const uint16_t *a, *a_end, *b, *b_end;
};

static inline struct policy_merge policy_merge(
	const struct policy_ids *a, const struct policy_ids *b)
{
	return (struct policy_merge){a->v, a->v + a->n, b->v, b->v + b->n};
}

/* The next id of either list, once. *in_a (if not NULL): it is in the first. False at the end. */
static inline bool policy_merge_next(struct policy_merge *m, uint32_t *id, bool *in_a)
{
	bool a = m->a < m->a_end, b = m->b < m->b_end;

	if (!a && !b)
		return false;
	if (a && b) {
		a = *m->a <= *m->b;
		b = *m->b <= *m->a;
	}
	*id = a ? *m->a : *m->b;
	m->a += a;
	m->b += b;
	if (in_a)
		*in_a = a;
	return true;
}

/* Builds p->lookup from rules and parts. 0 or -ENOMEM. */
int policy_lookup_init(struct policy *p);
