/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fast.h"

#include <rte_ether.h>
#include <rte_prefetch.h>
#include <rte_udp.h>

#include "dataplane/admit.h"
#include "dataplane/worker_priv.h"

/* Compiled once for every instruction set it is worth it for (meson.build: FAST_BURST, FAST_AVX*).
 */

#if defined(FAST_AVX512) || defined(FAST_AVX2)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#define PORTS_5353 rte_cpu_to_be_32(0x14e914e9u)
#define GROUP4 rte_cpu_to_be_32(0xe00000fbu)
#define ALL_GROUPS UINT64_C(0xffffffffffff)

/* A query on the short way, from the first pass to the last. */
struct fast {
	struct dp_rendered_key key;
	uint64_t hash;
	struct rte_mbuf *m;
	const struct dp_link *l;
	struct dp_regular *regular;
	struct dp_rendered_set *set;
	struct dp_rendered *e;
	uint64_t who;
	uint64_t told;   /* dp_interest_tag(), of a browse question */
	uint64_t src[2]; /* IPv4: in the first four bytes */
	uint8_t v6;
};

static inline const struct mac_addr *mac_of(const struct fast *f)
{
	return (const struct mac_addr *)((const uint8_t *)&f->who + 2);
}

static inline uint64_t load64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint16_t load16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static inline uint64_t halves(uint64_t v)
{
	return (v & 0xffffffff) + (v >> 32);
}

/* Sum of n bytes, in 32-bit halves: what lies behind them in the buffer is masked. */
static inline uint64_t sum_bytes(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (; n >= 8; n -= 8, p += 8)
		sum += halves(load64(p));
	if (n > 0)
		sum += halves(load64(p) & (UINT64_MAX >> (64 - 8 * n)));
	return sum;
}

/*
 * The question at p, a name and four bytes, `room` bytes with them, as a key without its last word.
 * Upper case is only told from length bytes by their being at most 63. Returns the name's length if
 * the first zero ends it there, else 0: in a name that is none, or is longer. Reads 64 bytes.
 */
