/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "cache/deps.h"

/*
 * What a worker keeps for a moment longer than the packet it was found out for (rendered.h,
 * heard.h) rests on names of the cache (cache/deps.h), found or not. They are marked in
 * dp_shared.watched before it is found out what is kept, so whatever control changes later, it
 * tells this worker (DP_DOWN_STALE, control/stale.c). Kept is therefore what is found out the
 * second time: the first finds out what to mark.
 */

#define DP_WATCH_MARKS 65536 /* a name's mark is its key modulo this */

struct dp_worker;

/* Part of whatever is kept. Does not move while it has names. */
struct dp_watched {
	uint32_t until_ms; /* good before this only; clock_ms() */
	uint32_t dep;      /* first of its names; 0: none */
};

static inline bool dp_watch_good(const struct dp_watched *e, uint32_t now_ms)
{
	return clock_ms_diff(now_ms, e->until_ms) < 0;
}

/* A name that something kept rests on. */
struct dp_watch_dep {
	uint64_t key;
	struct dp_watched *of; /* NULL: free */
	uint32_t next_of;      /* of the same; of free ones: the next free */
	uint32_t next, prev;   /* of its bucket; prev 0: first */
};

/* A worker's own. */
struct dp_watch {
	struct dp_watch_dep *dep; /* [deps]; 0 is none */
	uint32_t *bucket;         /* [buckets], power of two: first dep */
	uint32_t deps, buckets;
	uint32_t free;  /* first free one */
	uint32_t stale; /* dp_shared.stale as last seen */
	uint32_t swept; /* which part was swept last */
};

/* Bytes that each name takes. */
#define DP_WATCH_BYTES (sizeof(struct dp_watch_dep) + 2 * sizeof(uint32_t))

/* deps: names of all that is kept together. 0 or -ENOMEM. */
int dp_watch_init(struct dp_worker *w, uint32_t deps, int socket);
void dp_watch_fini(struct dp_worker *w);

/* Does it rest on all of these names? Then they were marked before. */
bool dp_watch_covers(
	const struct dp_worker *w, const struct dp_watched *e, const struct cache_deps *deps);

/* It rests on these too; it is stale for now. False: no room, it rests on none. */
bool dp_watch_names(struct dp_worker *w, struct dp_watched *e, const struct cache_deps *deps);

/* It rests on nothing any more. */
void dp_watch_drop(struct dp_worker *w, struct dp_watched *e);

/* The name with this key is not what it was. */
void dp_watch_stale(struct dp_worker *w, uint64_t key);

/* Once a turn: was too much changed to be told one by one? */
void dp_watch_turn(struct dp_worker *w);
