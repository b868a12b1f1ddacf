/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/service.h"

#include <string.h>

#include "dns/name.h"
#include "dns/rdata.h"

/* The node of a slot is still that of its key. */
static bool still_there(const struct cache_view *v, const struct cache_memo_slot *s)
{
	const struct cache_node *n;

	if (s->node == 0)
		return false;
	n = cache_node_at(v, s->node);
	/* Acquire: the key is that of the life the generation is of. */
	return (atomic_load_explicit(&n->gen, memory_order_acquire) & 1) != 0 &&
	       n->key.lo == s->key.lo && n->key.hi == s->key.hi;
}

uint32_t cache_find(const struct cache_view *v, const uint8_t *name, uint16_t rrtype)
{
	uint8_t canon[DNS_NAME_MAX + 1] __attribute__((aligned(64)));
	struct cache_memo_slot *s;
	size_t len = dns_name_len(name);

	if (v->memo == NULL || len > CACHE_MEMO_NAME) {
		dns_name_canon(canon, name, len);
		return cache_find_node(v, cache_key(v, canon, len, rrtype), canon, len);
	}
	s = cache_memo_at(v->memo, name, rrtype);
	if (s->len != len || s->rrtype != rrtype || !dns_name_equal_len(s->name, name, len)) {
		dns_name_canon(canon, name, len);
		memcpy(s->name, canon, len);
		s->len = (uint8_t)len;
		s->rrtype = rrtype;
		s->key = cache_key(v, canon, len, rrtype);
		s->node = 0;
	}
	if (still_there(v, s)) {
		if (cache_noting(v))
			cache_deps_name(v->deps, s->key.lo);
		return s->node;
	}
	s->node = cache_find_node(v, s->key, s->name, len);
	return s->node;
}

static bool has_station(
	const struct cache_view *v, const struct cache_record *r, const struct mac_addr *mac)
{
	uint32_t station = atomic_load_explicit(&r->station, memory_order_relaxed);

	return mac == NULL || mac_equal(&cache_station_at(v, station)->mac, mac);
}

bool cache_name_held(const struct cache_view *v, const uint8_t *name, uint16_t link,
	const struct mac_addr *mac, uint32_t now_ms)
{
	static const uint16_t types[] = {DNS_TYPE_A, DNS_TYPE_AAAA, DNS_TYPE_SRV, DNS_TYPE_TXT};

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		uint32_t node = cache_find(v, name, types[i]), idx;
		struct cache_iter it;

		if (node == 0)
			continue;
		cache_iter_init(&it, v, cache_node_at(v, node));
		while ((idx = cache_iter_next(&it)) != 0) {
			const struct cache_record *r = cache_record_at(v, idx);

			if (r->link == link && cache_record_held(r, now_ms) &&
				has_station(v, r, mac))
				return true;
		}
	}
	return false;
}

/* Does the record count: it is held, or, if asked for, was until it began to die? */
static bool counts(const struct cache_record *r, uint32_t now_ms, bool dying)
{
	if (cache_record_held(r, now_ms))
		return true;
	return dying &&
	       (atomic_load_explicit(&r->flags, memory_order_acquire) & CACHE_REC_DYING) != 0;
}

/* The first record of a name on a link that counts, or 0; *usable is set if one of them may leave
 * its link. */
static uint32_t survey(const struct cache_view *v, const uint8_t *name, uint16_t rrtype,
	uint16_t link, uint32_t now_ms, bool dying, bool *usable)
{
	uint32_t node = cache_find(v, name, rrtype), first = 0, idx;
	struct cache_iter it;

	if (node == 0)
		return 0;
	cache_iter_init(&it, v, cache_node_at(v, node));
	while ((idx = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(v, idx);

		if (r->link != link || !counts(r, now_ms, dying))
			continue;
		if (first == 0)
			first = idx;
		if ((atomic_load_explicit(&r->flags, memory_order_relaxed) &
			    (CACHE_REC_LINK_LOCAL | CACHE_REC_HIDDEN)) == 0) {
			*usable = true;
			break;
		}
	}
	return first;
}

static enum cache_service_state host_state(
	const struct cache_view *v, const uint8_t *host, uint16_t link, uint32_t now_ms, bool dying)
{
	bool usable = false;
	uint32_t known = survey(v, host, DNS_TYPE_A, link, now_ms, dying, &usable);

	if (!usable)
		known |= survey(v, host, DNS_TYPE_AAAA, link, now_ms, dying, &usable);
	if (usable)
		return CACHE_SERVICE_COMPLETE;
	return known != 0 ? CACHE_SERVICE_HIDDEN : CACHE_SERVICE_INCOMPLETE;
}

enum cache_service_state cache_host_state(
	const struct cache_view *v, const uint8_t *host, uint16_t link, uint32_t now_ms)
{
	return host_state(v, host, link, now_ms, false);
}

static enum cache_service_state service_state(const struct cache_view *v, const uint8_t *instance,
	uint16_t link, uint32_t now_ms, bool dying, struct cache_service *out)
{
	enum cache_service_state state = CACHE_SERVICE_INCOMPLETE;
	const uint8_t *host;
	bool srv = false, txt = false;

	out->srv = survey(v, instance, DNS_TYPE_SRV, link, now_ms, dying, &srv);
	out->txt = survey(v, instance, DNS_TYPE_TXT, link, now_ms, dying, &txt);
	/* The name is another's (RFC 6762 §9). */
	if ((out->srv != 0 && !srv) || (out->txt != 0 && !txt))
		return CACHE_SERVICE_HIDDEN;
	if (out->srv == 0)
		return CACHE_SERVICE_INCOMPLETE;
	host = dns_rdata_name(DNS_TYPE_SRV, cache_record_rdata(v, cache_record_at(v, out->srv)));
	if (host != NULL)
		state = host_state(v, host, link, now_ms, dying);
	return state == CACHE_SERVICE_COMPLETE && out->txt == 0 ? CACHE_SERVICE_INCOMPLETE : state;
}

enum cache_service_state cache_service_state(const struct cache_view *v, const uint8_t *instance,
	uint16_t link, uint32_t now_ms, struct cache_service *out)
{
	struct cache_service unused;

	return service_state(v, instance, link, now_ms, false, out != NULL ? out : &unused);
}

bool cache_record_hidden(const struct cache_view *v, const struct cache_record *r, uint32_t now_ms)
{
	const struct cache_node *node = cache_node_at(v, r->node);
	const uint8_t *rdata = cache_record_rdata(v, r), *host;
	struct cache_service unused;

	switch (r->rrtype) {
	case DNS_TYPE_PTR:
		return (node->sd.kind == DNS_NAME_SERVICE_TYPE ||
			       node->sd.kind == DNS_NAME_SUBTYPE) &&
		       service_state(v, rdata, r->link, now_ms, true, &unused) ==
			       CACHE_SERVICE_HIDDEN;
	case DNS_TYPE_SRV:
		host = dns_rdata_name(DNS_TYPE_SRV, rdata);
		return host != NULL &&
		       host_state(v, host, r->link, now_ms, true) == CACHE_SERVICE_HIDDEN;
	case DNS_TYPE_TXT:
		return node->sd.kind == DNS_NAME_INSTANCE &&
		       service_state(v, cache_node_name(v, node), r->link, now_ms, true, &unused) ==
			       CACHE_SERVICE_HIDDEN;
	default:
		return false;
	}
}
