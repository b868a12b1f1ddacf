/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/negative.h"

#include "cache/directory.h"
#include "cache/service.h"
#include "dataplane/answer.h"
#include "dns/name.h"
#include "dns/nsec.h"
#include "dns/rdata.h"

#define RECORDS_LOOK 64 /* records of one (name, type) looked at */

/* What a link may see of one (name, type). */
struct view {
	uint32_t first;    /* a record told; 0: none */
	uint32_t stripped; /* a link-local address that would be told if it could cross; 0: none */
	uint32_t ttl;      /* the least of what is told, or else of what is stripped; seconds */
	struct dns_type_set owner; /* of NSEC records told: what their owners say */
};

/* Is the record one that only its scope keeps from the link? */
static bool is_stripped(const struct dp_worker *w, const struct dp_link *l,
	const struct dp_viewer *asker, const struct cache_record *r)
{
	const uint16_t gone = CACHE_REC_DYING | CACHE_REC_HIDDEN;
	uint16_t flags = atomic_load_explicit(&r->flags, memory_order_acquire);
	bool alone;

	return (flags & CACHE_REC_LINK_LOCAL) != 0 && (flags & gone) == 0 &&
	       cache_record_left_ms(r, w->now_ms) > 0 && r->link != l->id &&
	       !dp_owned_by(w->cache, r, asker != NULL ? &asker->mac : NULL) &&
	       policy_permits(dp_verdict(w->world, w->cache, l, asker, r, &alone));
}

static void look(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	const uint8_t *name, uint16_t rrtype, struct view *v)
{
	uint32_t node = cache_find(w->cache, name, rrtype), idx, told = UINT32_MAX,
		 kept = UINT32_MAX;
	struct dns_type_set set;
	struct cache_iter it;

	*v = (struct view){0};
	if (node == 0)
		return;
	cache_iter_init(&it, w->cache, cache_node_at(w->cache, node));
	for (unsigned i = 0; i < RECORDS_LOOK && (idx = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *r = cache_record_at(w->cache, idx);
		uint32_t left = cache_record_ttl_told(w->cache, r, w->now_ms);

		if (is_stripped(w, l, asker, r)) {
			v->stripped = idx;
			kept = RTE_MIN(kept, left);
		} else if (dp_answer_usable(w, l, asker, r) &&
			   !cache_record_hidden(w->cache, r, w->now_ms)) {
			if (rrtype == DNS_TYPE_NSEC) {
				if (dns_nsec_types(
					    cache_record_rdata(w->cache, r), r->rdlen, &set) < 0)
					continue;
				for (unsigned k = 0; k < RTE_DIM(set.bits); k++)
					v->owner.bits[k] |= set.bits[k];
			}
			v->first = idx;
			told = RTE_MIN(told, left);
		}
	}
	v->ttl = v->first != 0 ? told : kept;
}

/*
 * The types the link may take the name to have: what its owners list and what is told, but not
 * addresses of which none crosses. Other types of a host that says nothing are taken to be known.
 */
static void types_of(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	const uint8_t *name, const struct view *nsec, struct dns_type_set *set)
{
	uint8_t canon[256] __attribute__((aligned(64)));
	uint32_t node;
	struct view v;

	*set = nsec->owner;
	for (unsigned i = 0; i < CACHE_USUAL_TYPES; i++) {
		uint16_t type = cache_usual_types[i];

		if (type == DNS_TYPE_NSEC)
			continue;
		look(w, l, asker, name, type, &v);
		if (v.first != 0)
			dns_type_set_add(set, type);
		else if (v.stripped != 0)
			dns_type_set_remove(set, type);
	}
	dns_name_canon(canon, name, dns_name_len(name));
	node = cache_unusual_first(w->cache, canon, dns_name_len(name));
	for (unsigned i = 0; node != 0 && i < CACHE_UNUSUAL_MAX;
		i++, node = cache_unusual_next(w->cache, node)) {
		uint16_t type = cache_node_at(w->cache, node)->rrtype;

		look(w, l, asker, name, type, &v);
		if (v.first != 0)
			dns_type_set_add(set, type);
	}
}

static uint64_t identity(struct dp_worker *w, const struct dp_negative *n)
{
	uint8_t canon[256] __attribute__((aligned(64)));
	size_t len = dns_name_len(n->name);
	uint8_t rdata[sizeof(n->rdata)];
	struct hash128 key;

	dns_name_canon(canon, n->name, len);
	key = cache_key(w->cache, canon, len, DNS_TYPE_NSEC);
	dns_rdata_canon(DNS_TYPE_NSEC, rdata, n->rdata, n->rdlen);
	return cache_ident(w->cache, key, rdata, n->rdlen).lo;
}

static bool make(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	const struct view *nsec, const struct view *of, uint32_t rec, struct dp_negative *out,
	struct dns_type_set *set)
{
	const struct cache_record *r = cache_record_at(w->cache, rec);
	int len;

	out->name = cache_node_name(w->cache, cache_node_at(w->cache, r->node));
	types_of(w, l, asker, out->name, nsec, set);
	len = dns_nsec_build(out->name, set, out->rdata, sizeof(out->rdata));
	if (len < 0)
		return false;
	out->rdlen = (size_t)len;
	out->item = (struct dp_item){.rec = rec,
		.gen = atomic_load_explicit(&r->gen, memory_order_relaxed),
		.ttl = of->ttl,
		.flags = DP_ITEM_UNIQUE | DP_ITEM_NSEC};
	out->item.ident = identity(w, out);
	return true;
}

bool dp_negative_find(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	const uint8_t *name, uint16_t rrtype, struct dp_negative *out)
{
	struct view nsec, own = {0};
	struct dns_type_set set;
	bool said;

	look(w, l, asker, name, DNS_TYPE_NSEC, &nsec);
	said = nsec.first != 0 && rrtype <= 255 &&
	       (rrtype == DNS_TYPE_NSEC || !dns_type_set_has(&nsec.owner, rrtype));
	if (!said && (rrtype == DNS_TYPE_A || rrtype == DNS_TYPE_AAAA))
		look(w, l, asker, name, rrtype, &own);
	if (!said && (own.first != 0 || own.stripped == 0))
		return false;
	/* Its owner is near, or another host here has the name. */
	if (!l->isolated && cache_name_held(w->cache, name, l->id, NULL, w->now_ms))
		return false;
	if (!make(w, l, asker, &nsec, said ? &nsec : &own, said ? nsec.first : own.stripped, out,
		    &set))
		return false;
	return rrtype == DNS_TYPE_NSEC || !dns_type_set_has(&set, rrtype);
}

bool dp_negative_make(struct dp_worker *w, const struct dp_link *l, const struct dp_viewer *asker,
	uint32_t rec, struct dp_negative *out)
{
	const struct cache_record *r = cache_record_at(w->cache, rec);
	const struct cache_node *node = cache_node_at(w->cache, r->node);

	return dp_negative_find(w, l, asker, cache_node_name(w->cache, node), r->rrtype, out);
}
