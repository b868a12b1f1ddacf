/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A hashed hierarchical timing wheel: 4 levels of 256 slots, 1 ms ticks, so any time within 2^31
 * ms (24.8 days) ahead. Items are intrusive; nothing is allocated; arming and cancelling are O(1).
 *
 * An item stands on the level of the highest byte in which its time differs from the wheel's
 * tick, in the slot of that byte. When the tick enters a slot of an upper level, the items in it
 * move down. Occupancy bitmaps let the tick jump straight to the next slot in use, so a turn that
 * comes hours late costs as much as the items it finds.
 *
 * One thread owns a wheel and everything armed on it. Items must not move or be freed while armed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEEL_LEVELS 4
#define WHEEL_SLOTS 256

/* One timer, to be embedded. All zero is a valid unarmed item. Fields belong to the wheel. */
struct wheel_item {
	struct wheel_item *next;
	struct wheel_item **pprev; /* what points at us; NULL when not armed */
	uint32_t expires;          /* ms; while armed: when it fires */
	uint16_t slot;             /* level × 256 + slot, while armed */
};

/* Lists are first in, first out, so items of one tick fire in the order they were armed. */
struct wheel_list {
	struct wheel_item *first;
	struct wheel_item **last; /* where to hang the next one */
};

struct wheel {
	uint32_t tick;   /* ms; nothing armed is earlier */
	uint32_t target; /* ms; the `now` of the turn under way */
	bool firing;     /* a callback is running */
	uint32_t armed;  /* items on the wheel */
	bool idle;       /* nothing is due at the tick */
	uint64_t used[WHEEL_LEVELS][WHEEL_SLOTS / 64];
	struct wheel_list slots[WHEEL_LEVELS * WHEEL_SLOTS];
};

/* Called for each expired item, which is no longer armed. May arm or cancel any item, this one
 * included. Must not call wheel_turn(). */
typedef void (*wheel_cb)(struct wheel_item *item, void *arg);

/* Make an empty wheel that stands at now_ms. */
void wheel_init(struct wheel *w, uint32_t now_ms);

/* Fire the item at at_ms, wherever it was armed before. A time not after the wheel's tick fires on
 * the next turn; armed from a callback, a time not after that turn's `now` fires 1 ms after it, so
 * no turn feeds itself for ever. at_ms must lie within 2^31 ms ahead. */
void wheel_arm(struct wheel *w, struct wheel_item *item, uint32_t at_ms);

/* Take the item off; nothing happens if it is not armed. */
void wheel_cancel(struct wheel *w, struct wheel_item *item);

static inline bool wheel_armed(const struct wheel_item *item)
{
	return item->pprev != NULL;
}

/* Fire what is due at now_ms, in at most `budget` steps; firing an item is a step and so is moving
 * one down a level. Returns the steps done: `budget` means there may be more to do (the next turn
 * continues there), 0 that nothing is due. A `now` before the wheel's tick does nothing. */
unsigned wheel_turn(struct wheel *w, uint32_t now_ms, unsigned budget, wheel_cb cb, void *arg);

/* The exact time of the earliest item; false if none is armed. Costs a scan of up to one slot per
 * level: for virtual clocks and tests. */
bool wheel_next(const struct wheel *w, uint32_t *at_ms);

/* Has a turn nothing to do at now_ms, for sure? */
static inline bool wheel_idle(const struct wheel *w, uint32_t now_ms)
{
	return w->idle && w->tick == now_ms;
}

/* The next time a turn has anything to do (fire or move), never later than wheel_next() and found
 * in the bitmaps alone: for deciding how long to sleep. False if nothing is armed. */
bool wheel_wake(const struct wheel *w, uint32_t *at_ms);
