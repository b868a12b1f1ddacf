/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "control/ctl.h"
#include "dns/edns.h"
#include "dns/name.h"
#include "dns/rdata.h"

/* Responses -> cache (RFC 6762 §10; DESIGN §4.4). Policy is asked per RRset, never per packet. */

/* One response being learned. */
struct lesson {
	const struct dp_link *l;
	const struct dp_pkt *pkt;
	struct dns_reader reader;
	unsigned n_unique; /* records in scratch.unique: one per RRset with the flush bit */
};

/* What of a record decides whether it is learned. */
struct candidate {
	struct dns_service_name sd;
	const uint8_t *rdata;
	size_t rdlen;
	bool link_local;
};

/*
 * A copy from a repeater: its source is at home on another link and not on this one (DESIGN §5).
 * Nothing of it is its sender's, and believing it would keep dead records alive for ever. A station
 * that also has an address of this link is a host with a stray one.
 */
static bool is_reflected(const struct ctl *c, const struct lesson *s)
{
	const struct dp_pkt *pkt = s->pkt;
	const struct cache_station *st;
	uint32_t station;

	if ((pkt->flags & DP_PKT_OFFLINK) == 0 || !ctl_prefixes_have(c, pkt->family, pkt->src))
		return false;
	station = cache_find_station(c->view, pkt->link, &pkt->smac);
	if (station == 0)
		return true;
	st = cache_station_at(c->view, station);
	return !dp_link_on_link(s->l, 4, st->ip4) && !dp_link_on_link(s->l, 6, st->ip6);
}

/* Names under local, and reverse names of addresses that mean something elsewhere (RFC 6762 §3, §4,
 * RFC 6763 §11). */
static bool name_crosses(const struct dns_rr *rr, const struct dns_service_name *sd)
{
	static const uint8_t local[] = "\x05local";

	switch (sd->kind) {
	case DNS_NAME_REVERSE4:
	case DNS_NAME_REVERSE6:
		return !sd->link_local;
	case DNS_NAME_DOMAIN_ENUM:
	case DNS_NAME_NEVER:
	case DNS_NAME_TYPE_ENUM: /* made up from what each link may see (RFC 6763 §9) */
		return false;
	default:
		return rr->name_len > sizeof(local) && dns_name_is_under(rr->name, local);
	}
}

/* An address nobody can be reached at does not count as one. */
static bool address_ok(const struct dns_rr *rr, struct candidate *k)
{
	struct ip_addr a;

	if (rr->rrtype != DNS_TYPE_A && rr->rrtype != DNS_TYPE_AAAA)
		return true;
	a = ip_from_bytes(rr->rrtype == DNS_TYPE_A ? 4 : 6, k->rdata);
	k->link_local = ip_is_link_local(&a);
	return !ip_is_unspecified(&a) && !ip_is_loopback(&a) && !ip_is_multicast(&a) &&
	       !(a.family == 4 && memcmp(a.b, "\xff\xff\xff\xff", 4) == 0);
}

/* Is it of a kind that may cross at all? */
static bool worth(const struct dns_rr *rr, struct candidate *k)
{
	return rr->rrclass == DNS_CLASS_IN && !dns_service_is_gateway(rr->name, &k->sd) &&
	       !dns_type_is_foreign(rr->rrtype) && rr->rrtype != DNS_TYPE_ANY &&
	       name_crosses(rr, &k->sd) && address_ok(rr, k);
}

/*
 * Does the link's `in` let it in? Addresses and the like often come before the SRV that tells what
 * they are for, so they are kept wherever something could be permitted; who may see them is their
 * grants' to say.
 */
static policy_verdict_t judge(struct ctl *c, const struct dp_link *l, const struct mac_addr *mac,
	const uint8_t *name, uint16_t rrtype, const struct candidate *k)
{
	const struct dp_world *w = c->world;
	struct ctl_subject subject;
	struct policy_who who;

	ctl_subject(name, &k->sd, rrtype, k->rdata, &subject);
	if (!subject.service)
		return policy_ask(w->table, POLICY_TYPE_HOST, l->col_in);
	if (rrtype == DNS_TYPE_TXT) {
		subject.txt = k->rdata;
		subject.txt_len = (uint16_t)k->rdlen;
	}
	ctl_people_of(c, w, l->id, mac, &who);
	return policy_verdict(w->table, ctl_subject_class(c, w, &subject, l->id, &who), l->col_in);
}

