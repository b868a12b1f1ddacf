/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/note.h"

#include "control/ctl.h"
#include "dns/name.h"

static struct dp_audit *audit(const struct ctl *c)
{
	return c->s->audit[c->s->n_workers];
}

static void name(struct dp_audit_event *e, const uint8_t *wire)
{
	e->name_len = (uint8_t)dns_name_len(wire);
	memcpy(e->name, wire, e->name_len);
}

/* The first of its kind: with the part that all of one message have in common. */
static bool begin(struct ctl *c, struct dp_audit_event *e, const struct dp_pkt *pkt,
	const struct dns_rr *rr, const uint8_t *rdata, uint64_t kind)
{
	/* An instance is known by its PTR's rdata; the TTL and the rest do not matter. */
	const uint8_t *of = rr->rrtype == DNS_TYPE_PTR ? rdata : rr->name;
	uint64_t tag = dp_audit_tag(ctl_node_key(c, of, rr->rrtype).lo, mac_word(pkt->smac.b),
		(uint64_t)pkt->link << 16 | kind | 1ull << 41);

	if (!dp_audit_first(audit(c), tag, c->now_ms))
		return false;
	memset(e, 0, offsetof(struct dp_audit_event, name));
	e->tag = tag;
	e->generation = c->world->generation;
	e->what = DP_AUDIT_ADVERTISEMENT;
	e->link = pkt->link;
	e->mac = pkt->smac;
	e->family = pkt->family;
	memcpy(e->ip, pkt->src, sizeof(e->ip));
	e->rrtype = rr->rrtype;
	name(e, of);
	return true;
}

void ctl_note_learned(struct ctl *c, const struct dp_pkt *pkt, const struct dns_rr *rr,
	const uint8_t *rdata, policy_verdict_t v)
{
	struct dp_audit_event e;

	if (!c->world->audit || (policy_permits(v) && !policy_audits(c->world->policy, v)) ||
		!begin(c, &e, pkt, rr, rdata, v))
		return;
	e.kind = policy_permits(v) ? DP_AUDIT_PERMITTED : DP_AUDIT_DENIED;
	e.verdict = v;
	dp_audit_push(audit(c), &e);
}

void ctl_note_refused(struct ctl *c, const struct dp_pkt *pkt, const struct dns_rr *rr,
	const uint8_t *rdata, enum cache_outcome why)
{
	struct dp_audit_event e;

	if (!c->world->audit || !begin(c, &e, pkt, rr, rdata, 1ull << 50 | (uint64_t)why))
		return;
	e.kind = DP_AUDIT_QUOTA;
	e.limit = (uint8_t)why;
	dp_audit_push(audit(c), &e);
}

void ctl_note_unmet(struct ctl *c, const struct dp_pkt *pkt, const struct dns_rr *rr,
	const uint8_t *rdata, unsigned why)
{
	static const struct dns_rr nothing;
	struct dp_audit_event e;

	if (!c->world->audit ||
		!begin(c, &e, pkt, rr != NULL ? rr : &nothing, rdata, 1ull << 51 | (uint64_t)why))
		return;
	e.kind = DP_AUDIT_REQUIRED;
	e.limit = (uint8_t)why;
	if (rr == NULL)
		e.name_len = 0;
	dp_audit_push(audit(c), &e);
}

void ctl_note_conflict(struct ctl *c, const uint8_t *wire, uint16_t link,
	const struct mac_addr *mac, uint16_t other, const struct mac_addr *other_mac)
{
	uint64_t tag;
	struct dp_audit_event e;

	if (c->world == NULL || !c->world->audit)
		return;
	tag = dp_audit_tag(ctl_node_key(c, wire, DNS_TYPE_ANY).lo, mac_word(other_mac->b),
		(uint64_t)link << 16 | other | 1ull << 42);
	if (!dp_audit_first(audit(c), tag, c->now_ms))
		return;
	memset(&e, 0, offsetof(struct dp_audit_event, name));
	e.tag = tag;
	e.generation = c->world->generation;
	e.kind = DP_AUDIT_CONFLICT;
	e.what = DP_AUDIT_ADVERTISEMENT;
	e.link = link;
	e.mac = *mac;
	e.other = other;
	e.provider = *other_mac;
	name(&e, wire);
	dp_audit_push(audit(c), &e);
}
