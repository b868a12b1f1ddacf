/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/wheel.h"

#define HOUR_MS (3600u * 1000)
#define ALL UINT32_MAX

_Static_assert(sizeof(struct wheel_item) <= 24, "one per record");

static struct wheel wheel;
static struct wheel_item items[64];

/* What fired, in order. */
static struct wheel_item *fired[4096];
static unsigned n_fired;

static void record(struct wheel_item *item, void *arg)
{
	cr_assert_eq(arg, fired);
	cr_assert(!wheel_armed(item));
	cr_assert_lt(n_fired, sizeof(fired) / sizeof(fired[0]));
	fired[n_fired++] = item;
}

static unsigned turn(uint32_t now, unsigned budget)
{
	bool idle = wheel_idle(&wheel, now);
	unsigned before = n_fired, steps = wheel_turn(&wheel, now, budget, record, fired);

	cr_assert(!idle || (steps == 0 && n_fired == before), "not idle");
	return steps;
}

Test(wheel, is_idle_until_something_is_due)
{
	wheel_init(&wheel, 1000);
	turn(1000, ALL);
	cr_assert(wheel_idle(&wheel, 1000));
	cr_assert(!wheel_idle(&wheel, 1001));
	wheel_arm(&wheel, &items[0], 1010);
	cr_assert(wheel_idle(&wheel, 1000));
	wheel_arm(&wheel, &items[1], 900);
	cr_assert(!wheel_idle(&wheel, 1000));
	turn(1000, ALL);
	cr_assert_eq(n_fired, 1);
	cr_assert(wheel_idle(&wheel, 1000));
	turn(1010, ALL);
	cr_assert_eq(n_fired, 2);
}

Test(wheel, fires_at_its_time_and_once)
{
	static const uint32_t delays[] = {1, 2, 255, 256, 257, 65535, 65536, 65537, 0xffffff,
		0x1000000, 0x7ffffffe, 0x7fffffff};
	static const uint32_t starts[] = {
		0, 1, 255, 0x00ffff00, 0x7fffffff, 0x80000000, 0xffffff01};

	for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
		for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
			uint32_t at = starts[s] + delays[i], next = 0;

			wheel_init(&wheel, starts[s]);
			n_fired = 0;
			wheel_arm(&wheel, &items[0], at);
			cr_assert(wheel_armed(&items[0]));
			cr_assert(wheel_next(&wheel, &next));
			cr_assert_eq(next, at);
			turn(at - 1, ALL);
			cr_assert_eq(n_fired, 0, "start %x delay %x", starts[s], delays[i]);
			cr_assert(turn(at, ALL) > 0);
			cr_assert_eq(n_fired, 1);
			cr_assert(!wheel_armed(&items[0]));
			cr_assert_eq(turn(at + HOUR_MS, ALL), 0);
			cr_assert(!wheel_next(&wheel, &next));
			cr_assert(!wheel_wake(&wheel, &next));
		}
	}
}

Test(wheel, times_not_ahead_fire_on_the_next_turn)
{
	wheel_init(&wheel, 5000);
	wheel_arm(&wheel, &items[0], 5000);
	wheel_arm(&wheel, &items[1], 4000);
	wheel_arm(&wheel, &items[2], 5001);
	cr_assert_eq(turn(5000, ALL), 2);
	cr_assert(fired[0] == &items[0] && fired[1] == &items[1]);
	cr_assert_eq(turn(5000, ALL), 0);
	cr_assert_eq(turn(5001, ALL), 1);
}

Test(wheel, one_tick_fires_in_the_order_of_arming)
{
	wheel_init(&wheel, 10);
	for (unsigned i = 0; i < 64; i++)
		wheel_arm(&wheel, &items[i], 100000);
	cr_assert_gt(turn(200000, ALL), 64);
	cr_assert_eq(n_fired, 64);
	for (unsigned i = 0; i < 64; i++)
		cr_assert_eq(fired[i], &items[i]);
}

Test(wheel, cancel_and_rearm)
{
	wheel_init(&wheel, 0);
	wheel_cancel(&wheel, &items[0]);
	for (unsigned i = 0; i < 4; i++)
		wheel_arm(&wheel, &items[i], 10);
	wheel_cancel(&wheel, &items[3]); /* last */
	wheel_cancel(&wheel, &items[0]); /* first */
	wheel_cancel(&wheel, &items[0]);
	wheel_arm(&wheel, &items[1], 70000); /* elsewhere */
	wheel_arm(&wheel, &items[2], 10);    /* to the same place */
	wheel_arm(&wheel, &items[3], 10);
	cr_assert_eq(wheel.armed, 3);
	turn(10, ALL);
	cr_assert_eq(n_fired, 2);
	cr_assert(fired[0] == &items[2] && fired[1] == &items[3]);
	wheel_arm(&wheel, &items[1], 20);
	turn(20, ALL);
	cr_assert_eq(n_fired, 3);
	cr_assert_eq(wheel.armed, 0);
	for (unsigned level = 0; level < WHEEL_LEVELS; level++)
		for (unsigned i = 0; i < WHEEL_SLOTS / 64; i++)
			cr_assert_eq(wheel.used[level][i], 0);
}

