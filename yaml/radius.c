/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/radius.h"

#include <stdlib.h>
#include <string.h>

#include "yaml/address.h"
#include "yaml/arena.h"
#include "yaml/check.h"
#include "yaml/listen.h"
#include "yaml/tree.h"

#define KEY_MAX 253 /* bytes of a RADIUS attribute */

static void build_listen(struct yaml_loader *ld, struct draft *draft, struct yaml_node *node)
{
	struct config_radius *r = &draft->config.radius;

	if (!draft->radius_listen)
		return;
	yaml_take_listen(ld, yaml_child(node, "listen"), draft->radius_listen, &r->listen, &r->port,
		"\"127.0.0.1:1813\" or \"[::1]:1813\"");
	if (!r->secret_file && !yaml_child(node, "secret_file"))
		yaml_missing(ld, node, "secret_file", "an absolute path, since listen is there");
}

static void build_clients(struct yaml_loader *ld, struct draft *draft)
{
	static const struct ip_prefix here[] = {
		{{4, {127}}, 8},
		{{6, {[15] = 1}}, 128},
	};
	struct yaml_node *node = draft->radius_clients;
	struct config_radius *r = &draft->config.radius;
	uint32_t max = node ? node->n + 1 : 2;
	struct ip_prefix *list = yaml_arena_array(ld->out, max, sizeof(*list));

	if (!list) {
		yaml_oom(ld);
		return;
	}
	r->clients = list;
	if (node) {
		yaml_take_hosts(ld, node, list, max, &r->n_clients);
		return;
	}
	memcpy(list, here, sizeof(here));
	r->n_clients = 2;
}

/* An entry and where the file says so, while they are sorted. */
struct entry {
	struct config_radius_map map;
	struct yaml_node *node;
};

static int by_key(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	return strcmp(a->map.key, b->map.key);
}

/* A MAC address is written in many ways; here in one. */
static const char *key_text(struct yaml_loader *ld, const char *key)
{
	char text[MAC_TEXT_SIZE];
	struct mac_addr mac;
	const char *copy;

	copy = yaml_arena_string(ld->out, mac_parse(key, &mac) == 0 ? mac_format(&mac, text) : key);
	return copy ? copy : yaml_oom(ld);
}

/* The entries of a map, as far as they are texts. */
static uint32_t read_map(struct yaml_loader *ld, struct yaml_node *node, struct entry *e)
{
	uint32_t n = 0;

	yaml_for_each_child(child, node)
	{
		if (child->bad || child->kind == YAML_KIND_BROKEN)
			continue;
		if (strlen(child->key) > KEY_MAX || !*child->key) {
			yaml_complain_key(
				ld, child, "found a bad name, expected 1 to %d bytes", KEY_MAX);
			continue;
		}
		if (child->kind != YAML_KIND_SCALAR || yaml_is_null(child)) {
			yaml_expected(ld, child, "text");
			continue;
		}
		e[n].node = child;
		e[n].map.key = key_text(ld, child->key);
		e[n].map.location = CONFIG_NO_LOCATION;
		if (!e[n++].map.key)
			return 0;
	}
	return n;
}

/* By key; in *n their number, after doubles are reported. */
static const struct config_radius_map *finish_map(
	struct yaml_loader *ld, struct entry *e, uint32_t *n)
{
	struct config_radius_map *map = yaml_arena_array(ld->out, *n + 1, sizeof(*map));

	if (!map) {
		*n = 0;
		return yaml_oom(ld);
	}
	if (*n)
		qsort(e, *n, sizeof(*e), by_key);
	for (uint32_t i = 0; i < *n; i++) {
		if (i && !strcmp(e[i].map.key, e[i - 1].map.key))
			yaml_complain_key(ld, e[i].node,
				"found the same as in line %u, expected another",
				e[i - 1].node->key_pos.line);
		map[i] = e[i].map;
	}
	return map;
}

static struct entry *entries(struct yaml_loader *ld, struct yaml_node *node, uint32_t *n)
{
	struct entry *e = NULL;

	*n = 0;
	if (!node || node->kind != YAML_KIND_MAP)
		return NULL;
	e = yaml_arena_array(ld->tree, node->n + 1, sizeof(*e));
	if (!e)
		return yaml_oom(ld);
	*n = read_map(ld, node, e);
	return e;
}

static void take_role(struct yaml_loader *ld, const struct yaml_roles *roles, struct entry *e)
{
	e->map.role = yaml_arena_string(ld->out, e->node->text);
	if (!e->map.role)
		yaml_oom(ld);
	else if (!yaml_check_who(e->node->text) || strlen(e->node->text) > 63)
		yaml_expected(ld, e->node, "the name of a role, 1 to 63 bytes");
	else if (roles->listed)
		yaml_check_role(ld, roles, e->map.role, e->node);
}

void yaml_build_radius(struct yaml_loader *ld, struct draft *draft,
	const struct yaml_places *places, const struct yaml_roles *roles)
{
	struct config_radius *r = &draft->config.radius;
	struct entry *e;

	build_listen(ld, draft, yaml_child(draft->root, "radius"));
	build_clients(ld, draft);
	e = entries(ld, draft->radius_roles, &r->n_roles);
	for (uint32_t i = 0; i < r->n_roles; i++)
		take_role(ld, roles, &e[i]);
	r->roles = finish_map(ld, e, &r->n_roles);
	e = entries(ld, draft->radius_locations, &r->n_locations);
	for (uint32_t i = 0; i < r->n_locations; i++)
		e[i].map.location = yaml_find_location(ld, places, e[i].node->text, e[i].node);
	r->locations = finish_map(ld, e, &r->n_locations);
}
