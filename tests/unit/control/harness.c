/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

#include "base/clock.h"
#include "cache/read.h"
#include "control/ctl.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/writer.h"
#include "policy/names.h"
#include "yaml/load.h"

struct harness h;

const char *const campus =
	"gateway: {id: test}\n"
	"ports: [{name: trunk, device: \"net_null0\"}]\n"
	"links:\n"
	"  - {name: lab, port: trunk, vlan: 10, addresses: [10.10.0.1/24, \"fd00:10::1/64\"],\n"
	"     query_budget: 50/s, policy: {in: learn, out: none}}\n"
	"  - {name: desk, port: trunk, vlan: 20, addresses: [10.20.0.1/24, \"fd00:20::1/64\"],\n"
	"     query_budget: 50/s, policy: {in: learn, out: office}}\n"
	"  - {name: guest, port: trunk, vlan: 30, addresses: [10.30.0.1/24, \"fd00:30::1/64\"],\n"
	"     query_budget: 50/s, policy: {in: nothing, out: print}}\n"
	"policies:\n"
	"  learn: [{deny: _ssh._tcp}, {permit: any}]\n"
	"  nothing: [{deny: any}]\n"
	"  none: [{deny: any}]\n"
	"  office: [{permit: [_ipp._tcp, _smb._tcp]}, {deny: any}]\n"
	"  print: [{permit: _ipp._tcp}, {deny: any}]\n";

static void start_eal(void)
{
	static char args[][24] = {"test", "--no-huge", "-m", "256", "--no-shconf", "--no-telemetry",
		"--no-pci", "-l", "0", "--log-level=*:error"};
	enum { ARGC = sizeof(args) / sizeof(args[0]) };
	char *argv[ARGC + 1] = {NULL};

	for (int i = 0; i < ARGC; i++)
		argv[i] = args[i];
	cr_assert_geq(rte_eal_init(ARGC, argv), 0);
}

void start_bare(void)
{
	struct ctl_params p = {
		.limits = {.records = h.records != 0 ? h.records : 2000,
			.records_per_station = 1000,
			.records_per_link = 2000,
			.ttl = 86400,
			.stations = 800,
			.links = DP_LINKS_MAX},
		.hash_key = {{1, 2}},
		.seed = 7,
		.socket = SLAB_SOCKET_ANY,
	};

	start_eal();
	h.now_us = START_MS * UINT64_C(1000);
	h.log = calloc(DOWN_LOG, sizeof(*h.log));
	cr_assert_not_null(h.log);
	h.names = policy_names_create();
	cr_assert_not_null(h.names);
	cr_assert_eq(dp_shared_init(&h.shared, 1, 4095, 2048, SLAB_SOCKET_ANY), 0);
	h.ctl = ctl_create(&h.shared, &p, h.now_us);
	cr_assert_not_null(h.ctl);
}

void start(void)
{
	start_bare();
	load_world(campus);
	elapse(5000);
	forget();
}

void stop(void)
{
	forget();
	cr_assert_eq(ctl_held(h.ctl), 0, "queries left waiting: %u", ctl_held(h.ctl));
	cr_assert_eq(rte_mempool_in_use_count(h.shared.pool), 0);
	ctl_destroy(h.ctl);
	world_free(h.world);
	dp_shared_fini(&h.shared);
	policy_names_destroy(h.names);
	free(h.log);
	memset(&h, 0, sizeof(h));
	rte_eal_cleanup();
}

static void link_fill(
	struct dp_link *l, const struct config *config, uint16_t id, const struct policy *p)
{
	const struct config_link *from = &config->links[id - 1];

