/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/known.h"
#include "dataplane/worker_priv.h"

#include "dns/name.h"
#include "dns/rdata.h"

/*
 * The learn filter (DESIGN §4.4): a response that only repeats what is held, from the same station,
 * ends here by a touch of each record. Everything else, goodbyes always, goes up to control.
 */

#define TOUCH_MAX 64 /* records of a message that can end here */

/*
 * When control falls behind, what costs it most is shed first, and what nothing else makes up for
 * last: announcements of what is not held, which come again or are asked for; then what is about
 * held records; then goodbyes. So many places of the ring stay free for what comes after.
 */
#define SPARE_NEW (DP_UP_RING / 4)
#define SPARE_HELD (DP_UP_RING / 8)
#define SPARE_GOODBYE (DP_UP_RING / 32)

/* The record of the message as we hold it, with whatever TTL; 0: we do not. */
static uint32_t find(struct dp_worker *w, const struct dns_reader *r, const struct dns_rr *rr,
	const struct dp_pkt *pkt)
{
	uint8_t canon[256] __attribute__((aligned(64)));
	struct hash128 key;
	int len;

	len = dns_rdata_expand(r, rr, w->rdata, sizeof(w->rdata));
	if (len < 0)
		return 0;
	dns_name_canon(canon, rr->name, rr->name_len);
	dns_rdata_canon(rr->rrtype, w->rdata, w->rdata, (size_t)len);
	key = cache_key(w->cache, canon, rr->name_len, rr->rrtype);
	return cache_find_record(
		w->cache, cache_ident(w->cache, key, w->rdata, (size_t)len), pkt->link);
}

/* Is the record in the message the one we hold, unchanged? Returns its index, or 0. */
static uint32_t held(struct dp_worker *w, const struct dns_reader *r, const struct dns_rr *rr,
	const struct dp_pkt *pkt)
{
	uint32_t idx = find(w, r, rr, pkt), ttl;
	const struct cache_record *rec;
	uint16_t flags;

	if (idx == 0)
		return 0;
	rec = cache_record_at(w->cache, idx);
	flags = atomic_load_explicit(&rec->flags, memory_order_acquire);
	ttl = RTE_MIN(rr->ttl, w->shared->ttl_cap);
	if (atomic_load_explicit(&rec->ttl, memory_order_relaxed) != ttl ||
		(flags & CACHE_REC_DYING) != 0 || !!(flags & CACHE_REC_UNIQUE) != rr->cache_flush ||
		cache_record_left_ms(rec, w->now_ms) <= 0)
		return 0;
	return mac_equal(&cache_station_at(w->cache, rec->station)->mac, &pkt->smac) ? idx : 0;
}

/* Does the message name every record we hold of this unique RRset (on this link)? If not, the flush
 * bit means something. */
static bool complete(struct dp_worker *w, uint32_t rec, const uint32_t *idx, unsigned n)
{
	const struct cache_record *r = cache_record_at(w->cache, rec);
	struct cache_iter it;
	uint32_t other;

	cache_iter_init(&it, w->cache, cache_node_at(w->cache, r->node));
	while ((other = cache_iter_next(&it)) != 0) {
		unsigned i = 0;

		if (cache_record_at(w->cache, other)->link != r->link)
			continue;
		while (i < n && idx[i] != other)
			i++;
		if (i == n)
			return false;
	}
	return true;
}

static bool only_repeats(struct dp_worker *w, const struct dp_pkt *pkt, const uint8_t *dns,
	uint32_t *idx, unsigned *n)
{
	struct dns_reader r;
	int rc;

	*n = 0;
	if (dns_reader_init(&r, dns, pkt->dns_len) < 0)
		return false;
	while ((rc = dns_reader_rr(&r, &w->rr)) != 0) {
		const struct dns_rr *rr = &w->rr;

		if (rc < 0 || *n == TOUCH_MAX)
			return false;
		if (rr->section == DNS_SECTION_AUTHORITY || rr->rrtype == DNS_TYPE_OPT)
			continue;
		if (rr->rrclass != DNS_CLASS_IN || rr->ttl == 0)
			return false;
		idx[*n] = held(w, &r, rr, pkt);
		if (idx[(*n)++] == 0)
			return false;
	}
	if (*n == 0)
		return false;
	for (unsigned i = 0; i < *n; i++) {
		const struct cache_record *rec = cache_record_at(w->cache, idx[i]);

		if ((atomic_load_explicit(&rec->flags, memory_order_relaxed) & CACHE_REC_UNIQUE) &&
			!complete(w, idx[i], idx, *n))
			return false;
	}
	return true;
}

