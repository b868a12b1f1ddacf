/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/invariant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dns/name.h"
#include "dns/nsec.h"
#include "dns/rdata.h"
#include "dns/reader.h"
#include "dns/service.h"
#include "tests/packet/dissect_host.h"
#include "tests/packet/frame.h"

#define MDNS_PORT 5353
#define LEGACY_TTL 10
#define RECORDS 65536

/* A record and where it was seen. */
struct seen {
	uint16_t link;
	uint8_t family;
	uint16_t rrtype;
	uint64_t hash; /* of name and rdata, case aside */
	uint64_t at_us;
};

struct seen_table {
	struct seen slot[RECORDS];
};

struct invariants {
	struct seen_table advertised; /* by stations */
	struct seen_table multicast;  /* by the gateway, when last */
	bool allow_echo;
	bool defending;
};

struct invariants *invariants_create(void)
{
	struct invariants *v = calloc(1, sizeof(*v));

	if (v == NULL)
		abort();
	return v;
}

void invariants_free(struct invariants *v)
{
	free(v);
}

void invariants_allow_echo(struct invariants *v)
{
	v->allow_echo = true;
}

void invariants_defending(struct invariants *v)
{
	v->defending = true;
}

/* --- records seen ------------------------------------------------------------------------------
 */

static uint64_t mix(uint64_t h, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * 0x100000001b3ull;
	return h;
}

static struct seen make_seen(uint16_t link, uint8_t family, const uint8_t *name, uint16_t rrtype,
	const uint8_t *rdata, size_t rdlen)
{
	static uint8_t canon[DNS_RDATA_MAX];
	struct seen s = {.link = link, .family = family, .rrtype = rrtype};
	size_t len = dns_name_len(name);

	dns_name_canon(canon, name, len);
	s.hash = mix(0xcbf29ce484222325ull, canon, len);
	if (rdlen <= sizeof(canon) && dns_rdata_check(rrtype, rdata, rdlen)) {
		dns_rdata_canon(rrtype, canon, rdata, rdlen);
		rdata = canon;
	}
	s.hash = mix(s.hash, rdata, rdlen);
	return s;
}

/* The slot of an equal one, or an empty slot for it. */
static struct seen *find(struct seen_table *t, const struct seen *s)
{
	size_t i = (size_t)(s->hash ^ (uint64_t)s->link * 40503u ^ (uint64_t)s->family * 7919u ^
			    s->rrtype);

	for (size_t n = 0; n < RECORDS; n++, i++) {
		struct seen *e = &t->slot[i % RECORDS];

		if (e->hash == 0 || (e->hash == s->hash && e->link == s->link &&
					    e->family == s->family && e->rrtype == s->rrtype))
			return e;
	}
	abort(); /* no scenario has that many records */
}

void invariants_advertised(
	struct invariants *v, const struct dp_link *l, const uint8_t *dns, size_t len)
{
	static uint8_t rdata[DNS_RDATA_MAX];
	struct dns_reader r;
	struct dns_rr rr;
	int rc;

	if (dns_reader_init(&r, dns, len) < 0)
		return;
	while ((rc = dns_reader_rr(&r, &rr)) != 0 && rc != -EBADMSG) {
		int rdlen = rc > 0 ? dns_rdata_expand(&r, &rr, rdata, sizeof(rdata)) : -1;
		struct seen s;

		if (rdlen < 0 || rr.rrtype == DNS_TYPE_OPT)
			continue;
		s = make_seen(l->id, 0, rr.name, rr.rrtype, rdata, (size_t)rdlen);
		*find(&v->advertised, &s) = s;
	}
}

/* Nothing goes back onto its link. Type enumeration is made up, so it may say what a station said.
 */
