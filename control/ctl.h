/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_mbuf.h>

#include "base/bucket.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/defer.h"
#include "base/rng.h"
#include "base/wheel.h"
#include "control/control.h"
#include "control/complete.h"
#include "control/conflict.h"
#include "control/grant.h"
#include "control/host.h"
#include "control/interest.h"
#include "control/leave.h"
#include "control/miss.h"
#include "control/packet.h"
#include "control/note.h"
#include "control/peer.h"
#include "control/people.h"
#include "control/pinned.h"
#include "control/poof.h"
#include "control/prefix.h"
#include "control/probe.h"
#include "control/question.h"
#include "control/refresh.h"
#include "control/require.h"
#include "control/roam.h"
#include "control/self.h"
#include "control/share.h"
#include "control/silence.h"
#include "control/sweep.h"
#include "control/table.h"
#include "control/tell.h"
#include "control/tiebreak.h"
#include "control/timer.h"
#include "control/types.h"
#include "control/update.h"
#include "control/wait.h"
#include "control/withdraw.h"
#include "control/world.h"
#include "dataplane/msg.h"
#include "dataplane/pkt.h"
#include "dns/reader.h"
#include "dns/writer.h"

/*
 * The inside of control, for control/ only. All of it belongs to the control lcore.
 *
 *	ctl.c        the turn: who is looked at, and in which order
 *	world.c      worlds in, classes refilled, flushes
 *	learn.c      responses -> cache
 *	grant.c      classes of records; what a host's services lend its addresses
 *	note.c       what is written down for the operator
 *	people.c     who stations are
 *	leave.c      stations that left
 *	roam.c       ... that moved
 *	silence.c    ... that nobody hears any more
 *	sweep.c      who offers what, for the operator
 *	require.c    what links demand of advertisements
 *	types.c      the published list of service types
 *	query.c      questions nobody could be answered: whom to ask
 *	complete.c   SRV, TXT and addresses a PTR lacks
 *	share.c      a link's meters, by worker
 *	miss.c       who may cause new questions, how many
 *	question.c   our questions: backoff, budget, retries
 *	emit.c       questions -> messages -> frames
 *	wait.c       queries that wait for records
 *	interest.c   open browsers
 *	tell.c       ... and what they are told: what is new, changed or gone
 *	pinned.c     types kept fresh and asked for though nobody asks
 *	update.c     records that flap
 *	withdraw.c   what goes when something else went
 *	refresh.c    records near their end
 *	poof.c       owners that answer nobody
 *	probe.c      does the owner of a name still live?
 *	conflict.c   names claimed on several links
 *	tiebreak.c   two stations that probe for one name at once
 *	names.c      what is held under one name
 *	self.c       the gateway's own service
 *	peer.c       other gateways
 *	host.c       ARP, ND, IGMP, MLD: dispatch, start and end of links
 *	             (arp.c, nd.c, igmp.c, mld.c)
 *	prefix.c     which addresses lie on some link
 *	packet.c     frames of our own
 *	table.c      hash tables
 */

#define CTL_MOVING_MAX 1024                        /* records that follow a station */
#define CTL_MSG_RECORDS (DNS_MSG_MAX / DNS_RR_MIN) /* records a message can hold */

/* What control keeps per link id. */
struct ctl_link {
	struct bucket budget;       /* mDNS queries of ours */
	struct ctl_host host;       /* host duties */
	struct ctl_share share;     /* of its meters */
	struct bucket_level misses; /* new questions its stations cause elsewhere */

	/* Questions to put on the link (question.c): a list, and our place in the list of links
	 * with any. */
	uint32_t ask_head, ask_tail;
	uint16_t ask_next;
	bool ask_listed;
	struct ctl_timer ask_timer; /* when the budget has tokens again */

	struct ctl_lost lost;       /* its carrier */
	struct ctl_self self;       /* the gateway's own service there */
	struct ctl_timer pin_timer; /* when its pinned types are asked for next */
	uint32_t pin_ms;            /* ... and how long after that again */

	/* Shares of the bounded tables, so that one link cannot fill them. */
	uint32_t waiting;
	uint32_t interests;
	uint32_t told_serial; /* tell.c: the last telling it was part of */
};

