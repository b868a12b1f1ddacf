/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/state.h"

#include "dns/rdata.h"

/* Learning: a record is new, heard again, handed over, or said goodbye to. */

#define TTL_NEGATIVE 0x80000000u /* RFC 2181 §8: a TTL with this bit counts as 0 */

struct hash128 record_ident(struct cache *c, struct hash128 node_key, uint16_t rrtype,
	const uint8_t *rdata, size_t rdlen)
{
	dns_rdata_canon(rrtype, c->rdata, rdata, rdlen);
	return cache_ident(&c->view, node_key, c->rdata, rdlen);
}

/* May a station hold one more record? A station of 0 would be a new one. */
static bool station_has_room(struct cache *c, uint32_t station, uint16_t link)
{
	uint32_t share = c->limits.stations / CACHE_STATIONS_SHARE;
	struct cache_station *st;

	if (share < CACHE_STATIONS_LEAST)
		share = CACHE_STATIONS_LEAST;
	if (station == 0)
		return c->stats.stations < c->limits.stations && c->link_stations[link] < share;
	st = cache_station_at(&c->view, station);
	if (st->n_records < c->limits.records_per_station)
		return true;
	st->refused++;
	return false;
}

/* Has the service type as many instances as it may? */
static bool type_is_full(struct cache *c, const struct cache_learn *l, struct hash128 key)
{
	uint32_t node;
	const struct cache_node *n;

	if (l->rrtype != DNS_TYPE_PTR || c->limits.records_per_type == 0)
		return false;
	node = cache_find_node(&c->view, key, l->name, l->name_len);
	if (node == 0)
		return false;
	n = cache_node_at(&c->view, node);
	return (n->sd.kind == DNS_NAME_SERVICE_TYPE || n->sd.kind == DNS_NAME_SUBTYPE) &&
	       atomic_load_explicit(&n->count, memory_order_relaxed) >= c->limits.records_per_type;
}

/* CACHE_NEW if the limits let one more record in, or which of them does not. */
static enum cache_outcome admit(
	struct cache *c, const struct cache_learn *l, struct hash128 key, uint32_t station)
{
	enum cache_outcome refusal = CACHE_NEW;

	if (c->stats.records >= c->limits.records)
		refusal = CACHE_REFUSED_TOTAL;
	else if (c->link_records[l->link] >= c->limits.records_per_link)
		refusal = CACHE_REFUSED_LINK;
	else if (!station_has_room(c, station, l->link))
		return CACHE_REFUSED_STATION;
	else if (type_is_full(c, l, key))
		refusal = CACHE_REFUSED_TYPE;
	if (refusal != CACHE_NEW && station != 0)
		cache_station_at(&c->view, station)->refused++;
	return refusal;
}

/* What a new record needs, gathered before anything readers can see changes. */
struct parts {
	uint32_t rec, rdata, chunk, station, node;
};

static void parts_release(struct cache *c, const struct parts *p, uint32_t now_ms)
{
	/* A node made for this has no record and is no hint: it goes in the next turn. */
	if (p->node != 0) {
		const struct cache_node *n = cache_node_at(&c->view, p->node);

		if (n->tail == 0 && !(n->flags & CACHE_NODE_IDLE))
			idle_push_overdue(c, p->node, now_ms);
	}
	if (p->station != 0)
		station_release(c, p->station);
	chunk_unreserve(c, p->chunk);
	blob_free(c->blobs, p->rdata);
	slab_free(c->record_slab, p->rec);
}

static bool parts_gather(struct cache *c, const struct cache_learn *l, struct hash128 key,
	struct parts *p, uint32_t now_ms)
{
	static const uint8_t empty;

	p->rec = slab_alloc(c->record_slab);
	if (p->rec == 0)
		return false;
	/* Blobs are never empty; rdlen tells. */
	p->rdata = l->rdlen > 0 ? blob_put(c->blobs, l->rdata, l->rdlen)
				: blob_put(c->blobs, &empty, sizeof(empty));
	if (p->rdata == 0)
		return false;
	p->node = cache_find_node(&c->view, key, l->name, l->name_len);
	if (chunk_reserve(c, p->node != 0 ? cache_node_at(&c->view, p->node) : NULL, &p->chunk) < 0)
		return false;
	if (p->station == 0)
		p->station = station_make(c, l->link, &l->mac, now_ms);
	if (p->node == 0)
		p->node = node_make(c, key, l->name, l->name_len, l->rrtype);
	return p->station != 0 && p->node != 0;
}

