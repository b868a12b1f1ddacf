/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/siphash.h"
#include "base/wheel.h"
#include "dns/service.h"

/*
 * What the RR cache is made of. The control lcore is the only writer of everything here but the
 *three fields marked "worker writes"; workers and the management thread read without a lock.
 *
 *	key = hash128(canonical name, rrtype) -> node -> chunks of record indexes -> record
 *
 * All three live in type-stable slabs: memory of one is never given to another kind, so a reader
 *that holds a stale index reads a record, perhaps another one, and the generation tells. A reader
 *that keeps an index past its turn keeps (index, generation) and checks with cache_record_get().
 *Within a turn (until the reader's next RCU quiescent point) whatever it reached stays valid:
 *control unpublishes first and frees by deferral (base/defer.h).
 */

/* Record flags: control writes, all read. */
#define CACHE_REC_UNIQUE                                                                           \
	0x0001 /* owner set the cache-flush bit (RFC 6762 §10.2): member of a unique RRset */
#define CACHE_REC_DYING                                                                            \
	0x0002 /* goodbye or flushed: within its last second, never answered (§10.1, §10.2) */
#define CACHE_REC_GOODBYE 0x0004 /* ... and the owner said so itself: passed on as a goodbye */
#define CACHE_REC_LINK_LOCAL                                                                       \
	0x0008 /* address of link-local scope: kept, marked, never crosses (draft 1.1 req. 4) */
#define CACHE_REC_HIDDEN 0x0010 /* kept but not extended: conflict (RFC 6762 §9) */

/*
 * One resource record as one provider on one link advertised it. Two cache lines: the first is read
 * to answer, the second holds what moves (touch, timers, list links).
 */
struct cache_record {
	_Atomic uint32_t gen; /* odd: published; control makes it even before it queues the slot for
				 reuse, and odd again at the next life */
	_Atomic uint16_t flags;   /* CACHE_REC_* */
	uint16_t rrtype;          /* host order */
	uint32_t node;            /* owner node: (name, rrtype) */
	uint32_t rdata;           /* blob handle, uncompressed wire rdata in the owner's case */
	uint16_t rdlen;           /* bytes */
	uint16_t link;            /* link id the provider is on */
	_Atomic uint32_t station; /* provider: station index; a handover changes it in place */
	_Atomic uint32_t ttl;     /* seconds, as learned, capped by limits.ttl */
	_Atomic uint32_t
		cls[2]; /* policy class under the even / odd policy generation (policy/policy.h) */
	uint64_t ident; /* keyed hash of (name, type, rdata) without link: equal records have equal
			   ident */
	uint32_t learned_ms; /* clock_ms() of the first learning */
	uint32_t version;    /* monotonic; grows when the owner changes TTL or flush bit */

	/* Second line. */
	_Atomic uint32_t touched_ms
		__attribute__((aligned(64))); /* worker writes (touch), control writes */
	_Atomic uint32_t
		nudged_ms; /* worker writes: it told control that the record is past 80 % */
	_Atomic uint32_t completed_ms; /* control writes, workers read: when the owner was last
					  asked for what a PTR lacks */
	uint32_t chunk; /* control: chunk that lists this record; its ident's hash position once
			   removed */
	struct wheel_item timer; /* control: next milestone, 80/85/90/95/100 % of the TTL */
	uint32_t station_next;   /* control: list of a station's records */
	uint32_t station_prev;   /* control */
	uint8_t chunk_pos;       /* control: position within the chunk */
	uint8_t stage;           /* control: milestones passed since the last touch, 0..5 */
	uint8_t asked;           /* control: refresh queries sent since the last touch */
	uint8_t pad;
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct cache_record) == 128, "a record is two cache lines");

#define CACHE_NODE_OWNED                                                                           \
	0x01 /* owner_* tell who had these records last (owner memory, DESIGN §5) */
#define CACHE_NODE_IDLE 0x02 /* in the FIFO of empty nodes */

/*
 * All records of one (name, rrtype). A node without records is an owner hint: it remembers whom to
 * ask for the name after its records expired, and is dropped by age.
 */
struct cache_node {
	_Atomic uint32_t gen;       /* odd while published, as in a record */
	uint32_t name;              /* blob handle: wire name, case as first learned */
	uint16_t rrtype;            /* host order */
	uint8_t name_len;           /* bytes with the root label */
	uint8_t flags;              /* CACHE_NODE_*: control writes */
	_Atomic uint32_t head;      /* first chunk handle, 0: none. store-release by control */
	uint32_t tail;              /* control */
	_Atomic uint32_t count;     /* records listed, relaxed: an estimate for readers */
	_Atomic uint32_t asked_ms;  /* worker writes (at most once a second): somebody is interested
				       in this RRset */
	struct hash128 key;         /* of (canonical name, rrtype) */
	struct dns_service_name sd; /* parsed once, when the node is made */
	uint16_t owner_link;        /* control: last owner, valid with CACHE_NODE_OWNED */
	struct mac_addr owner_mac;  /* control */
	uint32_t idle_next;         /* control: FIFO of empty nodes */
	uint32_t idle_prev;         /* control */
	uint32_t idle_ms;           /* control: when it became empty */
	int32_t hash_pos; /* control: position in the rte_hash once removed, for its deferred free
			   */
} __attribute__((aligned(64)));

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
