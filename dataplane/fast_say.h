/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_prefetch.h>

#include "dataplane/admit.h"
#include "dataplane/fast_read.h"
#include "dataplane/note.h"

/* The later passes of the short way, as far as all kinds of packets share them: who it is from,
 * what is kept for it, may it have it, and how it is said. */

/* What becomes of a packet. */
enum taken {
	LEFT,  /* the long way */
	SENT,  /* answered in its own mbuf; of admit(): let in */
	SPENT, /* it ended: the mbuf is to be freed */
};

/* Notes what becomes of a packet. */
static __rte_always_inline void take(struct dp_sieved *sieved, const struct fast *f, enum taken t)
{
	if (likely(t == SENT))
		return;
	if (t == SPENT)
		sieved->spent[sieved->n_spent++] = f->m;
	else
		sieved->left |= UINT32_C(1) << f->at;
}

/* An entry that may be it; the first one, which is nobody's, if there is none. */
static __rte_always_inline const struct dp_rendered *look_up(
	const struct dp_rendered_table *t, const struct dp_rendered_set *s, uint64_t hash)
{
	uint32_t ways = lanes_equal8(s->tag, (uint32_t)hash);

	if (unlikely(ways == 0))
		return t->entry;
	return &t->entry[DP_RENDERED_ENTRY(s, (unsigned)__builtin_ctz(ways))];
}

/* Second pass: who has been let in before, perhaps. */
static __rte_always_inline void fetch_regular(struct dp_worker *w, struct fast *f)
{
	struct dp_regular *r = dp_regular_guess(&w->regulars, f->caller);

	/* Else gcc finds the place anew for what is fetched. */
	asm("" : "+r"(r));
	f->regular = r;
	rte_prefetch0(r);
	rte_prefetch0(&r->told);
}

/* Where nothing is found. */
static const struct dp_rendered_set nothing_kept;

/* Finds out who it is to answers that look at these facts; false: it is not known. */
static __rte_noinline bool find_person(struct dp_worker *w, struct dp_regular *r, uint32_t facts)
{
	const struct cache_station *st = r->station;
	/* Acquire: who it is was written before. */
	uint32_t consumer = atomic_load_explicit(&st->consumer[w->slot], memory_order_acquire);

	if (consumer == POLICY_NO_CONSUMER)
		return false;
	r->person = dp_rendered_person(&w->rendered, consumer, facts,
		atomic_load_explicit(&st->who[w->slot], memory_order_relaxed), w->down);
	r->facts = facts;
	return true;
}

/* Fourth, of links where policy asks who it is: what is asked is looked for, by whom, as far as
 * answers to the question look at it. That it is still the same, and this station that asks, is
 * seen when it is let in. */
static __rte_always_inline void hash_personal(struct dp_worker *w, struct fast *f, uint64_t hash)
{
	const uint32_t facts = *dp_rendered_shape(&w->rendered, hash);
	struct dp_regular *r = f->regular;

	if (unlikely(r->facts != facts) && !find_person(w, r, facts)) {
		/* The long way finds out who it is. */
		f->kept = hash;
		f->set = &nothing_kept;
		return;
	}
	/* Not hashed anew: the line would be read back wider than it was just written. */
	f->key.w[7] ^= r->person;
	f->kept = hash ^ r->person;
	f->set = dp_rendered_set(&w->rendered, f->kept);
	rte_prefetch0(f->set);
}

/* Fourth: what is asked is looked for, whoever asks. personal: there are links where policy asks
 * who it is. */
static __rte_always_inline void hash_query(
	struct dp_worker *w, struct fast *f, const struct line_secret secret, const bool personal)
{
	const uint64_t hash = line_hash(secret, f->key.w);

	f->told = hash ^ f->caller;
	if (personal && f->l->personal) {
		hash_personal(w, f, hash);
		return;
	}
	f->kept = hash;
	f->set = dp_rendered_set(&w->rendered, hash);
	rte_prefetch0(f->set);
}

/* Lines of an entry: what follows them the CPU fetches as it sees how they are read. */
#define FETCHED 3

/* Then what is kept for it. */
static __rte_always_inline void fetch_entry(struct dp_worker *w, struct fast *f)
{
	f->e = look_up(&w->rendered, f->set, f->kept);
	for (unsigned i = 0; i < FETCHED; i++)
		rte_prefetch0((const uint8_t *)f->e + 64 * i);
}