/* Writes what readers read of a record; its generation is even still. */
static void record_fill(struct cache *c, const struct cache_learn *l, const struct parts *p,
	uint32_t ttl, uint64_t ident, uint32_t now_ms)
{
	struct cache_record *r = cache_record_at(&c->view, p->rec);

	atomic_store_explicit(&r->flags,
		(l->cache_flush ? CACHE_REC_UNIQUE : 0) |
			(l->link_local ? CACHE_REC_LINK_LOCAL : 0),
		memory_order_relaxed);
	r->rrtype = l->rrtype;
	r->node = p->node;
	r->rdata = p->rdata;
	r->rdlen = l->rdlen;
	r->link = l->link;
	atomic_store_explicit(&r->station, p->station, memory_order_relaxed);
	atomic_store_explicit(&r->ttl, ttl, memory_order_relaxed);
	atomic_store_explicit(&r->cls[0], 0, memory_order_relaxed);
	atomic_store_explicit(&r->cls[1], 0, memory_order_relaxed);
	r->ident = ident;
	r->learned_ms = now_ms;
	r->version = 1;
	atomic_store_explicit(&r->touched_ms, now_ms, memory_order_relaxed);
	atomic_store_explicit(&r->nudged_ms, 0, memory_order_relaxed);
	atomic_store_explicit(&r->completed_ms, 0, memory_order_relaxed);
	atomic_store_explicit(&r->probed_ms, 0, memory_order_relaxed);
	atomic_store_explicit(&r->missed_ms, 0, memory_order_relaxed);
	r->stage = 0;
	r->asked = 0;
}

static enum cache_outcome learn_new(struct cache *c, const struct cache_learn *l, uint32_t ttl,
	struct hash128 key, struct hash128 ident, uint32_t now_ms, uint32_t *rec)
{
	struct parts p = {.station = cache_find_station(&c->view, l->link, &l->mac)};
	struct hash128 ident_key = index_ident_key(ident, l->link);
	enum cache_outcome refusal = admit(c, l, key, p.station);
	struct cache_record *r;
	struct cache_node *n;

	if (refusal != CACHE_NEW)
		return refusal;
	if (!parts_gather(c, l, key, &p, now_ms))
		goto refuse;
	record_fill(c, l, &p, ttl, ident.lo, now_ms);
	if (index_add(c->idents, &ident_key, (uint32_t)ident_key.lo, p.rec) < 0)
		goto refuse;
	r = cache_record_at(&c->view, p.rec);
	atomic_store_explicit(&r->gen, atomic_load_explicit(&r->gen, memory_order_relaxed) + 1,
		memory_order_release);

	n = cache_node_at(&c->view, p.node);
	idle_unlink(c, p.node);
	chunk_append(c, p.node, p.rec, p.chunk);
	station_link(c, p.station, p.rec);
	station_heard(cache_station_at(&c->view, p.station), l, now_ms);
	cache_gauge_add(&c->stats.records, 1);
	cache_gauge_add(&c->link_records[l->link], 1);
	record_arm(c, r);
	hint_learned(c, n, l, now_ms);
	*rec = p.rec;
	c->ops->added(c->ops_arg, p.rec);
	node_changed(c, p.node);
	return CACHE_NEW;

refuse:
	parts_release(c, &p, now_ms);
	return CACHE_REFUSED_MEMORY;
}

/*
 * The record's provider is another MAC of the link now: same rdata means the same host (sleep
 * proxy, spare NIC), neither a duplicate nor a conflict (DESIGN §5). CACHE_HANDOVER, or why the new
 * station cannot have it.
 */
static enum cache_outcome hand_over(
	struct cache *c, const struct cache_learn *l, uint32_t rec, uint32_t now_ms)
{
	uint32_t from = cache_record_at(&c->view, rec)->station;
	uint32_t to = cache_find_station(&c->view, l->link, &l->mac);

	if (!station_has_room(c, to, l->link))
		return CACHE_REFUSED_STATION;
	if (to == 0)
		to = station_make(c, l->link, &l->mac, now_ms);
	if (to == 0)
		return CACHE_REFUSED_MEMORY;
	station_unlink(c, rec);
	station_link(c, to, rec);
	station_release(c, from);
	return CACHE_HANDOVER;
}

static enum cache_outcome learn_again(
	struct cache *c, const struct cache_learn *l, uint32_t ttl, uint32_t rec, uint32_t now_ms)
{
	struct cache_record *r = cache_record_at(&c->view, rec);
	uint16_t flags = atomic_load_explicit(&r->flags, memory_order_relaxed);
	uint16_t unique = l->cache_flush ? CACHE_REC_UNIQUE : 0;
	uint32_t old_ttl = atomic_load_explicit(&r->ttl, memory_order_relaxed);
	enum cache_outcome outcome = CACHE_REFRESHED;
	bool dying = flags & CACHE_REC_DYING;
	bool moves = dying || ttl != cache_record_ttl_left(r, now_ms);

