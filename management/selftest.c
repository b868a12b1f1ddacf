/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/selftest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/siphash.h"
#include "cache/service.h"
#include "dataplane/frame.h"
#include "dns/name.h"
#include "dns/reader.h"
#include "dns/service.h"
#include "dns/writer.h"
#include "management/capture.h"
#include "management/show.h"
#include "policy/policy.h"
#include "yaml/presets.h"

LOG_MODULE(selftest);

#define OWN_TYPE "_linkspan-test._tcp"
#define TTL 120
#define STEP_US (4 * US_PER_SEC)  /* a step that takes longer has failed */
#define AGAIN_US (1 * US_PER_SEC) /* ... and is tried again meanwhile: a frame may be lost */
#define PORT 9                    /* discard */
#define MSG_MAX 1200

enum step {
	LEARN, /* the announcement is on its way, the cache has not got it */
	ASK,   /* the question is on its way, no answer was seen */
};

struct mgmt_selftest {
	struct mgmt_waiter waiter;
	enum step step;
	uint16_t from, to;
	struct mac_addr provider, consumer;
	unsigned family; /* of both */
	uint64_t step_us, tried_us;
	uint64_t learned_us; /* how long it took */
	uint32_t number;     /* makes its names and addresses its own */
	uint8_t type[DNS_NAME_MAX + 1], instance[DNS_NAME_MAX + 1], host[DNS_NAME_MAX + 1];
};

void mgmt_selftest_free(struct mgmt *m)
{
	free(m->selftest);
	m->selftest = NULL;
}

/* --- frames ---------------------------------------------------------------------------------- */

/* An address of the link that is not ours: by the number, so that two tests do not meet. */
static void fake_address(const struct dp_link *l, uint32_t number, struct dp_link *as)
{
	uint32_t mask = l->n_pfx4 > 0 ? rte_be_to_cpu_32(l->mask4[0]) : 0xffffff00;
	uint32_t own = rte_be_to_cpu_32(l->addr4), hosts = ~mask, host = number;

	/* Neither the network's, nor the broadcast address, nor ours. */
	do {
		host = hosts > 2 ? 1 + host % (hosts - 1) : own & hosts;
		as->addr4 = rte_cpu_to_be_32((own & mask) | host);
		host++;
	} while (hosts > 2 && as->addr4 == l->addr4);
	memcpy(&as->addr6[0][8], &number, sizeof(number));
	memcpy(&as->addr6[0][12], "\x15\x7e\x57\x00", 4);
	as->n_addr6 = 1;
}

/* The link as a station of it: its own frames are that station's. */
static void as_station(
	const struct dp_link *l, const struct mac_addr *mac, uint32_t number, struct dp_link *as)
{
	*as = *l;
	as->mac = *mac;
	fake_address(l, number, as);
	dp_link_finish(as);
}

/* Hands a message of the station to the link's worker as if it had come in. */
static void put(struct mgmt *m, const struct dp_link *l, const struct dp_link *as, unsigned family,
	const uint8_t *msg, size_t len)
{
	const struct dp_dest to = {.family = (uint8_t)family, .group = 1};
	const struct mgmt_waiter nobody = {.slot = -1};
	struct mgmt_pending *p = mgmt_pending_new(MGMT_PENDING_RECEIVE, nobody);
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(m->p.shared->pool);
	size_t head = dp_frame_headroom(l, family);
	uint8_t *data;

	if (p == NULL || mbuf == NULL)
		goto fail;
	data = (uint8_t *)rte_pktmbuf_append(mbuf, (uint16_t)(head + len));
	if (data == NULL)
		goto fail;
	memcpy(data + head, msg, len);
	dp_frame_fill(as, &to, data + head, len);
	mbuf->port = l->port;
	p->r.op = CTL_REQ_RECEIVE;
	p->r.link = l->id;
	p->r.frame = mbuf;
	if (mgmt_submit(m, p) == 0)
		return;
fail:
	rte_pktmbuf_free(mbuf);
	mgmt_pending_free(p);
}