/* The link's own entry, if it has one of the providers; NULL: there is none. */
static __rte_noinline const struct dp_rendered *own_entry_of(struct dp_worker *w, struct fast *f)
{
	const uint64_t person = f->kept ^ hash_of(f);
	const struct dp_rendered *e;
	uint64_t hash;

	f->key.w[7] = dp_rendered_tail(
		(uint32_t)(f->key.w[7] ^ person), f->l->id, true, w->world->generation);
	hash = line_hash(line_secret(w->rendered.secret), f->key.w) ^ person;
	f->key.w[7] ^= person;
	e = look_up(&w->rendered, dp_rendered_set(&w->rendered, hash), hash);
	return lanes_same(e->key.w, f->key.w) ? e : NULL;
}

/* The entry of the links that are alike, or else that. */
static __rte_always_inline const struct dp_rendered *entry_of(struct dp_worker *w, struct fast *f)
{
	const struct dp_rendered *e = f->e;

	if (likely(lanes_same(e->key.w, f->key.w) && (e->links & f->l->bit) == 0))
		return e;
	return own_entry_of(w, f);
}

static __rte_noinline void note_shed(struct dp_worker *w, const struct fast *f, unsigned what)
{
	struct dp_pkt pkt = {.link = f->l->id,
		.family = f->v6 ? 6 : 4,
		.flags = what == DP_METER_ADVERTISEMENTS ? DP_PKT_GROUP | DP_PKT_RESPONSE
							 : DP_PKT_GROUP};

	memcpy(&pkt.smac, rte_pktmbuf_mtod(f->m, const uint8_t *) + 6, sizeof(pkt.smac));
	memcpy(pkt.src, f->udp - (f->v6 ? 32 : 8), f->v6 ? 16 : 4);
	dp_note_refused(w, &pkt, DP_over_station);
}

/* What is the same for all packets of a pass. By value: what is read from memory is read anew after
 * whatever is written. */
struct pass {
	uint32_t now_ms;
	bool admission;
	struct bucket_rate rate; /* of a station's meter */
};

/* what: DP_METER_QUERIES or DP_METER_ADVERTISEMENTS. */
static __rte_always_inline struct pass pass_of(
	const struct dp_worker *w, unsigned what, const bool admission)
{
	return (struct pass){
		.now_ms = w->now_ms, .admission = admission, .rate = w->world->admit[what]};
}

/* Over its station's meter: as dp_admit() ends it. */
static __rte_always_inline enum taken shed(struct dp_worker *w, const struct fast *f, unsigned what)
{
	cache_station_shed(f->regular->station);
	if (unlikely(w->world->audit))
		note_shed(w, f, what);
	/* Received, and over its meter, too (dp_counters_link()). */
	dp_event(w, f->l->id, DP_EV_shed_station, 1);
	return SPENT;
}

/* The same, found out just now: it is known of queries from here on. */
static __rte_noinline enum taken shed_first(
	struct dp_worker *w, const struct fast *f, unsigned what)
{
	if (what == DP_METER_QUERIES)
		f->regular->barred = dp_admit_barred(w, f->regular->station, what);
	return shed(w, f, what);
}

/* Is that where it came from before, too? */
static __rte_always_inline bool same_source(
	const struct dp_regular *r, const struct fast *f, const bool v6)
{
	/* None is 0, which no packet that is no martian has; nobody has none. */
	if (v6)
		return r->src6[0] == load64(f->udp - 32) && r->src6[1] == load64(f->udp - 24);
	return r->src4 == load32(f->udp - 8);
}

/* ... and may it ask? */
static __rte_always_inline bool same_and_free(
	const struct dp_regular *r, const struct fast *f, const bool v6)
{
	_Static_assert(offsetof(struct dp_regular, barred) == offsetof(struct dp_regular, src4) + 4,
		"one word");
	const uint32_t want[2] = {load32(f->udp - 8), 0};

	return v6 ? same_source(r, f, true) && r->barred == 0 : load64(&r->src4) == load64(want);
}

/* It is another source, or its meter had no packet for it before: if that still has none, the
 * query ends, before a byte of DNS is read. SENT: it goes on. */
static __rte_always_inline enum taken look_closely(
	struct dp_worker *w, const struct fast *f, const bool v6, const bool query)
{
	struct dp_regular *r = f->regular;

	if (!same_source(r, f, v6))
		return LEFT;
	if (!query)
		return SENT;
	if (!dp_regular_barred(r, w->now_ms)) {
		r->barred = 0;
		return SENT;
	}
	if (!dp_regular_known(r) || f->room < 8)
		return SENT;
	cache_station_asked(r->station, w->now_ms);
	return shed(w, f, DP_METER_QUERIES);
}

