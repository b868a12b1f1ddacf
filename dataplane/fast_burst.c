/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fast.h"

#include "dataplane/fast_cross.h"
#include "dataplane/fast_other.h"
#include "dataplane/fast_read.h"
#include "dataplane/fast_say.h"
#include "dataplane/sieve.h"

/* Compiled once for every instruction set it is worth it for, as FAST_VERSION called FAST_NAME
 * (meson.build). */

/* Sends what is kept for it, if it is for it. */
static __rte_always_inline enum taken answer_with(struct dp_worker *w, struct dp_txq *q,
	const struct fast *f, const bool v6, const struct pass now, const struct dp_rendered *e,
	const bool odd)
{
	enum taken let_in;

	if (unlikely(!is_for(w, f, v6, now.now_ms, e, odd)))
		return leave(w, f, DP_METER_QUERIES);
	if (odd && e->len == 0)
		return e->n == 0 ? end_query(w, q, f, e, e) : LEFT;
	let_in = admit(w, f, v6, DP_METER_QUERIES, now);
	if (unlikely(let_in != SENT))
		return let_in;
	count_hits(w, f->l->id, e, odd);
	say(w, q, f, e, v6);
	return SENT;
}

static __rte_noinline enum taken answer_odd(struct dp_worker *w, struct dp_txq *q,
	const struct fast *f, const struct pass now, const struct dp_rendered *e)
{
	return f->v6 ? answer_with(w, q, f, true, now, e, true)
		     : answer_with(w, q, f, false, now, e, true);
}

/* The last pass. */
static __rte_always_inline enum taken answer_plain(
	struct dp_worker *w, struct dp_txq *q, struct fast *f, const bool v6, const struct pass now)
{
	const struct dp_rendered *e = entry_of(w, f);

	if (unlikely(e == NULL))
		return leave(w, f, DP_METER_QUERIES);
	if (unlikely((e->flags & DP_SAYS_ODD) != 0))
		return answer_odd(w, q, f, now, e);
	return answer_with(w, q, f, v6, now, e, false);
}

static __rte_always_inline void answer_all(struct dp_worker *w, struct dp_txq *q,
	struct fast *const first, struct fast *const end, const bool v6, const struct pass now,
	struct dp_sieved *sieved)
{
	for (struct fast *f = first; f < end; f++)
		take(sieved, f, answer_plain(w, q, f, v6, now));
}

/* Plain questions over one family, from the second pass on. */
static __rte_always_inline void take_plain(struct dp_worker *w, struct dp_txq *q,
	struct fast *const first, struct fast *const end, const bool v6, struct dp_sieved *sieved)
{
	const struct line_secret secret = line_secret(w->rendered.secret);
	struct fast *to = first;

	for (struct fast *f = first; f < end; f++)
		fetch_regular(w, f);
	for (struct fast *f = first; f < end; f++) {
		enum taken known = find_regular(w, f, v6, true);

		if (unlikely(known != SENT)) {
			take(sieved, f, known);
		} else if (unlikely(!read_question(f, v6))) {
			take(sieved, f, LEFT);
		} else {
			if (unlikely(to != f))
				*to = *f;
			to++;
		}
	}
	if (unlikely(w->world->personal))
		for (struct fast *f = first; f < to; f++)
			hash_query(w, f, secret, true);
	else
		for (struct fast *f = first; f < to; f++)
			hash_query(w, f, secret, false);
	for (struct fast *f = first; f < to; f++)
		fetch_entry(w, f);
	/* Known when it is compiled, so that it is not looked at for each. */
	if (likely(w->world->admission))
		answer_all(w, q, first, to, v6, pass_of(w, DP_METER_QUERIES, true), sieved);
	else
		answer_all(w, q, first, to, v6, pass_of(w, DP_METER_QUERIES, false), sieved);
}

static __rte_noinline void take_plain4(struct dp_worker *w, struct dp_txq *q, struct fast *first,
	struct fast *end, struct dp_sieved *sieved)
{
	take_plain(w, q, first, end, false, sieved);
}

static __rte_noinline void take_plain6(struct dp_worker *w, struct dp_txq *q, struct fast *first,
	struct fast *end, struct dp_sieved *sieved)
{
	take_plain(w, q, first, end, true, sieved);
}

/* Frames of a burst that go through the passes together, by what they are. */
struct sorted {
	struct fast plain4[TOGETHER], plain6[TOGETHER], rest[TOGETHER];
	struct fast *end4, *end6, *end_rest; /* of those that there are */
	struct other other[TOGETHER];        /* the rest */
};

/* Notes the frame at p in f, as far as it is everybody's: who it is from. Where the next one is to
 * be noted: the same place if it ended here. Inlined for each kind: offsets that are known early
 * keep the chain short from one packet to the next. */
static __rte_always_inline struct fast *note_frame(struct dp_worker *w, struct fast *f,
	const struct dp_link *l, struct rte_mbuf *m, uint8_t *p, const unsigned l3, const bool v6,
	unsigned at, struct dp_sieved *sieved)
{
	const uint64_t who = dp_regular_who(mac_word_wide(p + 6), l->id);

	if (unlikely(from_mars(p + l3, v6))) {
		refuse(w, l, m, p, who, at, sieved);
		return f;
	}
	f->l = l;
	f->m = m;
	f->who = who;
	f->caller = dp_regular_hash(who);
	f->udp = p + l3 + l3_len(v6);
	f->room = (int)m->data_len - (int)(l3 + l3_len(v6));
	f->v6 = v6;
	f->at = (uint8_t)at;
	return f + 1;
}

