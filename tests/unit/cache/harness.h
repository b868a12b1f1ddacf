/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A cache on a virtual clock, for one test: EAL without hugepages, an RCU variable with two
 * readers, a deferral, and a log of what the cache told.
 */

#include <criterion/criterion.h>

#include "base/defer.h"
#include "cache/cache.h"
#include "dns/wire.h"

enum told { TOLD_ADDED, TOLD_REMOVING, TOLD_DYING, TOLD_DUE, TOLD_KINDS };

#define TOLD_LOG 256

struct told_event {
	enum told kind;
	uint32_t rec;
	unsigned stage; /* of TOLD_DUE */
	uint32_t at;    /* virtual ms */
};

struct fixture {
	struct rcu rcu;
	struct defer defer;
	struct cache *cache;
	const struct cache_view *view;
	uint32_t now;
	uint32_t rec; /* of the last say() */
	unsigned told[TOLD_KINDS];
	struct told_event log[TOLD_LOG]; /* the first ones since log_clear() */
	unsigned n_log;
};

extern struct fixture fx;

/* RCU reader ids. */
enum { READER = 0, OTHER_READER = 1, READERS = 2 };

/* Limits no small test reaches. */
extern const struct cache_limits roomy;

/* For .init of a test: EAL alone; EAL with a roomy cache and deferral. */
void start_eal(void);
void start_roomy(void);
/* A cache with these limits and room for so many deferred frees. EAL is up. */
void start_cache(const struct cache_limits *limits, uint32_t defer_capacity);
/* For .fini: destroys all. */
void stop(void);

/* One record of a response, in words. Omitted: TTL 120, link 1, station 1, shared. */
struct say {
	const char *name;
	uint16_t type;
	const char *rdata; /* A, AAAA: address; PTR: name; SRV: target; else raw text */
	uint32_t ttl;
	bool goodbye; /* TTL 0 */
	bool flush;
	bool link_local;
	uint16_t link;
	unsigned station; /* MAC 02:00:00:.. by number */
};

enum cache_outcome say_record(const struct say *s);
#define SAY_IT(n, t, r, ...) (&(struct say){.name = n, .type = t, .rdata = r, ##__VA_ARGS__})
#define SAY(n, t, r, ...) say_record(SAY_IT(n, t, r, ##__VA_ARGS__))
/* SAY() that must give a record; returns its index. */
uint32_t must_learn(const struct say *s);
#define LEARN(n, t, r, ...) must_learn(SAY_IT(n, t, r, ##__VA_ARGS__))

struct mac_addr station_mac(unsigned station);
/* Node of a name in text, 0 if there is none. */
uint32_t node_of(const char *name, uint16_t type);
struct cache_record *record(uint32_t rec);
bool answerable(uint32_t rec);
/* What the node lists, without following a limit; cap entries of out at most. Returns how many. */
unsigned listed(uint32_t node, uint32_t out[], unsigned cap);
/* Back references, counts and the tail of the node's chunks agree. Returns the number of chunks. */
unsigned check_chunks(uint32_t node);

/* Let virtual time pass, doing all that falls due at its moment. */
void elapse(uint32_t ms);
/* One turn now, and what the deferral can free. */
void settle(void);
void log_clear(void);

struct cache_stats stats(void);
/* Removes every record, lets every hint age out, and sees that nothing at all is left. */
void remove_all(void);
void expect_nothing_left(void);
