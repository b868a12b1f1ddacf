/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/draft.h"
#include "yaml/names.h"

/** The locations by path. */
struct yaml_places {
	struct yaml_names names; /* index: into config.locations */
	bool complete;           /* false: some place is unknown because of an error */
};

/**
 * Make config.locations of `locations:`, each place before those in it. Reports bad names, paths
 * that are too long and trees that are too deep. 0, or -ENOMEM (and ld->oom is set).
 */
int yaml_build_locations(struct yaml_loader *ld, struct draft *draft, struct yaml_places *places);

/**
 * The index of the location with this path, for the value `node`. CONFIG_NO_LOCATION for a path of
 * NULL, and for one that is unknown, which is reported.
 */
uint32_t yaml_find_location(struct yaml_loader *ld, const struct yaml_places *places,
	const char *path, struct yaml_node *node);
