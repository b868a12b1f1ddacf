/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/personal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy_priv.h"
#include "yaml/config.h"

#define ROW_FIRST 64 /* residuals a consumer's row has room for at first */

int policy_people_init(struct policy *p, uint64_t bytes_max)
{
	struct policy_people *x = &p->people;

	x->ask_bytes = (POLICY_CONSUMERS_MAX + (size_t)1) * p->table.n_types * sizeof(*x->ask);
	x->residual = policy_pages_alloc((POLICY_RESIDUALS_MAX + 1) * sizeof(*x->residual));
	x->consumer = policy_pages_alloc((POLICY_CONSUMERS_MAX + 1) * sizeof(*x->consumer));
	x->chain = policy_pages_alloc((POLICY_CHAINS_MAX + 1) * sizeof(*x->chain));
	x->ask = policy_pages_alloc(x->ask_bytes);
	if (!x->residual || !x->consumer || !x->chain || !x->ask)
		return -ENOMEM;
	x->rows.width = p->table.n_types;
	x->bytes_max = bytes_max;
	x->n_chains = x->n_ask = 1;
	atomic_init(&x->n_residuals, 1);
	atomic_init(&x->n_consumers, 1);
	return 0;
}

void policy_people_fini(struct policy *p)
{
	struct policy_people *x = &p->people;

	policy_pages_free(x->residual, (POLICY_RESIDUALS_MAX + 1) * sizeof(*x->residual));
	policy_pages_free(x->consumer, (POLICY_CONSUMERS_MAX + 1) * sizeof(*x->consumer));
	policy_pages_free(x->chain, (POLICY_CHAINS_MAX + 1) * sizeof(*x->chain));
	policy_pages_free(x->ask, x->ask_bytes);
	policy_arena_free(&x->arena);
	policy_index_free(&x->by_residual);
	policy_index_free(&x->by_consumer);
	policy_index_free(&x->by_chain);
	policy_index_free(&x->by_ask);
	policy_index_free(&x->by_key);
	policy_rows_free(&x->rows);
	free(x->keys);
	free(x->list);
	free(x->steps);
}

void *policy_people_take(struct policy_people *x, size_t n, size_t size)
{
	if (x->bytes + n * size > x->bytes_max)
		return NULL;
	x->bytes += n * size;
	return policy_arena_alloc(&x->arena, n, size);
}

void policy_no_room(struct policy *p)
{
	atomic_fetch_add_explicit(&p->classes.full, 1, memory_order_relaxed);
}

/* --- chains ---------------------------------------------------------------------------------- */

static int steps_add(struct policy_people *x, uint32_t n, struct policy_step step)
{
	if (n == x->steps_cap) {
		uint32_t cap = n ? n * 2 : 32;
		struct policy_step *grown = realloc(x->steps, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		x->steps = grown;
		x->steps_cap = cap;
	}
	x->steps[n] = step;
	return 0;
}

static bool chain_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const struct policy_chain *c = &((const struct policy_people *)ctx)->chain[id];

	return c->n * sizeof(*c->v) == len && memcmp(c->v, key, len) == 0;
}

/* The cell for the n steps at hand. */
/* What the tests look at. */
static uint8_t facts_of(const struct policy_step *v, uint32_t n)
{
	uint8_t facts = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (v[i].same == CONFIG_SAME_USER)
			facts = policy_facts(facts, POLICY_FACT_USER);
		else if (v[i].same == CONFIG_SAME_ROLE)
			facts = policy_facts(facts, POLICY_FACT_ROLE);
		else if (v[i].same == CONFIG_SAME_LOCATION)
			facts = policy_facts(
				facts, v[i].level != 0 ? v[i].level : POLICY_FACT_PLACE);
	}
	return facts;
}

