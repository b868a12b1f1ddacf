/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fast.h"

#include <rte_ether.h>
#include <rte_prefetch.h>
#include <rte_udp.h>

#include "base/lanes.h"
#include "dataplane/admit.h"
#include "dataplane/fast_question.h"
#include "dataplane/note.h"
#include "dataplane/worker_priv.h"

/* Compiled once for every instruction set it is worth it for, as FAST_VERSION called FAST_NAME
 * (meson.build). */

/* A query on the short way, from the first pass to the last. */
struct fast {
	struct dp_rendered_key key;
	uint64_t hash;
	struct rte_mbuf *m;
	const struct dp_link *l;
	struct dp_regular *regular;
	struct dp_rendered_set *set;
	const struct dp_rendered *e;
	uint64_t who, caller; /* dp_regular_who(), dp_regular_hash() */
	uint64_t mac;         /* mac_word() of the source */
	uint64_t told;        /* dp_interest_tag(), should it be a browse question */
	const uint8_t *ip;
	uint8_t v6;
};

/*
 * What the first line of a plain query looks like: to the group and its port, tagged or not, no IP
 * options, no fragment. Where a mask is zero anything may stand. DNS: no bits, one question,
 * nothing else; in IPv6 that is behind the line.
 */
struct shape {
	uint8_t value[64], mask[64];
} __attribute__((aligned(64)));

#define VALUE(at, value, mask) [at] = (value),
#define MASK(at, value, mask) [at] = (mask),

/* One field a line; t: bytes of the tag. */
/* clang-format off */
#define ZERO(X, at)  X(at, 0, 0xff)
#define ZERO2(X, at) ZERO(X, at) ZERO(X, (at) + 1)
#define ZERO4(X, at) ZERO2(X, at) ZERO2(X, (at) + 2)
#define PORT(X, at)  X(at, 0x14, 0xff) X((at) + 1, 0xe9, 0xff)
#define TAG(X)       X(12, 0x81, 0xff) ZERO(X, 13)
#define QUERY4(X, t) \
	X(0, 0x01, 0xff) ZERO(X, 1) X(2, 0x5e, 0xff) ZERO2(X, 3) X(5, 0xfb, 0xff) \
	X(12 + (t), 0x08, 0xff) ZERO(X, 13 + (t))       /* IPv4 */ \
	X(14 + (t), 0x45, 0xff)                         /* version, header length */ \
	X(20 + (t), 0, 0x3f) ZERO(X, 21 + (t))          /* more fragments, offset */ \
	X(23 + (t), 17, 0xff)                           /* UDP */ \
	X(30 + (t), 224, 0xff) ZERO2(X, 31 + (t)) X(33 + (t), 251, 0xff) \
	PORT(X, 34 + (t)) PORT(X, 36 + (t)) \
	ZERO2(X, 44 + (t))                              /* a query, no bits */ \
	ZERO(X, 46 + (t)) X(47 + (t), 1, 0xff)          /* one question */ \
	ZERO4(X, 48 + (t)) ZERO2(X, 52 + (t))           /* nothing else */
#define QUERY6(X, t) \
	X(0, 0x33, 0xff) X(1, 0x33, 0xff) ZERO2(X, 2) ZERO(X, 4) X(5, 0xfb, 0xff) \
	X(12 + (t), 0x86, 0xff) X(13 + (t), 0xdd, 0xff) /* IPv6 */ \
	X(14 + (t), 0x60, 0xf0)                         /* version */ \
	X(20 + (t), 17, 0xff)                           /* UDP */ \
	X(38 + (t), 0xff, 0xff) X(39 + (t), 0x02, 0xff) /* ff02::fb */ \
	ZERO4(X, 40 + (t)) ZERO4(X, 44 + (t)) ZERO4(X, 48 + (t)) ZERO(X, 52 + (t)) \
	X(53 + (t), 0xfb, 0xff) \
	PORT(X, 54 + (t)) PORT(X, 56 + (t))
/* clang-format on */

static const struct shape shapes[4] = {
	{{QUERY4(VALUE, 0)}, {QUERY4(MASK, 0)}},
	{{QUERY6(VALUE, 0)}, {QUERY6(MASK, 0)}},
	{{TAG(VALUE) QUERY4(VALUE, 4)}, {TAG(MASK) QUERY4(MASK, 4)}},
	{{TAG(VALUE) QUERY6(VALUE, 4)}, {TAG(MASK) QUERY6(MASK, 4)}},
};

/* --- first pass: is it of the kind? ---------------------------------------------------------- */

