/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <string.h>

#include "base/quads.h"
#include "dataplane/sieve.h"
#include "dataplane/worker_priv.h"

/*
 * An inline pair, where most is what two stations have with each other: four frames at once are
 * seen to be tagged, of a size that passes, and from a station to a station, neither of them us.
 * They are passed on; the rest goes the way of all that is received. What is said here is on the
 * safe side: a frame that may be something else is the rest. The first segment of a chain has its
 * headers.
 */

#if defined(QUADS)

/* What frames are compared with that is not the same for all ports and worlds. */
struct crossing {
	quads size_most;    /* where oddities() has pkt_len, beyond the least */
	quads ends, fifths; /* dp_world.mac_ends and mac_fifths */
};

#define DP_L2_LEAST (RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)
#define WORDS(...) ((const uint16_t[8]){__VA_ARGS__})
#define BYTES(...) ((const uint8_t[16]){__VA_ARGS__})
#define PICK2(a, b)                                                                                \
	BYTES(a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, b, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,  \
		0x80)

static __rte_always_inline struct crossing crossing_of(
	const struct dp_world *world, const struct dp_port_map *to)
{
	const uint64_t most = RTE_MIN(to->mtu + DP_L2_CROSSING, UINT16_MAX) - DP_L2_LEAST;

	_Static_assert(
		offsetof(struct rte_mbuf, pkt_len) == offsetof(struct rte_mbuf, ol_flags) + 12,
		"both in sixteen bytes");
	return (struct crossing){
		/* The flags are in its way, but for those that nothing received has. */
		quads_words(most << 32 | UINT32_MAX),
		quads_words(world->mac_ends),
		quads_words(world->mac_fifths),
	};
}

/* Of each: 0, if it may cross. head: the addresses, the type, which is a tag's, and the tag. */
static __rte_always_inline quads oddities(
	const struct crossing *c, const quads head, struct rte_mbuf *const m[QUADS])
{
	/* Flags, and from byte 12 on the length. */
	const quads mbuf =
		quads_load(&m[0]->ol_flags, &m[1]->ol_flags, &m[2]->ol_flags, &m[3]->ol_flags);
	const quads type = quads_all(BYTES(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x81, 0, 0, 0));
	const quads type_and_groups =
		quads_all(BYTES(1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0));
	/* The bits of the masks that the last two bytes of each address are. */
	const quads low6 = quads_all(WORDS(63, 0, 0, 0, 63, 0, 0, 0));
	const quads end = quads_and(low6, quads_pick(head, quads_all(PICK2(5, 11))));
	const quads fifth = quads_and(low6, quads_pick(head, quads_all(PICK2(4, 10))));
	const quads ours = quads_and(quads_shift(c->ends, end), quads_shift(c->fifths, fifth));
	const quads one = quads_all(WORDS(1, 0, 0, 0, 1, 0, 0, 0));
	const quads tag_beside = quads_all(WORDS(RTE_MBUF_F_RX_VLAN_STRIPPED, 0, 0, 0, 0, 0, 0, 0));
	/* From the least size on: what is less becomes the most. */
	const quads more = quads_minus(mbuf, quads_all(WORDS(0, 0, 0, 0, 0, 0, DP_L2_LEAST, 0)));
	quads odd = quads_and(quads_xor(head, type), type_and_groups);

	odd = quads_or(odd, quads_and(ours, one));
	odd = quads_or(odd, quads_and(mbuf, tag_beside));
	return quads_or(odd, quads_over(more, c->size_most));
}

/* The VLANs of their outer tags, each in the first word of its eight. */
static __rte_always_inline quads vlans(const quads head)
{
	return quads_and(
		quads_pick(head, quads_all(BYTES(15, 14, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80))),
		quads_all(WORDS(0xfff, 0, 0, 0, 0, 0, 0, 0)));
}

/* It is not barred: odd for its destination, or for what else is in the first eight bytes, a sender
 * that is a group and a tag beside the frame. Is it what one of a link tells all of it by ARP, and
 * nothing for us? */
static __rte_always_inline bool arp_crosses(struct dp_worker *w, const struct dp_port_map *map,
	const struct rte_mbuf *m, const unsigned vlan)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct dp_link *l = map->link_of_vlan[vlan];

	return p[0] == 0xff && l != NULL && (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0 &&
	       dp_sieve_others_to_all(w->world, l, m, p, true);
}

#define EACH _Pragma("GCC unroll 4") for (unsigned i = 0; i < QUADS; i++)

