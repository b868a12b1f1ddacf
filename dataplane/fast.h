/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/lanes.h"
#include "base/siphash.h"
#include "cache/station.h"
#include "dataplane/told.h"

/*
 * The short way of a packet (DESIGN §4): what a station asked before, and was answered before, and
 * what it announced before. All that classify, admit and answer find out about a packet is known of
 * its like already: its source was let in (struct dp_regular), and its answer is rendered
 * (rendered.h), or it was heard within the second (heard.h). What is left is to see that it is of
 * that kind, bit by bit, to count and meter it as ever, and to write the answer over the question.
 * Whatever is not so is left to the long way, which knows nothing of this one.
 *
 * Passes over a burst, each fetching what the next one reads: tell mDNS from what it is not, and
 * who it is from; find the regular; read and hash the question; look up its answer; check, meter
 * and send. Whom its meter has no packet for is seen before a byte of DNS is read. Plain questions
 * have their own passes (fast_burst.c), for they are most; known answers, several questions and
 * announcements are in fast_other.h.
 */

#define DP_REGULARS 32768    /* power of two; below 2^16 */
#define DP_REGULAR_SETS 4096 /* power of two */
#define DP_REGULAR_WAYS 16

struct dp_port_map;
struct dp_worker;
struct rte_mbuf;

/* A station that was let in lately: (link, MAC) and the addresses it came from. A worker's own;
 * forgotten with the world. */
struct dp_regular {
	uint64_t who;                  /* MAC and link id; 0: free */
	struct cache_station *station; /* never NULL */
	uint32_t src4;                 /* network order; 0: none */
	/* clock_ms() before which its meter has no packet, of queries, for it; 0: it may have. In
	 * one word with src4, so that who may ask and is who it was is seen at once. */
	uint32_t barred;
	uint64_t src6[2]; /* all 0: none */
	uint32_t gen;     /* of the station, while it is that one; never: it is not known */
	/* What it asked last, bits of a dp_interest_tag(), 0 if its twin over the other family
	 * came too; and when, in milliseconds, times two, and over which family. */
	uint16_t asked, asked_at;
	/* Who it is, with that gen, to answers that look at these POLICY_FACT_*. */
	uint32_t facts;  /* DP_NO_FACTS: nothing was found out */
	uint64_t person; /* dp_rendered_person() */

	/* Second line: what of it control was told, where open browsers are told one by one. */
	struct dp_told told;
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct dp_regular) == 128, "two lines");

/* Is `station`, which is its own, known and nobody else by now? */
static inline bool dp_regular_is(const struct dp_regular *r, const struct cache_station *station)
{
	return atomic_load_explicit(&station->gen, memory_order_acquire) == r->gen;
}

static inline bool dp_regular_known(const struct dp_regular *r)
{
	return dp_regular_is(r, r->station);
}

/* Is its time still to come? It is a second or so away at most; one that was not looked at for
 * weeks may look as if it were, of a clock that went around. */
static inline bool dp_regular_barred(const struct dp_regular *r, uint32_t now_ms)
{
	return r->barred - now_ms - 1 < 2 * MS_PER_SEC;
}

#define DP_TWIN_MS 100
#define DP_NO_FACTS UINT32_MAX

/* Is it the question that the station asked a moment ago over the other family? Then one token was
 * enough for both (DESIGN §4.3). Else it is the last one from now on. */
static inline bool dp_regular_twin(struct dp_regular *r, uint64_t asked, bool v6, uint32_t now_ms)
{
	const uint16_t at = (uint16_t)(now_ms << 1 | v6);

	if (unlikely(r->asked == (uint16_t)asked)) {
		const uint16_t since = (uint16_t)(at - r->asked_at);

		/* Odd: the families differ, and the time is off by half a millisecond. */
		if ((since & 1) != 0 && since <= 2 * DP_TWIN_MS + 1) {
			r->asked = 0;
			return true;
		}
	}
	r->asked = (uint16_t)asked;
	r->asked_at = at;
	return false;
}

static inline uint64_t dp_regular_who(uint64_t mac_word, uint16_t link)
{
	return mac_word << 16 | link;
}

/* A way is 16 bits of a hash, and below them which regular; 0: free. Each hash has one that it is
 * found in first. */
struct dp_regular_set {
	uint32_t way[DP_REGULAR_WAYS];
} __attribute__((aligned(64)));

/* A worker's regulars: as they come, side by side, so that those of a few stations are on a few
 * pages. */
struct dp_regulars {
	struct dp_regular_set set[DP_REGULAR_SETS];
	struct dp_regular at[DP_REGULARS]; /* [0]: nobody */
	uint32_t clock;                    /* the one that is given up next */
};

