/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy_priv.h"
#include "yaml/config.h"

int policy_rows_add(struct policy_rows *rows, uint32_t *id)
{
	size_t row_bytes = rows->width * sizeof(*rows->v);

	if ((rows->n + (uint64_t)1) * row_bytes > POLICY_BYTES_MAX)
		return -E2BIG;
	if (rows->n == rows->cap) {
		uint32_t cap = rows->cap ? rows->cap * 2 : 16;
		policy_verdict_t *v = realloc(rows->v, cap * row_bytes);
		uint32_t *left;

		if (!v)
			return -ENOMEM;
		rows->v = v;
		left = realloc(rows->left, cap * sizeof(*left));
		if (!left)
			return -ENOMEM;
		rows->left = left;
		rows->cap = cap;
	}
	*id = rows->n++;
	memset(policy_row(rows, *id), 0, row_bytes);
	rows->left[*id] = rows->width;
	return 0;
}

void policy_rows_free(struct policy_rows *rows)
{
	free(rows->v);
	free(rows->left);
	*rows = (struct policy_rows){0};
}

/*
 * Lets a rule decide what none before it did. `open`: whether it matches depends on the provider,
 * so it can permit the question but not deny it.
 */
static void ask_rule(const struct policy *p, const struct policy_rule *r, bool open,
	struct policy_rows *rows, uint32_t id)
{
	policy_verdict_t verdict = policy_verdict_of(p, r), *row = policy_row(rows, id);
	uint32_t left = rows->left[id];

	if (left == 0 || (open && !r->permit))
		return;
	for (uint32_t t = 0; r->any && t < rows->width; t++) {
		if (row[t] != 0 || (r->permit && p->types.never[t]))
			continue;
		if ((r->has_glob || r->has_txt) && t == POLICY_TYPE_HOST)
			continue;
		row[t] = verdict;
		left--;
	}
	for (uint32_t i = 0; i < r->types.n; i++) {
		uint32_t t = r->types.v[i];

		if (row[t] != 0 || ((r->has_glob || r->has_txt) && t == POLICY_TYPE_HOST))
			continue;
		row[t] = verdict;
		left--;
	}
	rows->left[id] = left;
}

void policy_ask_learn(const struct policy *p, const struct policy_part *part,
	struct policy_rows *rows, const uint32_t *row)
{
	for (uint32_t i = 0; i < part->n_rules; i++) {
		const struct policy_rule *r = &p->rules[part->rule + i];
		uint32_t n = r->has_from ? r->from_block.n : part->n_from;

		if (!(r->kind & CONFIG_KIND_ADVERTISEMENT) || r->has_to || r->to_who)
			continue;
		for (uint32_t j = 0; j < n; j++) {
			uint32_t f = r->has_from ? r->from_block.v[j] : j;

			if (row[f] != POLICY_NO_ID)
				ask_rule(p, r, r->has_glob || r->has_txt || r->from_who, rows,
					row[f]);
		}
	}
}

/* Does it take a provider to say whether the rule matches? */
static bool depends(const struct policy_rule *r)
{
	return r->has_glob || r->has_txt || r->has_from || r->from_who || r->same;
}

bool policy_decides(const struct policy *p, policy_verdict_t v)
{
	uint32_t rule = v & POLICY_RULE_MASK;

	return rule == 0 || !policy_permits(v) || !depends(&p->rules[rule - 1]);
}

void policy_ask_query(const struct policy *p, const struct policy_part *part,
	struct policy_rows *rows, const uint32_t *row)
{
	for (uint32_t i = 0; i < part->n_rules; i++) {
		const struct policy_rule *r = &p->rules[part->rule + i];
		uint32_t n = r->has_to ? r->to_block.n : part->n_to;

		if (!(r->kind & CONFIG_KIND_QUERY))
			continue;
		for (uint32_t j = 0; j < n; j++) {
			uint32_t t = r->has_to ? r->to_block.v[j] : j;

			if (row[t] != POLICY_NO_ID)
				ask_rule(p, r, depends(r) || r->personal, rows, row[t]);
		}
	}
}

void policy_ask_explicit(const struct policy *p, const struct policy_part *part, uint32_t from,
	uint32_t to, struct policy_rows *rows, uint32_t row)
{
	for (uint32_t i = 0; i < part->n_rules; i++) {
		const struct policy_rule *r = &p->rules[part->rule + i];

		if (r->kind != CONFIG_KIND_QUERY)
			continue;
		if (r->has_from && !policy_set_has(&r->from_block, from))
			continue;
		if (r->has_to && !policy_set_has(&r->to_block, to))
			continue;
		ask_rule(p, r, r->has_glob || r->has_txt || r->from_who || r->personal, rows, row);
	}
}

void policy_ask_consumer(const struct policy *p, const struct policy_part *part, uint32_t to,
	const uint16_t *matched, uint32_t n, struct policy_rows *rows, uint32_t row)
{
	const struct policy_matcher *m = &part->matcher;
	uint32_t i = 0, k = 0;

	while ((i < n || k < m->n_open) && rows->left[row] > 0) {
		bool open = k < m->n_open && (i == n || m->open[k] < matched[i]);
		const struct policy_rule *r = &p->rules[open ? m->open[k++] : matched[i++]];

		if (!(r->kind & CONFIG_KIND_QUERY))
			continue;
		if (r->has_to && !policy_set_has(&r->to_block, to))
			continue;
		ask_rule(p, r, depends(r), rows, row);
	}
}

int policy_ask_who(struct policy *p, struct policy_part *part)
{
	uint32_t n = p->types.n_classes;
	bool any = false;
	uint8_t *who;

	if (!part->personal_ask)
		return 0;
	who = policy_arena_alloc(&p->arena, n, 1);
	if (!who)
		return -ENOMEM;
	for (uint32_t i = 0; i < part->n_rules; i++) {
		const struct policy_rule *r = &p->rules[part->rule + i];

		if (!(r->kind & CONFIG_KIND_QUERY) || !r->to_who)
			continue;
		any = true;
		if (r->any)
			memset(who, 1, n);
		for (uint32_t k = 0; k < r->types.n; k++)
			who[r->types.v[k]] = 1;
	}
	/* As policy_ask_host(). */
	who[POLICY_TYPE_HOST] = any;
	part->asks_who = who;
	return 0;
}

void policy_ask_host(policy_verdict_t *row, uint32_t n_types)
{
	policy_verdict_t best = row[POLICY_TYPE_HOST];

	/* Among permits the smallest is the earliest rule's: all have the same top bit. */
	if (policy_permits(best))
		return;
	for (uint32_t t = 0; t < n_types; t++)
		if (policy_permits(row[t]) && (!policy_permits(best) || row[t] < best))
			best = row[t];
	row[POLICY_TYPE_HOST] = best;
}
