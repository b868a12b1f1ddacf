/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/draft.h"
#include "yaml/locations.h"
#include "yaml/names.h"

/** The roles by name: those of `roles:`, else those that stations of the file have. */
struct yaml_roles {
	struct yaml_names names;
	bool listed;   /* by `roles:`: any other is an error */
	bool complete; /* false: some role is unknown because of an error */
};

/**
 * Make config.roles and config.stations. Reports bad MAC addresses, one given twice, unknown
 * locations and roles, and stations of which nothing is said. 0, or -ENOMEM (and ld->oom is set).
 */
int yaml_build_stations(struct yaml_loader *ld, struct draft *draft,
	const struct yaml_places *places, struct yaml_roles *roles);

/** Reports a name that is no listed role, as an error; one that no station has, as a warning. */
void yaml_check_role(struct yaml_loader *ld, const struct yaml_roles *roles, const char *role,
	struct yaml_node *node);
