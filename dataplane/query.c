/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/admit.h"
#include "dataplane/answer.h"
#include "dataplane/build.h"
#include "dataplane/gather.h"
#include "dataplane/known.h"
#include "dataplane/note.h"
#include "dataplane/probe.h"

#include <string.h>

#include <rte_prefetch.h>

#include "dns/name.h"

/*
 * Queries, a burst at a time in three passes (DESIGN §3): read the questions and compute their
 * keys; look all of them up in bulk; then, packet by packet, gather the records, drop the known
 * ones, and deliver. A query that wants a multicast answer goes to its link's home worker first.
 */

#define LOOKUP_BULK 64 /* rte_hash's own bound */

/* Answered for these alone: local names and the reverse names of addresses (RFC 6762 §3, §4). */
static bool in_scope(const struct dp_question *qu)
{
	static const uint8_t local[] = "\x05local";

	switch (qu->sd.kind) {
	case DNS_NAME_REVERSE4:
	case DNS_NAME_REVERSE6:
		/* Link-local reverse names belong to their own link (RFC 6762 §4). */
		return !qu->sd.link_local;
	case DNS_NAME_DOMAIN_ENUM:
	case DNS_NAME_NEVER:
		return false;
	default:
		return qu->name_len > sizeof(local) && dns_name_is_under(qu->canon, local);
	}
}

/*
 * May anybody answer this question here (DESIGN §6)? Type enumeration, hosts and _device-info,
 * which come with the services they belong to, are judged record by record.
 */
static bool may_ask(const struct dp_worker *w, const struct dp_query *q, struct dp_question *qu)
{
	uint32_t type;

	qu->verdict = 0;
	if (qu->sd.type_len == 0 || qu->sd.kind == DNS_NAME_TYPE_ENUM ||
		dns_service_is_gateway(qu->canon, &qu->sd) ||
		dns_service_is_device_info(qu->canon, &qu->sd))
		return true;
	type = policy_type(w->world->policy, qu->canon + qu->sd.type_off, qu->sd.type_len);
	if (unlikely(q->viewer.consumer != POLICY_NO_CONSUMER)) {
		qu->verdict = policy_ask_personal(
			w->world->policy, type, q->link->col_query, q->viewer.consumer);
		qu->facts = policy_ask_facts(w->world->policy, q->link->id, type);
	} else
		qu->verdict = policy_ask(w->world->table, type, q->link->col_query);
	return policy_permits(qu->verdict);
}

static void prepare(struct dp_worker *w, const struct dp_query *q, struct dp_question *qu)
{
	const struct dns_question *wire = &w->wire_question;

	qu->name_len = wire->qname_len;
	qu->qtype = wire->qtype;
	qu->qu = wire->qu;
	qu->node = 0;
	qu->proposed = false;
	qu->shared = false;
	qu->shared_txt = false;
	qu->has_srv = false;
	qu->unsure = false;
	qu->facts = 0;
	qu->verdict = 0;
	dns_name_canon(qu->canon, wire->qname, wire->qname_len);
	dns_service_parse(qu->canon, &qu->sd);
	qu->answerable = (wire->qclass == DNS_CLASS_IN || wire->qclass == DNS_CLASS_ANY) &&
			 in_scope(qu) && !dns_type_is_foreign(qu->qtype);
	qu->denied = qu->answerable && !may_ask(w, q, qu);
	if (qu->answerable && !qu->denied)
		qu->key = cache_key(w->cache, qu->canon, qu->name_len, qu->qtype);
}

/*
 * Was this question asked before in the message, with the same wish for delivery? Its answer is
 * that one's: a hundred copies of a browse question would walk ten thousand instances a hundred
 * times.
 */
static bool asked_before(
	const struct dp_worker *w, const struct dp_query *q, const struct dp_question *qu)
{
	for (unsigned i = 0; i < q->n; i++) {
		const struct dp_question *before = &w->question[q->first + i];

		if (before->answerable && !before->denied && before->qu == qu->qu &&
			hash_equal(before->key, qu->key))
			return true;
	}
	return false;
}

