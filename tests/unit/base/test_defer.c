/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/defer.h"
#include "base/rng.h"

enum { WORKER = 0, OTHER = 1, MANAGEMENT = 2, READERS = 3 };

static struct rcu rcu;
static struct defer defer;
static uint64_t ran[4096];
static unsigned n_ran;

static void make(uint32_t capacity)
{
	n_ran = 0;
	cr_assert_eq(rcu_create(&rcu, READERS, SLAB_SOCKET_ANY, &slab_mem_plain), 0);
	cr_assert_eq(defer_init(&defer, &rcu, capacity, SLAB_SOCKET_ANY, &slab_mem_plain), 0);
}

static void drop(void)
{
	defer_fini(&defer);
	rcu_destroy(&rcu);
}

static void note(uint64_t a, uint64_t b)
{
	cr_assert_eq(b, a * 3);
	ran[n_ran++] = a;
}

static void push(uint64_t a)
{
	cr_assert_eq(defer_push(&defer, note, a, a * 3), 0);
}

Test(defer, runs_at_once_without_readers)
{
	make(8);
	push(1);
	push(2);
	cr_assert_eq(n_ran, 0, "never from within push");
	cr_assert_eq(defer_turn(&defer, 10), 2);
	cr_assert(n_ran == 2 && ran[0] == 1 && ran[1] == 2);
	cr_assert_eq(defer_turn(&defer, 10), 0);
	drop();
}

Test(defer, waits_for_every_reader_that_is_online)
{
	make(8);
	rcu_online(&rcu, WORKER);
	rcu_online(&rcu, OTHER);
	push(1);
	cr_assert_eq(defer_turn(&defer, 10), 0);
	rcu_quiescent(&rcu, WORKER);
	cr_assert_eq(defer_turn(&defer, 10), 0);
	rcu_quiescent(&rcu, WORKER);
	cr_assert_eq(defer_turn(&defer, 10), 0);
	rcu_quiescent(&rcu, OTHER);
	cr_assert_eq(defer_turn(&defer, 10), 1);
	drop();
}

Test(defer, a_reader_that_goes_offline_holds_up_nobody)
{
	make(8);
	rcu_online(&rcu, MANAGEMENT);
	push(1);
	cr_assert_eq(defer_turn(&defer, 10), 0);
	rcu_offline(&rcu, MANAGEMENT);
	cr_assert_eq(defer_turn(&defer, 10), 1);
	drop();
}

/* A quiescent state before the grace period began proves nothing about what was pushed since. */
Test(defer, an_early_quiescent_state_does_not_count)
{
	make(8);
	rcu_online(&rcu, WORKER);
	push(1);
	cr_assert_eq(defer_turn(&defer, 10), 0);
	push(2);
	rcu_quiescent(&rcu, WORKER);
	cr_assert_eq(defer_turn(&defer, 10), 1);
	cr_assert_eq(defer_turn(&defer, 10), 0, "2 was pushed after the first period began");
	rcu_quiescent(&rcu, WORKER);
	cr_assert_eq(defer_turn(&defer, 10), 1);
	drop();
}

Test(defer, a_stuck_reader_fills_it_and_nothing_is_lost)
{
	make(5);
	rcu_online(&rcu, WORKER);
	for (uint64_t i = 0; i < 5; i++) {
		cr_assert(defer_room(&defer, 5 - (uint32_t)i));
		cr_assert(!defer_room(&defer, 6 - (uint32_t)i));
		push(i);
		cr_assert_eq(defer_turn(&defer, 10), 0);
	}
	cr_assert_eq(defer_push(&defer, note, 9, 27), -ENOSPC);
	cr_assert_eq(defer_push(&defer, note, 9, 27), -ENOSPC);
	cr_assert_eq(defer.refused, 2);
	cr_assert_eq(defer_pending(&defer), 5);
	cr_assert_eq(defer.high_water, 5);
	cr_assert(!defer_room(&defer, 1) && defer_room(&defer, 0));
	cr_assert_eq(n_ran, 0);

	rcu_quiescent(&rcu, WORKER);
	defer_turn(&defer, 10);
	rcu_quiescent(&rcu, WORKER);
	defer_turn(&defer, 10);
	cr_assert_eq(n_ran, 5);
	for (uint64_t i = 0; i < 5; i++)
		cr_assert_eq(ran[i], i);
	cr_assert_eq(defer_pending(&defer), 0);
	cr_assert_eq(defer.done, 5);
	push(6);
	rcu_offline(&rcu, WORKER);
	cr_assert_eq(defer_turn(&defer, 10), 1);
	drop();
}

