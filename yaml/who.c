/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/who.h"

#include <stdlib.h>
#include <string.h>

#include "yaml/arena.h"
#include "yaml/check.h"
#include "yaml/tree.h"

/* 1 to 6 octets, the first of an address. */
static bool parse_prefix(const char *text, struct config_mac_prefix *out)
{
	char full[] = "00:00:00:00:00:00";
	size_t len = strlen(text);

	if (len + 1 > sizeof(full) || (len + 1) % 3 != 0)
		return false;
	memcpy(full, text, len);
	if (mac_parse(full, &out->mac) < 0)
		return false;
	out->bits = (uint32_t)(len + 1) / 3 * 8;
	return !mac_is_multicast(&out->mac);
}

/* A list that is not there, or is wrong, has no items. */
static uint32_t items(const struct yaml_node *node)
{
	return !node ? 0 : node->kind == YAML_KIND_LIST ? node->n : 1;
}

static struct yaml_node *next_item(struct yaml_node *list, struct yaml_node *item)
{
	if (!item)
		return list->kind == YAML_KIND_LIST ? list->first : list;
	return list->kind == YAML_KIND_LIST ? item->next : NULL;
}

#define for_each_item(item, list)                                                                  \
	for (struct yaml_node *item = (list) ? next_item(list, NULL) : NULL; item;                 \
		item = next_item(list, item))

static bool is_text(const struct yaml_node *item)
{
	return !item->bad && item->kind == YAML_KIND_SCALAR;
}

static void take_macs(struct yaml_loader *ld, struct yaml_node *list, struct config_who *out)
{
	struct config_mac_prefix *v = yaml_arena_array(ld->out, items(list), sizeof(*v)), p;

	if (!v) {
		yaml_oom(ld);
		return;
	}
	for_each_item(item, list)
	{
		bool twice = false;

		if (!is_text(item))
			continue;
		if (!parse_prefix(item->text, &p)) {
			yaml_expected(
				ld, item, "a MAC address or its first octets, like \"02:00:00\"");
			continue;
		}
		for (uint32_t i = 0; i < out->n_macs && !twice; i++)
			twice = v[i].bits == p.bits && mac_equal(&v[i].mac, &p.mac);
		if (!twice)
			v[out->n_macs++] = p;
	}
	out->macs = v;
}

static void take_names(struct yaml_loader *ld, const struct yaml_roles *roles,
	struct yaml_node *list, const char *const **names, uint32_t *n)
{
	const char **v = yaml_arena_array(ld->out, items(list), sizeof(*v));

	if (!v) {
		yaml_oom(ld);
		return;
	}
	*n = 0;
	for_each_item(item, list)
	{
		if (!is_text(item))
			continue;
		if (!yaml_check_who(item->text) || strlen(item->text) > 63) {
			yaml_expected(ld, item, "a name of 1 to 63 bytes");
			continue;
		}
		if (roles)
			yaml_check_role(ld, roles, item->text, item);
		v[*n] = yaml_arena_string(ld->out, item->text);
		if (!v[(*n)++]) {
			yaml_oom(ld);
			return;
		}
	}
	*names = v;
}

static int by_value(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return a < b ? -1 : a > b;
}

static void take_locations(struct yaml_loader *ld, const struct yaml_places *places,
	struct yaml_node *list, struct config_who *out)
{
	uint32_t *v = yaml_arena_array(ld->out, items(list), sizeof(*v)), n = 0;

	if (!v) {
		yaml_oom(ld);
		return;
	}
	for_each_item(item, list)
	{
		if (!is_text(item))
			continue;
		v[n] = yaml_find_location(ld, places, item->text, item);
		n += v[n] != CONFIG_NO_LOCATION;
	}
	if (n)
		qsort(v, n, sizeof(*v), by_value);
	for (uint32_t i = 0; i < n; i++)
		if (!i || v[i] != v[i - 1])
			v[out->n_locations++] = v[i];
	out->locations = v;
}

void yaml_take_who(struct yaml_loader *ld, const struct yaml_who_names *names,
	const struct raw_side *raw, struct config_who *out)
{
	if (raw->station)
		take_macs(ld, raw->station, out);
	if (raw->role)
		take_names(ld, names->roles, raw->role, &out->roles, &out->n_roles);
	if (raw->user)
		take_names(ld, NULL, raw->user, &out->users, &out->n_users);
	if (raw->location)
		take_locations(ld, names->places, raw->location, out);
}

void yaml_take_short_who(struct yaml_loader *ld, const struct yaml_who_names *names,
	const struct raw_rule *raw, struct config_who *out)
{
	if (raw->role && raw->to.role)
		yaml_complain(ld, raw->role, "found to.role as well, expected one of them");
	else if (raw->role)
		take_names(ld, names->roles, raw->role, &out->roles, &out->n_roles);
	if (raw->user && raw->to.user)
		yaml_complain(ld, raw->user, "found to.user as well, expected one of them");
	else if (raw->user)
		take_names(ld, NULL, raw->user, &out->users, &out->n_users);
}

bool yaml_who_says(const struct config_who *who)
{
	return who->n_macs || who->n_roles || who->n_users || who->n_locations;
}
