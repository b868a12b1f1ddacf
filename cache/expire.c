/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/state.h"

/*
 * Milestones and death. Each record has one timer. A touch does not move it: when it fires, touched
 * + TTL tells whether there was one, and the timer is armed for what comes next (DESIGN §4.4).
 */

#define DYING_MS 1000u /* RFC 6762 §10.1, §10.2: one second */

/* Milestones in percent of the TTL (RFC 6762 §5.2); the last is the end. */
#define STAGES 4
static const uint8_t stage_percent[STAGES + 1] = {80, 85, 90, 95, 100};

static uint32_t stage_of(const struct cache_record *r)
{
	return r->stage < STAGES ? r->stage : STAGES;
}

/* Milliseconds of life at which a stage is due. limits.ttl keeps it below 2^31. */
static uint32_t stage_ms(const struct cache_record *r, unsigned stage)
{
	uint32_t ttl = atomic_load_explicit(&r->ttl, memory_order_relaxed);

	return ttl * (MS_PER_SEC / 100) * stage_percent[stage];
}

/* Arms the timer for the record's next milestone, with up to 2 % of jitter, or its end, exactly. */
void record_arm(struct cache *c, struct cache_record *r)
{
	uint32_t touched = atomic_load_explicit(&r->touched_ms, memory_order_relaxed);
	uint32_t ttl = atomic_load_explicit(&r->ttl, memory_order_relaxed);
	unsigned stage = stage_of(r);
	uint32_t at = touched + stage_ms(r, stage);

	if (stage < STAGES)
		at += rng_range(&c->rng, 0, ttl * (MS_PER_SEC * 2 / 100));
	wheel_arm(&c->wheel, &r->timer, at);
}

/* The record gets one second to live and is not answered any more. flags: CACHE_REC_GOODBYE or 0.
 */
void record_die(struct cache *c, uint32_t rec, uint16_t flags, uint32_t now_ms)
{
	struct cache_record *r = cache_record_at(&c->view, rec);
	bool dying = atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_DYING;

	record_flags(r, CACHE_REC_DYING | flags, 0);
	/* Repeated goodbyes do not prolong the second. */
	if (dying)
		return;
	r->stage = 0;
	wheel_arm(&c->wheel, &r->timer, now_ms + DYING_MS);
	record_changed(c, r);
	c->ops->dying(c->ops_arg, rec);
}

/* The end: the record goes, or waits a millisecond for the deferral to have room; it is not
 * answered either way. */
static void expire(struct cache *c, uint32_t rec)
{
	struct cache_record *r = cache_record_at(&c->view, rec);
	bool goodbye = atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_GOODBYE;

	if (record_remove(c, rec, !goodbye, c->now_ms) == 0) {
		counter_add(&c->stats.expired, 1);
		return;
	}
	if (r->stage != CACHE_STAGE_WAITS)
		counter_add(&c->stats.postponed, 1);
	r->stage = CACHE_STAGE_WAITS;
	wheel_arm(&c->wheel, &r->timer, c->now_ms + 1);
}

static void milestone(struct cache *c, uint32_t rec)
{
	struct cache_record *r = cache_record_at(&c->view, rec);
	uint32_t age = c->now_ms - atomic_load_explicit(&r->touched_ms, memory_order_relaxed);

	if (age < stage_ms(r, stage_of(r))) {
		/* Touched since the timer was armed. */
		r->stage = 0;
		r->asked = 0;
		record_arm(c, r);
		return;
	}
	/* A late turn may have passed several: one question does for all. */
	while (r->stage < STAGES && age >= stage_ms(r, r->stage))
		r->stage++;
	record_arm(c, r);
	c->ops->due(c->ops_arg, rec, r->stage);
}

