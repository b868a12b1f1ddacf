/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/conflict.h"

#include <string.h>

#include "base/log.h"
#include "cache/service.h"
#include "control/ctl.h"
#include "control/names.h"
#include "dataplane/visible.h"
#include "dns/name.h"
#include "dns/rdata.h"

LOG_MODULE(control);

#define NODE_WALK 64 /* records of a node looked at */
#define SRV_WALK 16  /* services of a host looked at */
#define CLAIMS_MAX 8 /* seats that claim one name and are compared */

/* What is held of a name at one seat. */
struct claim {
	uint32_t rec; /* one of its records; of a host an address, if there is one */
	uint32_t since_ms;
	struct ctl_seat seat;
	uint16_t flag; /* CACHE_REC_HIDDEN, CACHE_REC_CONTESTED or 0 */
	bool was_hidden;
};

int ctl_conflicts_init(struct ctl *c)
{
	return ctl_table_init(&c->conflicts.table, "conflicts", sizeof(struct ctl_conflict),
		CTL_CONFLICTS_MAX, c->socket);
}

void ctl_conflicts_fini(struct ctl *c)
{
	ctl_table_fini(&c->conflicts.table);
}

static const uint8_t *name_of(const struct ctl *c, const struct cache_record *r)
{
	return cache_node_name(c->view, cache_node_at(c->view, r->node));
}

/* The target of an SRV; NULL: none. */
static const uint8_t *host_of(const struct ctl *c, const struct cache_record *srv)
{
	const uint8_t *host = dns_rdata_name(DNS_TYPE_SRV, cache_record_rdata(c->view, srv));

	return host != NULL && host[0] != 0 ? host : NULL;
}

static void queue(struct ctl *c, uint32_t idx)
{
	struct ctl_conflict *k = ctl_table_at(&c->conflicts.table, idx);

	if (k->queued)
		return;
	k->queued = true;
	k->next = c->conflicts.queue;
	c->conflicts.queue = idx;
}

/* The name is to be looked at when the turn ends: one message says many things about it. */
static void mark(struct ctl *c, const uint8_t *name)
{
	struct hash128 key = ctl_node_key(c, name, 0);
	uint32_t idx = ctl_table_find(&c->conflicts.table, key);

	if (idx == 0) {
		idx = ctl_table_add(&c->conflicts.table, key);
		if (idx == 0) {
			CTL_INC(c, conflicts_overlooked);
			return;
		}
		memcpy(((struct ctl_conflict *)ctl_table_at(&c->conflicts.table, idx))->name, name,
			dns_name_len(name));
	}
	queue(c, idx);
}

/* Is (name, type) claimed at another seat than the record's? Its owner there is asked whether it
 * lives, if wanted. */
