/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "yaml/config.h"

/*
 * What the schema walk fills: the final structs where the file says all, raw ones where names must
 * be resolved and ranges expanded first. Raw structs live in the tree arena.
 */

struct yaml_node;

/** `vlan:` as written. first = last for one VLAN, 0 for none. */
struct raw_vlan {
	uint16_t first;
	uint16_t last;
	bool range; /* written as a range: name and addresses may hold {vlan} */
};

#define DELIVERY_MULTICAST 1
#define DELIVERY_UNICAST 2

/** An entry of links:. Pointers are NULL where the file says nothing or nothing valid. */
struct raw_link {
	struct config_pos pos;
	const char *name;
	const char *port;
	struct raw_vlan vlan;
	uint16_t mtu;
	enum config_link_mode mode;
	uint32_t wireless;     /* 0 or 1 */
	uint32_t bridged;      /* 0 or 1 */
	uint32_t delivery;     /* DELIVERY_*; 0: not written */
	uint32_t query_budget; /* 0: not written */
	uint32_t announce;     /* 0 or 1 */
	uint32_t conflicts;    /* 0: defend, 1: report */
	uint32_t silence;      /* seconds; 0: off */
	struct yaml_node *require;
	struct yaml_node *addresses;
	struct yaml_node *prefixes;
	const char *group;
	const char *location;
	const char *policy_in;
	const char *policy_out;
};

/** An entry of services:. */
struct raw_set {
	struct config_pos pos;
	const char *name;
	struct yaml_node *items;
};

/** `from:` or `to:` of a rule. */
struct raw_side {
	struct yaml_node *link;
	struct yaml_node *group;
	struct yaml_node *station;
	struct yaml_node *role;
	struct yaml_node *user;
	struct yaml_node *location;
};

/** An entry of stations:. */
struct raw_station {
	struct config_pos pos;
	const char *mac;
	const char *user;
	const char *role;
	const char *location;
	const char *ap;
	enum config_authenticated authenticated;
	struct yaml_node *addresses;
};

/** A rule. */
struct raw_rule {
	struct config_pos pos;
	struct yaml_node *permit;
	struct yaml_node *deny;
	const char *instance;
	enum config_kind kind; /* 0: not written */
	const char *txt;
	struct raw_side from;
	struct raw_side to;
	struct yaml_node *role; /* short for to.role */
	struct yaml_node *user;
	enum config_same same; /* 0: not written */
	uint32_t level;        /* 0: not written */
	uint32_t nearest;      /* 0: not written */
	uint32_t audit;        /* 0 or 1 */
};

/** An entry of policies:. */
struct raw_policy {
	struct config_pos pos;
	const char *name;
	struct raw_rule *rules;
	uint32_t n_rules;
};

/** A file being read. The configuration stands first, so that one offset serves both. */
struct draft {
	struct config config;
	struct yaml_node *root;
	struct raw_link *links;
	uint32_t n_links;
	struct raw_set *sets;
	uint32_t n_sets;
	struct raw_policy *policies;
	uint32_t n_policies;
	struct yaml_node *locations;
	struct yaml_node *roles;
	struct raw_station *stations;
	uint32_t n_stations;
	const char *stations_file;
	struct yaml_node *pinned;
	struct yaml_node *gateways;
	uint32_t admission_off; /* 0 or 1 */
	uint32_t audit_syslog;  /* 0 or 1 */
	const char *radius_listen, *metrics_listen;
	struct yaml_node *radius_clients, *radius_roles, *radius_locations;
	struct yaml_node *eal;
};
