/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/additional.h"

#include "dataplane/answer.h"
#include "cache/service.h"
#include "dataplane/negative.h"
#include "dns/rdata.h"

struct walk {
	struct dp_worker *w;
	const struct dp_link *l;
	const struct dp_viewer *asker;
	dp_additional_cb cb;
	dp_negative_cb none; /* may be NULL */
	void *arg;
	bool done;
};

uint32_t dp_rrset_ttl(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	const struct cache_node *node)
{
	uint32_t ttl = UINT32_MAX, idx;
	struct cache_iter it;

	cache_iter_init(&it, w->cache, node);
	while ((idx = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(w->cache, idx);
		uint32_t left;

		if (!dp_answer_usable(w, l, asker, r))
			continue;
		left = cache_record_ttl_told(w->cache, r, w->now_ms);
		if (left < ttl)
			ttl = left;
	}
	return ttl == UINT32_MAX ? 0 : ttl;
}

/*
 * The usable records of (name, rrtype) that belong with record `of`: those of its owner, and of
 * addresses all that are no other host's. Is anything of it known on the asker's own link, its
 * owner is near and nothing is told: our flush bit would drop the owner's own records (RFC 6762
 * §10.2).
 */
/* Were there any? */
static bool rrset(
	struct walk *k, const uint8_t *name, uint16_t rrtype, const struct cache_record *of)
{
	bool address = rrtype == DNS_TYPE_A || rrtype == DNS_TYPE_AAAA;
	uint32_t node_idx = cache_find(k->w->cache, name, rrtype), idx, ttl;
	const struct cache_node *node;
	struct cache_iter it;
	bool contested = false, some = false;

	if (node_idx == 0 || k->done)
		return false;
	node = cache_node_at(k->w->cache, node_idx);
	cache_iter_init(&it, k->w->cache, node);
	while ((idx = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(k->w->cache, idx);

		if (dp_is_near(k->l, r) && cache_record_held(r, k->w->now_ms))
			return false;
		contested |= dp_is_contested(r);
	}
	if (contested && !k->l->isolated &&
		cache_name_held(k->w->cache, name, k->l->id, NULL, k->w->now_ms))
		return false;
	ttl = dp_rrset_ttl(k->w, k->l, k->asker, node);
	cache_iter_init(&it, k->w->cache, node);
	while ((idx = cache_iter_next(&it)) != 0 && !k->done) {
		const struct cache_record *r = cache_record_at(k->w->cache, idx);

		if (((!address || dp_is_contested(r)) &&
			    !dp_same_owner(k->w->world, k->w->cache, r, of)) ||
			!dp_answer_usable(k->w, k->l, k->asker, r))
			continue;
		k->done = !k->cb(k->arg, idx, r, ttl);
		some = true;
	}
	return some;
}

/* A host's addresses of one family, or that it has none. */
static void family(
	struct walk *k, const uint8_t *host, uint16_t rrtype, const struct cache_record *of)
{
	struct dp_negative n;

	if (!rrset(k, host, rrtype, of) && k->none != NULL && !k->done &&
		dp_negative_find(k->w, k->l, k->asker, host, rrtype, &n))
		k->none(k->arg, &n);
}

void dp_rrset_walk(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	const struct cache_record *of, dp_additional_cb cb, void *arg)
{
	struct walk k = {.w = w, .l = l, .asker = asker, .cb = cb, .arg = arg};

	rrset(&k, cache_node_name(w->cache, cache_node_at(w->cache, of->node)), of->rrtype, of);
}

/* srv: the record that names the host. */
static void addresses(struct walk *k, const uint8_t *host, const struct cache_record *srv)
{
	family(k, host, DNS_TYPE_A, srv);
	family(k, host, DNS_TYPE_AAAA, srv);
}

/*
 * A record of the owner whose SRV, TXT and addresses go with the PTR: itself, but where stations
 * contend for the name (RFC 6762 §9) and have the PTR in common; the first of them then.
 */
static const struct cache_record *owner_of(
	const struct walk *k, const struct cache_node *srv, const struct cache_record *ptr)
{
	const struct cache_record *first = ptr;
	struct cache_iter it;
	uint32_t idx;

	cache_iter_init(&it, k->w->cache, srv);
	while ((idx = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(k->w->cache, idx);

		if (r->link != ptr->link || !dp_answer_usable(k->w, k->l, k->asker, r))
			continue;
		if (dp_same_owner(k->w->world, k->w->cache, r, ptr))
			return ptr;
		if (first == ptr && dp_is_contested(r))
			first = r;
	}
	return first;
}

static void of_instance(struct walk *k, const uint8_t *instance, const struct cache_record *ptr)
{
	uint32_t node = cache_find(k->w->cache, instance, DNS_TYPE_SRV), idx;
	const struct cache_record *of = ptr;
	struct cache_iter it;

	if (node != 0)
		of = owner_of(k, cache_node_at(k->w->cache, node), ptr);
	rrset(k, instance, DNS_TYPE_SRV, of);
	rrset(k, instance, DNS_TYPE_TXT, of);
	if (node == 0)
		return;
	cache_iter_init(&it, k->w->cache, cache_node_at(k->w->cache, node));
	while ((idx = cache_iter_next(&it)) != 0 && !k->done) {
		const struct cache_record *r = cache_record_at(k->w->cache, idx);
		const uint8_t *host;

		if (!dp_same_owner(k->w->world, k->w->cache, r, of) ||
			!dp_answer_usable(k->w, k->l, k->asker, r))
			continue;
		host = dns_rdata_name(DNS_TYPE_SRV, cache_record_rdata(k->w->cache, r));
		if (host != NULL)
			addresses(k, host, r);
	}
}

void dp_additional_walk(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	const struct dp_item *item, dp_additional_cb cb, dp_negative_cb none, void *arg)
{
	struct walk k = {.w = w, .l = l, .asker = asker, .cb = cb, .none = none, .arg = arg};
	const struct cache_record *r;
	const struct cache_node *node;
	const uint8_t *rdata;

	/* Nothing goes with a goodbye, a type or a negative answer. */
	if (item->rec == 0 || item->ttl == 0 || (item->flags & DP_ITEM_NSEC) != 0)
		return;
	r = cache_record_at(w->cache, item->rec);
	node = cache_node_at(w->cache, r->node);
	rdata = cache_record_rdata(w->cache, r);
	switch (r->rrtype) {
	case DNS_TYPE_PTR:
		if (node->sd.kind == DNS_NAME_SERVICE_TYPE || node->sd.kind == DNS_NAME_SUBTYPE)
			of_instance(&k, rdata, r);
		break;
	case DNS_TYPE_SRV:
		addresses(&k, dns_rdata_name(DNS_TYPE_SRV, rdata), r);
		break;
	case DNS_TYPE_A:
		family(&k, cache_node_name(w->cache, node), DNS_TYPE_AAAA, r);
		break;
	case DNS_TYPE_AAAA:
		family(&k, cache_node_name(w->cache, node), DNS_TYPE_A, r);
		break;
	default:
		break;
	}
}