	l->id = id;
	l->vlan = from->vlan;
	l->mtu = from->mtu != 0 ? from->mtu : 1500;
	l->mode = from->mode == CONFIG_LINK_GATEWAY ? DP_LINK_GATEWAY : DP_LINK_OFF;
	l->mac = (struct mac_addr){{2, 0, 0, 0, 0xff, 1}};
	l->query_budget = from->query_budget;
	snprintf(l->name, sizeof(l->name), "%s", from->name);
	memcpy(l->addr6[l->n_addr6++], ip_link_local_from_mac(&l->mac).b, 16);
	for (unsigned i = 0; i < from->n_addresses; i++) {
		const struct ip_prefix *a = &from->addresses[i];

		if (a->addr.family == 4) {
			l->has_addr4 = 1;
			memcpy(&l->addr4, a->addr.b, 4);
			l->mask4[0] = htobe32(~UINT32_C(0) << (32 - a->len));
			l->pfx4[0] = l->addr4 & l->mask4[0];
			l->n_pfx4 = 1;
			continue;
		}
		memcpy(l->addr6[l->n_addr6++], a->addr.b, 16);
		memset(l->pfx6[0].mask, 0xff, a->len / 8);
		memcpy(l->pfx6[0].addr, a->addr.b, a->len / 8);
		l->n_pfx6 = 1;
	}
	l->col_in = policy_in_column(p, id);
	l->col_out = policy_out_column(p, id);
	l->col_query = policy_query_column(p, id);
	l->col_probe = policy_probe_column(p, id);
	dp_link_finish(l);
}

static struct dp_world *world_build(const char *yaml)
{
	struct yaml_errors errors = {0};
	struct config *config;
	struct dp_world *w = calloc(1, sizeof(*w));
	uint16_t ids[64];
	char why[160] = "";

	if (yaml_load_string("test.yaml", yaml, strlen(yaml), &config, &errors) < 0) {
		yaml_errors_print(&errors, stderr);
		cr_assert_fail("the test's configuration has errors");
	}
	yaml_errors_fini(&errors);
	w->generation = ++h.generation;
	w->slot = w->generation & 1;
	w->n_workers = 1;
	w->n_ids = (uint16_t)(config->n_links + 1);
	w->n_links = config->n_links;
	w->link = calloc(w->n_ids, sizeof(struct dp_link *));
	w->port[0] = calloc(1, sizeof(struct dp_port_map));
	w->port[0]->present = true;
	w->port[0]->n_queues = 1;
	for (uint16_t i = 0; i < config->n_links; i++)
		ids[i] = i + 1;
	w->policy = policy_compile(config, h.names, ids, w->n_ids, w->slot, why, sizeof(why));
	cr_assert_not_null(w->policy, "%s", why);
	w->table = policy_table(w->policy);
	for (uint16_t id = 1; id < w->n_ids; id++) {
		w->link[id] = aligned_alloc(64, sizeof(struct dp_link));
		memset(w->link[id], 0, sizeof(struct dp_link));
		link_fill(w->link[id], config, id, w->policy);
		dp_port_map_link(w->port[0], w->link[id]);
	}
	config_free(config);
	return w;
}

void world_free(struct dp_world *w)
{
	if (w == NULL)
		return;
	for (uint16_t id = 1; id < w->n_ids; id++)
		free(w->link[id]);
	free(w->link);
	free(w->port[0]);
	policy_free(w->policy);
	free(w);
}

struct ctl_request *submit_world(const char *yaml)
{
	struct ctl_request *r = calloc(1, sizeof(*r));

	r->op = CTL_REQ_WORLD;
	r->world = world_build(yaml);
	cr_assert_eq(ctl_submit(h.ctl, r), 0);
	return r;
}

void load_world(const char *yaml)
{
	struct ctl_request *r = submit_world(yaml);

	turn();
	cr_assert_eq(ctl_reply(h.ctl), r);
	cr_assert_eq(r->status, 0);
	cr_assert_eq(r->old, h.world);
	world_free(r->old);
	h.world = r->world;
	free(r);
}

