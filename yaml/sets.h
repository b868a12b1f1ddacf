/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "yaml/complain.h"
#include "yaml/draft.h"
#include "yaml/names.h"

#define YAML_TYPES_MAX 1024u /* service types one rule or set comes to */

struct yaml_type_slot;

/** What service items are resolved with: the named sets, and each type met so far once. */
struct yaml_sets {
	struct yaml_loader *ld;
	struct draft *draft;
	struct yaml_names names;
	struct yaml_node **items; /* of services:, by set */
	uint8_t *state;           /* of each set: not resolved, being resolved, resolved */
	struct yaml_type_slot *slots;
	uint32_t n_slots; /* a power of two */
	uint32_t n_types;
	uint32_t mark;                   /* of the list being made; see struct yaml_type_slot */
	struct config_type_ref *scratch; /* YAML_TYPES_MAX of them */
};

/**
 * Make config.sets of services:, flattened. Reports cycles, unknown names and sets named like
 * presets. 0, or negative if memory ran out.
 */
int yaml_build_sets(struct yaml_sets *sets, struct yaml_loader *ld, struct draft *draft);

/** Make config.pinned of pinned:. Reports unknown names, and what stands for no types. */
void yaml_build_pinned(struct yaml_sets *sets);

/** Flatten `permit:`, `deny:` or the like: a text or a list of texts. Reports unknown names. */
void yaml_flatten(struct yaml_sets *sets, struct yaml_node *node, struct config_services *out);
