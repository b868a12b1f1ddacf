/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fast.h"

#include <rte_prefetch.h>

#include "dataplane/fast_other.h"
#include "dataplane/fast_read.h"
#include "dataplane/fast_say.h"
#include "dataplane/sieve.h"

/* Compiled once for every instruction set it is worth it for, as FAST_VERSION called FAST_NAME
 * (meson.build). */

/* What is kept, and what saying it takes. */
static __rte_always_inline void fetch_said(struct dp_worker *w, struct fast *f)
{
	fetch_entry(w, f);
	rte_prefetch0(f->l->hdr4);
	rte_prefetch0(&w->counters->link[f->l->id].event[DP_EV_rendered]);
}

/* Third pass. */
static inline void look_up_plain(struct dp_worker *w, struct fast *f)
{
	fetch_said(w, f);
	f->regular = regular_of(w, f);
	rte_prefetch0(f->regular);
}

#define AHEAD 3

/* Fourth. personal: its station is at hand. */
static __rte_always_inline enum taken answer_plain(
	struct dp_worker *w, struct dp_txq *q, struct fast *f, bool personal)
{
	const struct dp_rendered *e = entry_of(w, f);
	enum taken let_in;

	if (e == NULL || !is_for(w, f, e))
		return leave(w, f, DP_METER_QUERIES);
	if (unlikely(e->len == 0))
		return e->n == 0 ? end_query(w, q, f, e, e) : LEFT;
	if (!personal)
		let_in = admit(w, f, DP_METER_QUERIES);
	else
		let_in = !w->world->admission ? SENT
					      : admit_station(w, f, f->station, DP_METER_QUERIES);
	if (unlikely(let_in != SENT))
		return let_in;
	count_hits(w, f->l->id, e);
	say(w, q, f, e);
	return SENT;
}

/* n plain questions, from the second pass on. Those that are taken of a burst are taken out of it;
 * returns how many. */
static __rte_always_inline unsigned take_plain(struct dp_worker *w, struct dp_txq *q,
	struct rte_mbuf **burst, struct fast **plain, unsigned n, struct dp_sieved *sieved)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < n; i++)
		hash_query(w, plain[i], false);
	for (unsigned i = 0; i < n; i++)
		look_up_plain(w, plain[i]);
	for (unsigned i = 0; i < n && i < AHEAD; i++)
		fetch_station(plain[i]);
	for (unsigned i = 0; i < n; i++) {
		struct fast *f = plain[i];
		enum taken t;

		if (i + AHEAD < n)
			fetch_station(plain[i + AHEAD]);
		t = answer_plain(w, q, f, false);
		taken += take(burst, sieved, f, t);
	}
	return taken;
}

/*
 * The same where policy asks who the asker is: what is kept is found by that too, so the station's
 * line is fetched first. Others go the long way, which finds out.
 */
static __rte_noinline unsigned take_personal(struct dp_worker *w, struct dp_txq *q,
	struct rte_mbuf **burst, struct fast **personal, unsigned n, struct dp_sieved *sieved)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < n; i++)
		hash_query(w, personal[i], true);
	for (unsigned i = 0; i < n; i++) {
		personal[i]->regular = regular_of(w, personal[i]);
		rte_prefetch0(personal[i]->regular);
	}
	for (unsigned i = 0; i < n && i < AHEAD; i++)
		fetch_station(personal[i]);
	for (unsigned i = 0; i < n; i++) {
		if (i + AHEAD < n)
			fetch_station(personal[i + AHEAD]);
		personalise(w, personal[i]);
	}
	for (unsigned i = 0; i < n; i++)
		if (likely(personal[i]->station != NULL))
			fetch_said(w, personal[i]);
	for (unsigned i = 0; i < n; i++) {
		struct fast *f = personal[i];
		enum taken t = likely(f->station != NULL) ? answer_plain(w, q, f, true) : LEFT;

		taken += take(burst, sieved, f, t);
	}
	return taken;
}

static unsigned fast_burst(
	struct dp_worker *w, const uint16_t port, struct rte_mbuf **burst, unsigned n)
{
	const struct dp_port_map *map = w->world->port[port];
	const bool keeps = w->rendered.set != NULL;
	struct fast fast[DP_BURST], *plain[DP_BURST], *personal[DP_BURST];
	struct other other[DP_BURST];
	struct dp_sieved sieved;
	unsigned taken = 0, n_plain = 0, n_personal = 0, n_other = 0, left = 0;
	struct dp_txq *q;

	if (unlikely(map == NULL || n > DP_BURST || w->id >= map->n_queues))
		return n;
	q = dp_tx_room(w, port, n);
	dp_sieve_begin(w, map, n, &sieved);
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = burst[i];
		struct fast *f = &fast[i];
		struct dp_eth eth;
		enum kind kind;

		if (i + 3 < n)
			rte_prefetch0(rte_pktmbuf_mtod(burst[i + 3], void *));
		if (unlikely(!dp_sieve_read(w, map, m, &eth)))
			continue;
		if (dp_sieve(w, map, &eth, m, &sieved)) {
			burst[i] = NULL;
			taken++;
			continue;
		}
		kind = keeps ? read_frame(&eth, m, f) : KIND_LEFT;
		f->at = (uint8_t)i;
		if (kind == KIND_PLAIN && likely(!f->l->personal))
			plain[n_plain++] = f;
		else if (kind == KIND_PLAIN)
			personal[n_personal++] = f;
		else if (kind == KIND_OTHER)
			other[n_other++].f = f;
	}
	taken += take_plain(w, q, burst, plain, n_plain, &sieved);
	if (n_personal > 0)
		taken += take_personal(w, q, burst, personal, n_personal, &sieved);
	if (n_other > 0)
		taken += take_others(w, q, burst, other, n_other, &sieved);
	dp_sieve_end(w, map, &sieved);
	if (likely(taken == n))
		return 0;
	for (unsigned i = 0; i < n; i++)
		if (burst[i] != NULL)
			burst[left++] = burst[i];
	return left;
}

static uint64_t hash(const uint64_t secret[8], const uint64_t key[8])
{
	return line_hash(secret, key);
}

static struct hash128 message(const uint64_t secret[8], const uint8_t *p, size_t len, uint64_t seed)
{
	return message_hash(secret, p, (unsigned)len, seed);
}

const struct dp_fast_version FAST_VERSION = {FAST_NAME, fast_burst, hash, message};
