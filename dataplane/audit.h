/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_ring.h>

#include "base/addr.h"
#include "dns/wire.h"
#include "policy/policy.h"

/*
 * What is written down for the operator (DESIGN §6, draft 1.1 requirement 10): workers and control
 * note it, management writes lines. Each lcore has a ring of its own to management, and folds what
 * repeats: the first of a kind goes at once, further ones are counted, and the count follows. A
 * full ring costs the note and a count, never a wait. All of it is off while world.audit is false.
 */

enum dp_audit_kind {
	DP_AUDIT_DENIED,
	DP_AUDIT_PERMITTED, /* by a rule with `audit: true` */
	DP_AUDIT_QUOTA,     /* a record refused: what stands in `limit` */
	DP_AUDIT_ADMISSION, /* a packet over a meter: `limit` is its outcome; no name */
	DP_AUDIT_REQUIRED,  /* `links[].require`: `limit` is what was not met; maybe no name */
	DP_AUDIT_CONFLICT,  /* a name claimed by two hosts */
};

enum dp_audit_what {
	DP_AUDIT_QUERY,         /* a question heard */
	DP_AUDIT_ADVERTISEMENT, /* a record learned */
	DP_AUDIT_ANSWER,        /* a record told */
};

/* One note. `more` alone: the kind with this tag came so often again. */
struct dp_audit_event {
	uint64_t tag;        /* of its kind: equal for what is folded */
	uint64_t generation; /* of the world whose rules `verdict` is about */
	uint32_t more;       /* 0: the first of its kind */
	uint8_t kind, what;
	uint8_t family; /* of ip; 0: none */
	uint8_t limit;  /* QUOTA: enum cache_outcome; ADMISSION: dp_outcome; REQUIRED: ctl_unmet */
	uint16_t link;  /* where it was heard, or would be told */
	uint16_t other; /* link of the provider, or of the other host; 0: the same */
	uint16_t rrtype;
	policy_verdict_t verdict;
	struct mac_addr mac;      /* the station there */
	struct mac_addr provider; /* ANSWER, CONFLICT: the other one */
	uint8_t ip[16];
	uint8_t name_len;
	uint8_t name[DNS_NAME_MAX]; /* wire bytes: qname, instance or owner */
};

#define DP_AUDIT_RING 1024       /* notes on their way, per lcore */
#define DP_AUDIT_SLOTS 2048      /* kinds remembered, per lcore; sets of four */
#define DP_AUDIT_FOLD_MS 10000   /* a count goes after so long */
#define DP_AUDIT_QUERY_RECORDS 8 /* records of one query noted; more are counted only */

/* A kind noted lately. */
struct dp_audit_slot {
	uint64_t tag;
	uint32_t since_ms; /* when it was noted, or its count went */
	uint32_t more;
};

/* An lcore's own. */
struct dp_audit {
	struct rte_ring *ring; /* lcore -> management, struct dp_audit_event */
	uint64_t lost;         /* notes and counts there was no room for; anybody reads */
	uint32_t sweep;        /* the slot to look at next for a count that is due */
	uint32_t swept_ms;
	struct dp_audit_slot slot[DP_AUDIT_SLOTS / 4][4];
};

/* Mixes a few words into a tag. */
static inline uint64_t dp_audit_tag(uint64_t a, uint64_t mac_word, uint64_t b)
{
	a ^= (mac_word + 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull;
	a ^= a >> 29;
	a += b * 0xc4ceb9fe1a85ec53ull;
	return a ^ a >> 32;
}

/* Is it the first of its kind lately? Then it is to be pushed; else it was counted. */
bool dp_audit_first(struct dp_audit *a, uint64_t tag, uint32_t now_ms);

/* Sends a first note; e->tag is its kind's. */
void dp_audit_push(struct dp_audit *a, const struct dp_audit_event *e);

/* Sends counts that are due, a few slots at a time. */
void dp_audit_turn(struct dp_audit *a, uint32_t now_ms);