	/* What we said elsewhere and a repeater brought back has the TTL that remains, rounded up:
	 * it must not lengthen any life, or the dead live on in the loop (draft 4.4). */
	if (!mac_equal(&cache_station_at(&c->view, r->station)->mac, &l->mac) && !dying &&
		ttl <= cache_record_ttl_left(r, now_ms))
		return CACHE_COPY;
	if (!mac_equal(&cache_station_at(&c->view, r->station)->mac, &l->mac)) {
		outcome = hand_over(c, l, rec, now_ms);
		if (outcome != CACHE_HANDOVER)
			return outcome;
	}
	if (!moves)
		ttl = old_ttl;
	if (ttl != old_ttl || unique != (flags & CACHE_REC_UNIQUE)) {
		r->version++;
		if (outcome == CACHE_REFRESHED)
			outcome = CACHE_CHANGED;
	}
	station_heard(cache_station_at(&c->view, r->station), l, now_ms);
	if (moves) {
		r->stage = 0;
		r->asked = 0;
		/* The life goes on before the record is answerable again. */
		atomic_store_explicit(&r->touched_ms, now_ms, memory_order_relaxed);
	}
	atomic_store_explicit(&r->ttl, ttl, memory_order_relaxed);
	record_flags(r, unique, CACHE_REC_DYING | CACHE_REC_GOODBYE | (CACHE_REC_UNIQUE & ~unique));
	/* A touch alone is found when the timer fires; a dying one has another timer, and a new TTL
	 * may be shorter. */
	if (dying || ttl != old_ttl)
		record_arm(c, r);
	if (dying || outcome == CACHE_HANDOVER)
		hint_learned(c, cache_node_at(&c->view, r->node), l, now_ms);
	if (dying)
		c->ops->added(c->ops_arg, rec);
	if (moves || outcome != CACHE_REFRESHED)
		record_changed(c, r);
	return outcome;
}

/* Is it told by another station than has it, and to stay that one's? */
static bool is_others(const struct cache *c, const struct cache_learn *l, uint32_t idx)
{
	const struct cache_record *r = cache_record_at(&c->view, idx);

	return l->own_only && !mac_equal(&cache_station_at(&c->view, r->station)->mac, &l->mac) &&
	       (atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_DYING) == 0;
}

static enum cache_outcome learn_one(
	struct cache *c, const struct cache_learn *l, uint32_t now_ms, uint32_t *rec)
{
	uint32_t ttl = l->ttl & TTL_NEGATIVE ? 0 : l->ttl;
	struct hash128 key, ident;
	uint32_t idx;

	if (l->link >= c->limits.links)
		return CACHE_REFUSED_LINK;
	if (l->rdlen > sizeof(c->rdata))
		return CACHE_REFUSED_MEMORY;
	if (ttl > c->limits.ttl)
		ttl = c->limits.ttl;
	key = node_key_of(c, l->name, l->name_len, l->rrtype);
	ident = record_ident(c, key, l->rrtype, l->rdata, l->rdlen);
	idx = cache_find_record(&c->view, ident, l->link);
	if (idx != 0 && is_others(c, l, idx)) {
		*rec = idx;
		return CACHE_COPY;
	}
	if (ttl == 0) {
		*rec = idx;
		if (idx == 0)
			return CACHE_GOODBYE_UNKNOWN;
		if (!mac_equal(&cache_station_at(&c->view, cache_record_at(&c->view, idx)->station)
					->mac,
			    &l->mac))
			return CACHE_GOODBYE_OTHERS;
		record_die(c, idx, CACHE_REC_GOODBYE, now_ms);
		return CACHE_GOODBYE;
	}
	if (idx == 0)
		return learn_new(c, l, ttl, key, ident, now_ms, rec);
	*rec = idx;
	return learn_again(c, l, ttl, idx, now_ms);
}

enum cache_outcome cache_learn(
	struct cache *c, const struct cache_learn *l, uint32_t now_ms, uint32_t *rec)
{
	enum cache_outcome outcome;

	*rec = 0;
	outcome = learn_one(c, l, now_ms, rec);
	counter_add(&c->stats.outcome[outcome], 1);
	return outcome;
}

bool cache_conflict(struct cache *c, uint32_t rec, uint16_t flag)
{
	const uint16_t all = CACHE_REC_HIDDEN | CACHE_REC_CONTESTED;
	struct cache_record *r = cache_record_at(&c->view, rec);

	if ((atomic_load_explicit(&r->flags, memory_order_relaxed) & all) == flag)
		return false;
	record_flags(r, flag, all & (uint16_t)~flag);
	record_changed(c, r);
	return true;
}

void cache_changed(struct cache *c, uint32_t rec)
{
	record_changed(c, cache_record_at(&c->view, rec));
}
