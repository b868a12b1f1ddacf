/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/class.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/lookup.h"
#include "policy/policy_priv.h"
#include "yaml/config.h"

#define KEY_WORDS_MAX (1u << 22) /* of all remembered keys: 16 MiB */
#define KEY_UNION POLICY_NO_ID   /* first word of a union's key, where a type class stands else */

int policy_classes_init(struct policy *p)
{
	struct policy_classes *c = &p->classes;
	uint64_t row_bytes = p->table.n_columns * sizeof(*c->cells);
	uint64_t max = (POLICY_BYTES_MAX - p->ask_bytes) / row_bytes;

	if (max < POLICY_CLASSES_MIN)
		return -E2BIG;
	c->max = max < POLICY_CLASSES_MAX ? (uint32_t)max : POLICY_CLASSES_MAX;
	p->cell_bytes = c->max * row_bytes;
	c->cells = policy_pages_alloc(p->cell_bytes);
	c->row = malloc(row_bytes);
	c->key_cap = p->globs.n + 2;
	c->key = malloc(c->key_cap * sizeof(*c->key));
	c->glob_hit = calloc(p->globs.n + 1, 1);
	if (!c->cells || !c->row || !c->key || !c->glob_hit)
		return -ENOMEM;
	p->table.cell = (const _Atomic policy_verdict_t *)c->cells;
	/*
	 * NONE is row 0, all denied. It is not in the index of rows: a service that every policy
	 * denies by default is classified, and says so by another number.
	 */
	atomic_init(&c->n, 1);
	return 0;
}

void policy_classes_fini(struct policy *p)
{
	struct policy_classes *c = &p->classes;

	policy_pages_free(c->cells, p->cell_bytes);
	policy_index_free(&c->rows);
	policy_index_free(&c->by_key);
	free(c->keys);
	free(c->row);
	free(c->key);
	free(c->glob_hit);
}

static bool row_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const struct policy *p = ctx;

	return memcmp(p->classes.cells + (size_t)id * p->table.n_columns, key, len) == 0;
}

/* The class with the verdicts of c->row: found, or appended. */
static uint32_t class_of_row(struct policy *p)
{
	struct policy_classes *c = &p->classes;
	size_t len = p->table.n_columns * sizeof(*c->row);
	uint32_t hash = policy_hash(c->row, len);
	uint32_t cls = policy_index_find(&c->rows, hash, row_eq, p, c->row, len);
	uint32_t n = atomic_load_explicit(&c->n, memory_order_relaxed);

	if (cls != POLICY_NO_ID)
		return cls;
	if (n == c->max || policy_index_add(&c->rows, hash, n)) {
		atomic_fetch_add_explicit(&c->full, 1, memory_order_relaxed);
		return POLICY_CLASS_NONE;
	}
	memcpy(c->cells + (size_t)n * p->table.n_columns, c->row, len);
	/* Whoever stores the new number, even relaxed, stores it after the row. */
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&c->n, n + 1, memory_order_relaxed);
	return n;
}

static bool key_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const uint32_t *k = (const uint32_t *)ctx + id;

	return k[1] * sizeof(*k) == len && memcmp(k + 2, key, len) == 0;
}

static uint32_t key_find(const struct policy_classes *c, uint32_t n)
{
	size_t len = n * sizeof(*c->key);
	uint32_t at = policy_index_find(
		&c->by_key, policy_hash(c->key, len), key_eq, c->keys, c->key, len);

	return at == POLICY_NO_ID ? POLICY_NO_ID : c->keys[at];
}

/* Only a shortcut, so nothing is lost where there is no room for it. */
static void key_remember(struct policy_classes *c, uint32_t n, uint32_t cls)
{
	uint32_t at = c->keys_used;

	if (n > KEY_WORDS_MAX - 2 || at > KEY_WORDS_MAX - 2 - n)
		return;
	if (at + 2 + n > c->keys_cap) {
		uint32_t cap = c->keys_cap ? c->keys_cap : 256;
		uint32_t *grown;

		while (cap < at + 2 + n)
			cap *= 2;
		grown = realloc(c->keys, cap * sizeof(*grown));
		if (!grown)
			return;
		c->keys = grown;
		c->keys_cap = cap;
	}
	if (policy_index_add(&c->by_key, policy_hash(c->key, n * sizeof(*c->key)), at))
		return;
	c->keys[at] = cls;
	c->keys[at + 1] = n;
	memcpy(c->keys + at + 2, c->key, n * sizeof(*c->key));
	c->keys_used = at + 2 + n;
}

/* Writes a rule's verdict where no earlier rule has decided. */
static void row_put(uint16_t *row, uint32_t col, policy_verdict_t verdict)
{
	if (col != POLICY_NO_COLUMN && row[col] == 0)
		row[col] = verdict;
}

/*
 * As the `in` of links: an advertisement comes from the link itself, which the column stands for,
 * and goes to no consumer. Says whether all columns are decided.
 */
static bool row_in(uint16_t *row, const struct policy_part *part, const struct policy_rule *r,
	policy_verdict_t verdict)
{
	if (r->has_to)
		return false;
	if (r->has_from) {
		for (uint32_t i = 0; i < r->from_block.n; i++)
			row_put(row, part->in_col[r->from_block.v[i]], verdict);
		return false;
	}
	for (uint32_t i = 0; i < part->n_from; i++)
		row_put(row, part->in_col[i], verdict);
	return true;
}

