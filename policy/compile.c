/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/policy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/columns.h"
#include "policy/lookup.h"
#include "policy/policy_priv.h"
#include "policy/rules.h"
#include "yaml/config.h"

/* The ids of the types a rule names; an id is no class yet. */
static int rule_types(struct policy *p, const struct config_services *s, struct policy_set *out)
{
	/* One more for the class of hosts, which joins when ids have become classes. */
	uint32_t *v = policy_arena_alloc(&p->arena, (size_t)s->n_types + 1, sizeof(*v)), n = 0;

	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->n_types; i++) {
		int rc = policy_types_add(&p->types, s->types[i].type, &v[n]);

		if (rc == -ENOMEM)
			return rc;
		if (!rc)
			n++;
	}
	out->v = v;
	out->n = policy_set_sort(v, n);
	return 0;
}

static int rule_compile(struct policy *p, struct policy_names *names, const struct config *config,
	const struct config_rule *cr, struct policy_rule *r)
{
	int rc = 0;

	r->permit = cr->permit;
	r->any = cr->services.any;
	r->kind = (uint8_t)cr->kind;
	r->has_from = cr->from.n > 0;
	r->has_to = cr->to.n > 0;
	r->has_glob = cr->instance != NULL;
	r->has_txt = cr->txt != NULL;
	r->same = (uint8_t)cr->same;
	r->level = (uint8_t)cr->level;
	r->nearest = (uint16_t)cr->nearest;
	if (r->has_glob)
		rc = policy_globs_add(&p->globs, &p->arena, cr->instance, &r->glob);
	if (!rc && r->has_txt)
		rc = policy_globs_add_txt(&p->globs, &p->arena, cr->txt, &r->txt);
	if (!rc)
		rc = policy_who_compile(&p->arena, names, config, &cr->from_who, &r->from_who);
	if (!rc)
		rc = policy_who_compile(&p->arena, names, config, &cr->to_who, &r->to_who);
	if (rc)
		return rc;
	r->personal = r->to_who || r->same || r->nearest;
	p->nearest[r - p->rules] = r->nearest;
	p->audit[r - p->rules] = cr->audit;
	p->needs_txt |= r->has_txt;
	return rule_types(p, &cr->services, &r->types);
}

/* What all rules say of stations, on one side. */
static int named_compile(struct policy *p)
{
	const struct policy_who_set **sets =
		policy_arena_alloc(&p->arena, p->n_rules, sizeof(*sets));
	int rc;

	if (!sets)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->n_rules; i++)
		sets[i] = p->rules[i].from_who;
	rc = policy_named_init(&p->from_named, &p->arena, sets, p->n_rules);
	for (uint32_t i = 0; i < p->n_rules; i++)
		sets[i] = p->rules[i].to_who;
	return rc ? rc : policy_named_init(&p->to_named, &p->arena, sets, p->n_rules);
}

static int rules_compile(struct policy *p, struct policy_names *names, const struct config *config)
{
	struct policy_rule *r = p->rules;

	for (uint32_t k = 0; k < config->n_policies; k++) {
		const struct config_policy *cp = &config->policies[k];

		p->parts[k].rule = (uint32_t)(r - p->rules);
		p->parts[k].n_rules = cp->n_rules;
		for (uint32_t i = 0; i < cp->n_rules; i++, r++) {
			int rc = rule_compile(p, names, config, &cp->rules[i], r);

			if (rc)
				return rc;
			r->part = k;
			if (r->kind == CONFIG_KIND_QUERY)
				p->parts[k].explicit_query = true;
			if (r->personal && (r->kind & CONFIG_KIND_ADVERTISEMENT))
				p->parts[k].personal = true;
			if (r->personal && (r->kind & CONFIG_KIND_QUERY))
				p->parts[k].personal_ask = true;
		}
	}
	return 0;
}

