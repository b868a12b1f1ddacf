/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/*
 * Negative answers (RFC 6762 §6.1): that a name has no record of a type. Made up for each link from
 * what it may see, never passed on, and only if the owner's set is known: the owner says so by an
 * NSEC record of its own, or all its addresses of a family are link-local ones, which do not cross.
 * Worker thread.
 */

/* A negative answer for the name of record `rec` of generation gen. */
struct dp_negative {
	struct dp_item item; /* DP_ITEM_NSEC, rec: what it is made from */
	const uint8_t *name; /* wire bytes, the node's */
	size_t rdlen;
	uint8_t rdata[DNS_NAME_MAX + 40];
};

/* What may be said of (name, rrtype) to `asker` (NULL: to the group) on link l: false: nothing.
 * name: wire bytes of any case. */
bool dp_negative_find(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	const uint8_t *name, uint16_t rrtype, struct dp_negative *out);

/* Makes the one of an item again, as it is now; false: it is not so any more. */
bool dp_negative_make(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	uint32_t rec, struct dp_negative *out);