Test(defer, keeps_its_budget_and_order)
{
	make(100);
	for (uint64_t i = 0; i < 100; i++)
		push(i);
	cr_assert_eq(defer_turn(&defer, 0), 0);
	for (unsigned i = 0; i < 14; i++)
		cr_assert_eq(defer_turn(&defer, 7), 7);
	cr_assert_eq(defer_turn(&defer, 7), 2);
	for (uint64_t i = 0; i < 100; i++)
		cr_assert_eq(ran[i], i);
	drop();
}

/* What is ready waits for budget; the next grace period does not wait for that. */
Test(defer, the_next_period_starts_while_ready_work_waits)
{
	make(100);
	rcu_online(&rcu, WORKER);
	push(0);
	push(1);
	defer_turn(&defer, 10);
	push(2);
	rcu_quiescent(&rcu, WORKER);
	cr_assert_eq(defer_turn(&defer, 1), 1);
	rcu_quiescent(&rcu, WORKER);
	cr_assert_eq(defer_turn(&defer, 10), 2);
	rcu_offline(&rcu, WORKER);
	drop();
}

static void push_again(uint64_t a, uint64_t b)
{
	(void)b;
	if (a > 0)
		cr_assert_eq(defer_push(&defer, push_again, a - 1, 0), 0);
	n_ran++;
}

Test(defer, a_callback_may_push)
{
	make(1);
	cr_assert_eq(defer_push(&defer, push_again, 3, 0), 0);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(defer_turn(&defer, 10), 1);
	cr_assert_eq(n_ran, 4);
	cr_assert_eq(defer_turn(&defer, 10), 0);
	drop();
}

Test(defer, the_end_runs_what_is_left)
{
	make(8);
	rcu_online(&rcu, WORKER);
	push(1);
	defer_turn(&defer, 10);
	push(2);
	rcu_offline(&rcu, WORKER);
	drop();
	cr_assert(n_ran == 2 && ran[0] == 1 && ran[1] == 2);
	defer_fini(&defer);
	rcu_destroy(&rcu);
}

Test(defer, indexes_wrap)
{
	make(3);
	defer.head = defer.ready = defer.started = defer.tail = UINT32_MAX - 1;
	for (uint64_t i = 0; i < 12; i += 3) {
		push(i);
		push(i + 1);
		push(i + 2);
		cr_assert_eq(defer_push(&defer, note, 1, 3), -ENOSPC);
		cr_assert_eq(defer_turn(&defer, 10), 3);
	}
	for (uint64_t i = 0; i < 12; i++)
		cr_assert_eq(ran[i], i);
	drop();
}

Test(defer, refuses_impossible_sizes)
{
	struct rcu r = {0};
	struct defer d = {0};

	cr_assert_eq(rcu_create(&r, 0, 0, &slab_mem_plain), -EINVAL);
	cr_assert_eq(rcu_create(&r, 1025, 0, &slab_mem_plain), -EINVAL);
	cr_assert_eq(defer_init(&d, &r, 0, 0, &slab_mem_plain), -EINVAL);
	cr_assert_eq(defer_init(&d, &r, UINT32_MAX, 0, &slab_mem_plain), -EINVAL);
}

static void *none(size_t size, unsigned socket)
{
	(void)size;
	(void)socket;
	return NULL;
}

