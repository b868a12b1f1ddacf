/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/mgmt_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a reload changes, for the operator. Names are compared, since indexes move when a file is
 * edited. */

#define NAMES_MAX 50 /* of each list; the counts are whole */

struct named {
	const char *name;
	uint32_t index;
};

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* --- links ----------------------------------------------------------------------------------- */

static bool same_prefixes(
	const struct ip_prefix *a, uint32_t n_a, const struct ip_prefix *b, uint32_t n_b)
{
	if (n_a != n_b)
		return false;
	for (uint32_t i = 0; i < n_a; i++) {
		if (!ip_equal(&a[i].addr, &b[i].addr) || a[i].len != b[i].len)
			return false;
	}
	return true;
}

static const char *policy_name(const struct config *c, uint32_t index)
{
	return index == CONFIG_NO_POLICY ? NULL : c->policies[index].name;
}

static bool same_path(const struct config *old, uint32_t a, const struct config *new, uint32_t b)
{
	if (a == CONFIG_NO_LOCATION || b == CONFIG_NO_LOCATION)
		return a == b;
	return same_text(old->locations[a].path, new->locations[b].path);
}

static bool same_link(const struct config *old, uint32_t i, const struct config *new, uint32_t j)
{
	const struct config_link *a = &old->links[i], *b = &new->links[j];

	return same_text(old->ports[a->port].name, new->ports[b->port].name) &&
	       a->vlan == b->vlan && a->mtu == b->mtu && a->mode == b->mode &&
	       a->query_budget == b->query_budget && a->wireless == b->wireless &&
	       a->unicast == b->unicast && a->isolated == b->isolated &&
	       a->announce == b->announce && a->conflicts_report == b->conflicts_report &&
	       same_prefixes(a->addresses, a->n_addresses, b->addresses, b->n_addresses) &&
	       same_prefixes(a->prefixes, a->n_prefixes, b->prefixes, b->n_prefixes) &&
	       same_text(a->group, b->group) && same_path(old, a->location, new, b->location) &&
	       same_text(policy_name(old, a->policy_in), policy_name(new, b->policy_in)) &&
	       same_text(policy_name(old, a->policy_out), policy_name(new, b->policy_out));
}

/* --- policies -------------------------------------------------------------------------------- */

static bool same_services(const struct config_services *a, const struct config_services *b)
{
	if (a->n_types != b->n_types || a->any != b->any || a->workstation != b->workstation)
		return false;
	for (uint32_t i = 0; i < a->n_types; i++) {
		if (!same_text(a->types[i].type, b->types[i].type))
			return false;
	}
	return true;
}

static bool same_link_list(const struct config *old, const struct config_link_list *a,
	const struct config *new, const struct config_link_list *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		if (!same_text(old->links[a->links[i]].name, new->links[b->links[i]].name))
			return false;
	}
	return true;
}

static bool same_texts(const char *const *a, uint32_t n_a, const char *const *b, uint32_t n_b)
{
	if (n_a != n_b)
		return false;
	for (uint32_t i = 0; i < n_a; i++)
		if (!same_text(a[i], b[i]))
			return false;
	return true;
}

static bool same_who(const struct config *old, const struct config_who *a, const struct config *new,
	const struct config_who *b)
{
	if (a->n_macs != b->n_macs || a->n_locations != b->n_locations)
		return false;
	for (uint32_t i = 0; i < a->n_macs; i++)
		if (a->macs[i].bits != b->macs[i].bits ||
			!mac_equal(&a->macs[i].mac, &b->macs[i].mac))
			return false;
	for (uint32_t i = 0; i < a->n_locations; i++)
		if (!same_path(old, a->locations[i], new, b->locations[i]))
			return false;
	return same_texts(a->roles, a->n_roles, b->roles, b->n_roles) &&
	       same_texts(a->users, a->n_users, b->users, b->n_users);
}

static bool same_policy(const struct config *old, uint32_t i, const struct config *new, uint32_t j)
{
	const struct config_policy *a = &old->policies[i], *b = &new->policies[j];

	if (a->n_rules != b->n_rules)
		return false;
	for (uint32_t r = 0; r < a->n_rules; r++) {
		const struct config_rule *x = &a->rules[r], *y = &b->rules[r];

		if (x->permit != y->permit || x->kind != y->kind ||
			!same_services(&x->services, &y->services) ||
			!same_text(x->instance, y->instance) || !same_text(x->txt, y->txt) ||
			x->same != y->same || x->level != y->level || x->nearest != y->nearest ||
			x->audit != y->audit || !same_who(old, &x->from_who, new, &y->from_who) ||
			!same_who(old, &x->to_who, new, &y->to_who) ||
			!same_link_list(old, &x->from, new, &y->from) ||
			!same_link_list(old, &x->to, new, &y->to))
			return false;
	}
	return true;
}

/* --- lists ----------------------------------------------------------------------------------- */

struct list {
	json_t *names;
	json_int_t n;
};