/* What is no plain question over IPv4: notes the frame at p where it belongs; false: it is no mDNS
 * to the group, or perhaps not. */
static __rte_always_inline bool sort_rest(struct dp_worker *w, const struct dp_link *l,
	struct rte_mbuf *m, uint8_t *p, const bool tagged, unsigned at, struct sorted *s,
	struct dp_sieved *sieved)
{
	const bool v6 = dp_eth_type(p, tagged) == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6);
	const unsigned l3 = tagged ? 18 : 14;

	if (v6 ? !lanes_match(p, group6[tagged].value, group6[tagged].mask)
	       : !lanes_match(p, group4[tagged].value, group4[tagged].mask))
		return false;
	if (v6 && asks_plainly(p + l3 + 40))
		s->end6 = note_frame(w, s->end6, l, m, p, l3, true, at, sieved);
	else if (v6)
		s->end_rest = note_frame(w, s->end_rest, l, m, p, l3, true, at, sieved);
	else
		s->end_rest = note_frame(w, s->end_rest, l, m, p, l3, false, at, sieved);
	return true;
}

/* The frame at p: noted where it belongs, or sieved. to: where the next plain question over IPv4
 * is noted; returns that of the one after. */
static __rte_always_inline struct fast *sort_tagged(struct dp_worker *w,
	const struct dp_port_map *map, struct rte_mbuf *m, uint8_t *p, const bool tagged,
	unsigned at, struct fast *to, struct sorted *s, struct dp_sieved *sieved)
{
	const struct dp_link *l = dp_eth_link(map, p, tagged);

	if (likely(l != NULL) && likely(roomy(m))) {
		if (likely(lanes_match(p, plain4[tagged].value, plain4[tagged].mask)))
			return note_frame(w, to, l, m, p, tagged ? 18 : 14, false, at, sieved);
		if ((p[0] & 1) != 0 && sort_rest(w, l, m, p, tagged, at, s, sieved))
			return to;
	}
	dp_sieve_frame(w, sieved, l, m, p, tagged, at);
	return to;
}

static __rte_always_inline struct fast *sort_frame(struct dp_worker *w,
	const struct dp_port_map *map, struct rte_mbuf *m, unsigned at, struct fast *to,
	struct sorted *s, struct dp_sieved *sieved)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	if (unlikely(!dp_eth_plain(m))) {
		sieved->left |= UINT32_C(1) << at;
		return to;
	}
	return likely(dp_eth_tagged(p)) ? sort_tagged(w, map, m, p, true, at, to, s, sieved)
					: sort_tagged(w, map, m, p, false, at, to, s, sieved);
}

/* The first pass, over the frames of the burst from `at` on. */
static __rte_noinline void sort_out(struct dp_worker *w, const struct dp_port_map *map,
	struct rte_mbuf *const *burst, size_t at, const size_t n, struct sorted *s,
	struct dp_sieved *sieved)
{
	const size_t end = RTE_MIN(at + TOGETHER, n);
	struct fast *to = s->plain4;

	s->end6 = s->plain6;
	s->end_rest = s->rest;
	for (; at < end; at++)
		to = sort_frame(w, map, burst[at], (unsigned)at, to, s, sieved);
	s->end4 = to;
}

/* What was sorted out, from the second pass on. */
static __rte_always_inline void take_all(
	struct dp_worker *w, struct dp_txq *q, struct sorted *s, struct dp_sieved *sieved)
{
	unsigned n_other = 0;

	if (s->end4 > s->plain4)
		take_plain4(w, q, s->plain4, s->end4, sieved);
	if (s->end6 > s->plain6)
		take_plain6(w, q, s->plain6, s->end6, sieved);
	for (struct fast *f = s->rest; f < s->end_rest; f++)
		s->other[n_other++].f = f;
	if (n_other > 0)
		take_others(w, q, s->other, n_other, sieved);
}

/* The same where nothing is kept. */
static __rte_noinline void leave_all(const struct sorted *s, struct dp_sieved *sieved)
{
	for (const struct fast *f = s->plain4; f < s->end4; f++)
		take(sieved, f, LEFT);
	for (const struct fast *f = s->plain6; f < s->end6; f++)
		take(sieved, f, LEFT);
	for (const struct fast *f = s->rest; f < s->end_rest; f++)
		take(sieved, f, LEFT);
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
	dp_sieve_begin(w, map, &sieved, n);
	for (unsigned at = 0; at < n; at += TOGETHER) {
		sort_out(w, map, burst, at, n, &s, &sieved);
		if (likely(w->rendered.set != NULL))
			take_all(w, q, &s, &sieved);
		else
			leave_all(&s, &sieved);
	}
	dp_sieve_end(w, &sieved);
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

const struct dp_fast_version FAST_VERSION = {FAST_NAME, cross_burst, fast_burst, hash, message};
