/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/ctl.h"

#include <errno.h>

#include "cache/service.h"
#include "dataplane/visible.h"
#include "dns/name.h"
#include "dns/nsec.h"
#include "dns/rdata.h"

/*
 * Queries that workers could not answer, or not wholly (DESIGN §4.3): who browses is remembered,
 * what nothing was known of is asked on the links that may have it, and the query waits for what
 * comes.
 */

#define QUESTIONS 64       /* those a worker can point at, dp_pkt.ask */
#define POINTERS 4         /* of one probe, whose owners are asked */
#define RECORDS_LOOK 16384 /* ... of which so many may be no candidates */
#define ANSWERS_LOOK 64    /* records of a node looked at for one that answers */

/* One question of the query at hand. */
struct asked {
	const struct dp_link *l; /* where it was heard */
	struct dp_viewer asker;
	const struct dns_question *q;
	struct dns_service_name sd;
	bool browse;
};

/* The types a question is after, in the order in which an owner is looked for under them. */
static unsigned wanted_types(const struct asked *a, uint16_t types[3])
{
	uint16_t qtype = a->q->qtype;
	unsigned n = 0;

	switch (a->sd.kind) {
	case DNS_NAME_SERVICE_TYPE:
	case DNS_NAME_SUBTYPE:
	case DNS_NAME_REVERSE4:
	case DNS_NAME_REVERSE6:
		types[n++] = qtype == DNS_TYPE_ANY ? DNS_TYPE_PTR : qtype;
		break;
	case DNS_NAME_INSTANCE:
		if (qtype != DNS_TYPE_ANY) {
			types[n++] = qtype;
			break;
		}
		types[n++] = DNS_TYPE_SRV;
		types[n++] = DNS_TYPE_TXT;
		break;
	default:
		if (qtype != DNS_TYPE_ANY) {
			types[n++] = qtype;
			break;
		}
		types[n++] = DNS_TYPE_A;
		types[n++] = DNS_TYPE_AAAA;
		break;
	}
	return n;
}

static bool is_browse(const struct asked *a)
{
	return (a->sd.kind == DNS_NAME_SERVICE_TYPE || a->sd.kind == DNS_NAME_SUBTYPE) &&
	       (a->q->qtype == DNS_TYPE_PTR || a->q->qtype == DNS_TYPE_ANY);
}

/* Names no link is ever asked about (DESIGN §4.3, RFC 8766 §6.4); enumeration of types is made up
 * by workers. */
static bool never_asked(const struct dns_service_name *sd)
{
	return sd->kind == DNS_NAME_DOMAIN_ENUM || sd->kind == DNS_NAME_NEVER ||
	       sd->kind == DNS_NAME_TYPE_ENUM || sd->link_local;
}

/* Does something held answer the question for this asker? */
static bool has_answer(const struct ctl *c, const struct asked *a, uint32_t node)
{
	const struct cache_node *n = cache_node_at(c->view, node);
	struct cache_iter it;
	policy_verdict_t v;
	uint32_t rec;

	cache_iter_init(&it, c->view, n);
	/* Sixty neighbours that answer for themselves must not hide the one that is far: only
	 * candidates count. */
	for (unsigned i = 0, seen = 0;
		i < ANSWERS_LOOK && seen < RECORDS_LOOK && (rec = cache_iter_next(&it)) != 0;
		seen++) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (dp_judge(c->world, c->view, a->l, &a->asker, r, c->now_ms, &v) > DP_TELL_ALONE)
			continue;
		i++;
		if (!a->browse || cache_service_state(c->view, cache_record_rdata(c->view, r),
					  r->link, c->now_ms, NULL) != CACHE_SERVICE_HIDDEN)
			return true;
	}
	return false;
}

