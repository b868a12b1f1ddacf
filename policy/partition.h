/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Things 0..n-1 sorted into blocks of those that no set tells apart, by splitting along one set
 * after the other. What rules say about services and links is brought down to such blocks.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/arena.h"

/* A set of numbers, ascending, none twice. */
struct policy_set {
	const uint32_t *v;
	uint32_t n;
};

bool policy_set_has(const struct policy_set *s, uint32_t x);

struct policy_partition {
	uint32_t n;        /* things */
	uint32_t n_blocks; /* block 0 has the things that are in no set, and exists even if empty */
	uint32_t *block;   /* [n] block of each thing */
	uint32_t *size;    /* [n + 1] things in each block */
	uint32_t *hits;    /* [n + 1] members in the set being split along; zero between calls */
	uint32_t *part;    /* [n + 1] where a block's members in that set go; zero between calls */
};

/* All things in block 0. 0 or -ENOMEM. */
int policy_partition_init(struct policy_partition *p, uint32_t n);

/* All things in block 0 again. */
void policy_partition_reset(struct policy_partition *p);

/* Tells the members of a set (numbers below n) apart from the other things. */
void policy_partition_split(struct policy_partition *p, const struct policy_set *members);

/*
 * The blocks that the members of a set make up, which must have been split along: *out is another
 * set, of blocks, in the arena. 0 or -ENOMEM.
 */
int policy_partition_blocks(const struct policy_partition *p, const struct policy_set *members,
	struct policy_arena *arena, struct policy_set *out);

void policy_partition_free(struct policy_partition *p);

/* Sorts n numbers and drops repetitions; returns how many are left. */
uint32_t policy_set_sort(uint32_t *v, uint32_t n);
