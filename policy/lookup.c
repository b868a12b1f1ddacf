/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/lookup.h"

#include <errno.h>
#include <stdlib.h>

#include "yaml/config.h"

/* Does a rule decide on records at all, in a policy that some link has? */
static bool rule_counts(const struct policy *p, const struct policy_rule *r)
{
	return (r->kind & CONFIG_KIND_ADVERTISEMENT) && p->parts[r->part].n_from > 0;
}

static int ids_alloc(struct policy *p, struct policy_ids *ids, uint32_t n)
{
	ids->v = policy_arena_alloc(&p->arena, n, sizeof(*ids->v));
	ids->n = 0;
	return ids->v ? 0 : -ENOMEM;
}

static void ids_add(struct policy_ids *ids, uint32_t id)
{
	((uint16_t *)ids->v)[ids->n++] = (uint16_t)id;
}

static int rule_lists(struct policy *p, uint32_t *count)
{
	struct policy_lookup *l = &p->lookup;
	uint32_t any = 0;

	for (uint32_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];

		if (!rule_counts(p, r))
			continue;
		any += r->any;
		for (uint32_t j = 0; j < r->types.n; j++)
			count[r->types.v[j]]++;
	}
	if (ids_alloc(p, &l->any_rules, any))
		return -ENOMEM;
	for (uint32_t t = 0; t < p->types.n_classes; t++)
		if (ids_alloc(p, &l->rules[t], count[t]))
			return -ENOMEM;
	for (uint32_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];

		if (!rule_counts(p, r))
			continue;
		if (r->any)
			ids_add(&l->any_rules, i);
		for (uint32_t j = 0; j < r->types.n; j++)
			ids_add(&l->rules[r->types.v[j]], i);
	}
	return 0;
}

/* The globs of a list of rules. `scratch` has room for two per rule. */
static int glob_list(struct policy *p, const struct policy_ids *rules, struct policy_ids *globs,
	uint32_t *scratch)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < rules->n; i++) {
		const struct policy_rule *r = &p->rules[rules->v[i]];

		if (r->has_glob)
			scratch[n++] = r->glob;
		if (r->has_txt)
			scratch[n++] = r->txt;
	}
	n = policy_set_sort(scratch, n);
	if (ids_alloc(p, globs, n))
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		ids_add(globs, scratch[i]);
	return 0;
}

int policy_lookup_init(struct policy *p)
{
	struct policy_lookup *l = &p->lookup;
	uint32_t n_types = p->types.n_classes;
	uint32_t *count = calloc(n_types, sizeof(*count));
	uint32_t *scratch = calloc(2 * (size_t)p->n_rules + 1, sizeof(*scratch));
	int rc = -ENOMEM;

	l->rules = policy_arena_alloc(&p->arena, n_types, sizeof(*l->rules));
	l->globs = policy_arena_alloc(&p->arena, n_types, sizeof(*l->globs));
	if (!count || !scratch || !l->rules || !l->globs)
		goto out;
	rc = rule_lists(p, count);
	if (!rc)
		rc = glob_list(p, &l->any_rules, &l->any_globs, scratch);
	for (uint32_t t = 0; !rc && t < n_types; t++)
		rc = glob_list(p, &l->rules[t], &l->globs[t], scratch);
out:
	free(count);
	free(scratch);
	return rc;
}
