/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/defer.h"

#include <errno.h>

#define DEFER_CAPACITY_MAX (UINT32_C(1) << 30)

int defer_init(struct defer *d, struct rcu *rcu, uint32_t capacity, unsigned socket,
	const struct slab_mem *mem)
{
	uint32_t size = 1;

	if (capacity == 0 || capacity > DEFER_CAPACITY_MAX)
		return -EINVAL;
	while (size < capacity)
		size <<= 1;
	*d = (struct defer){.rcu = rcu, .mask = size - 1, .capacity = capacity, .mem = mem};
	d->ring = mem->alloc(size * sizeof(d->ring[0]), socket);
	return d->ring != NULL ? 0 : -ENOMEM;
}

/* Run the oldest entry. It is popped first: it may push. */
static void run_one(struct defer *d)
{
	struct defer_entry e = d->ring[d->head & d->mask];

	__atomic_store_n(&d->head, d->head + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&d->done, d->done + 1, __ATOMIC_RELAXED);
	e.fn(e.a, e.b);
}

void defer_fini(struct defer *d)
{
	if (d->ring == NULL)
		return;
	while (d->head != d->tail)
		run_one(d);
	d->mem->free(d->ring);
	d->ring = NULL;
}

int defer_push(struct defer *d, defer_fn fn, uint64_t a, uint64_t b)
{
	uint32_t pending;

	if (!defer_room(d, 1)) {
		__atomic_store_n(&d->refused, d->refused + 1, __ATOMIC_RELAXED);
		return -ENOSPC;
	}
	d->ring[d->tail & d->mask] = (struct defer_entry){.fn = fn, .a = a, .b = b};
	__atomic_store_n(&d->tail, d->tail + 1, __ATOMIC_RELAXED);
	pending = defer_pending(d);
	if (pending > d->high_water)
		__atomic_store_n(&d->high_water, pending, __ATOMIC_RELAXED);
	return 0;
}

/* Let the outstanding grace period end if it has. Returns whether none is outstanding. */
static bool finish_grace(struct defer *d)
{
	if (d->ready != d->started && rcu_check(d->rcu, d->token))
		d->ready = d->started;
	return d->ready == d->started;
}

unsigned defer_turn(struct defer *d, unsigned budget)
{
	unsigned ran = 0;

	if (finish_grace(d) && d->started != d->tail) {
		d->token = rcu_start(d->rcu);
		d->started = d->tail;
		/* Over at once when no reader is online. */
		finish_grace(d);
	}
	for (; ran < budget && d->head != d->ready; ran++)
		run_one(d);
	return ran;
}