static uint32_t type_class(const struct ctl *c, const struct asked *a)
{
	uint8_t type[2 * (DNS_LABEL_MAX + 1)];

	if (a->sd.type_len == 0)
		return POLICY_TYPE_HOST;
	dns_name_canon(type, a->q->qname + a->sd.type_off, a->sd.type_len);
	return policy_type(c->world->policy, type, a->sd.type_len);
}

/* Puts a browse question on every link whose policy lets us. Returns on how many. */
static unsigned browse(struct ctl *c, const struct asked *a)
{
	uint32_t type = type_class(c, a);
	unsigned links = 0;
	bool paid = false;

	for (uint16_t id = 1; id < c->world->n_ids; id++) {
		const struct dp_link *l = ctl_gateway_link(c, id);
		struct ctl_ask ask = {.qname = a->q->qname,
			.qtype = DNS_TYPE_PTR,
			.link = id,
			.how = CTL_ASK_BROWSE};

		if (l == NULL || (l == a->l && !l->isolated) ||
			!policy_permits(policy_ask(c->world->table, type, l->col_probe)))
			continue;
		if (!paid && ctl_question_is_news(c, &ask)) {
			paid = ctl_miss_paid(c, a->l, &a->asker.mac);
			if (!paid) {
				CTL_INC(c, questions_refused);
				return links;
			}
		}
		if (ctl_question_ask(c, &ask) != CTL_NOT_ASKED)
			links++;
	}
	if (links == 0)
		CTL_INC(c, questions_denied);
	return links;
}

struct owner {
	uint16_t link; /* 0: not known */
	uint32_t station;
	struct mac_addr mac;
};

/* Who has the records of a name, or had them last. */
static struct owner owner_under(const struct ctl *c, const uint8_t *name, uint16_t rrtype)
{
	uint32_t node = cache_find(c->view, name, rrtype), rec;
	const struct cache_node *n;
	struct owner o = {0};
	struct cache_iter it;