static void check_echo(struct invariants *v, struct capture *c, const struct dissect_rr *r)
{
	struct seen s = make_seen(c->link->id, 0, r->name, r->rrtype, r->rdata, r->rdlen);
	struct dns_service_name sd;
	char text[1024];

	dns_service_parse(r->name, &sd);
	if (v->allow_echo || sd.kind == DNS_NAME_TYPE_ENUM || find(&v->advertised, &s)->hash == 0)
		return;
	dissect_problem(&c->d, "told back onto its own link: %.160s",
		dissect_rr_text(r, text, sizeof(text)));
}

static void check_once_a_second(struct invariants *v, struct capture *c, const struct dissect_rr *r)
{
	struct seen s =
		make_seen(c->link->id, c->d.src.family, r->name, r->rrtype, r->rdata, r->rdlen);
	struct seen *last = find(&v->multicast, &s);
	char text[1024];

	if (r->section != DNS_SECTION_ANSWER || r->ttl == 0)
		return;
	if (last->hash != 0 &&
		c->d.at_us - last->at_us < (v->defending ? US_PER_SEC / 4 : US_PER_SEC))
		dissect_problem(&c->d, "by multicast twice within a second: %.150s",
			dissect_rr_text(r, text, sizeof(text)));
	s.at_us = c->d.at_us;
	*last = s;
}

/* --- messages ----------------------------------------------------------------------------------
 */

static bool is_legacy(const struct dissected *d)
{
	return d->dport != MDNS_PORT;
}

static void check_record(struct capture *c, const struct dissect_rr *r)
{
	struct dissected *d = &c->d;
	static const uint8_t local[] = "\x05local";
	struct dns_type_set types = {0};
	struct ip_addr a = {0};
	struct dns_service_name sd;

	dns_service_parse(r->name, &sd);
	if (r->rrtype == DNS_TYPE_OPT)
		dissect_problem(d, "an OPT record");
	if (r->rrclass != DNS_CLASS_IN)
		dissect_problem(d, "class %u", r->rrclass);
	if (r->section == DNS_SECTION_AUTHORITY)
		dissect_problem(d, "a record in the authority section");
	if (sd.kind != DNS_NAME_REVERSE4 && sd.kind != DNS_NAME_REVERSE6 &&
		!dns_name_is_under(r->name, local))
		dissect_problem(d, "a name outside .local");
	if (sd.link_local)
		dissect_problem(d, "a link-local reverse name");
	if (r->rrtype == DNS_TYPE_NSEC && (dns_nsec_types(r->rdata, r->rdlen, &types) < 0 ||
						  !dns_name_equal(r->rdata, r->name) ||
						  dns_type_set_has(&types, DNS_TYPE_NSEC)))
		dissect_problem(d, "an NSEC of another form (RFC 6762 6.1)");
	if (r->rrtype == DNS_TYPE_A && r->rdlen == 4)
		a = ip_from_bytes(4, r->rdata);
	if (r->rrtype == DNS_TYPE_AAAA && r->rdlen == 16)
		a = ip_from_bytes(6, r->rdata);
	/* Our own names the gateway on its link. */
	if (!c->link->isolated && ip_is_link_local(&a) && !dp_link_own_addr(c->link, a.family, a.b))
		dissect_problem(d, "a link-local address");
	if (r->flush && r->rrtype == DNS_TYPE_PTR && sd.kind != DNS_NAME_REVERSE4 &&
		sd.kind != DNS_NAME_REVERSE6)
		dissect_problem(d, "a shared PTR record with the cache-flush bit");
	if (!is_legacy(d))
		return;
	if (r->flush)
		dissect_problem(d, "a flush bit in a legacy answer (RFC 6762 6.7)");
	if (r->ttl > LEGACY_TTL)
		dissect_problem(d, "TTL %u in a legacy answer (RFC 6762 6.7)", r->ttl);
	if (r->rrtype == DNS_TYPE_SRV && r->wire_rdlen != r->rdlen)
		dissect_problem(d, "a compressed SRV in a legacy answer (RFC 6762 18.14)");
}

