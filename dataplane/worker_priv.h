/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_mbuf.h>

#include "base/counter.h"
#include "base/lanes.h"
#include "base/rng.h"
#include "dataplane/gather.h"
#include "dataplane/fast.h"
#include "dataplane/heard.h"
#include "dataplane/images.h"
#include "dataplane/msg.h"
#include "dataplane/pkt.h"
#include "dataplane/reassemble.h"
#include "dataplane/rendered.h"
#include "dataplane/schedule.h"
#include "dataplane/told.h"
#include "dataplane/visible.h"
#include "dataplane/worker.h"
#include "dns/reader.h"
#include "dns/writer.h"

/*
 * The inside of a worker, for dataplane/ only. Everything here belongs to the worker's own thread.
 *
 *	worker.c     the turn: who is looked at, and in which order
 *	classify.c   frame -> dp_pkt, or an outcome
 *	admit.c      how many packets are let in
 *	query.c      questions of a burst -> keys -> nodes -> answer sets -> delivery
 *	answer.c     which records answer a question
 *	nearest.c    the nearest instances of a question
 *	additional.c what resolves an answer: SRV, TXT, addresses
 *	known.c      known answers of a query
 *	probe.c      probes for names that are extended
 *	gather.c     queries whose known answers go on in further packets
 *	schedule.c   the multicast schedule of the links this worker is home of
 *	build.c      records -> messages -> frames
 *	note.c       what is written down for the operator
 *	tell.c       what control has told unasked
 *	touch.c      responses that repeat what is held
 *	reassemble.c fragments -> datagrams, of the links this worker is home of
 *	fragment.c   a message of one record too large for the link -> fragments
 *	tx.c         frames -> TX queues, or the worker that owns one
 *	bypass.c     what is not ours -> the other port of an inline pair
 *	fast.c       the short way: answers that were given before (fast_burst.c)
 *	rendered.c   ... and are kept as messages
 *	images.c     ... less what the asker knows
 *	heard.c      announcements that were heard before
 *	watch.c      names that what is kept rests on
 *	sieve.c      frames whose Ethernet header says it all
 *	told.c       what control need not be told again yet
 */

#define DP_BURST 32
#define DP_TX_BUFFER 64
#define DP_L2_CROSSING 26u   /* bytes before the IP header of what may cross */
#define DP_SCRATCH 9216      /* bytes: the largest message and its headers, in one piece */
#define DP_QUESTIONS 256     /* questions looked at per pass over a burst */
#define DP_QUESTIONS_MSG 128 /* ... per message */
#define DP_ITEMS 8192        /* records of one answer at most */
#define DP_LOOKS 65536       /* records looked at for one query at most */
#define DP_KNOWN 1024        /* known answers of one query at most */
#define DP_IDSET 16384       /* slots of an identity set; power of two, twice DP_ITEMS */

/* A set of record identities with O(1) clearing. Open addressing, linear probing. */
struct dp_idset {
	uint32_t stamp; /* of the current life; 0 is never current */
	uint32_t used;
	struct {
		uint64_t ident;
		uint32_t stamp;
		uint32_t value;
	} slot[DP_IDSET];
};

void dp_idset_clear(struct dp_idset *s);

/* Adds; false if it was there already or the set is full (then the caller treats it as seen). */
bool dp_idset_add(struct dp_idset *s, uint64_t ident, uint32_t value);

/* Was it added since the last clear? *value gets what was added with it. */
bool dp_idset_find(const struct dp_idset *s, uint64_t ident, uint32_t *value);