/* In one piece, nobody else's, with room for any answer. */
static inline bool plain_mbuf(const struct rte_mbuf *m)
{
	const uint64_t odd =
		RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;

	return (m->ol_flags & odd) == 0 && m->nb_segs == 1 && rte_mbuf_refcnt_read(m) == 1 &&
	       m->data_len >= 60 && m->buf_len - m->data_off >= DP_HDR_MAX + DP_RENDERED_DNS + 64;
}

/* IPv4's header sums up. *sum: the addresses are added, since UDP's pseudo header has them. */
static inline bool ip_sums_up(const uint8_t *ip, bool v6, uint64_t *sum)
{
	if (!v6) {
		uint64_t addresses = (uint64_t)load32(ip + 12) + load32(ip + 16);

		*sum += addresses;
		return sums_up(addresses + load32(ip) + load32(ip + 4) + load32(ip + 8));
	}
	*sum += halves(load64(ip + 8)) + halves(load64(ip + 16)) + halves(load64(ip + 24)) +
		halves(load64(ip + 32));
	return true;
}

/*
 * Fills f from a frame of the given shape, if it is one that may go the short way. Inlined for each
 * shape: offsets that are known early keep the chain short from one packet to the next.
 */
static __rte_always_inline bool read_as(struct dp_worker *w, const struct dp_port_map *map,
	const struct shape *s, const unsigned l3, const bool v6, struct rte_mbuf *m, struct fast *f)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *), *ip = p + l3;
	const uint8_t *udp = ip + (v6 ? 40 : 20);
	uint16_t len = load16(udp + 4), ck = load16(udp + 6), vlan = 0;
	unsigned udp_len = rte_be_to_cpu_16(len), name_len = udp_len - (8 + 12 + 4);
	uint64_t sum;

	if (!lanes_match(p, s->value, s->mask))
		return false;
	if (l3 == 18)
		vlan = rte_be_to_cpu_16(load16(p + 14)) & 0xfff;
	f->l = w->world->link[map->link_of_vlan[vlan]];
	if (f->l == NULL || !f->l->fast)
		return false;
	/* A name, and nothing behind its type and class: the datagram's length is all lengths'. */
	if (name_len - 1 >= DP_RENDERED_NAME || m->data_len < l3 + (v6 ? 40 : 20) + udp_len ||
		(v6 ? load16(ip + 4) != len : rte_be_to_cpu_16(load16(ip + 2)) != udp_len + 20) ||
		(load16(udp + 20 + name_len + 2) & rte_cpu_to_be_16(0x7fff)) != rte_cpu_to_be_16(1))
		return false;
	if (v6 && (load16(udp + 10) != 0 ||
			  load64(udp + 12) != rte_cpu_to_be_64(UINT64_C(0x0001000000000000))))
		return false;
	if (!canon(udp + 20, name_len, &f->key, &sum))
		return false;
	/* The length is in the pseudo header too. */
	sum += (uint64_t)load32(udp) + 2 * (uint64_t)len + ck + load16(udp + 8) +
	       rte_cpu_to_be_16(1) + rte_cpu_to_be_16(17);
	if (!ip_sums_up(ip, v6, &sum))
		return false;
	if (!sums_up(sum) && (ck != 0 || v6) &&
		(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return false;
	f->key.w[7] = dp_rendered_tail(
		load16(udp + 20 + name_len), f->l->alike, false, w->world->generation);
	f->mac = mac_word(p + 6);
	f->who = dp_regular_who(f->mac, f->l->id);
	f->ip = ip;
	f->v6 = v6;
	f->m = m;
	return true;
}

static inline bool read_frame(
	struct dp_worker *w, const struct dp_port_map *map, struct rte_mbuf *m, struct fast *f)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t type;

	if (!plain_mbuf(m))
		return false;
	type = load16(p + 12);
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN)) {
		type = load16(p + 16);
		if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
			return read_as(w, map, &shapes[2], 18, false, m, f);
		return type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6) &&
		       read_as(w, map, &shapes[3], 18, true, m, f);
	}
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
		return read_as(w, map, &shapes[0], 14, false, m, f);
	return type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6) &&
	       read_as(w, map, &shapes[1], 14, true, m, f);
}

/* --- third pass, after hashing: is its answer there? ----------------------------------------- */

static inline struct dp_rendered *look_up(const struct dp_rendered_table *t, const struct fast *f)
{
	const struct dp_rendered_set *s = f->set;
	const uint32_t ways = (1u << DP_RENDERED_WAYS) - 1;
	uint32_t way = lanes_equal(s->tag, UINT32_MAX, (uint32_t)f->hash) & ways, entry;

	if (way == 0)
		return NULL;
	entry = DP_RENDERED_ENTRY(s, __builtin_ctz(way));
	return entry != 0 ? &t->entry[entry] : NULL;
}