static void dissect(struct down *d)
{
	const uint8_t *p = d->frame;
	size_t l2 = 14;

	d->ethertype = dns_load16(p + 12);
	if (d->ethertype == 0x8100) {
		d->vlan = dns_load16(p + 14) & 0xfff;
		d->ethertype = dns_load16(p + 16);
		l2 = 18;
	}
	d->l3 = p + l2;
	if (d->ethertype == 0x0800) {
		d->proto = d->l3[9];
		d->l4 = d->l3 + (size_t)(d->l3[0] & 0xf) * 4;
		cr_assert_eq(dns_load16(d->l3 + 2) + l2, d->len);
	} else if (d->ethertype == 0x86dd) {
		d->proto = d->l3[6];
		d->l4 = d->l3 + 40;
		cr_assert_eq(dns_load16(d->l3 + 4) + 40 + l2, d->len);
		if (d->proto == 0) {
			d->proto = d->l4[0];
			d->l4 += 8;
		}
	}
	if (d->proto == 17) {
		d->dns = d->l4 + 8;
		d->dns_len = d->len - (size_t)(d->dns - d->frame);
	}
}

static void take_down(void)
{
	struct dp_downcall call;

	while (rte_ring_dequeue_elem(h.shared.down[0], &call, sizeof(call)) == 0) {
		struct down *d = &h.log[h.n++];

		cr_assert_lt(h.n, DOWN_LOG);
		memset(d, 0, sizeof(*d));
		d->call = call;
		d->at_ms = now_ms();
		if (call.op == DP_DOWN_TX) {
			cr_assert_eq(call.m->port, 0);
			d->len = rte_pktmbuf_pkt_len(call.m);
			cr_assert_leq(d->len, sizeof(d->frame));
			memcpy(d->frame, rte_pktmbuf_mtod(call.m, void *), d->len);
			dissect(d);
		}
		if (call.op == DP_DOWN_REPLAY)
			d->pkt = *dp_pkt(call.m);
		if (call.op == DP_DOWN_TX || call.op == DP_DOWN_REPLAY)
			rte_pktmbuf_free(call.m);
	}
}

void turn(void)
{
	for (unsigned i = 0; ctl_turn(h.ctl, h.now_us) > 0; i++) {
		take_down();
		cr_assert_lt(i, 100000, "control never comes to rest");
	}
	take_down();
}

void elapse(uint32_t ms)
{
	uint32_t end = now_ms() + ms, at;

	turn();
	while (ctl_next(h.ctl, &at) && !clock_ms_before(end, at)) {
		if (clock_ms_before(now_ms(), at))
			h.now_us = clock_us_of_ms(at, h.now_us);
		else
			h.now_us += 1000;
		turn();
	}
	h.now_us = clock_us_of_ms(end, h.now_us);
	turn();
}

void forget(void)
{
	h.n = 0;
}

uint32_t now_ms(void)
{
	return clock_ms(h.now_us);
}

struct mac_addr station_mac(unsigned station)
{
	return (struct mac_addr){{2, 0, 0, 1, (uint8_t)(station >> 8), (uint8_t)station}};
}

void station_ip4(uint16_t link, unsigned station, uint8_t ip[4])
{
	const uint8_t a[4] = {10, (uint8_t)(link * 10), 0, (uint8_t)station};

	memcpy(ip, a, 4);
}

static size_t rdata_of(const struct rr *rr, uint8_t *out)
{
	struct ip_addr ip;
	int n;

	switch (rr->type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		cr_assert_eq(ip_parse(rr->data, &ip), 0);
		memcpy(out, ip.b, 16);
		return ip.family == 4 ? 4 : 16;
	case DNS_TYPE_TXT:
		out[0] = (uint8_t)strlen(rr->data);
		memcpy(out + 1, rr->data, out[0]);
		return out[0] + 1u;
	case DNS_TYPE_NSEC: {
		struct dns_type_set set = {0};
		uint8_t name[DNS_NAME_MAX];

		dns_name_from_text(rr->name, name);
		for (const char *p = rr->data; *p != '\0'; p++)
			dns_type_set_add(&set, *p == 'A' ? DNS_TYPE_A : DNS_TYPE_AAAA);
		n = dns_nsec_build(name, &set, out, 512);
		break;
	}
	case DNS_TYPE_SRV:
		memset(out, 0, 4);
		dns_store16(out + 4, rr->port != 0 ? rr->port : 631);
		n = dns_name_from_text(rr->data, out + 6);
		n = n < 0 ? n : n + 6;
		break;
	default:
		n = dns_name_from_text(rr->data, out);
		break;
	}
	cr_assert_gt(n, 0, "%s", rr->data);
	return (size_t)n;
}

