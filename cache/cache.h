/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "base/defer.h"
#include "cache/read.h"

/*
 * The RR cache as its one writer, the control lcore, uses it (DESIGN §5). Every function here is
 * for that thread only unless its comment says otherwise. Nothing on the learn path costs more than
 * one chunk, however many records a node holds.
 */

/* Of limits.stations one link may have this part, so that spoofed MACs on one leave room on the
 * others. */
#define CACHE_STATIONS_SHARE 4
#define CACHE_STATIONS_LEAST 1024 /* ... but so many in any case */

struct cache_limits {
	uint32_t records; /* in all */
	uint32_t records_per_station;
	uint32_t records_per_link;
	uint32_t records_per_type; /* PTR records of a service type or subtype; 0: any number */
	uint32_t ttl;              /* seconds: learned TTLs are capped to this */
	uint32_t stations;
	uint16_t links; /* link ids are below this */
};

/*
 * What the cache tells control of; called from within cache_* functions on control, never from
 * elsewhere. All but `removing` are called last, so they may call any function here; `removing` may
 * only read, and push nothing to the deferral.
 */
struct cache_ops {
	/* Record became answerable, or answerable again (rescued from dying). Its class is not set
	 * yet: set it here. */
	void (*added)(void *arg, uint32_t rec);
	/* Record is about to leave: expired, its dying second over, or removed by command. Still
	 * readable in the call. */
	void (*removing)(void *arg, uint32_t rec);
	/* Record began to die: goodbye from its owner (RFC 6762 §10.1) or flushed (§10.2). */
	void (*dying)(void *arg, uint32_t rec);
	/*
	 * A refresh milestone passed without a touch: stage 1..4 is 80, 85, 90, 95 % (+0..2 %) of
	 * the TTL (RFC 6762 §5.2). Called for every record; whether to ask is control's to decide.
	 * A turn that comes late reports only the last of the milestones it missed.
	 */
	void (*due)(void *arg, uint32_t rec, unsigned stage);
	/* A station is about to be published: set its `who` and `consumer`. May only read
	 * otherwise. NULL: nobody cares. */
	void (*station)(void *arg, uint32_t station);
	/* A station is about to leave; still readable in the call. May only read, and push nothing
	 * to the deferral. NULL: nobody cares. */
	void (*station_gone)(void *arg, uint32_t station);
	/*
	 * Something readers see of the node with this key (its low half), or of the records with
	 * this identity, is another than before: which records it has, their flags, TTLs, classes
	 * or providers; a touch is not told. After the change, so who looks now sees it. NULL:
	 * nobody cares.
	 */
	void (*changed)(void *arg, uint64_t key);
};

/* Why a record was not learned, or how it was. */
enum cache_outcome {
	CACHE_NEW,             /* new record */
	CACHE_REFRESHED,       /* same owner, same rdata: touched */
	CACHE_CHANGED,         /* same record with another TTL or flush bit */
	CACHE_HANDOVER,        /* same rdata from another MAC of the link: the station changed */
	CACHE_COPY,            /* ... with no longer life than it has: a repeater's copy, no news */
	CACHE_GOODBYE,         /* TTL 0: the record has a second to live */
	CACHE_GOODBYE_UNKNOWN, /* TTL 0 of what we do not hold */
	CACHE_GOODBYE_OTHERS,  /* TTL 0 of what another station has: nothing came of it */
	CACHE_REFUSED_TOTAL,   /* limits.records */
	CACHE_REFUSED_LINK,    /* limits.records_per_link, or no link below limits.links */
	CACHE_REFUSED_STATION, /* limits.records_per_station, or limits.stations for a new one */
	CACHE_REFUSED_TYPE,    /* limits.records_per_type */
	CACHE_REFUSED_MEMORY,  /* slab, blob or hash full */
	CACHE_OUTCOMES
};

/* One record of a response, as the reader gave it: names uncompressed, rdata expanded. */
struct cache_learn {
	const uint8_t *name; /* wire bytes, owner's case */
	uint8_t name_len;
	bool cache_flush;
	uint16_t rrtype;
	const uint8_t *rdata; /* uncompressed */
	uint16_t rdlen;
	uint16_t link;
	uint32_t ttl;        /* seconds as received; 0 is a goodbye */
	bool link_local;     /* marks CACHE_REC_LINK_LOCAL */
	bool own_only;       /* another station's record stays as it is, its goodbye too */
	struct mac_addr mac; /* provider: source MAC */
	const uint8_t *ip;   /* source address of the message, 4 or 16 bytes, or NULL */
	uint8_t ip_len;
};

/*
 * Makes a cache. Needs the EAL (rte_hash); memory comes from it. `defer` outlives the cache. name:
 * <= 10 characters, unique in the process. Returns NULL with rte_errno-like errno set: ENOMEM,
 * EINVAL.
 */
struct cache *cache_create(const char *name, const struct cache_limits *limits,
	const struct sip_key *key, struct defer *defer, const struct cache_ops *ops, void *arg,
	unsigned socket, uint32_t now_ms, uint64_t seed);

/*
 * Frees everything at once; no reader may be online any more. Turns the deferral first until
 * nothing waits in it, as its entries point here. NULL is fine.
 */
void cache_destroy(struct cache *c);

/*
 * Learns one record (RFC 6762 §10, §10.1). *rec gets its index (0 if refused or unknown). New
 * limits never evict: at a bound the new record is refused, so that a flooder loses its own records
 * and no one else's.
 */
enum cache_outcome cache_learn(
	struct cache *c, const struct cache_learn *l, uint32_t now_ms, uint32_t *rec);

