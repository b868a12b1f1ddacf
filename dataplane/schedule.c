/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/schedule.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "cache/service.h"
#include "dataplane/answer.h"
#include "dataplane/build.h"
#include "dataplane/negative.h"
#include "dataplane/worker_priv.h"

#define SHARED_MIN_MS 20  /* RFC 6762 §6 */
#define SHARED_MAX_MS 120 /* RFC 6762 §6 */
#define AGAIN_MS 1000     /* RFC 6762 §6: the same record at most once a second */
#define DEFEND_MS 250     /* RFC 6762 §6: ... four times to answer probes */
#define PACE_ITEMS 256    /* records sent at a time on a link and family: some ten messages */
#define PACE_MS 5         /* until the next lot */
#define HEARD_LOOK 1024   /* waiting records compared with a response */
#define TYPE_BIT 0x80000000u
#define NSEC_BIT 0x40000000u

int dp_schedule_init(struct dp_schedule *s, unsigned socket, uint32_t now_ms)
{
	memset(s, 0, sizeof(*s));
	wheel_init(&s->wheel, now_ms);
	s->item = rte_zmalloc_socket("sched_items", (DP_SCHED_ITEMS + 1) * sizeof(*s->item),
		RTE_CACHE_LINE_SIZE, (int)socket);
	s->queue = rte_zmalloc_socket("sched_queues", DP_LINKS_MAX * 2 * sizeof(*s->queue),
		RTE_CACHE_LINE_SIZE, (int)socket);
	s->last = rte_zmalloc_socket("sched_last", DP_LAST_SETS * 4 * sizeof(*s->last),
		RTE_CACHE_LINE_SIZE, (int)socket);
	if (s->item == NULL || s->queue == NULL || s->last == NULL) {
		dp_schedule_fini(s);
		return -ENOMEM;
	}
	for (uint32_t i = DP_SCHED_ITEMS; i >= 1; i--) {
		s->item[i].next = s->free;
		s->free = i;
	}
	for (uint32_t i = 0; i < DP_LINKS_MAX * 2; i++) {
		s->queue[i].link = (uint16_t)(i / 2);
		s->queue[i].family = (i & 1) ? 6 : 4;
	}
	return 0;
}

void dp_schedule_fini(struct dp_schedule *s)
{
	rte_free(s->item);
	rte_free(s->queue);
	rte_free(s->last);
	memset(s, 0, sizeof(*s));
}

static struct dp_sched_queue *queue_of(struct dp_schedule *s, uint16_t link, unsigned family)
{
	return &s->queue[link * 2u + (family == 6)];
}

/* Milliseconds from sent_ms to at_ms. An entry may be older than half the clock's range, so this is
 * unsigned; but sent_ms was rounded up and may be a millisecond ahead. */
static uint32_t since(uint32_t at_ms, uint32_t sent_ms)
{
	uint32_t ms = at_ms - sent_ms;

	return ms == UINT32_MAX ? 0 : ms;
}

static struct dp_last *set_of(
	const struct dp_schedule *s, uint32_t rec, uint16_t link, unsigned family)
{
	uint32_t h = rec * 0x9e3779b1u ^ ((uint32_t)link << 1 | (family == 6)) * 0x85ebca6bu;

	return &s->last[((h ^ h >> 15) & (DP_LAST_SETS - 1)) * 4];
}

static struct dp_last *find_last(
	const struct dp_schedule *s, uint32_t rec, uint32_t gen, uint16_t link, unsigned family)
{
	struct dp_last *set = set_of(s, rec, link, family);

	for (unsigned i = 0; i < 4; i++) {
		struct dp_last *e = &set[i];

		if (e->family == family && e->rec == rec && e->link == link && e->gen == gen)
			return e;
	}
	return NULL;
}

/*
 * The entry of (rec, link, family): the existing one, else the one of its set that was sent longest
 * ago, cleared. An entry that is thrown out may let its record go twice within a second; the table
 * is sized so that this takes more than 65,536 records multicast in that second.
 */
