/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "base/addr.h"
#include "dataplane/world.h"

/*
 * What passes one link, copied for management: mDNS, what may be a part of it, and host duties,
 * both ways. While nothing is captured it costs a worker one load a turn. Copies come from the
 * shared pool and go by a ring of each worker's own; without room for one it is lost, and counted.
 */

#define DP_CAPTURE_RING 1024 /* copies on their way, per worker */

/* Which frames, in one word: 0 is none. */
#define DP_CAPTURE_ON (UINT64_C(1) << 63)
#define DP_CAPTURE_STATION (UINT64_C(1) << 62) /* those from or to dp_capture.station alone */

static inline uint64_t dp_capture_which(uint16_t port, uint16_t vlan, bool station)
{
	return DP_CAPTURE_ON | (station ? DP_CAPTURE_STATION : 0) | (uint64_t)port << 16 | vlan;
}

/* A part of dp_shared. */
struct dp_capture {
	_Atomic uint64_t which;   /* management writes (release, after station), workers read */
	_Atomic uint64_t station; /* mac_word(); management writes */
	struct rte_ring *ring[DP_WORKERS_MAX]; /* worker -> management, mbufs */
	_Atomic uint64_t lost[DP_WORKERS_MAX]; /* the worker's */
};

/* What is known of a copy: in its private area. */
struct dp_captured {
	uint64_t at_us; /* of the worker's turn */
	bool out;       /* sent, or about to be */
};

static inline struct dp_captured *dp_captured(struct rte_mbuf *copy)
{
	return rte_mbuf_to_priv(copy);
}

struct dp_shared;
struct dp_worker;

/* 0 or -ENOMEM; rings for n_workers. Needs the EAL. */
int dp_capture_init(struct dp_shared *s, unsigned socket);
void dp_capture_fini(struct dp_shared *s);

/* Copies those of n frames that are wanted. Worker, while w->capture is not 0. */
void dp_capture(
	struct dp_worker *w, uint16_t port, struct rte_mbuf *const *m, unsigned n, bool out);

/* Where the UDP payload of a frame to or from port 5353 begins, 0 if it is none, or a fragment; in
 * *len how long it is. Any thread. */
unsigned dp_capture_dns(const uint8_t *frame, unsigned size, unsigned *len);