/*
 * Would the owners on the asker's own link answer this by multicast, so that silence says something
 * (RFC 6762 §10.5)? Not if it lists known answers or more of them follow; and stations of a
 * wireless link may be kept from hearing each other.
 */
static bool is_observed(const struct dp_worker *w, const struct dp_query *q)
{
	return (q->pkt->flags & (DP_PKT_GROUP | DP_PKT_LEGACY | DP_PKT_REPLAY)) == DP_PKT_GROUP &&
	       w->gathered == NULL && (q->reader.flags & DNS_FLAG_TC) == 0 &&
	       q->reader.counts[DNS_SECTION_ANSWER] == 0 &&
	       q->reader.counts[DNS_SECTION_AUTHORITY] == 0 && !q->link->wireless;
}

/* Reads the questions of one query. False: the message cannot be read. */
static bool read_questions(struct dp_worker *w, struct dp_query *q)
{
	struct dp_question *qu;
	int rc;

	q->first = (uint16_t)w->n_question;
	if (dns_reader_init(&q->reader, q->dns, q->pkt->dns_len) < 0)
		return false;
	q->n = 0;
	q->probe = false;
	q->qm = is_observed(w, q);
	while ((rc = dns_reader_question(&q->reader, &w->wire_question)) > 0) {
		if (q->n == DP_QUESTIONS_MSG) {
			dp_event(w, q->link->id, DP_EV_excess_questions, 1);
			continue;
		}
		qu = &w->question[w->n_question++];
		prepare(w, q, qu);
		if (qu->answerable && !qu->denied && asked_before(w, q, qu))
			qu->answerable = false;
		q->n++;
	}
	return rc == 0;
}

/*
 * Who gets the answer: the group, or the source alone (RFC 6762 §5.4, §5.5, §6.7). On links with
 * `delivery: unicast` the asker's MAC and the group's address (RFC 6085), whatever it asked for.
 */
static uint8_t delivery(const struct dp_query *q, const struct dp_question *qu)
{
	if (q->pkt->flags & DP_PKT_LEGACY || !(q->pkt->flags & DP_PKT_GROUP))
		return DP_ITEM_UNICAST;
	if (q->link->unicast)
		return DP_ITEM_ALONE;
	return qu->qu && !(q->pkt->flags & DP_PKT_OFFLINK) ? DP_ITEM_UNICAST : 0;
}

static void finish(struct dp_worker *w, struct rte_mbuf *m, enum dp_outcome o)
{
	struct dp_pkt *pkt = dp_pkt(m);

	/* These had their outcome when they came. */
	if (pkt->flags & DP_PKT_REPLAY)
		dp_event(w, pkt->link, DP_EV_replayed, 1);
	else if (w->gathered != NULL)
		dp_event(w, pkt->link, DP_EV_gathers_ended, 1);
	else
		dp_count(w, pkt->link, o);
	rte_pktmbuf_free(m);
}

/* Does the query need what only the link's home worker knows: the multicast schedule, the queries
 * that wait for more known answers? */
static bool for_home(const struct dp_query *q)
{
	if ((q->pkt->flags & (DP_PKT_GROUP | DP_PKT_LEGACY)) != DP_PKT_GROUP)
		return false;
	/* Whether a unicast answer is to be multicast as well is in the schedule (§5.4). Where all
	 * answers are unicast the schedule has no part in them. */
	return !q->link->unicast || q->n == 0 || (q->reader.flags & DNS_FLAG_TC) != 0;
}

/*
 * On a link whose policy asks who is told: is the asker known? If not, control is asked, which
 * gives the query back. True, too, if that has been tried: then it sees what everybody sees.
 */