/* As the `out` of links, for a provider on a link of class `from`. */
static bool row_out(uint16_t *row, const struct policy_part *part, const struct policy_rule *r,
	uint32_t from, policy_verdict_t verdict)
{
	if (r->has_from && !policy_set_has(&r->from, from))
		return false;
	if (r->has_to) {
		for (uint32_t i = 0; i < r->to_block.n; i++)
			row_put(row, part->out_col[r->to_block.v[i]], verdict);
		return false;
	}
	for (uint32_t i = 0; i < part->n_to; i++)
		row_put(row, part->out_col[i], verdict);
	return true;
}

/*
 * All columns of a class, by the rules that name its type or any; each policy once, however many
 * links have it.
 */
static void row_evaluate(struct policy *p, uint32_t type, uint32_t from)
{
	struct policy_classes *c = &p->classes;
	struct policy_merge m = policy_merge(&p->lookup.rules[type], &p->lookup.any_rules);
	bool in_done = false, out_done = false, named;
	uint32_t part = POLICY_NO_ID, id;

	memset(c->row, 0, p->table.n_columns * sizeof(*c->row));
	while (policy_merge_next(&m, &id, &named)) {
		const struct policy_rule *r = &p->rules[id];
		policy_verdict_t verdict = policy_verdict_of(p, r);

		if (r->part != part) {
			part = r->part;
			in_done = out_done = false;
		}
		if (!named && r->permit && p->types.never[type])
			continue;
		if (r->has_glob && !c->glob_hit[r->glob])
			continue;
		if (!in_done)
			in_done = row_in(c->row, &p->parts[part], r, verdict);
		if (!out_done)
			out_done = row_out(c->row, &p->parts[part], r, from, verdict);
	}
}

/* Type class of a base type in any case. */
static uint32_t type_of(const struct policy *p, const struct policy_subject *s)
{
	uint8_t lower[POLICY_TYPE_LEN_MAX];

	if (!s->type)
		return POLICY_TYPE_HOST;
	if (s->type_len > sizeof(lower))
		return POLICY_TYPE_OTHER;
	for (unsigned i = 0; i < s->type_len; i++)
		lower[i] = policy_lower(s->type[i]);
	return policy_type(p, lower, s->type_len);
}

uint32_t policy_class(struct policy *p, const struct policy_subject *s)
{
	struct policy_classes *c = &p->classes;
	uint32_t type = type_of(p, s), n = 2, cls, id, from;

	if (s->link >= p->n_links || p->links[s->link].from == POLICY_NO_LINK)
		return POLICY_CLASS_NONE;
	from = p->links[s->link].from;
	c->key[0] = type;
	c->key[1] = from;
	if (s->type && s->instance) {
		struct policy_merge m = policy_merge(&p->lookup.globs[type], &p->lookup.any_globs);

		while (policy_merge_next(&m, &id, NULL))
			if (policy_glob_match(p->globs.text[id], s->instance, s->instance_len))
				c->key[n++] = id;
	}
	cls = key_find(c, n);
	if (cls != POLICY_NO_ID)
		return cls;
	for (uint32_t i = 2; i < n; i++)
		c->glob_hit[c->key[i]] = 1;
	row_evaluate(p, type, from);
	for (uint32_t i = 2; i < n; i++)
		c->glob_hit[c->key[i]] = 0;
	cls = class_of_row(p);
	if (cls != POLICY_CLASS_NONE)
		key_remember(c, n, cls);
	return cls;
}

/* The better of two: a permit before a deny, a rule before none, then the earlier rule. */
static policy_verdict_t verdict_best(policy_verdict_t a, policy_verdict_t b)
{
	if (policy_permits(a) != policy_permits(b))
		return policy_permits(a) ? a : b;
	if (a == 0 || b == 0)
		return a | b;
	return a < b ? a : b;
}

static int key_reserve(struct policy_classes *c, size_t n)
{
	uint32_t *grown;

	if (n <= c->key_cap)
		return 0;
	if (n > KEY_WORDS_MAX)
		return -ENOMEM;
	grown = realloc(c->key, n * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	c->key = grown;
	c->key_cap = (uint32_t)n;
	return 0;
}

uint32_t policy_class_union(struct policy *p, const uint32_t *cls, unsigned n)
{
	struct policy_classes *c = &p->classes;
	uint32_t in_use = atomic_load_explicit(&c->n, memory_order_relaxed), m = 0, out;
	uint32_t *set;

	if (key_reserve(c, (size_t)n + 1)) {
		atomic_fetch_add_explicit(&c->full, 1, memory_order_relaxed);
		return POLICY_CLASS_NONE;
	}
	c->key[0] = KEY_UNION;
	set = c->key + 1;
	for (unsigned i = 0; i < n; i++)
		if (cls[i] != POLICY_CLASS_NONE && cls[i] < in_use)
			set[m++] = cls[i];
	m = policy_set_sort(set, m);
	if (m == 0)
		return POLICY_CLASS_NONE;
	if (m == 1)
		return set[0];
	out = key_find(c, m + 1);
	if (out != POLICY_NO_ID)
		return out;
	memset(c->row, 0, p->table.n_columns * sizeof(*c->row));
	for (uint32_t i = 0; i < m; i++) {
		const uint16_t *row = c->cells + (size_t)set[i] * p->table.n_columns;

		for (uint32_t col = 0; col < p->table.n_columns; col++)
			c->row[col] = verdict_best(c->row[col], row[col]);
	}
	out = class_of_row(p);
	if (out != POLICY_CLASS_NONE)
		key_remember(c, m + 1, out);
	return out;
}
