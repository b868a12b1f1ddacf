/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/overlap.h"

#include <stdlib.h>
#include <string.h>

#include "yaml/arena.h"
#include "yaml/tree.h"

struct context {
	struct yaml_loader *ld;
	const struct config *config;
	struct yaml_node *const *entries;
};

/* One claim on something that only one link can have. */
struct claim {
	struct ip_addr addr; /* or family 0 */
	uint32_t port;
	uint16_t vlan;
	uint32_t link;
	uint32_t item; /* position in the link's addresses */
};

static int compare_claims(const struct claim *a, const struct claim *b)
{
	int order = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	if (order)
		return order;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (int)a->vlan - (int)b->vlan;
}

static int by_claim(const void *pa, const void *pb)
{
	const struct claim *a = pa, *b = pb;
	int order = compare_claims(a, b);

	if (order)
		return order;
	if (a->link != b->link)
		return a->link < b->link ? -1 : 1;
	return a->item < b->item ? -1 : a->item > b->item;
}

static void check_names(struct context *c, const struct yaml_names *names)
{
	for (uint32_t i = 1; i < names->n; i++) {
		const struct yaml_name *first = &names->list[i - 1], *name = &names->list[i];
		struct yaml_node *entry = c->entries[name->index];
		struct yaml_node *node = yaml_child(entry, "name");

		if (strcmp(first->name, name->name) != 0 || node->bad)
			continue;
		yaml_expected(c->ld, node,
			"a name of its own (links[%u] at line %u makes a link \"%s\", too)",
			c->entries[first->index]->index, c->entries[first->index]->pos.line,
			name->name);
	}
}

static void vlan_taken(struct context *c, const struct claim *first, const struct claim *claim)
{
	const struct yaml_node *holder = c->entries[first->link];
	struct yaml_node *entry = c->entries[claim->link];
	struct yaml_node *node = yaml_child(entry, "vlan");
	const char *port = c->config->ports[claim->port].name;

	if (entry->bad || (node && node->bad))
		return;
	if (!claim->vlan)
		yaml_complain(c->ld, node ? node : entry,
			"found the untagged link of port %s, expected it once (links[%u] at line "
			"%u "
			"is it)",
			port, holder->index, holder->pos.line);
	else
		yaml_complain(c->ld, node,
			"found VLAN %u of port %s, expected it once (links[%u] at line %u has it)",
			claim->vlan, port, holder->index, holder->pos.line);
}

/* The item of addresses: that a claim stands for, or the list if items without effect blur that. */
static struct yaml_node *address_item(const struct context *c, const struct claim *claim)
{
	struct yaml_node *list = yaml_child(c->entries[claim->link], "addresses");
	struct yaml_node *item = list->first;

	if (list->n != c->config->links[claim->link].n_addresses)
		return list;
	for (uint32_t i = 0; i < claim->item; i++)
		item = item->next;
	return item;
}

static void address_taken(struct context *c, const struct claim *first, const struct claim *claim)
{
	const struct yaml_node *holder = c->entries[first->link];
	struct yaml_node *entry = c->entries[claim->link];
	struct yaml_node *node = address_item(c, claim);
	char text[IP_TEXT_SIZE];

	if (node->bad)
		return;
	ip_format(&claim->addr, text);
	if (first->link == claim->link)
		yaml_complain(c->ld, node, "found %s twice, expected it once", text);
	else if (holder == entry)
		yaml_complain(c->ld, node,
			"found %s on VLAN %u and VLAN %u, expected each VLAN's own: {vlan} stands "
			"for its id",
			text, c->config->links[first->link].vlan,
			c->config->links[claim->link].vlan);
	else
		yaml_complain(c->ld, node,
			"found %s, expected an address of this link only (links[%u] at line %u has "
			"it)",
			text, holder->index, holder->pos.line);
}

/* Sort claims and report each that equals the one before it. */
static void check_claims(struct context *c, struct claim *claims, size_t n,
	void (*taken)(struct context *, const struct claim *, const struct claim *))
{
	if (n)
		qsort(claims, n, sizeof(*claims), by_claim);
	for (size_t i = 1; i < n; i++) {
		if (!compare_claims(&claims[i - 1], &claims[i]))
			taken(c, &claims[i - 1], &claims[i]);
	}
}

/* A VLAN of one port of an inline pair is the other's too. */
static uint32_t pair_of(const struct config *config, uint32_t port)
{
	uint32_t peer = config->ports[port].peer;

	return peer < port ? peer : port;
}

static void check_vlans(struct context *c)
{
	const struct config *config = c->config;
	struct claim *claims = yaml_arena_array(c->ld->tree, config->n_links, sizeof(*claims));
	size_t n = 0;

	if (!claims) {
		yaml_oom(c->ld);
		return;
	}
	for (uint32_t i = 0; i < config->n_links; i++) {
		const struct config_link *link = &config->links[i];

		if (link->port != YAML_NO_NAME && !link->far_side)
			claims[n++] = (struct claim){
				.port = pair_of(config, link->port),
				.vlan = link->vlan,
				.link = i,
			};
	}
	check_claims(c, claims, n, vlan_taken);
}

static void check_addresses(struct context *c)
{
	const struct config *config = c->config;
	struct claim *claims;
	size_t n = 0;

	for (uint32_t i = 0; i < config->n_links; i++)
		n += config->links[i].n_addresses;
	claims = yaml_arena_array(c->ld->tree, n, sizeof(*claims));
	if (!claims) {
		yaml_oom(c->ld);
		return;
	}
	n = 0;
	for (uint32_t i = 0; i < config->n_links; i++) {
		const struct config_link *link = &config->links[i];

		for (uint32_t j = 0; j < link->n_addresses && !link->far_side; j++)
			claims[n++] = (struct claim){
				.addr = link->addresses[j].addr,
				.link = i,
				.item = j,
			};
	}
	check_claims(c, claims, n, address_taken);
}

void yaml_check_overlap(struct yaml_loader *ld, const struct config *config,
	struct yaml_node *const *entries, const struct yaml_names *names)
{
	struct context c = {ld, config, entries};

	check_names(&c, names);
	check_vlans(&c);
	check_addresses(&c);
}
