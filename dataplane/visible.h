/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "cache/read.h"
#include "cache/service.h"
#include "dataplane/world.h"

#include <rte_branch_prediction.h>

/* Who may be told of a record: the one place where that is decided, for workers and control alike.
 */

enum dp_judged {
	DP_TELL,       /* everybody on the link may see it */
	DP_TELL_ALONE, /* the viewer may, but not everybody: never in a multicast frame (DESIGN
			  §4.5) */
	DP_GONE,       /* dying, expired, in conflict, or a link-local address: never crosses */
	DP_NEAR,       /* its owner is on the asker's link, or is the asker */
	DP_DENIED,     /* policy */
};

/* Who is told, if not the group: a station of the link. */
struct dp_viewer {
	struct mac_addr mac;
	uint32_t station;          /* 0: not known */
	uint32_t consumer;         /* POLICY_NO_CONSUMER: sees what everybody sees */
	struct policy_party party; /* who it is, for relations */
};

/* Does policy let all of this link's stations see the record? One table read. */
static inline bool dp_permitted(
	const struct dp_world *world, const struct dp_link *l, const struct cache_record *r)
{
	uint32_t cls = atomic_load_explicit(&r->cls[world->slot], memory_order_acquire);

	return policy_permits(policy_verdict(world->table, cls, l->col_out));
}

/* Who a station is under a world. */
static inline struct policy_party dp_party(
	const struct dp_world *world, const struct cache_view *v, uint32_t station)
{
	const struct cache_station *st = cache_station_at(v, station);
	uint64_t who = atomic_load_explicit(&st->who[world->slot], memory_order_relaxed);

	return (struct policy_party){.user = (uint32_t)(who >> 32),
		.role = (uint16_t)(who >> 16),
		.place = (uint16_t)who};
}

/* The station as one that is told. Where no rule asks who it is, it is not even looked for. */
static inline void dp_viewer_init(struct dp_viewer *out, const struct dp_world *world,
	const struct cache_view *v, const struct dp_link *l, const struct mac_addr *mac)
{
	*out = (struct dp_viewer){.mac = *mac};
	if (likely(!l->personal))
		return;
	out->station = cache_find_station(v, l->id, mac);
	if (out->station == 0)
		return;
	/* Acquire: its row of verdicts and who it is were written before. */
	out->consumer = atomic_load_explicit(
		&cache_station_at(v, out->station)->consumer[world->slot], memory_order_acquire);
	out->party = dp_party(world, v, out->station);
}

/* What policy says of a record to one station (NULL: to the group); *alone: not to everybody. */
static inline policy_verdict_t dp_verdict(const struct dp_world *world, const struct cache_view *v,
	const struct dp_link *l, const struct dp_viewer *viewer, const struct cache_record *r,
	bool *alone)
{
	uint32_t cls = atomic_load_explicit(&r->cls[world->slot], memory_order_acquire);
	policy_verdict_t cell = policy_verdict(world->table, cls, l->col_out);
	struct policy_party provider;

	*alone = false;
	if (likely((cell & (POLICY_PERSONAL | POLICY_PERMIT)) != POLICY_PERSONAL))
		return cell;
	if (viewer == NULL)
		return 0;
	*alone = true;
	if (cache_noting(v))
		v->deps->facts = policy_facts(v->deps->facts,
			policy_personal_facts(world->policy, cell, viewer->consumer));
	provider = dp_party(world, v, atomic_load_explicit(&r->station, memory_order_relaxed));
	return policy_personal(world->policy, cell, viewer->consumer, &viewer->party, &provider);
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

/* Do the link's stations hear the record's owner themselves? */
static inline bool dp_is_near(const struct dp_link *l, const struct cache_record *r)
{
	return r->link == l->id && !l->isolated;
}

/* Are both records one host's: of one link, where hosts hear each other, or of one station? */
static inline bool dp_same_owner(const struct dp_world *world, const struct cache_view *v,
	const struct cache_record *a, const struct cache_record *b)
{
	const struct dp_link *l = dp_world_link(world, a->link);
	uint32_t station;

	if (a->link == b->link && (l == NULL || !l->isolated))
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
 * May the record be told to `viewer` (NULL: to the group) on link l? Never to the link of origin,
 * where its owner hears the question itself (draft 3.4, RFC 6762 §6), never a station's own records
 * to it, wherever it is now. *verdict: policy's, if it came to be asked. Any RCU-online thread.
 */
static inline enum dp_judged dp_judge(const struct dp_world *world, const struct cache_view *v,
	const struct dp_link *l, const struct dp_viewer *viewer, const struct cache_record *r,
	uint32_t now_ms, policy_verdict_t *verdict)
{
	bool alone;
	uint16_t flags = atomic_load_explicit(&r->flags, memory_order_acquire);

	if ((flags & (CACHE_REC_DYING | CACHE_REC_HIDDEN)) != 0 ||
		cache_record_left_ms(r, now_ms) <= 0)
		return DP_GONE;
	/* On its own link a link-local address is as good as any (RFC 6762 §2). */
	if ((flags & CACHE_REC_LINK_LOCAL) != 0 && !(r->link == l->id && l->isolated))
		return DP_GONE;
	/* Two stations contend for the name and do not hear each other: told to the one, it would
	 * be the other's conflict (RFC 6762 §9). */
	if ((flags & CACHE_REC_CONTESTED) != 0 && r->link == l->id &&
		(viewer == NULL || cache_name_held(v, cache_node_name(v, cache_node_at(v, r->node)),
					   l->id, &viewer->mac, now_ms)))
		return DP_NEAR;
	if (dp_is_near(l, r) || dp_owned_by(v, r, viewer != NULL ? &viewer->mac : NULL))
		return DP_NEAR;
	*verdict = dp_verdict(world, v, l, viewer, r, &alone);
	if (!policy_permits(*verdict))
		return DP_DENIED;
	alone |= (flags & CACHE_REC_CONTESTED) != 0 && r->link == l->id;
	return alone ? DP_TELL_ALONE : DP_TELL;
}
