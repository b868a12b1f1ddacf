/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/schedule.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "cache/service.h"
#include "dataplane/answer.h"
#include "dataplane/build.h"
#include "dataplane/worker_priv.h"

#define SHARED_MIN_MS 20  /* RFC 6762 §6 */
#define SHARED_MAX_MS 120 /* RFC 6762 §6 */
#define AGAIN_MS 1000     /* RFC 6762 §6: the same record at most once a second */
#define TYPE_BIT 0x80000000u

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

/*
 * The entry of (rec, link, family): the existing one, else the one of its set that was sent longest
 * ago, cleared. An entry that is thrown out may let its record go twice within a second; the table
 * is sized so that this takes more than 65,536 records multicast in that second.
 */
static struct dp_last *last_of(struct dp_schedule *s, uint32_t rec, uint32_t gen, uint16_t link,
	unsigned family, uint32_t now_ms)
{
	uint32_t h = rec * 0x9e3779b1u ^ ((uint32_t)link << 1 | (family == 6)) * 0x85ebca6bu;
	struct dp_last *set = &s->last[((h ^ h >> 15) & (DP_LAST_SETS - 1)) * 4];
	struct dp_last *victim = &set[0];
	int32_t oldest = -1;

	for (unsigned i = 0; i < 4; i++) {
		struct dp_last *e = &set[i];
		int32_t age = e->flags & DP_LAST_WAITING ? 0 : clock_ms_diff(now_ms, e->sent_ms);

		if (e->family == family && e->rec == rec && e->link == link && e->gen == gen)
			return e;
		if (e->family == 0)
			age = INT32_MAX;
		if (age > oldest) {
			oldest = age;
			victim = e;
		}
	}
	*victim = (struct dp_last){
		.rec = rec, .gen = gen, .sent_ms = now_ms, .link = link, .family = (uint8_t)family};
	return victim;
}

static void arm(struct dp_schedule *s, struct dp_sched_queue *q, uint32_t due_ms)
{
	if (!wheel_armed(&q->timer) || clock_ms_before(due_ms, q->timer.expires))
		wheel_arm(&s->wheel, &q->timer, due_ms);
}

static bool append(struct dp_schedule *s, struct dp_sched_queue *q, const struct dp_sched_item *it)
{
	uint32_t idx = s->free;

	if (idx == 0)
		return false;
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
	return true;
}

bool dp_schedule_add(struct dp_worker *w, const struct dp_link *l, unsigned family, uint32_t rec,
	uint32_t gen, unsigned flags, bool shared)
{
	struct dp_schedule *s = &w->schedule;
	uint32_t tag = flags & DP_SCHED_TYPE ? rec | TYPE_BIT : rec;
	struct dp_last *last = last_of(s, tag, gen, l->id, family, w->now_ms);
	struct dp_sched_item it = {.rec = rec,
		.gen = gen,
		.due_ms = w->now_ms,
		.earliest_ms = w->now_ms,
		.flags = flags};

	if (flags & DP_SCHED_GOODBYE) {
		/* A withdrawal is no repetition of the record: it goes at once. */
		return append(s, queue_of(s, l->id, family), &it);
	}
	if (last->flags & DP_LAST_WAITING)
		return true;
	if (shared) {
		it.due_ms += rng_range(&w->rng, SHARED_MIN_MS, SHARED_MAX_MS);
		it.earliest_ms += SHARED_MIN_MS;
	}
	if (last->flags & DP_LAST_SENT) {
		uint32_t again = last->sent_ms + AGAIN_MS;

		if (clock_ms_before(it.earliest_ms, again)) {
			dp_event(w, l->id, DP_EV_held_back, 1);
			it.earliest_ms = again;
			if (clock_ms_before(it.due_ms, again))
				it.due_ms = again;
		}
	}
	if (!append(s, queue_of(s, l->id, family), &it)) {
		dp_event(w, l->id, DP_EV_schedule_full, 1);
		return false;
	}
	last->flags |= DP_LAST_WAITING;
	return true;
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
		       dp_answer_type(w, l, it->rec, out);
	r = cache_record_get(w->cache, it->rec, it->gen);
	if (r == NULL || cache_record_hidden(w->cache, r, w->now_ms))
		return false;
	if (it->flags & DP_SCHED_GOODBYE) {
		uint16_t f = atomic_load_explicit(&r->flags, memory_order_acquire);

		if ((f & CACHE_REC_DYING) == 0 || (f & CACHE_REC_LINK_LOCAL) != 0 ||
			!dp_permitted(w->world, l, r))
			return false;
		dp_answer_item(it->rec, r, w->now_ms, out);
		out->ttl = 0;
		return true;
	}
	if (!dp_answer_usable(w, l, NULL, r))
		return false;
	dp_answer_item(it->rec, r, w->now_ms, out);
	return true;
}

/* Takes what may go now off the queue into w->items. */
static void collect(struct dp_worker *w, struct dp_sched_queue *q, const struct dp_link *l)
{
	struct dp_schedule *s = &w->schedule;
	uint32_t *at = &q->head, idx, prev = 0;

	w->items.n = 0;
	while ((idx = *at) != 0) {
		struct dp_sched_item *it = &s->item[idx];

		if (clock_ms_before(w->now_ms, it->earliest_ms) || w->items.n == DP_ITEMS) {
			arm(s, q, it->due_ms);
			prev = idx;
			at = &it->next;
			continue;
		}
		if (l != NULL && still_good(w, l, it, &w->items.item[w->items.n])) {
			w->items.n++;
		}
		if ((it->flags & DP_SCHED_GOODBYE) == 0) {
			uint32_t tag = it->flags & DP_SCHED_TYPE ? it->rec | TYPE_BIT : it->rec;
			struct dp_last *last =
				last_of(s, tag, it->gen, q->link, q->family, w->now_ms);

			last->flags = DP_LAST_SENT;
			/* Rounded up, or the second after it would be short of up to a millisecond.
			 */
			last->sent_ms = clock_ms(w->now_us + US_PER_MS - 1);
		}
		*at = it->next;
		if (q->tail == idx)
			q->tail = prev;
		it->next = s->free;
		s->free = idx;
		s->waiting--;
	}
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
		dp_build_answers(w, l, &dest, NULL);
}

void dp_schedule_kick(struct dp_worker *w, const struct dp_link *l, unsigned family)
{
	struct dp_sched_queue *q = queue_of(&w->schedule, l->id, family);

	if (wheel_armed(&q->timer) && !clock_ms_before(w->now_ms, q->timer.expires))
		fire(w, q);
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
