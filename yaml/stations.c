/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/stations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "yaml/address.h"
#include "yaml/arena.h"
#include "yaml/check.h"
#include "yaml/tree.h"

/* A station and where the file says so, while they are sorted. */
struct entry {
	struct config_station station;
	struct yaml_node *node;
};

void yaml_check_role(struct yaml_loader *ld, const struct yaml_roles *roles, const char *role,
	struct yaml_node *node)
{
	struct yaml_guess guess = {.word = role};
	char guessed[YAML_GUESS_SIZE], quoted[YAML_QUOTE_SIZE];

	if (!role || !roles->complete || yaml_names_find(&roles->names, role) != YAML_NO_NAME)
		return;
	yaml_guess_offer_names(ld, &guess, &roles->names);
	if (roles->listed)
		yaml_expected(ld, node, "one of the roles that roles: lists%s",
			yaml_guess_text(&guess, guessed));
	else
		yaml_warn(ld, node, "no station of this file has the role %s%s",
			yaml_quote(role, quoted), yaml_guess_text(&guess, guessed));
}

static void list_role(struct yaml_loader *ld, struct config *config, struct yaml_roles *roles,
	struct yaml_node *item)
{
	const char *name;

	if (item->bad || item->kind != YAML_KIND_SCALAR) {
		roles->complete = false;
		return;
	}
	if (!yaml_check_who(item->text) || strlen(item->text) > 63) {
		yaml_expected(ld, item, "a name of 1 to 63 bytes");
		roles->complete = false;
		return;
	}
	name = yaml_arena_string(ld->out, item->text);
	if (!name) {
		yaml_oom(ld);
		return;
	}
	((const char **)config->roles)[config->n_roles++] = name;
	yaml_names_add(&roles->names, name, config->n_roles - 1);
}

static int build_roles(struct yaml_loader *ld, struct draft *draft, struct yaml_roles *roles)
{
	struct yaml_node *node = draft->roles;
	const struct yaml_node *written = yaml_child(draft->root, "roles");
	uint32_t n = node ? node->n + 1 : 0;

	roles->listed = written != NULL;
	roles->complete = !ld->partial && (node || !written);
	if (yaml_names_init(ld, &roles->names,
		    n + draft->n_stations + (draft->radius_roles ? draft->radius_roles->n : 0)))
		return -ENOMEM;
	if (!node)
		return 0;
	draft->config.roles = yaml_arena_array(ld->out, n, sizeof(*draft->config.roles));
	if (!draft->config.roles) {
		yaml_oom(ld);
		return -ENOMEM;
	}
	if (node->kind == YAML_KIND_SCALAR)
		list_role(ld, &draft->config, roles, node);
	yaml_for_each_child(item, node) list_role(ld, &draft->config, roles, item);
	yaml_names_sort(&roles->names);
	return ld->oom ? -ENOMEM : 0;
}

static int by_mac(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	int order = memcmp(&a->station.mac, &b->station.mac, sizeof(a->station.mac));

	if (order)
		return order;
	return a->station.pos.line < b->station.pos.line
		       ? -1
		       : a->station.pos.line > b->station.pos.line;
}

/* Roles that the network gives. */
static void add_radius_roles(struct draft *draft, struct yaml_roles *roles)
{
	if (!draft->radius_roles || roles->listed)
		return;
	yaml_for_each_child(item, draft->radius_roles)
	{
		if (item->kind == YAML_KIND_SCALAR && !yaml_is_null(item))
			yaml_names_add(&roles->names, item->text, 0);
	}
}

/* False: it has no address. */
static bool take_station(struct yaml_loader *ld, const struct raw_station *raw,
	struct yaml_node *node, const struct yaml_places *places, struct entry *e)
{
	struct config_station *s = &e->station;