static bool claimed_elsewhere(struct ctl *c, const uint8_t *name, uint16_t rrtype,
	const struct cache_record *r, bool doubt)
{
	struct ctl_seat seat = ctl_seat_of(c, r);
	uint32_t node = cache_find(c->view, name, rrtype), other;
	struct cache_iter it;
	bool found = false;

	if (node == 0)
		return false;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	for (unsigned i = 0; i < NODE_WALK && (other = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *o = cache_record_at(c->view, other);

		if (ctl_seat_has(&seat, o) || !cache_record_claims(o) ||
			!cache_record_held(o, c->now_ms))
			continue;
		found = true;
		if (doubt)
			ctl_doubt(c, name, ctl_seat_of(c, o), CTL_DOUBT_MOVED);
	}
	return found;
}

static bool is_in_conflict(const struct ctl *c, const uint8_t *name)
{
	return ctl_table_count(&c->conflicts.table) > 0 &&
	       ctl_table_find(&c->conflicts.table, ctl_node_key(c, name, 0)) != 0;
}

bool ctl_conflict_shares(const struct ctl *c, const struct dp_link *l, uint16_t rrtype,
	const uint8_t *rdata, const struct mac_addr *mac)
{
	uint32_t node = l->isolated && rrtype == DNS_TYPE_PTR
				? cache_find(c->view, rdata, DNS_TYPE_SRV)
				: 0;
	struct cache_iter it;
	uint32_t rec;

	if (node == 0)
		return false;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	for (unsigned i = 0; i < NODE_WALK && (rec = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (r->link == l->id && cache_record_held(r, c->now_ms) &&
			!dp_owned_by(c->view, r, mac))
			return true;
	}
	return false;
}

void ctl_conflict_added(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const uint8_t *name = name_of(c, r), *host;

	if (c->world == NULL || !cache_record_claims(r))
		return;
	ctl_tiebreak_over(c, name, r->link);
	if (claimed_elsewhere(c, name, r->rrtype, r, true) || is_in_conflict(c, name))
		mark(c, name);
	/* Services speak for or against their hosts being one. */
	host = r->rrtype == DNS_TYPE_SRV ? host_of(c, r) : NULL;
	if (host != NULL && (claimed_elsewhere(c, host, DNS_TYPE_A, r, false) ||
				    claimed_elsewhere(c, host, DNS_TYPE_AAAA, r, false)))
		mark(c, host);
}

void ctl_conflict_leaving(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const uint8_t *host;
	uint32_t idx;

	if (ctl_table_count(&c->conflicts.table) == 0 || !cache_record_claims(r))
		return;
	idx = ctl_table_find(&c->conflicts.table, ctl_node_key(c, name_of(c, r), 0));
	if (idx != 0)
		queue(c, idx);
	host = r->rrtype == DNS_TYPE_SRV ? host_of(c, r) : NULL;
	idx = host != NULL ? ctl_table_find(&c->conflicts.table, ctl_node_key(c, host, 0)) : 0;
	if (idx != 0)
		queue(c, idx);
}

void ctl_conflict_world(struct ctl *c)
{
	for (uint32_t i = 1; i < slab_limit(c->conflicts.table.slab); i++)
		if (slab_live(c->conflicts.table.slab, i))
			queue(c, i);
}

/* Gathers who claims the name. */
static unsigned claims_of(const struct ctl *c, const uint8_t *name, struct claim claim[CLAIMS_MAX])
{
	struct ctl_name_walk w = {.name = name};
	unsigned n = 0, i;
	uint32_t rec;

	while ((rec = ctl_name_next(c, &w)) != 0) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (!cache_record_held(r, c->now_ms))
			continue;
		for (i = 0; i < n && !ctl_seat_has(&claim[i].seat, r); i++)
			;
		if (i == CLAIMS_MAX)
			continue;
		if (i == n)
			claim[n++] = (struct claim){
				.rec = rec, .seat = ctl_seat_of(c, r), .since_ms = r->learned_ms};
		if (clock_ms_before(r->learned_ms, claim[i].since_ms))
			claim[i].since_ms = r->learned_ms;
		claim[i].was_hidden |= (atomic_load_explicit(&r->flags, memory_order_relaxed) &
					       CACHE_REC_HIDDEN) != 0;
	}
	return n;
}

/* How the records of (name, type) at two seats compare. */
enum compared { SAME, DIFFERENT, ONE_SIDED };

static enum compared compare(const struct ctl *c, const uint8_t *name, uint16_t rrtype,
	const struct ctl_seat *sa, const struct ctl_seat *sb)
{
	uint32_t node = cache_find(c->view, name, rrtype), rec;
	uint64_t a[NODE_WALK];
	unsigned n = 0, others = 0;
	struct cache_iter it;

	if (node == 0)
		return ONE_SIDED;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	for (unsigned i = 0; i < NODE_WALK && (rec = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (ctl_seat_has(sa, r) && cache_record_held(r, c->now_ms))
			a[n++] = r->ident;
	}
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	for (unsigned i = 0; i < NODE_WALK && (rec = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (!ctl_seat_has(sb, r) || !cache_record_held(r, c->now_ms))
			continue;
		others++;
		for (unsigned k = 0; k < n; k++)
			if (a[k] == r->ident)
				return SAME; /* identical rdata is no conflict (§9) */
	}
	return n > 0 && others > 0 ? DIFFERENT : ONE_SIDED;
}

/* Several records may be one host's if one of them is at both seats, so a change that has reached
 * the one link and not yet the other is no conflict. */
static bool instances_differ(const struct ctl *c, const uint8_t *name, const struct ctl_seat *sa,
	const struct ctl_seat *sb)
{
	return compare(c, name, DNS_TYPE_SRV, sa, sb) == DIFFERENT ||
	       compare(c, name, DNS_TYPE_TXT, sa, sb) == DIFFERENT;
}

/* Are two seats' hosts of one name different ones? Only their services can tell: a host with two
 * links has an address on each. */
static bool hosts_differ(
	const struct ctl *c, const uint8_t *name, const struct claim *a, const struct claim *b)
{
	bool services = false;
	unsigned n = 0;

	if (compare(c, name, DNS_TYPE_A, &a->seat, &b->seat) == SAME ||
		compare(c, name, DNS_TYPE_AAAA, &a->seat, &b->seat) == SAME)
		return false;
	for (uint32_t srv = ctl_grant_first_srv(c, a->rec); srv != 0 && n < SRV_WALK;
		srv = ctl_grant_next_srv(c, srv), n++) {
		const struct cache_record *s = cache_record_at(c->view, srv);
		const uint8_t *instance = name_of(c, s);

		if (!ctl_seat_has(&a->seat, s) || !cache_record_held(s, c->now_ms))
			continue;
		services = true;
		if (compare(c, instance, DNS_TYPE_SRV, &a->seat, &b->seat) == SAME &&
			!instances_differ(c, instance, &a->seat, &b->seat))
			return false;
	}
	if (!services)
		return false;
	for (uint32_t srv = ctl_grant_first_srv(c, b->rec); srv != 0;
		srv = ctl_grant_next_srv(c, srv)) {
		const struct cache_record *s = cache_record_at(c->view, srv);

		if (ctl_seat_has(&b->seat, s) && cache_record_held(s, c->now_ms))
			return true;
	}
	return false;
}

static bool rivals(
	const struct ctl *c, const uint8_t *name, const struct claim *a, const struct claim *b)
{
	const struct cache_record *ra = cache_record_at(c->view, a->rec);
	const struct cache_record *rb = cache_record_at(c->view, b->rec);
	struct dns_service_name sd;

	if (dp_same_owner(c->world, c->view, ra, rb))
		return false;
	dns_service_parse(name, &sd);
	switch (sd.kind) {
	case DNS_NAME_INSTANCE:
		return instances_differ(c, name, &a->seat, &b->seat);
	case DNS_NAME_REVERSE4:
	case DNS_NAME_REVERSE6:
		return false;
	default:
		return hosts_differ(c, name, a, b);
	}
}

/* Who was kept goes before who was not, and the older claim before the younger one. */
static bool goes_before(const struct claim *a, const struct claim *b)
{
	if (a->was_hidden != b->was_hidden)
		return b->was_hidden;
	return clock_ms_before(a->since_ms, b->since_ms);
}

static void sort(struct claim *claim, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		struct claim x = claim[i];
		unsigned k = i;

		for (; k > 0 && goes_before(&x, &claim[k - 1]); k--)
			claim[k] = claim[k - 1];
		claim[k] = x;
	}
}

/* Decides who keeps the name. */
static void judge(const struct ctl *c, const uint8_t *name, struct claim *claim, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		const struct dp_link *l = ctl_gateway_link(c, claim[i].seat.link);
		bool lenient = l != NULL && l->conflicts_report;

		for (unsigned k = 0; k < i && claim[i].flag != CACHE_REC_HIDDEN; k++) {
			if (claim[k].flag == CACHE_REC_HIDDEN ||
				!rivals(c, name, &claim[k], &claim[i]))
				continue;
			claim[i].flag = lenient ? CACHE_REC_CONTESTED : CACHE_REC_HIDDEN;
			claim[k].flag = CACHE_REC_CONTESTED;
		}
	}
}

/* The service is seen again: browsers hear of it, with what resolves it. */
static void tell_instance(struct ctl *c, const uint8_t *name, uint16_t link)
{
	uint32_t ptr = ctl_name_pointer(c, name, link);

	if (ptr != 0 && cache_record_live(cache_record_at(c->view, ptr), c->now_ms))
		ctl_tell_soon(c, ptr);
}

static void tell_claim(struct ctl *c, const uint8_t *name, const struct claim *k)
{
	unsigned n = 0;

	tell_instance(c, name, k->seat.link);
	if (cache_record_at(c->view, k->rec)->rrtype == DNS_TYPE_SRV)
		return;
	for (uint32_t srv = ctl_grant_first_srv(c, k->rec); srv != 0 && n < SRV_WALK;
		srv = ctl_grant_next_srv(c, srv), n++)
		tell_instance(c, name_of(c, cache_record_at(c->view, srv)), k->seat.link);
}

static void report(
	const struct ctl *c, const uint8_t *name, const struct claim *kept, const struct claim *k)
{
	const struct dp_link *a = ctl_gateway_link(c, kept->seat.link),
			     *b = ctl_gateway_link(c, k->seat.link);
	char text[DNS_NAME_TEXT_MAX], quoted[2 * DNS_NAME_TEXT_MAX];

	if (a == NULL || b == NULL || dns_name_to_text(name, text, sizeof(text)) < 0)
		return;
	LOG_LIMITED(LOG_LEVEL_NOTICE, "name claimed by two hosts", "name=%s link=%s other=%s",
		log_quote(quoted, sizeof(quoted), text, strlen(text)), a->name, b->name);
}

static const struct mac_addr *owner_mac(const struct ctl *c, const struct claim *k)
{
	return &cache_station_at(c->view, cache_record_at(c->view, k->rec)->station)->mac;
}

/* Marks the records of the claims. True: some claim is another's rival. */
static bool apply(struct ctl *c, const uint8_t *name, const struct claim *claim, unsigned n)
{
	bool changed[CLAIMS_MAX] = {false}, some = false;
	struct ctl_name_walk w = {.name = name};
	uint32_t rec;

	while ((rec = ctl_name_next(c, &w)) != 0) {
		const struct cache_record *r = cache_record_at(c->view, rec);
		unsigned i = 0;

		while (i < n && !ctl_seat_has(&claim[i].seat, r))
			i++;
		if (i == n)
			continue;
		if (!cache_conflict(c->cache, rec, claim[i].flag))
			continue;
		changed[i] = true;
		if (claim[i].flag != CACHE_REC_HIDDEN)
			ctl_wait_arrived(c, rec);
	}
	for (unsigned i = 0; i < n; i++) {
		some |= claim[i].flag != 0;
		if (!changed[i])
			continue;
		if (claim[i].was_hidden && claim[i].flag != CACHE_REC_HIDDEN)
			tell_claim(c, name, &claim[i]);
		if (i > 0 && claim[i].flag != 0 && !claim[i].was_hidden) {
			CTL_INC(c, names_in_conflict);
			report(c, name, &claim[0], &claim[i]);
			ctl_note_conflict(c, name, claim[0].seat.link, owner_mac(c, &claim[0]),
				claim[i].seat.link, owner_mac(c, &claim[i]));
		}
	}
	return some;
}

/* The hosts of an instance that several links have: it may now speak otherwise for them. */
static void mark_hosts(struct ctl *c, const uint8_t *name)
{
	uint32_t node = cache_find(c->view, name, DNS_TYPE_SRV), rec;
	struct cache_iter it;

	if (node == 0)
		return;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	for (unsigned i = 0; i < NODE_WALK && (rec = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);
		const uint8_t *host = host_of(c, r);

		if (host != NULL && (claimed_elsewhere(c, host, DNS_TYPE_A, r, false) ||
					    claimed_elsewhere(c, host, DNS_TYPE_AAAA, r, false)))
			mark(c, host);
	}
}

static void settle(struct ctl *c, uint32_t idx)
{
	struct ctl_conflict *k = ctl_table_at(&c->conflicts.table, idx);
	struct claim claim[CLAIMS_MAX];
	unsigned n = claims_of(c, k->name, claim);

	k->queued = false;
	sort(claim, n);
	judge(c, k->name, claim, n);
	if (n > 1)
		mark_hosts(c, k->name);
	/* mark() may have queued the name again. */
	if (!apply(c, k->name, claim, n) && !k->queued)
		ctl_table_del(&c->conflicts.table, idx);
}

unsigned ctl_conflict_turn(struct ctl *c, unsigned budget)
{
	unsigned done = 0;

	for (; done < budget && c->conflicts.queue != 0; done++) {
		uint32_t idx = c->conflicts.queue;

		c->conflicts.queue =
			((struct ctl_conflict *)ctl_table_at(&c->conflicts.table, idx))->next;
		settle(c, idx);
	}
	return done;
}
