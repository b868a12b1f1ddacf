/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Deferred frees: a bounded FIFO of callbacks that run once no reader can hold what they free. One
 * writer thread (control) pushes and turns; nothing here waits.
 *
 * What was pushed between two turns forms a batch behind one RCU token. At most one token is
 * outstanding: later batches could not finish before it, so they gather and share the next.
 *
 *	head … ready … started … tail
 *	  run now | grace period | gathering
 *
 * Full: defer_push() refuses and nothing is freed; the caller keeps the work and tries again in a
 * later turn. (rte_hash's own queue loses the slot instead.)
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/rcu.h"

/* Frees what a and b name. May push again. */
typedef void (*defer_fn)(uint64_t a, uint64_t b);

struct defer_entry {
	defer_fn fn;
	uint64_t a, b;
};

/* Indexes count on and wrap; `mask` maps them to entries. Owner: the writer; counters are relaxed
 * and readable by anyone. */
struct defer {
	struct rcu *rcu;
	struct defer_entry *ring;
	uint32_t mask;
	uint32_t capacity;
	uint32_t head;    /* next to run */
	uint32_t ready;   /* entries before it have had their grace period */
	uint32_t started; /* entries before it are covered by `token` */
	uint32_t tail;    /* next to fill */
	uint64_t token;
	uint32_t high_water;
	uint64_t refused; /* pushes refused because it was full */
	uint64_t done;    /* callbacks run */
	const struct slab_mem *mem;
};

/* Room for `capacity` entries (1..2^30). 0, -EINVAL, -ENOMEM. */
int defer_init(struct defer *d, struct rcu *rcu, uint32_t capacity, unsigned socket,
	const struct slab_mem *mem);

/* Run what is left, whatever readers do: they must be gone. */
void defer_fini(struct defer *d);

/* Writer. Run fn(a, b) after a grace period that starts after this call; what it frees must already
 * be unreachable for new readers. 0, or -ENOSPC (counted) when full: then nothing happened. */
int defer_push(struct defer *d, defer_fn fn, uint64_t a, uint64_t b);

/* Any thread: entries waiting, exact on the writer's. */
static inline uint32_t defer_pending(const struct defer *d)
{
	return __atomic_load_n(&d->tail, __ATOMIC_RELAXED) -
	       __atomic_load_n(&d->head, __ATOMIC_RELAXED);
}

/* Writer. Whether n more pushes would all be taken: for work that must be whole. */
static inline bool defer_room(const struct defer *d, uint32_t n)
{
	return n <= d->capacity - defer_pending(d);
}

/* Writer. Run up to `budget` callbacks whose grace period is over, oldest first, and start the next
 * grace period if none is under way. Returns the callbacks run. Never waits. */
unsigned defer_turn(struct defer *d, unsigned budget);
