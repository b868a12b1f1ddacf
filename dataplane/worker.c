/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/admit.h"
#include "dataplane/tell.h"

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

#define DOWN_BUDGET 256
#define WORK_BUDGET 2048 /* records; about a millisecond */
#define HAND_BUDGET 64
#define TIMER_BUDGET 64
#define BURSTS 16 /* of a queue, one after the other */

struct dp_worker *dp_worker_create(
	struct dp_shared *s, unsigned id, unsigned socket, uint64_t seed, uint64_t now_us)
{
	struct dp_worker *w =
		rte_zmalloc_socket("worker", sizeof(*w), RTE_CACHE_LINE_SIZE, (int)socket);

	if (w == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	w->shared = s;
	w->id = id;
	w->view = *s->cache;
	w->view.deps = &w->deps;
	w->view.memo = &w->memo;
	w->cache = &w->view;
	w->counters = &s->counters[id];
	w->audit = s->audit[id];
	w->now_us = now_us;
	w->now_bucket = bucket_time(now_us);
	w->now_ms = clock_ms(now_us);
	w->told_swept = DP_TOLD_UNITS(w->now_ms);
	rng_seed(&w->rng, seed + id);
	if (dp_schedule_init(&w->schedule, socket, w->now_ms) < 0 ||
		dp_gathers_init(&w->gathers, socket, w->now_ms) < 0 ||
		dp_admit_init(w, (int)socket) < 0 ||
		dp_rendered_init(w, s->rendered, (int)socket, seed + id) < 0) {
		dp_worker_destroy(w);
		errno = ENOMEM;
		return NULL;
	}
	return w;
}

void dp_worker_destroy(struct dp_worker *w)
{
	if (w == NULL)
		return;
	dp_reassemble_clear(&w->reassembly);
	dp_gathers_fini(&w->gathers);
	dp_schedule_fini(&w->schedule);
	dp_admit_fini(w);
	dp_rendered_fini(w);
	rte_free(w);
}

int dp_worker_add_queue(struct dp_worker *w, uint16_t port, uint16_t queue)
{
	if (w->n_rxq == DP_PORTS_MAX || port >= DP_PORTS_MAX)
		return -ENOSPC;
	w->rxq[w->n_rxq++] = (struct dp_rxq){.port = port, .queue = queue};
	return 0;
}

bool dp_upcall(struct dp_worker *w, unsigned op, struct rte_mbuf *m)
{
	struct dp_upcall u = {.op = (uint16_t)op, .worker = (uint16_t)w->id, .m = m};
	/* A flood of questions leaves room for what keeps us reachable, and for advertisements as
	 * far as these are worth it (touch.c). */
	return dp_upcall_send(w, &u, op == DP_UP_QUERY ? DP_UP_RING / 4 : 0);
}

bool dp_upcall_response(struct dp_worker *w, struct rte_mbuf *m, unsigned spare)
{
	struct dp_upcall u = {.op = DP_UP_RESPONSE, .worker = (uint16_t)w->id, .m = m};

	return dp_upcall_send(w, &u, spare);
}

bool dp_upcall_record(struct dp_worker *w, unsigned op, uint32_t rec, uint32_t gen)
{
	struct dp_upcall u = {.op = (uint16_t)op, .worker = (uint16_t)w->id, .rec = rec};

	u.gen = gen;
	if (op == DP_UP_POOF && rte_ring_free_count(w->shared->up[w->id]) <= DP_UP_RING / 4)
		return false;
	return rte_ring_sp_enqueue_elem(w->shared->up[w->id], &u, sizeof(u)) == 0;
}

bool dp_upcall_send(struct dp_worker *w, const struct dp_upcall *u, unsigned spare)
{
	return rte_ring_free_count(w->shared->up[w->id]) > spare &&
	       rte_ring_sp_enqueue_elem(w->shared->up[w->id], (void *)(uintptr_t)u, sizeof(*u)) ==
		       0;
}

bool dp_hand(struct dp_worker *w, unsigned to, enum dp_handover what, struct rte_mbuf *m)
{
	dp_pkt(m)->hand = (uint8_t)what;
	return rte_ring_sp_enqueue(w->shared->hand[w->id][to], m) == 0;
}

/* Ends a packet in its one outcome. */
static void drop(struct dp_worker *w, struct rte_mbuf *m, enum dp_outcome o)
{
	dp_count(w, dp_pkt(m)->link, o);
	rte_pktmbuf_free(m);
}

static void host_duty(struct dp_worker *w, struct rte_mbuf *m)
{
	enum dp_outcome o = dp_pkt(m)->outcome;

	if (o == DP_igmp || o == DP_mld)
		dp_bypass_copy(w, m);
	if (dp_upcall(w, DP_UP_HOST, m))
		dp_count(w, dp_pkt(m)->link, o);
	else
		drop(w, m, DP_control_busy);
}

static void fragment(struct dp_worker *w, struct rte_mbuf *m);

/* What classify said of a packet, done. */
static void dispatch(struct dp_worker *w, struct rte_mbuf *m, int rc)
{
	const uint8_t ordinary = DP_PKT_GROUP | DP_PKT_LEGACY | DP_PKT_OFFLINK;

	if (rc == -1 - (int)DP_bypassed)
		dp_bypass(w, m);
	else if (rc < 0)
		drop(w, m, (enum dp_outcome)(-1 - rc));
	else if (rc == DP_HOST_DUTY)
		host_duty(w, m);
	else if (rc == DP_FRAGMENT)
		fragment(w, m);
	else if (w->world->admission && (rc = dp_admit(w, dp_pkt(m))) < 0)
		drop(w, m, (enum dp_outcome)(-1 - rc));
	else if (dp_pkt(m)->flags & DP_PKT_RESPONSE)
		dp_response(w, m);
	else {
		if ((dp_pkt(m)->flags & ordinary) == DP_PKT_GROUP)
			dp_fast_admitted(w, m);
		dp_query_add(w, m);
	}
}

/*
 * The link's home worker alone puts fragments together. The one that makes a datagram whole ends as
 * the datagram does.
 */
static void fragment(struct dp_worker *w, struct rte_mbuf *m)
{
	const struct dp_link *l = dp_world_link(w->world, dp_pkt(m)->link);
	int rc;

	if (l != NULL && l->home != w->id) {
		if (!dp_hand(w, l->home, DP_HAND_FRAGMENT, m))
			drop(w, m, DP_worker_busy);
		return;
	}
	rc = dp_reassemble(w, &m);
	if (rc == DP_REASSEMBLED)
		dispatch(w, m, dp_classify(w, m));
	else if (rc < 0)
		drop(w, m, (enum dp_outcome)(-1 - rc));
}

/* Returns how many did not go the short way. */
static unsigned receive(struct dp_worker *w, uint16_t port, struct rte_mbuf **burst, unsigned n)
{
	n = w->shared->fast->burst(w, port, burst, n);
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = burst[i];
		int rc;

		m->port = port; /* not all drivers set it */
		if (i + 3 < n)
			rte_prefetch0(rte_pktmbuf_mtod(burst[i + 3], void *));
		rc = dp_classify(w, m);
		dp_event(w, dp_pkt(m)->link, DP_EV_rx, 1);
		dispatch(w, m, rc);
	}
	if (n > 0)
		dp_query_run(w);
	return n;
}