/* An mbuf that holds the message alone, as if a worker had classified it. */
static struct rte_mbuf *packet(
	const uint8_t *dns, size_t len, uint16_t link, unsigned station, uint8_t flags)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(h.shared.pool);
	struct dp_pkt *pkt = dp_pkt(m);

	memcpy(rte_pktmbuf_append(m, (uint16_t)len), dns, len);
	memset(pkt, 0, sizeof(*pkt));
	pkt->link = link;
	pkt->family = 4;
	pkt->flags = flags;
	pkt->dns_len = (uint16_t)len;
	pkt->sport = 5353;
	pkt->smac = station_mac(station);
	pkt->arrived_ms = now_ms();
	station_ip4(link, station, pkt->src);
	return m;
}

void upcall(const struct dp_upcall *u)
{
	cr_assert_eq(rte_ring_enqueue_elem(h.shared.up[0], (void *)(uintptr_t)u, sizeof(*u)), 0);
	if (!h.paused)
		turn();
}

void hear_from(uint16_t link, unsigned station, const uint8_t *src4, uint8_t flags,
	const struct rr *rr, unsigned n)
{
	uint8_t msg[2000], rdata[512], name[DNS_NAME_MAX];
	struct dp_upcall u = {.op = DP_UP_RESPONSE};
	struct dns_writer w;

	dns_writer_init(&w, msg, sizeof(msg), 0, DNS_FLAG_QR | DNS_FLAG_AA);
	for (unsigned i = 0; i < n; i++) {
		size_t len = rdata_of(&rr[i], rdata);
		bool flush = !rr[i].shared && dns_type_is_unique(rr[i].type);

		cr_assert_gt(dns_name_from_text(rr[i].name, name), 0);
		cr_assert_eq(
			dns_write_rr(&w,
				rr[i].section != 0 ? (enum dns_section)rr[i].section
						   : DNS_SECTION_ANSWER,
				name, rr[i].type, DNS_CLASS_IN | (flush ? DNS_CACHE_FLUSH_BIT : 0),
				rr[i].ttl, rdata, len, 0),
			0);
	}
	u.m = packet(msg, dns_writer_finish(&w), link, station, flags | DP_PKT_RESPONSE);
	if (src4 != NULL)
		memcpy(dp_pkt(u.m)->src, src4, 4);
	upcall(&u);
}

void query(uint16_t link, unsigned station, uint64_t ask, uint64_t incomplete, const struct ask *q,
	unsigned n)
{
	uint8_t msg[1400], name[DNS_NAME_MAX];
	struct dp_upcall u = {.op = DP_UP_QUERY};
	struct dns_writer w;

	dns_writer_init(&w, msg, sizeof(msg), 0, 0);
	for (unsigned i = 0; i < n; i++) {
		cr_assert_gt(dns_name_from_text(q[i].name, name), 0);
		cr_assert_eq(dns_write_question(&w, name, q[i].type,
				     DNS_CLASS_IN | (q[i].qu ? DNS_QU_BIT : 0)),
			0);
	}
	u.m = packet(msg, dns_writer_finish(&w), link, station, DP_PKT_GROUP);
	dp_pkt(u.m)->ask = ask;
	dp_pkt(u.m)->missed = h.answered ? 0 : ask & ~incomplete;
	dp_pkt(u.m)->incomplete = incomplete;
	upcall(&u);
}

