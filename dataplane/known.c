/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/known.h"

#include <errno.h>
#include <string.h>

#include "dataplane/probe.h"
#include "dns/name.h"
#include "dns/rdata.h"

/* The identity of a record; false: it cannot be read. */
static bool identify(struct dp_worker *w, const struct dns_reader *r, struct dp_known *out)
{
	const struct dns_rr *rr = &w->rr;
	struct hash128 key;
	int len = dns_rdata_expand(r, rr, w->rdata, sizeof(w->rdata));

	if (len < 0)
		return false;
	dns_name_canon(w->canon, rr->name, rr->name_len);
	dns_rdata_canon(rr->rrtype, w->rdata, w->rdata, (size_t)len);
	key = cache_key(w->cache, w->canon, rr->name_len, rr->rrtype);
	*out = (struct dp_known){.ident = cache_ident(w->cache, key, w->rdata, (size_t)len).lo,
		.ttl = rr->ttl,
		.rrtype = rr->rrtype,
		.section = rr->section,
		.name = w->canon,
		.name_len = rr->name_len};
	return true;
}

bool dp_known_next(
	struct dp_worker *w, const struct dp_query *q, struct dns_reader *r, struct dp_known *out)
{
	int rc;

	for (;;) {
		uint16_t off = r->pos;

		rc = dns_reader_rr(r, &w->rr);
		if (rc == 0 || rc == -EBADMSG)
			break;
		if (rc < 0) {
			dp_event(w, q->link->id, DP_EV_spoiled_records, 1);
			w->rendering.odd = true;
			continue;
		}
		if (w->rr.section == DNS_SECTION_ADDITIONAL)
			break;
		if (w->rr.rrclass != DNS_CLASS_IN || !identify(w, r, out))
			continue;
		out->off = off;
		out->end = r->pos;
		return true;
	}
	return false;
}

/* Marks the questions about this name, of which the query proposes a record. True: the record is
 * another's, and to be told. */
static bool propose(struct dp_worker *w, struct dp_query *q, const struct dp_known *k, bool held)
{
	bool tell = false;

	for (unsigned i = 0; i < q->n; i++) {
		struct dp_question *qu = &w->question[q->first + i];

		if (qu->name_len != k->name_len || memcmp(qu->canon, k->name, k->name_len) != 0)
			continue;
		q->probe = true;
		if (k->rrtype == DNS_TYPE_PTR && qu->sd.kind == DNS_NAME_SERVICE_TYPE) {
			tell |= dp_probe_pointer(w, q, qu, w->rdata);
			continue;
		}
		qu->proposed = true;
		qu->has_srv |= k->rrtype == DNS_TYPE_SRV;
		if (k->rrtype == DNS_TYPE_TXT)
			qu->shared_txt |= held;
		else
			qu->shared |= held;
	}
	return tell;
}

/* Compared with what we would send, which is what remains (checklist 38). */
static bool is_known(const struct dp_worker *w, const struct dp_item *it)
{
	uint32_t ttl;

	return dp_idset_find(&w->known, it->ident, &ttl) && (uint64_t)ttl * 2 >= (uint64_t)it->ttl;
}

/* For those who ask the same with the same known answers. Of two that are the same the first
 * counts. */
static void note_known(struct dp_worker *w, const struct dp_known *k, uint32_t at)
{
	bool enough = at < w->items.n && is_known(w, &w->items.item[at]);

	dp_rendered_known(w, k->off, k->end, at, enough);
}

void dp_known_read(struct dp_worker *w, struct dp_query *q)
{
	struct dp_known k;
	unsigned n = 0;
	uint32_t at;

	dp_idset_clear(&w->known);
	while (n < DP_KNOWN && dp_known_next(w, q, &q->reader, &k)) {
		bool held = dp_idset_find(&w->seen, k.ident, &at);

		if (k.section == DNS_SECTION_AUTHORITY) {
			if (propose(w, q, &k, held))
				continue;
			k.ttl = UINT32_MAX / 2;
		}
		if (held) {
			dp_idset_add(&w->known, k.ident, k.ttl);
			n++;
		}
		if (w->deps.on)
			note_known(w, &k, held ? at : DP_RENDERED_NONE);
	}
}

void dp_known_response(struct dp_worker *w, const struct dp_pkt *pkt, const uint8_t *dns)
{
	struct dns_reader r;
	struct dp_known k;
	unsigned n = 0;
	int rc;

	dp_idset_clear(&w->known);
	if (dns_reader_init(&r, dns, pkt->dns_len) < 0)
		return;
	while (n < DP_KNOWN && (rc = dns_reader_rr(&r, &w->rr)) != 0 && rc != -EBADMSG) {
		if (w->rr.section != DNS_SECTION_ANSWER)
			break;
		if (rc < 0 || w->rr.rrclass != DNS_CLASS_IN || !identify(w, &r, &k))
			continue;
		dp_idset_add(&w->known, k.ident, k.ttl);
		n++;
	}
}

/* The end of the run of items of one unique RRset that begins at `from`; from + 1 for others. */
static uint32_t rrset_end(const struct dp_worker *w, uint32_t from)
{
	const struct dp_item *it = w->items.item;
	uint32_t to = from + 1;

	while ((it[from].flags & DP_ITEM_UNIQUE) && it[from].rec != 0 && to < w->items.n &&
		(it[to].flags & DP_ITEM_UNIQUE) && it[to].rec != 0 &&
		cache_record_at(w->cache, it[to].rec)->node ==
			cache_record_at(w->cache, it[from].rec)->node)
		to++;
	return to;
}

uint32_t dp_known_drop(struct dp_worker *w)
{
	uint32_t kept = 0, dropped = 0;

	if (w->known.used == 0)
		return 0;
	for (uint32_t from = 0, to; from < w->items.n; from = to) {
		bool known = true;

		/* A unique RRset goes whole (§10.2): what we left out of it would be flushed. */
		to = rrset_end(w, from);
		for (uint32_t i = from; i < to && known; i++)
			known = is_known(w, &w->items.item[i]);
		if (known)
			dropped += to - from;
		for (uint32_t i = from; i < to && !known; i++)
			w->items.item[kept++] = w->items.item[i];
	}
	w->items.n = kept;
	return dropped;
}
