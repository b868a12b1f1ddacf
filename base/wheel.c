/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/wheel.h"

#include <string.h>

/* The slot of a time on a level: that byte of it. */
static unsigned slot_of(uint32_t ms, unsigned level)
{
	return ms >> (8 * level) & 255;
}

static bool slot_used(const struct wheel *w, unsigned level, unsigned slot)
{
	return w->used[level][slot / 64] >> (slot % 64) & 1;
}

/* The first slot in use at or after `from`; WHEEL_SLOTS if there is none. */
static unsigned slot_find(const struct wheel *w, unsigned level, unsigned from)
{
	unsigned word = from / 64;
	uint64_t bits;

	if (from >= WHEEL_SLOTS)
		return WHEEL_SLOTS;
	bits = w->used[level][word] & (~UINT64_C(0) << (from % 64));
	while (bits == 0) {
		if (++word == WHEEL_SLOTS / 64)
			return WHEEL_SLOTS;
		bits = w->used[level][word];
	}
	return word * 64 + (unsigned)__builtin_ctzll(bits);
}

/* The next slot in use after the tick's own. Below the top level, times beyond the level's last
 * slot stand on the level above, so only the top level goes round. */
static unsigned slot_after(const struct wheel *w, unsigned level)
{
	unsigned at = slot_find(w, level, slot_of(w->tick, level) + 1);

	if (at == WHEEL_SLOTS && level == WHEEL_LEVELS - 1) {
		at = slot_find(w, level, 0);
		if (at >= slot_of(w->tick, level))
			at = WHEEL_SLOTS;
	}
	return at;
}

static void link_item(struct wheel *w, struct wheel_item *item, uint32_t at)
{
	uint32_t diff = at ^ w->tick;
	unsigned level = diff == 0 ? 0 : (31 - (unsigned)__builtin_clz(diff)) / 8;
	unsigned slot = slot_of(at, level);
	struct wheel_list *list = &w->slots[level * WHEEL_SLOTS + slot];

	item->next = NULL;
	item->pprev = list->last;
	item->expires = at;
	item->slot = (uint16_t)(level * WHEEL_SLOTS + slot);
	*list->last = item;
	list->last = &item->next;
	w->used[level][slot / 64] |= UINT64_C(1) << (slot % 64);
	if (diff == 0)
		w->idle = false;
}

static void unlink_item(struct wheel *w, struct wheel_item *item)
{
	struct wheel_list *list = &w->slots[item->slot];

	*item->pprev = item->next;
	if (item->next != NULL)
		item->next->pprev = item->pprev;
	else
		list->last = item->pprev;
	item->pprev = NULL;
	item->next = NULL;
	if (list->first == NULL)
		w->used[item->slot / WHEEL_SLOTS][item->slot % WHEEL_SLOTS / 64] &=
			~(UINT64_C(1) << (item->slot % 64));
}

void wheel_init(struct wheel *w, uint32_t now_ms)
{
	memset(w, 0, sizeof(*w));
	w->tick = now_ms;
	w->target = now_ms;
	for (unsigned i = 0; i < WHEEL_LEVELS * WHEEL_SLOTS; i++)
		w->slots[i].last = &w->slots[i].first;
}

void wheel_arm(struct wheel *w, struct wheel_item *item, uint32_t at_ms)
{
	if (w->firing && (int32_t)(at_ms - w->target) <= 0)
		at_ms = w->target + 1;
	else if ((int32_t)(at_ms - w->tick) < 0)
		at_ms = w->tick;

	if (wheel_armed(item))
		unlink_item(w, item);
	else
		w->armed++;
	link_item(w, item, at_ms);
}

void wheel_cancel(struct wheel *w, struct wheel_item *item)
{
	if (!wheel_armed(item))
		return;
	unlink_item(w, item);
	w->armed--;
}

/* The highest upper level whose slot of the tick has items that must move down; 0 if there is
 * none. Upper slots of the tick are only ever emptied: link_item() puts nothing there. */
static unsigned level_to_move(const struct wheel *w)
{
	for (unsigned level = WHEEL_LEVELS - 1; level > 0; level--) {
		if (slot_used(w, level, slot_of(w->tick, level)))
			return level;
	}
	return 0;
}

/* The next tick after this one at which a slot is in use; only for an armed wheel whose slots of
 * the tick are empty. */
static uint32_t tick_after(const struct wheel *w)
{
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		unsigned at = slot_after(w, level);

		if (at < WHEEL_SLOTS) {
			uint32_t below = (UINT32_C(1) << (8 * level)) - 1;
			uint32_t mask = below | UINT32_C(255) << (8 * level);

			return (w->tick & ~mask) | (uint32_t)at << (8 * level);
		}
	}
	return w->tick;
}

/* Jump to the next slot in use if it is not after the turn's `now`, else to `now` itself. */
static bool advance(struct wheel *w)
{
	uint32_t next;

	if (w->armed == 0) {
		w->tick = w->target;
		return false;
	}
	next = tick_after(w);
	if ((int32_t)(w->target - next) < 0) {
		w->tick = w->target;
		return false;
	}
	w->tick = next;
	return true;
}

static void fire(struct wheel *w, struct wheel_item *item, wheel_cb cb, void *arg)
{
	unlink_item(w, item);
	w->armed--;
	w->firing = true;
	cb(item, arg);
	w->firing = false;
}

unsigned wheel_turn(struct wheel *w, uint32_t now_ms, unsigned budget, wheel_cb cb, void *arg)
{
	unsigned steps = 0;

	if ((int32_t)(now_ms - w->tick) < 0)
		return 0;
	w->target = now_ms;

	while (steps < budget) {
		unsigned level = level_to_move(w);
		struct wheel_item *item =
			w->slots[level * WHEEL_SLOTS + slot_of(w->tick, level)].first;

		if (item == NULL) {
			if (!advance(w)) {
				w->idle = true;
				break;
			}
			continue;
		}
		steps++;
		if (level > 0) {
			unlink_item(w, item);
			link_item(w, item, item->expires);
		} else {
			fire(w, item, cb, arg);
		}
	}
	return steps;
}

/* The earliest time in one slot. */
static uint32_t slot_earliest(const struct wheel *w, unsigned level, unsigned slot)
{
	const struct wheel_item *item = w->slots[level * WHEEL_SLOTS + slot].first;
	uint32_t best = item->expires;

	for (; item != NULL; item = item->next) {
		if ((int32_t)(item->expires - best) < 0)
			best = item->expires;
	}
	return best;
}

bool wheel_next(const struct wheel *w, uint32_t *at_ms)
{
	bool found = false;
	uint32_t best = 0;

	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		unsigned own = slot_of(w->tick, level);
		bool pending = slot_used(w, level, own);
		unsigned slot = pending ? own : slot_after(w, level);
		uint32_t at;

		/* Later slots of an upper level come after all that stands below; its own slot,
		 * still waiting to be moved down, may not. */
		if (slot == WHEEL_SLOTS || (found && !pending))
			continue;
		at = slot_earliest(w, level, slot);
		if (!found || (int32_t)(at - best) < 0)
			best = at;
		found = true;
	}
	if (found)
		*at_ms = best;
	return found;
}

bool wheel_wake(const struct wheel *w, uint32_t *at_ms)
{
	if (w->armed == 0)
		return false;
	if (level_to_move(w) > 0 || slot_used(w, 0, slot_of(w->tick, 0)))
		*at_ms = w->tick;
	else
		*at_ms = tick_after(w);
	return true;
}