/*
 * After all records of one message are learned: applies the cache-flush rule to the node of one
 * flush-bit record just learned (RFC 6762 §10.2): records of the same name, type and link that were
 * last heard more than one second ago get one second to live, if they are of the same station or
 * themselves unique (the owner of a unique RRset is one host, maybe with several MACs). Records
 * that others declared shared stay: a flush bit on a shared name is an error (§10.2, last
 * paragraph) that must not cost other stations their services. Records heard within the last second
 * stay (bridged hosts, RRsets over several packets), so those of this message do. Looks at
 * CACHE_FLUSH_WALK records at most; what lies beyond ends with its TTL. own_only: records of other
 * stations stay, since the link's stations do not hear each other and so agree on nothing.
 */
#define CACHE_FLUSH_WALK 1024
void cache_flush_others(struct cache *c, uint32_t rec, bool own_only, uint32_t now_ms);

/* Gives the record one second to live as if its owner said goodbye. */
void cache_goodbye(struct cache *c, uint32_t rec, uint32_t now_ms);

/* ... as if it had expired: nobody said goodbye, and whom to ask for the name stays known. */
void cache_lose(struct cache *c, uint32_t rec, uint32_t now_ms);

/*
 * Its owner is gone from the network, which somebody else said: as if it had said goodbye, but
 * without a second to say otherwise; the record is removed after CACHE_LEFT_MS, by when the
 * goodbyes are sent.
 */
#define CACHE_LEFT_MS 50
void cache_left(struct cache *c, uint32_t rec, uint32_t now_ms);

/* Its owner has it on another link now: it goes at once, and nobody is told. What it was can be
 * read until the end of the turn. */
void cache_moved(struct cache *c, uint32_t rec, uint32_t now_ms);

/* What a conflict of names makes of a record: CACHE_REC_HIDDEN, CACHE_REC_CONTESTED or 0. True if
 * that is new. */
bool cache_conflict(struct cache *c, uint32_t rec, uint16_t flag);

/* Control wrote a record's class: tells who keeps answers of its name. */
void cache_changed(struct cache *c, uint32_t rec);

/* Removes now, without the dying second (flush command, link removed). -EAGAIN when deferral is
 * full: try next turn. */
int cache_remove(struct cache *c, uint32_t rec, uint32_t now_ms);

/*
 * A station asked: it is found, or made, and kept while it goes on asking
 * (CACHE_STATION_IDLE_MS). Without room, one that asked little gives way after half a minute,
 * another after five. 0: no room.
 */
uint32_t cache_station_ask(
	struct cache *c, uint16_t link, const struct mac_addr *mac, uint32_t now_ms);

/* A message of the station came from this address, 4 or 16 bytes. */
void cache_station_from(struct cache *c, uint32_t station, const uint8_t *ip, uint8_t ip_len);

/* Stations kept because they asked; all stations. */
uint32_t cache_askers(const struct cache *c);
uint32_t cache_stations(const struct cache *c);

/* Lets go of a live station that has not asked for long: true. It is dropped if it has no record.
 */
bool cache_station_idle(struct cache *c, uint32_t station, uint32_t now_ms);

/* The station asks no more: it is dropped if it has no record. */
void cache_station_unask(struct cache *c, uint32_t station);

/* Keeps the times of a live station from wrapping; to be called at least once in ten days. */
void cache_station_aged(struct cache *c, uint32_t station, uint32_t now_ms);

/*
 * Remembers who to ask for (name, rrtype) while no record of it is held (owner memory, DESIGN §5):
 * makes an empty node or updates one, the later claim winning; a node with records is left alone.
 * Kept for CACHE_HINT_MS, and on for as long as the owner's PTR to the name lives. cache_learn()
 * does this itself for the target of a PTR to an instance (SRV) and of an SRV (A). Returns the
 * node's index, 0 when there is no room (counted).
 */
#define CACHE_HINT_MS 4500000u /* 75 minutes: the TTL of a PTR (RFC 6762 §10) */

uint32_t cache_hint(struct cache *c, const uint8_t *name, uint8_t name_len, uint16_t rrtype,
	uint16_t link, const struct mac_addr *mac, uint32_t now_ms);

/* Expiry, milestones, age-out of hints: at most `budget` steps (items fired or moved). Returns how
 * many were done. */
unsigned cache_turn(struct cache *c, uint32_t now_ms, unsigned budget);

/* When cache_turn() next has anything to do, be it a record or a hint; false when it never has. */
bool cache_next(const struct cache *c, uint32_t *at_ms);

/* Records held on a link; 0: its id may be given to another name. Any thread (relaxed). */
uint32_t cache_link_records(const struct cache *c, uint16_t link);

/* Removes up to `budget` records of a link (a removed link); returns how many are left. */
uint32_t cache_purge_link(struct cache *c, uint16_t link, uint32_t now_ms, unsigned budget);

struct cache_stats {
	uint32_t records, nodes, stations, hints;
	uint64_t bytes; /* held by slabs and blobs; the hashes are not counted */
	uint64_t outcome[CACHE_OUTCOMES];
	uint64_t expired;
	uint64_t flushed;
	uint64_t postponed; /* removals and moves that waited since deferral was full */
	uint64_t hint_refused;
};

/* Any thread; figures may be a turn old. */
void cache_stats(const struct cache *c, struct cache_stats *out);

/* Upper bounds for paging by the management thread: indexes run from 1 to the returned value. Live
 * ones have flags/gen. */
uint32_t cache_record_max(const struct cache *c);
uint32_t cache_station_max(const struct cache *c);
