/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/config.h"
#include "yaml/names.h"

struct yaml_node;

/**
 * Report links that share a name, a (port, VLAN) or an own address, at the later one, naming the
 * earlier. At most one report an entry and kind, however long its range.
 *
 * @param entries  the entry of links: that each of config->links comes from
 * @param names    the links by name, sorted
 */
void yaml_check_overlap(struct yaml_loader *ld, const struct config *config,
	struct yaml_node *const *entries, const struct yaml_names *names);