static struct dp_last *last_of(struct dp_schedule *s, uint32_t rec, uint32_t gen, uint16_t link,
	unsigned family, uint32_t now_ms)
{
	struct dp_last *set = set_of(s, rec, link, family);
	struct dp_last *victim = find_last(s, rec, gen, link, family);
	int64_t oldest = -1;

	if (victim != NULL)
		return victim;
	for (unsigned i = 0; i < 4; i++) {
		struct dp_last *e = &set[i];
		int64_t age = e->flags & DP_LAST_WAITING ? 0 : since(now_ms, e->sent_ms);

		if (e->family == 0)
			age = INT64_MAX;
		if (age > oldest) {
			oldest = age;
			victim = e;
		}
	}
	*victim = (struct dp_last){.rec = rec, .gen = gen, .link = link, .family = (uint8_t)family};
	return victim;
}

static uint32_t tag_of(const struct dp_sched_item *it)
{
	if (it->flags & DP_SCHED_NSEC)
		return it->rec | NSEC_BIT;
	return it->flags & DP_SCHED_TYPE ? it->rec | TYPE_BIT : it->rec;
}

static void arm(struct dp_schedule *s, struct dp_sched_queue *q, uint32_t due_ms)
{
	if (!wheel_armed(&q->timer) || clock_ms_before(due_ms, q->timer.expires))
		wheel_arm(&s->wheel, &q->timer, due_ms);
}

/* Tells the other workers whether anything waits for (link, family), see dp_shared.waiting. */
static void hint(struct dp_worker *w, const struct dp_sched_queue *q)
{
	_Atomic uint8_t *at = &w->shared->waiting[q->link];
	uint8_t bit = q->family == 6 ? DP_WAITING6 : DP_WAITING4;
	uint8_t was = atomic_load_explicit(at, memory_order_relaxed);
	uint8_t is = q->head != 0 ? was | bit : was & (uint8_t)~bit;

	if (is != was)
		atomic_store_explicit(at, is, memory_order_relaxed);
}

/* The index it got; 0: the schedule is full. */
static uint32_t append(
	struct dp_worker *w, struct dp_sched_queue *q, const struct dp_sched_item *it)
{
	struct dp_schedule *s = &w->schedule;
	uint32_t idx = s->free;

	if (idx == 0)
		return 0;
	s->free = s->item[idx].next;
	s->item[idx] = *it;
	s->item[idx].next = 0;
	if (q->head == 0)
		q->head = idx;
	else
		s->item[q->tail].next = idx;
	q->tail = idx;
	s->waiting++;
	arm(s, q, it->due_ms);
	hint(w, q);
	return idx;
}

/* Takes the item that *at points to off the queue; prev is the one before, or 0. */
static void take_off(struct dp_worker *w, struct dp_sched_queue *q, uint32_t *at, uint32_t prev)
{
	struct dp_schedule *s = &w->schedule;
	uint32_t idx = *at;

	*at = s->item[idx].next;
	if (q->tail == idx)
		q->tail = prev;
	s->item[idx].next = s->free;
	s->free = idx;
	s->waiting--;
}

/* The item leaves the schedule: `sent` now, or it was not fit to be sent any more. */
static void remember(struct dp_worker *w, const struct dp_sched_queue *q,
	const struct dp_sched_item *it, bool sent)
{
	struct dp_last *last;

	if (it->flags & DP_SCHED_GOODBYE)
		return;
	last = last_of(&w->schedule, tag_of(it), it->gen, q->link, q->family, w->now_ms);
	if (sent || (it->flags & DP_SCHED_AGAIN)) {
		last->flags = DP_LAST_SENT;
		/* Rounded up, or the second after it would be short of up to a millisecond. */
		last->sent_ms = sent ? clock_ms(w->now_us + US_PER_MS - 1) : it->sent_ms;
	} else {
		*last = (struct dp_last){0};
	}
}

