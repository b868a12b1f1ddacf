/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/rules.h"

#include <stdlib.h>

#include "yaml/arena.h"
#include "yaml/tree.h"

struct context {
	struct yaml_loader *ld;
	struct yaml_sets *sets;
	const struct yaml_link_names *links;
	const struct yaml_who_names *who;
};

static bool has_bad_child(const struct yaml_node *node)
{
	yaml_for_each_child(child, node)
	{
		if (child->bad || child->kind == YAML_KIND_BROKEN)
			return true;
	}
	return false;
}

static int by_value(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return a < b ? -1 : a > b;
}

static void add_link(struct context *c, struct yaml_node *item, uint32_t *list, uint32_t *n)
{
	struct yaml_guess guess = {.word = item->text};
	char guessed[YAML_GUESS_SIZE];
	uint32_t link;

	if (item->bad || item->kind != YAML_KIND_SCALAR)
		return;
	link = yaml_names_find(&c->links->names, item->text);
	if (link != YAML_NO_NAME) {
		list[(*n)++] = link;
		/* A link of an inline pair is meant with both of its sides. */
		if (link + 1 < c->links->names.n && c->links->links[link + 1].far_side)
			list[(*n)++] = link + 1;
		return;
	}
	if (!c->links->complete)
		return;
	yaml_guess_offer_names(c->ld, &guess, &c->links->names);
	yaml_expected(c->ld, item, "the name of a link%s", yaml_guess_text(&guess, guessed));
}

/* The links of a group. */
static void add_group(struct context *c, struct yaml_node *item,
	const struct config_link_list **list, uint32_t *n)
{
	struct yaml_guess guess = {.word = item->text};
	char guessed[YAML_GUESS_SIZE];
	uint32_t group;

	if (item->bad || item->kind != YAML_KIND_SCALAR)
		return;
	group = yaml_names_find(&c->links->groups.names, item->text);
	if (group != YAML_NO_NAME) {
		list[(*n)++] = &c->links->groups.list[group];
		return;
	}
	if (!c->links->complete)
		return;
	yaml_guess_offer_names(c->ld, &guess, &c->links->groups.names);
	yaml_expected(
		c->ld, item, "the name of a group of links%s", yaml_guess_text(&guess, guessed));
}

static bool has_link(const struct config_link_list *list, uint32_t link)
{
	return bsearch(&link, list->links, list->n, sizeof(link), by_value) != NULL;
}

/* Leaves in *out the links that are of one of the groups as well; all of the groups' if `link:` is
 * not written. */
static void take_groups(struct context *c, struct yaml_node *node, struct config_link_list *out)
{
	uint32_t most = node->kind == YAML_KIND_LIST ? node->n : 1, n = 0, total = 0, kept = 0;
	const struct config_link_list **lists = yaml_arena_array(c->ld->tree, most, sizeof(*lists));
	const char **names = yaml_arena_array(c->ld->out, most, sizeof(*names));
	uint32_t *links;

	if (!lists || !names) {
		yaml_oom(c->ld);
		return;
	}
	if (node->kind == YAML_KIND_SCALAR)
		add_group(c, node, lists, &n);
	yaml_for_each_child(item, node) add_group(c, item, lists, &n);
	for (uint32_t i = 0; i < n; i++) {
		names[i] = c->links->links[lists[i]->links[0]].group;
		total += lists[i]->n;
	}
	links = yaml_arena_array(c->ld->out, total, sizeof(*links));
	if (!links) {
		yaml_oom(c->ld);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < lists[i]->n; k++)
			if (!out->by_link || has_link(out, lists[i]->links[k]))
				links[kept++] = lists[i]->links[k];
	if (kept)
		qsort(links, kept, sizeof(*links), by_value);
	total = 0;
	for (uint32_t i = 0; i < kept; i++)
		if (!i || links[i] != links[i - 1])
			links[total++] = links[i];
	/* No link is left: that would read like any. Misspelt groups have been told already. */
	if (!total && n == most && c->links->complete)
		yaml_complain(
			c->ld, node, "found no link of that group among the links, expected one");
	out->links = links;
	out->n = total;
	out->groups = names;
	out->n_groups = n;
}

static void take_links(struct context *c, struct yaml_node *node, struct config_link_list *out)
{
	uint32_t *list, n = 0, unique = 0;

	if (!node)
		return;
	list = yaml_arena_array(
		c->ld->out, 2 * (node->kind == YAML_KIND_LIST ? node->n : 1), sizeof(*list));
	if (!list) {
		yaml_oom(c->ld);
		return;
	}
	if (node->kind == YAML_KIND_SCALAR)
		add_link(c, node, list, &n);
	yaml_for_each_child(item, node) add_link(c, item, list, &n);
	if (n)
		qsort(list, n, sizeof(*list), by_value);
	for (uint32_t i = 0; i < n; i++) {
		if (!i || list[i] != list[i - 1])
			list[unique++] = list[i];
	}
	*out = (struct config_link_list){.links = list, .n = unique, .by_link = true};
}

