/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/answer.h"

#include "cache/directory.h"
#include "cache/service.h"
#include "dataplane/nearest.h"
#include "dataplane/negative.h"
#include "dataplane/note.h"
#include "dns/name.h"
#include "dns/rdata.h"

#define TYPE_SCAN 256 /* services judged per type and enumeration */

/* One more record is looked at for the query; false: enough for one packet, the rest of the lcore's
 * links wait. */
static bool may_look(struct dp_worker *w, const struct dp_link *l)
{
	if (likely(w->looks++ < DP_LOOKS))
		return true;
	w->rendering.odd = true;
	if (w->looks == DP_LOOKS + 1)
		dp_event(w, l->id, DP_EV_excess_answers, 1);
	return false;
}

/*
 * May the record answer this query? Counts what policy hides. *verdict: policy's; *flags gets
 * DP_ITEM_ALONE where the asker is permitted and not everybody.
 */
static bool tellable(struct dp_worker *w, const struct dp_query *q, const struct cache_record *r,
	policy_verdict_t *verdict, uint8_t *flags)
{
	enum dp_judged j = dp_judge(w->world, w->cache, q->link, &q->viewer, r, w->now_ms, verdict);

	if (j == DP_DENIED) {
		dp_event(w, q->link->id, DP_EV_denied, 1);
		w->rendering.denied++;
	}
	if (j <= DP_TELL_ALONE || j == DP_DENIED) {
		dp_hit(w, *verdict);
		dp_note_record(w, q, r, *verdict);
	}
	*flags = j == DP_TELL_ALONE ? DP_ITEM_ALONE : 0;
	return j <= DP_TELL_ALONE;
}

void dp_answer_item(const struct cache_view *v, uint32_t rec, const struct cache_record *r,
	uint32_t now_ms, struct dp_item *out)
{
	out->ident = r->ident;
	out->rec = rec;
	out->gen = atomic_load_explicit(&r->gen, memory_order_relaxed);
	out->ttl = cache_record_ttl_told(v, r, now_ms);
	out->node = 0;
	out->flags = (atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_UNIQUE)
			     ? DP_ITEM_UNIQUE
			     : 0;
}

/* A record past 80 % of its TTL is asked for at once if it is answered with (draft 3.7); once a
 * second. */
static void nudge(struct dp_worker *w, uint32_t idx, struct cache_record *r)
{
	int32_t left = cache_record_left_ms(r, w->now_ms);
	uint32_t ttl = atomic_load_explicit(&r->ttl, memory_order_relaxed);
	uint32_t last;

	if (likely((uint32_t)left >= ttl * 200))
		return;
	last = atomic_load_explicit(&r->nudged_ms, memory_order_relaxed);
	if (last != 0 && clock_ms_diff(w->now_ms, last) < 1000)
		return;
	if (dp_upcall_record(
		    w, DP_UP_REFRESH, idx, atomic_load_explicit(&r->gen, memory_order_relaxed)))
		atomic_store_explicit(&r->nudged_ms, w->now_ms | 1, memory_order_relaxed);
	else
		dp_event(w, r->link, DP_EV_control_busy_hint, 1);
}

#define MISSED_AGAIN_MS 1000 /* a query over both families is one */
#define MISSED_LONG_MS 60000 /* two queries further apart say nothing of each other */

/* The link's own host should answer this. Was it asked before and has not been heard since (RFC
 * 6762 §10.5)? Then control watches it. */
static void observe(struct dp_worker *w, uint32_t idx, struct cache_record *r)
{
	uint32_t missed = atomic_load_explicit(&r->missed_ms, memory_order_relaxed);
	uint32_t touched = atomic_load_explicit(&r->touched_ms, memory_order_relaxed);
	int32_t ago = clock_ms_diff(w->now_ms, missed);

	if (missed != 0 && clock_ms_diff(touched, missed) <= 0 && ago <= MISSED_LONG_MS) {
		if (ago < MISSED_AGAIN_MS)
			return;
		dp_upcall_record(
			w, DP_UP_POOF, idx, atomic_load_explicit(&r->gen, memory_order_relaxed));
	}
	atomic_store_explicit(&r->missed_ms, w->now_ms | 1, memory_order_relaxed);
}