/* Room for one message from outside and what is read of it. */
struct ctl_scratch {
	uint8_t linear[DNS_MSG_MAX];
	uint8_t rdata[DNS_RDATA_MAX];
	uint8_t canon[DNS_RDATA_MAX]; /* interest.c: what is being told, while one is learned */
	struct dns_rr rr;
	struct dns_question question;
	uint32_t unique[CTL_MSG_RECORDS];
	uint32_t moving[CTL_MOVING_MAX];
	struct dns_writer writer;
};

struct ctl {
	struct dp_shared *s;
	const struct dp_world *world; /* what s->world points at; NULL before the first */
	struct cache *cache;
	const struct cache_view *view;
	struct defer defer;
	struct wheel wheel;
	struct rng rng;
	struct sip_key key; /* of control's own tables */
	unsigned socket;

	/* This turn's. */
	uint64_t now_us;
	uint32_t now_ms;
	unsigned next_worker; /* whose upcalls come first */

	uint64_t count[CTL_N_COUNTERS]; /* control writes, anybody reads relaxed */
	struct ctl_link *link;          /* [DP_LINKS_MAX] */

	struct rte_ring *requests; /* management -> control, struct ctl_request * */
	struct rte_ring *says;     /* ... CTL_REQ_STATION, which wait for no other */
	struct rte_ring *replies;  /* control -> management */
	struct ctl_job job;

	struct ctl_grants grants;
	struct ctl_people people;
	struct ctl_types types;
	struct ctl_misses misses;
	struct ctl_questions questions;
	struct ctl_waits waits;
	struct ctl_interests interests;
	struct ctl_tells tells;
	struct ctl_updates updates;
	struct ctl_refreshes refreshes;
	struct ctl_probes probes;
	struct ctl_silences silences;
	struct ctl_sweeps sweeps;
	struct ctl_bindings bindings;
	struct ctl_poofs poofs;
	struct ctl_conflicts conflicts;
	struct ctl_tiebreaks tiebreaks;
	struct ctl_withdrawals withdrawals;
	struct ctl_peers peers;
	struct ctl_duties duties;
	struct ctl_prefixes prefixes;
	struct ctl_scratch scratch;
};

#define CTL_INC(c, name) COUNTER_INC((c)->count[CTL_C_##name])
#define CTL_ADD(c, name, n) COUNTER_ADD((c)->count[CTL_C_##name], n)

/* The link if it exists and mDNS is handled on it, else NULL. */
static inline const struct dp_link *ctl_gateway_link(const struct ctl *c, uint16_t id)
{
	const struct dp_link *l = c->world != NULL ? dp_world_link(c->world, id) : NULL;

	return l != NULL && l->mode == DP_LINK_GATEWAY ? l : NULL;
}

/* Counts an event of the link on control's own set of the counters. */
static inline void ctl_event(struct ctl *c, uint16_t link, enum dp_event e)
{
	COUNTER_INC(c->s->counters[c->s->n_workers].link[link].event[e]);
}

/*
 * Sends a message to worker w. An mbuf in it (DP_DOWN_TX, DP_DOWN_REPLAY) is freed if the ring is
 * full, which is counted.
 */
bool ctl_down(struct ctl *c, unsigned worker, struct dp_downcall *d);

/* stale.c: something readers see of the node with this key (its low half) has changed. */
void ctl_stale(struct ctl *c, uint64_t key);

/* The DNS message of an mDNS packet in one piece, its own data or c->scratch.linear; NULL if it is
 * not all there. */
const uint8_t *ctl_message(struct ctl *c, struct rte_mbuf *m);

/* Node key of a wire name in any case. */
struct hash128 ctl_node_key(const struct ctl *c, const uint8_t *name, uint16_t rrtype);

/* learn.c: takes in an mDNS response (DP_UP_RESPONSE); the mbuf stays the caller's. */
void ctl_learn(struct ctl *c, struct rte_mbuf *m);

/* ... a record of a station that was on another link and is on this one now. */
void ctl_learn_moved(struct ctl *c, const struct dp_link *to, uint32_t rec);

/* query.c: a query with questions nobody could be answered (DP_UP_QUERY); the mbuf stays the
 * caller's. */
void ctl_query(struct ctl *c, struct rte_mbuf *m);
