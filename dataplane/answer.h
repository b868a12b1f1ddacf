/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/* Which records answer a question, and whether one may be told to a link at all. Worker thread. */

/* Does policy let this link's stations see the record? One table read. */
static inline bool dp_answer_permitted(
	const struct dp_worker *w, const struct dp_link *l, const struct cache_record *r)
{
	const struct dp_world *world = w->world;
	uint32_t cls = atomic_load_explicit(&r->cls[world->slot], memory_order_acquire);

	return policy_permits(policy_verdict(world->table, cls, l->col_out));
}

/* Why a record may be told or not. */
enum dp_judged {
	DP_TELL,
	DP_GONE,   /* dying, expired, in conflict, or a link-local address: never crosses */
	DP_NEAR,   /* its owner is on the asker's link, or is the asker */
	DP_DENIED, /* policy */
};

/* May the record be told to `asker` (NULL: to the group) on link l? */
enum dp_judged dp_answer_judge(const struct dp_worker *w, const struct dp_link *l,
	const struct mac_addr *asker, const struct cache_record *r);

static inline bool dp_answer_usable(const struct dp_worker *w, const struct dp_link *l,
	const struct mac_addr *asker, const struct cache_record *r)
{
	return dp_answer_judge(w, l, asker, r) == DP_TELL;
}

/* Fills identity, generation and remaining TTL of an item. */
void dp_answer_item(
	uint32_t rec, const struct cache_record *r, uint32_t now_ms, struct dp_item *out);

/*
 * The answer to type enumeration that a type's node gives on link l (RFC 6763 §9): there is a
 * permitted service of the type on another link. TTL: the largest remaining of those. False:
 * nothing to tell.
 */
bool dp_answer_type(
	struct dp_worker *w, const struct dp_link *l, uint32_t node, struct dp_item *out);

/* What a question came to. */
struct dp_answered {
	uint32_t found;  /* items appended to w->items */
	bool incomplete; /* PTR records were held back: their owner is to be asked for the rest
			    (DESIGN §5) */
};

/*
 * Appends the records that answer question `n` of query q to w->items, each identity once. flags:
 * DP_ITEM_UNICAST or 0.
 */
void dp_answer_question(struct dp_worker *w, const struct dp_query *q, unsigned n, unsigned flags,
	struct dp_answered *out);