/* When the item is to go, as things are now. */
static void plan(struct dp_worker *w, struct dp_sched_item *it, unsigned flags)
{
	uint32_t gap = flags & DP_SCHED_PROBE ? DEFEND_MS : AGAIN_MS;

	it->due_ms = w->now_ms;
	it->earliest_ms = w->now_ms;
	if (flags & DP_SCHED_DELAY) {
		it->due_ms += rng_range(&w->rng, SHARED_MIN_MS, SHARED_MAX_MS);
		it->earliest_ms += SHARED_MIN_MS;
	}
	if ((it->flags & DP_SCHED_AGAIN) == 0 || since(it->earliest_ms, it->sent_ms) >= gap)
		return;
	it->earliest_ms = it->sent_ms + gap;
	if (clock_ms_before(it->due_ms, it->earliest_ms))
		it->due_ms = it->earliest_ms;
}

/* It waits already. Who must not be kept waiting as long moves it forward. */
static void move_forward(
	struct dp_worker *w, struct dp_sched_queue *q, struct dp_sched_item *it, unsigned flags)
{
	struct dp_sched_item sooner = *it;

	if (flags & DP_SCHED_DELAY)
		return;
	plan(w, &sooner, flags);
	if (!clock_ms_before(sooner.due_ms, it->due_ms))
		return;
	it->due_ms = sooner.due_ms;
	if (clock_ms_before(sooner.earliest_ms, it->earliest_ms))
		it->earliest_ms = sooner.earliest_ms;
	arm(&w->schedule, q, it->due_ms);
}

bool dp_schedule_add(struct dp_worker *w, const struct dp_link *l, unsigned family, uint32_t rec,
	uint32_t gen, unsigned flags)
{
	struct dp_schedule *s = &w->schedule;
	struct dp_sched_queue *q = queue_of(s, l->id, family);
	struct dp_sched_item it = {.rec = rec, .gen = gen, .flags = flags};
	struct dp_last *last;
	uint32_t idx;

	if (flags & DP_SCHED_GOODBYE) {
		/* A withdrawal is no repetition of the record: it goes at once. */
		plan(w, &it, 0);
		return append(w, q, &it) != 0;
	}
	last = last_of(s, tag_of(&it), gen, l->id, family, w->now_ms);
	if (last->flags & DP_LAST_WAITING) {
		move_forward(w, q, &s->item[last->item], flags);
		return true;
	}
	if (last->flags & DP_LAST_SENT) {
		it.flags |= DP_SCHED_AGAIN;
		it.sent_ms = last->sent_ms;
	}
	plan(w, &it, flags);
	if (it.earliest_ms != w->now_ms && it.earliest_ms != w->now_ms + SHARED_MIN_MS)
		dp_event(w, l->id, DP_EV_held_back, 1);
	idx = append(w, q, &it);
	if (idx == 0) {
		dp_event(w, l->id, DP_EV_schedule_full, 1);
		return false;
	}
	last->flags = DP_LAST_WAITING;
	last->item = idx;
	return true;
}

bool dp_schedule_recent(struct dp_worker *w, const struct dp_link *l, unsigned family, uint32_t rec,
	uint32_t gen, unsigned flags, uint32_t ms)
{
	const struct dp_sched_item it = {.rec = rec, .flags = flags};
	const struct dp_last *last = find_last(&w->schedule, tag_of(&it), gen, l->id, family);

	if (last == NULL || last->flags == 0)
		return false;
	return (last->flags & DP_LAST_WAITING) != 0 || since(w->now_ms, last->sent_ms) < ms;
}

/* May the record still be told to the link? It may have died, or policy changed, while it waited.
 */
static bool still_good(struct dp_worker *w, const struct dp_link *l, const struct dp_sched_item *it,
	struct dp_item *out)
{
	struct cache_record *r;

