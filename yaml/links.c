/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/links.h"

#include <stdio.h>
#include <string.h>

#include "yaml/address.h"
#include "yaml/arena.h"
#include "yaml/check.h"
#include "yaml/overlap.h"
#include "yaml/template.h"
#include "yaml/tree.h"

/* Queries of ours a second, RFC 8766 §9.3. */
#define BUDGET_WIRED 200
#define BUDGET_WIRELESS 20

struct builder {
	struct yaml_loader *ld;
	struct draft *draft;
	const struct yaml_places *places;
	struct yaml_names ports;
	struct yaml_names policies;
	bool *policy_used;
	bool ports_complete;        /* false: some port's name is unknown because of an error */
	struct yaml_node **entries; /* of links:, by link */
	bool complete;              /* no entry was left out */
};

static int index_names(struct builder *b)
{
	struct draft *draft = b->draft;

	if (yaml_names_init(b->ld, &b->ports, draft->config.n_ports) ||
		yaml_names_init(b->ld, &b->policies, draft->n_policies))
		return -1;
	b->ports_complete = draft->config.n_ports && !b->ld->partial;
	for (uint32_t i = 0; i < draft->config.n_ports; i++) {
		yaml_names_add(&b->ports, draft->config.ports[i].name, i);
		b->ports_complete &= draft->config.ports[i].name != NULL;
	}
	for (uint32_t i = 0; i < draft->n_policies; i++)
		yaml_names_add(&b->policies, draft->policies[i].name, i);
	yaml_names_sort(&b->ports);
	yaml_names_sort(&b->policies);
	b->policy_used = yaml_arena_array(b->ld->tree, draft->n_policies, sizeof(bool));
	if (!b->policy_used) {
		yaml_oom(b->ld);
		return -1;
	}
	return 0;
}

static void unknown_name(struct builder *b, struct yaml_node *node, const char *name,
	const struct yaml_names *names, const char *what)
{
	struct yaml_guess guess = {.word = name};
	char guessed[YAML_GUESS_SIZE];

	yaml_guess_offer_names(b->ld, &guess, names);
	yaml_expected(b->ld, node, "the name of a %s%s", what, yaml_guess_text(&guess, guessed));
}

static uint32_t find_port(struct builder *b, const struct raw_link *raw, struct yaml_node *entry)
{
	uint32_t port;

	if (!raw->port)
		return YAML_NO_NAME;
	port = yaml_names_find(&b->ports, raw->port);
	if (port == YAML_NO_NAME && b->ports_complete)
		unknown_name(b, yaml_child(entry, "port"), raw->port, &b->ports, "port");
	return port;
}

static uint32_t find_policy(
	struct builder *b, const char *name, struct yaml_node *entry, const char *key)
{
	uint32_t policy;

	if (!name)
		return CONFIG_NO_POLICY;
	policy = yaml_names_find(&b->policies, name);
	if (policy != YAML_NO_NAME) {
		b->policy_used[policy] = true;
		return policy;
	}
	if (!b->ld->partial)
		unknown_name(b, yaml_child(yaml_child(entry, "policy"), key), name, &b->policies,
			"policy");
	return CONFIG_NO_POLICY;
}

/* The link's own name; NULL if it is none, which is reported once an entry. */
static const char *expand_name(
	struct builder *b, const struct raw_link *raw, struct yaml_node *entry, uint16_t vlan)
{
	struct yaml_node *node = yaml_child(entry, "name");
	char name[CONFIG_LINK_NAME_MAX + 1];
	int ret = yaml_template(raw->name, vlan, name, sizeof(name));
	const char *copy;

	if (ret || !yaml_check_name(name)) {
		if (!node->bad)
			yaml_expected(b->ld, node,
				"1 to %d characters: letters, digits and . _ : / -, or {vlan}, "
				"{vlan/256}, {vlan%%256}",
				CONFIG_LINK_NAME_MAX);
		return NULL;
	}
	copy = yaml_arena_string(b->ld->out, name);
	return copy ? copy : yaml_oom(b->ld);
}

