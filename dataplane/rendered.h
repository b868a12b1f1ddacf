/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "base/lanes.h"
#include "base/siphash.h"
#include "cache/deps.h"
#include "dataplane/watch.h"
#include "policy/names.h"
#include "policy/policy.h"

/*
 * Rendered answers (DESIGN §5): the DNS message that answered a query lately, said again byte for
 * byte until one of its TTLs would be another number, at most a second. A worker keeps those it
 * built itself, so nothing here is shared; fast_burst.c says them. An answer rests on the names
 * that were looked up for it (watch.h).
 *
 * Kept are answers in one message, on a link whose answers go to the asker alone. Links that are
 * alike (dp_link.alike) share them, but for those that have one of the providers. Where policy asks
 * who the asker is, those share one who are alike too: of one consumer number, user, role or place
 * as far as any answer to the question ever looked at these (dp_rendered_shape()).
 * An entry is found by what was asked:
 *
 *	plain     one question, in any case
 *	several   the bytes of several questions, or of a probe
 *	less      what answers one of those, but for what the asker knows already
 *
 * The whole answer's entry tells which records answer the questions, so which known answers leave
 * out what (images.h). Nothing may be said of it alone: then its message is empty.
 */

#define DP_RENDERED_DNS 1408  /* bytes of the longest message kept */
#define DP_RENDERED_HEAD 402  /* ... of it that are with the entry */
#define DP_RENDERED_NAME 55   /* ... of the longest name of a plain question */
#define DP_RENDERED_ASKED 256 /* ... of the longest several */
#define DP_RENDERED_ITEMS 32  /* records that known answers are compared with */
#define DP_RENDERED_SEEN 32   /* known answers of one query */
#define DP_RENDERED_HITS 3    /* rules that decided on it */
#define DP_RENDERED_WAYS 8    /* half a line: its other half is of the entries */

struct dp_worker;
struct dp_query;
struct dp_question;

/*
 * What is asked, as a line of the cache. Plain: the name in lower case, filled up with zeros; its
 * length, so that only the same bytes at the same place are the same; and a last word. Else a first
 * word that no name begins with, what tells it from others of its kind, and 0 for a length.
 */
struct dp_rendered_key {
	uint64_t w[8];
} __attribute__((aligned(64)));

/* First words, as they lie in memory: a root label, then which kind. */
#define DP_RENDERED_SEVERAL rte_cpu_to_le_64(0x0100)
#define DP_RENDERED_LESS rte_cpu_to_le_64(0x0200)

/* Of type and class as they stand behind a name, what tells questions apart: not the bit that asks
 * for a unicast answer (RFC 6762 §5.4). */
#define DP_RENDERED_ASKS rte_cpu_to_be_32(0xffff7fff)

/* The last word of a key; dp_link.tail is most of it, of links that are alike. asks: type and class
 * of a plain question; 0 if it is not plain. link: dp_link.alike, or the id of the link that has it
 * to itself. generation: of the world. What is of another is not found again before it is long out
 * of date (struct dp_watched), and given up in its turn. */
static inline uint64_t dp_rendered_tail(uint32_t asks, uint16_t link, bool own, uint64_t generation)
{
	return (uint64_t)asks | (uint64_t)link << 32 | (uint64_t)own << 48 | generation << 49;
}

/* Notes the length of the name of a plain one. */
static inline void dp_rendered_name_len(struct dp_rendered_key *k, unsigned len)
{
	((uint8_t *)k->w)[DP_RENDERED_NAME] = (uint8_t)len;
}

/* A key of words. By pairs, as it is read again at once to be hashed. */
static inline void dp_rendered_words(struct dp_rendered_key *k, uint64_t kind, uint64_t one,
	uint64_t two, uint64_t three, uint64_t tail)
{
#if defined(__SSE2__)
	__m128i *pair = (__m128i *)(void *)k;

	_mm_store_si128(pair, _mm_set_epi64x((long long)one, (long long)kind));
	_mm_store_si128(pair + 1, _mm_set_epi64x((long long)three, (long long)two));
	_mm_store_si128(pair + 2, _mm_setzero_si128());
	_mm_store_si128(pair + 3, _mm_set_epi64x((long long)tail, 0));
#else
	*k = (struct dp_rendered_key){{kind, one, two, three, 0, 0, 0, tail}};
#endif
}

/* What the hash of several begins with: how many questions, and records in the authority section.
 * dns: the message. */
static inline uint64_t dp_rendered_counts(const uint8_t *dns)
{
	uint64_t counts;

	memcpy(&counts, dns + 4, sizeof(counts));
	return counts & rte_cpu_to_le_64(UINT64_C(0x0000ffff0000ffff));
}

/* hash: of these and the bytes. That the bytes are the same is seen in the entry. */
static inline void dp_rendered_several(
	struct dp_rendered_key *k, struct hash128 hash, unsigned len, uint64_t tail)
{
	dp_rendered_words(k, DP_RENDERED_SEVERAL, hash.lo, hash.hi, len, tail);
}