/* Of dp_regular_who(): both halves, so that each bit of it counts in all of them. */
static inline uint64_t dp_regular_hash(uint64_t who)
{
	const uint64_t k = UINT64_C(0x9e3779b97f4a7c15);
#if defined(__x86_64__)
	uint64_t high;

	/* From one product gcc 12 takes both halves by way of memory. */
	__asm__("mul %2" : "+a"(who), "=&d"(high) : "r"(k) : "cc");
	return who ^ high;
#else
	return who * k ^ (uint64_t)((__uint128_t)who * k >> 64);
#endif
}

static inline struct dp_regular_set *dp_regular_set(struct dp_regulars *t, uint64_t hash)
{
	return &t->set[hash >> 36 & (DP_REGULAR_SETS - 1)];
}

/* The way that is looked at first. */
static inline uint32_t *dp_regular_home(struct dp_regulars *t, uint64_t hash)
{
	uint32_t *ways = (uint32_t *)t->set; /* of all sets, one after the other */

	return &ways[hash >> 32 & (DP_REGULAR_SETS * DP_REGULAR_WAYS - 1)];
}

#define DP_REGULAR_TAG 0xffff0000

/* The way of the set that has the tag of the hash; NULL: none has. */
static inline uint32_t *dp_regular_way(struct dp_regulars *t, uint64_t hash)
{
	struct dp_regular_set *s = dp_regular_set(t, hash);
	uint32_t ways = lanes_equal(s->way, DP_REGULAR_TAG, (uint32_t)hash & DP_REGULAR_TAG);

	return ways != 0 ? &s->way[__builtin_ctz(ways)] : NULL;
}

/* Who is there, or anybody: who it is is asked when it has been fetched. */
static inline struct dp_regular *dp_regular_guess(struct dp_regulars *t, uint64_t hash)
{
	return &t->at[*dp_regular_home(t, hash) & ~DP_REGULAR_TAG];
}

/* Not the one that is there: another one of the set, or nobody. Two that share tag and set (one in
 * 10,000, of 20,000) take turns. */
static inline struct dp_regular *dp_regular_elsewhere(
	struct dp_regulars *t, uint64_t hash, uint64_t who)
{
	const uint32_t *way = dp_regular_way(t, hash);
	struct dp_regular *r = &t->at[way != NULL ? *way & ~DP_REGULAR_TAG : 0];

	return r->who == who ? r : &t->at[0];
}

/* NULL: it is none. */
static inline struct dp_regular *dp_regular_find(struct dp_regulars *t, uint64_t hash, uint64_t who)
{
	struct dp_regular *r = dp_regular_guess(t, hash);

	if (r->who != who)
		r = dp_regular_elsewhere(t, hash, who);
	return r->who == who ? r : NULL;
}

/* A packet of the group on port 5353 was let in, from a source on the link. */
void dp_fast_admitted(struct dp_worker *w, struct rte_mbuf *m);

/* Once a turn: in another world, or with another gateway about, nobody was let in yet. */
void dp_fast_turn(struct dp_worker *w);

/* Answers what it can of a burst of a port and returns how many mbufs are left, moved to its front
 * in order. mbuf.port is not looked at. */
typedef unsigned dp_fast_burst_t(
	struct dp_worker *w, uint16_t port, struct rte_mbuf **burst, unsigned n);

/* Of a burst of a port of an inline pair, passes on what two stations have with each other, as far
 * as it sees that at once; n: at most DP_TX_BUFFER. Returns how many are left, likewise: those of
 * one address to another are passed on or left together, but at the end of a burst, so they stay in
 * order; what goes to all may overtake what goes to one. map: the port's. */
typedef unsigned dp_fast_cross_t(
	struct dp_worker *w, const struct dp_port_map *map, struct rte_mbuf **burst, unsigned n);

/* fast_burst.c, as it was compiled for an instruction set. */
struct dp_fast_version {
	const char *name;
	dp_fast_cross_t *cross;
	dp_fast_burst_t *burst;
	/* Of a line: rendered.h's keys, images. */
	uint64_t (*hash)(const uint64_t secret[8], const uint64_t key[8]);
	/* Of `len` bytes of a message, with a seed. */
	struct hash128 (*message)(
		const uint64_t secret[8], const uint8_t *p, size_t len, uint64_t seed);
};

extern const struct dp_fast_version dp_fast_base, dp_fast_avx2, dp_fast_avx512;

/* The best one for this CPU, or the one called `name`; NULL: there is none, or the CPU cannot run
 * it. name: NULL for the best. */
const struct dp_fast_version *dp_fast_choose(const char *name);
