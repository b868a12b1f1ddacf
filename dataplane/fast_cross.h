/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <string.h>

#include "base/quads.h"
#include "dataplane/sieve.h"
#include "dataplane/worker_priv.h"
#include "dns/wire.h"

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
	quads size_max;     /* where oddities() has pkt_len */
	quads ends, fifths; /* dp_world.mac_ends and mac_fifths */
};

#define WORDS(...) ((const uint16_t[8]){__VA_ARGS__})
#define BYTES(...) ((const uint8_t[16]){__VA_ARGS__})
#define PICK2(a, b)                                                                                \
	BYTES(a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, b, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,  \
		0x80)

static __rte_always_inline struct crossing crossing_of(
	const struct dp_world *world, const struct dp_port_map *to)
{
	const uint64_t max = RTE_MIN(to->mtu + DP_L2_CROSSING, UINT16_MAX);

	_Static_assert(
		offsetof(struct rte_mbuf, pkt_len) == offsetof(struct rte_mbuf, ol_flags) + 12,
		"both in sixteen bytes");
	return (struct crossing){
		/* The flags are in its way, but for those that nothing received has. */
		quads_words(max << 32 | UINT32_MAX),
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
	const quads size_min =
		quads_all(WORDS(0, 0, 0, 0, 0, 0, RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN, 0));
	quads odd = quads_and(quads_xor(head, type), type_and_groups);

	odd = quads_or(odd, quads_and(ours, one));
	odd = quads_or(odd, quads_and(mbuf, tag_beside));
	return quads_or(odd, quads_or(quads_over(mbuf, c->size_max), quads_over(size_min, mbuf)));
}

/* The VLANs of their outer tags, each in the first word of its eight. */
static __rte_always_inline quads vlans(const quads head)
{
	return quads_and(
		quads_pick(head, quads_all(BYTES(15, 14, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80))),
		quads_all(WORDS(0xfff, 0, 0, 0, 0, 0, 0, 0)));
}

/* Is it what one of a link tells all of it by ARP, and nothing for us? Then it is counted as that.
 */
static __rte_always_inline bool arp_crosses(struct dp_worker *w, const struct dp_port_map *map,
	const struct dp_port_map *to, const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct dp_link *l = dp_eth_link(map, p, true);

	if (p[0] != 0xff || !dp_eth_tagged(p) || l == NULL ||
		m->pkt_len > to->mtu + DP_L2_CROSSING ||
		(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0 ||
		!dp_sieve_others_to_all(w->world, l, m, p, true))
		return false;
	COUNTER_INC(w->counters->crossed[l->id].broadcast);
	return true;
}

/* Of those that are odd, a bit each, the ones that stay. */
static __rte_always_inline unsigned those_that_stay(struct dp_worker *w,
	const struct dp_port_map *map, const struct dp_port_map *to,
	struct rte_mbuf *const m[QUADS], unsigned odd)
{
	unsigned stay = odd;

	for (; odd != 0; odd &= odd - 1) {
		const unsigned i = (unsigned)__builtin_ctz(odd);

		if (likely(arp_crosses(w, map, to, m[i])))
			stay ^= 1u << i;
	}
	return stay;
}

#define EACH _Pragma("GCC unroll 4") for (unsigned i = 0; i < QUADS; i++)

static unsigned cross_burst(struct dp_worker *w, const struct dp_port_map *map,
	struct rte_mbuf **burst, const unsigned n)
{
	const struct dp_port_map *to = w->world->port[map->peer];
	struct dp_passed *const crossed = w->counters->crossed;
	const uint16_t *const id = map->id_of_vlan;
	uint16_t vlan[QUADS][8] __attribute__((aligned(64)));
	const uint8_t *p[QUADS];
	struct crossing c;
	struct dp_txq *q;
	unsigned left = 0, sent, at = 0;

	if (unlikely(to == NULL || w->id >= to->n_queues || n < QUADS))
		return n;
	c = crossing_of(w->world, to);
	q = dp_tx_room(w, map->peer, n);
	sent = q->n;
	EACH p[i] = rte_pktmbuf_mtod(burst[i], const uint8_t *);
	for (; at + QUADS <= n; at += QUADS) {
		struct rte_mbuf **m = burst + at;
		const quads head = quads_load(p[0], p[1], p[2], p[3]);
		unsigned stay = quads_any(oddities(&c, head, m));

		quads_store(vlan, vlans(head));
		if (likely(at + 2 * QUADS <= n)) {
			EACH
			{
				p[i] = rte_pktmbuf_mtod(m[QUADS + i], const uint8_t *);
				rte_prefetch0(p[i]);
			}
		}
		if (unlikely(stay != 0))
			stay = those_that_stay(w, map, to, m, stay);
		if (likely(stay == 0)) {
			memcpy(q->m + sent, m, QUADS * sizeof(*m));
			sent += QUADS;
			EACH COUNTER_INC(crossed[id[vlan[i][0]]].all);
			continue;
		}
		for (unsigned i = 0; i < QUADS; i++) {
			const unsigned stays = stay >> i & 1;

			q->m[sent] = m[i];
			sent += !stays;
			COUNTER_ADD(crossed[id[vlan[i][0]]].all, !stays);
			burst[left] = m[i];
			left += stays;
		}
	}
	q->n = sent;
	for (; at < n; at++)
		burst[left++] = burst[at];
	return left;
}

#else

static unsigned cross_burst(struct dp_worker *w __rte_unused,
	const struct dp_port_map *map __rte_unused, struct rte_mbuf **burst __rte_unused,
	const unsigned n)
{
	return n;
}

#endif
