/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/refresh.h"

#include "control/ctl.h"

#define UNICAST_STAGES                                                                             \
	2                 /* the last two questions are for all to hear: the address may be stale  \
			   */
#define NEARLY_PERCENT 75 /* one milestone before the first: goes along with what is due */

/* Was the RRset asked for within the record's TTL? */
static bool wanted(const struct ctl *c, const struct cache_record *r)
{
	const struct cache_node *n = cache_node_at(c->view, r->node);
	uint32_t asked = atomic_load_explicit(&n->asked_ms, memory_order_relaxed);
	uint64_t ttl_ms = atomic_load_explicit(&r->ttl, memory_order_relaxed) * UINT64_C(1000);

	return asked != 0 && (uint32_t)clock_ms_diff(c->now_ms, asked) <= ttl_ms;
}

static void ask(struct ctl *c, uint32_t rec, unsigned stage)
{
	struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);
	struct ctl_ask a = {
		.qname = cache_node_name(c->view, n),
		.qtype = r->rrtype,
		.link = r->link,
		.how = CTL_ASK_REFRESH,
		.multicast = stage > UNICAST_STAGES,
		.station = r->station,
	};

	if (ctl_question_ask(c, &a) != CTL_ASKED_NOW)
		return;
	if (r->asked < UINT8_MAX)
		r->asked++;
	CTL_INC(c, refreshes);
}

void ctl_refresh_due(struct ctl *c, uint32_t rec, unsigned stage)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	struct ctl_refreshes *f = &c->refreshes;

	if (!wanted(c, r))
		return;
	ask(c, rec, stage);
	for (unsigned i = 0; i < f->n; i++) {
		if (f->due[i].station != r->station)
			continue;
		if (f->due[i].stage < stage)
			f->due[i].stage = stage;
		return;
	}
	/* No room: the others of this provider have their own milestones. */
	if (f->n == CTL_REFRESH_STATIONS)
		return;
	f->due[f->n].station = r->station;
	f->due[f->n++].stage = stage;
}

void ctl_refresh_used(struct ctl *c, uint32_t rec, uint32_t gen)
{
	const struct cache_record *r = cache_record_get(c->view, rec, gen);

	if (r != NULL && cache_record_live(r, c->now_ms))
		ctl_refresh_due(c, rec, r->stage > 0 ? r->stage : 1);
}

/* Is the record past NEARLY_PERCENT of its TTL? */
static bool nearly_due(const struct ctl *c, const struct cache_record *r)
{
	uint64_t ttl_ms = atomic_load_explicit(&r->ttl, memory_order_relaxed) * UINT64_C(1000);
	int32_t left = cache_record_left_ms(r, c->now_ms);

	return left > 0 && (uint64_t)left * 100 <= ttl_ms * (100 - NEARLY_PERCENT);
}

unsigned ctl_refresh_turn(struct ctl *c)
{
	struct ctl_refreshes *f = &c->refreshes;
	unsigned n = f->n;

	for (unsigned i = 0; i < n; i++) {
		const struct cache_station *st = cache_station_at(c->view, f->due[i].station);
		uint32_t rec = st->records;

		for (unsigned k = 0; k < CTL_REFRESH_WALK && rec != 0; k++) {
			const struct cache_record *r = cache_record_at(c->view, rec);

			if (cache_record_live(r, c->now_ms) && nearly_due(c, r) && wanted(c, r))
				ask(c, rec, f->due[i].stage);
			rec = r->station_next;
		}
	}
	f->n = 0;
	return n;
}
