/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/state.h"

#include "base/bucket.h"

/* Stations: made with their first record, dropped with the last; or when they ask, and dropped when
 * they have not for long. */

/* Makes and publishes a station without records. 0: no room. */
uint32_t station_make(struct cache *c, uint16_t link, const struct mac_addr *mac, uint32_t now_ms)
{
	uint64_t key = index_station_key(link, mac);
	uint32_t idx = slab_alloc(c->station_slab);
	struct cache_station *st;

	if (idx == 0)
		return 0;
	st = cache_station_at(&c->view, idx);
	st->link = link;
	st->mac = *mac;
	for (unsigned slot = 0; slot < 2; slot++) {
		atomic_store_explicit(&st->consumer[slot], 0, memory_order_relaxed);
		atomic_store_explicit(&st->who[slot], 0, memory_order_relaxed);
	}
	atomic_store_explicit(&st->asked_ms, 0, memory_order_relaxed);
	atomic_store_explicit(&st->queries, 0, memory_order_relaxed);
	atomic_store_explicit(&st->shed, 0, memory_order_relaxed);
	/* Full: a bucket holds no more than its burst. */
	for (unsigned i = 0; i < 2; i++)
		atomic_store_explicit(&st->meter[i], BUCKET_BRIM, memory_order_relaxed);
	st->asker = false;
	st->n_records = 0;
	st->n_services = 0;
	st->records = 0;
	st->retry_next = 0;
	atomic_store_explicit(&st->seen_ms, now_ms, memory_order_relaxed);
	atomic_store_explicit(&st->since_ms, now_ms, memory_order_relaxed);
	atomic_store_explicit(&st->first_ms, now_ms, memory_order_relaxed);
	st->refused = 0;
	memset(st->ip4, 0, sizeof(st->ip4));
	memset(st->ip6, 0, sizeof(st->ip6));
	if (index_add(c->stations, &key, index_station_sig(&c->view, key), idx) < 0) {
		slab_free(c->station_slab, idx);
		return 0;
	}
	if (c->ops->station != NULL)
		c->ops->station(c->ops_arg, idx);
	/* Odd from here on; those that page over slots have not looked at it before. */
	cache_station_live(st);
	cache_gauge_add(&c->stats.stations, 1);
	c->link_stations[link]++;
	return idx;
}

/* Enters the record into the list of its provider. */
void station_link(struct cache *c, uint32_t station, uint32_t rec)
{
	struct cache_station *st = cache_station_at(&c->view, station);
	struct cache_record *r = cache_record_at(&c->view, rec);

	r->station_prev = 0;
	r->station_next = st->records;
	if (st->records != 0)
		cache_record_at(&c->view, st->records)->station_prev = rec;
	st->records = rec;
	st->n_records++;
	st->n_services += r->rrtype == DNS_TYPE_SRV;
	atomic_store_explicit(&r->station, station, memory_order_relaxed);
}

/* Takes it out; the station may be empty afterwards: station_release(). */
void station_unlink(struct cache *c, uint32_t rec)
{
	struct cache_record *r = cache_record_at(&c->view, rec);
	struct cache_station *st = cache_station_at(&c->view, r->station);

	if (r->station_prev != 0)
		cache_record_at(&c->view, r->station_prev)->station_next = r->station_next;
	else
		st->records = r->station_next;
	if (r->station_next != 0)
		cache_record_at(&c->view, r->station_next)->station_prev = r->station_prev;
	st->n_records--;
	st->n_services -= r->rrtype == DNS_TYPE_SRV;
}

static void deferred_free(uint64_t cache, uint64_t idx)
{
	struct cache *c = (struct cache *)(uintptr_t)cache;
	const struct cache_station *st = cache_station_at(&c->view, (uint32_t)idx);

	index_free(c->stations, st->hash_pos);
	slab_free(c->station_slab, (uint32_t)idx);
}

static void drop(struct cache *c, uint32_t idx)
{
	struct cache_station *st = cache_station_at(&c->view, idx);
	uint64_t key = index_station_key(st->link, &st->mac);

	if (c->ops->station_gone != NULL)
		c->ops->station_gone(c->ops_arg, idx);
	st->hash_pos = index_del(c->stations, &key, index_station_sig(&c->view, key));
	cache_station_live(st);
	c->link_stations[st->link]--;
	cache_gauge_add(&c->stats.stations, -1);
	defer_push(c->defer, deferred_free, (uintptr_t)c, idx);
}

/* Drops the station if it has no record left; without room in the deferral a later turn does. */
void station_release(struct cache *c, uint32_t station)
{
	struct cache_station *st = cache_station_at(&c->view, station);

	if (st->n_records > 0 || st->asker || st->retry_next != 0)
		return;
	if (defer_room(c->defer, 1)) {
		drop(c, station);
		return;
	}
	/* The list ends in itself, so that the link also says "is listed". */
	st->retry_next = c->station_retry != 0 ? c->station_retry : station;
	c->station_retry = station;
}

/* Drops what station_release() had to leave. Returns how many left the list. */
unsigned station_turn(struct cache *c)
{
	unsigned done = 0;

	while (c->station_retry != 0 && defer_room(c->defer, 1)) {
		uint32_t idx = c->station_retry;
		struct cache_station *st = cache_station_at(&c->view, idx);

		c->station_retry = st->retry_next == idx ? 0 : st->retry_next;
		st->retry_next = 0;
		if (st->n_records == 0 && !st->asker)
			drop(c, idx);
		done++;
	}
	return done;
}