static bool known_asker(struct dp_worker *w, struct dp_query *q)
{
	if (q->viewer.consumer != POLICY_NO_CONSUMER) {
		/* Else dp_admit() has counted it. */
		if (!w->world->admission)
			cache_station_asked(
				cache_station_at(w->cache, q->viewer.station), w->now_ms);
		return true;
	}
	if ((q->pkt->flags & (DP_PKT_ASKED | DP_PKT_REPLAY)) != 0 || w->gathered != NULL)
		return true;
	if (dp_upcall(w, DP_UP_WHO, q->m))
		return false;
	dp_event(w, q->link->id, DP_EV_control_busy_hint, 1);
	return true;
}

/* The twin of a question over the other family was let in, and paid for, before anybody knew what
 * it asks. */
static void repay_twin(struct dp_worker *w, const struct dp_query *q)
{
	uint64_t who = dp_regular_who(mac_word(q->pkt->smac.b), q->link->id);
	struct dp_regular *r;

	if (!w->world->admission || q->asked == 0)
		return;
	r = dp_regular_find(&w->regulars, dp_regular_hash(who), who);
	if (r != NULL && dp_regular_known(r) &&
		dp_regular_twin(r, dp_interest_tag(q->asked, who), q->pkt->family == 6, w->now_ms))
		dp_admit_refund(w, q->link, r->station, DP_METER_QUERIES);
}

static void add(struct dp_worker *w, struct rte_mbuf *m, bool received)
{
	struct dp_pkt *pkt = dp_pkt(m);
	struct dp_query *q;
	bool chained = m->nb_segs > 1;

	/* One scratch holds one chained packet: it gets a pass of its own. */
	if (chained || w->n_query == DP_BURST || w->n_question + DP_QUESTIONS_MSG > DP_QUESTIONS)
		dp_query_run(w);
	q = &w->query[w->n_query];
	q->m = m;
	q->pkt = pkt;
	q->link = dp_world_link(w->world, pkt->link);
	if (unlikely(q->link == NULL || q->link->mode != DP_LINK_GATEWAY)) {
		finish(w, m, DP_unknown_link);
		return;
	}
	dp_viewer_init(&q->viewer, w->world, w->cache, q->link, &pkt->smac);
	q->dns = dp_contiguous(w, m) + pkt->dns_off;
	if (!read_questions(w, q)) {
		w->n_question = q->first;
		finish(w, m, DP_bad_dns);
		return;
	}
	dp_rendered_ask(w, q);
	if (received)
		repay_twin(w, q);
	if (q->link->home != w->id && for_home(q)) {
		w->n_question = q->first;
		/* A reload may have moved the home of one that waited here: it is asked again. */
		if (w->gathered != NULL || !dp_hand(w, q->link->home, DP_HAND_QUERY, m))
			finish(w, m, DP_worker_busy);
		return;
	}
	if (q->link->personal && !known_asker(w, q)) {
		w->n_question = q->first;
		return;
	}
	if (dp_gather_take(w, q)) {
		w->n_question = q->first;
		return;
	}
	w->n_query++;
	if (chained)
		dp_query_run(w);
}

void dp_query_add(struct dp_worker *w, struct rte_mbuf *m)
{
	add(w, m, true);
}

void dp_query_again(struct dp_worker *w, struct rte_mbuf *m)
{
	add(w, m, false);
}

