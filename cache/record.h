/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/siphash.h"
#include "base/wheel.h"
#include "dns/service.h"

/*
 * What the RR cache is made of. Control is the only writer of everything here but the fields marked
 * "worker writes"; workers and the management thread read without a lock.
 *
 *	key = hash128(canonical name, rrtype) -> node -> chunks of record indexes -> record
 *
 * All three live in type-stable slabs: memory of one is never given to another kind, so a reader
 * that holds a stale index reads a record, perhaps another one, and the generation tells. A reader
 * that keeps an index past its turn keeps (index, generation) and checks with cache_record_get().
 * Within a turn (until the reader's next RCU quiescent point) whatever it reached stays valid:
 * control unpublishes first and frees by deferral (base/defer.h).
 */

/* Record flags: control writes, all read. */
enum {
	/* The owner set the cache-flush bit (RFC 6762 §10.2): member of a unique RRset. */
	CACHE_REC_UNIQUE = 0x0001,
	/* Goodbye or flushed: within its last second, never answered (RFC 6762 §10.1, §10.2). */
	CACHE_REC_DYING = 0x0002,
	/* ... and the owner said so itself: passed on as a goodbye. */
	CACHE_REC_GOODBYE = 0x0004,
	/* Address of link-local scope: kept, marked, never crosses (draft 1.1 req. 4). */
	CACHE_REC_LINK_LOCAL = 0x0008,
	/* Kept but not extended: an older owner of the name lives (RFC 6762 §9). */
	CACHE_REC_HIDDEN = 0x0010,
	/* Of a name that another host claims too: told with records of its own owner alone, and not
	 * at all where the other one is. */
	CACHE_REC_CONTESTED = 0x0020,
};

/*
 * One resource record as one provider on one link advertised it. Two cache lines: the first is read
 * to answer, the second holds what moves (touch, timers, list links). Control writes, but where
 * marked; the second line from `chunk` on is read by control alone.
 */
struct cache_record {
	/* Odd while published; even before the slot is queued for reuse, odd in its next life. */
	_Atomic uint32_t gen;
	_Atomic uint16_t flags; /* CACHE_REC_* */
	uint16_t rrtype;        /* host order */
	uint32_t node;          /* owner node: (name, rrtype) */
	uint32_t rdata;         /* blob handle: uncompressed, in the owner's case */
	uint16_t rdlen;         /* bytes */
	uint16_t link;          /* link id the provider is on */
	/* Provider: station index. A handover changes it in place. */
	_Atomic uint32_t station;
	_Atomic uint32_t ttl; /* seconds, as learned, capped by limits.ttl */
	/* Policy class under the even / odd policy generation (policy/policy.h). */
	_Atomic uint32_t cls[2];
	/* Keyed hash of (name, type, rdata) without the link: equal records, equal ident. */
	uint64_t ident;
	uint32_t learned_ms; /* clock_ms() of the first learning */
	uint32_t version;    /* grows when the owner changes TTL or flush bit */

	/* Second line. Last heard: worker writes (touch), control too. */
	_Atomic uint32_t touched_ms __attribute__((aligned(64)));
	/* Worker writes: it told control that the record is past 80 %. */
	_Atomic uint32_t nudged_ms;
	/* When the owner was last asked for what a PTR lacks; workers read. */
	_Atomic uint32_t completed_ms;
	/* Worker writes: when its own link last heard a probe for the name; 0: never. */
	_Atomic uint32_t probed_ms;
	/* Worker writes: when it was last queried on its own link and not answered since; 0: never.
	 */
	_Atomic uint32_t missed_ms;
	uint32_t chunk;          /* that lists it; once removed, its position in the ident hash */
	struct wheel_item timer; /* next milestone, 80/85/90/95/100 % of the TTL */
	uint32_t station_next;   /* list of a station's records */
	uint32_t station_prev;
	uint8_t chunk_pos; /* position within the chunk */
	uint8_t stage;     /* milestones passed since the last touch, 0..5 */
	uint8_t asked;     /* milestone its owner was last asked at since the last touch */
	uint8_t pad;
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct cache_record) == 128, "a record is two cache lines");

/* Node flags: control writes. */
enum {
	/* owner_* tell who had these records last (owner memory, DESIGN §5). */
	CACHE_NODE_OWNED = 0x01,
	/* In the FIFO of empty nodes. */
	CACHE_NODE_IDLE = 0x02,
};

/*
 * All records of one (name, rrtype). A node without records is an owner hint: it remembers whom to
 * ask for the name after its records expired, and is dropped by age. Answering reads the first
 * line. Control writes, but where marked.
 */
struct cache_node {
	_Atomic uint32_t gen;   /* odd while published, as in a record */
	uint32_t name;          /* blob handle: wire name, case as first learned */
	uint16_t rrtype;        /* host order */
	uint8_t name_len;       /* bytes with the root label */
	uint8_t flags;          /* CACHE_NODE_*; control reads */
	_Atomic uint32_t head;  /* first chunk handle, 0: none. store-release */
	uint32_t tail;          /* last chunk handle; control reads */
	_Atomic uint32_t count; /* records listed, relaxed: an estimate for readers */
	/* Worker writes, at most once a second: somebody is interested in this RRset. */
	_Atomic uint32_t asked_ms;
	struct hash128 key;         /* of (canonical name, rrtype) */
	struct dns_service_name sd; /* parsed once, when the node is made */

	/* Control alone from here on. Last owner, valid with CACHE_NODE_OWNED. */
	uint16_t owner_link;
	struct mac_addr owner_mac;
	/*
	 * Next node of the same name with an unusual type (cache/directory.h); of a directory: the
	 * first. Workers read.
	 */
	_Atomic uint32_t unusual;
	uint32_t idle_next; /* FIFO of empty nodes */
	uint32_t idle_prev;
	uint32_t idle_ms; /* when it became empty */
	int32_t hash_pos; /* once removed: position in the hash, for its deferred free */
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct cache_node, owner_link) <= 64, "answers read one line of a node");

/*
 * A run of record indexes. `count` is store-released after the slot is written, so appending is
 * safe beside readers; removing replaces the chunk by a copy. Small ones keep the common node of
 * one to four records cheap.
 */
#define CACHE_CHUNK_SMALL 4
#define CACHE_CHUNK_LARGE 32

struct cache_chunk {
	_Atomic uint32_t next;  /* chunk handle; 0: last */
	_Atomic uint16_t count; /* slots filled */
	uint16_t cap;           /* CACHE_CHUNK_SMALL or _LARGE */
	uint32_t prev;          /* control */
	uint32_t node;          /* control */
	uint32_t slot[];        /* record indexes */
};

/* Handles carry the size class in the top bit, so that both slabs are addressed by one uint32_t. */
#define CACHE_CHUNK_LARGE_BIT 0x80000000u
