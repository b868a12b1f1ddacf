/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/visible.h"
#include "dataplane/worker_priv.h"

/* Which records answer a question, and whether one may be told to a link at all. Worker thread. */

/* May the record be told to `asker` (NULL: to the group) on link l? See dataplane/visible.h. */
static inline bool dp_answer_usable(const struct dp_worker *w, const struct dp_link *l,
	const struct dp_viewer *asker, const struct cache_record *r)
{
	policy_verdict_t v;

	return dp_judge(w->world, w->cache, l, asker, r, w->now_ms, &v) <= DP_TELL_ALONE;
}

/* Fills identity, generation and remaining TTL of an item. */
void dp_answer_item(const struct cache_view *v, uint32_t rec, const struct cache_record *r,
	uint32_t now_ms, struct dp_item *out);

/*
 * The answer to type enumeration that a type's node gives on link l (RFC 6763 §9): there is a
 * service of the type on another link that the viewer (NULL: the group) is permitted. TTL: the
 * largest remaining of those. False: nothing to tell.
 */
bool dp_answer_type(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *viewer,
	uint32_t node, struct dp_item *out);

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