/* Whoever has the tag; who it is is asked when it has been fetched. */
static inline struct dp_regular *regular_of(struct dp_worker *w, const struct fast *f)
{
	unsigned set = dp_regular_set(f->caller);
	uint32_t ways = lanes_equal(w->regulars.tag[set], UINT32_MAX, (uint32_t)f->caller);

	return ways != 0 ? &w->regulars.at[set][__builtin_ctz(ways)] : NULL;
}

static inline void prefetch_entry(const struct dp_rendered *e)
{
	rte_prefetch0(e);
	rte_prefetch0(&e->until_ms);
	for (unsigned i = 0; i < 4; i++)
		rte_prefetch0(e->dns + 64 * i);
}

/* --- fourth pass: may it have it, and here it is --------------------------------------------- */

/* The entry of the links that are alike, or the link's own if it has one of the providers. */
static inline const struct dp_rendered *entry_of(struct dp_worker *w, struct fast *f)
{
	const struct dp_rendered *e = f->e;

	if (likely(e != NULL && lanes_same(e->key.w, f->key.w) && (e->links & f->l->bit) == 0))
		return e;
	f->key.w[7] = dp_rendered_tail((uint16_t)f->key.w[7], f->l->id, true, w->world->generation);
	f->hash = line_hash(w->rendered.secret, f->key.w);
	f->set = dp_rendered_set(&w->rendered, f->hash);
	e = look_up(&w->rendered, f);
	return e != NULL && lanes_same(e->key.w, f->key.w) ? e : NULL;
}

/* What becomes of a query. */
enum taken { LEFT, SENT, SHED };

/* Over the station's meter: as dp_admit() ends it. */
static enum taken shed(struct dp_worker *w, const struct fast *f)
{
	if (w->world->audit) {
		struct dp_pkt pkt = {
			.link = f->l->id, .family = f->v6 ? 6 : 4, .flags = DP_PKT_GROUP};

		memcpy(&pkt.smac, rte_pktmbuf_mtod(f->m, const uint8_t *) + 6, sizeof(pkt.smac));
		memcpy(pkt.src, f->ip + (f->v6 ? 8 : 12), f->v6 ? 16 : 4);
		dp_note_refused(w, &pkt, DP_over_station);
	}
	dp_event(w, f->l->id, DP_EV_rx, 1);
	dp_event(w, f->l->id, DP_EV_rx_multicast, 1);
	dp_count(w, f->l->id, DP_over_station);
	rte_pktmbuf_free(f->m);
	return SHED;
}

/* The source was let in before, in this world, and is within its meters: SENT, as far as they go.
 */
static inline enum taken admit(struct dp_worker *w, const struct fast *f)
{
	const struct dp_regular *r = f->regular;
	struct cache_station *station;

	if (r == NULL || r->who != f->who)
		return LEFT;
	/* None is 0: what was not let in is not taken for the unspecified address. */
	if (f->v6 ? ((r->src6[0] | r->src6[1]) == 0 || r->src6[0] != load64(f->ip + 8) ||
			    r->src6[1] != load64(f->ip + 16))
		  : (r->src4 == 0 || r->src4 != load32(f->ip + 12)))
		return LEFT;
	if (!w->world->admission)
		return SENT;
	if (r->station == 0)
		return LEFT;
	station = cache_station_at(w->cache, r->station);
	if (atomic_load_explicit(&station->gen, memory_order_acquire) != r->gen)
		return LEFT;
	cache_station_asked(station, w->now_ms);
	if (!dp_admit_station(w, station, DP_METER_QUERIES))
		return shed(w, f);
	/* The long way takes from the station once more, and sees to what is over. */
	return dp_admit_link(w, f->l, DP_METER_QUERIES) ? SENT : LEFT;
}

/* Writes the answer over the question. */
static inline void write_answer(const struct fast *f, const struct dp_rendered *e)
{
	struct rte_mbuf *m = f->m;
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *), *ip;
	unsigned l2 = f->l->l2_len, ip_len = f->v6 ? 40 : 20, udp_len = 8 + e->len;
	uint32_t sum;
	uint16_t ck;

	/* Whole lines: of the header, to the source; then the message over what is too much. */
	lanes_copy(p, f->v6 ? f->l->hdr6 : f->l->hdr4, f->v6 ? DP_HDR_MAX : DP_HDR_ROOM);
	*(unaligned_uint32_t *)p = (uint32_t)f->mac;
	*(unaligned_uint16_t *)(p + 4) = (uint16_t)(f->mac >> 32);
	lanes_copy(p + l2 + ip_len + 8, e->dns, e->len);
	ip = p + l2;
	if (f->v6) {
		*(unaligned_uint16_t *)(ip + 4) = rte_cpu_to_be_16((uint16_t)udp_len);
		sum = f->l->udp_sum6;
	} else {
		uint16_t total = rte_cpu_to_be_16((uint16_t)(20 + udp_len));

		*(unaligned_uint16_t *)(ip + 2) = total;
		*(unaligned_uint16_t *)(ip + 10) = checksum((uint32_t)f->l->ip_sum4 + total);
		sum = f->l->udp_sum4;
	}
	/* The length is in the pseudo header and in the UDP header. */
	sum += 2 * (uint32_t)rte_cpu_to_be_16((uint16_t)udp_len) + e->sum;
	ck = checksum(sum);
	*(unaligned_uint16_t *)(ip + ip_len + 4) = rte_cpu_to_be_16((uint16_t)udp_len);
	*(unaligned_uint16_t *)(ip + ip_len + 6) = ck != 0 ? ck : 0xffff;
	m->data_len = (uint16_t)(l2 + ip_len + udp_len);
	m->pkt_len = m->data_len;
}