/* Pass two: all keys of the burst, at most 64 at a time. */
static void look_up(struct dp_worker *w)
{
	const struct hash128 *key[LOOKUP_BULK];
	struct dp_question *of[LOOKUP_BULK];
	uint32_t node[LOOKUP_BULK];
	unsigned n = 0;

	for (unsigned i = 0; i < w->n_question; i++) {
		struct dp_question *qu = &w->question[i];

		if (qu->answerable && !qu->denied && qu->qtype != DNS_TYPE_ANY &&
			qu->sd.kind != DNS_NAME_TYPE_ENUM) {
			key[n] = &qu->key;
			of[n++] = qu;
		}
		if (n == 0 || (n < LOOKUP_BULK && i + 1 < w->n_question))
			continue;
		cache_find_nodes(w->cache, key, n, node);
		for (unsigned k = 0; k < n; k++) {
			of[k]->node = node[k];
			if (node[k] != 0)
				rte_prefetch0(cache_node_at(w->cache, node[k]));
		}
		n = 0;
	}
	for (unsigned i = 0; i < w->n_question; i++) {
		struct dp_question *qu = &w->question[i];

		if (qu->node != 0 && !cache_node_is(w->cache, cache_node_at(w->cache, qu->node),
					     qu->canon, qu->name_len))
			qu->node = 0;
	}
}

/*
 * Should control hear again that this link is interested in a browse question it got an answer to?
 * Once a minute and (question, link) is enough for an interest that lasts 75 minutes.
 */
static bool interest_is_news(
	struct dp_worker *w, const struct dp_query *q, const struct dp_question *qu)
{
	if ((q->pkt->flags & DP_PKT_LEGACY) || qu->qtype != DNS_TYPE_PTR ||
		(qu->sd.kind != DNS_NAME_SERVICE_TYPE && qu->sd.kind != DNS_NAME_SUBTYPE))
		return false;
	/* Several questions that may be kept as one are told as one. */
	if (w->deps.on && q->several)
		return w->rendering.news;
	return dp_interest_news(w, q, dp_rendered_question(w, q, qu));
}

struct tally {
	uint32_t found;
	uint32_t denied;
	uint64_t missed;     /* questions nothing was found for */
	uint64_t incomplete; /* questions with services held back */
	uint64_t unsure;     /* questions of probes not answered before the owner was asked */
	uint64_t interest;   /* questions answered, and control should know who asked */
};

/* Takes out what a host of the asker's link says itself, as was found after it had been put in. */
static void drop_near(struct dp_worker *w, const struct dp_query *q)
{
	uint32_t from = 0, kept = 0;

	for (unsigned i = 0; i < q->n; i++) {
		struct dp_question *qu = &w->question[q->first + i];

		for (; from < qu->items_end; from++)
			if ((w->items.item[from].flags & DP_ITEM_NEAR) == 0)
				w->items.item[kept++] = w->items.item[from];
		qu->items_end = kept;
	}
	w->items.n = kept;
	/* What w->seen says of where they are is not so any more. */
	w->rendering.odd = true;
}

/* Pass three, first half: gathers what answers the query's questions into w->items. */
static void gather(struct dp_worker *w, struct dp_query *q, struct tally *t)
{
	struct dp_answered a;

	memset(t, 0, sizeof(*t));
	w->items.n = 0;
	w->looks = 0;
	w->audited = 0;
	w->near = 0;
	q->delay = false;
	dp_idset_clear(&w->seen);
	for (unsigned i = 0; i < q->n; i++) {
		struct dp_question *qu = &w->question[q->first + i];
		uint64_t bit = i < 64 ? UINT64_C(1) << i : 0;

		qu->items_end = w->items.n;
		if (qu->denied)
			t->denied++;
		if (qu->denied || qu->verdict != 0) {
			if (policy_decides(w->world->policy, qu->verdict))
				dp_hit(w, qu->verdict);
			dp_note_question(w, q, qu, qu->verdict);
		}
		if (!qu->answerable || qu->denied) {
			q->delay = true;
			continue;
		}
		/* Looked at again: what was answered the first time is not said twice. */
		if ((q->pkt->flags & DP_PKT_REPLAY) && (q->pkt->ask & bit) == 0)
			continue;
		dp_answer_question(w, q, i, delivery(q, qu), &a);
		qu->items_end = w->items.n;
		t->found += a.found;
		/* Others may know what we do not (RFC 6762 §6.3). */
		if (a.found == 0)
			q->delay = true;
		if (a.incomplete)
			t->incomplete |= bit;
		else if (a.found == 0)
			t->missed |= bit;
		else if (interest_is_news(w, q, qu))
			t->interest |= bit;
	}
	if (w->near > 0)
		drop_near(w, q);
}