Test(wheel, a_clock_that_steps_back_does_nothing)
{
	wheel_init(&wheel, 1000);
	wheel_arm(&wheel, &items[0], 1000);
	cr_assert_eq(turn(999, ALL), 0);
	cr_assert_eq(turn(1000, ALL), 1);
}

Test(wheel, budget_zero_does_nothing)
{
	wheel_init(&wheel, 0);
	wheel_arm(&wheel, &items[0], 1);
	cr_assert_eq(turn(5, 0), 0);
	cr_assert_eq(turn(5, 1), 1);
}

/* Many items in one far slot, and a turn that comes hours late: every turn keeps its budget, also
 * while the slot moves down, and in the end all have fired. */
Test(wheel, a_late_turn_keeps_its_budget)
{
	enum { N = 20000, BUDGET = 64 };
	struct wheel_item *many = calloc(N, sizeof(*many));
	uint32_t now = 5 * HOUR_MS, last = 0, next;
	unsigned total = 0, turns = 0, steps;

	wheel_init(&wheel, 77);
	for (unsigned i = 0; i < N; i++)
		wheel_arm(&wheel, &many[i], 4 * HOUR_MS + i % 300);
	do {
		n_fired = 0;
		steps = turn(now, BUDGET);
		cr_assert_leq(steps, BUDGET);
		cr_assert_leq(n_fired, steps);
		for (unsigned i = 0; i < n_fired; i++) {
			cr_assert_geq(fired[i]->expires, last);
			last = fired[i]->expires;
		}
		total += n_fired;
		/* Exact also half-way. */
		if (wheel_next(&wheel, &next))
			cr_assert_geq(next, last);
		cr_assert_lt(++turns, 100000u);
	} while (steps > 0);
	cr_assert_eq(total, N);
	/* No item is touched more than once per level. */
	cr_assert_leq(turns, N * WHEEL_LEVELS / BUDGET + 2);
	free(many);
}

/* 49 days of one timer a second, in turns of any length. */
Test(wheel, goes_round)
{
	uint64_t now = 12345, due = now + 1000;

	wheel_init(&wheel, (uint32_t)now);
	wheel_arm(&wheel, &items[0], (uint32_t)due);
	while (now < (UINT64_C(1) << 32) + 100000000) {
		uint32_t next;

		cr_assert(wheel_next(&wheel, &next));
		cr_assert_eq(next, (uint32_t)due);
		now = due;
		n_fired = 0;
		turn((uint32_t)now, ALL);
		cr_assert_eq(n_fired, 1);
		due += 997 * 1013;
		wheel_arm(&wheel, &items[0], (uint32_t)due);
	}
}

static void rearm_self_now(struct wheel_item *item, void *arg)
{
	unsigned *count = arg;

	++*count;
	wheel_arm(&wheel, item, wheel.tick - 5);
}

Test(wheel, no_turn_feeds_itself)
{
	unsigned count = 0;
	uint32_t next;

	wheel_init(&wheel, 0);
	wheel_arm(&wheel, &items[0], 10);
	cr_assert_gt(wheel_turn(&wheel, HOUR_MS, ALL, rearm_self_now, &count), 0);
	cr_assert_eq(count, 1);
	cr_assert(wheel_next(&wheel, &next));
	cr_assert_eq(next, HOUR_MS + 1);
	wheel_turn(&wheel, HOUR_MS, ALL, rearm_self_now, &count);
	cr_assert_eq(count, 1);
	wheel_turn(&wheel, HOUR_MS + 1, ALL, rearm_self_now, &count);
	cr_assert_eq(count, 2);
}

static void cancel_others(struct wheel_item *item, void *arg)
{
	(void)item;
	++*(unsigned *)arg;
	for (unsigned i = 0; i < 64; i++)
		wheel_cancel(&wheel, &items[i]);
}

Test(wheel, a_callback_may_cancel_its_neighbours)
{
	unsigned count = 0;

	wheel_init(&wheel, 0);
	for (unsigned i = 0; i < 64; i++)
		wheel_arm(&wheel, &items[i], 300 + i / 16);
	wheel_turn(&wheel, 1000, ALL, cancel_others, &count);
	cr_assert_eq(count, 1);
	cr_assert_eq(wheel.armed, 0);
}

/* The model: an array, looked through from end to end. */
enum { MODEL_ITEMS = 200 };

struct model {
	struct wheel w;
	struct rng rng;
	struct wheel_item item[MODEL_ITEMS];
	bool armed[MODEL_ITEMS];
	uint32_t due[MODEL_ITEMS];
	uint32_t now; /* of the turn under way, or the last */
	uint32_t last_fired;
	bool fired_any;
	unsigned fired;
};

