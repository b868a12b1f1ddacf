/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/config.h"

/**
 * Warn of rules that never decide: an earlier rule of their policy matches whatever they match, or
 * no link that has the policy is one of theirs. Needs links and policies built; looks at a bounded
 * number of pairs of rules, so of very many rules some are not compared.
 */
void yaml_check_reach(
	struct yaml_loader *ld, const struct config *config, struct yaml_node *policies);
