/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

#include "base/siphash.h"
#include "dataplane/watch.h"

/*
 * Announcements that only repeated what is held (touch.c), by a fingerprint of the whole message
 * and its sender. Heard again within a second, while nothing of that has changed (watch.h), there
 * is nothing to do: a touch is stored once a second.
 */

#define DP_HEARD_WAYS 4
#define DP_HEARD_NAMES 6 /* on average */

struct dp_worker;
struct dp_pkt;

/* A set is a line. */
struct dp_heard_set {
	uint64_t print[DP_HEARD_WAYS]; /* fingerprint; 0: free */
	struct dp_watched watched[DP_HEARD_WAYS];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct dp_heard_set) == 64, "a line");

/* Bytes that each of them takes. */
#define DP_HEARD_BYTES                                                                             \
	(sizeof(struct dp_heard_set) / DP_HEARD_WAYS + DP_HEARD_NAMES * DP_WATCH_BYTES)

/* A worker's own. */
struct dp_heard {
	struct dp_heard_set *set; /* [sets], power of two */
	uint32_t sets;
	unsigned clock; /* the way that is given up next */
};

/* hash: of the message, with dp_regular_who() of the sender as its seed. */
static inline uint64_t dp_heard_print(struct hash128 hash)
{
	return hash.lo | 1;
}

static inline struct dp_heard_set *dp_heard_set(struct dp_heard *t, struct hash128 hash)
{
	return &t->set[hash.hi & (t->sets - 1)];
}

/* sets: a power of two. 0 or -ENOMEM. */
int dp_heard_init(struct dp_worker *w, uint32_t sets, int socket);
void dp_heard_fini(struct dp_worker *w);

/* The message, dns_len bytes of a packet to the group, only repeats the records idx[n], which are
 * touched. */
void dp_heard_keep(struct dp_worker *w, const struct dp_pkt *pkt, const uint8_t *dns,
	const uint32_t *idx, unsigned n);