/* whole: dp_rendered.whole, of the entry with this tail; knows: which of its records. */
static inline void dp_rendered_less(
	struct dp_rendered_key *k, uint64_t whole, uint32_t knows, uint64_t tail)
{
	dp_rendered_words(k, DP_RENDERED_LESS, whole, knows, 0, tail & ~(uint64_t)UINT32_MAX);
}

/* There is more to count than one rule: another one, or what was denied. */
#define DP_SAYS_MORE 0x04
/* It opens a browser: control hears of it once a minute. */
#define DP_SAYS_BROWSE 0x01
/* Nothing answers some of it: control hears of it each time, almost. */
#define DP_SAYS_MISSED 0x02

/* Records of many stations are in it. */
#define DP_SAYS_MANY 0x08
/* Its message is empty. */
#define DP_SAYS_NOTHING 0x10
/* What few answers have. */
#define DP_SAYS_ODD (DP_SAYS_MORE | DP_SAYS_MISSED | DP_SAYS_MANY | DP_SAYS_NOTHING)

struct dp_rendered {
	struct dp_rendered_key key;

	/* Second line: all that is needed but the message. */
	struct dp_watched watched;
	/* Stations that have records in it are answered record by record: the only one, or
	 * CACHE_OWNERS_MANY. */
	uint64_t owner;
	uint64_t links;    /* ... and so are links, or they have an entry of their own */
	uint32_t hit;      /* the first rule that decided */
	uint16_t hit_n;    /* ... and how often */
	uint16_t len;      /* bytes of dns[]; 0: nothing is said */
	uint16_t udp_len;  /* UDP's, network order */
	uint16_t checksum; /* Internet checksum of dns[] and twice udp_len; never 0 */
	uint16_t said[2];  /* what struct dp_said_again counts: the records that answer, and 1 */
	uint16_t known;    /* records left out since the asker knows them */
	uint8_t n;         /* records that answer it, whole */
	uint8_t flags;     /* DP_SAYS_* */
	uint16_t ip4_len;  /* IPv4's total length, network order */

	uint8_t dns[DP_RENDERED_HEAD];
};

_Static_assert(sizeof(struct dp_rendered) == 512, "eight to a page");
_Static_assert(offsetof(struct dp_rendered, dns) % 64 == 14 + 4 + 20 + 8,
	"lines of the message are lines of a tagged IPv4 frame");

/* What most answers are said without. By itself, since answers are spread over many pages: those
 * are few, and so are the places of the TLB that they take. */
struct dp_rendered_rest {
	/* Asked for if they are many: struct cache_owners.bit. */
	uint64_t owners[8] __attribute__((aligned(64)));
	uint32_t ttl[DP_RENDERED_ITEMS]; /* of the whole's records */
	uint64_t whole; /* tells its records, in their order; 0: they are too many */
	uint64_t hash;  /* by which it is found: of the key without the asker's part, and that */
	uint32_t hit[DP_RENDERED_HITS - 1]; /* further rules that decided */
	uint16_t hit_n[DP_RENDERED_HITS - 1];
	uint16_t denied; /* records that policy does not show */
};

/* ... and these, few need at all. */
struct dp_rendered_long {
	uint8_t asked[DP_RENDERED_ASKED]; /* several: what is asked, behind the DNS header */
	uint8_t dns[DP_RENDERED_DNS - DP_RENDERED_HEAD]; /* what follows in the message */
} __attribute__((aligned(64)));

/* A bucket of the table is one line: tags, then entries (0: free). It is compared as a whole. A tag
 * is the low half of the hash, and tells the bucket too. */
struct dp_rendered_set {
	uint32_t tag[2 * DP_RENDERED_WAYS];
} __attribute__((aligned(64)));

_Static_assert(DP_RENDERED_WAYS == 8, "lanes_equal8()");

#define DP_RENDERED_ENTRY(set, way) ((set)->tag[DP_RENDERED_WAYS + (size_t)(way)])

#define DP_RENDERED_SHAPES 4096 /* a page of them */

/* What of an asker is looked at, as masks of its number and of cache_who(), the place aside, and an
 * index of policy_names.down. secret: tells one look from another. */
struct dp_rendered_look {
	uint64_t secret, who;
	uint32_t number, down;
	uint64_t pad;
};

/* A worker's own. */
struct dp_rendered_table {
	struct dp_rendered_set *set;   /* [sets_max]; NULL: nothing is kept */
	struct dp_rendered *entry;     /* [entries]; 0 is none */
	struct dp_rendered_rest *rest; /* [entries] of each */
	struct dp_rendered_long *more;
	uint32_t mask;     /* sets in use less one: so few that they are on few pages of the TLB */
	uint32_t sets_max; /* a power of two */
	uint32_t entries, used;
	uint32_t clock; /* the entry that is given up next */
	uint64_t secret[8] __attribute__((aligned(64)));
	/* POLICY_FACT_*, by a hash of the question: what of an asker its answers looked at, in this
	 * world. Of two questions that share one, both: then fewer share an answer. */
	uint8_t shape[DP_RENDERED_SHAPES];
	struct dp_rendered_look look[POLICY_FACTS]; /* by these; constant */
};

