/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "dataplane/fast.h"

/* What crosses an inline pair at once (dataplane/fast_cross.h), against classify() frame by frame,
 * on bursts of frames of all kinds. */

#define PEER 1
#define BURSTS 4000
#define SIZE_MAX_CROSSING (1500 + DP_L2_CROSSING)

TestSuite(cross, .init = bench_start, .fini = bench_stop);

static struct dp_port_map peer;
static struct rng rng;

/* A frame of the burst: what it is, in words. */
struct sample {
	struct rte_mbuf *m;
	bool plain; /* of two stations, tagged once or more, of a size that passes */
	bool arp;   /* to all, and nothing for us */
	bool tags;  /* more than one */
};

static uint32_t any(uint32_t n)
{
	return rng_u32(&rng) % n;
}

static void pair_up(void)
{
	memset(&peer, 0, sizeof(peer));
	peer.present = true;
	peer.n_queues = 1;
	peer.mtu = 1500;
	peer.mac = (struct mac_addr){{0x02, 0, 0, 0, 0x70, 0x11}};
	bench.port.inline_pair = true;
	bench.port.peer = PEER;
	bench.world.port[PEER] = &peer;
	dp_world_finish(&bench.world);
	rng_seed(&rng, 4711);
}

/* Few of the last bytes, so that many addresses look as if they were ours. */
static void lay_mac(uint8_t *p, bool *stranger)
{
	const uint8_t last[] = {0x00, 0x11, 0xfe, 0xbe, 0x51, 0x33},
		      fifth[] = {0x00, 0x70, 0x30, 0x20};
	uint64_t mac;

	memcpy(p, (const uint8_t[6]){0x02, 0, 0, 0, 0, 0}, 6);
	p[3] = any(3) == 0 ? 0 : (uint8_t)any(256);
	p[4] = any(2) == 0 ? fifth[any(sizeof(fifth))] : 0x45;
	p[5] = any(2) == 0 ? last[any(sizeof(last))] : 0x23;
	if (any(40) == 0)
		memset(p, 0, 6);
	if (any(20) == 0)
		p[0] |= 1;
	mac = mac_word(p);
	*stranger = (p[0] & 1) == 0 && (bench.world.mac_ends >> (p[5] & 63) & 1 &
					       bench.world.mac_fifths >> (p[4] & 63)) == 0;
	if (*stranger)
		cr_assert(!dp_world_odd_mac(&bench.world, mac));
}

static void lay_arp(uint8_t *p, bool *ours)
{
	const uint8_t own[4] = {10, 10, 0, 2}, others[4] = {10, 10, 0, 9};

	memcpy(p, (const uint8_t[8]){0, 1, 8, 0, 6, 4, 0, 1}, 8);
	memcpy(p + 14, any(8) == 0 ? own : others, 4);
	memcpy(p + 24, any(8) == 0 ? own : others, 4);
	*ours = memcmp(p + 14, own, 4) == 0 || memcmp(p + 24, own, 4) == 0;
}

static void make(struct sample *s)
{
	static const uint16_t vlans[] = {10, 10, 10, 0xa00a, 11, 0, 4095};
	static const uint16_t sizes[] = {14, 16, 17, 18, 40, 46, 60, 64, 100, 1000,
		SIZE_MAX_CROSSING, SIZE_MAX_CROSSING + 1, 1900};
	const uint16_t size = any(2) == 0 ? 80 : sizes[any(RTE_DIM(sizes))];
	const bool arp = any(8) == 0, tagged = any(10) != 0, strip = any(40) == 0;
	uint16_t vlan = vlans[any(RTE_DIM(vlans))];
	bool from, to, ours = true;
	uint8_t p[2048] = {0};
	unsigned at = 12;

	lay_mac(p, &to);
	lay_mac(p + 6, &from);
	if (arp)
		memset(p, 0xff, 6);
	if (tagged) {
		p[at++] = 0x81;
		at++;
		p[at++] = (uint8_t)(vlan >> 8);
		p[at++] = (uint8_t)vlan;
	}
	s->tags = tagged && any(12) == 0;
	if (s->tags) {
		p[at++] = any(2) == 0 ? 0x81 : 0x88;
		p[at] = p[at - 1] == 0x81 ? 0x00 : 0xa8;
		at += 2;
		p[at++] = 20;
	}
	p[at++] = 0x08;
	p[at++] = arp ? 0x06 : 0x00;
	if (arp)
		lay_arp(p + at, &ours);
	s->m = bench_frame(p, size);
	if (strip) {
		s->m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		s->m->vlan_tci = 12;
	}
	s->plain =
		tagged && !strip && from && to && !arp && size >= 18 && size <= SIZE_MAX_CROSSING;
	s->arp = tagged && !strip && from && arp && (!ours || vlan == 0) && !s->tags &&
		 size >= 46 && size <= SIZE_MAX_CROSSING &&
		 bench.port.link_of_vlan[vlan & 0xfff] != NULL;
}

