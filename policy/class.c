/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/class.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/lookup.h"
#include "policy/policy_priv.h"
#include "yaml/config.h"

#define KEY_WORDS_MAX (1u << 22)         /* of all remembered keys: 16 MiB */
#define KEY_FIXED (2 + POLICY_WHO_WORDS) /* type, link and provider, before the globs */
#define KEY_UNSURE 0x80000000u           /* with a glob: the TXT record is not known */
#define KEY_UNION POLICY_NO_ID /* first word of a union's key, where a type class stands else */

int policy_classes_init(struct policy *p)
{
	struct policy_classes *c = &p->classes;
	uint64_t row_bytes = p->table.n_columns * sizeof(*c->cells);
	uint64_t room = POLICY_BYTES_MAX - p->ask_bytes, max;
	bool personal = false;

	for (uint32_t i = 0; i < p->n_parts; i++)
		personal |= p->parts[i].personal || p->parts[i].personal_ask;
	/* Half of it is for what rules ask of consumers, if they do. */
	if (personal && policy_people_init(p, room / 2))
		return -ENOMEM;
	max = (personal ? room / 2 : room) / row_bytes;
	if (max < POLICY_CLASSES_MIN)
		return -E2BIG;
	c->max = max < POLICY_CLASSES_MAX ? (uint32_t)max : POLICY_CLASSES_MAX;
	p->cell_bytes = c->max * row_bytes;
	c->cells = policy_pages_alloc(p->cell_bytes);
	c->row = malloc(row_bytes);
	c->key_cap = p->globs.n + KEY_FIXED;
	c->key = malloc(c->key_cap * sizeof(*c->key));
	c->glob_hit = calloc(p->globs.n + 1, 1);
	c->rules = malloc((2 * (size_t)p->n_rules + 1) * sizeof(*c->rules));
	if (!c->rules || !c->cells || !c->row || !c->key || !c->glob_hit)
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
	free(c->rules);
	policy_people_fini(p);
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
	if (r->has_to || r->to_who)
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

/* As the `out` of links, where no rule asks who the consumer is. */
static bool row_out(uint16_t *row, const struct policy_part *part, const struct policy_rule *r,
	policy_verdict_t verdict)
{
	if (r->has_to) {
		for (uint32_t i = 0; i < r->to_block.n; i++)
			row_put(row, part->out_col[r->to_block.v[i]], verdict);
		return false;
	}
	for (uint32_t i = 0; i < part->n_to; i++)
		row_put(row, part->out_col[i], verdict);
	return true;
}

/* What of the consumer's side is left to be asked in one column: its cell. */
static void cell_personal(struct policy *p, const struct policy_part *part, uint32_t to, uint32_t n)
{
	struct policy_classes *c = &p->classes;
	uint32_t col = part->out_col[to], left = 0;
	policy_verdict_t end = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct policy_rule *r = &p->rules[c->rules[i]];

		if (r->has_to && !policy_set_has(&r->to_block, to))
			continue;
		if (!r->personal) {
			end = policy_verdict_of(p, r);
			break;
		}
		c->rules[n + left++] = c->rules[i];
	}
	c->row[col] = left == 0 ? end
				: policy_residual(
					  p, (uint32_t)(part - p->parts), c->rules + n, left, end);
}

/* The rules of a class, by type and provider, in order. */
struct walk {
	uint32_t type, from;
	const struct policy_who *who;
};

static bool matches_service(
	const struct policy *p, const struct walk *w, const struct policy_rule *r, bool named)
{
	const uint8_t *hit = p->classes.glob_hit;

	if (!named && r->permit && p->types.never[w->type])
		return false;
	if (r->has_glob && !hit[r->glob])
		return false;
	if (r->has_txt && (!hit[r->txt] || (r->permit && hit[r->txt] == POLICY_GLOB_UNSURE)))
		return false;
	return !r->from_who || policy_who_match(p->names, r->from_who, w->who);
}

/* The out columns of a policy that asks who the consumer is: of the first n of c->rules. */
static void row_personal(struct policy *p, uint32_t part, uint32_t n)
{
	for (uint32_t to = 0; n > 0 && to < p->parts[part].n_to; to++)
		if (p->parts[part].out_col[to] != POLICY_NO_COLUMN)
			cell_personal(p, &p->parts[part], to, n);
}