/* Classes of types that no rule tells apart; rules name classes from here on. */
static int types_compile(struct policy *p, const struct config *config)
{
	struct policy_partition part = {0};
	const struct policy_rule *end = p->rules + p->n_rules;
	struct policy_set never;
	int rc = policy_types_add_never(&p->types, &p->arena, &never);

	if (!rc)
		rc = policy_partition_init(&part, p->types.n);
	if (rc)
		return rc;
	policy_partition_split(&part, &never);
	for (const struct policy_rule *r = p->rules; r < end; r++)
		policy_partition_split(&part, &r->types);
	rc = policy_types_classify(&p->types, &part, &never, &p->arena);
	for (uint32_t k = 0; !rc && k < config->n_policies; k++) {
		for (uint32_t i = 0; i < config->policies[k].n_rules; i++) {
			struct policy_set *types = &p->rules[p->parts[k].rule + i].types;
			uint32_t *v = (uint32_t *)types->v;

			for (uint32_t j = 0; j < types->n; j++)
				v[j] = policy_type_of_block(part.block[v[j]]);
			if (config->policies[k].rules[i].services.workstation)
				v[types->n++] = POLICY_TYPE_HOST;
			types->n = policy_set_sort(v, types->n);
		}
	}
	policy_partition_free(&part);
	return rc;
}

/* Classes of provider links that no `from` tells apart. */
static int links_compile(struct policy *p, const struct config *config, const uint16_t *link_ids)
{
	struct policy_partition part;
	int rc = policy_partition_init(&part, config->n_links);

	if (rc)
		return rc;
	for (uint32_t k = 0; k < config->n_policies; k++) {
		for (uint32_t i = 0; i < config->policies[k].n_rules; i++) {
			const struct config_link_list *l = &config->policies[k].rules[i].from;

			policy_partition_split(&part, &(struct policy_set){l->links, l->n});
		}
	}
	for (uint32_t k = 0; !rc && k < config->n_policies; k++) {
		for (uint32_t i = 0; !rc && i < config->policies[k].n_rules; i++) {
			const struct config_link_list *l = &config->policies[k].rules[i].from;

			rc = policy_partition_blocks(&part, &(struct policy_set){l->links, l->n},
				&p->arena, &p->rules[p->parts[k].rule + i].from);
		}
	}
	for (uint32_t i = 0; i < config->n_links; i++)
		p->links[link_ids[i]].from = part.block[i];
	policy_partition_free(&part);
	return rc;
}

static int policy_alloc(struct policy *p, const struct config *config, uint16_t n_ids)
{
	p->n_parts = config->n_policies;
	p->n_links = n_ids;
	p->parts = policy_arena_alloc(&p->arena, p->n_parts, sizeof(*p->parts));
	p->rules = policy_arena_alloc(&p->arena, p->n_rules, sizeof(*p->rules));
	p->links = policy_arena_alloc(&p->arena, p->n_links, sizeof(*p->links));
	p->nearest = policy_arena_alloc(&p->arena, p->n_rules, sizeof(*p->nearest));
	p->audit = policy_arena_alloc(&p->arena, p->n_rules, sizeof(*p->audit));
	if (!p->parts || !p->rules || !p->links || !p->nearest || !p->audit)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->n_links; i++) {
		p->links[i].from = POLICY_NO_LINK;
		p->links[i].in_part = p->links[i].out_part = POLICY_NO_ID;
	}
	return 0;
}

static int policy_build(struct policy *p, struct policy_names *names, const struct config *config,
	const uint16_t *link_ids, uint16_t n_ids)
{
	int rc = policy_alloc(p, config, n_ids);

	if (!rc)
		rc = rules_compile(p, names, config);
	if (!rc)
		rc = named_compile(p);
	for (uint32_t k = 0; !rc && k < p->n_parts; k++)
		rc = policy_matcher_init(p, &p->parts[k]);
	if (!rc)
		rc = types_compile(p, config);
	for (uint32_t k = 0; !rc && k < p->n_parts; k++)
		rc = policy_ask_who(p, &p->parts[k]);
	if (!rc)
		rc = links_compile(p, config, link_ids);
	if (!rc)
		rc = policy_columns(p, config, link_ids);
	if (!rc)
		rc = policy_lookup_init(p);
	if (!rc)
		rc = policy_classes_init(p);
	if (!rc)
		rc = policy_rules_describe(p, config);
	return rc;
}