static inline enum taken answer(struct dp_worker *w, struct dp_txq *q, struct fast *f)
{
	const struct dp_rendered *e = entry_of(w, f);
	enum taken let_in;

	if (e == NULL || clock_ms_diff(e->until_ms, w->now_ms) <= 0)
		return LEFT;
	if (cache_owners_may(e->owner, e->owners, f->mac))
		return LEFT;
	/* Control is to hear of it: the long way. */
	if (e->browse && !dp_told_lately(w, f->told, DP_INTEREST_UNITS))
		return LEFT;
	let_in = admit(w, f);
	if (unlikely(let_in != SENT))
		return let_in;
	for (unsigned i = 0; i < DP_RENDERED_HITS; i++)
		if (e->hit_n[i] > 0 && w->world->hits[w->id] != NULL)
			COUNTER_ADD(w->world->hits[w->id][e->hit[i]], e->hit_n[i]);
	write_answer(f, e);
	q->link[q->n] = f->l->id;
	q->m[q->n++] = f->m;
	/* Received and answered too (dp_counters_link()). */
	dp_event(w, f->l->id, DP_EV_rendered, 1);
	dp_event(w, f->l->id, DP_EV_tx_records, e->answers);
	return SENT;
}

static unsigned fast_burst(struct dp_worker *w, struct rte_mbuf **burst, unsigned n)
{
	const uint16_t port = burst[0]->port;
	const struct dp_port_map *map = w->world->port[port];
	struct fast fast[DP_BURST];
	uint64_t taken = 0, candidates = 0;
	unsigned left = 0;
	struct dp_txq *q;

	if (unlikely(map == NULL || n > DP_BURST || w->id >= map->n_queues))
		return n;
	q = dp_tx_room(w, port, n);
	for (unsigned i = 0; i < n; i++) {
		struct fast *f = &fast[i];

		if (i + 3 < n)
			rte_prefetch0(rte_pktmbuf_mtod(burst[i + 3], void *));
		if (!read_frame(w, map, burst[i], f))
			continue;
		candidates |= UINT64_C(1) << i;
	}
	for (uint64_t c = candidates; c != 0; c &= c - 1) {
		struct fast *f = &fast[__builtin_ctzll(c)];

		f->hash = line_hash(w->rendered.secret, f->key.w);
		f->set = dp_rendered_set(&w->rendered, f->hash);
		f->caller = dp_regular_hash(f->who);
		f->told = dp_interest_tag(f->hash, f->who);
		rte_prefetch0(f->set);
		rte_prefetch0(w->regulars.tag[dp_regular_set(f->caller)]);
		rte_prefetch0(dp_told_set(w, f->told));
	}
	for (uint64_t c = candidates; c != 0; c &= c - 1) {
		struct fast *f = &fast[__builtin_ctzll(c)];

		f->e = look_up(&w->rendered, f);
		if (f->e != NULL)
			prefetch_entry(f->e);
		f->regular = regular_of(w, f);
		rte_prefetch0(f->regular);
		rte_prefetch0(f->l->hdr4);
		rte_prefetch0(&w->counters->link[f->l->id].event[DP_EV_rendered]);
	}
	for (uint64_t c = candidates; c != 0; c &= c - 1) {
		unsigned i = (unsigned)__builtin_ctzll(c);

		if (answer(w, q, &fast[i]) != LEFT)
			taken |= UINT64_C(1) << i;
	}
	for (unsigned i = 0; i < n; i++)
		if ((taken >> i & 1) == 0)
			burst[left++] = burst[i];
	return left;
}

static uint64_t hash(const uint64_t secret[8], const uint64_t key[8])
{
	return line_hash(secret, key);
}

const struct dp_fast_version FAST_VERSION = {FAST_NAME, fast_burst, hash};