static bool same_record(const struct dissect_rr *a, const struct dissect_rr *b)
{
	return a->rrtype == b->rrtype && dns_name_equal(a->name, b->name) &&
	       dns_rdata_equal(a->rrtype, a->rdata, a->rdlen, b->rdata, b->rdlen);
}

/* No record twice in a message, and one TTL for an RRset (RFC 2181 §5.2). */
static void check_sets(struct dissected *d, size_t n_questions)
{
	for (size_t i = n_questions; i < d->n_rr; i++) {
		for (size_t k = i + 1; k < d->n_rr; k++) {
			const struct dissect_rr *a = &d->rr[i], *b = &d->rr[k];

			if (a->rrtype != b->rrtype || !dns_name_equal(a->name, b->name))
				continue;
			if (same_record(a, b))
				dissect_problem(d, "a record of type %u twice", a->rrtype);
			else if (a->flush && b->flush && a->ttl != b->ttl)
				dissect_problem(d, "TTLs %u and %u in an RRset of type %u", a->ttl,
					b->ttl, a->rrtype);
		}
	}
}

static void check_response(struct invariants *v, struct capture *c)
{
	struct dissected *d = &c->d;
	size_t questions = 0, answers = 0;
	uint16_t flags = DNS_FLAG_QR | DNS_FLAG_AA;

	for (size_t i = 0; i < d->n_rr; i++) {
		const struct dissect_rr *r = &d->rr[i];

		questions += r->section == DNS_SECTION_QUESTION;
		answers += r->section == DNS_SECTION_ANSWER;
		if (r->section == DNS_SECTION_QUESTION)
			continue;
		check_record(c, r);
		check_echo(v, c, r);
		if (dissect_to_all(d))
			check_once_a_second(v, c, r);
	}
	check_sets(d, questions);
	if (answers == 0)
		dissect_problem(d, "a response without answers");
	if (is_legacy(d)) {
		if (questions == 0)
			dissect_problem(d, "a legacy answer without the question");
		if ((d->flags & ~DNS_FLAG_TC) != flags)
			dissect_problem(d, "flags 0x%04x", d->flags);
		return;
	}
	if (questions != 0)
		dissect_problem(d, "a question in a response (RFC 6762 6)");
	if (d->id != 0)
		dissect_problem(d, "id %u (RFC 6762 18.1)", d->id);
	if (d->flags != flags)
		dissect_problem(d, "flags 0x%04x (RFC 6762 18)", d->flags);
}

static void check_query(struct capture *c)
{
	struct dissected *d = &c->d;
	size_t questions = 0;

	for (size_t i = 0; i < d->n_rr; i++) {
		const struct dissect_rr *r = &d->rr[i];

		questions += r->section == DNS_SECTION_QUESTION;
		if (r->section != DNS_SECTION_QUESTION && r->flush)
			dissect_problem(d, "a flush bit in a known answer (RFC 6762 10.2)");
		if (r->rrtype == DNS_TYPE_OPT)
			dissect_problem(d, "an OPT record");
	}
	if (questions == 0 && (d->n_rr == 0))
		dissect_problem(d, "an empty query");
	if (d->id != 0 || (d->flags & ~DNS_FLAG_TC) != 0)
		dissect_problem(d, "id %u, flags 0x%04x in a query", d->id, d->flags);
	if (d->dport != MDNS_PORT)
		dissect_problem(d, "a query to port %u", d->dport);
}

/* --- headers -----------------------------------------------------------------------------------
 */

static bool is_mdns_group(const struct ip_addr *a)
{
	static const uint8_t group4[] = {224, 0, 0, 251};
	static const uint8_t group6[16] = {0xff, 2, [15] = 0xfb};

	return a->family == 4 ? memcmp(a->b, group4, 4) == 0 : memcmp(a->b, group6, 16) == 0;
}

