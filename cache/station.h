/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"

#define CACHE_STATION_BREAK_MS 60000
#define CACHE_STATION_IDLE_MS                                                                      \
	900000u /* who has not asked for so long and offers nothing is dropped */

/* Times of longer ago are not kept apart: the clock's 32 bits wrap after 49 days. */
#define CACHE_STATION_LONG_MS (14u * 24 * 3600 * 1000)

/*
 * A station: a host on a link, identified by (link, MAC). Made when its first record is learned, or
 * when it asks on a link where policy wants to know who asks. One writer (control), readers without
 * a lock; type-stable like records.
 *
 * `consumer` and `who` have a place for each of two policies (world.slot), as records' classes
 * have.
 */
struct cache_station {
	/* Workers read, with every query. Control writes all but asked_ms. */
	_Atomic uint32_t gen;         /* CACHE_STATION_LIFE, and how often who it is changed */
	uint16_t link;                /* link id; immutable while live */
	struct mac_addr mac;          /* the same */
	_Atomic uint32_t consumer[2]; /* its number (policy_consumer()); 0: not known */
	/* Workers write from here to the end of the line, all but `who`. Two of them at once may
	 * lose a packet's worth of a count, no more. */
	_Atomic uint32_t queries; /* let in, since it is known */
	/* Its user, role and place (cache_who()); the place is its link's if it has none of its
	 * own. */
	_Atomic uint64_t who[2];
	_Atomic uint32_t asked_ms; /* its last query, odd; 0: never */
	_Atomic uint32_t shed;     /* its packets that were over a meter */
	_Atomic int64_t meter[2];  /* its meters: struct bucket_level.empty */

	/* Control's own. */
	uint32_t n_records __attribute__((aligned(64))); /* quota limits.records_per_station */
	union {
		uint32_t records; /* head of the record list (station_next) */
		int32_t hash_pos; /* once removed, position in the rte_hash */
	};
	uint32_t retry_next; /* list of empty ones whose removal waits for deferral */
	/* Control writes, all read: when it was last learned from; and since when, without a break
	 * of CACHE_STATION_BREAK_MS. A touch by a worker changes neither. */
	_Atomic uint32_t seen_ms;
	_Atomic uint32_t since_ms;
	_Atomic uint32_t
		first_ms;    /* when it became known here; CACHE_STATION_LONG_MS ago at most */
	uint32_t refused;    /* records refused: by a quota, or a demand of its link */
	uint32_t n_services; /* SRV records among its records */
	/* Sources of its last mDNS messages, all 0: none; where a QU refresh goes. */
	uint8_t ip4[4];
	uint8_t ip6[16];
	bool asker; /* kept although it has no record */
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct cache_station) == 128, "a line for workers, one for control");

/* User, role and place, by their numbers, in one word. */
static inline uint64_t cache_who(uint32_t user, uint16_t role, uint16_t place)
{
	return (uint64_t)user << 32 | (uint32_t)role << 16 | place;
}

/* Of `gen`: which life of the slot it is, odd while it is published. After 32,768 others it is the
 * same again: who keeps it forgets the station before that. */
#define CACHE_STATION_LIFE 0xffffu

static inline uint32_t cache_station_life(const struct cache_station *st)
{
	return atomic_load_explicit(&st->gen, memory_order_acquire) & CACHE_STATION_LIFE;
}

/* Another life begins or ends. Control. */
static inline void cache_station_live(struct cache_station *st)
{
	uint32_t gen = atomic_load_explicit(&st->gen, memory_order_relaxed);

	/* Release: what is written about it comes before it is published. */
	atomic_store_explicit(&st->gen,
		(gen & ~CACHE_STATION_LIFE) | ((gen + 1) & CACHE_STATION_LIFE),
		memory_order_release);
}

/* `who` or `consumer` of the world in force is another: whoever keeps what it found out of them
 * sees that by `gen`. Control. */
static inline void cache_station_changed(struct cache_station *st)
{
	uint32_t gen = atomic_load_explicit(&st->gen, memory_order_relaxed);

	atomic_store_explicit(&st->gen, gen + CACHE_STATION_LIFE + 1, memory_order_release);
}

/* The station asked. Worker. */
static inline void cache_station_asked(struct cache_station *st, uint32_t now_ms)
{
	atomic_store_explicit(&st->queries,
		atomic_load_explicit(&st->queries, memory_order_relaxed) + 1, memory_order_relaxed);
	/* In a line that is written anyway. */
	atomic_store_explicit(&st->asked_ms, now_ms | 1, memory_order_relaxed);
}

/* A packet of the station was over a meter. Worker. */
static inline void cache_station_shed(struct cache_station *st)
{
	atomic_store_explicit(&st->shed, atomic_load_explicit(&st->shed, memory_order_relaxed) + 1,
		memory_order_relaxed);
}
