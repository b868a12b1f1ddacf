/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/known.h"

#include "dns/name.h"
#include "dns/rdata.h"

void dp_known_read(struct dp_worker *w, struct dp_query *q)
{
	struct dns_reader *r = &q->reader;
	uint8_t canon[256] __attribute__((aligned(64)));
	unsigned n = 0;
	int rc;

	dp_idset_clear(&w->known);
	while ((rc = dns_reader_rr(r, &w->rr)) != 0 && rc != -EBADMSG && n < DP_KNOWN) {
		struct dns_rr *rr = &w->rr;
		struct hash128 key;
		uint64_t ident;
		uint32_t ttl, at;
		int len;

		if (rc < 0) {
			dp_event(w, q->link->id, DP_EV_spoiled_records, 1);
			continue;
		}
		if (rr->section == DNS_SECTION_ADDITIONAL)
			break;
		if (rr->rrclass != DNS_CLASS_IN)
			continue;
		len = dns_rdata_expand(r, rr, w->rdata, sizeof(w->rdata));
		if (len < 0)
			continue;
		dns_name_canon(canon, rr->name, rr->name_len);
		dns_rdata_canon(rr->rrtype, w->rdata, w->rdata, (size_t)len);
		key = cache_key(w->cache, canon, rr->name_len, rr->rrtype);
		ident = cache_ident(w->cache, key, w->rdata, (size_t)len).lo;
		if (!dp_idset_find(&w->seen, ident, &at))
			continue;
		ttl = rr->section == DNS_SECTION_AUTHORITY ? UINT32_MAX / 2 : rr->ttl;
		dp_idset_add(&w->known, ident, ttl);
		n++;
	}
}

uint32_t dp_known_drop(struct dp_worker *w)
{
	uint32_t kept = 0, dropped = 0, ttl;

	if (w->known.used == 0)
		return 0;
	for (uint32_t i = 0; i < w->items.n; i++) {
		const struct dp_item *it = &w->items.item[i];

		/* Compared with what we would send, which is what remains (checklist 38). */
		if (dp_idset_find(&w->known, it->ident, &ttl) &&
			(uint64_t)ttl * 2 >= (uint64_t)it->ttl) {
			dropped++;
			continue;
		}
		w->items.item[kept++] = *it;
	}
	w->items.n = kept;
	return dropped;
}