static policy_verdict_t chain_of(struct policy *p, uint32_t n)
{
	struct policy_people *x = &p->people;
	size_t len = n * sizeof(*x->steps);
	uint32_t hash = policy_hash(x->steps, len);
	uint32_t id = policy_index_find(&x->by_chain, hash, chain_eq, x, x->steps, len);
	struct policy_step *v;

	if (id != POLICY_NO_ID)
		return (policy_verdict_t)(POLICY_PERSONAL | id);
	v = x->n_chains <= POLICY_CHAINS_MAX ? policy_people_take(x, n, sizeof(*v)) : NULL;
	if (!v || policy_index_add(&x->by_chain, hash, x->n_chains)) {
		policy_no_room(p);
		return 0;
	}
	memcpy(v, x->steps, len);
	x->chain[x->n_chains] = (struct policy_chain){v, n, facts_of(v, n)};
	return (policy_verdict_t)(POLICY_PERSONAL | x->n_chains++);
}

static bool has_rule(const struct policy_consumer *c, uint16_t rule)
{
	uint32_t low = 0, high = c->n_rules;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (c->rules[mid] < rule)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->n_rules && c->rules[low] == rule;
}

static bool step_known(const struct policy_step *v, uint32_t n, const struct policy_rule *r)
{
	for (uint32_t i = 0; i < n; i++)
		if (v[i].same == r->same && v[i].level == r->level)
			return true;
	return false;
}

/* A walk over the rules of a residual that ask for no station, or for this one: over all of them,
 * or over the consumer's own where those are far fewer. */
struct cell_walk {
	const struct policy_consumer *c;
	const struct policy_residual *res;
	uint32_t i, k; /* next of res->v, or of res->open and of c->rules */
	bool few;
};

static bool in_residual(const struct policy_residual *res, uint16_t rule)
{
	uint32_t low = 0, high = res->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (res->v[mid] < rule)
			low = mid + 1;
		else
			high = mid;
	}
	return low < res->n && res->v[low] == rule;
}

/* The next of them; NULL at the end. */
static const struct policy_rule *walk_next(const struct policy *p, struct cell_walk *w)
{
	const struct policy_residual *res = w->res;

	while (!w->few && w->i < res->n) {
		uint16_t rule = res->v[w->i++];

		if (!p->rules[rule].to_who || has_rule(w->c, rule))
			return &p->rules[rule];
	}
	while (w->few) {
		uint32_t a = w->i < res->n_open ? res->open[w->i] : UINT32_MAX;

		while (w->k < w->c->n_rules && w->c->rules[w->k] < a &&
			!in_residual(res, w->c->rules[w->k]))
			w->k++;
		if (w->k < w->c->n_rules && w->c->rules[w->k] < a)
			return &p->rules[w->c->rules[w->k++]];
		if (a == UINT32_MAX)
			break;
		w->i++;
		return &p->rules[a];
	}
	return NULL;
}

/* What a residual comes down to for one consumer. */
static policy_verdict_t cell_of(
	struct policy *p, const struct policy_consumer *c, const struct policy_residual *res)
{
	struct cell_walk w = {.c = c, .res = res, .few = c->n_rules * 4 < res->n};
	struct policy_people *x = &p->people;
	policy_verdict_t end = res->end;
	const struct policy_rule *r;
	uint32_t n = 0;

	while ((r = walk_next(p, &w)) != NULL) {
		if (!r->same) {
			end = policy_verdict_of(p, r);
			break;
		}
		/* The same relation a second time has failed already. */
		if (step_known(x->steps, n, r))
			continue;
		if (steps_add(
			    x, n, (struct policy_step){r->same, r->level, policy_verdict_of(p, r)}))
			return 0;
		n++;
	}
	if (n == 0)
		return end;
	if (steps_add(x, n, (struct policy_step){CONFIG_SAME_NONE, 0, end}))
		return 0;
	return chain_of(p, n + 1);
}