/* A queue that is full is asked again, as long as all goes the short way: a turn costs as much as
 * one or two packets. */
static unsigned poll_queue(struct dp_worker *w, const struct dp_rxq *q)
{
	struct rte_mbuf *burst[DP_BURST];
	unsigned done = 0;

	for (unsigned i = 0; i < BURSTS; i++) {
		uint16_t n = rte_eth_rx_burst(q->port, q->queue, burst, DP_BURST);

		if (n == 0)
			break;
		if (unlikely(w->capture != 0))
			dp_capture(w, q->port, burst, n, false);
		done += n;
		if (receive(w, q->port, burst, n) > 0 || n < DP_BURST)
			break;
		dp_tx_flush(w);
	}
	return done;
}

/* What crosses costs so little that calls of the drivers show: more at once, where they give it. */
#define INLINE_BURST DP_TX_BUFFER
#define INLINE_BURSTS (BURSTS * DP_BURST / INLINE_BURST)

/* The same of a port of an inline pair: most frames cross, and what is left of some bursts is taken
 * together. */
static unsigned poll_inline(
	struct dp_worker *w, const struct dp_rxq *q, const struct dp_port_map *map)
{
	struct rte_mbuf *burst[DP_BURST + INLINE_BURST];
	unsigned done = 0, held = 0, left = 0;
	uint16_t n = INLINE_BURST;

	for (unsigned i = 0; i < INLINE_BURSTS && n >= DP_BURST && left == 0; i++) {
		n = rte_eth_rx_burst(q->port, q->queue, burst + held, INLINE_BURST);
		if (n == 0)
			break;
		if (unlikely(w->capture != 0))
			dp_capture(w, q->port, burst + held, n, false);
		done += n;
		held += w->shared->fast->cross(w, map, burst + held, n);
		for (; held >= DP_BURST; held -= DP_BURST) {
			left += receive(w, q->port, burst, DP_BURST);
			memmove(burst, burst + DP_BURST, (held - DP_BURST) * sizeof(*burst));
		}
		dp_tx_flush(w);
	}
	if (held > 0)
		receive(w, q->port, burst, held);
	return done;
}