/* One question of a burst, from reading to answering. */
struct dp_question {
	uint8_t canon[256] __attribute__((aligned(64))); /* qname, lower case */
	struct hash128 key;                              /* of (canon, qtype) */
	struct dns_service_name sd;
	uint32_t node; /* found by the bulk lookup; 0: none */
	uint16_t qtype;
	uint8_t name_len;
	bool qu;
	policy_verdict_t verdict; /* policy's on asking; 0 too where records alone are judged */
	bool denied;              /* policy lets nobody answer it here */
	bool answerable;          /* false: class not IN, or a name never answered */
	bool proposed;      /* the query proposes records of the name: a probe (RFC 6762 §8.1) */
	bool shared;        /* ... one of which is held: no conflict (§9) */
	bool shared_txt;    /* ... a TXT record */
	bool has_srv;       /* ... and an SRV record is among them */
	uint8_t facts;      /* POLICY_FACT_*: what of the asker was looked at for `denied` */
	bool unsure;        /* it proposes a PTR; the owner of what that points to is to be asked */
	uint32_t items_end; /* its answers end here in worker.items */
};

/* One query of a burst. */
struct dp_query {
	struct rte_mbuf *m;
	struct dp_pkt *pkt;
	const struct dp_link *link;
	struct dp_viewer viewer;  /* who asks */
	const uint8_t *dns;       /* the message, in one piece */
	struct dns_reader reader; /* behind the questions */
	uint16_t first;           /* index into worker.question */
	uint16_t n;               /* questions read */
	bool probe;               /* proposes a record of a name it asks for (RFC 6762 §8.1) */
	bool qm;    /* the owners of the asker's link answer by multicast, if they live (§10.5) */
	bool delay; /* others may answer a part of it: 20-120 ms for all (RFC 6762 §6.3) */
	/* dp_rendered_ask(): a hash of what is asked, 0: it is none that could be kept. */
	uint64_t asked;
	bool several;               /* its key is of the bytes asked */
	uint16_t asked_len;         /* bytes behind the DNS header, up to the known answers */
	struct dp_rendered_key key; /* with the tail of links that are alike */
};

/* What goes into an answer. */
#define DP_ITEM_UNICAST 0x01 /* else by multicast */
#define DP_ITEM_UNIQUE 0x02  /* of a unique RRset: sent without delay */
/* In an L2 unicast frame only: not everybody may see it, or the link is `delivery: unicast`. */
#define DP_ITEM_ALONE 0x20
#define DP_ITEM_NEAR 0x08 /* a host of the link says it: dropped before anything is sent */
#define DP_ITEM_NSEC 0x10 /* a negative answer (RFC 6762 §6.1) made from rec */
#define DP_ITEM_TYPE 0x04 /* node names a service type (RFC 6763 §9); rec is 0 */

struct dp_item {
	uint64_t ident; /* key for known answers and for doubles */
	uint32_t rec;   /* record index, or 0 */
	uint32_t gen;
	uint32_t node; /* DP_ITEM_TYPE: the type's node */
	uint32_t ttl;  /* seconds to put in */
	uint8_t flags;
};

struct dp_items {
	uint32_t n;
	struct dp_item item[DP_ITEMS];
};

#define DP_NEAREST 1024 /* instances of `nearest:` rules in one answer at most */

/* A PTR record that a rule with `nearest:` permits. */
struct dp_near {
	uint32_t rec;
	uint16_t rule;
	uint8_t distance;
	uint8_t fate;
};

/* The nearest of one question so far, nearest first. */
struct dp_nearest {
	uint32_t n;
	struct dp_near v[DP_NEAREST];
};

struct dp_txq {
	uint32_t n;
	struct rte_mbuf *m[DP_TX_BUFFER];
};

#define DP_CROSSING 256 /* datagrams in fragments that cross a pair, remembered at a time */

/* A datagram to the group that is no mDNS. */
struct dp_crossing {
	uint64_t tag; /* 0: none */
	uint32_t since_ms;
};

struct dp_rxq {
	uint16_t port;
	uint16_t queue;
};

struct dp_worker {
	struct dp_shared *shared;
	unsigned id;

