/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/share.h"

#include "base/counter.h"
#include "control/ctl.h"
#include "dataplane/admit.h"

#define AGAIN_MS 100
#define EVEN_MS 10000 /* nobody had too little for so long: evenly again */
#define FLOOR 4       /* a worker's part is never below this part of an even one */

/* part out of whole, of each rate of the link, is worker w's. */
static void set_part(
	struct ctl *c, const struct dp_link *l, unsigned w, uint64_t part, uint64_t whole)
{
	struct dp_link_meters *m = c->s->meter[w];

	if (m == NULL) /* control runs without workers in tests of its own */
		return;
	for (unsigned i = 0; i <= DP_METERS; i++) {
		uint32_t rate = (uint32_t)((l->rate[i] * part + whole - 1) / whole);
		struct dp_link_meter *of = &m->of[i][l->id];
		struct bucket_ready ready;
		struct bucket_rate r;

		/* A second's worth at once. */
		bucket_rate_set(&r, rate, rate);
		ready = bucket_ready(&r);
		atomic_store_explicit(&of->cost, r.cost, memory_order_relaxed);
		atomic_store_explicit(&of->burst, r.burst, memory_order_relaxed);
		atomic_store_explicit(&of->full, ready.full, memory_order_relaxed);
		atomic_store_explicit(&of->scant, ready.scant, memory_order_relaxed);
	}
}

/* Workers that receive of the link: those with a queue of its port. */
static unsigned workers_of(const struct dp_world *w, const struct dp_link *l)
{
	const struct dp_port_map *port = w->port[l->port];

	return port != NULL ? RTE_MIN((unsigned)port->n_queues, w->n_workers) : 0;
}

static void evenly(struct ctl *c, const struct dp_world *world, const struct dp_link *l)
{
	unsigned n = workers_of(world, l);

	for (unsigned w = 0; w < n; w++)
		set_part(c, l, w, 1, n);
}

void ctl_share_world(struct ctl *c, const struct dp_world *w)
{
	for (uint16_t id = 1; id < w->n_ids; id++) {
		if (w->link[id] == NULL)
			continue;
		ctl_cancel(c, &c->link[id].share.timer);
		evenly(c, w, w->link[id]);
	}
}

/* What worker w has received of the link so far, on either way. */
static uint64_t heard(const struct ctl *c, unsigned w, uint16_t link)
{
	static const unsigned ways[] = {DP_EV_rx, DP_EV_rendered_known, DP_EV_rendered_missed,
		DP_EV_heard_again, DP_EV_shed_martian, DP_EV_shed_station};
	const struct dp_link_counters *n = &c->s->counters[w].link[link];
	uint64_t sum = counter_read(&c->s->counters[w].again[link].n[DP_AGAIN_ANSWERS]);

	for (unsigned i = 0; i < RTE_DIM(ways); i++)
		sum += counter_read(&n->event[ways[i]]);
	return sum;
}

/* Takes a look at the counters: true, if a worker had too little since the last one. *by: what each
 * received since; *all: all of them. */
static bool look(struct ctl *c, uint16_t link, uint64_t by[DP_WORKERS_MAX], uint64_t *all)
{
	struct ctl_share *s = &c->link[link].share;
	uint64_t shed = 0, before = s->shed;

	*all = 0;
	for (unsigned w = 0; w < c->s->n_workers; w++) {
		const struct dp_link_counters *n = &c->s->counters[w].link[link];
		uint64_t now = heard(c, w, link);

		shed += counter_read(&n->outcome[DP_over_link]) +
			counter_read(&n->outcome[DP_over_unknown]);
		by[w] = now - s->heard[w];
		*all += by[w];
		s->heard[w] = now;
	}
	s->shed = shed;
	return shed != before;
}

static void again(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_share *s = ctl_container(t, struct ctl_share, timer);
	struct ctl_link *cl = ctl_container(s, struct ctl_link, share);
	uint16_t id = (uint16_t)(cl - c->link);
	const struct dp_link *l = dp_world_link(c->world, id);
	uint64_t by[DP_WORKERS_MAX], all;
	unsigned n;

	if (l == NULL)
		return;
	n = workers_of(c->world, l);
	if (look(c, id, by, &all)) {
		s->short_ms = c->now_ms;
	} else if (clock_ms_diff(c->now_ms, s->short_ms) >= EVEN_MS) {
		evenly(c, c->world, l);
		return;
	}
	/* Parts of n * FLOOR * all: the floor is all each, the rest goes by what was received. */
	for (unsigned w = 0; w < n && all > 0; w++)
		set_part(c, l, w, all + by[w] * n * (FLOOR - 1), all * n * FLOOR);
	ctl_arm(c, t, c->now_ms + AGAIN_MS, again);
}

void ctl_share_short(struct ctl *c, uint16_t link)
{
	struct ctl_share *s = &c->link[link].share;
	uint64_t by[DP_WORKERS_MAX], all;

	if (ctl_gateway_link(c, link) == NULL || wheel_armed(&s->timer.item))
		return;
	look(c, link, by, &all);
	s->short_ms = c->now_ms;
	ctl_arm(c, &s->timer, c->now_ms + AGAIN_MS, again);
}
