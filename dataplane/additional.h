/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dataplane/worker_priv.h"

/* Additional records (RFC 6763 §12, RFC 6762 §6.2). Worker thread. */

typedef bool (*dp_additional_cb)(
	void *arg, uint32_t rec, const struct cache_record *r, uint32_t ttl);

/* The same for a negative answer; n: until the callback returns. */
struct dp_negative;
typedef void (*dp_negative_cb)(void *arg, const struct dp_negative *n);

/*
 * Calls cb for each record that resolves what item `it` answers on link l: SRV and TXT of an
 * instance, addresses of an SRV's host, the other family's addresses of a host; and none for the
 * host that is known to have no addresses of one family (RFC 6762 §6.2). asker: whose own records
 * are left out, or NULL. ttl: seconds, one for each RRset. Ends early when cb returns false. A
 * record may come twice.
 */
void dp_additional_walk(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	const struct dp_item *it, dp_additional_cb cb, dp_negative_cb none, void *arg);

/*
 * Calls cb for each record of the unique RRset that `of` belongs to, as far as the asker (NULL: the
 * link) is told of it: it goes whole or not at all (RFC 6762 §10.2).
 */
void dp_rrset_walk(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	const struct cache_record *of, dp_additional_cb cb, void *arg);

/* The TTL a unique RRset is told with: the least of its usable records' (RFC 2181 §5.2), in
 * seconds. */
uint32_t dp_rrset_ttl(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	const struct cache_node *node);