static void count(struct ctl *c, enum cache_outcome o)
{
	switch (o) {
	case CACHE_NEW:
		CTL_INC(c, records_learned);
		break;
	case CACHE_REFRESHED:
		CTL_INC(c, records_refreshed);
		break;
	case CACHE_CHANGED:
	case CACHE_HANDOVER:
		CTL_INC(c, records_changed);
		break;
	case CACHE_COPY:
		CTL_INC(c, records_copied);
		break;
	case CACHE_GOODBYE:
		CTL_INC(c, goodbyes);
		break;
	case CACHE_REFUSED_TOTAL:
	case CACHE_REFUSED_LINK:
	case CACHE_REFUSED_STATION:
	case CACHE_REFUSED_TYPE:
	case CACHE_REFUSED_MEMORY:
		CTL_INC(c, records_refused);
		break;
	case CACHE_GOODBYE_OTHERS:
		CTL_INC(c, goodbyes_doubted);
		break;
	case CACHE_GOODBYE_UNKNOWN:
	default:
		break;
	}
}

/* Remembers the RRset for the flush rule, which is applied when all of the message is learned (RFC
 * 6762 §10.2). */
static void remember_unique(struct ctl *c, struct lesson *s, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);

	for (unsigned i = 0; i < s->n_unique; i++)
		if (cache_record_at(c->view, c->scratch.unique[i])->node == r->node)
			return;
	c->scratch.unique[s->n_unique++] = rec;
}

static void learn_record(struct ctl *c, struct lesson *s)
{
	const struct dns_rr *rr = &c->scratch.rr;
	struct candidate k = {.rdata = c->scratch.rdata};
	enum cache_outcome o;
	policy_verdict_t v;
	uint32_t rec = 0;
	int len;

	len = dns_rdata_expand(&s->reader, rr, c->scratch.rdata, sizeof(c->scratch.rdata));
	if (len < 0)
		return;
	k.rdlen = (size_t)len;
	dns_service_parse(rr->name, &k.sd);
	if (!worth(rr, &k)) {
		CTL_INC(c, records_ignored);
		return;
	}
	if (!ctl_require_address(c, s->l, s->pkt, rr, k.rdata))
		return;
	v = judge(c, s->l, &s->pkt->smac, rr->name, rr->rrtype, &k);
	dp_world_hit(c->world, c->s->n_workers, v);
	ctl_note_learned(c, s->pkt, rr, k.rdata, v);
	if (!policy_permits(v)) {
		CTL_INC(c, records_denied);
		return;
	}
	struct cache_learn l = {
		.name = rr->name,
		.name_len = rr->name_len,
		/* A PTR to a service is shared whatever its owner says (RFC 6763 §4.1). */
		.cache_flush =
			rr->cache_flush && !(rr->rrtype == DNS_TYPE_PTR && k.sd.type_len > 0),
		.rrtype = rr->rrtype,
		.rdata = k.rdata,
		.rdlen = (uint16_t)k.rdlen,
		.link = s->l->id,
		.ttl = rr->ttl,
		.link_local = k.link_local,
		.own_only = ctl_conflict_shares(c, s->l, rr->rrtype, k.rdata, &s->pkt->smac),
		.mac = s->pkt->smac,
		.ip = s->pkt->src,
		.ip_len = s->pkt->family == 4 ? 4 : 16,
	};
	o = cache_learn(c->cache, &l, c->now_ms, &rec);
	count(c, o);
	if (o >= CACHE_REFUSED_TOTAL)
		ctl_note_refused(c, s->pkt, rr, k.rdata, o);
	if (o == CACHE_GOODBYE_OTHERS)
		ctl_poof_goodbye(c, rec);
	/* A goodbye to one record says nothing of the others of its RRset. */
	if (rec != 0 && o != CACHE_COPY && o != CACHE_GOODBYE_OTHERS && l.cache_flush && l.ttl > 0)
		remember_unique(c, s, rec);
}

/*
 * The options of an OPT record. They speak of this very message (the time-since-received option by
 * the number of a record), so they are read and counted, and never part of what is told.
 */