static bool is_of(struct rte_mbuf *const *of, unsigned n, const struct rte_mbuf *m)
{
	for (unsigned i = 0; i < n; i++)
		if (of[i] == m)
			return true;
	return false;
}

struct counted {
	uint64_t all, broadcast;
};

/* What the first three links have counted. */
static void read_counters(struct counted c[3])
{
	for (unsigned i = 0; i < 3; i++) {
		c[i].all = bench.worker->counters->crossed.all[i];
		c[i].broadcast = bench.worker->counters->crossed.broadcast[i];
	}
}

/* It crosses, and as whose it was counted classify() says too. counted: since the last burst. */
static void see_crossing(const struct sample *s, struct counted *counted)
{
	const uint8_t *p = rte_pktmbuf_mtod(s->m, const uint8_t *);
	const uint16_t id = bench.port.id_of_vlan[(p[14] << 8 | p[15]) & 0xfff];

	cr_assert(s->plain || s->arp);
	cr_assert_eq(dp_classify(bench.worker, s->m), -1 - DP_bypassed);
	if (!s->tags && (p[14] << 8 | p[15]) != 0)
		cr_assert_eq(dp_pkt(s->m)->link, id);
	counted[id].all--;
	if (p[0] == 0xff)
		counted[id].broadcast--;
}

static void one_burst(const struct dp_fast_version *fast, uint64_t *crossed)
{
	struct counted counted[3], before[3];
	struct rte_mbuf *burst[DP_TX_BUFFER];
	struct dp_txq *q = &bench.worker->tx[PEER];
	struct sample s[DP_TX_BUFFER];
	const unsigned n = any(3) == 0 ? 1 + any(DP_TX_BUFFER) : DP_TX_BUFFER;
	unsigned left, at_left = 0;

	read_counters(before);
	for (unsigned i = 0; i < n; i++) {
		make(&s[i]);
		burst[i] = s[i].m;
	}
	left = fast->cross(bench.worker, &bench.port, burst, n);
	read_counters(counted);
	for (unsigned i = 0; i < 3; i++) {
		counted[i].all -= before[i].all;
		counted[i].broadcast -= before[i].broadcast;
	}
	cr_assert_eq(left + q->n, n);
	for (unsigned i = 0; i < n; i++) {
		if (at_left < left && burst[at_left] == s[i].m) {
			/* In order; and what is plain stays only where there is no group of four.
			 */
			at_left++;
			cr_assert(!(s[i].plain || s[i].arp) || i >= (n & ~3u) ||
				  strcmp(fast->name, "base") == 0);
			continue;
		}
		cr_assert(is_of(q->m, q->n, s[i].m));
		cr_assert_eq(q->m[i - at_left], s[i].m, "not in order");
		see_crossing(&s[i], counted);
	}
	for (unsigned i = 0; i < 3; i++)
		cr_assert(counted[i].all == 0 && counted[i].broadcast == 0);
	*crossed += q->n;
	rte_pktmbuf_free_bulk(burst, left);
	rte_pktmbuf_free_bulk(q->m, q->n);
	q->n = 0;
}

static void bursts(const char *isa)
{
	const struct dp_fast_version *fast = dp_fast_choose(isa);
	uint64_t crossed = 0;

	if (fast == NULL)
		cr_skip("the CPU has no %s", isa);
	pair_up();
	for (unsigned i = 0; i < BURSTS; i++)
		one_burst(fast, &crossed);
	cr_assert(strcmp(isa, "base") == 0 ? crossed == 0 : crossed > BURSTS * DP_TX_BUFFER / 8);
	bench.worker->tx_ports = 0;
}

Test(cross, as_classify_has_it_base)
{
	bursts("base");
}

Test(cross, as_classify_has_it_avx2)
{
	bursts("avx2");
}

Test(cross, as_classify_has_it_avx512)
{
	bursts("avx512");
}

Test(cross, not_to_a_port_without_a_queue)
{
	const struct dp_fast_version *fast = dp_fast_choose(NULL);
	struct rte_mbuf *burst[DP_BURST];
	struct sample s;

	pair_up();
	peer.n_queues = 0;
	for (unsigned i = 0; i < DP_BURST; i++) {
		make(&s);
		burst[i] = s.m;
	}
	cr_assert_eq(fast->cross(bench.worker, &bench.port, burst, DP_BURST), DP_BURST);
	cr_assert_eq(bench.worker->tx[PEER].n, 0);
	rte_pktmbuf_free_bulk(burst, DP_BURST);
}