/* A known answer, as it stood in the query at hand. */
struct dp_rendering_seen {
	uint16_t off; /* of the record, from the DNS header */
	uint16_t end;
	uint32_t at; /* which of the items it is; DP_RENDERED_NONE: none */
};

#define DP_RENDERED_NONE UINT32_MAX

/* The answer at hand, while it is built. */
struct dp_rendering {
	bool odd;  /* something was counted or noted that the message does not tell */
	bool news; /* several questions: control is to hear of who browses */
	uint8_t messages;
	uint8_t hits;
	uint8_t n;        /* records that answer it; more than DP_RENDERED_ITEMS: too many */
	uint8_t n_seen;   /* known answers of the query */
	uint16_t len;     /* of the message */
	uint16_t answers; /* in it */
	uint32_t denied;  /* records policy did not show */
	uint32_t knows;   /* bits: which of the records the asker knows */
	uint64_t whole;
	uint32_t hit[DP_RENDERED_HITS];
	uint16_t hit_n[DP_RENDERED_HITS];
	uint32_t ttl[DP_RENDERED_ITEMS];
	struct dp_rendering_seen seen[DP_RENDERED_SEEN];
	uint8_t dns[DP_RENDERED_DNS] __attribute__((aligned(64)));
};

/* hash: of the question's key, nobody's in particular. */
static inline uint8_t *dp_rendered_shape(struct dp_rendered_table *t, uint64_t hash)
{
	return &t->shape[hash & (DP_RENDERED_SHAPES - 1)];
}

/*
 * Who asks, as far as the answer looks at it, as a word to be mixed into the last one of the key.
 * By a secret: nobody can choose to be taken for another. facts: POLICY_FACT_*. who: cache_who().
 */
static inline uint64_t dp_rendered_person(const struct dp_rendered_table *t, uint32_t consumer,
	unsigned facts, uint64_t who, const uint16_t *down)
{
	const struct dp_rendered_look *look = &t->look[facts];
	const uint64_t place = down[look->down + (who & 0xffff)];
	const uint64_t number = (consumer & look->number) ^ look->secret;
	const uint64_t seen = ((who & look->who) | place) ^ t->secret[1];
	__uint128_t m = (__uint128_t)number * seen;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* The rest of an entry of the table. */
static inline struct dp_rendered_rest *dp_rendered_rest(
	const struct dp_rendered_table *t, const struct dp_rendered *e)
{
	return &t->rest[e - t->entry];
}

static inline struct dp_rendered_long *dp_rendered_long(
	const struct dp_rendered_table *t, const struct dp_rendered *e)
{
	return &t->more[e - t->entry];
}

static inline struct dp_rendered_set *dp_rendered_set(
	const struct dp_rendered_table *t, uint64_t hash)
{
	return &t->set[hash & t->mask];
}

/* Memory for `bytes` of answers; 0, or too few for one: nothing is kept. 0 or -ENOMEM. */
int dp_rendered_init(struct dp_worker *w, size_t bytes, int socket, uint64_t seed);
void dp_rendered_fini(struct dp_worker *w);

/* A keyed hash of a question of a query: that of its key, if it is one that may be kept. */
uint64_t dp_rendered_question(
	const struct dp_worker *w, const struct dp_query *q, const struct dp_question *qu);

/* What does the query ask? Sets q->asked and what belongs to it. */
void dp_rendered_ask(const struct dp_worker *w, struct dp_query *q);

/* The query is about to be answered from records: is its answer to be kept? Then w->deps is on. */
void dp_rendered_begin(struct dp_worker *w, const struct dp_query *q);

/* w->items is all that answers it. */
void dp_rendered_whole(struct dp_worker *w, const struct dp_query *q);

/* The bytes [off, end) of the query are a known answer; at: which item it is, or
 * DP_RENDERED_NONE; enough: with a TTL that keeps it from being told. */
void dp_rendered_known(struct dp_worker *w, size_t off, size_t end, uint32_t at, bool enough);

/* A message of the answer is ready. */
void dp_rendered_message(struct dp_worker *w, const uint8_t *dns, size_t len, uint16_t answers);

/* A rule decided on it. */
void dp_rendered_hit(struct dp_worker *w, policy_verdict_t v);

/* The query was answered. flags: DP_SAYS_MISSED. known: records left out. settled: there is
 * nothing that control has to find out before all of it is. */
void dp_rendered_end(struct dp_worker *w, const struct dp_query *q, unsigned flags, unsigned known,
	bool settled);
