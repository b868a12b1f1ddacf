/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/rendered.h"

#include <errno.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_malloc.h>

#include "dataplane/worker_priv.h"

#define DEPS_PER_ENTRY 8

static void *zalloc(size_t n, size_t size, int socket)
{
	return rte_zmalloc_socket("rendered", n * size, RTE_CACHE_LINE_SIZE, socket);
}

int dp_rendered_init(struct dp_worker *w, size_t bytes, int socket, uint64_t seed)
{
	struct dp_rendered_table *t = &w->rendered;
	struct rng rng;
	size_t each = sizeof(struct dp_rendered) +
		      DEPS_PER_ENTRY * (sizeof(struct dp_rendered_dep) + sizeof(uint32_t)) + 16;

	memset(t, 0, sizeof(*t));
	t->hash = w->shared->fast->hash;
	rng_seed(&rng, ~seed);
	for (unsigned i = 0; i < RTE_DIM(t->secret); i++)
		t->secret[i] = rng_u64(&rng);
	if (bytes / each < 2)
		return 0;
	t->entries = (uint32_t)RTE_MIN(bytes / each, (size_t)1 << 24);
	t->deps = t->entries * DEPS_PER_ENTRY;
	t->sets = rte_align32pow2(t->entries / 4 + 1);
	t->buckets = rte_align32pow2(t->deps);
	t->set = zalloc(t->sets, sizeof(*t->set), socket);
	t->entry = zalloc(t->entries, sizeof(*t->entry), socket);
	t->dep = zalloc(t->deps, sizeof(*t->dep), socket);
	t->bucket = zalloc(t->buckets, sizeof(*t->bucket), socket);
	if (t->set == NULL || t->entry == NULL || t->dep == NULL || t->bucket == NULL) {
		dp_rendered_fini(w);
		return -ENOMEM;
	}
	for (uint32_t i = 1; i < t->deps; i++)
		t->dep[i].next_of_entry = i + 1 < t->deps ? i + 1 : 0;
	t->free_dep = 1;
	return 0;
}

void dp_rendered_fini(struct dp_worker *w)
{
	struct dp_rendered_table *t = &w->rendered;

	rte_free(t->set);
	rte_free(t->entry);
	rte_free(t->dep);
	rte_free(t->bucket);
	memset(t, 0, sizeof(*t));
}

/* --- names entries rest on ------------------------------------------------------------------- */

/* One more or one less entry of ours rests on the name. A mark that was ever full stays: it costs
 * messages, and loses none. */
static void mark(struct dp_worker *w, uint64_t key, int by)
{
	_Atomic uint8_t *m = &w->shared->watched[w->id][key % DP_WATCH_MARKS];
	uint8_t n = atomic_load_explicit(m, memory_order_relaxed);

	if (n != UINT8_MAX)
		atomic_store_explicit(m, (uint8_t)(n + by), memory_order_relaxed);
}

static void unlink_deps(struct dp_worker *w, struct dp_rendered *e)
{
	struct dp_rendered_table *t = &w->rendered;

	while (e->dep != 0) {
		uint32_t i = e->dep;
		struct dp_rendered_dep *d = &t->dep[i];

		e->dep = d->next_of_entry;
		mark(w, d->key, -1);
		if (d->prev != 0)
			t->dep[d->prev].next = d->next;
		else
			t->bucket[d->key & (t->buckets - 1)] = d->next;
		if (d->next != 0)
			t->dep[d->next].prev = d->prev;
		d->next_of_entry = t->free_dep;
		t->free_dep = i;
	}
	e->deps = 0;
}

/* False: no room for all of them; the entry has none then. */
static bool link_deps(struct dp_worker *w, uint32_t idx, const struct cache_deps *deps)
{
	struct dp_rendered_table *t = &w->rendered;
	struct dp_rendered *e = &t->entry[idx];

	for (unsigned k = 0; k < deps->n; k++) {
		uint32_t i = t->free_dep, *bucket = &t->bucket[deps->key[k] & (t->buckets - 1)];
		struct dp_rendered_dep *d = &t->dep[i];

		if (i == 0) {
			unlink_deps(w, e);
			return false;
		}
		t->free_dep = d->next_of_entry;
		*d = (struct dp_rendered_dep){.key = deps->key[k],
			.entry = idx,
			.next_of_entry = e->dep,
			.next = *bucket};
		if (*bucket != 0)
			t->dep[*bucket].prev = i;
		*bucket = i;
		e->dep = i;
		e->deps++;
		mark(w, d->key, 1);
	}
	/* Pairs with control's fence: either it sees the marks, or what is read from here on is
	 * what it wrote before it looked for them. */
	atomic_thread_fence(memory_order_seq_cst);
	return true;
}

