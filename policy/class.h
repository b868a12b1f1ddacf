/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The classes found so far. Control writes; management reads the atomics for show. */

#include <stdatomic.h>
#include <stdint.h>

#include "policy/index.h"

struct policy;

#define POLICY_GLOB_HIT 1
#define POLICY_GLOB_UNSURE 2 /* the TXT record is not known */

struct policy_classes {
	_Atomic uint32_t n;    /* in use */
	_Atomic uint64_t full; /* calls that found no room */
	uint32_t max;
	uint16_t *cells;          /* policy_table.cell, as its writer sees it */
	struct policy_index rows; /* classes by row: equal rows are one class */

	/*
	 * Keys seen, a bounded shortcut past the evaluation: [class, length, words] one behind the
	 * other; the index has their offsets.
	 */
	uint32_t *keys;
	uint32_t keys_used, keys_cap;
	struct policy_index by_key;

	/* Of the call at hand. */
	uint16_t *row; /* [n_columns] */
	uint32_t *key; /* [key_cap] */
	uint32_t key_cap;
	uint16_t *rules;   /* [2 * rules] that match a service, in a policy with personal ones */
	uint8_t *glob_hit; /* [globs] POLICY_GLOB_*; zero between calls */
};

/*
 * Sets up the lookup lists and the class table with the class NONE; columns and the ask table are
 * done. 0, -ENOMEM, or -E2BIG for a matrix that has not room enough.
 */
int policy_classes_init(struct policy *p);

void policy_classes_fini(struct policy *p);