	if (node == 0)
		return o;
	n = cache_node_at(c->view, node);
	cache_iter_init(&it, c->view, n);
	for (unsigned i = 0; i < ANSWERS_LOOK && (rec = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (!cache_record_live(r, c->now_ms))
			continue;
		o.link = r->link;
		o.station = r->station;
		return o;
	}
	if (n->flags & CACHE_NODE_OWNED) {
		o.link = n->owner_link;
		o.mac = n->owner_mac;
		o.station = cache_find_station(c->view, n->owner_link, &n->owner_mac);
	}
	return o;
}

static struct owner find_owner(const struct ctl *c, const struct asked *a, uint16_t qtype)
{
	static const uint16_t of_instance[] = {DNS_TYPE_SRV, DNS_TYPE_TXT};
	static const uint16_t of_host[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
	const uint16_t *also = a->sd.kind == DNS_NAME_INSTANCE ? of_instance : of_host;
	struct owner o = owner_under(c, a->q->qname, qtype);

	for (unsigned i = 0; i < 2 && o.link == 0; i++)
		o = owner_under(c, a->q->qname, also[i]);
	return o;
}

/* Has the owner said that there is no such record (RFC 6762 §6.1)? */
static bool owner_has_none(const struct ctl *c, const uint8_t *name, uint16_t qtype, uint16_t link)
{
	uint32_t node = cache_find(c->view, name, DNS_TYPE_NSEC), rec;
	struct dns_type_set set = {0};
	struct cache_iter it;

	if (node == 0 || qtype > 255)
		return false;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	for (unsigned i = 0; i < ANSWERS_LOOK && (rec = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (r->link == link && cache_record_live(r, c->now_ms) &&
			dns_nsec_types(cache_record_rdata(c->view, r), r->rdlen, &set) == 0)
			return !dns_type_set_has(&set, qtype);
	}
	return false;
}

/* Has an owner who may be told of said so to this asker? */
static bool is_answered_none(const struct ctl *c, const struct asked *a, uint16_t qtype)
{
	uint32_t node = cache_find(c->view, a->q->qname, DNS_TYPE_NSEC), rec;
	struct dns_type_set set = {0};
	struct cache_iter it;
	policy_verdict_t v;

	if (node == 0 || qtype > 255)
		return false;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	for (unsigned i = 0; i < ANSWERS_LOOK && (rec = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (dp_judge(c->world, c->view, a->l, &a->asker, r, c->now_ms, &v) <=
				DP_TELL_ALONE &&
			dns_nsec_types(cache_record_rdata(c->view, r), r->rdlen, &set) == 0 &&
			!dns_type_set_has(&set, qtype))
			return true;
	}
	return false;
}

/* May the asker see what has this class and provider? */
static bool sees(
	const struct ctl *c, const struct asked *a, uint32_t cls, const struct policy_who *provider)
{
	const struct policy_party party = {provider->user, provider->role, provider->place};
	policy_verdict_t v = policy_verdict(c->world->table, cls, a->l->col_out);

	if ((v & POLICY_PERSONAL) != 0 && !policy_permits(v))
		v = policy_personal(
			c->world->policy, v, a->asker.consumer, &a->asker.party, &party);
	return policy_permits(v);
}

/* Would the answer be learned, and could the asker see it? */
static bool owner_permitted(
	struct ctl *c, const struct asked *a, const struct dp_link *provider, const struct owner *o)
{
	struct ctl_subject s;
	struct policy_who who;
	uint32_t cls;

	if (o->station != 0)
		ctl_people_who(c, c->world, o->station, &who);
	else
		ctl_people_of(c, c->world, provider->id, &o->mac, &who);
	if (a->sd.type_len == 0) {
		/* Named by services: what they are permitted. Else the host may still be about to
		 * be named again. */
		if (ctl_grant_host(c, a->q->qname, provider->id, &cls))
			return sees(c, a, cls, &who);
		return policy_permits(
			policy_ask(c->world->table, POLICY_TYPE_HOST, provider->col_probe));
	}
	if (!policy_permits(policy_ask(c->world->table, type_class(c, a), provider->col_probe)))
		return false;
	ctl_subject(a->q->qname, &a->sd, DNS_TYPE_SRV, NULL, &s);
	cls = ctl_subject_class(c, c->world, &s, provider->id, &who);
	return sees(c, a, cls, &who);
}

/* Asks the owner of a name, if there is one to ask. True if it is worth while to wait. */
static bool ask_owner(struct ctl *c, const struct asked *a, uint16_t qtype)
{
	struct owner o = find_owner(c, a, qtype);
	const struct dp_link *provider = ctl_gateway_link(c, o.link);
	struct ctl_ask ask = {.qname = a->q->qname,
		.qtype = qtype,
		.link = o.link,
		.how = CTL_ASK_OWNER,
		.station = o.station};

	/* An owner on the asker's own link heard the question itself. */
	if (provider == NULL || (provider == a->l && !provider->isolated)) {
		CTL_INC(c, questions_no_owner);
		return false;
	}
	if (!owner_permitted(c, a, provider, &o)) {
		CTL_INC(c, questions_denied);
		return false;
	}
	if (owner_has_none(c, a->q->qname, qtype, o.link))
		return false;
	if (ctl_question_is_news(c, &ask) && !ctl_miss_paid(c, a->l, &a->asker.mac)) {
		CTL_INC(c, questions_refused);
		return false;
	}
	return ctl_question_ask(c, &ask) != CTL_NOT_ASKED;
}

enum fate {
	FATE_NONE,     /* there is nothing to wait for */
	FATE_WAIT,     /* for what was asked */
	FATE_ANSWERED, /* it crossed with the records that answer it */
};

/* One question nothing was found for when the worker looked. */
static enum fate missed(struct ctl *c, const struct asked *a, struct ctl_wait_list *list)
{
	uint16_t types[3];
	unsigned n = wanted_types(a, types);
	bool worth = false;

	for (unsigned i = 0; i < n; i++) {
		uint32_t node = cache_find(c->view, a->q->qname, types[i]);

		if ((node != 0 && has_answer(c, a, node)) ||
			(n == 1 && is_answered_none(c, a, types[i])))
			return FATE_ANSWERED;
		/* Who asks again within the TTL keeps what may be learned fresh (RFC 6762 §5.2). */
		if (node != 0)
			cache_node_ask(cache_node_at(c->view, node), c->now_ms);
	}
	CTL_INC(c, questions_missed);
	if (a->browse)
		worth = browse(c, a) > 0;
	for (unsigned i = 0; i < n; i++) {
		if (!a->browse && !ask_owner(c, a, types[i]))
			continue;
		worth |= !a->browse;
		if (worth)
			ctl_wait_for(list, ctl_node_key(c, a->q->qname, types[i]));
	}
	return worth ? FATE_WAIT : FATE_NONE;
}

static bool begin(struct ctl *c, struct rte_mbuf *m, struct asked *a, struct dns_reader *r)
{
	const uint8_t *dns = ctl_message(c, m);

	a->l = ctl_gateway_link(c, dp_pkt(m)->link);
	a->q = &c->scratch.question;
	if (a->l != NULL)
		dp_viewer_init(&a->asker, c->world, c->view, a->l, &dp_pkt(m)->smac);
	return a->l != NULL && dns != NULL && dns_reader_init(r, dns, dp_pkt(m)->dns_len) == 0;
}

/* The next question; false at the end. */
static bool next(struct ctl *c, struct asked *a, struct dns_reader *r)
{
	if (dns_reader_question(r, &c->scratch.question) <= 0)
		return false;
	dns_service_parse(a->q->qname, &a->sd);
	a->browse = is_browse(a);
	return true;
}

/* What becomes of a query: the questions that wait, each kind with the names it waits for. */
struct outlook {
	struct ctl_wait_list missed, lacking;
	uint64_t wait, now, complete; /* bit i: question i */
	unsigned services;            /* being completed */
};

/* A question for a type whose query proposes PTRs to services: it is those that are claimed, see
 * dp_probe_pointer(). */
static void probe_pointers(struct ctl *c, struct rte_mbuf *m, const struct asked *a)
{
	const uint8_t *dns = ctl_message(c, m);
	struct dns_question question;
	struct dns_rr *rr = &c->scratch.rr;
	struct dns_reader r;
	int rc;

	if (dns == NULL || dns_reader_init(&r, dns, dp_pkt(m)->dns_len) < 0)
		return;
	while (dns_reader_question(&r, &question) > 0)
		;
	for (unsigned n = 0; n < POINTERS && (rc = dns_reader_rr(&r, rr)) != 0 && rc != -EBADMSG;) {
		if (rc < 0 || rr->section != DNS_SECTION_AUTHORITY || rr->rrtype != DNS_TYPE_PTR ||
			!dns_name_equal(rr->name, a->q->qname) ||
			dns_rdata_expand(&r, rr, c->scratch.rdata, sizeof(c->scratch.rdata)) < 0)
			continue;
		ctl_probe(c, a->l, &a->asker, c->scratch.rdata);
		n++;
	}
}

/* Who is told alone of what is new: where policy asks who is told, or all answers are unicast. */
static uint32_t browser_of(struct ctl *c, const struct asked *a)
{
	if (a->asker.station != 0 || !a->l->unicast)
		return a->asker.station;
	return ctl_people_know(c, a->l->id, &a->asker.mac);
}

static void look_at(
	struct ctl *c, struct rte_mbuf *m, const struct asked *a, unsigned i, struct outlook *o)
{
	const struct dp_pkt *pkt = dp_pkt(m);
	uint64_t bit = UINT64_C(1) << i;
	uint32_t node;

	if (ctl_self_asked(c, a->l, a->q->qname, &a->sd))
		return;
	/* A one-shot querier (RFC 6762 §5.1) gets its answer and is gone. */
	if (a->browse && !(pkt->flags & DP_PKT_LEGACY))
		ctl_interest_asked(c, a->q->qname, a->l->id, browser_of(c, a));
	if (pkt->unsure & bit) {
		if (a->browse)
			probe_pointers(c, m, a);
		else
			ctl_probe(c, a->l, &a->asker, a->q->qname);
	}
	if (pkt->incomplete & bit) {
		o->complete |= bit;
		node = cache_find(c->view, a->q->qname, DNS_TYPE_PTR);
		if (node != 0)
			o->services += ctl_complete(c, a->l, &a->asker, node, &o->lacking);
	} else if (pkt->missed & bit) {
		enum fate fate = missed(c, a, &o->missed);

		if (fate == FATE_WAIT)
			o->wait |= bit;
		else if (fate == FATE_ANSWERED)
			o->now |= bit;
	}
}

void ctl_query(struct ctl *c, struct rte_mbuf *m)
{
	const struct dp_pkt *pkt = dp_pkt(m);
	struct outlook o = {0};
	struct dns_reader r;
	unsigned flags = 0;
	struct asked a;

	if (!begin(c, m, &a, &r))
		return;
	ctl_people_heard(c, pkt);
	ctl_tiebreak(c, m, r.msg);
	/* Addresses learned in this very turn have to show to whom they are visible. */
	ctl_grant_turn(c, UINT32_MAX);
	for (unsigned i = 0; i < QUESTIONS && next(c, &a, &r); i++) {
		if (!a.q->qu && (pkt->flags & (DP_PKT_GROUP | DP_PKT_LEGACY)) == DP_PKT_GROUP)
			flags = CTL_WAIT_MULTICAST;
		if (flags != 0 && !a.q->qu && r.counts[DNS_SECTION_ANSWER] == 0)
			ctl_question_heard(c, a.q->qname, a.q->qtype, a.l->id);
		if ((pkt->ask >> i & 1) != 0 && !never_asked(&a.sd))
			look_at(c, m, &a, i, &o);
	}
	if (o.now != 0)
		ctl_wait(c, m, &o.missed, o.now, flags | CTL_WAIT_SHORT);
	if (o.wait != 0)
		ctl_wait(c, m, &o.missed, o.wait, flags);
	/* Held back by the worker, so told in any case, at the latest when the time is over. */
	if (o.complete != 0)
		ctl_wait(c, m, &o.lacking, o.complete,
			flags | CTL_WAIT_COMPLETING | (o.services == 0 ? CTL_WAIT_SHORT : 0));
}

enum ctl_ready ctl_query_ready(struct ctl *c, struct ctl_waiter *w, struct ctl_wait_list *list)
{
	bool completing = (w->flags & CTL_WAIT_COMPLETING) != 0;
	bool found = completing;
	unsigned services = 0;
	struct dns_reader r;
	struct asked a;

	if (!begin(c, w->m, &a, &r))
		return CTL_NOT_READY;
	for (unsigned i = 0; i < QUESTIONS && next(c, &a, &r); i++) {
		uint16_t types[3];
		unsigned n = wanted_types(&a, types);

		if ((dp_pkt(w->m)->ask >> i & 1) == 0 || never_asked(&a.sd))
			continue;
		for (unsigned k = 0; k < n; k++) {
			uint32_t node = cache_find(c->view, a.q->qname, types[k]);

			if (n == 1 && is_answered_none(c, &a, types[k]))
				found = true;
			if (node == 0 || !has_answer(c, &a, node))
				continue;
			found = true;
			if (!a.browse)
				continue;
			ctl_wait_for(list, ctl_node_key(c, a.q->qname, types[k]));
			services += ctl_complete(c, a.l, &a.asker, node, list);
		}
	}
	if (!found)
		return CTL_NOT_READY;
	return services == 0 ? CTL_READY : CTL_LACKING;
}