/* Does the entry rest on the same names as this answer? */
static bool same_deps(const struct dp_rendered_table *t, const struct dp_rendered *e,
	const struct cache_deps *deps)
{
	unsigned k = deps->n;

	if (e->deps != deps->n)
		return false;
	for (uint32_t i = e->dep; i != 0; i = t->dep[i].next_of_entry)
		if (t->dep[i].key != deps->key[--k])
			return false;
	return true;
}

void dp_rendered_stale(struct dp_worker *w, uint64_t key)
{
	struct dp_rendered_table *t = &w->rendered;

	if (t->set == NULL)
		return;
	for (uint32_t i = t->bucket[key & (t->buckets - 1)]; i != 0; i = t->dep[i].next)
		if (t->dep[i].key == key)
			t->entry[t->dep[i].entry].until_ms = w->now_ms;
}

void dp_rendered_turn(struct dp_worker *w)
{
	struct dp_rendered_table *t = &w->rendered;
	uint32_t stale = atomic_load_explicit(&w->shared->stale[w->id], memory_order_acquire);

	if (likely(stale == t->stale) || t->set == NULL)
		return;
	t->stale = stale;
	for (uint32_t i = 1; i < t->entries; i++)
		t->entry[i].until_ms = w->now_ms;
}

/* --- entries --------------------------------------------------------------------------------- */

static uint32_t find(const struct dp_rendered_table *t, const struct dp_rendered_key *key,
	uint64_t hash, uint32_t **slot)
{
	struct dp_rendered_set *s = dp_rendered_set(t, hash);

	for (unsigned i = 0; i < DP_RENDERED_WAYS; i++) {
		uint32_t idx = DP_RENDERED_ENTRY(s, i);

		if (idx == 0 || s->tag[i] != (uint32_t)hash ||
			memcmp(&t->entry[idx].key, key, sizeof(*key)) != 0)
			continue;
		*slot = &DP_RENDERED_ENTRY(s, i);
		return idx;
	}
	return 0;
}

/* Takes the entry out of the table. */
static void drop(struct dp_worker *w, uint32_t idx)
{
	struct dp_rendered_table *t = &w->rendered;
	struct dp_rendered *e = &t->entry[idx];
	uint32_t *slot;

	if (find(t, &e->key, dp_rendered_hash(t, &e->key), &slot) == idx)
		*slot = 0;
	unlink_deps(w, e);
	memset(e, 0, offsetof(struct dp_rendered, dns));
}

/* An entry for the key, in place of whichever is next to be given up. */
static uint32_t take(struct dp_worker *w, const struct dp_rendered_key *key, uint64_t hash)
{
	struct dp_rendered_table *t = &w->rendered;
	struct dp_rendered_set *s = dp_rendered_set(t, hash);
	unsigned way = 0;
	uint32_t idx;

	if (++t->clock >= t->entries)
		t->clock = 1;
	idx = t->clock;
	drop(w, idx);
	while (way < DP_RENDERED_WAYS && DP_RENDERED_ENTRY(s, way) != 0)
		way++;
	if (way == DP_RENDERED_WAYS) {
		way = (unsigned)(hash >> 29) % DP_RENDERED_WAYS;
		drop(w, DP_RENDERED_ENTRY(s, way));
	}
	s->tag[way] = (uint32_t)hash;
	DP_RENDERED_ENTRY(s, way) = idx;
	t->entry[idx].key = *key;
	return idx;
}

/* --- the answer at hand ---------------------------------------------------------------------- */

static bool is_plain(const struct dp_worker *w, const struct dp_query *q)
{
	const struct dp_question *qu = &w->question[q->first];
	const uint16_t odd = DP_PKT_LEGACY | DP_PKT_REPLAY | DP_PKT_ASKED;

	return q->link->unicast && !q->link->personal && q->n == 1 && w->gathered == NULL &&
	       (q->pkt->flags & (odd | DP_PKT_GROUP)) == DP_PKT_GROUP && qu->answerable &&
	       !qu->denied && qu->name_len <= DP_RENDERED_NAME && q->reader.flags == 0 &&
	       q->reader.counts[DNS_SECTION_ANSWER] == 0 &&
	       q->reader.counts[DNS_SECTION_AUTHORITY] == 0 &&
	       q->reader.counts[DNS_SECTION_ADDITIONAL] == 0;
}

