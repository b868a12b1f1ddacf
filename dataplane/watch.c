/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/watch.h"

#include <errno.h>

#include <rte_malloc.h>

#include "dataplane/worker_priv.h"

#define SWEEP_PARTS 1024 /* power of two */

int dp_watch_init(struct dp_worker *w, uint32_t deps, int socket)
{
	struct dp_watch *t = &w->watch;

	t->deps = deps;
	t->buckets = rte_align32pow2(deps);
	t->dep = rte_zmalloc_socket("watch", deps * sizeof(*t->dep), RTE_CACHE_LINE_SIZE, socket);
	t->bucket = rte_zmalloc_socket(
		"watch", t->buckets * sizeof(*t->bucket), RTE_CACHE_LINE_SIZE, socket);
	if (t->dep == NULL || t->bucket == NULL) {
		dp_watch_fini(w);
		return -ENOMEM;
	}
	for (uint32_t i = 1; i < deps; i++)
		t->dep[i].next_of = i + 1 < deps ? i + 1 : 0;
	t->free = deps > 1 ? 1 : 0;
	return 0;
}

void dp_watch_fini(struct dp_worker *w)
{
	struct dp_watch *t = &w->watch;

	rte_free(t->dep);
	rte_free(t->bucket);
	*t = (struct dp_watch){0};
}

/* One more or one less of what we keep rests on the name. A mark that was ever full stays: it costs
 * messages, and loses none. */
static void mark(struct dp_worker *w, uint64_t key, int by)
{
	_Atomic uint8_t *m = &w->shared->watched[w->id][key % DP_WATCH_MARKS];
	uint8_t n = atomic_load_explicit(m, memory_order_relaxed);

	if (n != UINT8_MAX)
		atomic_store_explicit(m, (uint8_t)(n + by), memory_order_relaxed);
}

void dp_watch_drop(struct dp_worker *w, struct dp_watched *e)
{
	struct dp_watch *t = &w->watch;

	while (e->dep != 0) {
		uint32_t i = e->dep;
		struct dp_watch_dep *d = &t->dep[i];

		e->dep = d->next_of;
		mark(w, d->key, -1);
		if (d->prev != 0)
			t->dep[d->prev].next = d->next;
		else
			t->bucket[d->key & (t->buckets - 1)] = d->next;
		if (d->next != 0)
			t->dep[d->next].prev = d->prev;
		d->of = NULL;
		d->next_of = t->free;
		t->free = i;
	}
}

/* Is it one of the names? *n: how many there are. */
static bool has(const struct dp_worker *w, const struct dp_watched *e, uint64_t key, unsigned *n)
{
	*n = 0;
	for (uint32_t i = e->dep; i != 0; i = w->watch.dep[i].next_of, (*n)++)
		if (w->watch.dep[i].key == key)
			return true;
	return false;
}

static bool add(struct dp_worker *w, struct dp_watched *e, uint64_t key)
{
	struct dp_watch *t = &w->watch;
	uint32_t i = t->free, *bucket = &t->bucket[key & (t->buckets - 1)];
	struct dp_watch_dep *d = &t->dep[i];

	if (i == 0)
		return false;
	t->free = d->next_of;
	*d = (struct dp_watch_dep){.key = key, .of = e, .next_of = e->dep, .next = *bucket};
	if (*bucket != 0)
		t->dep[*bucket].prev = i;
	*bucket = i;
	e->dep = i;
	mark(w, key, 1);
	return true;
}

bool dp_watch_covers(
	const struct dp_worker *w, const struct dp_watched *e, const struct cache_deps *deps)
{
	uint32_t i = e->dep;
	unsigned k = deps->n, n;

	/* As they were added, mostly. */
	for (; i != 0 && k > 0 && w->watch.dep[i].key == deps->key[k - 1]; k--)
		i = w->watch.dep[i].next_of;
	while (k > 0 && has(w, e, deps->key[k - 1], &n))
		k--;
	return k == 0;
}

bool dp_watch_names(struct dp_worker *w, struct dp_watched *e, const struct cache_deps *deps)
{
	e->until_ms = w->now_ms;
	for (unsigned k = 0; k < deps->n; k++) {
		unsigned n;

		if (has(w, e, deps->key[k], &n))
			continue;
		/* What it rested on when it was another answer. */
		if (n + deps->n - k > CACHE_DEPS_MAX) {
			dp_watch_drop(w, e);
			k = 0;
		}
		if (!add(w, e, deps->key[k])) {
			dp_watch_drop(w, e);
			return false;
		}
	}
	/* Pairs with control's fence: either it sees the marks, or what is read from here on is
	 * what it wrote before it looked for them. */
	atomic_thread_fence(memory_order_seq_cst);
	return true;
}

void dp_watch_stale(struct dp_worker *w, uint64_t key)
{
	struct dp_watch *t = &w->watch;

	if (t->dep == NULL)
		return;
	for (uint32_t i = t->bucket[key & (t->buckets - 1)]; i != 0; i = t->dep[i].next)
		if (t->dep[i].key == key)
			t->dep[i].of->until_ms = w->now_ms;
}

/* No longer good for sure: those of the deps [from, to), all or only what is past. */
static void sweep(struct dp_worker *w, uint32_t from, uint32_t to, bool all)
{
	for (uint32_t i = from; i < to; i++) {
		struct dp_watched *e = w->watch.dep[i].of;

		if (e != NULL && (all || !dp_watch_good(e, w->now_ms)))
			e->until_ms = w->now_ms;
	}
}

void dp_watch_turn(struct dp_worker *w)
{
	struct dp_watch *t = &w->watch;
	uint32_t stale = atomic_load_explicit(&w->shared->stale[w->id], memory_order_acquire);
	uint32_t part = w->now_ms >> 10 & (SWEEP_PARTS - 1);

	if (likely(stale == t->stale && part == t->swept) || t->dep == NULL)
		return;
	if (stale != t->stale)
		sweep(w, 1, t->deps, true);
	t->stale = stale;
	/* A part a second, so that no time is ever so long past that it looks like one to come. */
	t->swept = part;
	sweep(w, part * (t->deps / SWEEP_PARTS),
		part + 1 == SWEEP_PARTS ? t->deps : (part + 1) * (t->deps / SWEEP_PARTS), false);
}
