/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/draft.h"
#include "yaml/schema.h"
#include "yaml/tree.h"

/**
 * Fill the draft from the tree draft->root by the schema: defaults, then every key of the file.
 * Reports unknown and missing keys, wrong types, values out of range. Running out of memory sets
 * ld->oom.
 */
void yaml_walk(struct yaml_loader *ld, struct draft *draft);

/** Parse every row's default into the struct that `parent` describes (NULL: the draft). */
void yaml_set_defaults(struct yaml_loader *ld, const struct schema_key *parent, void *base);