uint32_t find(uint16_t link, const char *name, uint16_t type, const char *data)
{
	const struct cache_view *v = h.shared.cache;
	const struct rr rr = {.name = name, .type = type, .data = data};
	uint8_t wire[DNS_NAME_MAX], rdata[512];
	int len = dns_name_from_text(name, wire);
	struct hash128 key;

	cr_assert_gt(len, 0);
	dns_name_canon(wire, wire, (size_t)len);
	key = cache_key(v, wire, (size_t)len, type);
	if (data == NULL) {
		uint32_t node = cache_find_node(v, key, wire, (size_t)len), idx = 0;
		struct cache_iter it;

		if (node == 0)
			return 0;
		cache_iter_init(&it, v, cache_node_at(v, node));
		while ((idx = cache_iter_next(&it)) != 0 && cache_record_at(v, idx)->link != link)
			;
		return idx;
	}
	len = (int)rdata_of(&rr, rdata);
	dns_rdata_canon(type, rdata, rdata, (size_t)len);
	return cache_find_record(v, cache_ident(v, key, rdata, (size_t)len), link);
}

struct cache_record *record(uint32_t idx)
{
	return cache_record_at(h.shared.cache, idx);
}

bool visible(uint32_t rec, uint16_t to)
{
	const struct dp_world *w = h.shared.world;
	uint32_t cls;

	cr_assert_neq(rec, 0);
	cls = record(rec)->cls[w->slot];
	return policy_permits(policy_verdict(w->table, cls, w->link[to]->col_out));
}

unsigned count(unsigned op, uint16_t link)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h.n; i++)
		n += h.log[i].call.op == op && (link == 0 || h.log[i].call.link == link);
	return n;
}

const struct down *nth(unsigned op, uint16_t link, unsigned n)
{
	for (unsigned i = 0; i < h.n; i++)
		if (h.log[i].call.op == op && (link == 0 || h.log[i].call.link == link) && n-- == 0)
			return &h.log[i];
	cr_assert_fail("no such message from control");
	return NULL;
}

bool has_question(const struct down *d, const char *name, uint16_t type, bool *qu)
{
	struct dns_question q;
	struct dns_reader r;
	uint8_t wire[DNS_NAME_MAX];

	cr_assert_gt(dns_name_from_text(name, wire), 0);
	if (d->call.op != DP_DOWN_TX || d->dns == NULL)
		return false;
	cr_assert_eq(dns_reader_init(&r, d->dns, d->dns_len), 0);
	while (dns_reader_question(&r, &q) == 1) {
		if (q.qtype != type || !dns_name_equal(q.qname, wire))
			continue;
		if (qu != NULL)
			*qu = q.qu;
		return true;
	}
	return false;
}

const struct down *asked(uint16_t link, const char *name, uint16_t type, unsigned n)
{
	for (unsigned i = 0; i < h.n; i++)
		if (h.log[i].call.link == link && has_question(&h.log[i], name, type, NULL) &&
			n-- == 0)
			return &h.log[i];
	return NULL;
}

unsigned times_asked(uint16_t link, const char *name, uint16_t type)
{
	unsigned n = 0;

	while (asked(link, name, type, n) != NULL)
		n++;
	return n;
}

unsigned answers_in(const struct down *d)
{
	struct dns_reader r;
	struct dns_rr rr;
	unsigned n = 0;

	cr_assert_eq(dns_reader_init(&r, d->dns, d->dns_len), 0);
	while (dns_reader_rr(&r, &rr) == 1)
		n += rr.section == DNS_SECTION_ANSWER;
	return n;
}

bool is_multicast(const struct down *d)
{
	return d->frame[0] & 1;
}

uint64_t counter(unsigned c)
{
	return ctl_counter(h.ctl, c);
}