/* Third: is it a source that was let in before, in this world, and whose meter may have a packet
 * for it? SENT: it is, and the line of its station is fetched. */
static __rte_always_inline enum taken find_regular(
	struct dp_worker *w, struct fast *f, const bool v6, const bool query)
{
	struct dp_regular *r = f->regular;

	if (unlikely(r->who != f->who)) {
		r = dp_regular_elsewhere(&w->regulars, f->caller, f->who);
		f->regular = r;
	}
	rte_prefetch0(r->station);
	return likely(same_and_free(r, f, v6)) ? SENT : look_closely(w, f, v6, query);
}

/* The station of a regular: is it to be let in, within its meters? */
static __rte_always_inline enum taken admit_station(struct dp_worker *w, const struct fast *f,
	struct dp_regular *r, struct cache_station *station, const bool v6, unsigned what,
	const struct pass now)
{
	int64_t left;

	if (what == DP_METER_QUERIES) {
		cache_station_asked(station, now.now_ms);
		if (dp_regular_twin(r, f->told, v6, now.now_ms))
			return SENT;
	}
	left = dp_admit_station(w, station, what, now.rate);
	if (unlikely(left < 0))
		return shed_first(w, f, what);
	/* The long way takes from the station once more, and sees to what is over. */
	return dp_admit_link(w, f->l, what, dp_admit_heavy(left, now.rate)) ? SENT : LEFT;
}

/* Is it to be let in, within its meters? SENT, as far as they go. */
static __rte_always_inline enum taken admit(struct dp_worker *w, const struct fast *f,
	const bool v6, unsigned what, const struct pass now)
{
	/* Read once: what is written meanwhile might be these, for all the compiler knows. */
	struct dp_regular *r = f->regular;
	struct cache_station *station = r->station;

	if (likely(dp_regular_is(r, station)))
		return now.admission ? admit_station(w, f, r, station, v6, what, now) : SENT;
	/* Where policy asks who asks, that has to be known even without meters. */
	return now.admission || (what == DP_METER_QUERIES && f->l->personal) ? LEFT : SENT;
}

/* Was it what the entry is for, and has control heard what it is to hear? odd: it may be one that
 * says what few say (DP_SAYS_ODD). */
static __rte_always_inline bool is_for(struct dp_worker *w, const struct fast *f, const bool v6,
	const uint32_t now_ms, const struct dp_rendered *e, const bool odd)
{
	const struct dp_told *told = &f->regular->told;
	const uint64_t mac = mac_of(f);

	if (!dp_watch_good(&e->watched, now_ms) || e->owner == mac)
		return false;
	if (odd && (e->flags & DP_SAYS_MANY) != 0 &&
		cache_owners_bits(dp_rendered_rest(&w->rendered, e)->owners, mac))
		return false;
	if (likely((e->flags & DP_SAYS_BROWSE) != 0) &&
		unlikely(!dp_told_lately(told, f->told, now_ms, DP_INTEREST_UNITS)) &&
		!dp_told_beyond(w, f->told))
		return false;
	return !odd || (e->flags & DP_SAYS_MISSED) == 0 ||
	       dp_told_lately(told, dp_missed_tag(f->told, v6), now_ms, DP_MISSED_UNITS);
}

/* From an address that no station can have, as dp_classify() ends it. Its checksums are not looked
 * at any more. p: the frame; who: dp_regular_who(). */
static __rte_always_inline void refuse(struct dp_worker *w, const struct dp_link *l,
	struct rte_mbuf *m, const uint8_t *p, uint64_t who, unsigned at, struct dp_sieved *sieved)
{
	if (unlikely(l->mode != DP_LINK_GATEWAY || (p[6] & 1) != 0 || !dp_eth_long(m) ||
		     dp_world_odd_mac(w->world, who >> 16))) {
		sieved->left |= UINT32_C(1) << at;
		return;
	}
	sieved->martians[sieved->n_martians++] = l->id;
	sieved->spent[sieved->n_spent++] = m;
}

/* Nothing is kept for it. The long way is what its meter pays for: one that is empty is seen here,
 * and nothing is taken from one that is not. */
static enum taken leave(struct dp_worker *w, const struct fast *f, unsigned what)
{
	struct cache_station *station = f->regular->station;

	if (!w->world->admission || !dp_regular_known(f->regular) ||
		dp_admit_would(w, station, what))
		return LEFT;
	if (what == DP_METER_QUERIES)
		cache_station_asked(station, w->now_ms);
	return shed_first(w, f, what);
}

