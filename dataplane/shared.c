/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/shared.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "base/counter.h"
#include "dataplane/fast.h"
#include "dataplane/msg.h"
#include "dataplane/pkt.h"
#include "dataplane/port.h"
#include "dataplane/watch.h"

#define POOL_CACHE 128

static struct rte_ring *ring_elem(
	const char *what, unsigned a, unsigned esize, unsigned n, unsigned socket)
{
	char name[RTE_RING_NAMESIZE + 16];

	snprintf(name, sizeof(name), "ls_%s_%u", what, a);
	return rte_ring_create_elem(name, esize, n, (int)socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int make_rings(struct dp_shared *s, unsigned socket)
{
	for (unsigned i = 0; i < s->n_workers; i++) {
		s->up[i] = ring_elem("up", i, sizeof(struct dp_upcall), DP_UP_RING, socket);
		s->down[i] = ring_elem("down", i, sizeof(struct dp_downcall), DP_DOWN_RING, socket);
		if (s->up[i] == NULL || s->down[i] == NULL)
			return -ENOMEM;
		for (unsigned j = 0; j < s->n_workers; j++) {
			char name[RTE_RING_NAMESIZE + 16];

			if (i == j)
				continue;
			snprintf(name, sizeof(name), "ls_hand_%u_%u", i, j);
			s->hand[i][j] = rte_ring_create(
				name, DP_HAND_RING, (int)socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (s->hand[i][j] == NULL)
				return -ENOMEM;
		}
	}
	return 0;
}

/* One for each worker, one for control. */
static int make_audits(struct dp_shared *s, unsigned socket)
{
	char name[RTE_RING_NAMESIZE];

	for (unsigned i = 0; i <= s->n_workers; i++) {
		s->audit[i] = rte_zmalloc_socket(
			"audit", sizeof(*s->audit[i]), RTE_CACHE_LINE_SIZE, (int)socket);
		if (s->audit[i] == NULL)
			return -ENOMEM;
		snprintf(name, sizeof(name), "ls_audit%u", i);
		s->audit[i]->ring = rte_ring_create_elem(name, sizeof(struct dp_audit_event),
			DP_AUDIT_RING, (int)socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (s->audit[i]->ring == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int make_counters(struct dp_counters *c, unsigned socket)
{
	uint64_t *passed = rte_zmalloc_socket(
		"passed", 4 * DP_LINKS_MAX * sizeof(*passed), RTE_CACHE_LINE_SIZE, (int)socket);

	c->link = rte_zmalloc_socket(
		"counters", DP_LINKS_MAX * sizeof(*c->link), RTE_CACHE_LINE_SIZE, (int)socket);
	c->again = rte_zmalloc_socket(
		"again", DP_LINKS_MAX * sizeof(*c->again), RTE_CACHE_LINE_SIZE, (int)socket);
	c->crossed.all = passed; /* the block's beginning, to be freed */
	if (c->link == NULL || c->again == NULL || passed == NULL)
		return -ENOMEM;
	c->crossed.broadcast = passed + DP_LINKS_MAX;
	c->sieved.all = passed + 2 * DP_LINKS_MAX;
	c->sieved.broadcast = passed + 3 * DP_LINKS_MAX;
	return 0;
}

int dp_shared_init(struct dp_shared *s, unsigned n_workers, unsigned pool_mbufs, unsigned room,
	unsigned socket)
{
	int rc;

	memset(s, 0, sizeof(*s));
	s->fast = dp_fast_choose(NULL);
	s->n_workers = n_workers;
	s->ttl_cap = UINT32_MAX;
	s->rcu = rte_zmalloc_socket("rcu", sizeof(*s->rcu), RTE_CACHE_LINE_SIZE, (int)socket);
	if (s->rcu == NULL)
		return -ENOMEM;
	rc = rcu_create(s->rcu, n_workers + 1, socket, &slab_mem_dpdk);
	if (rc < 0) {
		rte_free(s->rcu);
		s->rcu = NULL;
		return rc;
	}
	rc = -ENOMEM;
	s->pool = rte_pktmbuf_pool_create("ls_pool", pool_mbufs, POOL_CACHE,
		RTE_ALIGN(sizeof(struct dp_pkt), RTE_MBUF_PRIV_ALIGN),
		(uint16_t)(RTE_PKTMBUF_HEADROOM + RTE_MAX(room, (unsigned)DP_PORT_ROOM)),
		(int)socket);
	s->unicast_asked_ms = rte_zmalloc_socket("asked",
		DP_LINKS_MAX * sizeof(*s->unicast_asked_ms), RTE_CACHE_LINE_SIZE, (int)socket);
	s->waiting = rte_zmalloc_socket(
		"waiting", DP_LINKS_MAX * sizeof(*s->waiting), RTE_CACHE_LINE_SIZE, (int)socket);
	if (s->pool == NULL || s->unicast_asked_ms == NULL || s->waiting == NULL)
		goto err;
	for (unsigned i = 0; i < n_workers; i++) {
		s->watched[i] = rte_zmalloc_socket(
			"watched", DP_WATCH_MARKS, RTE_CACHE_LINE_SIZE, (int)socket);
		if (s->watched[i] == NULL)
			goto err;
	}
	for (unsigned i = 0; i <= n_workers; i++) {
		if (make_counters(&s->counters[i], socket) < 0)
			goto err;
	}
	rc = make_rings(s, socket);
	if (rc == 0)
		rc = make_audits(s, socket);
	if (rc == 0)
		rc = dp_capture_init(s, socket);
	if (rc < 0)
		goto err;
	return 0;
err:
	dp_shared_fini(s);
	return rc;
}

static void drain_up(struct rte_ring *r)
{
	struct dp_upcall u;

	while (r != NULL && rte_ring_dequeue_elem(r, &u, sizeof(u)) == 0)
		if (u.op != DP_UP_REFRESH && u.op != DP_UP_POOF && u.op != DP_UP_KNOW)
			rte_pktmbuf_free(u.m);
}

static void drain_down(struct rte_ring *r)
{
	struct dp_downcall d;

	while (r != NULL && rte_ring_dequeue_elem(r, &d, sizeof(d)) == 0)
		if (dp_down_has_mbuf(&d))
			rte_pktmbuf_free(d.m);
}

static void drain_hand(struct rte_ring *r)
{
	void *m;

	while (r != NULL && rte_ring_dequeue(r, &m) == 0)
		rte_pktmbuf_free(m);
}

void dp_shared_fini(struct dp_shared *s)
{
	dp_capture_fini(s);
	for (unsigned i = 0; i < s->n_workers; i++) {
		rte_free((void *)(uintptr_t)s->watched[i]);
		drain_up(s->up[i]);
		drain_down(s->down[i]);
		rte_ring_free(s->up[i]);
		rte_ring_free(s->down[i]);
		for (unsigned j = 0; j < s->n_workers; j++) {
			drain_hand(s->hand[i][j]);
			rte_ring_free(s->hand[i][j]);
		}
	}
	for (unsigned i = 0; i <= s->n_workers; i++) {
		rte_free(s->counters[i].link);
		rte_free(s->counters[i].crossed.all);
		rte_free(s->counters[i].again);
		if (s->audit[i] != NULL)
			rte_ring_free(s->audit[i]->ring);
		rte_free(s->audit[i]);
	}
	rte_free((void *)(uintptr_t)s->unicast_asked_ms);
	rte_free((void *)(uintptr_t)s->waiting);
	rte_mempool_free(s->pool);
	if (s->rcu != NULL) {
		rcu_destroy(s->rcu);
		rte_free(s->rcu);
	}
	memset(s, 0, sizeof(*s));
}

void dp_counters_link(const struct dp_shared *s, uint16_t id, struct dp_link_counters *sum)
{
	uint64_t rendered, known, missed, heard, martian, station, all;

	memset(sum, 0, sizeof(*sum));
	for (unsigned w = 0; w <= s->n_workers; w++) {
		const struct dp_counters *of = &s->counters[w];

		counter_sum((uint64_t *)sum, (const uint64_t *)&of->link[id],
			sizeof(*sum) / sizeof(uint64_t));
		sum->event[DP_EV_tx_records] += counter_read(&of->again[id].n[DP_AGAIN_RECORDS]);
		sum->event[DP_EV_rendered] += counter_read(&of->again[id].n[DP_AGAIN_ANSWERS]);
		sum->event[DP_EV_crossed] += counter_read(&of->crossed.all[id]);
		sum->event[DP_EV_sieved] += counter_read(&of->sieved.all[id]);
		sum->event[DP_EV_rx_broadcast] += counter_read(&of->crossed.broadcast[id]) +
						  counter_read(&of->sieved.broadcast[id]);
	}
	rendered = sum->event[DP_EV_rendered];
	known = sum->event[DP_EV_rendered_known];
	missed = sum->event[DP_EV_rendered_missed];
	heard = sum->event[DP_EV_heard_again];
	martian = sum->event[DP_EV_shed_martian];
	station = sum->event[DP_EV_shed_station];
	all = rendered + known + missed + heard + martian + station;
	sum->event[DP_EV_rx] += sum->event[DP_EV_crossed] + sum->event[DP_EV_sieved];
	sum->outcome[DP_bypassed] += sum->event[DP_EV_crossed];
	sum->outcome[id != 0 ? DP_not_ours : DP_unknown_link] += sum->event[DP_EV_sieved];
	sum->event[DP_EV_rx] += all;
	sum->event[DP_EV_rx_multicast] += all;
	sum->event[DP_EV_tx_unicast] += rendered;
	sum->outcome[DP_answered] += rendered;
	sum->outcome[DP_query_known] += known;
	sum->outcome[DP_query_missed] += missed;
	sum->outcome[DP_touched] += heard;
	sum->outcome[DP_martian] += martian;
	sum->outcome[DP_over_station] += station;
}
