/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/* Known answers (RFC 6762 §7.1). Worker thread. */

/* A record that a querier lists. */
struct dp_known {
	uint64_t ident;
	uint32_t ttl; /* seconds */
	uint16_t rrtype;
	uint16_t off, end;   /* where it stands in the message */
	uint8_t section;     /* enum dns_section */
	const uint8_t *name; /* canonical; until the next one is read */
	uint8_t name_len;
};

/*
 * The next readable record of class IN of the answer or authority section; false at their end. r: a
 * reader of q's message.
 */
bool dp_known_next(
	struct dp_worker *w, const struct dp_query *q, struct dns_reader *r, struct dp_known *out);

/*
 * Reads the records of a response's answer section into w->known (identity, TTL). dns: the
 * message, in one piece.
 */
void dp_known_response(struct dp_worker *w, const struct dp_pkt *pkt, const uint8_t *dns);

/*
 * Reads what the querier of q knows already into w->known: its answer section, and the authority
 * section of a probe, whose records are the prober's own (§8.2: identical data is no conflict, so
 * there is nothing to defend); sets q->probe. Only what w->items could hold is kept; call it after
 * the answer set is complete.
 */
void dp_known_read(struct dp_worker *w, struct dp_query *q);

/*
 * Drops from w->items what the querier knows with at least half the TTL we would send (§7.1); of a
 * unique RRset all or nothing. Returns how many were dropped.
 */
uint32_t dp_known_drop(struct dp_worker *w);
