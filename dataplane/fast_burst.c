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

/* n plain questions, from the second pass on. */
static __rte_always_inline void take_plain(struct dp_worker *w, struct dp_txq *q,
	struct fast **plain, unsigned n, struct dp_sieved *sieved)
{
	unsigned n_read = 0;
	const struct line_secret secret = line_secret(w->rendered.secret);
	struct fast *read[TOGETHER];

	for (unsigned i = 0; i < n; i++)
		fetch_regular(w, plain[i]);
	for (unsigned i = 0; i < n; i++) {
		struct fast *f = plain[i];

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

static unsigned fast_burst(
	struct dp_worker *w, const uint16_t port, struct rte_mbuf **burst, unsigned n)
{
	const struct dp_port_map *map = w->world->port[port];
	const bool keeps = w->rendered.set != NULL;
	struct fast fast[DP_BURST], *plain[DP_BURST];
	struct other other[DP_BURST];
	struct dp_sieved sieved;
	unsigned n_plain = 0, n_other = 0, left = 0;
	struct dp_txq *q;

	if (unlikely(map == NULL || n > DP_BURST || w->id >= map->n_queues))
		return n;
	q = dp_tx_room(w, port, n);
	sieved.fast = fast;
	sieved.left = 0;
	sieved.nobodys = 0;
	sieved.n_aside = sieved.n_spent = 0;
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = burst[i];
		struct fast *f = &fast[i];
		const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
		struct dp_eth eth;
		enum kind kind;

		if (i + 3 < n)
			rte_prefetch0(rte_pktmbuf_mtod(burst[i + 3], void *));
		if (unlikely(!dp_eth_plain(m))) {
			sieved.left |= UINT64_C(1) << i;
			continue;
		}
		dp_eth_read(map, p, &eth);
		kind = likely(eth.l != NULL && (p[0] & 1) != 0) ? read_frame(&eth, m, p, f)
								: KIND_LEFT;
		if (unlikely(kind == KIND_LEFT)) {
			if (unlikely(dp_eth_more_tags(&eth))) {
				sieved.left |= UINT64_C(1) << i;
				continue;
			}
			if (eth.l == NULL && !map->inline_pair) {
				dp_sieve_nobodys(&sieved, p);
				sieved.spent[sieved.n_spent++] = m;
				continue;
			}
			eth.at = (uint8_t)i;
			dp_sieve_aside(&sieved, &eth, m);
			continue;
		}
		if (unlikely(kind == KIND_MARTIAN || !keeps)) {
			take(&sieved, f, keeps ? refuse(w, f) : LEFT);
			continue;
		}
		rte_prefetch0(dp_regular_home(&w->regulars, f->caller));
		if (likely(asks_plainly(f->udp)))
			plain[n_plain++] = f;
		else
			other[n_other++].f = f;
	}
	if (sieved.n_aside > 0)
		dp_sieve(w, map, &sieved);
	for (unsigned i = 0; i < n_plain; i += TOGETHER)
		take_plain(w, q, plain + i, RTE_MIN(n_plain - i, (unsigned)TOGETHER), &sieved);
	for (unsigned i = 0; i < n_other; i += TOGETHER)
		take_others(w, q, other + i, RTE_MIN(n_other - i, (unsigned)TOGETHER), &sieved);
	dp_sieve_end(w, map, &sieved);
	for (uint64_t bits = sieved.left; unlikely(bits != 0); bits &= bits - 1)
		burst[left++] = burst[__builtin_ctzll(bits)];
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