#if defined(FAST_AVX512)
static inline unsigned canon(const uint8_t *p, struct dp_rendered_key *key)
{
	__m512i v = _mm512_loadu_si512(p);
	__mmask64 upper = _mm512_cmplt_epu8_mask(
		_mm512_sub_epi8(v, _mm512_set1_epi8('A')), _mm512_set1_epi8(26));
	uint64_t zero = _mm512_cmpeq_epi8_mask(v, _mm512_setzero_si512());
	unsigned end = (unsigned)__builtin_ctzll(zero | UINT64_C(1) << 63);

	v = _mm512_mask_add_epi8(v, upper, v, _mm512_set1_epi8(0x20));
	v = _mm512_maskz_mov_epi8(((UINT64_C(1) << end) - 1), v);
	_mm512_store_si512(key, v);
	return end + 1;
}
#elif defined(FAST_AVX2)
static inline unsigned canon(const uint8_t *p, struct dp_rendered_key *key)
{
	const __m256i count = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
	__m256i v[2], end8;
	uint64_t zero = 0;
	unsigned end;

	for (unsigned i = 0; i < 2; i++) {
		v[i] = _mm256_loadu_si256((const __m256i *)(p + 32 * i));
		zero |= (uint64_t)(uint32_t)_mm256_movemask_epi8(
				_mm256_cmpeq_epi8(v[i], _mm256_setzero_si256()))
			<< (32 * i);
	}
	end = (unsigned)__builtin_ctzll(zero | UINT64_C(1) << 63);
	end8 = _mm256_set1_epi8((char)end);
	for (unsigned i = 0; i < 2; i++) {
		/* Signed: 'A'..'Z' moved to the bottom of the range. */
		__m256i low = _mm256_sub_epi8(v[i], _mm256_set1_epi8((char)('A' + 128)));
		__m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(-128 + 26)), low);

		v[i] = _mm256_add_epi8(v[i], _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
		v[i] = _mm256_and_si256(
			v[i], _mm256_cmpgt_epi8(end8,
				      _mm256_add_epi8(count, _mm256_set1_epi8((char)(32 * i)))));
		_mm256_store_si256((__m256i *)key + i, v[i]);
	}
	return end + 1;
}
#elif defined(__SSE2__)
static inline unsigned canon(const uint8_t *p, struct dp_rendered_key *key)
{
	const __m128i count = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	__m128i v[4], end8;
	uint64_t zero = 0;
	unsigned end;

	for (unsigned i = 0; i < 4; i++) {
		v[i] = _mm_loadu_si128((const __m128i *)(p + 16 * i));
		zero |= (uint64_t)(uint32_t)_mm_movemask_epi8(
				_mm_cmpeq_epi8(v[i], _mm_setzero_si128()))
			<< (16 * i);
	}
	end = (unsigned)__builtin_ctzll(zero | UINT64_C(1) << 63);
	end8 = _mm_set1_epi8((char)end);
	for (unsigned i = 0; i < 4; i++) {
		__m128i low = _mm_sub_epi8(v[i], _mm_set1_epi8((char)('A' + 128)));
		__m128i upper = _mm_cmpgt_epi8(_mm_set1_epi8((char)(-128 + 26)), low);

		v[i] = _mm_add_epi8(v[i], _mm_and_si128(upper, _mm_set1_epi8(0x20)));
		v[i] = _mm_and_si128(v[i],
			_mm_cmpgt_epi8(end8, _mm_add_epi8(count, _mm_set1_epi8((char)(16 * i)))));
		_mm_store_si128((__m128i *)key + i, v[i]);
	}
	return end + 1;
}
#else
static inline unsigned canon(const uint8_t *p, struct dp_rendered_key *key)
{
	uint8_t *out = (uint8_t *)key;
	unsigned n = 0;

	memset(key, 0, sizeof(*key));
	for (; n < 63 && p[n] != 0; n++)
		out[n] = p[n] >= 'A' && p[n] <= 'Z' ? (uint8_t)(p[n] + 0x20) : p[n];
	return n + 1;
}
#endif

/* Both are whole lines. */
static inline bool same_key(const struct dp_rendered_key *a, const struct dp_rendered_key *b)
{
	uint64_t diff = 0;

	for (unsigned i = 0; i < 8; i++)
		diff |= a->w[i] ^ b->w[i];
	return diff == 0;
}

/* n bytes in steps of 64: both have room for the last one. */
static inline void copy_lines(uint8_t *to, const uint8_t *from, unsigned n)
{
	typedef uint8_t line __attribute__((vector_size(64), aligned(1), may_alias));

	for (unsigned i = 0; i < n; i += 64)
		*(line *)(to + i) = *(const line *)(from + i);
}

/* --- first pass: is it of the kind? ---------------------------------------------------------- */

/* The IP header at p is plain and right, of a UDP datagram to the group that is all there; returns
 * the length of the header, or 0. *udp_len, *sum: of the pseudo header. */
static inline unsigned plain_ip(
	const uint8_t *p, size_t avail, bool v6, struct fast *f, size_t *udp_len, uint64_t *sum)
{
	if (!v6) {
		size_t total = rte_be_to_cpu_16(load16(p + 2));

		/* Version and header length, no fragment, UDP, to the group. */
		if (p[0] != 0x45 || (load16(p + 6) & rte_cpu_to_be_16(0x3fff)) != 0 || p[9] != 17 ||
			load32(p + 16) != GROUP4 || total < 28 || total > avail)
			return 0;
		*sum = halves(load64(p + 12));
		if (fold(halves(load64(p)) + load32(p + 8) + *sum) != 0xffff)
			return 0;
		f->src[0] = load32(p + 12);
		*udp_len = total - 20;
		*sum += rte_cpu_to_be_16(17) + (uint64_t)rte_cpu_to_be_16((uint16_t)*udp_len);
		return 20;
	}
	*udp_len = rte_be_to_cpu_16(load16(p + 4));
	f->src[0] = load64(p + 8);
	f->src[1] = load64(p + 16);
	if (p[0] >> 4 != 6 || p[6] != 17 || *udp_len < 8 || *udp_len > avail - 40 ||
		load64(p + 24) != rte_cpu_to_be_64(UINT64_C(0xff02) << 48) ||
		load64(p + 32) != rte_cpu_to_be_64(0xfb))
		return 0;
	*sum = halves(f->src[0]) + halves(f->src[1]) + halves(load64(p + 24)) +
	       halves(load64(p + 32)) + rte_cpu_to_be_16(17) +
	       (uint64_t)rte_cpu_to_be_16((uint16_t)*udp_len);
	return 40;
}