	e->node = node;
	s->pos = raw->pos;
	s->user = raw->user;
	s->role = raw->role;
	s->location = yaml_find_location(ld, places, raw->location, yaml_child(node, "location"));
	s->ap = raw->ap;
	s->authenticated = raw->authenticated;
	yaml_take_hosts(
		ld, raw->addresses, s->addresses, CONFIG_STATION_ADDRESSES, &s->n_addresses);
	if (!raw->mac)
		return false;
	if (mac_parse(raw->mac, &s->mac) < 0 || mac_is_multicast(&s->mac) || mac_is_zero(&s->mac)) {
		yaml_expected(ld, yaml_child(node, "mac"),
			"the MAC address of a station like \"02:00:00:00:00:01\"");
		return false;
	}
	if (node->n <= 1)
		yaml_warn(ld, node, "found nothing but mac: it says nothing of the station");
	return true;
}

static void check_roles(
	struct yaml_loader *ld, const struct yaml_roles *roles, const struct entry *e, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		yaml_check_role(ld, roles, e[i].station.role, yaml_child(e[i].node, "role"));
}

/* An address said to be a station's own, and whose. */
struct owned {
	struct ip_prefix addr;
	const struct entry *of;
};

static int by_address(const void *pa, const void *pb)
{
	const struct owned *a = pa, *b = pb;
	int order = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	return order ? order
		     : (a->of->station.pos.line > b->of->station.pos.line) -
			       (a->of->station.pos.line < b->of->station.pos.line);
}

/* No address, or prefix, is two stations' own. */
static int check_addresses(struct yaml_loader *ld, const struct entry *e, uint32_t n)
{
	struct owned *all;
	uint32_t m = 0;

	for (uint32_t i = 0; i < n; i++)
		m += e[i].station.n_addresses;
	all = yaml_arena_array(ld->tree, m + 1, sizeof(*all));
	if (!all) {
		yaml_oom(ld);
		return -ENOMEM;
	}
	m = 0;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < e[i].station.n_addresses; k++)
			all[m++] = (struct owned){e[i].station.addresses[k], &e[i]};
	if (m)
		qsort(all, m, sizeof(*all), by_address);
	for (uint32_t i = 1; i < m; i++)
		if (memcmp(&all[i].addr, &all[i - 1].addr, sizeof(all[i].addr)) == 0)
			yaml_complain(ld, yaml_child(all[i].of->node, "addresses"),
				"found an address of the station at line %u, expected others",
				all[i - 1].of->station.pos.line);
	return 0;
}

int yaml_build_stations(struct yaml_loader *ld, struct draft *draft,
	const struct yaml_places *places, struct yaml_roles *roles)
{
	struct config *config = &draft->config;
	struct yaml_node *node = yaml_child(draft->root, "stations");
	struct entry *e;
	uint32_t n = 0;

	if (build_roles(ld, draft, roles))
		return -ENOMEM;
	add_radius_roles(draft, roles);
	if (!draft->n_stations) {
		yaml_names_sort(&roles->names);
		return 0;
	}
	e = yaml_arena_array(ld->tree, draft->n_stations, sizeof(*e));
	config->stations = yaml_arena_array(ld->out, draft->n_stations, sizeof(*config->stations));
	if (!e || !config->stations) {
		yaml_oom(ld);
		return -ENOMEM;
	}
	node = node->first;
	for (uint32_t i = 0; i < draft->n_stations; i++, node = node->next)
		n += take_station(ld, &draft->stations[i], node, places, &e[n]);
	for (uint32_t i = 0; !roles->listed && i < draft->n_stations; i++)
		yaml_names_add(&roles->names, draft->stations[i].role, i);
	yaml_names_sort(&roles->names);
	check_roles(ld, roles, e, n);
	if (check_addresses(ld, e, n))
		return -ENOMEM;
	if (n)
		qsort(e, n, sizeof(*e), by_mac);
	for (uint32_t i = 0; i < n; i++) {
		if (i && mac_equal(&e[i].station.mac, &e[i - 1].station.mac))
			yaml_complain(ld, yaml_child(e[i].node, "mac"),
				"found the address of the station at line %u, expected another",
				e[i - 1].station.pos.line);
		config->stations[config->n_stations++] = e[i].station;
	}
	return 0;
}
