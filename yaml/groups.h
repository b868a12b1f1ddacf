/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/config.h"
#include "yaml/names.h"

/** The groups of links (links[].group), for rules. */
struct yaml_groups {
	struct yaml_names names;             /* index: into list */
	const struct config_link_list *list; /* the links of each group */
};

/** Gather them. 0, or -ENOMEM (and ld->oom is set). */
int yaml_groups_init(
	struct yaml_loader *ld, struct yaml_groups *groups, const struct config *config);
