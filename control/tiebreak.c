/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/tiebreak.h"

#include <errno.h>
#include <string.h>

#include "cache/service.h"
#include "control/ctl.h"
#include "dns/rdata.h"

#define RR_HEAD 4 /* type and length of rdata */

int ctl_tiebreaks_init(struct ctl *c)
{
	return ctl_table_init(&c->tiebreaks.table, "contenders", sizeof(struct ctl_contender),
		CTL_CONTENDERS_MAX, c->socket);
}

void ctl_tiebreaks_fini(struct ctl *c)
{
	ctl_table_fini(&c->tiebreaks.table);
}

bool ctl_proposal_next(const struct ctl_proposal *p, uint16_t *at, uint16_t *rrtype,
	uint16_t *rdlen, const uint8_t **rdata)
{
	if (*at >= p->len)
		return false;
	memcpy(rrtype, p->rrs + *at, 2);
	memcpy(rdlen, p->rrs + *at + 2, 2);
	*rdata = p->rrs + *at + RR_HEAD;
	*at = (uint16_t)(*at + RR_HEAD + *rdlen);
	return true;
}

/* Type, then bytes of rdata, then which of them ends first (§8.2). All are of class IN. */
static int compare_rr(
	uint16_t ta, const uint8_t *a, size_t la, uint16_t tb, const uint8_t *b, size_t lb)
{
	int d;

	if (ta != tb)
		return ta < tb ? -1 : 1;
	d = memcmp(a, b, RTE_MIN(la, lb));
	if (d != 0)
		return d;
	return la == lb ? 0 : la < lb ? -1 : 1;
}

/* > 0: a wins, whose record is the later one in the first pair that differs, or who has more (§8.2,
 * §8.2.1). */
static int compare(const struct ctl_proposal *a, const struct ctl_proposal *b)
{
	uint16_t ia = 0, ib = 0, ta, tb, la, lb;
	const uint8_t *ra, *rb;

	for (;;) {
		bool more_a = ctl_proposal_next(a, &ia, &ta, &la, &ra);
		bool more_b = ctl_proposal_next(b, &ib, &tb, &lb, &rb);
		int d;

		if (!more_a || !more_b)
			return (int)more_a - (int)more_b;
		d = compare_rr(ta, ra, la, tb, rb, lb);
		if (d != 0)
			return d;
	}
}

/* Puts a record where the order wants it. False: no room. */
static bool insert(struct ctl_proposal *p, uint16_t rrtype, const uint8_t *rdata, size_t rdlen)
{
	uint16_t at = 0, from = 0, type, len16 = (uint16_t)rdlen, len;
	const uint8_t *other;
	uint8_t *to;

	if (p->len + RR_HEAD + rdlen > sizeof(p->rrs))
		return false;
	while (ctl_proposal_next(p, &at, &type, &len, &other) &&
		compare_rr(type, other, len, rrtype, rdata, rdlen) < 0)
		from = at;
	to = p->rrs + from;
	memmove(to + RR_HEAD + rdlen, to, p->len - from);
	memcpy(to, &rrtype, 2);
	memcpy(to + 2, &len16, 2);
	memcpy(to + RR_HEAD, rdata, rdlen);
	p->len = (uint16_t)(p->len + RR_HEAD + rdlen);
	return true;
}

static struct ctl_proposal *proposal_of(struct ctl *c, unsigned *n, const struct dns_rr *rr)
{
	struct ctl_proposal *p = c->tiebreaks.read;

	for (unsigned i = 0; i < *n; i++)
		if (dns_name_equal(p[i].name, rr->name))
			return &p[i];
	if (*n == CTL_PROPOSALS)
		return NULL;
	p += (*n)++;
	memcpy(p->name, rr->name, rr->name_len);
	p->len = 0;
	p->service = false;
	return p;
}

/* Reads what the probe proposes; returns for how many names. One whose records do not all fit gets
 * none, and is not compared. */