/* Keeps what goes to the asker alone, in order; returns how many that are. */
static uint32_t keep_asker(struct dp_items *items)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < items->n; i++)
		if ((items->item[i].flags & (DP_ITEM_UNICAST | DP_ITEM_ALONE)) != 0)
			items->item[n++] = items->item[i];
	return n;
}

/*
 * Sends what goes to the asker alone. What not everybody may see goes to the asker's MAC, but to
 * the group's address where it asked by multicast, so that all who listen there hear it (RFC 6762
 * §15.1); the rest by unicast. Which it is changes from question to question.
 */
static void send_asker(struct dp_worker *w, struct dp_query *q)
{
	const struct dp_pkt *pkt = q->pkt;
	struct dp_item *item = w->items.item;
	uint32_t n = keep_asker(&w->items), from, to;

	for (from = 0; from < n; from = to) {
		uint8_t how = item[from].flags & DP_ITEM_UNICAST;
		struct dp_dest dest = {.family = pkt->family,
			.dmac = pkt->smac,
			.port = pkt->sport,
			.group = how == 0,
			.unicast_l2 = how == 0};

		if (how != 0)
			memcpy(dest.addr, pkt->src, sizeof(dest.addr));
		for (to = from; to < n && (item[to].flags & DP_ITEM_UNICAST) == how; to++)
			;
		if (from > 0)
			memmove(item, item + from, (to - from) * sizeof(*item));
		w->items.n = to - from;
		dp_build_answers(w, q->link, &dest, q, &q->viewer);
	}
}

/*
 * How soon an answer by multicast goes. One that defends a name goes at once (RFC 6762 §6); who
 * waited for more known answers has waited long enough (§6: 400-500 ms instead of 20-120).
 */
static unsigned timing(
	const struct dp_worker *w, const struct dp_query *q, const struct dp_item *it)
{
	bool unique = (it->flags & DP_ITEM_UNIQUE) != 0;

	if (unique && q->probe)
		return DP_SCHED_PROBE;
	if (w->gathered != NULL)
		return 0;
	return unique && !q->delay ? 0 : DP_SCHED_DELAY;
}

/*
 * A QU question is answered by unicast, but what has not been multicast within a quarter of its TTL
 * is multicast, for the caches of the other stations (RFC 6762 §5.4). We do both: the asker has it
 * at once, and by the way that it asked for. Not on links with `delivery: unicast`, where everybody
 * keeps what they asked for themselves.
 */
static bool is_due_for_all(
	struct dp_worker *w, const struct dp_query *q, const struct dp_item *it, unsigned type)
{
	uint32_t ttl = it->ttl;

	if ((q->pkt->flags & (DP_PKT_GROUP | DP_PKT_LEGACY)) != DP_PKT_GROUP || q->link->unicast)
		return false;
	if (type == 0)
		ttl = atomic_load_explicit(
			&cache_record_at(w->cache, it->rec)->ttl, memory_order_relaxed);
	return !dp_schedule_recent(w, q->link, q->pkt->family,
		type == DP_SCHED_TYPE ? it->node : it->rec, it->gen, type, ttl * (MS_PER_SEC / 4));
}