/* Fills f from a frame that may go the short way. */
static inline bool read_frame(
	struct dp_worker *w, const struct dp_port_map *map, struct rte_mbuf *m, struct fast *f)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *), *udp;
	uint64_t group = load64(p) & ALL_GROUPS, sum;
	size_t len = m->data_len, l3 = 14, udp_len;
	uint16_t type = load16(p + 12), vlan = 0;
	unsigned ip_len, name_len;

	if (len < 60 || m->nb_segs != 1 || (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0 ||
		rte_mbuf_refcnt_read(m) != 1 || !RTE_MBUF_DIRECT(m))
		return false;
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN)) {
		vlan = rte_be_to_cpu_16(load16(p + 14)) & 0xfff;
		type = load16(p + 16);
		l3 = 18;
	}
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
		f->v6 = 0;
	else if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6))
		f->v6 = 1;
	else
		return false;
	/* 01:00:5e:00:00:fb or 33:33:00:00:00:fb */
	if (group != (f->v6 ? UINT64_C(0xfb0000003333) : UINT64_C(0xfb00005e0001)) ||
		len < l3 + (f->v6 ? 40 : 20) + 8 + 12 + 5)
		return false;
	f->l = w->world->link[map->link_of_vlan[vlan]];
	if (f->l == NULL || !f->l->fast)
		return false;
	ip_len = plain_ip(p + l3, len - l3, f->v6, f, &udp_len, &sum);
	if (ip_len == 0 || udp_len < 8 + 12 + 5)
		return false;
	udp = p + l3 + ip_len;
	/* Both ports; query, no bits; one question, and nothing else. */
	if (load32(udp) != PORTS_5353 || rte_be_to_cpu_16(load16(udp + 4)) != udp_len ||
		load16(udp + 10) != 0 ||
		load64(udp + 12) != rte_cpu_to_be_64(UINT64_C(0x0001000000000000)))
		return false;
	name_len = canon(udp + 20, &f->key);
	if (name_len > DP_RENDERED_NAME || udp_len != 8 + 12 + name_len + 4 ||
		(load16(udp + 20 + name_len + 2) & rte_cpu_to_be_16(0x7fff)) != rte_cpu_to_be_16(1))
		return false;
	if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != RTE_MBUF_F_RX_L4_CKSUM_GOOD &&
		(load16(udp + 6) != 0 || f->v6) && fold(sum + sum_bytes(udp, udp_len)) != 0xffff)
		return false;
	f->key.w[7] = dp_rendered_tail(load16(udp + 20 + name_len), f->l->alike, false);
	f->who = dp_regular_who(p + 6, f->l->id);
	f->m = m;
	return true;
}

/* --- second pass: is its answer there? ------------------------------------------------------- */

static inline struct dp_rendered *look_up(const struct dp_rendered_table *t, const struct fast *f)
{
	const struct dp_rendered_set *s = f->set;

	for (unsigned i = 0; i < DP_RENDERED_WAYS; i++)
		if (s->tag[i] == (uint32_t)f->hash && s->entry[i] != 0)
			return &t->entry[s->entry[i]];
	return NULL;
}