/* The better of two: a permit before a deny, a rule before none, then the earlier rule. */
static policy_verdict_t best_of(policy_verdict_t a, policy_verdict_t b)
{
	if (policy_permits(a) != policy_permits(b))
		return policy_permits(a) ? a : b;
	if (a == 0 || b == 0)
		return a | b;
	return a < b ? a : b;
}

/* The same for a union, whose members' cells are there. */
static policy_verdict_t cell_of_union(
	struct policy *p, const policy_verdict_t *cell, const struct policy_residual *res)
{
	struct policy_people *x = &p->people;
	policy_verdict_t best = 0, last = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < res->n; i++) {
		policy_verdict_t v = cell[res->v[i]];

		if (!(v & POLICY_PERSONAL)) {
			best = best_of(best, v);
			continue;
		}
		for (uint32_t k = 0; v != last && k < x->chain[v & POLICY_RULE_MASK].n; k++)
			if (steps_add(x, n, x->chain[v & POLICY_RULE_MASK].v[k]))
				return 0;
			else
				n++;
		last = v;
	}
	if (n == 0 || policy_permits(best))
		return best;
	return chain_of(p, n);
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Makes room for one more residual in a consumer's row. */
int policy_row_grow(struct policy_people *x, struct policy_consumer *c, uint32_t n)
{
	policy_verdict_t *old = atomic_load_explicit(&c->cell, memory_order_relaxed), *v;
	uint32_t cap = c->cap ? c->cap : ROW_FIRST;

	while (cap < n)
		cap *= 2;
	if (cap == c->cap)
		return 0;
	v = policy_people_take(x, cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	if (c->cap)
		memcpy(v, old, c->cap * sizeof(*v));
	/* Release: readers see the cells behind the pointer. */
	atomic_store_explicit(&c->cell, v, memory_order_release);
	c->cap = cap;
	return 0;
}

void policy_row_fill(struct policy *p, struct policy_consumer *c, uint32_t id)
{
	struct policy_people *x = &p->people;
	policy_verdict_t *cell = atomic_load_explicit(&c->cell, memory_order_relaxed);
	const struct policy_residual *res = &x->residual[id];

	if (res->part != c->part)
		return;
	cell[id] = res->is_union ? cell_of_union(p, cell, res) : cell_of(p, c, res);
}

static bool residual_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const struct policy_residual *a = &((const struct policy_people *)ctx)->residual[id];
	const struct policy_residual *b = key;

	(void)len;
	return a->part == b->part && a->end == b->end && a->is_union == b->is_union &&
	       a->n == b->n && memcmp(a->v, b->v, a->n * sizeof(*a->v)) == 0;
}

/* Finds or appends it, and fills its place in every row. POLICY_NO_ID: no room. */
static uint32_t residual_get(struct policy *p, const struct policy_residual *r)
{
	struct policy_people *x = &p->people;
	uint32_t hash = policy_hash(r->v, r->n * sizeof(*r->v)) ^ (r->part * 31 + r->end);
	uint32_t id = policy_index_find(&x->by_residual, hash, residual_eq, x, r, sizeof(*r));
	uint32_t n = atomic_load_explicit(&x->n_residuals, memory_order_relaxed);
	uint32_t consumers = atomic_load_explicit(&x->n_consumers, memory_order_relaxed);
	uint16_t *v;

	if (id != POLICY_NO_ID)
		return id;
	v = n <= POLICY_RESIDUALS_MAX ? policy_people_take(x, 2 * (size_t)r->n, sizeof(*v)) : NULL;
	if (!v)
		return POLICY_NO_ID;
	for (uint32_t i = 1; i < consumers; i++)
		if (x->consumer[i].part == r->part && policy_row_grow(x, &x->consumer[i], n + 1))
			return POLICY_NO_ID;
	if (policy_index_add(&x->by_residual, hash, n))
		return POLICY_NO_ID;
	memcpy(v, r->v, r->n * sizeof(*v));
	x->residual[n] = *r;
	x->residual[n].v = v;
	x->residual[n].open = v + r->n;
	for (uint32_t i = 0; !r->is_union && i < r->n; i++)
		if (!p->rules[v[i]].to_who)
			v[r->n + x->residual[n].n_open++] = v[i];
	x->residual[n].of_all = r->is_union || x->residual[n].n_open == r->n;
	for (uint32_t i = 0; r->is_union && i < r->n; i++)
		x->residual[n].of_all &= x->residual[v[i]].of_all;
	for (uint32_t i = 1; i < consumers; i++)
		policy_row_fill(p, &x->consumer[i], n);
	/* Whoever stores the new number, even relaxed, stores it after all of this. */
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&x->n_residuals, n + 1, memory_order_relaxed);
	return n;
}

