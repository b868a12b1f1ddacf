/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/port.h"
#include "dataplane/world.h"
#include "management/link_ids.h"
#include "management/switches.h"
#include "yaml/config.h"

#define MGMT_WHY 320 /* room for a reason */

struct policy_names;

struct mgmt_world_input {
	const struct config *config;
	const struct dp_port *ports; /* ports[i] is config->ports[i] */
	unsigned n_workers;
	uint64_t generation;                  /* 1 for the first */
	const struct link_ids *ids;           /* of config's links, ids->of_config filled */
	const struct mgmt_switches *switches; /* NULL: none */
	struct policy_names *names;           /* gets the config's; outlives the world */
};

/*
 * Builds a world from a configuration: links, VLAN maps, policy. Management thread, or the main
 * thread at start. NULL with errno set and one line in why (MGMT_WHY bytes): -E2BIG too much of
 * something, -ENOMEM, -EINVAL what the ports cannot do. The configuration must stay as long as the
 * world.
 */
struct dp_world *mgmt_world_build(const struct mgmt_world_input *in, char *why);

/* A world in which no link is left, to leave with: control says goodbye on the links of the one
 * before. */
struct dp_world *mgmt_world_empty(const struct mgmt_world_input *in, char *why);

/* Frees a world nobody reads any more. NULL is fine. */
void mgmt_world_free(struct dp_world *w);