static void deliver(struct dp_worker *w, struct dp_query *q)
{
	const struct dp_pkt *pkt = q->pkt;
	bool multicast = false;

	/* Several questions, not all of them ours alone to answer: everything is delayed, and goes
	 * together (§6.3). */
	for (uint32_t i = 0; i < w->items.n && q->n > 1 && !q->delay; i++)
		q->delay = !(w->items.item[i].flags & DP_ITEM_UNIQUE);
	for (uint32_t i = 0; i < w->items.n; i++) {
		const struct dp_item *it = &w->items.item[i];
		unsigned type = it->flags & DP_ITEM_TYPE   ? DP_SCHED_TYPE
				: it->flags & DP_ITEM_NSEC ? DP_SCHED_NSEC
							   : 0;

		if ((it->flags & DP_ITEM_ALONE) ||
			((it->flags & DP_ITEM_UNICAST) && !is_due_for_all(w, q, it, type)))
			continue;
		dp_schedule_add(w, q->link, pkt->family, type == DP_SCHED_TYPE ? it->node : it->rec,
			it->gen, type | timing(w, q, it));
		multicast = true;
	}
	send_asker(w, q);
	if (multicast)
		dp_schedule_kick(w, q->link, pkt->family);
}

/*
 * What control is to know: questions nothing was found for, services to complete, interest. Control
 * gets a reference of its own to the mbuf; nothing in it is written any more.
 */
static void tell_control(struct dp_worker *w, struct dp_query *q, const struct tally *t)
{
	struct dp_pkt *pkt = q->pkt;

	pkt->ask = t->missed | t->incomplete | t->interest | t->unsure;
	pkt->missed = t->missed;
	pkt->unsure = t->unsure;
	pkt->incomplete = t->incomplete;
	if (pkt->ask == 0 || (pkt->flags & DP_PKT_REPLAY))
		return;
	rte_pktmbuf_refcnt_update(q->m, 1); /* of every segment: control frees the chain */
	if (!dp_upcall(w, DP_UP_QUERY, q->m)) {
		rte_pktmbuf_refcnt_update(q->m, -1);
		dp_event(w, q->link->id, DP_EV_control_busy_hint, 1);
	} else if (t->missed != 0 && q->asked != 0 && q->link->fast) {
		uint64_t mac = mac_word(pkt->smac.b);
		uint64_t tag = dp_interest_tag(q->asked, dp_interest_who(q->link, mac));

		tag = dp_missed_tag(tag, pkt->family == 6);
		dp_told_news(dp_told_of(w, q->link, mac, tag), tag, w->now_ms, DP_MISSED_UNITS);
	}
}

static void answer(struct dp_worker *w, struct dp_query *q)
{
	enum dp_outcome outcome;
	struct tally t;
	uint32_t known = 0, items;

	dp_rendered_begin(w, q);
	gather(w, q, &t);
	dp_rendered_whole(w, q);
	if (w->items.n > 0 || q->reader.counts[DNS_SECTION_AUTHORITY] > 0) {
		dp_known_read(w, q);
		if (w->gathered != NULL)
			dp_gather_known(w);
		if (q->probe)
			known = dp_probe_hold(w, q, &t.unsure);
		known += dp_known_drop(w);
		dp_event(w, q->link->id, DP_EV_known_answers, known);
	}
	if (w->items.n > 0)
		outcome = DP_answered;
	else if (known > 0)
		outcome = DP_query_known;
	else if (t.missed | t.incomplete | t.unsure)
		outcome = DP_query_missed;
	else
		outcome = t.denied > 0 ? DP_query_denied : DP_query_nothing;
	items = w->items.n;
	if (items > 0)
		deliver(w, q);
	dp_admit_cost(w, q->link, &q->pkt->smac, items, w->looks);
	w->worked += items + w->looks / 32;
	if (outcome == DP_answered || outcome == DP_query_known || outcome == DP_query_missed)
		dp_rendered_end(w, q, t.missed != 0 ? DP_SAYS_MISSED : 0, known,
			(t.incomplete | t.unsure) == 0);
	w->deps.on = false;
	tell_control(w, q, &t);
	finish(w, q->m, outcome);
}

void dp_query_run(struct dp_worker *w)
{
	if (w->n_question > 0)
		look_up(w);
	for (unsigned i = 0; i < w->n_query; i++)
		answer(w, &w->query[i]);
	w->n_query = 0;
	w->n_question = 0;
}