policy_verdict_t policy_residual(
	struct policy *p, uint32_t part, const uint16_t *rules, uint32_t n, policy_verdict_t end)
{
	const struct policy_residual r = {.v = rules, .n = n, .part = part, .end = end};
	bool everybody = policy_permits(end);
	uint32_t id = residual_get(p, &r);

	if (id == POLICY_NO_ID) {
		policy_no_room(p);
		return 0;
	}
	for (uint32_t i = 0; i < n; i++)
		everybody &= p->rules[rules[i]].permit && p->rules[rules[i]].nearest == 0;
	return (policy_verdict_t)(POLICY_PERSONAL | (everybody ? POLICY_PERMIT : 0) | id);
}

/* Adds what a residual stands for to the list of a union. */
static int list_add(struct policy_people *x, uint32_t *n, uint16_t residual)
{
	const struct policy_residual *r = &x->residual[residual];
	uint32_t more = r->is_union ? r->n : 1;

	if (*n + more > x->list_cap) {
		uint32_t cap = 2 * (*n + more);
		uint16_t *grown = realloc(x->list, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		x->list = grown;
		x->list_cap = cap;
	}
	memcpy(x->list + *n, r->is_union ? r->v : &residual, more * sizeof(residual));
	*n += more;
	return 0;
}

static int by_number(const void *pa, const void *pb)
{
	return *(const uint16_t *)pa - *(const uint16_t *)pb;
}

policy_verdict_t policy_residual_union(struct policy *p, const policy_verdict_t *cells, uint32_t n)
{
	struct policy_people *x = &p->people;
	policy_verdict_t best = 0, everybody = 0;
	uint32_t m = 0, kept = 0;
	struct policy_residual u = {.is_union = true};

	for (uint32_t i = 0; i < n; i++) {
		if (!(cells[i] & POLICY_PERSONAL))
			best = best_of(best, cells[i]);
		else if (policy_permits(cells[i]))
			everybody = cells[i];
		else if (list_add(x, &m, cells[i] & POLICY_RULE_MASK))
			return 0;
	}
	if (policy_permits(best))
		return best;
	if (everybody)
		return everybody;
	if (m == 0)
		return best;
	qsort(x->list, m, sizeof(*x->list), by_number);
	for (uint32_t i = 0; i < m; i++)
		if (!kept || x->list[kept - 1] != x->list[i])
			x->list[kept++] = x->list[i];
	if (kept == 1)
		return (policy_verdict_t)(POLICY_PERSONAL | x->list[0]);
	u.v = x->list;
	u.n = kept;
	u.part = x->residual[x->list[0]].part;
	m = residual_get(p, &u);
	if (m != POLICY_NO_ID)
		return (policy_verdict_t)(POLICY_PERSONAL | m);
	policy_no_room(p);
	return 0;
}

/* --- verdicts -------------------------------------------------------------------------------- */

bool policy_related(const struct policy *p, const struct policy_step *s,
	const struct policy_party *a, const struct policy_party *b)
{
	const struct policy_place *pa = &p->names->place[a->place], *pb;

	switch (s->same) {
	case CONFIG_SAME_USER:
		return a->user != 0 && a->user == b->user;
	case CONFIG_SAME_ROLE:
		return a->role != 0 && a->role == b->role;
	case CONFIG_SAME_LOCATION:
		pb = &p->names->place[b->place];
		return s->level == 0
			       ? a->place != 0 && a->place == b->place
			       : pa->at[s->level] != 0 && pa->at[s->level] == pb->at[s->level];
	default:
		return true;
	}
}

policy_verdict_t policy_personal(const struct policy *p, policy_verdict_t cell, uint32_t consumer,
	const struct policy_party *asker, const struct policy_party *provider)
{
	const struct policy_people *x = &p->people;
	const struct policy_chain *chain;
	policy_verdict_t v, best = 0;
	const policy_verdict_t *row;

	if ((consumer & 0xffff) == POLICY_NO_CONSUMER)
		return 0;
	row = atomic_load_explicit(&x->consumer[consumer & 0xffff].cell, memory_order_acquire);
	v = row[cell & POLICY_RULE_MASK];
	if (!(v & POLICY_PERSONAL))
		return v;
	chain = &x->chain[v & POLICY_RULE_MASK];
	for (uint32_t i = 0; i < chain->n; i++) {
		if (!policy_related(p, &chain->v[i], asker, provider))
			continue;
		best = best_of(best, chain->v[i].verdict);
		/* What follows are other residuals of a union, if anything. */
		while (chain->v[i].same != CONFIG_SAME_NONE)
			i++;
	}
	return best;
}

uint8_t policy_personal_facts(const struct policy *p, policy_verdict_t cell, uint32_t consumer)
{
	const struct policy_people *x = &p->people;
	policy_verdict_t v;
	uint8_t facts;

	if ((consumer & 0xffff) == POLICY_NO_CONSUMER)
		return POLICY_FACT_NUMBER;
	v = atomic_load_explicit(&x->consumer[consumer & 0xffff].cell,
		memory_order_acquire)[cell & POLICY_RULE_MASK];
	facts = v & POLICY_PERSONAL ? x->chain[v & POLICY_RULE_MASK].facts : 0;
	return x->residual[cell & POLICY_RULE_MASK].of_all ? facts : facts | POLICY_FACT_NUMBER;
}

unsigned policy_nearest(const struct policy *p, policy_verdict_t v)
{
	uint32_t rule = v & POLICY_RULE_MASK;

	return rule == 0 ? 0 : p->nearest[rule - 1];
}

policy_verdict_t policy_ask_personal(
	const struct policy *p, uint32_t type, uint32_t column, uint32_t consumer)
{
	uint32_t ask = consumer >> 16;

	if (ask == 0)
		return policy_ask(&p->table, type, column);
	return p->people.ask[(size_t)ask * p->table.n_types + type];
}

uint8_t policy_ask_facts(const struct policy *p, uint16_t link, uint32_t type)
{
	const struct policy_link *l = &p->links[link];
	const uint32_t part[2] = {l->in_part, l->out_part};
	uint8_t facts = 0;

	for (unsigned i = 0; i < 2; i++)
		if (part[i] != POLICY_NO_ID && p->parts[part[i]].personal_ask &&
			p->parts[part[i]].asks_who[type])
			facts = POLICY_FACT_NUMBER;
	return facts;
}

bool policy_same_rules(const struct policy *p, uint16_t a, uint16_t b)
{
	const struct policy_link *la = &p->links[a], *lb = &p->links[b];

	return la->in_part == lb->in_part && la->out_part == lb->out_part &&
	       la->in_to == lb->in_to && la->out_to == lb->out_to;
}

void policy_use_names(const struct policy *p, struct policy_names *names)
{
	policy_named_use(&p->from_named, names);
	policy_named_use(&p->to_named, names);
}

const struct policy_names *policy_names_of(const struct policy *p)
{
	return p->names;
}