#define SAID_NEAR UINT32_MAX /* value in worker.seen: not ours to say */

/* The asker's link has the same shared record: its own host says it (RFC 6762 §6). */
static void leave_to_neighbour(struct dp_worker *w, const struct cache_record *r)
{
	uint32_t at;

	if (!dp_idset_find(&w->seen, r->ident, &at))
		dp_idset_add(&w->seen, r->ident, SAID_NEAR);
	else if (at != SAID_NEAR && (w->items.item[at].flags & DP_ITEM_NEAR) == 0) {
		w->items.item[at].flags |= DP_ITEM_NEAR;
		w->near++;
	}
}

/*
 * Is the record in the answer set now? One that was learned on two links, or answers two questions,
 * is said once; to the group if either asks for that, which the asker hears too.
 */
static bool add_item(struct dp_worker *w, const struct dp_query *q, const struct dp_item *it)
{
	uint32_t at;

	if (dp_idset_find(&w->seen, it->ident, &at)) {
		if (at == SAID_NEAR)
			return true;
		/* What everybody may see of another owner is said of that one. */
		if ((w->items.item[at].flags & ~it->flags & DP_ITEM_ALONE) != 0)
			w->items.item[at] = *it;
		else if ((it->flags & ~w->items.item[at].flags & DP_ITEM_ALONE) == 0)
			w->items.item[at].flags &= it->flags | (uint8_t)~DP_ITEM_UNICAST;
		return true;
	}
	if (w->items.n == DP_ITEMS) {
		dp_event(w, q->link->id, DP_EV_excess_answers, 1);
		return false;
	}
	dp_idset_add(&w->seen, it->ident, w->items.n);
	w->items.item[w->items.n++] = *it;
	return true;
}

/*
 * Is this PTR to be held back until its owner has told the rest? Not if it was asked a while ago
 * and did not: then the service is told as far as it is known.
 */
static bool hold_back(
	const struct dp_worker *w, const struct dp_query *q, const struct cache_record *r)
{
	uint32_t asked = atomic_load_explicit(&r->completed_ms, memory_order_relaxed);
	int32_t since = clock_ms_diff(w->now_ms, asked);

	if (q->pkt->flags & DP_PKT_REPLAY)
		return false;
	return asked == 0 || since < DP_COMPLETE_WAIT_MS || since > DP_COMPLETE_AGAIN_MS;
}

/* In the replay of a query that waited for incomplete services only those are told; the rest was,
 * at once. */
static bool told_before(const struct dp_query *q, const struct cache_record *r)
{
	uint32_t asked = atomic_load_explicit(&r->completed_ms, memory_order_relaxed);

	if ((q->pkt->flags & DP_PKT_COMPLETING) == 0)
		return false;
	return asked == 0 || clock_ms_diff(asked, q->pkt->wait_from_ms - DP_COMPLETE_WAIT_MS) < 0;
}

enum ptr_fate { PTR_TELL, PTR_SKIP, PTR_HOLD, PTR_TOLD };

/* A PTR to a service instance: is the service fit to be told? */
static enum ptr_fate judge_ptr(
	struct dp_worker *w, const struct dp_query *q, const struct cache_record *r)
{
	enum cache_service_state state;

	if (told_before(q, r))
		return PTR_TOLD;
	state = cache_service_state(
		w->cache, cache_record_rdata(w->cache, r), r->link, w->now_ms, NULL);
	/* What only its own link can reach is told there, if that is what is asked for. */
	if (state == CACHE_SERVICE_HIDDEN && r->link != q->link->id) {
		dp_event(w, q->link->id, DP_EV_hidden, 1);
		w->rendering.odd = true;
		return PTR_SKIP;
	}
	if (state == CACHE_SERVICE_INCOMPLETE && hold_back(w, q, r))
		return PTR_HOLD;
	return PTR_TELL;
}