	/* This turn's. */
	const struct dp_world *world;
	const struct cache_view *cache;
	/* The world's, of this worker; and whichever packet asks who its sender is reads. */
	uint64_t *hits;
	const uint16_t *down;
	uint32_t slot;
	uint64_t now_us;
	int64_t now_bucket; /* bucket_time() of that */
	uint32_t now_ms;
	uint64_t capture; /* what is captured; 0: nothing */

	struct dp_counters *counters;
	struct dp_audit *audit;
	struct dp_link_meters *meter;
	struct rng rng;
	uint16_t n_rxq;
	struct dp_rxq rxq[DP_PORTS_MAX];
	struct dp_txq tx[DP_PORTS_MAX];
	uint32_t tx_ports; /* bits: ports with frames in tx[] */

	struct dp_schedule schedule;
	struct dp_reassembly reassembly;
	struct dp_gathers gathers;
	struct dp_crossing crossing[DP_CROSSING];
	struct dp_gather *gathered; /* the query at hand waited there; else NULL */

	/* Scratch of the packet or burst at hand. */
	uint8_t linear[DP_SCRATCH] __attribute__((aligned(64)));
	uint8_t rdata[DNS_RDATA_MAX];
	uint8_t canon[DNS_RDATA_MAX] __attribute__((aligned(64)));
	struct dns_question wire_question;
	struct dns_rr rr;
	struct dp_query query[DP_BURST];
	unsigned n_query;
	struct dp_question question[DP_QUESTIONS];
	unsigned n_question;
	struct dp_items items;
	struct dp_nearest nearest;
	uint32_t audited;       /* records noted for the query at hand */
	uint32_t near;          /* items with DP_ITEM_NEAR */
	uint32_t looks;         /* records looked at for the query at hand */
	uint32_t worked;        /* ... answered with, in this turn; 32 looks count as one */
	struct dp_idset seen;   /* identities in the answer set */
	struct dp_idset known;  /* ... in the known answers; value: their TTL */
	struct dp_idset packed; /* ... in the message being built */
	struct dns_writer writer;
	uint8_t large[DP_SCRATCH];         /* a message that is sent in fragments */
	struct dp_told told[DP_TOLD_SETS]; /* what no station has with its regular */
	uint32_t told_swept;               /* DP_TOLD_UNITS() of the time it was swept up to */

	/* The short way (fast.h). */
	uint64_t era; /* of regulars: changes with the world and with who is a gateway */
	struct dp_regulars regulars;
	struct dp_rendered_table rendered;
	struct dp_images images;
	struct dp_heard heard;
	struct dp_watch watch;
	struct dp_rendering rendering;
	struct cache_deps deps;
	struct cache_memo memo;
	struct cache_view view; /* the cache's, with deps and memo */
};

/* Counters of a link; id 0 for packets of none. */
static inline void dp_count(struct dp_worker *w, uint16_t link, enum dp_outcome o)
{
	COUNTER_INC(w->counters->link[link].outcome[o]);
}

static inline void dp_event(struct dp_worker *w, uint16_t link, enum dp_event e, uint64_t n)
{
	COUNTER_ADD(w->counters->link[link].event[e], n);
}

/* A rule decided on the query at hand. */
static inline void dp_hit(struct dp_worker *w, policy_verdict_t v)
{
	dp_world_hit(w->world, w->id, v);
	if (w->deps.on && (v & POLICY_PERSONAL) == 0)
		dp_rendered_hit(w, v);
}

/* classify.c: 0: an mDNS message, dp_pkt(m) is filled. DP_HOST_DUTY: dp_pkt(m)->outcome tells
 * which. DP_FRAGMENT: to be held. Else -1 - outcome; dp_pkt(m)->link says whom to count it to. */
#define DP_HOST_DUTY 1
#define DP_FRAGMENT 2 /* of what may be mDNS: dp_pkt(m)->fragment tells which */
int dp_classify(struct dp_worker *w, struct rte_mbuf *m);

/* classify.c: is it an address (network order) that no station can have? */
bool dp_source_is_martian(unsigned family, const uint8_t *addr);

