/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/match.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/policy_priv.h"

static int by_key(const void *pa, const void *pb)
{
	const struct policy_keyed *a = pa, *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->rule - b->rule;
}

static int by_rule(const void *pa, const void *pb)
{
	return *(const uint16_t *)pa - *(const uint16_t *)pb;
}

int policy_matcher_init(struct policy *p, struct policy_part *part)
{
	struct policy_matcher *m = &part->matcher;
	const struct policy_rule *rule = p->rules + part->rule;
	struct policy_keyed *users, *roles;
	uint16_t *open, *other;
	size_t n_users = 0, n_roles = 0;

	for (uint32_t i = 0; i < part->n_rules; i++) {
		if (!rule[i].to_who)
			continue;
		n_users += rule[i].to_who->n_users;
		n_roles += rule[i].to_who->n_roles;
	}
	users = policy_arena_alloc(&p->arena, n_users, sizeof(*users));
	roles = policy_arena_alloc(&p->arena, n_roles, sizeof(*roles));
	open = policy_arena_alloc(&p->arena, part->n_rules, sizeof(*open));
	other = policy_arena_alloc(&p->arena, part->n_rules, sizeof(*other));
	if (!users || !roles || !open || !other)
		return -ENOMEM;
	for (uint32_t i = 0; i < part->n_rules; i++) {
		const struct policy_who_set *to = rule[i].to_who;
		uint16_t id = (uint16_t)(part->rule + i);

		if (!to)
			open[m->n_open++] = id;
		else if (!to->n_users && !to->n_roles)
			other[m->n_other++] = id;
		for (uint32_t k = 0; to && k < to->n_users; k++)
			users[m->n_by_user++] = (struct policy_keyed){to->users[k], id};
		for (uint32_t k = 0; to && !to->n_users && k < to->n_roles; k++)
			roles[m->n_by_role++] = (struct policy_keyed){to->roles[k], id};
	}
	if (m->n_by_user)
		qsort(users, m->n_by_user, sizeof(*users), by_key);
	if (m->n_by_role)
		qsort(roles, m->n_by_role, sizeof(*roles), by_key);
	m->by_user = users;
	m->by_role = roles;
	m->open = open;
	m->other = other;
	return 0;
}

/* The rules under a key that match in all else, too. */
static uint32_t take(const struct policy *p, const struct policy_keyed *v, uint32_t n, uint32_t key,
	const struct policy_who *who, uint16_t *out)
{
	uint32_t low = 0, high = n, found = 0;

	if (key == 0)
		return 0;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (v[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < n && v[low].key == key; low++)
		if (policy_who_match(p->names, p->rules[v[low].rule].to_who, who))
			out[found++] = v[low].rule;
	return found;
}

uint32_t policy_matcher_find(const struct policy *p, const struct policy_part *part,
	const struct policy_who *who, uint16_t *out)
{
	const struct policy_matcher *m = &part->matcher;
	uint32_t n = 0, kept = 0;

	n += take(p, m->by_user, m->n_by_user, who->user, who, out);
	n += take(p, m->by_role, m->n_by_role, who->role, who, out + n);
	for (uint32_t i = 0; i < m->n_other; i++)
		if (policy_who_match(p->names, p->rules[m->other[i]].to_who, who))
			out[n++] = m->other[i];
	qsort(out, n, sizeof(*out), by_rule);
	/* A name that a rule lists twice. */
	for (uint32_t i = 0; i < n; i++)
		if (kept == 0 || out[kept - 1] != out[i])
			out[kept++] = out[i];
	return kept;
}
