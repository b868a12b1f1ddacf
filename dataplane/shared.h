/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include <rte_mempool.h>
#include <rte_ring.h>

#include "base/rcu.h"
#include "cache/read.h"
#include "dataplane/audit.h"
#include "dataplane/capture.h"
#include "dataplane/gateways.h"
#include "dataplane/outcome.h"
#include "dataplane/world.h"

/*
 * What workers, control and management share. Made before the lcores start, freed after they
 * stopped; who writes each field after that stands beside it.
 */

#define DP_UP_RING 4096   /* upcalls on their way, per worker */
#define DP_DOWN_RING 4096 /* downcalls on their way, per worker */
#define DP_HAND_RING 1024 /* mbufs on their way between two workers */

/* Service types with a PTR record now: what type enumeration is made from (RFC 6763 §9). Immutable
 * once published. */
struct dp_types {
	uint32_t n;
	uint32_t node[]; /* node indexes of <type>.local PTR */
};

#define DP_WAITING4 0x01
#define DP_WAITING6 0x02

/* Counters of one worker (control has a set of its own: index n_workers): written by the owner
 * alone. */
struct dp_link_counters {
	uint64_t event[DP_N_EVENTS]; /* first: those of the short way are in one line */
	uint64_t outcome[DP_N_OUTCOMES];
} __attribute__((aligned(64)));

/* Frames that their Ethernet header alone decides on, by link. By themselves, since that may be
 * most of what there is, of many links in turn. */
struct dp_passed {
	uint64_t *all;       /* [DP_LINKS_MAX] each */
	uint64_t *broadcast; /* of these, to the broadcast address */
};

/* Of a link, what was said that was kept: in one store. */
#define DP_AGAIN_RECORDS 0 /* DP_EV_tx_records */
#define DP_AGAIN_ANSWERS 1 /* DP_EV_rendered */
struct dp_said_again {
	uint64_t n[2];
} __attribute__((aligned(16)));

/* A line of its own: the lcores' are side by side. */
struct dp_counters {
	struct dp_link_counters *link; /* [DP_LINKS_MAX], [0]: packets of no link */
	/* [DP_LINKS_MAX] each, apart from `link`: several links are a line, which stays in the
	 * first cache. */
	struct dp_said_again *again;
	struct dp_passed crossed, sieved; /* DP_EV_crossed, DP_EV_sieved */
	uint64_t turns, busy_turns;       /* the load of the lcore */
	uint64_t busy_us;                 /* ... what its busy turns took; its loop writes */
} __attribute__((aligned(64)));

struct dp_shared;
struct dp_fast_version;
struct dp_link_meters;

/* Adds up a link's counters of all lcores. What went the short way is counted once by its
 * worker (`rendered`, `heard_again`, `crossed`...), and here as what it was besides. Any thread. */
void dp_counters_link(const struct dp_shared *s, uint16_t id, struct dp_link_counters *sum);

struct dp_shared {
	_Atomic(struct dp_world *)
		world; /* control publishes (release), workers and management load (acquire) */
	_Atomic(struct dp_types *) types; /* control publishes, workers load */
	const struct cache_view *cache;   /* constant */
	struct rcu *rcu;                  /* constant; ids: workers 0..n-1, management n */
	struct rte_mempool
		*pool;      /* constant: answers and control's frames; RX pools are the ports' */
	unsigned n_workers; /* constant */
	struct rte_ring *up[DP_WORKERS_MAX];   /* worker -> control, dp_upcall */
	struct rte_ring *down[DP_WORKERS_MAX]; /* control -> worker, dp_downcall */
	struct rte_ring
		*hand[DP_WORKERS_MAX][DP_WORKERS_MAX]; /* [from][to], mbufs; NULL on the diagonal */
	struct dp_counters counters[DP_WORKERS_MAX + 1]; /* [worker], [n_workers]: control */
	/*
	 * [DP_LINKS_MAX]: clock_ms() | 1 when control last put a question there that invites a
	 * unicast response (QU, or sent to one station); 0: never. Control writes, workers read: a
	 * unicast response is heard for 2 s after it (RFC 6762 §6).
	 */
	_Atomic uint32_t *unicast_asked_ms;
	/*
	 * [DP_LINKS_MAX]: DP_WAITING4, DP_WAITING6 while answers wait on the link's multicast
	 * schedule. A hint: the link's home worker writes, the others read (relaxed) whether a
	 * response may suppress one of them (RFC 6762 §7.4).
	 */
	_Atomic uint8_t *waiting;
	/* [worker]: its own, but for the rates, which control writes. */
	struct dp_link_meters *meter[DP_WORKERS_MAX];
	struct dp_audit *audit[DP_WORKERS_MAX + 1]; /* [worker], [n_workers]: control; its owner's
						       alone but for the ring's other end */
	struct dp_gateways gateways;                /* control writes, workers read */
	struct dp_capture capture;                  /* capture.h */
	/*
	 * [worker][DP_WATCH_MARKS]: how many of its rendered answers rest on names with this mark
	 * (dataplane/rendered.h). The worker writes, control reads.
	 */
	_Atomic uint8_t *watched[DP_WORKERS_MAX];
	/* [worker]: control adds one when a change could not be told: all is stale. */
	_Atomic uint32_t stale[DP_WORKERS_MAX];
	size_t rendered; /* constant: bytes of rendered answers, per worker; 0: none are kept */
	const struct dp_fast_version *fast; /* constant: which code says them (dataplane/fast.h) */
	uint32_t ttl_cap;                   /* constant: seconds, limits.ttl */
	_Atomic uint32_t stop;              /* management sets; lcores leave */
};

/*
 * Makes the rings, counters and the pool. Needs the EAL. pool_mbufs: mbufs for answers and control
 * frames; room: data bytes of each (MTU + headers). Returns 0 or -ENOMEM, nothing left behind.
 */
int dp_shared_init(struct dp_shared *s, unsigned n_workers, unsigned pool_mbufs, unsigned room,
	unsigned socket);
void dp_shared_fini(struct dp_shared *s);

/* Worker that owns a TX queue of the port for frames of `worker` (itself if it has one). */
static inline unsigned dp_tx_owner(const struct dp_port_map *p, unsigned worker)
{
	return worker < p->n_queues ? worker : worker % p->n_queues;
}