static unsigned read_proposals(struct ctl *c, const struct dp_pkt *pkt, const uint8_t *dns)
{
	struct dns_rr *rr = &c->scratch.rr;
	struct dns_reader r;
	unsigned n = 0, skip = 0;
	int rc;

	if (dns_reader_init(&r, dns, pkt->dns_len) < 0 || r.counts[DNS_SECTION_AUTHORITY] == 0)
		return 0;
	while ((rc = dns_reader_rr(&r, rr)) != 0 && rc != -EBADMSG) {
		struct ctl_proposal *p;
		int len;

		if (rc < 0 || rr->section != DNS_SECTION_AUTHORITY || rr->rrclass != DNS_CLASS_IN)
			continue;
		p = proposal_of(c, &n, rr);
		len = dns_rdata_expand(&r, rr, c->scratch.rdata, sizeof(c->scratch.rdata));
		if (p == NULL || len < 0 || (skip >> (p - c->tiebreaks.read) & 1) != 0)
			continue;
		if (!insert(p, rr->rrtype, c->scratch.rdata, (size_t)len)) {
			skip |= 1u << (p - c->tiebreaks.read);
			p->len = 0;
		}
	}
	for (unsigned i = 0; i < n; i++) {
		c->tiebreaks.read[i].link = pkt->link;
		c->tiebreaks.read[i].family = pkt->family;
		c->tiebreaks.read[i].mac = pkt->smac;
	}
	return n;
}

static uint32_t instance_class(
	struct ctl *c, const uint8_t *name, const struct dns_service_name *sd, uint16_t link)
{
	struct ctl_subject s;

	ctl_subject(name, sd, DNS_TYPE_SRV, NULL, &s);
	return ctl_subject_class(c, c->world, &s, link, NULL);
}

/* Gives proposal i its class: of its service, or of the first in the message that its host is for.
 */
static void classify(struct ctl *c, unsigned i, unsigned n)
{
	struct ctl_proposal *p = &c->tiebreaks.read[i];
	struct dns_service_name sd;

	dns_service_parse(p->name, &sd);
	if (sd.kind == DNS_NAME_INSTANCE) {
		p->service = true;
		p->cls = instance_class(c, p->name, &sd, p->link);
		return;
	}
	for (unsigned k = 0; k < n && sd.type_len == 0; k++) {
		const struct ctl_proposal *o = &c->tiebreaks.read[k];
		struct dns_service_name other;
		uint16_t at = 0, type, len;
		const uint8_t *rdata;

		dns_service_parse(o->name, &other);
		while (other.kind == DNS_NAME_INSTANCE &&
			ctl_proposal_next(o, &at, &type, &len, &rdata)) {
			if (type != DNS_TYPE_SRV ||
				!dns_name_equal(dns_rdata_name(DNS_TYPE_SRV, rdata), p->name))
				continue;
			p->service = true;
			p->cls = instance_class(c, o->name, &other, p->link);
			return;
		}
	}
}

/* Would what p proposes be learned, and be shown to link l? */
static bool is_shown(const struct ctl *c, const struct ctl_proposal *p, const struct dp_link *l)
{
	const struct policy_table *t = c->world->table;
	const struct dp_link *from = ctl_gateway_link(c, p->link);

	if (from == NULL)
		return false;
	if (!p->service)
		return policy_permits(policy_ask(t, POLICY_TYPE_HOST, from->col_in)) &&
		       policy_permits(policy_ask(t, POLICY_TYPE_HOST, l->col_out));
	return policy_permits(policy_verdict(t, p->cls, from->col_in)) &&
	       policy_may_permit(policy_verdict(t, p->cls, l->col_out));
}

/* Sends the winner's probe to the loser. */
static void tell_loser(struct ctl *c, const struct ctl_proposal *winner, uint16_t loser)
{
	const struct dp_link *l = ctl_gateway_link(c, loser);

	if (l == NULL || l->conflicts_report || !is_shown(c, winner, l))
		return;
	if (ctl_emit_probe(c, l, winner))
		CTL_INC(c, ties_broken);
}

static void contender_timer(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_contender *k = ctl_container(t, struct ctl_contender, timer);

	ctl_table_del(&c->tiebreaks.table, ctl_table_find(&c->tiebreaks.table, k->entry.key));
}