static void fire(struct wheel_item *item, void *arg)
{
	struct cache *c = arg;
	struct cache_record *r =
		(struct cache_record *)((uint8_t *)item - offsetof(struct cache_record, timer));
	uint32_t rec = cache_chunk_at(&c->view, r->chunk)->slot[r->chunk_pos];

	if ((atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_DYING) ||
		cache_record_left_ms(r, c->now_ms) <= 0)
		expire(c, rec);
	else
		milestone(c, rec);
}

unsigned cache_turn(struct cache *c, uint32_t now_ms, unsigned budget)
{
	unsigned done;

	c->now_ms = now_ms;
	done = station_turn(c);
	done += wheel_turn(&c->wheel, now_ms, budget, fire, c);
	if (done < budget)
		done += idle_turn(c, now_ms, budget - done);
	return done;
}

bool cache_next(const struct cache *c, uint32_t *at_ms)
{
	bool some = wheel_wake(&c->wheel, at_ms);
	uint32_t at;

	if (idle_next(c, &at) && (!some || clock_ms_before(at, *at_ms))) {
		*at_ms = at;
		some = true;
	}
	if (c->station_retry != 0 && (!some || clock_ms_before(c->now_ms + 1, *at_ms))) {
		*at_ms = c->now_ms + 1;
		some = true;
	}
	return some;
}

void cache_goodbye(struct cache *c, uint32_t rec, uint32_t now_ms)
{
	if (cache_record_is_live(&c->view, rec))
		record_die(c, rec, CACHE_REC_GOODBYE, now_ms);
}

void cache_lose(struct cache *c, uint32_t rec, uint32_t now_ms)
{
	if (cache_record_is_live(&c->view, rec))
		record_die(c, rec, 0, now_ms);
}

void cache_left(struct cache *c, uint32_t rec, uint32_t now_ms)
{
	struct cache_record *r = cache_record_at(&c->view, rec);

	if (!cache_record_is_live(&c->view, rec))
		return;
	record_die(c, rec, CACHE_REC_GOODBYE, now_ms);
	if (r->stage != CACHE_STAGE_WAITS)
		wheel_arm(&c->wheel, &r->timer, now_ms + CACHE_LEFT_MS);
}

void cache_moved(struct cache *c, uint32_t rec, uint32_t now_ms)
{
	struct cache_record *r = cache_record_at(&c->view, rec);

	if (!cache_record_is_live(&c->view, rec) || r->stage == CACHE_STAGE_WAITS ||
		record_remove(c, rec, false, now_ms) == 0)
		return;
	/* The deferral is full. */
	record_flags(r, CACHE_REC_DYING | CACHE_REC_GOODBYE, 0);
	r->stage = 0;
	wheel_arm(&c->wheel, &r->timer, now_ms + 1);
	record_changed(c, r);
}

/* Does a flush by the record `by` end r? */
static bool flushes(
	const struct cache_record *by, const struct cache_record *r, bool own_only, uint32_t now_ms)
{
	uint32_t touched = atomic_load_explicit(&r->touched_ms, memory_order_relaxed);
	uint16_t flags = atomic_load_explicit(&r->flags, memory_order_relaxed);

	if (r == by || r->link != by->link || (flags & CACHE_REC_DYING) ||
		clock_ms_diff(now_ms, touched) <= (int32_t)DYING_MS)
		return false;
	return r->station == by->station || (!own_only && (flags & CACHE_REC_UNIQUE));
}

void cache_flush_others(struct cache *c, uint32_t rec, bool own_only, uint32_t now_ms)
{
	const struct cache_record *by;
	struct cache_iter it;
	uint32_t idx;

	if (!cache_record_is_live(&c->view, rec))
		return;
	by = cache_record_at(&c->view, rec);
	cache_iter_init(&it, &c->view, cache_node_at(&c->view, by->node));
	for (unsigned i = 0; i < CACHE_FLUSH_WALK && (idx = cache_iter_next(&it)) != 0; i++) {
		if (!flushes(by, cache_record_at(&c->view, idx), own_only, now_ms))
			continue;
		counter_add(&c->stats.flushed, 1);
		record_die(c, idx, 0, now_ms);
	}
}
