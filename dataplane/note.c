/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/note.h"

#include <string.h>

/* Is a verdict to be noted at all? Denies are; permits where their rule says so. */
static bool matters(struct dp_worker *w, policy_verdict_t v)
{
	bool yes = w->world->audit && (!policy_permits(v) || policy_audits(w->world->policy, v));

	w->rendering.odd |= yes;
	return yes;
}

static void asker(const struct dp_query *q, struct dp_audit_event *e)
{
	e->link = q->link->id;
	e->mac = q->pkt->smac;
	e->family = q->pkt->family;
	memcpy(e->ip, q->pkt->src, sizeof(e->ip));
}

static void name(struct dp_audit_event *e, const uint8_t *wire, size_t len)
{
	e->name_len = (uint8_t)len;
	memcpy(e->name, wire, len);
}

void dp_note_question(struct dp_worker *w, const struct dp_query *q, const struct dp_question *qu,
	policy_verdict_t v)
{
	struct dp_audit_event e;
	uint64_t tag;

	/* A replay's questions were noted when they came. */
	if (likely(!matters(w, v)) || (q->pkt->flags & DP_PKT_REPLAY) != 0)
		return;
	tag = dp_audit_tag(cache_key(w->cache, qu->canon, qu->name_len, qu->qtype).lo,
		mac_word(q->pkt->smac.b), (uint64_t)q->link->id << 16 | v);
	if (!dp_audit_first(w->audit, tag, w->now_ms))
		return;
	memset(&e, 0, offsetof(struct dp_audit_event, name));
	e.tag = tag;
	e.generation = w->world->generation;
	e.kind = policy_permits(v) ? DP_AUDIT_PERMITTED : DP_AUDIT_DENIED;
	e.what = DP_AUDIT_QUERY;
	e.rrtype = qu->qtype;
	e.verdict = v;
	asker(q, &e);
	name(&e, qu->canon, qu->name_len);
	dp_audit_push(w->audit, &e);
}

void dp_note_record(struct dp_worker *w, const struct dp_query *q, const struct cache_record *r,
	policy_verdict_t v)
{
	const struct cache_node *node = cache_node_at(w->cache, r->node);
	struct dp_audit_event e;
	uint64_t tag;

	if (likely(!matters(w, v)) || w->audited++ >= DP_AUDIT_QUERY_RECORDS)
		return;
	tag = dp_audit_tag(
		r->ident, mac_word(q->pkt->smac.b), (uint64_t)q->link->id << 16 | v | 1ull << 40);
	if (!dp_audit_first(w->audit, tag, w->now_ms))
		return;
	memset(&e, 0, offsetof(struct dp_audit_event, name));
	e.tag = tag;
	e.generation = w->world->generation;
	e.kind = policy_permits(v) ? DP_AUDIT_PERMITTED : DP_AUDIT_DENIED;
	e.what = DP_AUDIT_ANSWER;
	e.rrtype = r->rrtype;
	e.verdict = v;
	e.other = r->link;
	e.provider =
		cache_station_at(w->cache, atomic_load_explicit(&r->station, memory_order_relaxed))
			->mac;
	asker(q, &e);
	if (r->rrtype == DNS_TYPE_PTR && r->rdlen <= DNS_NAME_MAX)
		name(&e, cache_record_rdata(w->cache, r), r->rdlen);
	else
		name(&e, cache_node_name(w->cache, node), node->name_len);
	dp_audit_push(w->audit, &e);
}

void dp_note_refused(struct dp_worker *w, const struct dp_pkt *pkt, enum dp_outcome o)
{
	bool response = (pkt->flags & DP_PKT_RESPONSE) != 0;
	struct dp_audit_event e;
	uint64_t tag;

	if (likely(!w->world->audit))
		return;
	/* Unknown stations are any number: one kind for all of a link. */
	tag = dp_audit_tag(o,
		mac_word(o == DP_over_station ? pkt->smac.b : w->world->link[pkt->link]->mac.b),
		(uint64_t)pkt->link << 16 | response | 1ull << 43);
	if (!dp_audit_first(w->audit, tag, w->now_ms))
		return;
	memset(&e, 0, offsetof(struct dp_audit_event, name));
	e.tag = tag;
	e.kind = DP_AUDIT_ADMISSION;
	e.what = response ? DP_AUDIT_ADVERTISEMENT : DP_AUDIT_QUERY;
	e.limit = (uint8_t)o;
	e.link = pkt->link;
	e.mac = pkt->smac;
	e.family = pkt->family;
	memcpy(e.ip, pkt->src, sizeof(e.ip));
	dp_audit_push(w->audit, &e);
}
