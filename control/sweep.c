/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/sweep.h"

#include <errno.h>
#include <string.h>

#include "cache/service.h"
#include "control/ctl.h"
#include "dns/name.h"
#include "dns/service.h"

#define TICK_MS 50
#define ENUMERATE_MS 3500 /* three questions in three seconds (RFC 6762 §5.2) */
#define INSTANCES_MS 3500

static const uint8_t enumeration[] = "\x09_services\x07_dns-sd\x04_udp\x05local";

static struct ctl_sweep *sweep(struct ctl *c)
{
	return c->sweeps.r->sweep;
}

/* --- what was found -------------------------------------------------------------------------- */

/* Is it new? Then it is remembered; a full table remembers nothing, and all is old. */
static bool is_new(struct ctl *c, uint16_t link, const uint8_t *name)
{
	struct ctl_sweep *s = sweep(c);
	uint8_t canon[DNS_NAME_MAX + 1];
	size_t len = dns_name_len(name);
	uint64_t h;

	dns_name_canon(canon, name, len);
	h = siphash24(&c->key, canon, len) ^ link * UINT64_C(0x9e3779b97f4a7c15);
	h |= h == 0;
	for (uint32_t i = 0, at = (uint32_t)h & (s->max_seen - 1); i < 64; i++) {
		if (s->seen[at] == h)
			return false;
		if (s->seen[at] == 0) {
			s->seen[at] = h;
			return true;
		}
		at = (at + 1) & (s->max_seen - 1);
	}
	return false;
}

static void found(struct ctl *c, const struct ctl_found *f)
{
	struct ctl_sweep *s = sweep(c);
	uint32_t n = atomic_load_explicit(&s->n, memory_order_relaxed);

	if (!is_new(c, f->link, f->name))
		return;
	if (n == s->max) {
		atomic_store_explicit(&s->overlooked,
			atomic_load_explicit(&s->overlooked, memory_order_relaxed) + 1,
			memory_order_relaxed);
		return;
	}
	s->found[n] = *f;
	atomic_store_explicit(&s->n, n + 1, memory_order_release);
}

/* --- types ----------------------------------------------------------------------------------- */

static uint32_t type_index(struct ctl_sweep *s, const uint8_t *name)
{
	uint8_t canon[DNS_NAME_MAX + 1];
	size_t len = dns_name_len(name);

	if (len > CTL_SWEEP_TYPE_BYTES)
		return CTL_SWEEP_TYPES;
	dns_name_canon(canon, name, len);
	for (uint32_t i = 0; i < s->n_types; i++)
		if (dns_name_equal(s->type[i], canon))
			return i;
	if (s->n_types == CTL_SWEEP_TYPES)
		return CTL_SWEEP_TYPES;
	memcpy(s->type[s->n_types], canon, len);
	return s->n_types++;
}

static void ask(struct ctl *c, uint16_t link, const uint8_t *name)
{
	struct ctl_ask a = {
		.qname = name, .qtype = DNS_TYPE_PTR, .link = link, .how = CTL_ASK_PINNED};

	ctl_question_ask(c, &a);
}

/* What the cache holds of the type on the link: those who said so will not say it again, since we
 * tell them that we know. */
