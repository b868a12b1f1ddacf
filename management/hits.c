/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/hits.h"

#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "policy/policy.h"

/* A rule, to be found by what it says. */
struct said {
	const char *policy, *text;
	uint32_t rule;
};

static uint64_t counted(const struct mgmt *m, const struct dp_world *w, uint32_t place)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i <= m->p.shared->n_workers; i++)
		if (w->hits[i] != NULL)
			sum += counter_read(&w->hits[i][place]);
	return sum;
}

uint64_t mgmt_rule_hits(const struct mgmt *m, uint32_t rule)
{
	uint32_t place = rule == UINT32_MAX ? 0 : rule + 1;

	return counted(m, m->state.world, place) +
	       (m->hits_before != NULL ? m->hits_before[place] : 0);
}

static int by_words(const void *pa, const void *pb)
{
	const struct said *a = pa, *b = pb;
	int order = strcmp(a->policy, b->policy);

	if (order == 0)
		order = strcmp(a->text, b->text);
	if (order != 0)
		return order;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

/* All rules, sorted. NULL: no memory. */
static struct said *list(const struct policy *p, uint32_t *n)
{
	struct said *v;
	struct policy_rule_info info;

	*n = policy_rules(p);
	v = calloc(*n + 1u, sizeof(*v));
	if (v == NULL)
		return NULL;
	for (uint32_t i = 0; i < *n; i++)
		if (policy_rule_info(p, i, &info))
			v[i] = (struct said){info.policy, info.text, i};
	qsort(v, *n, sizeof(*v), by_words);
	return v;
}

static int compare(const struct said *a, const struct said *b)
{
	int order = strcmp(a->policy, b->policy);

	return order != 0 ? order : strcmp(a->text, b->text);
}

void mgmt_hits_carry(struct mgmt *m, const struct dp_world *from, const struct dp_world *to)
{
	uint32_t n_old, n_new, i = 0, j = 0;
	struct said *old = list(from->policy, &n_old), *new = list(to->policy, &n_new);
	uint64_t *before = calloc(n_new + 1u, sizeof(*before));

	if (old == NULL || new == NULL || before == NULL) {
		/* The counts begin anew. */
		free(before);
		before = NULL;
		goto out;
	}
	before[0] = counted(m, from, 0) + (m->hits_before != NULL ? m->hits_before[0] : 0);
	while (i < n_old && j < n_new) {
		int order = compare(&old[i], &new[j]);

		if (order == 0) {
			uint32_t place = old[i].rule + 1;

			before[new[j].rule + 1] =
				counted(m, from, place) +
				(m->hits_before != NULL ? m->hits_before[place] : 0);
		}
		i += order <= 0;
		j += order >= 0;
	}
out:
	free(old);
	free(new);
	free(m->hits_before);
	m->hits_before = before;
}

#define RULES_MAX 20 /* listed; the counts are whole */

static void rule_add(json_t *names, json_int_t *n, const struct said *rule)
{
	if ((*n)++ < RULES_MAX)
		json_array_append_new(names, json_sprintf("%s: %s", rule->policy, rule->text));
}

json_t *mgmt_rules_changed(const struct policy *from, const struct policy *to)
{
	json_t *added = json_array(), *removed = json_array();
	json_int_t n_added = 0, n_removed = 0;
	uint32_t n_old, n_new, i = 0, j = 0;
	struct said *old = list(from, &n_old), *new = list(to, &n_new);

	while (old != NULL && new != NULL && (i < n_old || j < n_new)) {
		int order = i == n_old ? 1 : j == n_new ? -1 : compare(&old[i], &new[j]);

		if (order < 0)
			rule_add(removed, &n_removed, &old[i]);
		else if (order > 0)
			rule_add(added, &n_added, &new[j]);
		i += order <= 0;
		j += order >= 0;
	}
	free(old);
	free(new);
	return json_pack("{s:o,s:o,s:{s:I,s:I}}", "added", added, "removed", removed, "count",
		"added", n_added, "removed", n_removed);
}