static void put_announcement(struct mgmt *m, uint32_t ttl)
{
	static const uint8_t txt[] = "\x0dlinkspan=test";
	struct mgmt_selftest *t = m->selftest;
	const struct dp_link *l = show_link(m, t->from);
	uint8_t msg[MSG_MAX], srv[6 + DNS_NAME_MAX] = {0, 0, 0, 0, 0, PORT};
	struct dns_writer w;
	struct dp_link as;
	uint16_t flush = DNS_CLASS_IN | DNS_CACHE_FLUSH_BIT;

	if (l == NULL)
		return;
	as_station(l, &t->provider, t->number, &as);
	dns_writer_init(&w, msg, sizeof(msg), 0, DNS_FLAG_QR | DNS_FLAG_AA);
	memcpy(srv + 6, t->host, dns_name_len(t->host));
	dns_write_rr(&w, DNS_SECTION_ANSWER, t->type, DNS_TYPE_PTR, DNS_CLASS_IN, ttl, t->instance,
		dns_name_len(t->instance), 0);
	dns_write_rr(&w, DNS_SECTION_ANSWER, t->instance, DNS_TYPE_SRV, flush, ttl, srv,
		6 + dns_name_len(t->host), 0);
	dns_write_rr(&w, DNS_SECTION_ANSWER, t->instance, DNS_TYPE_TXT, flush, ttl, txt,
		sizeof(txt) - 1, 0);
	if (t->family == 4)
		dns_write_rr(&w, DNS_SECTION_ANSWER, t->host, DNS_TYPE_A, flush, ttl,
			(const uint8_t *)&as.addr4, 4, 0);
	else if (l->n_pfx6 > 0) { /* a routable one: link-local addresses do not cross */
		uint8_t addr[16];

		memcpy(addr, as.addr6[0], 16);
		memcpy(addr, l->pfx6[0].addr, 8);
		dns_write_rr(
			&w, DNS_SECTION_ANSWER, t->host, DNS_TYPE_AAAA, flush, ttl, addr, 16, 0);
	}
	put(m, l, &as, t->family, msg, dns_writer_finish(&w));
}

static void put_question(struct mgmt *m)
{
	struct mgmt_selftest *t = m->selftest;
	const struct dp_link *l = show_link(m, t->to);
	uint8_t msg[MSG_MAX];
	struct dns_writer w;
	struct dp_link as;

	if (l == NULL)
		return;
	as_station(l, &t->consumer, t->number + 1, &as);
	dns_writer_init(&w, msg, sizeof(msg), 0, 0);
	dns_write_question(&w, t->type, DNS_TYPE_PTR, DNS_CLASS_IN | DNS_QU_BIT);
	put(m, l, &as, t->family, msg, dns_writer_finish(&w));
}

/* --- what came of it ------------------------------------------------------------------------- */

static bool is_learned(struct mgmt *m)
{
	const struct mgmt_selftest *t = m->selftest;
	const struct cache_view *v = m->p.shared->cache;
	bool there = false;
	struct cache_iter it;
	uint32_t node, idx;

	rcu_online(m->p.shared->rcu, m->rcu_id);
	node = cache_find(v, t->instance, DNS_TYPE_SRV);
	if (node != 0) {
		cache_iter_init(&it, v, cache_node_at(v, node));
		while ((idx = cache_iter_next(&it)) != 0)
			there = there || cache_record_at(v, idx)->link == t->from;
	}
	rcu_offline(m->p.shared->rcu, m->rcu_id);
	return there;
}

/* Does the message answer the question with the instance? */
static bool names_instance(const struct mgmt_selftest *t, const uint8_t *msg, size_t len)
{
	static uint8_t rdata[DNS_RDATA_MAX];
	static struct dns_rr rr;
	struct dns_reader r;
	int rc;

	if (dns_reader_init(&r, msg, len) < 0 || (r.flags & DNS_FLAG_QR) == 0)
		return false;
	while ((rc = dns_reader_rr(&r, &rr)) == 1 || rc == -EINVAL)
		if (rc == 1 && rr.rrtype == DNS_TYPE_PTR && rr.section == DNS_SECTION_ANSWER &&
			dns_rdata_expand(&r, &rr, rdata, sizeof(rdata)) > 0 &&
			dns_name_equal(rdata, t->instance))
			return true;
	return false;
}

static bool is_answered(struct mgmt *m)
{
	bool answered = false;
	struct rte_mbuf *copy;

	while ((copy = mgmt_tap_read(m)) != NULL) {
		const uint8_t *frame = rte_pktmbuf_mtod(copy, const uint8_t *);
		unsigned len, at;

		if (dp_captured(copy)->out && rte_pktmbuf_is_contiguous(copy)) {
			at = dp_capture_dns(frame, copy->data_len, &len);
			answered = answered ||
				   (at != 0 && names_instance(m->selftest, frame + at, len));
		}
		rte_pktmbuf_free(copy);
	}
	return answered;
}

