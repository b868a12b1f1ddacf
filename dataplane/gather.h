/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/wheel.h"

struct dp_query;
struct dp_worker;
struct rte_mbuf;

/*
 * Queries with the TC bit wait 400-500 ms for the packets of known answers that follow them from
 * the same source on the same link and family (RFC 6762 §7.2). Belongs to the worker that answers
 * the query, the link's home; bounded; no allocation after start.
 */

#define DP_GATHERS 256       /* queries waiting at a time, per worker */
#define DP_GATHER_KNOWN 1024 /* known answers of the packets that followed one of them */

struct dp_gather_known {
	uint64_t ident;
	uint32_t ttl;
};

/* A query that waits. */
struct dp_gather {
	struct wheel_item timer;
	struct rte_mbuf *m; /* the query; NULL: unused */
	uint32_t n_known;
	struct dp_gather_known known[DP_GATHER_KNOWN];
};

struct dp_gathers {
	struct wheel wheel;
	uint32_t n;          /* in use */
	struct dp_gather *g; /* [DP_GATHERS] */
};

/* 0 or -ENOMEM. */
int dp_gathers_init(struct dp_gathers *t, unsigned socket, uint32_t now_ms);

/* Frees the queries that wait, too. */
void dp_gathers_fini(struct dp_gathers *t);

/*
 * A query whose questions were read. True: it waits now, or it was but more known answers of one
 * that waits; it has its outcome and the mbuf is no longer the caller's. False: to be answered now.
 */
bool dp_gather_take(struct dp_worker *w, struct dp_query *q);

/* Adds what followed the query w->gathered to w->known, as far as w->seen asks for it. */
void dp_gather_known(struct dp_worker *w);

/* Answers the queries whose time is over; returns how many. */
unsigned dp_gather_turn(struct dp_worker *w, unsigned budget);