static void list_add(struct list *l, const char *name)
{
	if (l->n++ < NAMES_MAX)
		json_array_append_new(l->names, json_string(name));
}

static json_t *lists_object(
	const struct list *added, const struct list *removed, const struct list *changed)
{
	return json_pack("{s:o,s:o,s:o,s:{s:I,s:I,s:I}}", "added", added->names, "removed",
		removed->names, "changed", changed->names, "count", "added", added->n, "removed",
		removed->n, "changed", changed->n);
}

static json_t *compare(const struct config *old, struct named *a, uint32_t n_a,
	const struct config *new, struct named *b, uint32_t n_b,
	bool (*same)(const struct config *, uint32_t, const struct config *, uint32_t))
{
	struct list added = {.names = json_array()}, removed = {.names = json_array()},
		    changed = {.names = json_array()};
	uint32_t i = 0, j = 0;

	qsort(a, n_a, sizeof(*a), by_name);
	qsort(b, n_b, sizeof(*b), by_name);
	while (i < n_a || j < n_b) {
		int order = i == n_a ? 1 : j == n_b ? -1 : strcmp(a[i].name, b[j].name);

		if (order < 0) {
			list_add(&removed, a[i++].name);
		} else if (order > 0) {
			list_add(&added, b[j++].name);
		} else {
			if (!same(old, a[i].index, new, b[j].index))
				list_add(&changed, b[j].name);
			i++;
			j++;
		}
	}
	return lists_object(&added, &removed, &changed);
}

static bool same_station(const struct config *old, uint32_t i, const struct config *new, uint32_t j)
{
	const struct config_station *a = &old->stations[i], *b = &new->stations[j];

	return same_text(a->user, b->user) && same_text(a->role, b->role) &&
	       same_path(old, a->location, new, b->location) && same_text(a->ap, b->ap) &&
	       a->authenticated == b->authenticated && a->n_addresses == b->n_addresses &&
	       memcmp(a->addresses, b->addresses, a->n_addresses * sizeof(a->addresses[0])) == 0;
}

/* Both lists are in the order of their addresses. */
static json_t *compare_stations(const struct config *old, const struct config *new)
{
	struct list added = {.names = json_array()}, removed = {.names = json_array()},
		    changed = {.names = json_array()};
	uint32_t i = 0, j = 0;
	char mac[MAC_TEXT_SIZE];

	while (i < old->n_stations || j < new->n_stations) {
		int order = i == old->n_stations ? 1
			    : j == new->n_stations
				    ? -1
				    : memcmp(&old->stations[i].mac, &new->stations[j].mac,
					      sizeof(struct mac_addr));

		if (order < 0)
			list_add(&removed, mac_format(&old->stations[i].mac, mac));
		else if (order > 0)
			list_add(&added, mac_format(&new->stations[j].mac, mac));
		else if (!same_station(old, i, new, j))
			list_add(&changed, mac_format(&new->stations[j].mac, mac));
		i += order <= 0;
		j += order >= 0;
	}
	return lists_object(&added, &removed, &changed);
}

json_t *mgmt_changes(const struct config *old, const struct config *new)
{
	uint32_t most = old->n_links + new->n_links + old->n_policies + new->n_policies;
	struct named *names = calloc(most + 1, sizeof(*names)), *at = names;
	json_t *links, *policies;

	if (names == NULL)
		return NULL;
	for (uint32_t i = 0; i < old->n_links; i++)
		*at++ = (struct named){old->links[i].name, i};
	for (uint32_t i = 0; i < new->n_links; i++)
		*at++ = (struct named){new->links[i].name, i};
	for (uint32_t i = 0; i < old->n_policies; i++)
		*at++ = (struct named){old->policies[i].name, i};
	for (uint32_t i = 0; i < new->n_policies; i++)
		*at++ = (struct named){new->policies[i].name, i};
	at = names;
	links = compare(old, at, old->n_links, new, at + old->n_links, new->n_links, same_link);
	at += old->n_links + new->n_links;
	policies = compare(
		old, at, old->n_policies, new, at + old->n_policies, new->n_policies, same_policy);
	free(names);
	return json_pack("{s:o,s:o,s:o}", "links", links, "policies", policies, "stations",
		compare_stations(old, new));
}

static json_int_t count_of(const json_t *changes, const char *what, const char *how)
{
	const json_t *count = json_object_get(json_object_get(changes, what), "count");

	return json_integer_value(json_object_get(count, how));
}

const char *mgmt_changes_text(const json_t *changes, char *buf, size_t size)
{
	snprintf(buf, size, "links +%lld -%lld ~%lld policies +%lld -%lld ~%lld",
		(long long)count_of(changes, "links", "added"),
		(long long)count_of(changes, "links", "removed"),
		(long long)count_of(changes, "links", "changed"),
		(long long)count_of(changes, "policies", "added"),
		(long long)count_of(changes, "policies", "removed"),
		(long long)count_of(changes, "policies", "changed"));
	return buf;
}