static json_t *result(struct mgmt *m, bool found)
{
	struct mgmt_selftest *t = m->selftest;
	char type[DNS_NAME_TEXT_MAX] = "";
	json_t *o;

	dns_name_to_text(t->type, type, sizeof(type));
	o = json_pack("{s:b,s:o,s:o,s:s,s:s,s:I}", "found", (int)found, "from",
		show_link_name(m, t->from), "to", show_link_name(m, t->to), "service", type,
		"family", t->family == 4 ? "IPv4" : "IPv6", "learned_us",
		(json_int_t)t->learned_us);
	json_object_set_new(o, "answered_us",
		found ? json_integer((json_int_t)(m->now_us - t->step_us)) : json_null());
	return o;
}

static void finish(struct mgmt *m, json_t *reply)
{
	struct mgmt_selftest *t = m->selftest;

	put_announcement(m, 0);
	mgmt_tap_close(m);
	mgmt_answer(m, t->waiter, reply);
	mgmt_selftest_free(m);
}

unsigned mgmt_selftest_turn(struct mgmt *m)
{
	struct mgmt_selftest *t = m->selftest;

	if (t == NULL)
		return 0;
	if (t->step == LEARN && is_learned(m)) {
		t->learned_us = m->now_us - t->step_us;
		t->step = ASK;
		t->step_us = t->tried_us = m->now_us;
		put_question(m);
		return 1;
	}
	if (t->step == ASK && is_answered(m)) {
		LOG_NOTICE("self-test passed", "from=%u to=%u", t->from, t->to);
		finish(m, result(m, true));
		return 1;
	}
	if (m->now_us - t->step_us > STEP_US) {
		LOG_WARN("self-test failed", "step=%s",
			t->step == LEARN ? "announcement" : "question");
		if (t->step == LEARN)
			finish(m, mgmt_error("the service was not learned from its link: its "
					     "policy's `in`, `require:` or a limit"));
		else
			finish(m, result(m, false));
		return 1;
	}
	if (m->now_us - t->tried_us > AGAIN_US) {
		t->tried_us = m->now_us;
		if (t->step == LEARN)
			put_announcement(m, TTL);
		else
			put_question(m);
		return 1;
	}
	return 0;
}

/* --- between which links --------------------------------------------------------------------- */

struct wish {
	const struct dp_link *from, *to; /* NULL: any */
	const char *type;                /* NULL: any */
};

static bool type_name(const char *text, uint8_t *name)
{
	struct dns_service_name sd;
	char whole[128];
	int len = snprintf(whole, sizeof(whole), "%s.local", text);

	if (len < 0 || (size_t)len >= sizeof(whole) || dns_name_from_text(whole, name) < 0)
		return false;
	dns_name_canon(name, name, dns_name_len(name));
	dns_service_parse(name, &sd);
	return sd.kind == DNS_NAME_SERVICE_TYPE;
}

static bool usable(const struct dp_link *l)
{
	return l != NULL && l->mode == DP_LINK_GATEWAY && (l->has_addr4 || l->n_pfx6 > 0);
}

/* The family that both have; 0: none. */
static unsigned family_of(const struct dp_link *from, const struct dp_link *to)
{
	if (from->has_addr4 && to->has_addr4)
		return 4;
	return from->n_pfx6 > 0 && to->n_addr6 > 0 ? 6 : 0;
}

/* Could policy let the type of the one be found from the other? */
static bool lets(
	const struct mgmt *m, const struct dp_link *from, const struct dp_link *to, uint32_t type)
{
	const struct policy_table *table = m->state.world->table;

	return from != to && usable(from) && usable(to) && family_of(from, to) != 0 &&
	       policy_may_permit(policy_ask(table, type, from->col_in)) &&
	       policy_may_permit(policy_ask(table, type, to->col_out));
}

/* The first pair for the type; each link on either side once is enough: links are many, their
 * policies few. */