static uint32_t random_delay(struct rng *rng)
{
	switch (rng_range(rng, 0, 5)) {
	case 0:
		return rng_range(rng, 0, 3);
	case 1:
		return rng_range(rng, 0, 300);
	case 2:
		return rng_range(rng, 0, 70000);
	case 3:
		return rng_range(rng, 0, 24 * HOUR_MS);
	case 4:
		return rng_range(rng, 0, 0x70000000);
	default:
		return 0u - rng_range(rng, 0, 1000);
	}
}

static void model_arm(struct model *m, unsigned i, bool in_callback)
{
	uint32_t at = m->now + random_delay(&m->rng);
	uint32_t got;

	wheel_arm(&m->w, &m->item[i], at);
	got = m->item[i].expires;
	if (in_callback && clock_ms_diff(at, m->now) <= 0)
		cr_assert_eq(got, m->now + 1);
	else if (clock_ms_diff(at, m->now) > 0)
		cr_assert_eq(got, at);
	else
		cr_assert_leq(clock_ms_diff(got, m->now), 0);
	m->armed[i] = true;
	m->due[i] = got;
}

static void model_cancel(struct model *m, unsigned i)
{
	wheel_cancel(&m->w, &m->item[i]);
	m->armed[i] = false;
}

static void model_fire(struct wheel_item *item, void *arg)
{
	struct model *m = arg;
	unsigned i = (unsigned)(item - m->item);

	cr_assert(m->armed[i]);
	cr_assert_leq(clock_ms_diff(m->due[i], m->now), 0, "early");
	if (m->fired_any)
		cr_assert_geq(clock_ms_diff(m->due[i], m->last_fired), 0, "out of order");
	m->last_fired = m->due[i];
	m->fired_any = true;
	m->fired++;
	m->armed[i] = false;
	switch (rng_range(&m->rng, 0, 3)) {
	case 0:
		model_arm(m, i, true);
		break;
	case 1:
		model_arm(m, rng_range(&m->rng, 0, MODEL_ITEMS - 1), true);
		break;
	case 2:
		model_cancel(m, rng_range(&m->rng, 0, MODEL_ITEMS - 1));
		break;
	default:
		break;
	}
}

static void model_check(struct model *m, bool complete)
{
	uint32_t next = 0, wake = 0, best = 0;
	unsigned armed = 0;

	for (unsigned i = 0; i < MODEL_ITEMS; i++) {
		cr_assert_eq(wheel_armed(&m->item[i]), m->armed[i]);
		if (!m->armed[i])
			continue;
		if (complete)
			cr_assert_gt(clock_ms_diff(m->due[i], m->now), 0, "not fired");
		if (armed++ == 0 || clock_ms_before(m->due[i], best))
			best = m->due[i];
	}
	cr_assert_eq(m->w.armed, armed);
	cr_assert_eq(wheel_next(&m->w, &next), armed > 0);
	cr_assert_eq(wheel_wake(&m->w, &wake), armed > 0);
	if (armed == 0)
		return;
	cr_assert_eq(next, best);
	cr_assert_leq(clock_ms_diff(wake, next), 0);
	if (complete)
		cr_assert_gt(clock_ms_diff(wake, m->now), 0);
}

static uint32_t random_step(struct rng *rng)
{
	switch (rng_range(rng, 0, 19)) {
	case 0:
		return rng_range(rng, 0, 10 * HOUR_MS);
	case 1:
		return rng_range(rng, 0, 100000);
	case 2:
		return 0;
	default:
		return rng_range(rng, 0, 400);
	}
}

static void model_run(struct model *m, uint64_t seed, uint32_t start)
{
	memset(m, 0, sizeof(*m));
	rng_seed(&m->rng, seed);
	m->now = start;
	wheel_init(&m->w, start);
	for (int k = 0; k < 20000; k++) {
		unsigned budget = rng_range(&m->rng, 0, 3) ? rng_range(&m->rng, 1, 40) : ALL;
		unsigned steps, before = m->fired;
		uint32_t next;

		for (unsigned n = rng_range(&m->rng, 0, 3); n > 0; n--)
			model_arm(m, rng_range(&m->rng, 0, MODEL_ITEMS - 1), false);
		if (rng_range(&m->rng, 0, 3) == 0)
			model_cancel(m, rng_range(&m->rng, 0, MODEL_ITEMS - 1));
		/* Now and then straight to the next expiry, as the virtual clock does. */
		if (rng_range(&m->rng, 0, 9) == 0 && wheel_next(&m->w, &next) &&
			clock_ms_before(m->now, next))
			m->now = next;
		else
			m->now += random_step(&m->rng);
		m->fired_any = false;
		steps = wheel_turn(&m->w, m->now, budget, model_fire, m);
		cr_assert_leq(steps, budget);
		cr_assert_leq(m->fired - before, steps);
		model_check(m, steps < budget);
	}
	cr_assert_gt(m->fired, 5000u);
}

Test(wheel, equals_a_naive_model)
{
	static struct model m;

	model_run(&m, 1, 0);
	model_run(&m, 2, 0xfffffff0);
	model_run(&m, 3, 0x7fffff00);
	model_run(&m, 4, 123456789);
}
