/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/personal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy_priv.h"
#include "yaml/config.h"

/* Consumers by number: what rules can ask of them, the rows of verdicts that follow from it. */

#define KEY_WORDS (4 + POLICY_WHO_WORDS) /* policies and blocks of the link, the station */

static bool key_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	return memcmp((const uint32_t *)ctx + id + 1, key, len) == 0;
}

static void key_remember(struct policy_people *x, const uint32_t key[KEY_WORDS], uint32_t consumer)
{
	uint32_t at = x->n_keys;

	if (at + KEY_WORDS + 1 > x->keys_cap) {
		uint32_t cap = x->keys_cap ? x->keys_cap * 2 : 64 * (KEY_WORDS + 1);
		uint32_t *grown = realloc(x->keys, cap * sizeof(*grown));

		if (!grown)
			return;
		x->keys = grown;
		x->keys_cap = cap;
	}
	if (policy_index_add(&x->by_key, policy_hash(key, KEY_WORDS * sizeof(*key)), at))
		return;
	x->keys[at] = consumer;
	memcpy(x->keys + at + 1, key, KEY_WORDS * sizeof(*key));
	x->n_keys += KEY_WORDS + 1;
}

static bool consumer_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const struct policy_consumer *a = &((const struct policy_people *)ctx)->consumer[id];
	const struct policy_consumer *b = key;

	(void)len;
	return a->part == b->part && a->n_rules == b->n_rules &&
	       memcmp(a->rules, b->rules, a->n_rules * sizeof(*a->rules)) == 0;
}

/* The row for a consumer of a policy whose rules match as `like` says. 0: no room. */
static uint32_t row_get(struct policy *p, const struct policy_consumer *like)
{
	struct policy_people *x = &p->people;
	size_t len = like->n_rules * sizeof(*like->rules);
	uint32_t hash = policy_hash(like->rules, len) ^ like->part;
	uint32_t id = policy_index_find(&x->by_consumer, hash, consumer_eq, x, like, len);
	uint32_t n = atomic_load_explicit(&x->n_consumers, memory_order_relaxed);
	uint32_t residuals = atomic_load_explicit(&x->n_residuals, memory_order_relaxed);
	struct policy_consumer *c = &x->consumer[n];
	uint16_t *rules;

	if (id != POLICY_NO_ID)
		return id;
	rules = n <= POLICY_CONSUMERS_MAX ? policy_people_take(x, like->n_rules, sizeof(*rules))
					  : NULL;
	if (!rules)
		return 0;
	memcpy(rules, like->rules, len);
	c->part = like->part;
	c->rules = rules;
	c->n_rules = like->n_rules;
	if (policy_row_grow(x, c, residuals) || policy_index_add(&x->by_consumer, hash, n))
		return 0;
	for (uint32_t i = 1; i < residuals; i++)
		policy_row_fill(p, c, i);
	/* As for residuals. */
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&x->n_consumers, n + 1, memory_order_relaxed);
	return n;
}

/* Room for the rules of a policy behind the first n of x->list. NULL: no memory. */
static uint16_t *list_room(struct policy_people *x, const struct policy_part *part)
{
	if (part->n_rules + 1 > x->list_cap) {
		uint16_t *grown = realloc(x->list, (part->n_rules + 1) * sizeof(*grown));

		if (!grown)
			return NULL;
		x->list = grown;
		x->list_cap = part->n_rules + 1;
	}
	return x->list;
}

static bool ask_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	const struct policy *p = ctx;

	return memcmp(p->people.ask + (size_t)id * p->table.n_types, key, len) == 0;
}

/* What a policy says to the consumer's questions, into row `row`. -ENOMEM. */
static int ask_part(
	struct policy *p, uint32_t k, uint32_t to, const struct policy_who *who, uint32_t row)
{
	const struct policy_part *part = &p->parts[k];
	uint16_t *matched = list_room(&p->people, part);

	if (!matched)
		return -ENOMEM;
	policy_ask_consumer(p, part, to, matched, policy_matcher_find(p, part, who, matched),
		&p->people.rows, row);
	return 0;
}

/* The row of verdicts on the consumer's questions: its link's `in`, then its `out`. 0: no room. */
static uint32_t ask_get(struct policy *p, const struct policy_link *l, const struct policy_who *who)
{
	struct policy_people *x = &p->people;
	size_t len = p->table.n_types * sizeof(policy_verdict_t);
	policy_verdict_t *in, *out;
	uint32_t a, b, hash, id;

	x->rows.n = 0;
	if (policy_rows_add(&x->rows, &a) || policy_rows_add(&x->rows, &b) ||
		ask_part(p, l->out_part, l->out_to, who, a))
		return 0;
	if (l->in_part != POLICY_NO_ID && ask_part(p, l->in_part, l->in_to, who, b))
		return 0;
	out = policy_row(&x->rows, a);
	in = policy_row(&x->rows, b);
	for (uint32_t t = 0; l->in_part != POLICY_NO_ID && t < p->table.n_types; t++)
		if (!policy_permits(in[t]))
			out[t] = in[t];
	policy_ask_host(out, p->table.n_types);
	hash = policy_hash(out, len);
	id = policy_index_find(&x->by_ask, hash, ask_eq, p, out, len);
	if (id != POLICY_NO_ID)
		return id;
	if (x->n_ask > POLICY_CONSUMERS_MAX || x->bytes + len > x->bytes_max ||
		policy_index_add(&x->by_ask, hash, x->n_ask))
		return 0;
	x->bytes += len;
	memcpy(x->ask + (size_t)x->n_ask * p->table.n_types, out, len);
	return x->n_ask++;
}

/* The row of verdicts on what the link's `out` shows the consumer. 0: no room. */
static uint32_t show_get(
	struct policy *p, const struct policy_link *l, const struct policy_who *who)
{
	const struct policy_part *part = &p->parts[l->out_part];
	uint16_t *matched = list_room(&p->people, part);
	struct policy_consumer like = {.part = l->out_part, .rules = matched};
	uint32_t n;

	if (!matched)
		return 0;
	n = policy_matcher_find(p, part, who, matched);
	for (uint32_t i = 0; i < n; i++)
		if (p->rules[matched[i]].kind & CONFIG_KIND_ADVERTISEMENT)
			matched[like.n_rules++] = matched[i];
	return row_get(p, &like);
}

bool policy_link_is_personal(const struct policy *p, uint16_t link)
{
	return link < p->n_links && p->links[link].personal;
}

uint32_t policy_consumer(struct policy *p, uint16_t link, const struct policy_who *who)
{
	struct policy_people *x = &p->people;
	const struct policy_link *l = &p->links[link];
	uint32_t key[KEY_WORDS], at, row, ask;

	if (!policy_link_is_personal(p, link))
		return POLICY_NO_CONSUMER;
	key[0] = l->in_part;
	key[1] = l->in_to;
	key[2] = l->out_part;
	key[3] = l->out_to;
	policy_named_key(&p->to_named, p->names, who, key + 4);
	at = policy_index_find(
		&x->by_key, policy_hash(key, sizeof(key)), key_eq, x->keys, key, sizeof(key));
	if (at != POLICY_NO_ID)
		return x->keys[at];
	row = show_get(p, l, who);
	ask = row ? ask_get(p, l, who) : 0;
	if (!ask) {
		policy_no_room(p);
		return POLICY_NO_CONSUMER;
	}
	key_remember(x, key, ask << 16 | row);
	return ask << 16 | row;
}
