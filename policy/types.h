/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Service types by their two wire labels, in lower case, and the class each belongs to: types that
 * no rule tells apart share one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/index.h"
#include "policy/partition.h"

/* "_service._tcp" as labels: 1 + 63 + 1 + 4 bytes. */
#define POLICY_TYPE_LEN_MAX 69

/* A type as rules write it. */
struct policy_type_name {
	uint8_t len;
	uint8_t wire[POLICY_TYPE_LEN_MAX];
	uint32_t cls;
};

/* All types that rules or the never set name. Immutable once compiled. */
struct policy_types {
	struct policy_type_name *name; /* [n] */
	uint32_t n, cap;
	struct policy_index index; /* by wire form */
	uint32_t n_classes;        /* POLICY_TYPE_OTHER and POLICY_TYPE_HOST included */
	bool *never;               /* [n_classes] only a rule that names the type permits it */
};

static inline uint8_t policy_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/*
 * Wire form of "_ipp._tcp", lower-case. Returns its length, or -EINVAL for what is no base type:
 * then no service is ever of it.
 */
int policy_type_wire(const char *text, uint8_t wire[POLICY_TYPE_LEN_MAX]);

/* The id (not the class) of a type, added if it is new. 0, -EINVAL as above, -ENOMEM. */
int policy_types_add(struct policy_types *t, const char *text, uint32_t *id);

/* The set of ids of the built-in never set, added to t. 0 or -ENOMEM. */
int policy_types_add_never(
	struct policy_types *t, struct policy_arena *arena, struct policy_set *never);

/* Takes the classes from a partition of all ids that was split along `never` and every rule. */
int policy_types_classify(struct policy_types *t, const struct policy_partition *part,
	const struct policy_set *never, struct policy_arena *arena);

/* Type class of a block of that partition. */
static inline uint32_t policy_type_of_block(uint32_t block)
{
	return block == 0 ? 0 : block + 1;
}

void policy_types_free(struct policy_types *t);
