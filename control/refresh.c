/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/refresh.h"

#include "control/ctl.h"

/* The last questions are for all to hear: the address may be stale. Where multicast is dear, one.
 */
#define UNICAST_STAGES 2
#define UNICAST_STAGES_WIRELESS 3
#define JITTER_PERCENT 2  /* a milestone is at most so much later (RFC 6762 §5.2) */
#define NEARLY_PERCENT 75 /* one milestone before the first: goes along with what is due */
/* ... where stations sleep: whatever would wake them once more while what is due lives */
#define NEARLY_WIRELESS_PERCENT 60

/* Was the RRset asked for within the record's TTL, or is it pinned? */
static bool wanted(const struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);
	uint32_t asked = atomic_load_explicit(&n->asked_ms, memory_order_relaxed);
	uint64_t ttl_ms = atomic_load_explicit(&r->ttl, memory_order_relaxed) * UINT64_C(1000);

	/* A claim held back is forgotten only when its owner is gone: nothing may be told about its
	 * name on its own link. */
	if (atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_HIDDEN)
		return true;
	/* Signed: the lowest bit of asked_ms is set, so it may lie a millisecond ahead. */
	if (asked != 0 && clock_ms_diff(c->now_ms, asked) <= (int64_t)ttl_ms)
		return true;
	return ctl_pinned_has(c, rec);
}

static bool is_wireless(const struct ctl *c, uint16_t link)
{
	const struct dp_link *l = ctl_gateway_link(c, link);

	return l != NULL && l->unicast;
}

/* Asks at `stage`; the question counts as the one of the record's own milestone `own`. */
static void ask(struct ctl *c, uint32_t rec, unsigned stage, unsigned own)
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

	if (is_wireless(c, r->link)) {
		a.multicast = stage > UNICAST_STAGES_WIRELESS;
		a.alone = !a.multicast;
	}

	if (ctl_question_ask(c, &a) != CTL_ASKED_NOW)
		return;
	if (r->asked < own)
		r->asked = (uint8_t)own;
	CTL_INC(c, refreshes);
}

/* Others of the provider that are due or nearly so go along, at the end of the turn. */
static void gather_others(struct ctl *c, uint32_t station, unsigned stage)
{
	struct ctl_refreshes *f = &c->refreshes;

	for (unsigned i = 0; i < f->n; i++) {
		if (f->due[i].station != station)
			continue;
		if (f->due[i].stage < stage)
			f->due[i].stage = stage;
		return;
	}
	/* No room: they have their own milestones. */
	if (f->n == CTL_REFRESH_STATIONS)
		return;
	f->due[f->n].station = station;
	f->due[f->n++].stage = stage;
}

void ctl_refresh_due(struct ctl *c, uint32_t rec, unsigned stage)
{
	const struct cache_record *r = cache_record_at(c->view, rec);

	/* It may have gone along with another of the provider's just before. */
	if (r->asked >= stage || !wanted(c, rec))
		return;
	ask(c, rec, stage, stage);
	gather_others(c, r->station, stage);
}

void ctl_refresh_used(struct ctl *c, uint32_t rec, uint32_t gen)
{
	const struct cache_record *r = cache_record_get(c->view, rec, gen);
	unsigned stage;

	if (r == NULL || !cache_record_live(r, c->now_ms) || !wanted(c, rec))
		return;
	stage = r->stage > 0 ? r->stage : 1;
	ask(c, rec, stage, r->stage);
	gather_others(c, r->station, stage);
}

/* Is the record past so much of its TTL that it goes along? */
static bool nearly_due(const struct ctl *c, const struct cache_record *r)
{
	unsigned percent = is_wireless(c, r->link) ? NEARLY_WIRELESS_PERCENT : NEARLY_PERCENT;
	uint64_t ttl_ms = atomic_load_explicit(&r->ttl, memory_order_relaxed) * UINT64_C(1000);
	int32_t left = cache_record_left_ms(r, c->now_ms);

	return left > 0 && (uint64_t)left * 100 <= ttl_ms * (100 - percent);
}

/* The milestone that a question at this time stands for: the next one if it is near, else the last.
 */
static unsigned own_stage(const struct ctl *c, const struct cache_record *r)
{
	uint64_t ttl_ms = atomic_load_explicit(&r->ttl, memory_order_relaxed) * UINT64_C(1000);
	uint64_t next_percent = 80 + 5 * r->stage;
	int32_t left = cache_record_left_ms(r, c->now_ms);

	return (uint64_t)left * 100 <= ttl_ms * (100 + JITTER_PERCENT - next_percent)
		       ? r->stage + 1u
		       : r->stage;
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

			if (cache_record_live(r, c->now_ms) && nearly_due(c, r) && wanted(c, rec))
				ask(c, rec, f->due[i].stage, own_stage(c, r));
			rec = r->station_next;
		}
	}
	f->n = 0;
	return n;
}