static void read_options(struct ctl *c, const struct lesson *s)
{
	uint32_t records = (uint32_t)s->reader.counts[DNS_SECTION_ANSWER] +
			   s->reader.counts[DNS_SECTION_AUTHORITY] +
			   s->reader.counts[DNS_SECTION_ADDITIONAL];
	int len = dns_rdata_expand(
		&s->reader, &c->scratch.rr, c->scratch.rdata, sizeof(c->scratch.rdata));
	struct dns_opt_owner owner;
	struct dns_opt_tsr tsr;
	struct dns_opt opt;
	size_t pos = 0;

	while (len > 0 && dns_opt_next(c->scratch.rdata, (size_t)len, &pos, &opt) == 1) {
		bool good = true;

		if (opt.code == DNS_OPT_OWNER) {
			good = dns_opt_owner(&opt, &owner) == 0;
			CTL_ADD(c, owner_options, good);
		} else if (opt.code == DNS_OPT_TSR) {
			good = dns_opt_tsr(&opt, &tsr) == 0 && tsr.index < records;
			CTL_ADD(c, tsr_options, good);
		}
		CTL_ADD(c, options_broken, !good);
	}
}

enum txt { TXT_TOO, TXT_ONLY, TXT_NOT };

static void learn_records(struct ctl *c, struct lesson *s, const uint8_t *dns, enum txt txt)
{
	const struct dns_rr *rr = &c->scratch.rr;
	int rc;

	if (dns_reader_init(&s->reader, dns, s->pkt->dns_len) < 0)
		return;
	while ((rc = dns_reader_rr(&s->reader, &c->scratch.rr)) != 0 && rc != -EBADMSG) {
		if (rc != 1 || (txt == TXT_ONLY && rr->rrtype != DNS_TYPE_TXT) ||
			(txt == TXT_NOT && rr->rrtype == DNS_TYPE_TXT))
			continue;
		/* Nothing is learned from the authority section, where probes announce what they
		 * want (§8.2). */
		if (rr->rrtype == DNS_TYPE_OPT)
			read_options(c, s);
		else if (rr->section != DNS_SECTION_AUTHORITY)
			learn_record(c, s);
	}
}

void ctl_learn(struct ctl *c, struct rte_mbuf *m)
{
	struct lesson s = {.pkt = dp_pkt(m)};
	const uint8_t *dns;

	s.l = ctl_gateway_link(c, s.pkt->link);
	dns = ctl_message(c, m);
	if (s.l == NULL || dns == NULL)
		return;
	CTL_INC(c, responses);
	if (ctl_peer_heard(c, s.l, s.pkt, dns)) {
		CTL_INC(c, responses_gateways);
		return;
	}
	if (is_reflected(c, &s)) {
		CTL_INC(c, responses_reflected);
		return;
	}
	if (c->sweeps.r != NULL)
		ctl_sweep_heard(c, s.l, s.pkt, dns);
	ctl_roam_seen(c, s.pkt->link, &s.pkt->smac);
	if (!ctl_require_station(c, s.l, s.pkt))
		return;
	/* Rules about TXT records decide on what may stand before them. */
	if (policy_needs_txt(c->world->policy)) {
		learn_records(c, &s, dns, TXT_ONLY);
		learn_records(c, &s, dns, TXT_NOT);
	} else {
		learn_records(c, &s, dns, TXT_TOO);
	}
	for (unsigned i = 0; i < s.n_unique; i++)
		cache_flush_others(c->cache, c->scratch.unique[i], s.l->isolated, c->now_ms);
}

void ctl_learn_moved(struct ctl *c, const struct dp_link *to, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);
	uint32_t left = cache_record_ttl_left(r, c->now_ms);
	struct candidate k = {.sd = n->sd, .rdata = c->scratch.rdata, .rdlen = r->rdlen};
	struct cache_learn l = {
		.name = cache_node_name(c->view, n),
		.name_len = n->name_len,
		.cache_flush = (atomic_load_explicit(&r->flags, memory_order_relaxed) &
				       CACHE_REC_UNIQUE) != 0,
		.rrtype = r->rrtype,
		.rdata = c->scratch.rdata,
		.rdlen = r->rdlen,
		.link = to->id,
		.ttl = RTE_MIN(left, (uint32_t)CTL_ROAM_TTL),
		.mac = cache_station_at(c->view, r->station)->mac,
	};
	uint32_t new;

	memcpy(c->scratch.rdata, cache_record_rdata(c->view, r), r->rdlen);
	if (l.ttl == 0 || !ctl_require_is_met(c, to, &l.mac) ||
		!policy_permits(judge(c, to, &l.mac, l.name, l.rrtype, &k)))
		return;
	l.own_only = ctl_conflict_shares(c, to, l.rrtype, l.rdata, &l.mac);
	count(c, cache_learn(c->cache, &l, c->now_ms, &new));
}