/* The packet's data from offset 0 in one piece: its own, or copied into w->linear (one packet at a
 * time). */
const uint8_t *dp_contiguous(struct dp_worker *w, struct rte_mbuf *m);

/* query.c: take the mbufs. One that was just received and let in; one that comes back from control,
 * another worker, or a wait. They are collected, and answered when the burst is full. */
void dp_query_add(struct dp_worker *w, struct rte_mbuf *m);
void dp_query_again(struct dp_worker *w, struct rte_mbuf *m);
void dp_query_run(struct dp_worker *w); /* answers what was collected */

/* touch.c: takes the mbuf. Hands it to the link's home worker first if it may suppress an answer
 * that waits there (RFC 6762 §7.4). */
void dp_response(struct dp_worker *w, struct rte_mbuf *m);

/*
 * bypass.c. Ends the packet as passed on to the other port of its pair; takes the mbuf. And passes
 * a copy on of one that goes up as well: group membership queries are everybody's.
 */
void dp_bypass(struct dp_worker *w, struct rte_mbuf *m);
void dp_bypass_copy(struct dp_worker *w, struct rte_mbuf *m);

/* tx.c: take the mbuf. */
void dp_tx(struct dp_worker *w, uint16_t port, uint16_t link, struct rte_mbuf *m);
void dp_tx_flush(struct dp_worker *w);
void dp_tx_flush_port(struct dp_worker *w, uint16_t port);

/* The queue of a port this worker owns one of, with room for n frames more: `n` is for the
 * caller to add to, with m[]. n: at most DP_TX_BUFFER. */
static inline struct dp_txq *dp_tx_room(struct dp_worker *w, uint16_t port, unsigned n)
{
	struct dp_txq *q = &w->tx[port];

	if (unlikely(q->n + n > DP_TX_BUFFER))
		dp_tx_flush_port(w, port);
	w->tx_ports |= UINT32_C(1) << port;
	return q;
}

/* Who is interested in a browse question: the link; where open browsers are told one by one, the
 * station. */
static inline uint64_t dp_interest_who(const struct dp_link *l, uint64_t mac_word)
{
	return l->personal || l->unicast ? dp_regular_who(mac_word, l->id) : l->id;
}

/* question: dp_rendered_question(), or dp_query.asked. */
static inline uint64_t dp_interest_tag(uint64_t question, uint64_t who)
{
	return question ^ dp_regular_hash(who);
}

/* Is it news for control that who asks is interested in a question? Then it is noted as told. */
static inline bool dp_interest_news(
	struct dp_worker *w, const struct dp_query *q, uint64_t question)
{
	uint64_t mac = mac_word(q->pkt->smac.b);
	uint64_t tag = dp_interest_tag(question, dp_interest_who(q->link, mac));

	return dp_told_interest(w, q->link, mac, tag);
}

/* interest: dp_interest_tag(). */
static inline uint64_t dp_missed_tag(uint64_t interest, bool v6)
{
	return interest ^ (v6 ? 0x6b8b4500 : 0x327b2300);
}

/* worker.c: sends a message without an mbuf, leaving `spare` places of the ring free. */
bool dp_upcall_send(struct dp_worker *w, const struct dp_upcall *u, unsigned spare);

/* worker.c: hand over; false: ring full, the mbuf is still the caller's. */
bool dp_upcall(struct dp_worker *w, unsigned op, struct rte_mbuf *m);
/* DP_UP_RESPONSE, if more than `spare` places of the ring are free. */
bool dp_upcall_response(struct dp_worker *w, struct rte_mbuf *m, unsigned spare);
/* op: DP_UP_REFRESH or DP_UP_POOF. */
bool dp_upcall_record(struct dp_worker *w, unsigned op, uint32_t rec, uint32_t gen);
bool dp_hand(struct dp_worker *w, unsigned to, enum dp_handover what, struct rte_mbuf *m);
