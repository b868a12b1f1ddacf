/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/heard.h"

#include <errno.h>

#include <rte_malloc.h>

#include "dataplane/fast.h"
#include "dataplane/worker_priv.h"

int dp_heard_init(struct dp_worker *w, uint32_t sets, int socket)
{
	w->heard.sets = sets;
	w->heard.set = rte_zmalloc_socket(
		"heard", sets * sizeof(*w->heard.set), RTE_CACHE_LINE_SIZE, socket);
	return w->heard.set != NULL ? 0 : -ENOMEM;
}

void dp_heard_fini(struct dp_worker *w)
{
	rte_free(w->heard.set);
	w->heard.set = NULL;
}

void dp_heard_keep(struct dp_worker *w, const struct dp_pkt *pkt, const uint8_t *dns,
	const uint32_t *idx, unsigned n)
{
	uint64_t who = dp_regular_who(mac_word(pkt->smac.b), pkt->link), print;
	struct dp_watched *e;
	struct dp_heard_set *s;
	struct hash128 hash;
	unsigned way = 0;

	hash = w->shared->fast->message(w->rendered.secret, dns, pkt->dns_len, who);
	print = dp_heard_print(hash);
	s = dp_heard_set(&w->heard, hash);
	while (way < DP_HEARD_WAYS && s->print[way] != print)
		way++;
	if (way == DP_HEARD_WAYS) {
		way = w->heard.clock++ % DP_HEARD_WAYS;
		dp_watch_drop(w, &s->watched[way]);
		s->print[way] = print;
		s->watched[way].until_ms = w->now_ms;
	}
	e = &s->watched[way];
	cache_deps_begin(&w->deps);
	w->deps.on = false; /* names are given one by one */
	for (unsigned i = 0; i < n; i++) {
		const struct cache_record *r = cache_record_at(w->cache, idx[i]);

		/* Of a shared RRset the record alone: others of it come and go. */
		cache_deps_name(&w->deps, (atomic_load_explicit(&r->flags, memory_order_relaxed) &
						  CACHE_REC_UNIQUE) != 0
						  ? cache_node_at(w->cache, r->node)->key.lo
						  : r->ident);
		if (cache_record_left_ms(r, w->now_ms) < (int32_t)MS_PER_SEC)
			w->deps.overflow = true;
	}
	if (w->deps.overflow)
		return;
	if (dp_watch_covers(w, e, &w->deps))
		e->until_ms = w->now_ms + MS_PER_SEC;
	else if (!dp_watch_names(w, e, &w->deps))
		s->print[way] = 0;
}