static void take_held(struct ctl *c, uint16_t link, const uint8_t *type)
{
	uint32_t node = cache_find(c->view, type, DNS_TYPE_PTR), idx;
	struct cache_iter it;

	if (node == 0)
		return;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	while ((idx = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(c->view, idx);
		const struct cache_station *st;
		struct dns_service_name sd;
		struct ctl_found f = {.link = link};

		if (r->link != link || r->station == 0 || !cache_record_live(r, c->now_ms) ||
			r->rdlen > DNS_NAME_MAX)
			continue;
		st = cache_station_at(c->view, r->station);
		memcpy(f.name, cache_record_rdata(c->view, r), r->rdlen);
		dns_service_parse(f.name, &sd);
		f.type_off = sd.type_off;
		f.mac = st->mac;
		if (memcmp(st->ip4, "\0\0\0\0", 4) != 0) {
			f.family = 4;
			memcpy(f.ip, st->ip4, 4);
		} else {
			f.family = 6;
			memcpy(f.ip, st->ip6, 16);
		}
		found(c, &f);
	}
}

static void ask_instances(struct ctl *c, struct ctl_sweep_link *at, uint32_t type)
{
	take_held(c, at->id, sweep(c)->type[type]);
	ask(c, at->id, sweep(c)->type[type]);
}

/* The link has this type. */
static void has_type(struct ctl *c, struct ctl_sweep_link *at, const uint8_t *name)
{
	uint32_t i = type_index(sweep(c), name);

	if (i == CTL_SWEEP_TYPES || (at->has[i / 64] >> i % 64 & 1) != 0)
		return;
	at->has[i / 64] |= UINT64_C(1) << i % 64;
	if (at->instances)
		ask_instances(c, at, i);
}

/* --- what is heard --------------------------------------------------------------------------- */

static void heard_pointer(struct ctl *c, struct ctl_sweep_link *at, const struct dp_pkt *pkt,
	const struct dns_service_name *owner, const uint8_t *rdata)
{
	struct ctl_found f = {.link = pkt->link, .mac = pkt->smac, .family = pkt->family};
	struct dns_service_name sd;

	dns_service_parse(rdata, &sd);
	if (owner->kind == DNS_NAME_TYPE_ENUM && sd.kind == DNS_NAME_SERVICE_TYPE) {
		has_type(c, at, rdata);
	} else if (owner->kind == DNS_NAME_SERVICE_TYPE && sd.kind == DNS_NAME_INSTANCE) {
		f.type_off = sd.type_off;
		memcpy(f.ip, pkt->src, sizeof(f.ip));
		memcpy(f.name, rdata, dns_name_len(rdata));
		found(c, &f);
	}
}

void ctl_sweep_heard(
	struct ctl *c, const struct dp_link *l, const struct dp_pkt *pkt, const uint8_t *dns)
{
	struct dns_rr *rr = &c->scratch.rr;
	struct ctl_sweep_link *at = NULL;
	struct dns_reader reader;
	int rc;

	for (unsigned i = 0; c->sweeps.r != NULL && i < CTL_SWEEP_AT_ONCE; i++)
		if (c->sweeps.at[i].id == l->id)
			at = &c->sweeps.at[i];
	if (at == NULL || dns_reader_init(&reader, dns, pkt->dns_len) < 0)
		return;
	while ((rc = dns_reader_rr(&reader, rr)) != 0 && rc != -EBADMSG) {
		struct dns_service_name sd;

		if (rc != 1 || rr->rrtype != DNS_TYPE_PTR || rr->ttl == 0 ||
			rr->section == DNS_SECTION_AUTHORITY ||
			dns_rdata_expand(&reader, rr, c->scratch.rdata, sizeof(c->scratch.rdata)) <
				0)
			continue;
		dns_service_parse(rr->name, &sd);
		heard_pointer(c, at, pkt, &sd, c->scratch.rdata);
	}
}

/* --- one link after the other ---------------------------------------------------------------- */

/* Types that the cache has of the link need not be told by it: they are known to be there. */
static void begin_instances(struct ctl *c, struct ctl_sweep_link *at)
{
	struct ctl_sweep *s = sweep(c);

	at->instances = true;
	at->until_ms = c->now_ms + INSTANCES_MS;
	for (uint32_t i = 0; i < s->n_asked_types; i++)
		at->has[i / 64] |= UINT64_C(1) << i % 64;
	for (uint32_t i = 0; i < s->n_types; i++)
		if (at->has[i / 64] >> i % 64 & 1)
			ask_instances(c, at, i);
}

/* All types that the cache holds records of, on any link. */
static void take_held_types(struct ctl *c, struct ctl_sweep_link *at)
{
	for (uint32_t i = 0; i < c->types.n; i++) {
		const struct cache_node *n = cache_node_at(c->view, c->types.node[i]);
		struct cache_iter it;
		uint32_t idx;

		cache_iter_init(&it, c->view, n);
		while ((idx = cache_iter_next(&it)) != 0)
			if (cache_record_at(c->view, idx)->link == at->id)
				break;
		if (idx != 0)
			has_type(c, at, cache_node_name(c->view, n));
	}
}

/* The next link in the free place. False: there is none left. */
static bool begin_link(struct ctl *c, struct ctl_sweep_link *at)
{
	struct ctl_sweep *s = sweep(c);

	while (c->sweeps.next < s->n_links) {
		const struct dp_link *l = ctl_gateway_link(c, s->link[c->sweeps.next++]);

		if (l == NULL) {
			atomic_fetch_add_explicit(&s->links_done, 1, memory_order_relaxed);
			continue;
		}
		*at = (struct ctl_sweep_link){.id = l->id, .until_ms = c->now_ms + ENUMERATE_MS};
		if (s->enumerate) {
			ask(c, l->id, enumeration);
			take_held_types(c, at);
		} else {
			begin_instances(c, at);
		}
		return true;
	}
	return false;
}

static void end(struct ctl *c)
{
	struct ctl_request *r = c->sweeps.r;

	c->sweeps.r = NULL;
	memset(c->sweeps.at, 0, sizeof(c->sweeps.at));
	r->status = 0;
	/* There is room: requests are not taken up without, and this one was. */
	rte_ring_enqueue(c->replies, r);
}

/* A link's time is over, or its place is free: goes on to what is next there. True: the cache was
 * walked for it. */
static bool advance(struct ctl *c, struct ctl_sweep_link *at)
{
	struct ctl_sweep *s = sweep(c);

	if (at->id != 0 && !clock_ms_before(c->now_ms, at->until_ms)) {
		if (!at->instances && ctl_gateway_link(c, at->id) != NULL) {
			begin_instances(c, at);
			return true;
		}
		at->id = 0;
		atomic_fetch_add_explicit(&s->links_done, 1, memory_order_relaxed);
	}
	return at->id == 0 && !atomic_load_explicit(&s->cancel, memory_order_relaxed) &&
	       begin_link(c, at);
}

static void tick(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_sweep *s = sweep(c);
	unsigned busy = 0;
	bool walked = false;

	/* One walk of the cache at a time: where it holds a million records, packets wait. */
	for (unsigned i = 0; i < CTL_SWEEP_AT_ONCE; i++) {
		walked = walked || advance(c, &c->sweeps.at[i]);
		busy += c->sweeps.at[i].id != 0;
	}
	if ((busy == 0 || atomic_load_explicit(&s->cancel, memory_order_relaxed)) &&
		!rte_ring_full(c->replies))
		end(c);
	else
		ctl_arm(c, t, c->now_ms + TICK_MS, tick);
}

int ctl_sweep_begin(struct ctl *c, struct ctl_request *r)
{
	if (c->sweeps.r != NULL)
		return -EBUSY;
	memset(&c->sweeps.at, 0, sizeof(c->sweeps.at));
	c->sweeps.r = r;
	c->sweeps.next = 0;
	tick(c, &c->sweeps.timer);
	return 0;
}