	memset(out, 0, sizeof(*out));
	if (it->flags & DP_SCHED_TYPE)
		return atomic_load_explicit(&cache_node_at(w->cache, it->rec)->gen,
			       memory_order_acquire) == it->gen &&
		       dp_answer_type(w, l, NULL, it->rec, out);
	r = cache_record_get(w->cache, it->rec, it->gen);
	if (r != NULL && (it->flags & DP_SCHED_NSEC)) {
		struct dp_negative n;

		if (!dp_negative_make(w, l, NULL, it->rec, &n))
			return false;
		*out = n.item;
		return true;
	}
	if (r == NULL || cache_record_hidden(w->cache, r, w->now_ms))
		return false;
	if (it->flags & DP_SCHED_GOODBYE) {
		uint16_t f = atomic_load_explicit(&r->flags, memory_order_acquire);

		if ((f & CACHE_REC_DYING) == 0 || (f & CACHE_REC_LINK_LOCAL) != 0 ||
			!dp_permitted(w->world, l, r))
			return false;
		dp_answer_item(w->cache, it->rec, r, w->now_ms, out);
		out->ttl = 0;
		return true;
	}
	if (!dp_answer_usable(w, l, NULL, r))
		return false;
	dp_answer_item(w->cache, it->rec, r, w->now_ms, out);
	return true;
}

/* Takes what may go now off the queue into w->items, as much as goes in one lot. */
static void collect(struct dp_worker *w, struct dp_sched_queue *q, const struct dp_link *l)
{
	struct dp_schedule *s = &w->schedule;
	uint32_t *at = &q->head, idx, prev = 0;

	w->items.n = 0;
	while ((idx = *at) != 0) {
		struct dp_sched_item *it = &s->item[idx];
		bool full = w->items.n == PACE_ITEMS, good;

		if (full || clock_ms_before(w->now_ms, it->earliest_ms)) {
			uint32_t next = full ? w->now_ms + PACE_MS : it->due_ms;

			arm(s, q, clock_ms_before(next, it->due_ms) ? it->due_ms : next);
			prev = idx;
			at = &it->next;
			continue;
		}
		good = l != NULL && still_good(w, l, it, &w->items.item[w->items.n]);
		w->items.n += good;
		remember(w, q, it, good);
		take_off(w, q, at, prev);
	}
	hint(w, q);
}

static void fire(struct dp_worker *w, struct dp_sched_queue *q)
{
	const struct dp_link *l = dp_world_link(w->world, q->link);
	struct dp_dest dest = {.family = q->family, .group = 1};

	wheel_cancel(&w->schedule.wheel, &q->timer);
	if (l != NULL &&
		(l->mode != DP_LINK_GATEWAY || (q->family == 4 ? !l->has_addr4 : l->n_addr6 == 0)))
		l = NULL;
	collect(w, q, l);
	if (w->items.n > 0)
		dp_build_answers(w, l, &dest, NULL, NULL);
}

void dp_schedule_kick(struct dp_worker *w, const struct dp_link *l, unsigned family)
{
	struct dp_sched_queue *q = queue_of(&w->schedule, l->id, family);

	if (wheel_armed(&q->timer) && !clock_ms_before(w->now_ms, q->timer.expires))
		fire(w, q);
}

void dp_schedule_heard(struct dp_worker *w, const struct dp_link *l, unsigned family)
{
	struct dp_schedule *s = &w->schedule;
	struct dp_sched_queue *q = queue_of(s, l->id, family);
	uint32_t *at = &q->head, idx, prev = 0, ttl;

	for (unsigned i = 0; i < HEARD_LOOK && (idx = *at) != 0; i++) {
		struct dp_sched_item *it = &s->item[idx];
		struct dp_item item;

		if ((it->flags & DP_SCHED_GOODBYE) == 0 && still_good(w, l, it, &item) &&
			dp_idset_find(&w->known, item.ident, &ttl) && ttl >= item.ttl) {
			dp_event(w, l->id, DP_EV_said_by_others, 1);
			remember(w, q, it, true);
			take_off(w, q, at, prev);
			continue;
		}
		prev = idx;
		at = &it->next;
	}
	if (q->head == 0)
		wheel_cancel(&s->wheel, &q->timer);
	hint(w, q);
}

static void expired(struct wheel_item *item, void *arg)
{
	struct dp_worker *w = arg;

	fire(w, container_of(item, struct dp_sched_queue, timer));
}

unsigned dp_schedule_turn(struct dp_worker *w, unsigned budget)
{
	return wheel_turn(&w->schedule.wheel, w->now_ms, budget, expired, w);
}