/* A frame to one station carries its address and MAC; one to the group the group's. */
static void check_destination(const struct scenario *s, struct capture *c)
{
	struct dissected *d = &c->d;
	struct mac_addr group = frame_group_mac(&d->dst);

	if (ip_is_multicast(&d->dst)) {
		if (!is_mdns_group(&d->dst))
			dissect_problem(d, "mDNS to another group");
		if (d->dport != MDNS_PORT)
			dissect_problem(d, "to the group, port %u", d->dport);
		if (mac_equal(&d->dmac, &group))
			return;
		if (dissect_to_all(d))
			dissect_problem(d, "group address and MAC do not fit");
	}
	for (unsigned i = 0; i < s->n_stations; i++) {
		const struct station *st = &s->station[i];

		if (mac_equal(&st->mac, &d->dmac) &&
			(ip_is_multicast(&d->dst) || station_has(st, &d->dst)))
			return;
	}
	dissect_problem(d, "destination is no station with that address and MAC");
}

static bool is_goodbye(const struct dissected *d)
{
	for (size_t i = 0; i < d->n_rr; i++)
		if (d->rr[i].section == DNS_SECTION_QUESTION || d->rr[i].ttl != 0)
			return false;
	return d->kind == DISSECT_RESPONSE;
}

static void check_mdns(struct invariants *v, const struct scenario *s, struct capture *c)
{
	struct dissected *d = &c->d;

	if (d->ttl != 255)
		dissect_problem(d, "TTL or hop limit %u (RFC 6762 11)", d->ttl);
	if (!dp_link_own_addr(c->link, d->src.family, d->src.b))
		dissect_problem(d, "source is not our address of the link");
	if (d->fragments > 0 && (d->n_rr != 1 || is_legacy(d) || d->whole_len > 9000))
		dissect_problem(d, "%zu records and %zu bytes in fragments (RFC 6762 17)", d->n_rr,
			d->whole_len);
	if (d->fragments > 0 && d->whole_len <= c->link->mtu)
		dissect_problem(d, "%zu bytes in fragments", d->whole_len);
	if (d->ip_len > c->link->mtu)
		dissect_problem(d, "%zu bytes on a link of MTU %u", d->ip_len, c->link->mtu);
	/* Who leaves a link says goodbye there (RFC 6762 §10.1). */
	if ((c->link->mode != DP_LINK_GATEWAY || s->gone[c->link - s->link]) && !is_goodbye(d))
		dissect_problem(d, "mDNS on a link that is off or gone");
	check_destination(s, c);
	if (d->kind == DISSECT_RESPONSE)
		check_response(v, c);
	else
		check_query(c);
}

/* Leaving a link is done from the address it had. */
static bool was_own_addr(const struct scenario *s, const struct capture *c)
{
	for (unsigned i = 0; i < s->n_links; i++) {
		const struct dp_link *l = &s->link[i];

		if (l->port == c->link->port && l->vlan == c->link->vlan &&
			dp_link_own_addr(l, c->d.src.family, c->d.src.b))
			return true;
	}
	return false;
}

void invariants_check(struct invariants *v, const struct scenario *s, struct capture *c)
{
	struct dissected *d = &c->d;

	if (d->kind == DISSECT_OTHER)
		dissect_problem(d, "neither mDNS nor a host duty");
	if (!mac_equal(&d->smac, &c->link->mac))
		dissect_problem(d, "source MAC is not the port's");
	if (d->n_tags != (c->link->vlan != 0) || (d->n_tags == 1 && d->tci != c->link->vlan))
		dissect_problem(d, "%u tags, tag 0x%04x", d->n_tags, d->tci);
	if (d->kind == DISSECT_RESPONSE || d->kind == DISSECT_QUERY)
		check_mdns(v, s, c);
	else if (d->kind == DISSECT_HOST && !ip_is_unspecified(&d->src) && !was_own_addr(s, c))
		dissect_problem(d, "source is not our address of the link");
}