/* Adds a record to the answer set. */
static void put(struct dp_worker *w, const struct dp_query *q, uint32_t idx, unsigned flags,
	struct dp_answered *out)
{
	struct cache_record *r = cache_record_at(w->cache, idx);
	struct dp_item item;

	dp_answer_item(w->cache, idx, r, w->now_ms, &item);
	item.flags |= (uint8_t)flags;
	if (add_item(w, q, &item)) {
		out->found++;
		nudge(w, idx, r);
	}
}

/* Of those that `nearest:` rules counted, what is told now. */
static void put_nearest(
	struct dp_worker *w, const struct dp_query *q, unsigned flags, struct dp_answered *out)
{
	for (uint32_t i = 0; i < w->nearest.n; i++) {
		if (w->nearest.v[i].fate == PTR_HOLD)
			out->incomplete = true;
		else if (w->nearest.v[i].fate == PTR_TELL)
			put(w, q, w->nearest.v[i].rec, flags | DP_ITEM_ALONE, out);
	}
}

static void answer_shared(struct dp_worker *w, const struct dp_query *q,
	const struct cache_node *node, unsigned flags, struct dp_answered *out)
{
	bool to_instance =
		node->rrtype == DNS_TYPE_PTR &&
		(node->sd.kind == DNS_NAME_SERVICE_TYPE || node->sd.kind == DNS_NAME_SUBTYPE);
	struct cache_iter it;
	policy_verdict_t v;
	uint8_t alone;
	uint32_t idx;

	dp_nearest_begin(w);
	cache_iter_init(&it, w->cache, node);
	while ((idx = cache_iter_next(&it)) != 0 && may_look(w, q->link)) {
		struct cache_record *r = cache_record_at(w->cache, idx);

		if (dp_is_near(q->link, r) && cache_record_held(r, w->now_ms)) {
			leave_to_neighbour(w, r);
			if (q->qm && (flags & DP_ITEM_UNICAST) == 0)
				observe(w, idx, r);
		}
		if (!tellable(w, q, r, &v, &alone))
			continue;
		if (to_instance) {
			enum ptr_fate fate = judge_ptr(w, q, r);
			unsigned n = alone ? policy_nearest(w->world->policy, v) : 0;

			if (n > 0 && fate != PTR_SKIP)
				dp_nearest_offer(w, &q->viewer, idx, v, n, fate);
			else if (fate == PTR_HOLD)
				out->incomplete = true;
			if (n > 0 || fate != PTR_TELL)
				continue;
		}
		put(w, q, idx, flags | alone, out);
	}
	put_nearest(w, q, flags, out);
}

/* Has the unique RRset an owner on the asker's own link, or is the asker itself one? Then that one
 * answers. */
static bool owner_is_near(
	struct dp_worker *w, const struct dp_query *q, const struct cache_node *node, bool qm)
{
	struct cache_iter it;
	bool contested = false;
	uint32_t idx;

	cache_iter_init(&it, w->cache, node);
	while ((idx = cache_iter_next(&it)) != 0) {
		struct cache_record *r = cache_record_at(w->cache, idx);

		contested |= dp_is_contested(r);
		if (cache_record_held(r, w->now_ms) &&
			(dp_is_near(q->link, r) || dp_owned_by(w->cache, r, &q->pkt->smac))) {
			if (q->reader.counts[DNS_SECTION_AUTHORITY] > 0)
				cache_record_probed(r, w->now_ms);
			if (qm && dp_is_near(q->link, r))
				observe(w, idx, r);
			return true;
		}
	}
	/* Another host here has the name, if not the type. */
	return contested && !q->link->isolated &&
	       cache_name_held(
		       w->cache, cache_node_name(w->cache, node), q->link->id, NULL, w->now_ms);
}

/*
 * A unique RRset goes whole (RFC 6762 §10.2). A host's addresses are the union over its links,
 * since a host with several is answered with all of them (DESIGN §5; control/conflict.c sees to
 * those that moved, and to different hosts of one name); anything else is one owner's, the first's.
 */
