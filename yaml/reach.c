/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/reach.h"

#include <stdlib.h>
#include <string.h>

#include "yaml/arena.h"
#include "yaml/presets.h"
#include "yaml/tree.h"

#define PAIRS_MAX 2000000u /* of rules, compared in a file: some tens of milliseconds */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool has_type(const struct config_services *s, const char *type)
{
	for (uint32_t i = 0; i < s->n_types; i++)
		if (strcmp(s->types[i].type, type) == 0)
			return true;
	return false;
}

/* Is whatever b's services match matched by a's? A permit of `any` says nothing of types that are
 * to be named. */
static bool covers_services(const struct config_rule *a, const struct config_rule *b)
{
	if ((b->services.any || b->services.workstation) && !a->services.any &&
		!(a->services.workstation && !b->services.any))
		return false;
	for (uint32_t i = 0; i < b->services.n_types; i++) {
		const char *type = b->services.types[i].type;

		if (!has_type(&a->services, type) &&
			!(a->services.any && !(a->permit && yaml_is_never(type))))
			return false;
	}
	return true;
}

static bool covers_links(const struct config_link_list *a, const struct config_link_list *b)
{
	uint32_t k = 0;

	if (!a->n)
		return true;
	if (!b->n || b->n > a->n)
		return false;
	for (uint32_t i = 0; i < b->n; i++) {
		while (k < a->n && a->links[k] < b->links[i])
			k++;
		if (k == a->n || a->links[k] != b->links[i])
			return false;
	}
	return true;
}

static bool same_names(const char *const *a, uint32_t n_a, const char *const *b, uint32_t n_b)
{
	if (n_a && n_a != n_b)
		return false;
	for (uint32_t i = 0; i < n_a; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

/* Each list of a is absent, or the same. */
static bool covers_who(const struct config_who *a, const struct config_who *b)
{
	if ((a->n_macs && a->n_macs != b->n_macs) ||
		(a->n_locations && a->n_locations != b->n_locations))
		return false;
	for (uint32_t i = 0; i < a->n_macs; i++)
		if (a->macs[i].bits != b->macs[i].bits ||
			!mac_equal(&a->macs[i].mac, &b->macs[i].mac))
			return false;
	for (uint32_t i = 0; i < a->n_locations; i++)
		if (a->locations[i] != b->locations[i])
			return false;
	return same_names(a->roles, a->n_roles, b->roles, b->n_roles) &&
	       same_names(a->users, a->n_users, b->users, b->n_users);
}

/* Does rule a, the earlier one, match whatever b does? Yes is sure, no is not. */
static bool covers(const struct config_rule *a, const struct config_rule *b)
{
	return (a->kind & b->kind) == b->kind &&
	       (!a->instance || same_text(a->instance, b->instance)) &&
	       (!a->txt || same_text(a->txt, b->txt)) &&
	       (!a->same || (a->same == b->same && a->level == b->level)) &&
	       covers_links(&a->from, &b->from) && covers_links(&a->to, &b->to) &&
	       covers_who(&a->from_who, &b->from_who) && covers_who(&a->to_who, &b->to_who) &&
	       covers_services(a, b);
}

/* Does nothing get past the rule? Then one warning does for all behind it. */
static bool matches_all(const struct config_rule *r)
{
	const struct config_rule whole = {.kind = CONFIG_KIND_BOTH, .services = {.any = true}};

	return covers(r, &whole);
}

/* Is any of the links one that has the policy, as its `in` or as its `out`? */
static bool is_used_by(
	const struct config *config, uint32_t policy, const struct config_link_list *l, bool in)
{
	for (uint32_t i = 0; i < l->n; i++) {
		const struct config_link *cl = &config->links[l->links[i]];

		if ((in ? cl->policy_in : cl->policy_out) == policy)
			return true;
	}
	return l->n == 0;
}

/* What uses the policy. */
struct use {
	bool in, out;
};

/* A rule about links none of which has the policy. */
static void check_links(struct yaml_loader *ld, const struct config *config, uint32_t k,
	const struct config_rule *r, struct use use, struct yaml_node *node)
{
	if (use.in && !use.out && !is_used_by(config, k, &r->from, true))
		yaml_warn(ld, node,
			"never matches: no link in from: has this policy as its in, and the others "
			"are not asked about it");
	else if (use.out && !use.in && !is_used_by(config, k, &r->to, false))
		yaml_warn(ld, node,
			"never matches: no link in to: has this policy as its out, and the others "
			"are not asked about it");
}

static void check_policy(struct yaml_loader *ld, const struct config *config, uint32_t k,
	struct use use, struct yaml_node *node, uint32_t *pairs)
{
	const struct config_policy *p = &config->policies[k];
	struct yaml_node *rule = node->first;
	bool told = false; /* behind a rule for everything, once is enough */

	for (uint32_t i = 0; i < p->n_rules && rule; i++, rule = rule->next) {
		check_links(ld, config, k, &p->rules[i], use, rule);
		for (uint32_t j = 0; j < i && *pairs < PAIRS_MAX && !told; j++, (*pairs)++) {
			if (!covers(&p->rules[j], &p->rules[i]))
				continue;
			yaml_warn(ld, rule,
				"never reached: the rule at line %u matches all that this one does",
				p->rules[j].pos.line);
			told = matches_all(&p->rules[j]);
			break;
		}
	}
}

void yaml_check_reach(
	struct yaml_loader *ld, const struct config *config, struct yaml_node *policies)
{
	struct use *use = yaml_arena_array(ld->tree, config->n_policies, sizeof(*use));
	struct yaml_node *node = policies ? policies->first : NULL;
	uint32_t pairs = 0;

	if (!use) {
		yaml_oom(ld);
		return;
	}
	for (uint32_t i = 0; i < config->n_links; i++) {
		if (config->links[i].policy_in != CONFIG_NO_POLICY)
			use[config->links[i].policy_in].in = true;
		if (config->links[i].policy_out != CONFIG_NO_POLICY)
			use[config->links[i].policy_out].out = true;
	}
	for (uint32_t k = 0; k < config->n_policies && node; k++, node = node->next)
		check_policy(ld, config, k, use[k], node, &pairs);
}