/* Look for errors in the rest of an entry that can't become links for want of a name or VLAN. */
static void check_rest(struct builder *b, const struct raw_link *raw, struct yaml_node *entry)
{
	struct config_link scratch = {.vlan = raw->vlan.first ? raw->vlan.first : 1};

	if (raw->name)
		expand_name(b, raw, entry, scratch.vlan);
	yaml_take_addresses(b->ld, raw->addresses, &scratch);
	yaml_take_prefixes(b->ld, raw->prefixes, &scratch);
	b->complete = false;
}

/* The other side of a link whose port is one of an inline pair: behind the link. */
static void add_far_side(struct builder *b, struct yaml_node *entry)
{
	struct config *config = &b->draft->config;
	const struct config_link *link = &config->links[config->n_links - 1];
	uint32_t peer =
		link->port != YAML_NO_NAME ? config->ports[link->port].peer : CONFIG_NO_PORT;
	struct config_link *far_side = &config->links[config->n_links];
	char name[CONFIG_LINK_NAME_MAX + 1];
	int len;

	if (peer == CONFIG_NO_PORT)
		return;
	len = snprintf(name, sizeof(name), "%s/%s", link->name, config->ports[peer].name);
	if (len < 0 || (size_t)len >= sizeof(name)) {
		yaml_expected(b->ld, yaml_child(entry, "name"),
			"a shorter name: with /%s behind it, for the other side of the pair, it "
			"has "
			"to fit into %d characters",
			config->ports[peer].name, CONFIG_LINK_NAME_MAX);
		return;
	}
	*far_side = *link;
	far_side->port = peer;
	far_side->far_side = true;
	far_side->name = yaml_arena_string(b->ld->out, name);
	if (!far_side->name) {
		yaml_oom(b->ld);
		return;
	}
	b->entries[config->n_links++] = entry;
}

/* What the entry requires, as a mask. */
static uint8_t take_require(struct builder *b, struct yaml_node *node)
{
	static const char *const words[] = {"authenticated", "on-link-address", "own-address"};
	uint8_t mask = 0;

	for (struct yaml_node *item = node && node->kind == YAML_KIND_LIST ? node->first : node;
		item; item = item == node ? NULL : item->next) {
		unsigned i = 0;

		if (item->bad || item->kind != YAML_KIND_SCALAR)
			continue;
		while (i < 3 && strcmp(item->text, words[i]) != 0)
			i++;
		if (i == 3)
			yaml_expected(b->ld, item, "authenticated, on-link-address or own-address");
		else
			mask |= (uint8_t)(1u << i);
	}
	return mask;
}

/* Add one link an entry's VLAN to config.links, and its other side. */
static void expand_entry(struct builder *b, const struct raw_link *raw, struct yaml_node *entry)
{
	struct config *config = &b->draft->config;
	struct yaml_node *name = yaml_child(entry, "name");
	const struct yaml_node *vlan_node = yaml_child(entry, "vlan");
	const struct config_link shared = {
		.port = find_port(b, raw, entry),
		.mtu = raw->mtu,
		.mode = raw->mode,
		.query_budget = raw->query_budget != 0 ? raw->query_budget
				: raw->wireless        ? BUDGET_WIRELESS
						       : BUDGET_WIRED,
		.wireless = raw->wireless != 0,
		.isolated = raw->bridged == 0,
		.unicast =
			raw->delivery != 0 ? raw->delivery == DELIVERY_UNICAST : raw->wireless != 0,
		.announce = raw->announce != 0,
		.require = take_require(b, raw->require),
		.silence = raw->silence,
		.conflicts_report = raw->conflicts != 0,
		.group = raw->group,
		.location = yaml_find_location(
			b->ld, b->places, raw->location, yaml_child(entry, "location")),
		.policy_in = find_policy(b, raw->policy_in, entry, "in"),
		.policy_out = find_policy(b, raw->policy_out, entry, "out"),
		.pos = raw->pos,
	};

	if (raw->vlan.range && raw->name && !strstr(raw->name, "{vlan}"))
		yaml_expected(b->ld, name,
			"a name with {vlan}, since vlan is a range, like \"dorm-{vlan}\"");
	if (!raw->name || name->bad || (vlan_node && vlan_node->bad)) {
		check_rest(b, raw, entry);
		return;
	}
	for (uint32_t vlan = raw->vlan.first; vlan <= raw->vlan.last && !b->ld->oom; vlan++) {
		struct config_link *link = &config->links[config->n_links];

		*link = shared;
		link->vlan = (uint16_t)vlan;
		link->name = expand_name(b, raw, entry, link->vlan);
		if (!link->name) {
			check_rest(b, raw, entry);
			return;
		}
		yaml_take_addresses(b->ld, raw->addresses, link);
		yaml_take_prefixes(b->ld, raw->prefixes, link);
		b->entries[config->n_links++] = entry;
		add_far_side(b, entry);
	}
}