/* `from: {}` would read like a restriction and be none. */
static void check_side(struct context *c, struct yaml_node *rule, const char *key)
{
	struct yaml_node *side = yaml_child(rule, key);

	if (side && side->kind == YAML_KIND_MAP && !side->n && !c->ld->partial)
		yaml_expected(
			c->ld, side, "a map like {link: NAME}, {group: NAME} or {role: NAME}");
}

/* Relations are between a provider and a consumer. */
static void check_relation(
	struct context *c, const struct raw_rule *raw, struct yaml_node *node, bool in)
{
	struct yaml_node *when = yaml_child(node, "when"), *nearest = yaml_child(node, "nearest");

	if (when && !when->bad && when->kind == YAML_KIND_MAP && !yaml_child(when, "same") &&
		!c->ld->partial)
		yaml_missing(c->ld, when, "same", "one of user|role|location");
	if (raw->level && raw->same && raw->same != CONFIG_SAME_LOCATION)
		yaml_complain(c->ld, yaml_child(when, "level"),
			"found a level, expected it with same: location only");
	if (nearest && yaml_child(node, "deny"))
		yaml_complain_key(c->ld, nearest,
			"found in a rule that denies, expected in one that permits");
	if (nearest && raw->kind == CONFIG_KIND_QUERY)
		yaml_complain_key(
			c->ld, nearest, "found in a rule for queries, which count no instances");
	if (in && when)
		yaml_complain_key(c->ld, when,
			"found in a policy that links have as in: what they learn has no consumer "
			"yet");
	if (in && nearest)
		yaml_complain_key(c->ld, nearest,
			"found in a policy that links have as in: what they learn has no consumer "
			"yet");
}

static void build_rule(struct context *c, const struct raw_rule *raw, struct yaml_node *node,
	bool in, struct config_rule *rule)
{
	*rule = (struct config_rule){
		.permit = raw->permit != NULL,
		.kind = raw->kind ? raw->kind : CONFIG_KIND_BOTH,
		.instance = raw->instance,
		.txt = raw->txt,
		.same = raw->same,
		.level = raw->level,
		.nearest = raw->nearest,
		.audit = raw->audit != 0,
		.pos = raw->pos,
	};
	if (raw->permit)
		yaml_flatten(c->sets, raw->permit, &rule->services);
	if (raw->deny)
		yaml_flatten(c->sets, raw->deny, &rule->services);
	take_links(c, raw->from.link, &rule->from);
	take_links(c, raw->to.link, &rule->to);
	if (raw->from.group)
		take_groups(c, raw->from.group, &rule->from);
	if (raw->to.group)
		take_groups(c, raw->to.group, &rule->to);
	yaml_take_who(c->ld, c->who, &raw->from, &rule->from_who);
	yaml_take_who(c->ld, c->who, &raw->to, &rule->to_who);
	yaml_take_short_who(c->ld, c->who, raw, &rule->to_who);
	check_relation(c, raw, node, in);
	check_side(c, node, "from");
	check_side(c, node, "to");
	if (yaml_child(node, "permit") && yaml_child(node, "deny"))
		yaml_complain(c->ld, node, "found both permit and deny, expected one of them");
	else if (!raw->permit && !raw->deny && !node->bad && !has_bad_child(node) &&
		 node->kind == YAML_KIND_MAP && !c->ld->partial)
		yaml_complain(c->ld, node, "found neither permit nor deny, expected one of them");
}

static void build_policy(struct context *c, const struct raw_policy *raw, struct yaml_node *node,
	bool in, struct config_policy *policy)
{
	struct config_rule *rules;
	struct yaml_node *child = node->first;

	policy->name = raw->name;
	policy->pos = raw->pos;
	rules = yaml_arena_array(c->ld->out, raw->n_rules, sizeof(*rules));
	if (!rules) {
		yaml_oom(c->ld);
		return;
	}
	policy->rules = rules;
	policy->n_rules = raw->n_rules;
	for (uint32_t i = 0; i < raw->n_rules && !c->ld->oom; i++, child = child->next)
		build_rule(c, &raw->rules[i], child, in, &rules[i]);
}

void yaml_build_policies(struct yaml_loader *ld, struct draft *draft, struct yaml_sets *sets,
	const struct yaml_link_names *links, const struct yaml_who_names *who)
{
	struct context c = {ld, sets, links, who};
	struct yaml_node *node = yaml_child(draft->root, "policies");
	struct config *config = &draft->config;
	bool *is_in = yaml_arena_array(ld->tree, draft->n_policies, sizeof(*is_in));

	config->policies = yaml_arena_array(ld->out, draft->n_policies, sizeof(*config->policies));
	if (!config->policies || !is_in) {
		yaml_oom(ld);
		return;
	}
	config->n_policies = draft->n_policies;
	for (uint32_t i = 0; i < config->n_links; i++)
		if (config->links[i].policy_in != CONFIG_NO_POLICY)
			is_in[config->links[i].policy_in] = true;
	if (!draft->n_policies)
		return;
	node = node->first;
	for (uint32_t i = 0; i < draft->n_policies && !ld->oom; i++, node = node->next)
		build_policy(&c, &draft->policies[i], node, is_in[i], &config->policies[i]);
}
