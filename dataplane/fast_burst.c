/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fast.h"

#include <rte_prefetch.h>

#include "dataplane/fast_other.h"
#include "dataplane/fast_read.h"
#include "dataplane/fast_say.h"
#include "dataplane/sieve.h"

/* Compiled once for every instruction set it is worth it for, as FAST_VERSION called FAST_NAME
 * (meson.build). */

/* Second pass. */
static inline void hash_plain(struct dp_worker *w, struct fast *f)
{
	f->hash = line_hash(w->rendered.secret, f->key.w);
	f->set = dp_rendered_set(&w->rendered, f->hash);
	f->caller = dp_regular_hash(f->who);
	f->told = dp_interest_tag(f->hash, f->who);
	rte_prefetch0(f->set);
	rte_prefetch0(w->regulars.tag[dp_regular_set(f->caller)]);
	rte_prefetch0(dp_told_set(w, f->told));
}

/* Third. */
static inline void look_up_plain(struct dp_worker *w, struct fast *f)
{
	f->e = look_up(&w->rendered, f->set, f->hash);
	if (f->e != NULL) {
		rte_prefetch0(f->e);
		rte_prefetch0(&f->e->watched);
		for (unsigned i = 0; i < 4; i++)
			rte_prefetch0(f->e->dns + 64 * i);
	}
	f->regular = regular_of(w, f);
	rte_prefetch0(f->regular);
	rte_prefetch0(f->l->hdr4);
	rte_prefetch0(&w->counters->link[f->l->id].event[DP_EV_rendered]);
}

#define AHEAD 3

/* Fourth: the stations' lines that are needed next, now that their regulars are there. */
static inline uint64_t fetch_stations(
	struct dp_worker *w, const struct fast *fast, uint64_t ahead, unsigned n)
{
	for (; ahead != 0 && n > 0; ahead &= ahead - 1, n--) {
		const struct dp_regular *r = fast[__builtin_ctzll(ahead)].regular;

		if (r != NULL)
			rte_prefetch0(cache_station_at(w->cache, r->station));
	}
	return ahead;
}

/* ... and the answers. */
static inline enum taken answer_plain(struct dp_worker *w, struct dp_txq *q, struct fast *f)
{
	const struct dp_rendered *e = entry_of(w, f);
	enum taken let_in;

	if (e == NULL || !is_for(w, f, e))
		return leave(w, f, DP_METER_QUERIES);
	if (unlikely(e->len == 0))
		return e->n == 0 ? end_query(w, q, f, e, e) : LEFT;
	let_in = admit(w, f, DP_METER_QUERIES);
	if (unlikely(let_in != SENT))
		return let_in;
	count_hits(w, e);
	say(w, q, f, e);
	return SENT;
}

static unsigned fast_burst(struct dp_worker *w, struct rte_mbuf **burst, unsigned n)
{
	const uint16_t port = burst[0]->port;
	const struct dp_port_map *map = w->world->port[port];
	const bool keeps = w->rendered.set != NULL;
	uint64_t taken = 0, plain = 0, others = 0;
	struct fast fast[DP_BURST];
	struct dp_sieved sieved;
	unsigned left = 0;
	struct dp_txq *q;

	if (unlikely(map == NULL || n > DP_BURST || w->id >= map->n_queues))
		return n;
	q = dp_tx_room(w, port, n);
	dp_sieve_begin(w, map, n, &sieved);
	for (unsigned i = 0; i < n; i++) {
		struct dp_eth eth;
		enum kind kind;

		if (i + 3 < n)
			rte_prefetch0(rte_pktmbuf_mtod(burst[i + 3], void *));
		if (unlikely(!dp_sieve_read(w, map, burst[i], &eth)))
			continue;
		if (dp_sieve(w, map, &eth, burst[i], &sieved)) {
			taken |= UINT64_C(1) << i;
			continue;
		}
		kind = keeps ? read_frame(w, &eth, burst[i], &fast[i]) : KIND_LEFT;
		if (kind == KIND_PLAIN)
			plain |= UINT64_C(1) << i;
		else if (kind == KIND_OTHER)
			others |= UINT64_C(1) << i;
	}
	for (uint64_t c = plain; c != 0; c &= c - 1)
		hash_plain(w, &fast[__builtin_ctzll(c)]);
	for (uint64_t c = plain; c != 0; c &= c - 1)
		look_up_plain(w, &fast[__builtin_ctzll(c)]);
	for (uint64_t c = plain, ahead = plain; c != 0; c &= c - 1) {
		unsigned i = (unsigned)__builtin_ctzll(c);
		enum taken t;

		ahead = fetch_stations(w, fast, ahead, c == plain ? AHEAD : 1);
		t = answer_plain(w, q, &fast[i]);
		if (unlikely(t == SPENT))
			sieved.spent[sieved.n_spent++] = burst[i];
		if (t != LEFT)
			taken |= UINT64_C(1) << i;
	}
	if (others != 0)
		taken |= burst_others(w, q, fast, others, &sieved);
	dp_sieve_end(w, map, &sieved);
	if (likely(taken == UINT64_MAX >> (64 - n)))
		return 0;
	for (unsigned i = 0; i < n; i++)
		if ((taken >> i & 1) == 0)
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
