/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/draft.h"
#include "yaml/links.h"
#include "yaml/sets.h"
#include "yaml/who.h"

/**
 * Make config.policies of the draft's raw policies: services flattened, links looked up. Reports
 * rules with both or neither of permit and deny, unknown links, locations and roles, and relations
 * where there is no consumer; warns of rules that can't be reached.
 */
void yaml_build_policies(struct yaml_loader *ld, struct draft *draft, struct yaml_sets *sets,
	const struct yaml_link_names *links, const struct yaml_who_names *who);
