/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "cache/read.h"
#include "dataplane/world.h"

/* Who may be told of a record: the one place where that is decided, for workers and control alike.
 */

enum dp_judged {
	DP_TELL,
	DP_GONE,   /* dying, expired, in conflict, or a link-local address: never crosses */
	DP_NEAR,   /* its owner is on the asker's link, or is the asker */
	DP_DENIED, /* policy */
};

/* Does policy let this link's stations see the record? One table read. */
static inline bool dp_permitted(
	const struct dp_world *world, const struct dp_link *l, const struct cache_record *r)
{
	uint32_t cls = atomic_load_explicit(&r->cls[world->slot], memory_order_acquire);

	return policy_permits(policy_verdict(world->table, cls, l->col_out));
}

/* Is the record provided by the station with this MAC? mac NULL: by no one. */
static inline bool dp_owned_by(
	const struct cache_view *v, const struct cache_record *r, const struct mac_addr *mac)
{
	uint32_t station;

	if (mac == NULL)
		return false;
	station = atomic_load_explicit(&r->station, memory_order_relaxed);
	return mac_equal(&cache_station_at(v, station)->mac, mac);
}

/* Are both records one host's: of one link, or of one station on two? */
static inline bool dp_same_owner(
	const struct cache_view *v, const struct cache_record *a, const struct cache_record *b)
{
	uint32_t station;

	if (a->link == b->link)
		return true;
	station = atomic_load_explicit(&b->station, memory_order_relaxed);
	return dp_owned_by(v, a, &cache_station_at(v, station)->mac);
}

/* Is the name another host's too, so that an RRset is one owner's alone? */
static inline bool dp_is_contested(const struct cache_record *r)
{
	return (atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_CONTESTED) != 0;
}

/*
 * May the record be told to `asker` (NULL: to the group) on link l? Never to the link of origin,
 * where its owner hears the question itself (draft 3.4, RFC 6762 §6), never a station's own records
 * to it, wherever it is now. Any RCU-online thread.
 */
static inline enum dp_judged dp_judge(const struct dp_world *world, const struct cache_view *v,
	const struct dp_link *l, const struct mac_addr *asker, const struct cache_record *r,
	uint32_t now_ms)
{
	uint16_t flags = atomic_load_explicit(&r->flags, memory_order_acquire);

	if ((flags & (CACHE_REC_DYING | CACHE_REC_HIDDEN | CACHE_REC_LINK_LOCAL)) != 0 ||
		cache_record_left_ms(r, now_ms) <= 0)
		return DP_GONE;
	if (r->link == l->id || dp_owned_by(v, r, asker))
		return DP_NEAR;
	return dp_permitted(world, l, r) ? DP_TELL : DP_DENIED;
}