static void __attribute__((format(printf, 3, 4)))
say(char *why, size_t why_len, const char *format, ...)
{
	va_list ap;

	if (!why || why_len == 0)
		return;
	va_start(ap, format);
	vsnprintf(why, why_len, format, ap);
	va_end(ap);
}

struct policy *policy_compile(const struct config *config, struct policy_names *names,
	const uint16_t *link_ids, uint16_t n_ids, unsigned slot, char *why, size_t why_len)
{
	struct policy *p;
	uint64_t n_rules = 0;
	int rc;

	for (uint32_t i = 0; i < config->n_links; i++) {
		if (link_ids[i] >= n_ids) {
			say(why, why_len, "link id %u is not below %u", link_ids[i], n_ids);
			errno = EINVAL;
			return NULL;
		}
	}
	for (uint32_t k = 0; k < config->n_policies; k++)
		n_rules += config->policies[k].n_rules;
	if (n_rules > POLICY_RULES_MAX) {
		say(why, why_len, "the policies have %llu rules, at most %u are possible",
			(unsigned long long)n_rules, POLICY_RULES_MAX);
		errno = E2BIG;
		return NULL;
	}
	p = aligned_alloc(64, sizeof(*p));
	if (!p) {
		say(why, why_len, "out of memory");
		errno = ENOMEM;
		return NULL;
	}
	memset(p, 0, sizeof(*p));
	p->n_rules = (uint32_t)n_rules;
	p->table.slot = slot;
	p->names = names;
	rc = policy_build(p, names, config, link_ids, n_ids);
	if (!rc)
		return p;
	if (rc == -E2BIG)
		say(why, why_len,
			"the policies tell too many links or types apart: their tables would pass "
			"64 MiB with less than %u classes",
			POLICY_CLASSES_MIN);
	else
		say(why, why_len, "out of memory");
	policy_free(p);
	errno = -rc;
	return NULL;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	policy_classes_fini(p);
	policy_pages_free(p->ask, p->ask_bytes);
	policy_globs_free(&p->globs);
	policy_types_free(&p->types);
	policy_arena_free(&p->arena);
	free(p);
}

const struct policy_table *policy_table(const struct policy *p)
{
	return &p->table;
}

bool policy_audits(const struct policy *p, policy_verdict_t v)
{
	uint32_t rule = v & POLICY_RULE_MASK;

	return !(v & POLICY_PERSONAL) && rule != 0 && p->audit[rule - 1];
}

bool policy_needs_txt(const struct policy *p)
{
	return p->needs_txt;
}

void policy_stats(const struct policy *p, struct policy_stats *out)
{
	uint32_t classes = atomic_load_explicit(&p->classes.n, memory_order_relaxed);
	uint32_t residuals = atomic_load_explicit(&p->people.n_residuals, memory_order_relaxed);
	uint32_t consumers = atomic_load_explicit(&p->people.n_consumers, memory_order_relaxed);
	uint64_t row = p->table.n_columns * sizeof(policy_verdict_t);

	*out = (struct policy_stats){
		.rules = p->n_rules,
		.columns = p->table.n_columns,
		.ask_columns = p->n_ask,
		.types = p->table.n_types,
		.classes = classes,
		.classes_max = p->classes.max,
		.residuals = p->people.residual ? residuals - 1 : 0,
		.consumers = p->people.residual ? consumers - 1 : 0,
		.bytes = p->ask_bytes + classes * row + p->people.bytes,
		.class_full = atomic_load_explicit(&p->classes.full, memory_order_relaxed),
	};
}