/*
 * All columns of a class, by the rules that name its type or any; each policy once, however many
 * links have it.
 */
static void row_evaluate(struct policy *p, const struct walk *w)
{
	struct policy_classes *c = &p->classes;
	struct policy_merge m = policy_merge(&p->lookup.rules[w->type], &p->lookup.any_rules);
	bool in_done = false, out_done = false, named;
	uint32_t part = POLICY_NO_ID, id, n = 0;

	memset(c->row, 0, p->table.n_columns * sizeof(*c->row));
	while (policy_merge_next(&m, &id, &named)) {
		const struct policy_rule *r = &p->rules[id];
		policy_verdict_t verdict = policy_verdict_of(p, r);

		if (r->part != part) {
			if (part != POLICY_NO_ID)
				row_personal(p, part, n);
			part = r->part;
			in_done = out_done = false;
			n = 0;
		}
		if (!matches_service(p, w, r, named))
			continue;
		if (!in_done)
			in_done = row_in(c->row, &p->parts[part], r, verdict);
		if (out_done || (r->has_from && !policy_set_has(&r->from, w->from)))
			continue;
		if (!p->parts[part].personal)
			out_done = row_out(c->row, &p->parts[part], r, verdict);
		else
			c->rules[n++] = (uint16_t)id;
	}
	if (part != POLICY_NO_ID)
		row_personal(p, part, n);
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

/* The globs that the service hits, into the key behind the first n words; returns how long it is
 * then. */
static uint32_t key_globs(
	struct policy *p, uint32_t type, const struct policy_subject *s, uint32_t n)
{
	struct policy_classes *c = &p->classes;
	struct policy_merge m = policy_merge(&p->lookup.globs[type], &p->lookup.any_globs);
	uint32_t id;

	while (policy_merge_next(&m, &id, NULL)) {
		const struct policy_glob *g = &p->globs.v[id];

		if (!g->key) {
			if (policy_glob_match(g->text, s->instance, s->instance_len))
				c->key[n++] = id;
		} else if (!s->txt) {
			c->key[n++] = id | KEY_UNSURE;
		} else if (policy_glob_match_txt(g, s->txt, s->txt_len)) {
			c->key[n++] = id;
		}
	}
	return n;
}

static void globs_mark(struct policy_classes *c, uint32_t n, bool on)
{
	for (uint32_t i = KEY_FIXED; i < n; i++) {
		uint8_t hit = c->key[i] & KEY_UNSURE ? POLICY_GLOB_UNSURE : POLICY_GLOB_HIT;

		c->glob_hit[c->key[i] & ~KEY_UNSURE] = on ? hit : 0;
	}
}

uint32_t policy_class(struct policy *p, const struct policy_subject *s)
{
	struct policy_classes *c = &p->classes;
	struct walk w = {.type = type_of(p, s), .who = s->who};
	uint32_t n = KEY_FIXED, cls;

	if (s->link >= p->n_links || p->links[s->link].from == POLICY_NO_LINK)
		return POLICY_CLASS_NONE;
	w.from = p->links[s->link].from;
	c->key[0] = w.type;
	c->key[1] = w.from;
	policy_named_key(&p->from_named, p->names, s->who, c->key + 2);
	if (s->type && s->instance)
		n = key_globs(p, w.type, s, n);
	cls = key_find(c, n);
	if (cls != POLICY_NO_ID)
		return cls;
	globs_mark(c, n, true);
	row_evaluate(p, &w);
	globs_mark(c, n, false);
	cls = class_of_row(p);
	if (cls != POLICY_CLASS_NONE)
		key_remember(c, n, cls);
	return cls;
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
	policy_verdict_t *cells;
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
	cells = malloc(m * sizeof(*cells));
	if (!cells) {
		atomic_fetch_add_explicit(&c->full, 1, memory_order_relaxed);
		return POLICY_CLASS_NONE;
	}
	for (uint32_t col = 0; col < p->table.n_columns; col++) {
		for (uint32_t i = 0; i < m; i++)
			cells[i] = c->cells[(size_t)set[i] * p->table.n_columns + col];
		c->row[col] = policy_residual_union(p, cells, m);
	}
	free(cells);
	out = class_of_row(p);
	if (out != POLICY_CLASS_NONE)
		key_remember(c, m + 1, out);
	return out;
}
