/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/deps.h"

#include "cache/read.h"

void cache_deps_name(struct cache_deps *d, uint64_t key)
{
	for (unsigned i = 0; i < d->n; i++)
		if (d->key[i] == key)
			return;
	if (d->n == CACHE_DEPS_MAX)
		d->overflow = true;
	else
		d->key[d->n++] = key;
}

void cache_deps_record(const struct cache_view *v, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(v, rec);
	uint32_t station = atomic_load_explicit(&r->station, memory_order_relaxed);

	cache_owners_add(&v->deps->owners, mac_word(cache_station_at(v, station)->mac.b));
	v->deps->links |= cache_link_bit(r->link);
	v->deps->contested |=
		(atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_CONTESTED) != 0;
}