static bool find_pair(const struct mgmt *m, struct wish *w, const uint8_t *name)
{
	struct dns_service_name sd;
	uint32_t type;

	dns_service_parse(name, &sd);
	type = policy_type(m->state.world->policy, name + sd.type_off, sd.type_len);
	for (uint16_t a = 1; a < m->state.world->n_ids; a++) {
		const struct dp_link *from = w->from != NULL ? w->from : show_link(m, a);

		for (uint16_t b = 1; b < m->state.world->n_ids; b++) {
			const struct dp_link *to = w->to != NULL ? w->to : show_link(m, b);

			if (from != NULL && to != NULL && lets(m, from, to, type)) {
				w->from = from;
				w->to = to;
				return true;
			}
			if (w->to != NULL || !usable(from))
				break;
		}
		if (w->from != NULL)
			break;
	}
	return false;
}

/* Fills in what was not said. */
static json_t *complete(const struct mgmt *m, struct wish *w, uint8_t *name)
{
	const struct yaml_preset *presets;
	size_t n;

	if (w->type != NULL) {
		if (!type_name(w->type, name))
			return mgmt_error("no service type: %s", w->type);
		if (find_pair(m, w, name))
			return NULL;
		return mgmt_error("policy lets %s be found between no such links (explain tells "
				  "why)",
			w->type);
	}
	if (type_name(OWN_TYPE, name) && find_pair(m, w, name))
		return NULL;
	presets = yaml_presets(&n);
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; presets[i].types != NULL && presets[i].types[k] != NULL; k++)
			if (type_name(presets[i].types[k], name) && find_pair(m, w, name))
				return NULL;
	return mgmt_error("policy lets no service be found between such links: --service TYPE "
			  "names one of yours");
}

static json_t *read_args(const struct mgmt *m, const char *const *args, unsigned n, struct wish *w)
{
	for (unsigned i = 0; i < n; i++) {
		const char *value = strchr(args[i], '=');
		const struct link_id *e;
		bool from = strncmp(args[i], "from=", 5) == 0;

		if (strncmp(args[i], "service=", 8) == 0) {
			w->type = value + 1;
			continue;
		}
		if (!from && strncmp(args[i], "to=", 3) != 0)
			return mgmt_error("selftest takes from=LINK, to=LINK and service=TYPE");
		e = link_ids_find(m->state.ids, value + 1);
		if (e == NULL || !e->present || !usable(show_link(m, e->id)))
			return mgmt_error(
				"there is no link %s with an address and mode gateway", value + 1);
		if (from)
			w->from = show_link(m, e->id);
		else
			w->to = show_link(m, e->id);
	}
	return NULL;
}

/* Names and MAC addresses of stations that do not exist: locally administered. */
static int make_names(struct mgmt_selftest *t)
{
	char text[64];
	struct sip_key random;
	int rc = sip_key_random(&random);

	if (rc < 0)
		return rc;
	t->number = (uint32_t)random.k[0];
	memcpy(t->provider.b, &random.k[0], 6);
	memcpy(t->consumer.b, &random.k[1], 6);
	t->provider.b[0] = t->consumer.b[0] = 0x02;
	snprintf(text, sizeof(text), "linkspan-selftest-%08x.local", t->number);
	if (dns_name_from_text(text, t->host) < 0)
		return -EINVAL;
	snprintf(text, sizeof(text), "linkspan self-test %08x", t->number);
	t->instance[0] = (uint8_t)strlen(text);
	memcpy(t->instance + 1, text, strlen(text));
	memcpy(t->instance + 1 + strlen(text), t->type, dns_name_len(t->type));
	return 0;
}

json_t *mgmt_selftest(
	struct mgmt *m, const char *const *args, unsigned n, struct mgmt_waiter waiter)
{
	uint8_t type[DNS_NAME_MAX + 1];
	struct mgmt_selftest *t;
	struct wish w = {0};
	json_t *error = read_args(m, args, n, &w);

	if (error == NULL)
		error = complete(m, &w, type);
	if (error != NULL)
		return error;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return mgmt_error("%s", strerror(ENOMEM));
	*t = (struct mgmt_selftest){.waiter = waiter,
		.from = w.from->id,
		.to = w.to->id,
		.family = family_of(w.from, w.to),
		.step_us = m->now_us,
		.tried_us = m->now_us};
	memcpy(t->type, type, dns_name_len(type));
	if (make_names(t) < 0 || m->selftest != NULL || mgmt_tap_open(m, w.to, &t->consumer) < 0) {
		free(t);
		return mgmt_error("a capture or self-test is under way");
	}
	m->selftest = t;
	put_announcement(m, TTL);
	return NULL;
}