static inline void prefetch_entry(const struct dp_rendered *e)
{
	rte_prefetch0(e);
	rte_prefetch0(&e->until_ms);
	for (unsigned i = 0; i < 4; i++)
		rte_prefetch0(e->dns + 64 * i);
}

/* --- third pass: may it have it, and here it is ---------------------------------------------- */

/* The entry of the links that are alike, or the link's own if it has one of the providers. */
static inline const struct dp_rendered *entry_of(struct dp_worker *w, struct fast *f)
{
	const struct dp_rendered *e = f->e;
	uint64_t link_bit = cache_link_bit(f->l->id);

	if (likely(e != NULL && same_key(&e->key, &f->key) && (e->links & link_bit) == 0))
		return e;
	f->key.w[7] = (f->key.w[7] & 0xffff) | dp_rendered_tail(0, f->l->id, true);
	f->hash = dp_rendered_hash(&w->rendered, &f->key);
	f->set = dp_rendered_set(&w->rendered, f->hash);
	e = look_up(&w->rendered, f);
	if (e != NULL && e->browse != 0)
		f->told = dp_interest_tag(e->browse, f->l, mac_of(f));
	return e != NULL && same_key(&e->key, &f->key) ? e : NULL;
}

/* The source was let in before, in this world, and is within its meters. */
static inline bool admitted(struct dp_worker *w, const struct fast *f)
{
	const struct dp_regular *r = f->regular;

	if (r->who != f->who || r->era != w->era)
		return false;
	if (f->v6 ? (r->src6[0] != f->src[0] || r->src6[1] != f->src[1])
		  : r->src4 != (uint32_t)f->src[0])
		return false;
	if (!w->world->admission)
		return true;
	if (r->station == 0 || atomic_load_explicit(&cache_station_at(w->cache, r->station)->gen,
				       memory_order_acquire) != r->gen)
		return false;
	return dp_admit_regular(w, f->l, cache_station_at(w->cache, r->station));
}

/* Writes the answer over the question. */
static inline void write_answer(const struct fast *f, const struct dp_rendered *e)
{
	struct rte_mbuf *m = f->m;
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *), *ip;
	unsigned l2 = f->l->l2_len, ip_len = f->v6 ? 40 : 20, udp_len = 8 + e->len;
	uint64_t smac = load64(p + 6);
	const uint8_t *head = f->v6 ? f->l->hdr6 : f->l->hdr4;
	uint64_t sum;
	uint16_t ck;

	copy_lines(p + l2 + ip_len + 8, e->dns, e->len);
	/* 66 bytes at most; those behind the header are the message's, and are left alone. */
	memcpy(p, head, 16);
	memcpy(p + 16, head + 16, 16);
	memcpy(p + 32, head + 32, 8);
	if (f->v6) {
		memcpy(p + 40, head + 40, 16);
		memcpy(p + l2 + 38, head + l2 + 38, 10);
	} else {
		memcpy(p + l2 + 18, head + l2 + 18, 10);
	}
	memcpy(p, &smac, 4);
	smac >>= 32;
	memcpy(p + 4, &smac, 2);
	ip = p + l2;
	if (f->v6) {
		*(unaligned_uint16_t *)(ip + 4) = rte_cpu_to_be_16((uint16_t)udp_len);
		sum = f->l->udp_sum6;
	} else {
		uint16_t total = rte_cpu_to_be_16((uint16_t)(20 + udp_len));

		*(unaligned_uint16_t *)(ip + 2) = total;
		*(unaligned_uint16_t *)(ip + 10) = (uint16_t)~fold((uint64_t)f->l->ip_sum4 + total);
		sum = f->l->udp_sum4;
	}
	/* The length is in the pseudo header and in the UDP header. */
	sum += 2 * (uint64_t)rte_cpu_to_be_16((uint16_t)udp_len) + e->sum;
	ck = (uint16_t)~fold(sum);
	*(unaligned_uint16_t *)(ip + ip_len + 4) = rte_cpu_to_be_16((uint16_t)udp_len);
	*(unaligned_uint16_t *)(ip + ip_len + 6) = ck != 0 ? ck : 0xffff;
	m->data_len = (uint16_t)(l2 + ip_len + udp_len);
	m->pkt_len = m->data_len;
}

