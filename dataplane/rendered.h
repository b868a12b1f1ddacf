/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cache/deps.h"
#include "policy/policy.h"

/*
 * Rendered answers (DESIGN §5): the DNS message that answered a question lately, said again byte
 * for byte until one of its TTLs would be another number, at most a second. A worker keeps those it
 * built itself, so nothing here is shared; fast.c says them, from a table by question.
 *
 * An answer rests on the names that were looked up for it (cache/deps.h). They are marked in
 * dp_shared.watched before the answer that is kept is built, so whatever control changes later, it
 * tells this worker (DP_DOWN_STALE). Kept is therefore what is built the second time: the first
 * finds out what to mark. A reload, or one more name, begins anew.
 *
 * Kept are answers in one message to plain questions: one question and nothing else, on a link
 * whose answers go to the asker alone and whose policy does not ask who that is. Links that are
 * alike (dp_link.alike) share them, but for those that have one of the providers.
 */

#define DP_RENDERED_DNS 1408 /* bytes of the longest message kept */
#define DP_RENDERED_NAME 56  /* ... and of the longest name asked for */
#define DP_RENDERED_HITS 2   /* rules that decided on it */
#define DP_RENDERED_WAYS 8   /* half a line: its other half is of the entries */
#define DP_WATCH_MARKS 65536 /* a name's mark is its key modulo this */

struct dp_worker;
struct dp_query;
struct dp_question;

/*
 * What is asked, as a line of the cache: the name in lower case, filled up with zeros, then type
 * and alike-number of the link, both as they come.
 */
struct dp_rendered_key {
	uint64_t w[8];
} __attribute__((aligned(64)));

/* The last word of a key. qtype: network order, as it stands in the query. link: dp_link.alike, or
 * the id of the link that has it to itself. generation: of the world; what is of another is never
 * found again, and given up in its turn. */
static inline uint64_t dp_rendered_tail(
	uint16_t qtype_be, uint16_t link, bool own, uint64_t generation)
{
	return (uint64_t)qtype_be | (uint64_t)link << 16 | (uint64_t)own << 32 | generation << 33;
}

struct dp_rendered {
	struct dp_rendered_key key;

	/* Second line: all that is needed but the message. */
	uint32_t until_ms; /* said before this only; clock_ms() */
	uint16_t len;      /* bytes of dns[] */
	uint16_t sum;      /* their Internet checksum, not inverted */
	/* Stations that have records in it are answered record by record: the only one, or
	 * CACHE_OWNERS_MANY. */
	uint64_t owner;
	uint64_t links;   /* ... and so are links, or they have an entry of their own */
	uint16_t answers; /* records in the answer section */
	bool browse;      /* it opens a browser */
	uint16_t deps;    /* how many names are marked for it */
	uint16_t hit_n[DP_RENDERED_HITS];
	uint32_t hit[DP_RENDERED_HITS]; /* rules that decided, and how often */
	uint32_t dep;                   /* first of its names; 0: none */

	/* Third line, asked for if they are many: struct cache_owners.bit. */
	uint64_t owners[8] __attribute__((aligned(64)));

	uint8_t dns[DP_RENDERED_DNS] __attribute__((aligned(64)));
};

_Static_assert(offsetof(struct dp_rendered, dns) == 192, "the message begins a line of its own");

/* A bucket of the table is one line: tags, then entries (0: free). It is compared as a whole. */
struct dp_rendered_set {
	uint32_t tag[2 * DP_RENDERED_WAYS];
} __attribute__((aligned(64)));

#define DP_RENDERED_ENTRY(set, way) ((set)->tag[DP_RENDERED_WAYS + (way)])

/* A name that an entry rests on. */
struct dp_rendered_dep {
	uint64_t key;
	uint32_t entry;
	uint32_t next_of_entry;
	uint32_t next, prev; /* of its bucket; prev 0: first */
};

/* A hash of a key, under a secret of the table's. Each of fast_burst.c's versions has its own. */
typedef uint64_t dp_rendered_hash_t(const uint64_t secret[8], const uint64_t key[8]);

/* A worker's own. */
struct dp_rendered_table {
	struct dp_rendered_set *set; /* [sets], power of two; NULL: nothing is kept */
	struct dp_rendered *entry;   /* [entries]; 0 is none */
	struct dp_rendered_dep *dep; /* [deps]; 0 is none */
	uint32_t *bucket;            /* [buckets], power of two: first dep */
	uint32_t sets, entries, deps, buckets;
	uint32_t clock;    /* the entry that is given up next */
	uint32_t free_dep; /* list by next_of_entry */
	uint64_t secret[8] __attribute__((aligned(64)));
	dp_rendered_hash_t *hash; /* dp_fast_choose()'s */
	uint32_t stale;           /* dp_shared.stale as last seen */
};

/* The answer at hand, while it is built. */
struct dp_rendering {
	bool odd; /* something was counted or noted that the message does not tell */
	uint8_t messages;
	uint8_t hits;
	uint16_t len;
	uint16_t answers;
	uint32_t hit[DP_RENDERED_HITS];
	uint16_t hit_n[DP_RENDERED_HITS];
	uint8_t dns[DP_RENDERED_DNS] __attribute__((aligned(64)));
};

static inline uint64_t dp_rendered_hash(
	const struct dp_rendered_table *t, const struct dp_rendered_key *k)
{
	return t->hash(t->secret, k->w);
}

static inline struct dp_rendered_set *dp_rendered_set(
	const struct dp_rendered_table *t, uint64_t hash)
{
	return &t->set[hash >> 32 & (t->sets - 1)];
}

/* Memory for `bytes` of answers; 0, or too few for one: nothing is kept. 0 or -ENOMEM. */
int dp_rendered_init(struct dp_worker *w, size_t bytes, int socket, uint64_t seed);
void dp_rendered_fini(struct dp_worker *w);

/* A keyed hash of a question of a query: that of its key, if it is one that may be kept. */
uint64_t dp_rendered_question(
	const struct dp_worker *w, const struct dp_query *q, const struct dp_question *qu);

/* The query is about to be answered from records: is its answer to be kept? Then w->deps is on. */
void dp_rendered_begin(struct dp_worker *w, const struct dp_query *q);

/* A message of the answer is ready. */
void dp_rendered_message(struct dp_worker *w, const uint8_t *dns, size_t len, uint16_t answers);

/* A rule decided on it. */
void dp_rendered_hit(struct dp_worker *w, policy_verdict_t v);

/* The query was answered; whole: there is nothing control has to find out first. */
void dp_rendered_end(struct dp_worker *w, const struct dp_query *q, bool whole);

/* What was looked up by this key is not what it was. */
void dp_rendered_stale(struct dp_worker *w, uint64_t key);

/* Once a turn: too much changed to be told one by one. */
void dp_rendered_turn(struct dp_worker *w);