/*
 * Somebody else says on the link what waits there to be said by us (RFC 6762 §7.4). Only the home
 * worker can see that; the others learn from a hint whether it is worth while to hand the response
 * over. True: handed over.
 */
static bool suppress(struct dp_worker *w, struct rte_mbuf *m)
{
	const struct dp_pkt *pkt = dp_pkt(m);
	const struct dp_link *l = dp_world_link(w->world, pkt->link);
	uint8_t bit = pkt->family == 6 ? DP_WAITING6 : DP_WAITING4;

	if (likely((atomic_load_explicit(&w->shared->waiting[pkt->link], memory_order_relaxed) &
			   bit) == 0) ||
		(pkt->flags & DP_PKT_GROUP) == 0 || l == NULL)
		return false;
	if (l->home != w->id)
		return dp_hand(w, l->home, DP_HAND_RESPONSE, m);
	dp_known_response(w, pkt, dp_contiguous(w, m) + pkt->dns_off);
	if (w->known.used > 0)
		dp_schedule_heard(w, l, pkt->family);
	return false;
}

/* What other workers keep rendered shows its new TTL when it is made anew, within a second. */
static void touch(struct dp_worker *w, struct cache_record *r)
{
	if (cache_record_touch(r, w->now_ms))
		dp_watch_stale(w, cache_node_at(w->cache, r->node)->key.lo);
}

/* Places of the ring that the message leaves free. */
static unsigned spare_of(struct dp_worker *w, struct rte_mbuf *m)
{
	const struct dp_pkt *pkt = dp_pkt(m);
	unsigned spare = SPARE_HELD;
	struct dns_reader r;
	int rc;

	/* There is room for all kinds, as almost always. */
	if (likely(rte_ring_free_count(w->shared->up[w->id]) > SPARE_NEW))
		return 0;
	if (dns_reader_init(&r, dp_contiguous(w, m) + pkt->dns_off, pkt->dns_len) < 0)
		return SPARE_NEW;
	while ((rc = dns_reader_rr(&r, &w->rr)) != 0) {
		if (rc < 0)
			return SPARE_NEW;
		if (w->rr.section == DNS_SECTION_AUTHORITY || w->rr.rrtype == DNS_TYPE_OPT)
			continue;
		if (find(w, &r, &w->rr, pkt) == 0)
			spare = SPARE_NEW;
		else if (w->rr.ttl == 0)
			return SPARE_GOODBYE;
	}
	return spare;
}

void dp_response(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_pkt *pkt = dp_pkt(m);
	uint32_t idx[TOUCH_MAX];
	unsigned n;

	if (suppress(w, m))
		return;
	if (only_repeats(w, pkt, dp_contiguous(w, m) + pkt->dns_off, idx, &n)) {
		for (unsigned i = 0; i < n; i++)
			touch(w, cache_record_at(w->cache, idx[i]));
		if ((pkt->flags & (DP_PKT_GROUP | DP_PKT_OFFLINK)) == DP_PKT_GROUP &&
			w->rendered.set != NULL) {
			dp_fast_admitted(w, m);
			dp_heard_keep(w, pkt, dp_contiguous(w, m) + pkt->dns_off, idx, n);
		}
		dp_count(w, pkt->link, DP_touched);
		rte_pktmbuf_free(m);
		return;
	}
	if (dp_upcall_response(w, m, spare_of(w, m))) {
		dp_count(w, pkt->link, DP_learning);
		return;
	}
	dp_count(w, pkt->link, DP_control_busy);
	rte_pktmbuf_free(m);
}