static void adopt(struct ctl *c, struct ctl_contender *k, const struct ctl_proposal *p)
{
	if (k->generation != c->world->generation)
		k->proposal[p->family != 6].len = 0;
	k->proposal[p->family == 6] = *p;
	k->generation = c->world->generation;
	ctl_arm(c, &k->timer, c->now_ms + CTL_CONTEND_MS, contender_timer);
}

/* The proposal that p has to be compared with: that of the same family, if there is one. */
static const struct ctl_proposal *rival_of(
	const struct ctl_contender *k, const struct ctl_proposal *p)
{
	const struct ctl_proposal *same = &k->proposal[p->family == 6];

	return same->len > 0 ? same : &k->proposal[p->family != 6];
}

/* A repeater brings probes to other links: it proposes what a station proposed on its own link. */
static bool is_copy(const struct ctl_contender *k, const struct ctl_proposal *p)
{
	for (unsigned i = 0; i < 2; i++)
		if (k->proposal[i].len > 0 && compare(&k->proposal[i], p) == 0)
			return true;
	return false;
}

/* Do stations of the link not hear each other? */
static bool is_isolated(const struct ctl *c, uint16_t link)
{
	const struct dp_link *l = ctl_gateway_link(c, link);

	return l != NULL && l->isolated;
}

static void contend(struct ctl *c, const struct ctl_proposal *p)
{
	struct hash128 key = ctl_node_key(c, p->name, 0);
	uint32_t idx = ctl_table_find(&c->tiebreaks.table, key);
	const struct ctl_proposal *rival;
	struct ctl_contender *k;

	if (idx == 0) {
		idx = ctl_table_add(&c->tiebreaks.table, key);
		if (idx == 0) {
			CTL_INC(c, conflicts_overlooked);
			return;
		}
		adopt(c, ctl_table_at(&c->tiebreaks.table, idx), p);
		return;
	}
	k = ctl_table_at(&c->tiebreaks.table, idx);
	rival = rival_of(k, p);
	/* Its own probe again, maybe on another link of its own. */
	if ((rival->link == p->link && !is_isolated(c, p->link)) ||
		mac_equal(&rival->mac, &p->mac) || k->generation != c->world->generation) {
		if (k->generation != c->world->generation || rival->family != p->family ||
			compare(p, rival) >= 0)
			adopt(c, k, p);
		return;
	}
	if (is_copy(k, p))
		return;
	if (compare(p, rival) < 0) {
		tell_loser(c, rival, p->link);
		return;
	}
	tell_loser(c, p, rival->link);
	k->proposal[p->family != 6].len = 0; /* the loser's */
	adopt(c, k, p);
}

void ctl_tiebreak_over(struct ctl *c, const uint8_t *name, uint16_t link)
{
	struct ctl_contender *k;
	uint32_t idx;

	if (ctl_table_count(&c->tiebreaks.table) == 0)
		return;
	idx = ctl_table_find(&c->tiebreaks.table, ctl_node_key(c, name, 0));
	if (idx == 0)
		return;
	k = ctl_table_at(&c->tiebreaks.table, idx);
	if ((k->proposal[0].len > 0 ? k->proposal[0].link : k->proposal[1].link) != link)
		return;
	ctl_cancel(c, &k->timer);
	ctl_table_del(&c->tiebreaks.table, idx);
}

void ctl_tiebreak(struct ctl *c, struct rte_mbuf *m, const uint8_t *dns)
{
	const struct dp_pkt *pkt = dp_pkt(m);
	unsigned n;

	if ((pkt->flags & (DP_PKT_GROUP | DP_PKT_LEGACY)) != DP_PKT_GROUP)
		return;
	/* Of another link's station: a repeater's copy. */
	if ((pkt->flags & DP_PKT_OFFLINK) && ctl_prefixes_have(c, pkt->family, pkt->src))
		return;
	n = read_proposals(c, pkt, dns);
	for (unsigned i = 0; i < n; i++)
		if (c->tiebreaks.read[i].len > 0)
			classify(c, i, n);
	for (unsigned i = 0; i < n; i++)
		/* An owner that probes again does not contend for what it has. */
		if (c->tiebreaks.read[i].len > 0 &&
			!cache_name_held(
				c->view, c->tiebreaks.read[i].name, pkt->link, NULL, c->now_ms))
			contend(c, &c->tiebreaks.read[i]);
}
