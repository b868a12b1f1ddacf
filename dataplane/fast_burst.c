/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fast.h"

#include <rte_prefetch.h>

#include "dataplane/fast_other.h"
#include "dataplane/fast_read.h"
#include "dataplane/fast_say.h"
#include "dataplane/sieve.h"

/* Compiled once for every instruction set it is worth it for, as FAST_VERSION called FAST_NAME
 * (meson.build). */

/* The last pass. */
static __rte_always_inline enum taken answer_plain(
	struct dp_worker *w, struct dp_txq *q, struct fast *f)
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
	count_hits(w, f->l->id, e);
	say(w, q, f, e);
	return SENT;
}

/* Frames of a burst that go through the passes together, by what they are. */
struct sorted {
	struct fast fast[TOGETHER], *plain[TOGETHER];
	struct other other[TOGETHER];
	unsigned n_plain, n_other;
};

/* Plain questions, from the second pass on. */
static __rte_noinline void take_plain(
	struct dp_worker *w, struct dp_txq *q, const struct sorted *s, struct dp_sieved *sieved)
{
	const struct line_secret secret = line_secret(w->rendered.secret);
	struct fast *read[TOGETHER];
	unsigned n_read = 0;

	for (unsigned i = 0; i < s->n_plain; i++)
		fetch_regular(w, s->plain[i]);
	for (unsigned i = 0; i < s->n_plain; i++) {
		struct fast *f = s->plain[i];

		find_regular(w, f);
		if (unlikely(spent(w, f)))
			take(sieved, f, SPENT);
		else if (unlikely(!read_question(f)))
			take(sieved, f, LEFT);
		else
			read[n_read++] = f;
	}
	for (unsigned i = 0; i < n_read; i++)
		hash_query(w, read[i], secret);
	for (unsigned i = 0; i < n_read; i++)
		fetch_entry(w, read[i]);
	for (unsigned i = 0; i < n_read; i++)
		take(sieved, read[i], answer_plain(w, q, read[i]));
}

/* A frame that is no mDNS to the group, or perhaps not. */
static __rte_always_inline void put_aside(struct dp_sieved *sieved, const struct dp_port_map *map,
	const struct dp_eth *eth, struct rte_mbuf *m, const uint8_t *p, unsigned at)
{
	if (unlikely(dp_eth_more_tags(eth))) {
		sieved->left |= UINT32_C(1) << at;
	} else if (eth->l == NULL && !map->inline_pair) {
		dp_sieve_nobodys(sieved, p);
		sieved->spent[sieved->n_spent++] = m;
	} else {
		dp_sieve_aside(sieved, m, eth->l, at);
	}
}

/* The first pass, over the frames of the burst from `at` on. */
static __rte_noinline void sort_out(struct dp_worker *w, const struct dp_port_map *map,
	struct rte_mbuf *const *burst, const unsigned at, const unsigned n, struct sorted *s,
	struct dp_sieved *sieved)
{
	const unsigned end = RTE_MIN(at + TOGETHER, n);
	const bool keeps = w->rendered.set != NULL;
	unsigned n_plain = 0, n_other = 0;
	struct fast *f = s->fast;

	for (unsigned i = at; i < end; i++, f++) {
		struct rte_mbuf *m = burst[i];
		const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
		struct dp_eth eth;
		enum kind kind;

		if (i + 3 < n)
			rte_prefetch0(rte_pktmbuf_mtod(burst[i + 3], void *));
		if (unlikely(!dp_eth_plain(m))) {
			sieved->left |= UINT32_C(1) << i;
			continue;
		}
		kind = likely(dp_eth_tagged(p)) ? read_frame(map, m, p, true, &eth, f)
						: read_frame(map, m, p, false, &eth, f);
		if (unlikely(kind == KIND_LEFT)) {
			put_aside(sieved, map, &eth, m, p, i);
			continue;
		}
		f->at = (uint8_t)i;
		if (unlikely(kind == KIND_MARTIAN || !keeps)) {
			take(sieved, f, keeps ? refuse(w, f, sieved) : LEFT);
			continue;
		}
		rte_prefetch0(dp_regular_home(&w->regulars, f->caller));
		if (likely(asks_plainly(f->udp)))
			s->plain[n_plain++] = f;
		else
			s->other[n_other++].f = f;
	}
	s->n_plain = n_plain;
	s->n_other = n_other;
}

static unsigned fast_burst(
	struct dp_worker *w, const uint16_t port, struct rte_mbuf **burst, unsigned n)
{
	const struct dp_port_map *map = w->world->port[port];
	struct dp_sieved sieved;
	unsigned left = 0;
	struct sorted s;
	struct dp_txq *q;

	if (unlikely(map == NULL || n > DP_BURST || w->id >= map->n_queues))
		return n;
	q = dp_tx_room(w, port, n);
	dp_sieve_begin(&sieved);
	for (unsigned at = 0; at < n; at += TOGETHER) {
		sort_out(w, map, burst, at, n, &s, &sieved);
		if (s.n_plain > 0)
			take_plain(w, q, &s, &sieved);
		if (s.n_other > 0)
			take_others(w, q, s.other, s.n_other, &sieved);
	}
	dp_sieve_end(w, map, &sieved);
	for (uint32_t bits = sieved.left; unlikely(bits != 0); bits &= bits - 1)
		burst[left++] = burst[__builtin_ctz(bits)];
	return left;
}

static uint64_t hash(const uint64_t secret[8], const uint64_t key[8])
{
	return line_hash(line_secret(secret), key);
}

static struct hash128 message(const uint64_t secret[8], const uint8_t *p, size_t len, uint64_t seed)
{
	return message_hash(secret, p, (unsigned)len, seed);
}

const struct dp_fast_version FAST_VERSION = {FAST_NAME, fast_burst, hash, message};
