/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_hash.h>

#include "dns/name.h"

#define ALL UINT32_MAX

struct fixture fx;

const struct cache_limits roomy = {
	.records = 20000,
	.records_per_station = 20000,
	.records_per_link = 20000,
	.ttl = 86400,
	.stations = 1000,
	.links = 16,
};

static void tell(enum told kind, uint32_t rec, unsigned stage)
{
	fx.told[kind]++;
	if (fx.n_log < TOLD_LOG)
		fx.log[fx.n_log++] = (struct told_event){kind, rec, stage, fx.now};
}

static void added(void *arg, uint32_t rec)
{
	(void)arg;
	cr_assert(cache_record_is_live(fx.view, rec));
	tell(TOLD_ADDED, rec, 0);
}

static void removing(void *arg, uint32_t rec)
{
	(void)arg;
	/* Still whole in the call. */
	cr_assert(cache_record_is_live(fx.view, rec));
	cr_assert_not_null(cache_record_rdata(fx.view, record(rec)));
	tell(TOLD_REMOVING, rec, 0);
}

static void dying(void *arg, uint32_t rec)
{
	(void)arg;
	cr_assert_not(answerable(rec));
	tell(TOLD_DYING, rec, 0);
}

static void due(void *arg, uint32_t rec, unsigned stage)
{
	(void)arg;
	tell(TOLD_DUE, rec, stage);
}

static const struct cache_ops ops = {
	.added = added,
	.removing = removing,
	.dying = dying,
	.due = due,
};

void start_eal(void)
{
	static char args[][24] = {"test", "--no-huge", "-m", "256", "--no-shconf", "--no-telemetry",
		"--no-pci", "-l", "0", "--log-level=*:error"};
	enum { ARGC = sizeof(args) / sizeof(args[0]) };
	char *argv[ARGC + 1] = {NULL};

	for (int i = 0; i < ARGC; i++)
		argv[i] = args[i];
	cr_assert_geq(rte_eal_init(ARGC, argv), 0);
}

void start_cache(const struct cache_limits *limits, uint32_t defer_capacity)
{
	static const struct sip_key key = {{UINT64_C(0x0706050403020100), 0x42}};

	memset(&fx, 0, sizeof(fx));
	fx.now = UINT32_MAX - 5000; /* so that the clock wraps in most tests */
	cr_assert_eq(rcu_create(&fx.rcu, READERS, SLAB_SOCKET_ANY, &slab_mem_plain), 0);
	cr_assert_eq(
		defer_init(&fx.defer, &fx.rcu, defer_capacity, SLAB_SOCKET_ANY, &slab_mem_plain),
		0);
	fx.cache = cache_create(
		"test", limits, &key, &fx.defer, &ops, NULL, SLAB_SOCKET_ANY, fx.now, 1);
	cr_assert_not_null(fx.cache);
	fx.view = cache_view(fx.cache);
}

void start_roomy(void)
{
	start_eal();
	start_cache(&roomy, 65536);
}

void stop(void)
{
	/* A test that failed may have left them online. */
	for (unsigned id = 0; id < READERS; id++)
		rcu_offline(&fx.rcu, id);
	cache_destroy(fx.cache);
	defer_fini(&fx.defer);
	rcu_destroy(&fx.rcu);
	rte_eal_cleanup();
}

struct mac_addr station_mac(unsigned station)
{
	return (struct mac_addr){
		{2, 0, 0, (uint8_t)(station >> 16), (uint8_t)(station >> 8), (uint8_t)station}};
}

static uint16_t rdata_of(const struct say *s, uint8_t *out)
{
	struct ip_addr ip;

	switch (s->type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		cr_assert_eq(ip_parse(s->rdata, &ip), 0);
		memcpy(out, ip.b, 16);
		return ip.family == 4 ? 4 : 16;
	case DNS_TYPE_PTR:
		return (uint16_t)dns_name_from_text(s->rdata, out);
	case DNS_TYPE_SRV:
		memcpy(out, "\0\0\0\0\x02\x77", 6);
		return (uint16_t)(6 + dns_name_from_text(s->rdata, out + 6));
	case DNS_TYPE_TXT:
		out[0] = (uint8_t)strlen(s->rdata);
		memcpy(out + 1, s->rdata, out[0]);
		return (uint16_t)(1 + out[0]);
	default:
		memcpy(out, s->rdata, strlen(s->rdata));
		return (uint16_t)strlen(s->rdata);
	}
}

enum cache_outcome say_record(const struct say *s)
{
	uint8_t name[DNS_NAME_MAX], rdata[600];
	int name_len = dns_name_from_text(s->name, name);
	struct cache_learn l = {
		.name = name,
		.name_len = (uint8_t)name_len,
		.cache_flush = s->flush,
		.rrtype = s->type,
		.rdata = rdata,
		.rdlen = rdata_of(s, rdata),
		.link = s->link != 0 ? s->link : 1,
		.ttl = s->goodbye    ? 0
		       : s->ttl != 0 ? s->ttl
				     : 120,
		.link_local = s->link_local,
		.mac = station_mac(s->station != 0 ? s->station : 1),
	};