/* Count what the ranges come to, so that the arrays are made once. */
static bool make_room(struct builder *b, struct yaml_node *list)
{
	struct config *config = &b->draft->config;
	struct yaml_node *entry = list->first;
	size_t n = 0;

	for (uint32_t i = 0; i < b->draft->n_links; i++, entry = entry->next) {
		const struct raw_vlan *vlan = &b->draft->links[i].vlan;

		n += vlan->last - vlan->first + 1u;
		if (n > CONFIG_LINKS_MAX) {
			yaml_complain(b->ld, entry,
				"found more than %d links with this one's, expected fewer",
				CONFIG_LINKS_MAX);
			return false;
		}
	}
	/* Each may have another side. */
	config->links = yaml_arena_array(b->ld->out, 2 * n, sizeof(*config->links));
	b->entries = yaml_arena_array(b->ld->tree, 2 * n, sizeof(struct yaml_node *));
	if (!config->links || !b->entries) {
		yaml_oom(b->ld);
		return false;
	}
	return true;
}

/* What is no error but looks like one. */
static void warn_idle(struct builder *b, struct yaml_node *list)
{
	struct yaml_node *node = list->first;

	for (uint32_t i = 0; i < b->draft->n_links; i++, node = node->next) {
		const struct raw_link *raw = &b->draft->links[i];
		const struct yaml_node *policy = yaml_child(node, "policy");

		if (node->kind != YAML_KIND_MAP || (policy && policy->bad))
			continue;
		if (raw->mode == CONFIG_LINK_GATEWAY && !raw->policy_in && !raw->policy_out)
			yaml_warn(b->ld, node,
				"found no policy: nothing is learned from this link "
				"and nothing shown to it");
	}
	if (!b->draft->n_policies)
		return;
	node = yaml_child(b->draft->root, "policies")->first;
	for (uint32_t i = 0; i < b->draft->n_policies; i++, node = node->next) {
		if (!b->policy_used[i])
			yaml_warn(b->ld, node, "no link uses this policy");
	}
}

void yaml_build_links(struct yaml_loader *ld, struct draft *draft, const struct yaml_places *places,
	struct yaml_link_names *by_name)
{
	struct builder b = {.ld = ld,
		.draft = draft,
		.places = places,
		.complete = draft->links && !ld->partial};
	struct yaml_node *list = yaml_child(draft->root, "links"), *entry;
	struct config *config = &draft->config;

	*by_name = (struct yaml_link_names){.complete = false};
	if (index_names(&b) || !draft->links || !make_room(&b, list))
		return;
	entry = list->first;
	for (uint32_t i = 0; i < draft->n_links; i++, entry = entry->next)
		expand_entry(&b, &draft->links[i], entry);
	if (ld->oom || yaml_names_init(ld, &by_name->names, config->n_links))
		return;
	for (uint32_t i = 0; i < config->n_links; i++)
		yaml_names_add(&by_name->names, config->links[i].name, i);
	yaml_names_sort(&by_name->names);
	if (yaml_groups_init(ld, &by_name->groups, config))
		return;
	by_name->links = config->links;
	by_name->complete = b.complete;
	yaml_check_overlap(ld, config, b.entries, &by_name->names);
	if (!ld->partial)
		warn_idle(&b, list);
}