static unsigned from_control(struct dp_worker *w)
{
	struct dp_downcall d;
	unsigned n = 0;

	/* Queries that waited come back together, and each may be for hundreds of records: packets
	 * go first. */
	while (n < DOWN_BUDGET && w->worked < WORK_BUDGET &&
		rte_ring_sc_dequeue_elem(w->shared->down[w->id], &d, sizeof(d)) == 0) {
		n++;
		switch (d.op) {
		case DP_DOWN_TX:
			dp_tx(w, d.m->port, d.link, d.m);
			break;
		case DP_DOWN_RECEIVE:
			if (unlikely(w->capture != 0))
				dp_capture(w, d.m->port, &d.m, 1, false);
			dp_event(w, 0, DP_EV_injected, 1);
			receive(w, d.m->port, &d.m, 1);
			break;
		case DP_DOWN_REPLAY:
		case DP_DOWN_QUERY:
			dp_query_again(w, d.m);
			dp_query_run(w);
			break;
		case DP_DOWN_STALE:
			dp_watch_stale(w, d.key);
			break;
		default:
			dp_tell(w, &d);
			break;
		}
	}
	return n;
}

static unsigned from_workers(struct dp_worker *w)
{
	unsigned done = 0;

	for (unsigned from = 0; from < w->shared->n_workers; from++) {
		void *burst[HAND_BUDGET];
		unsigned n;

		if (from == w->id)
			continue;
		n = rte_ring_sc_dequeue_burst(
			w->shared->hand[from][w->id], burst, HAND_BUDGET, NULL);
		for (unsigned i = 0; i < n; i++) {
			struct rte_mbuf *m = burst[i];

			if (dp_pkt(m)->hand == DP_HAND_TX)
				dp_tx(w, m->port, dp_pkt(m)->link, m);
			else if (dp_pkt(m)->hand == DP_HAND_FRAGMENT)
				fragment(w, m);
			else if (dp_pkt(m)->hand == DP_HAND_RESPONSE)
				dp_response(w, m);
			else
				dp_query_again(w, m);
		}
		done += n;
	}
	if (done > 0)
		dp_query_run(w);
	return done;
}

static unsigned timers(struct dp_worker *w)
{
	unsigned done = 0;

	if (!wheel_idle(&w->gathers.wheel, w->now_ms))
		done += dp_gather_turn(w, TIMER_BUDGET);
	if (!wheel_idle(&w->schedule.wheel, w->now_ms))
		done += dp_schedule_turn(w, TIMER_BUDGET);
	if (w->reassembly.n > 0)
		done += dp_reassemble_turn(w);
	return done;
}

unsigned dp_worker_turn(struct dp_worker *w, uint64_t now_us)
{
	unsigned done = 0;

	w->now_us = now_us;
	w->now_bucket = bucket_time(now_us);
	w->now_ms = clock_ms(now_us);
	w->worked = 0;
	w->world = atomic_load_explicit(&w->shared->world, memory_order_acquire);
	w->capture = atomic_load_explicit(&w->shared->capture.which, memory_order_acquire);
	if (w->world != NULL) {
		w->hits = w->world->hits[w->id];
		w->down = w->world->down;
		w->slot = w->world->slot;
		dp_fast_turn(w);
		dp_watch_turn(w);
		dp_told_turn(w);
		done += from_control(w);
		done += from_workers(w);
		for (unsigned i = 0; i < w->n_rxq; i++) {
			const struct dp_port_map *map = w->world->port[w->rxq[i].port];

			done += map != NULL && map->inline_pair ? poll_inline(w, &w->rxq[i], map)
								: poll_queue(w, &w->rxq[i]);
		}
		done += timers(w);
		dp_tx_flush(w);
		if (w->world->audit)
			dp_audit_turn(w->audit, w->now_ms);
	}
	rcu_quiescent(w->shared->rcu, w->id);
	COUNTER_INC(w->counters->turns);
	if (done > 0)
		COUNTER_INC(w->counters->busy_turns);
	return done;
}

bool dp_worker_next(const struct dp_worker *w, uint32_t *at_ms)
{
	bool timer = wheel_next(&w->schedule.wheel, at_ms);
	uint32_t other;

	if (wheel_next(&w->gathers.wheel, &other) && (!timer || clock_ms_before(other, *at_ms))) {
		*at_ms = other;
		timer = true;
	}
	if (dp_reassemble_next(&w->reassembly, &other) &&
		(!timer || clock_ms_before(other, *at_ms))) {
		*at_ms = other;
		timer = true;
	}
	return timer;
}

unsigned dp_worker_held(const struct dp_worker *w)
{
	unsigned n = w->n_query;

	for (unsigned i = 0; i < DP_PORTS_MAX; i++)
		n += w->tx[i].n;
	return n + w->schedule.waiting + w->gathers.n + w->reassembly.held;
}