static void answer_unique(struct dp_worker *w, const struct dp_query *q,
	const struct cache_node *node, unsigned flags, struct dp_answered *out)
{
	bool address = node->rrtype == DNS_TYPE_A || node->rrtype == DNS_TYPE_AAAA;
	const struct cache_record *first = NULL;
	struct cache_iter it;
	policy_verdict_t v;
	uint8_t alone;
	uint32_t idx;

	if (owner_is_near(w, q, node, q->qm && (flags & DP_ITEM_UNICAST) == 0))
		return;
	cache_iter_init(&it, w->cache, node);
	while ((idx = cache_iter_next(&it)) != 0 && may_look(w, q->link)) {
		struct cache_record *r = cache_record_at(w->cache, idx);

		if (!tellable(w, q, r, &v, &alone))
			continue;
		if ((!address || dp_is_contested(r)) && first != NULL &&
			!dp_same_owner(w->world, w->cache, r, first))
			continue;
		if (r->link != q->link->id && cache_record_hidden(w->cache, r, w->now_ms)) {
			dp_event(w, q->link->id, DP_EV_hidden, 1);
			w->rendering.odd = true;
			continue;
		}
		if (first == NULL)
			first = r;
		put(w, q, idx, flags | alone, out);
	}
}

static bool node_is_unique(const struct dp_worker *w, const struct cache_node *node)
{
	struct cache_iter it;
	uint32_t idx;

	if (node->rrtype == DNS_TYPE_PTR && node->sd.kind != DNS_NAME_REVERSE4 &&
		node->sd.kind != DNS_NAME_REVERSE6)
		return false;
	cache_iter_init(&it, w->cache, node);
	while ((idx = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(w->cache, idx);

		if (atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_UNIQUE)
			return true;
	}
	return false;
}

/* That there is no such record: the owner's set is known (RFC 6762 §6, §6.1). */
static void answer_negative(struct dp_worker *w, const struct dp_query *q, const uint8_t *name,
	uint16_t rrtype, unsigned flags, struct dp_answered *out)
{
	struct dp_negative n, all;

	if (!dp_negative_find(w, q->link, &q->viewer, name, rrtype, &n))
		return;
	n.item.flags |= (uint8_t)flags;
	if (q->viewer.consumer != POLICY_NO_CONSUMER &&
		(!dp_negative_find(w, q->link, NULL, name, rrtype, &all) ||
			all.item.ident != n.item.ident))
		n.item.flags |= DP_ITEM_ALONE;
	if (add_item(w, q, &n.item)) {
		out->found++;
		nudge(w, n.item.rec, cache_record_at(w->cache, n.item.rec));
	}
}

/* Names whose records are one owner's. */
static bool is_owned_name(const struct dns_service_name *sd)
{
	return sd->kind == DNS_NAME_HOST || sd->kind == DNS_NAME_INSTANCE ||
	       sd->kind == DNS_NAME_OTHER || sd->kind == DNS_NAME_REVERSE4 ||
	       sd->kind == DNS_NAME_REVERSE6;
}

static void answer_node(struct dp_worker *w, const struct dp_query *q, uint32_t idx, unsigned flags,
	struct dp_answered *out)
{
	struct cache_node *node = cache_node_at(w->cache, idx);

	cache_node_ask(node, w->now_ms);
	if (node->rrtype == DNS_TYPE_NSEC)
		answer_negative(w, q, cache_node_name(w->cache, node), DNS_TYPE_NSEC, flags, out);
	else if (node_is_unique(w, node))
		answer_unique(w, q, node, flags, out);
	else
		answer_shared(w, q, node, flags, out);
}

bool dp_answer_type(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *viewer,
	uint32_t idx, struct dp_item *out)
{
	static const uint8_t enum_name[] = "\x09_services\x07_dns-sd\x04_udp\x05local";
	const struct cache_node *node = cache_node_at(w->cache, idx);
	uint8_t canon[256] __attribute__((aligned(64)));
	uint32_t rec, ttl[2] = {0}, seen = 0; /* by whether not everybody may see it */
	struct cache_iter it;
	struct hash128 key;

	/* The list of types may be older than the node's present life. */
	if (node->rrtype != DNS_TYPE_PTR || node->sd.kind != DNS_NAME_SERVICE_TYPE)
		return false;
	cache_iter_init(&it, w->cache, node);
	while ((rec = cache_iter_next(&it)) != 0 && seen < TYPE_SCAN && may_look(w, l)) {
		const struct cache_record *r = cache_record_at(w->cache, rec);
		policy_verdict_t v;
		enum dp_judged j = dp_judge(w->world, w->cache, l, viewer, r, w->now_ms, &v);
		uint32_t left;

		if (j > DP_TELL_ALONE)
			continue;
		seen++;
		left = cache_record_ttl_left(r, w->now_ms);
		if (left <= ttl[j] || cache_service_state(w->cache, cache_record_rdata(w->cache, r),
					      r->link, w->now_ms, NULL) == CACHE_SERVICE_HIDDEN)
			continue;
		ttl[j] = left;
	}
	if ((ttl[DP_TELL] | ttl[DP_TELL_ALONE]) == 0)
		return false;
	dns_name_canon(canon, cache_node_name(w->cache, node), node->name_len);
	key = cache_key(w->cache, enum_name, sizeof(enum_name), DNS_TYPE_PTR);
	out->ident = cache_ident(w->cache, key, canon, node->name_len).lo;
	out->rec = 0;
	out->gen = atomic_load_explicit(&node->gen, memory_order_relaxed);
	out->node = idx;
	out->ttl = ttl[DP_TELL] != 0 ? ttl[DP_TELL] : ttl[DP_TELL_ALONE];
	out->flags = DP_ITEM_TYPE | (ttl[DP_TELL] != 0 ? 0 : DP_ITEM_ALONE);
	return true;
}

/* _services._dns-sd._udp: made up from what this link may see, never passed on (RFC 6763 §9, DESIGN
 * §6). */
static void answer_types(
	struct dp_worker *w, const struct dp_query *q, unsigned flags, struct dp_answered *out)
{
	const struct dp_types *types =
		atomic_load_explicit(&w->shared->types, memory_order_acquire);
	struct dp_item item;

	/* A type that comes later is none of the names looked up now: not kept. */
	w->rendering.odd = true;
	for (uint32_t i = 0; types != NULL && i < types->n; i++) {
		if (!dp_answer_type(w, q->link, &q->viewer, types->node[i], &item))
			continue;
		item.flags |= (uint8_t)flags;
		if (add_item(w, q, &item))
			out->found++;
	}
}

/* Type ANY brings every record of the name (RFC 6762 §6.5). */
static void answer_all(struct dp_worker *w, const struct dp_query *q, const struct dp_question *qu,
	unsigned flags, struct dp_answered *out)
{
	uint32_t node;
	unsigned seen = 0;

	for (unsigned i = 0; i < CACHE_USUAL_TYPES; i++) {
		struct hash128 key =
			cache_key(w->cache, qu->canon, qu->name_len, cache_usual_types[i]);

		node = cache_find_node(w->cache, key, qu->canon, qu->name_len);
		if (node != 0)
			answer_node(w, q, node, flags, out);
	}
	node = cache_unusual_first(w->cache, qu->canon, qu->name_len);
	for (; node != 0 && seen++ < CACHE_UNUSUAL_MAX; node = cache_unusual_next(w->cache, node))
		answer_node(w, q, node, flags, out);
}

void dp_answer_question(struct dp_worker *w, const struct dp_query *q, unsigned n, unsigned flags,
	struct dp_answered *out)
{
	const struct dp_question *qu = &w->question[q->first + n];

	out->found = 0;
	out->incomplete = false;
	if (qu->sd.kind == DNS_NAME_TYPE_ENUM) {
		if (qu->qtype == DNS_TYPE_PTR || qu->qtype == DNS_TYPE_ANY)
			answer_types(w, q, flags, out);
		return;
	}
	if (qu->qtype != DNS_TYPE_ANY) {
		if (qu->node != 0)
			answer_node(w, q, qu->node, flags, out);
		if (out->found == 0 && is_owned_name(&qu->sd))
			answer_negative(w, q, qu->canon, qu->qtype, flags, out);
		return;
	}
	answer_all(w, q, qu, flags, out);
}
