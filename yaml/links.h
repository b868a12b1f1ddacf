/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "yaml/complain.h"
#include "yaml/draft.h"
#include "yaml/groups.h"
#include "yaml/locations.h"
#include "yaml/names.h"

/** The links by name, for rules. */
struct yaml_link_names {
	struct yaml_names names;
	const struct config_link *links; /* names.n of them, as the names count them */
	struct yaml_groups groups;
	bool complete; /* false: some link's name is unknown because of an error */
};

/**
 * Make config.links of the draft's raw links: ports and policies looked up, ranges expanded,
 * addresses parsed. Reports unknown names, bad addresses, and links that overlap in name, VLAN or
 * address; warns of policies no link uses. Needs draft->policies.
 */
void yaml_build_links(struct yaml_loader *ld, struct draft *draft, const struct yaml_places *places,
	struct yaml_link_names *by_name);