/* Headers and message, by whole lines of the frame at p: what is behind the message is not sent. */
static __rte_always_inline void write_lines(const struct dp_worker *w, uint8_t *p,
	const uint8_t *hdr, const unsigned hdr_len, const struct dp_rendered *e, const unsigned len)
{
	const unsigned line = hdr_len & ~63u; /* the one that both are in */
	uint8_t *dns = p + hdr_len;
	unsigned at = line + 64 - hdr_len;

	if (line > 0)
		lanes_copy(p, hdr, line);
	lanes_join(p + line, hdr + line, hdr_len - line, e->dns - (hdr_len - line));
	/* Few are longer: what is not asked costs less than to ask (3 %). */
	lanes_copy(dns + at, e->dns + at, 256);
	at += 256;
	if (len <= at)
		return;
	for (; at < len && at < DP_RENDERED_HEAD; at += 64)
		lanes_copy(dns + at, e->dns + at, 64);
	if (unlikely(len > DP_RENDERED_HEAD))
		lanes_copy(dns + DP_RENDERED_HEAD, dp_rendered_long(&w->rendered, e)->dns,
			len - DP_RENDERED_HEAD);
}

/* Inlined for each kind of header. l: the asker's. */
static __rte_always_inline void write_as(const struct dp_worker *w, const struct fast *f,
	const struct dp_link *l, const struct dp_rendered *e, const unsigned l2_len, const bool v6)
{
	const unsigned hdr_len = l2_len + l3_len(v6) + 8, len = e->len;
	unsigned all = hdr_len + len;
	uint8_t *ip = ip_of(f, v6), *p = ip - l2_len, *udp = f->udp;
	struct rte_mbuf *m = f->m;

	/* Else gcc adds up each of them anew. */
	asm("" : "+r"(all));
	m->pkt_len = all;
	m->data_len = (uint16_t)all;
	write_lines(w, p, v6 ? l->hdr6 : l->hdr4, hdr_len, e, len);
	mac_word_write(p, mac_of(f), l->mac_next);
	if (v6) {
		*(unaligned_uint16_t *)(ip + 4) = e->udp_len;
	} else {
		*(unaligned_uint16_t *)(ip + 2) = e->ip4_len;
		*(unaligned_uint16_t *)(ip + 10) = inet_sub(l->ip_check4, e->ip4_len);
	}
	*(unaligned_uint16_t *)(udp + 4) = e->udp_len;
	*(unaligned_uint16_t *)(udp + 6) =
		inet_add(e->checksum, v6 ? l->udp_check6 : l->udp_check4);
}

/* Writes the answer over the question. */
static __rte_always_inline void write_answer(const struct dp_worker *w, const struct fast *f,
	const struct dp_link *l, const struct dp_rendered *e, const bool v6)
{
	if (likely(l->l2_len == 18))
		write_as(w, f, l, e, 18, v6);
	else
		write_as(w, f, l, e, 14, v6);
}

/* Of what more than the first rule decided on. */
static __rte_noinline void count_more(
	struct dp_worker *w, uint16_t link, const struct dp_rendered *e)
{
	const struct dp_rendered_rest *rest = dp_rendered_rest(&w->rendered, e);

	for (unsigned i = 0; i < DP_RENDERED_HITS - 1; i++)
		COUNTER_ADD(w->hits[rest->hit[i]], rest->hit_n[i]);
	if (rest->denied > 0)
		dp_event(w, link, DP_EV_denied, rest->denied);
}

static __rte_always_inline void count_hits(
	struct dp_worker *w, uint16_t link, const struct dp_rendered *e, const bool odd)
{
	/* Most answers rest on one rule. That of none is 0, and 0 times. */
	COUNTER_ADD(w->hits[e->hit], e->hit_n);
	if (odd && (e->flags & DP_SAYS_MORE) != 0)
		count_more(w, link, e);
}

/* Sends what the entry says. */
static __rte_always_inline void say(struct dp_worker *w, struct dp_txq *q, const struct fast *f,
	const struct dp_rendered *e, const bool v6)
{
	const struct dp_link *l = f->l;
	const uint16_t id = l->id;
	const unsigned n = q->n;

	write_answer(w, f, l, e, v6);
	q->m[n] = f->m;
	q->n = n + 1;
	/* Received and answered too (dp_counters_link(), as for all that it adds up). */
	counter_add_pair(w->counters->again[id].n, e->said);
}
