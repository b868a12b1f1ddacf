/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * The short way of a query (DESIGN §4): what a station asked before, and was answered before. All
 * that classify, admit and answer find out about a packet is known of its like already: its source
 * was let in (struct dp_regular), and its answer is rendered (rendered.h). What is left is to see
 * that it is of that kind, bit by bit, to count and meter it as ever, and to write the answer over
 * the question. Whatever is not so is left to the long way, which knows nothing of this one.
 *
 * Three passes over a burst: read and hash; look up; check, meter and send.
 */

#define DP_REGULARS 4096 /* power of two */

struct dp_worker;
struct rte_mbuf;

/* A station that was let in lately: (link, MAC) and the addresses it came from. A worker's own. */
struct dp_regular {
	uint64_t who;     /* MAC and link id; 0: free */
	uint32_t station; /* cache_station index, 0: not known */
	uint32_t gen;     /* ... of that life */
	uint32_t era;     /* dp_worker.era, in which it was let in */
	uint32_t src4;    /* network order; 0: none */
	uint64_t src6[2]; /* all 0: none */
} __attribute__((aligned(64)));

static inline uint64_t dp_regular_who(const uint8_t mac[6], uint16_t link)
{
	uint64_t v = link;

	memcpy((uint8_t *)&v + 2, mac, 6);
	return v;
}

static inline struct dp_regular *dp_regular_at(struct dp_regular *table, uint64_t who)
{
	return &table[who * UINT64_C(0x9e3779b97f4a7c15) >> 52 & (DP_REGULARS - 1)];
}

/* A packet of the group on port 5353 was let in, from a source on the link. */
void dp_fast_admitted(struct dp_worker *w, const struct rte_mbuf *m);

/* Answers what it can of a burst and returns how many mbufs are left, moved to its front in order.
 * All of the burst are of the port the worker has just polled. */
typedef unsigned dp_fast_burst_t(struct dp_worker *w, struct rte_mbuf **burst, unsigned n);

/* The one for this CPU. *name: for the log. */
dp_fast_burst_t *dp_fast_choose(const char **name);

/* fast_burst.c, as it was compiled for each. */
dp_fast_burst_t dp_fast_burst_base, dp_fast_burst_avx2, dp_fast_burst_avx512;
