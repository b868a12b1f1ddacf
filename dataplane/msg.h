/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "base/addr.h"

struct rte_mbuf;

/*
 * What workers and control tell each other. 16-byte elements in bounded SPSC rings (rte_ring_elem),
 * one ring each way and worker. A full ring costs the message and a count, never a wait. An mbuf in
 * a message belongs to its receiver.
 */

/*
 * How long a PTR whose SRV, TXT or addresses are missing is held back by workers while control asks
 * its owner (DESIGN §5), and how long an owner that did not tell is left alone before the next
 * question makes control ask again.
 */
#define DP_COMPLETE_WAIT_MS 500
#define DP_COMPLETE_AGAIN_MS 60000

enum dp_up_op {
	DP_UP_RESPONSE, /* m: an mDNS response to learn from; dp_pkt(m) is filled
			   (dp_upcall_response()) */
	DP_UP_QUERY,    /* m: a query; control looks at the questions in dp_pkt(m)->ask */
	DP_UP_WHO,      /* m: a query of a station that is not known as a consumer of its link */
	DP_UP_KNOW,  /* rec: link, mac: a station that is not known yet, to be metered by itself */
	DP_UP_SHORT, /* rec: link whose meter is empty, as far as it is this worker's */
	DP_UP_HOST,  /* m: ARP, ND, IGMP or MLD; dp_pkt(m)->outcome tells which */
	DP_UP_REFRESH, /* rec/gen: answered from a record past 80 % of its TTL (RFC 6762 §5.2,
			  draft 3.7) */
	DP_UP_POOF, /* rec/gen: queried twice on its own link and not answered (RFC 6762 §10.5) */
};

struct dp_upcall {
	uint16_t op;
	uint16_t worker;
	uint32_t rec;
	union {
		struct rte_mbuf *m;
		uint32_t gen;
		struct mac_addr mac;
	};
};

enum dp_down_op {
	DP_DOWN_TX, /* m: a finished frame; m->port says where. To the owner of a TX queue of that
		       port */
	DP_DOWN_REPLAY, /* m: a waiting query to answer now; dp_pkt(m) is filled. To the link's home
			   worker */
	DP_DOWN_QUERY,  /* m: the query of a DP_UP_WHO; the station is known now, or cannot be */
	DP_DOWN_RECEIVE, /* m: a frame as if it had come in at m->port */
	DP_DOWN_TELL,    /* rec/gen, link: multicast this record there, unasked. To the link's home
			    worker */
	DP_DOWN_GOODBYE, /* rec/gen, link: the same with TTL 0 (RFC 6762 §10.1); the record is in
			    its dying second */
	DP_DOWN_STALE,   /* key: of a name that is not what it was, and that rendered answers rest
			    on */
};

struct dp_downcall {
	uint16_t op;
	uint16_t link;
	uint32_t rec;
	union {
		struct rte_mbuf *m;
		struct {
			uint32_t gen;
			uint32_t station; /* TELL, GOODBYE: to this one alone; 0: to the link */
		};
		uint64_t key;
	};
};

/* Whoever drops the message frees its mbuf. */
static inline bool dp_down_has_mbuf(const struct dp_downcall *d)
{
	return d->op == DP_DOWN_TX || d->op == DP_DOWN_REPLAY || d->op == DP_DOWN_QUERY ||
	       d->op == DP_DOWN_RECEIVE;
}

_Static_assert(sizeof(struct dp_upcall) == 16 && sizeof(struct dp_downcall) == 16, "ring elements");