	cr_assert_gt(name_len, 0);
	return cache_learn(fx.cache, &l, fx.now, &fx.rec);
}

uint32_t must_learn(const struct say *s)
{
	enum cache_outcome outcome = say_record(s);

	cr_assert_leq(outcome, CACHE_COPY, "%s: outcome %d", s->name, (int)outcome);
	cr_assert_neq(fx.rec, 0);
	return fx.rec;
}

uint32_t node_of(const char *name, uint16_t type)
{
	uint8_t wire[DNS_NAME_MAX], canon[DNS_NAME_MAX];
	size_t len = (size_t)dns_name_from_text(name, wire);

	dns_name_canon(canon, wire, len);
	return cache_find_node(fx.view, cache_key(fx.view, canon, len, type), wire, len);
}

struct cache_record *record(uint32_t rec)
{
	return cache_record_at(fx.view, rec);
}

bool answerable(uint32_t rec)
{
	return cache_record_is_live(fx.view, rec) && cache_record_live(record(rec), fx.now);
}

unsigned listed(uint32_t node, uint32_t out[], unsigned cap)
{
	struct cache_iter it;
	unsigned n = 0;
	uint32_t rec;

	cache_iter_init(&it, fx.view, cache_node_at(fx.view, node));
	while ((rec = cache_iter_next(&it)) != 0) {
		cr_assert_lt(n, cap, "more records than there can be: the list loops");
		out[n++] = rec;
	}
	return n;
}

unsigned check_chunks(uint32_t node)
{
	struct cache_node *n = cache_node_at(fx.view, node);
	unsigned chunks = 0, sum = 0;
	uint32_t prev = 0, h;

	for (h = n->head; h != 0; chunks++) {
		const struct cache_chunk *ch = cache_chunk_at(fx.view, h);

		cr_assert_eq(ch->prev, prev);
		cr_assert_eq(ch->node, node);
		cr_assert(ch->count > 0 && ch->count <= ch->cap);
		for (unsigned i = 0; i < ch->count; i++) {
			cr_assert_eq(record(ch->slot[i])->chunk, h);
			cr_assert_eq(record(ch->slot[i])->chunk_pos, i);
			cr_assert_eq(record(ch->slot[i])->node, node);
		}
		sum += ch->count;
		prev = h;
		h = ch->next;
	}
	cr_assert_eq(n->tail, prev);
	cr_assert_eq(n->count, sum);
	return chunks;
}

void settle(void)
{
	while (cache_turn(fx.cache, fx.now, ALL) + defer_turn(&fx.defer, ALL) > 0)
		;
}

void elapse(uint32_t ms)
{
	uint32_t end = fx.now + ms, at;

	settle();
	while (cache_next(fx.cache, &at) && !clock_ms_before(end, at)) {
		/* Something that waits for the deferral is due in the past. */
		fx.now = clock_ms_before(fx.now, at) ? at : fx.now + 1;
		if (clock_ms_before(end, fx.now))
			break;
		settle();
	}
	fx.now = end;
	settle();
}

void log_clear(void)
{
	fx.n_log = 0;
	memset(fx.told, 0, sizeof(fx.told));
}

struct cache_stats stats(void)
{
	struct cache_stats s;

	cache_stats(fx.cache, &s);
	return s;
}

void expect_nothing_left(void)
{
	struct cache_stats s = stats();

	cr_assert_eq(s.records, 0);
	cr_assert_eq(s.nodes, 0, "%u nodes left", s.nodes);
	cr_assert_eq(s.hints, 0);
	cr_assert_eq(s.stations, 0);
	cr_assert_eq(defer_pending(&fx.defer), 0);
	cr_assert_eq(slab_in_use(fx.view->record_slab), 0);
	cr_assert_eq(slab_in_use(fx.view->node_slab), 0);
	cr_assert_eq(slab_in_use(fx.view->station_slab), 0);
	cr_assert_eq(slab_in_use(fx.view->chunk_small), 0);
	cr_assert_eq(slab_in_use(fx.view->chunk_large), 0);
	cr_assert_eq(fx.view->blobs->count, 0);
	cr_assert_eq(blob_in_use(fx.view->blobs), 0);
	/* Counts positions not given back, too. */
	cr_assert_eq(rte_hash_count(fx.view->nodes), 0);
	cr_assert_eq(rte_hash_count(fx.view->idents), 0);
	cr_assert_eq(rte_hash_count(fx.view->stations), 0);
}

void remove_all(void)
{
	settle();
	for (uint32_t i = 1; i <= cache_record_max(fx.cache); i++) {
		if (cache_record_is_live(fx.view, i)) {
			cr_assert_eq(cache_remove(fx.cache, i, fx.now), 0);
			settle();
		}
	}
	elapse(CACHE_HINT_MS);
	expect_nothing_left();
}