Test(defer, says_when_there_is_no_memory)
{
	const struct slab_mem empty = {.alloc = none, .free = free};
	struct rcu r = {0};
	struct defer d = {0};

	cr_assert_eq(rcu_create(&r, 4, 0, &empty), -ENOMEM);
	cr_assert_eq(defer_init(&d, &r, 4, 0, &empty), -ENOMEM);
	defer_fini(&d);
	rcu_destroy(&r);
}

/* Random readers and pushes against what a grace period promises: a callback never runs while a
 * reader is still in the section in which the push happened. */
Test(defer, random_use_keeps_the_promise)
{
	uint64_t entered[READERS] = {0}; /* pushes before the reader's section began; 0 offline */
	bool online[READERS] = {false};
	uint64_t pushed = 0;
	struct rng rng;

	make(64);
	rng_seed(&rng, 9);
	for (int k = 0; k < 100000; k++) {
		unsigned id = rng_range(&rng, 0, READERS - 1);

		switch (rng_range(&rng, 0, 5)) {
		case 0:
			if (online[id])
				rcu_offline(&rcu, id);
			else
				rcu_online(&rcu, id);
			online[id] = !online[id];
			entered[id] = pushed;
			break;
		case 1:
		case 2:
			if (online[id]) {
				rcu_quiescent(&rcu, id);
				entered[id] = pushed;
			}
			break;
		case 3:
			if (defer_push(&defer, note, pushed, pushed * 3) == 0)
				pushed++;
			break;
		default:
			n_ran = 0;
			defer_turn(&defer, rng_range(&rng, 0, 8));
			for (unsigned r = 0; r < READERS; r++)
				for (unsigned i = 0; online[r] && i < n_ran; i++)
					cr_assert_lt(ran[i], entered[r]);
		}
	}
	cr_assert_gt(defer.done, 5000u);
	drop();
}

/* The same promise between threads: the reader follows a pointer that the writer replaces and
 * poisons when it is freed. */
struct cell {
	uint64_t alive;
};

static struct cell *shared;
static bool stop;
static uint64_t bad, reads;

static void poison(uint64_t a, uint64_t b)
{
	struct cell *cell = (struct cell *)(uintptr_t)a;

	(void)b;
	__atomic_store_n(&cell->alive, 0, __ATOMIC_RELAXED);
	free(cell);
}

static struct cell *new_cell(void)
{
	struct cell *cell = malloc(sizeof(*cell));

	cell->alive = UINT64_C(0x600dce11);
	return cell;
}

static void *reader(void *arg)
{
	(void)arg;
	rcu_online(&rcu, WORKER);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		const struct cell *cell = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);

		if (reads % 64 == 0)
			sched_yield();
		if (__atomic_load_n(&cell->alive, __ATOMIC_RELAXED) != UINT64_C(0x600dce11))
			__atomic_store_n(&bad, bad + 1, __ATOMIC_RELAXED);
		__atomic_store_n(&reads, reads + 1, __ATOMIC_RELAXED);
		rcu_quiescent(&rcu, WORKER);
	}
	rcu_offline(&rcu, WORKER);
	return NULL;
}

Test(defer, protects_a_reader_on_another_thread)
{
	unsigned replaced = 0;
	pthread_t thread;

	make(16);
	shared = new_cell();
	cr_assert_eq(pthread_create(&thread, NULL, reader, NULL), 0);
	while (__atomic_load_n(&reads, __ATOMIC_RELAXED) < 200000 || replaced < 1000) {
		struct cell *old = shared;

		defer_turn(&defer, 16);
		if (!defer_room(&defer, 1)) {
			sched_yield();
			continue;
		}
		__atomic_store_n(&shared, new_cell(), __ATOMIC_RELEASE);
		cr_assert_eq(defer_push(&defer, poison, (uintptr_t)old, 0), 0);
		replaced++;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	cr_assert_eq(bad, 0);
	cr_assert_gt(defer.done, 0);
	rcu_wait(&rcu);
	drop();
	free(shared);
}
