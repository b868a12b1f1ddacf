/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/audit.h"

#include <rte_ring_elem.h>

#include "base/clock.h"
#include "base/counter.h"

#define SWEEP_MS 10   /* between two looks at a few slots */
#define SWEEP_SETS 16 /* ... at so many sets */

static bool send(struct dp_audit *a, const struct dp_audit_event *e)
{
	if (a->ring != NULL &&
		rte_ring_sp_enqueue_elem(a->ring, (void *)(uintptr_t)e, sizeof(*e)) == 0)
		return true;
	COUNTER_INC(a->lost);
	return false;
}

/* The count of a kind, if it has one. */
static void send_more(struct dp_audit *a, struct dp_audit_slot *s, uint32_t now_ms)
{
	const struct dp_audit_event e = {.tag = s->tag, .more = s->more};

	if (s->more != 0 && !send(a, &e))
		return;
	s->more = 0;
	s->since_ms = now_ms;
}

bool dp_audit_first(struct dp_audit *a, uint64_t tag, uint32_t now_ms)
{
	struct dp_audit_slot *set = a->slot[tag % (DP_AUDIT_SLOTS / 4)], *victim = &set[0];

	for (unsigned i = 0; i < 4; i++) {
		struct dp_audit_slot *s = &set[i];

		if (s->tag == tag) {
			s->more++;
			if (clock_ms_diff(now_ms, s->since_ms) >= DP_AUDIT_FOLD_MS)
				send_more(a, s, now_ms);
			return false;
		}
		if (s->tag == 0 ||
			(victim->tag != 0 && clock_ms_before(s->since_ms, victim->since_ms)))
			victim = s;
	}
	if (victim->tag != 0)
		send_more(a, victim, now_ms);
	*victim = (struct dp_audit_slot){.tag = tag, .since_ms = now_ms};
	return true;
}

void dp_audit_push(struct dp_audit *a, const struct dp_audit_event *e)
{
	struct dp_audit_slot *set = a->slot[e->tag % (DP_AUDIT_SLOTS / 4)];

	if (send(a, e))
		return;
	/* The next of its kind tries again. */
	for (unsigned i = 0; i < 4; i++)
		if (set[i].tag == e->tag)
			set[i] = (struct dp_audit_slot){0};
}

void dp_audit_turn(struct dp_audit *a, uint32_t now_ms)
{
	if (clock_ms_diff(now_ms, a->swept_ms) < SWEEP_MS)
		return;
	a->swept_ms = now_ms;
	for (unsigned n = 0; n < SWEEP_SETS; n++) {
		struct dp_audit_slot *set = a->slot[a->sweep++ % (DP_AUDIT_SLOTS / 4)];

		for (unsigned i = 0; i < 4; i++) {
			if (set[i].tag == 0 ||
				clock_ms_diff(now_ms, set[i].since_ms) < DP_AUDIT_FOLD_MS)
				continue;
			if (set[i].more != 0)
				send_more(a, &set[i], now_ms);
			else /* quiet for as long: the next is a first one */
				set[i] = (struct dp_audit_slot){0};
		}
	}
}