static void from(struct cache_station *st, const uint8_t *ip, uint8_t ip_len)
{
	if (ip_len == sizeof(st->ip4))
		memcpy(st->ip4, ip, sizeof(st->ip4));
	else if (ip_len == sizeof(st->ip6))
		memcpy(st->ip6, ip, sizeof(st->ip6));
}

/* Notes when and from where the station was last heard. */
void station_heard(struct cache_station *st, const struct cache_learn *l, uint32_t now_ms)
{
	uint32_t seen_ms = atomic_load_explicit(&st->seen_ms, memory_order_relaxed);

	if (clock_ms_diff(now_ms, seen_ms) > CACHE_STATION_BREAK_MS)
		atomic_store_explicit(&st->since_ms, now_ms, memory_order_relaxed);
	atomic_store_explicit(&st->seen_ms, now_ms, memory_order_relaxed);
	if (l->ip != NULL)
		from(st, l->ip, l->ip_len);
}

void cache_station_from(struct cache *c, uint32_t station, const uint8_t *ip, uint8_t ip_len)
{
	from(cache_station_at(&c->view, station), ip, ip_len);
}

#define ROOM_LOOKS 64         /* slots looked at for an asker that can go */
#define ROOM_FEW 3            /* one that asked so often at most */
#define ROOM_FEW_MS 30000     /* ... and not for so long; */
#define ROOM_OTHERS_MS 300000 /* ... and any other */

/* With no room left, askers give way that have not asked for some time, and sooner if they asked
 * little: made-up ones do not keep the next out for as long as real ones are remembered. */
static bool make_room(struct cache *c, uint16_t link, uint32_t now_ms)
{
	bool any = c->stats.stations >= c->limits.stations;
	uint32_t end = cache_station_max(c) + 1;

	for (unsigned i = 0; i < ROOM_LOOKS; i++) {
		struct cache_station *st;
		uint32_t asked, few;

		if (++c->asker_hand >= end)
			c->asker_hand = 1;
		if (end < 2 || !cache_station_is_live(&c->view, c->asker_hand))
			continue;
		st = cache_station_at(&c->view, c->asker_hand);
		asked = atomic_load_explicit(&st->asked_ms, memory_order_relaxed);
		few = atomic_load_explicit(&st->queries, memory_order_relaxed) <= ROOM_FEW;
		if (!st->asker || st->n_records > 0 || (!any && st->link != link) ||
			clock_ms_diff(now_ms, asked) < (few ? ROOM_FEW_MS : ROOM_OTHERS_MS))
			continue;
		cache_station_unask(c, c->asker_hand);
		return true;
	}
	return false;
}

uint32_t cache_station_ask(
	struct cache *c, uint16_t link, const struct mac_addr *mac, uint32_t now_ms)
{
	uint32_t share, idx = cache_find_station(&c->view, link, mac);
	struct cache_station *st;

	if (link >= c->limits.links)
		return 0;
	/* Half of a link's share, so that made-up askers leave room for providers. */
	share = RTE_MAX(c->limits.stations / CACHE_STATIONS_SHARE, CACHE_STATIONS_LEAST) / 2;
	if (idx == 0 &&
		(c->stats.stations >= c->limits.stations || c->link_askers[link] >= share) &&
		!make_room(c, link, now_ms))
		return 0;
	if (idx == 0)
		idx = station_make(c, link, mac, now_ms);
	if (idx == 0)
		return 0;
	st = cache_station_at(&c->view, idx);
	if (!st->asker) {
		c->link_askers[link]++;
		c->askers++;
	}
	st->asker = true;
	atomic_store_explicit(&st->asked_ms, now_ms | 1, memory_order_relaxed);
	return idx;
}

bool cache_station_idle(struct cache *c, uint32_t idx, uint32_t now_ms)
{
	struct cache_station *st = cache_station_at(&c->view, idx);
	uint32_t asked = atomic_load_explicit(&st->asked_ms, memory_order_relaxed);

	if (!st->asker || clock_ms_diff(now_ms, asked) < (int32_t)CACHE_STATION_IDLE_MS)
		return false;
	cache_station_unask(c, idx);
	return true;
}

void cache_station_unask(struct cache *c, uint32_t idx)
{
	struct cache_station *st = cache_station_at(&c->view, idx);

	if (!st->asker)
		return;
	st->asker = false;
	c->link_askers[st->link]--;
	c->askers--;
	station_release(c, idx);
}

void cache_station_aged(struct cache *c, uint32_t idx, uint32_t now_ms)
{
	struct cache_station *st = cache_station_at(&c->view, idx);
	_Atomic uint32_t *const times[] = {&st->first_ms, &st->since_ms, &st->seen_ms};

	for (unsigned i = 0; i < RTE_DIM(times); i++)
		if (clock_ms_diff(now_ms, atomic_load_explicit(times[i], memory_order_relaxed)) >
			(int32_t)CACHE_STATION_LONG_MS)
			atomic_store_explicit(
				times[i], now_ms - CACHE_STATION_LONG_MS, memory_order_relaxed);
}

uint32_t cache_askers(const struct cache *c)
{
	return c->askers;
}

uint32_t cache_stations(const struct cache *c)
{
	return c->stats.stations;
}