static inline bool answer(struct dp_worker *w, struct fast *f)
{
	const struct dp_rendered *e = entry_of(w, f);

	if (e == NULL || clock_ms_diff(e->until_ms, w->now_ms) <= 0 ||
		e->generation != (uint32_t)w->world->generation)
		return false;
	if ((e->owners & cache_mac_bit(mac_of(f))) != 0 ||
		rte_pktmbuf_tailroom(f->m) + f->m->data_len < DP_HDR_MAX + DP_RENDERED_DNS + 64)
		return false;
	/* Control is to hear of it: the long way. */
	if (e->browse != 0 && !dp_told_lately(w, f->told, DP_INTEREST_MS))
		return false;
	if (!admitted(w, f))
		return false;
	for (unsigned i = 0; i < DP_RENDERED_HITS; i++)
		if (e->hit_n[i] > 0 && w->world->hits[w->id] != NULL)
			COUNTER_ADD(w->world->hits[w->id][e->hit[i]], e->hit_n[i]);
	write_answer(f, e);
	dp_event(w, f->l->id, DP_EV_rx, 1);
	dp_event(w, f->l->id, DP_EV_rx_multicast, 1);
	dp_event(w, f->l->id, DP_EV_rendered, 1);
	dp_event(w, f->l->id, DP_EV_tx_multicast, 1);
	dp_event(w, f->l->id, DP_EV_tx_records, e->answers);
	dp_count(w, f->l->id, DP_answered);
	dp_tx(w, f->l->port, f->l->id, f->m);
	return true;
}

unsigned FAST_BURST(struct dp_worker *w, struct rte_mbuf **burst, unsigned n)
{
	const struct dp_port_map *map = w->world->port[burst[0]->port];
	struct fast fast[DP_BURST];
	uint64_t taken = 0, candidates = 0;
	unsigned left = 0;

	if (unlikely(map == NULL || n > DP_BURST))
		return n;
	for (unsigned i = 0; i < n; i++) {
		struct fast *f = &fast[i];

		if (i + 3 < n)
			rte_prefetch0(rte_pktmbuf_mtod(burst[i + 3], void *));
		if (!read_frame(w, map, burst[i], f))
			continue;
		f->hash = dp_rendered_hash(&w->rendered, &f->key);
		f->set = dp_rendered_set(&w->rendered, f->hash);
		f->regular = dp_regular_at(w->regular, f->who);
		rte_prefetch0(f->set);
		rte_prefetch0(f->regular);
		candidates |= UINT64_C(1) << i;
	}
	for (uint64_t c = candidates; c != 0; c &= c - 1) {
		struct fast *f = &fast[__builtin_ctzll(c)];

		f->e = look_up(&w->rendered, f);
		if (f->e != NULL)
			prefetch_entry(f->e);
		if (f->regular->station != 0)
			rte_prefetch0(cache_station_at(w->cache, f->regular->station));
	}
	for (uint64_t c = candidates; c != 0; c &= c - 1) {
		struct fast *f = &fast[__builtin_ctzll(c)];

		if (f->e != NULL && f->e->browse != 0) {
			f->told = dp_interest_tag(f->e->browse, f->l, mac_of(f));
			rte_prefetch0(dp_told_set(w, f->told));
		}
	}
	for (uint64_t c = candidates; c != 0; c &= c - 1) {
		unsigned i = (unsigned)__builtin_ctzll(c);

		if (answer(w, &fast[i]))
			taken |= UINT64_C(1) << i;
	}
	for (unsigned i = 0; i < n; i++)
		if ((taken >> i & 1) == 0)
			burst[left++] = burst[i];
	return left;
}