void dp_rendered_begin(struct dp_worker *w, const struct dp_query *q)
{
	struct dp_rendering *r = &w->rendering;

	w->deps.on = false;
	if (w->rendered.set == NULL || !is_plain(w, q))
		return;
	cache_deps_begin(&w->deps);
	/* Its node was looked for with those of the whole burst. */
	cache_deps_name(&w->deps, w->question[q->first].key.lo);
	r->odd = false;
	r->messages = 0;
	r->hits = 0;
}

void dp_rendered_message(struct dp_worker *w, const uint8_t *dns, size_t len, uint16_t answers)
{
	struct dp_rendering *r = &w->rendering;

	if (!w->deps.on)
		return;
	if (r->messages++ > 0 || len > sizeof(r->dns)) {
		r->odd = true;
		return;
	}
	memcpy(r->dns, dns, len);
	r->len = (uint16_t)len;
	r->answers = answers;
}

void dp_rendered_hit(struct dp_worker *w, policy_verdict_t v)
{
	struct dp_rendering *r = &w->rendering;
	uint32_t rule = v & POLICY_RULE_MASK;
	unsigned i;

	if (!w->deps.on)
		return;
	for (i = 0; i < r->hits && r->hit[i] != rule; i++)
		;
	if (i == DP_RENDERED_HITS || (i < r->hits && r->hit_n[i] == UINT16_MAX)) {
		r->odd = true;
		return;
	}
	if (i == r->hits) {
		r->hit[i] = rule;
		r->hit_n[i] = 0;
		r->hits++;
	}
	r->hit_n[i]++;
}

static void key_of(const struct dp_worker *w, const struct dp_query *q,
	const struct dp_question *qu, bool own, struct dp_rendered_key *key)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->w, qu->canon, qu->name_len);
	key->w[7] = dp_rendered_tail(rte_cpu_to_be_16(qu->qtype),
		own ? q->link->id : q->link->alike, own, w->world->generation);
}

uint64_t dp_rendered_question(
	const struct dp_worker *w, const struct dp_query *q, const struct dp_question *qu)
{
	struct dp_rendered_key key;

	if (qu->name_len > DP_RENDERED_NAME)
		return qu->key.lo;
	key_of(w, q, qu, false, &key);
	return dp_rendered_hash(&w->rendered, &key);
}

/* Writes the answer into its entry. */
static void keep(struct dp_worker *w, const struct dp_question *qu, struct dp_rendered *e)
{
	const struct dp_rendering *r = &w->rendering;

	memcpy(e->dns, r->dns, r->len);
	memset(e->dns + r->len, 0, RTE_ALIGN(r->len, 64) - r->len);
	e->len = r->len;
	e->sum = rte_raw_cksum(r->dns, r->len);
	e->answers = r->answers;
	e->owner = w->deps.owners.one;
	memcpy(e->owners, w->deps.owners.bit, sizeof(e->owners));
	e->links = w->deps.links;
	e->browse = qu->qtype == DNS_TYPE_PTR &&
		    (qu->sd.kind == DNS_NAME_SERVICE_TYPE || qu->sd.kind == DNS_NAME_SUBTYPE);
	memset(e->hit_n, 0, sizeof(e->hit_n));
	for (unsigned i = 0; i < r->hits; i++) {
		e->hit[i] = r->hit[i];
		e->hit_n[i] = r->hit_n[i];
	}
	e->until_ms = w->now_ms + w->deps.steady_ms;
}

void dp_rendered_end(struct dp_worker *w, const struct dp_query *q, bool whole)
{
	struct dp_rendered_table *t = &w->rendered;
	const struct dp_question *qu = &w->question[q->first];
	const struct dp_rendering *r = &w->rendering;
	const struct cache_deps *deps = &w->deps;
	struct dp_rendered_key key;
	struct dp_rendered *e;
	uint32_t idx, *slot;
	uint64_t hash;
	bool own;

	if (!deps->on)
		return;
	w->deps.on = false;
	if (!whole || r->odd || r->messages != 1 || deps->overflow || deps->contested ||
		deps->steady_ms > 1000 ||
		cache_owners_may(deps->owners.one, deps->owners.bit, mac_word(q->pkt->smac.b)))
		return;
	own = (deps->links & cache_link_bit(q->link->id)) != 0;
	key_of(w, q, qu, own, &key);
	hash = dp_rendered_hash(t, &key);
	idx = find(t, &key, hash, &slot);
	if (idx == 0)
		idx = take(w, &key, hash);
	e = &t->entry[idx];
	if (same_deps(t, e, deps)) {
		keep(w, qu, e);
		return;
	}
	/* Not before what it rests on is marked. */
	unlink_deps(w, e);
	e->until_ms = w->now_ms;
	if (!link_deps(w, idx, deps))
		drop(w, idx);
}