_Static_assert(DP_TX_BUFFER <= 64, "a bit each");

/* What is known of the frames of a burst. */
struct crowd {
	uint64_t odd;    /* bits: may not cross at once */
	uint64_t barred; /* ... for their size, type or sender */
	uint16_t vlan[DP_TX_BUFFER][8] __attribute__((aligned(64))); /* in the first of each */
};

#define EIGHT_FOURS 32 /* frames that quads_halves() has bits of in 64 */

/* Frames m[] before end, whole fours. */
static __rte_always_inline void look_at(struct crowd *of, const struct crossing *c,
	struct rte_mbuf *const *m, struct rte_mbuf *const *const end)
{
	uint16_t(*vlan)[8] = of->vlan;
	unsigned at = 0;

	of->odd = of->barred = 0;
	while (m < end) {
		struct rte_mbuf *const *const some = RTE_MIN(m + EIGHT_FOURS, end);
		uint64_t halves = 0;

		for (unsigned bit = 0; m < some; m += QUADS, vlan += QUADS, bit += 2 * QUADS) {
			struct rte_mbuf *const four[QUADS] = {m[0], m[1], m[2], m[3]};
			const quads head = quads_load(rte_pktmbuf_mtod(four[0], const void *),
				rte_pktmbuf_mtod(four[1], const void *),
				rte_pktmbuf_mtod(four[2], const void *),
				rte_pktmbuf_mtod(four[3], const void *));

			halves |= quads_halves(oddities(c, head, four)) << bit;
			quads_store(vlan, vlans(head));
		}
		of->odd |= (uint64_t)quads_any(halves) << at;
		of->barred |= (uint64_t)quads_second(halves) << at;
		at += EIGHT_FOURS;
	}
}

/* Those that stay, a bit each. */
static __rte_always_inline uint64_t those_that_stay(struct dp_worker *w,
	const struct dp_port_map *map, const struct crowd *of, struct rte_mbuf *const *m)
{
	uint64_t stay = of->odd;

	for (uint64_t may = of->odd & ~of->barred; may != 0; may &= may - 1) {
		const unsigned i = (unsigned)__builtin_ctzll(may), vlan = of->vlan[i][0];

		if (arp_crosses(w, map, m[i], vlan)) {
			stay &= ~(UINT64_C(1) << i);
			COUNTER_INC(w->counters->crossed.broadcast[map->id_of_vlan[vlan]]);
		}
	}
	return stay;
}

static unsigned cross_burst(struct dp_worker *w, const struct dp_port_map *map,
	struct rte_mbuf **burst, const unsigned n)
{
	const struct dp_port_map *to = w->world->port[map->peer];
	struct rte_mbuf **const end = burst + n / QUADS * QUADS;
	const uint16_t *const id = map->id_of_vlan;
	uint64_t *const crossed = w->counters->crossed.all;
	struct rte_mbuf **m = burst, **left = burst, **sent;
	struct crossing c;
	struct crowd of;
	const uint16_t(*vlan)[8] = of.vlan;
	struct dp_txq *q;
	uint64_t stay;

	if (unlikely(to == NULL || w->id >= to->n_queues || n < QUADS))
		return n;
	c = crossing_of(w->world, to);
	look_at(&of, &c, burst, end);
	stay = those_that_stay(w, map, &of, burst);
	q = dp_tx_room(w, map->peer, n);
	sent = q->m + q->n;
	if (likely(stay == 0)) {
		for (; m < end; m += QUADS, vlan += QUADS, sent += QUADS) {
			memcpy(sent, m, QUADS * sizeof(*m));
			EACH COUNTER_INC(crossed[id[vlan[i][0]]]);
		}
	}
	for (; m < end; m += QUADS, vlan += QUADS, stay >>= QUADS) {
		const unsigned some = stay & 15;

		EACH COUNTER_ADD(crossed[id[vlan[i][0]]], ~some >> i & 1);
		quads_part(left, sent, m, some);
		left += __builtin_popcount(some);
		sent += QUADS - __builtin_popcount(some);
	}
	q->n = (uint32_t)(sent - q->m);
	for (; m < burst + n; m++)
		*left++ = *m;
	return (unsigned)(left - burst);
}

#else

static unsigned cross_burst(struct dp_worker *w __rte_unused,
	const struct dp_port_map *map __rte_unused, struct rte_mbuf **burst __rte_unused,
	const unsigned n)
{
	return n;
}

#endif
