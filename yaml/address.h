/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "yaml/complain.h"
#include "yaml/config.h"

struct yaml_node;

/**
 * Parse a link's own addresses (`node`: the list, or NULL) into link->addresses, {vlan} replaced by
 * link->vlan. Bad ones are reported, once an item however many links share it, and left out.
 */
void yaml_take_addresses(struct yaml_loader *ld, struct yaml_node *node, struct config_link *link);

/** The same for link->prefixes. */
void yaml_take_prefixes(struct yaml_loader *ld, struct yaml_node *node, struct config_link *link);

/**
 * Parse hosts (`node`: a text, a list of them, or NULL): an address, as a prefix of its whole
 * length, or a prefix. Into to[max]; *n gets their number. Bad ones are reported and left out.
 */
void yaml_take_hosts(struct yaml_loader *ld, struct yaml_node *node, struct ip_prefix *to,
	uint32_t max, uint32_t *n);
