/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/service.h"

#include "dns/name.h"
#include "dns/rdata.h"

uint32_t cache_find(const struct cache_view *v, const uint8_t *name, uint16_t rrtype)
{
	uint8_t canon[DNS_NAME_MAX + 1] __attribute__((aligned(64)));
	size_t len = dns_name_len(name);

	dns_name_canon(canon, name, len);
	return cache_find_node(v, cache_key(v, canon, len, rrtype), canon, len);
}

/* The first live record of a name on a link, or 0; *usable is set if one of them may leave its
 * link. */
static uint32_t survey(const struct cache_view *v, const uint8_t *name, uint16_t rrtype,
	uint16_t link, uint32_t now_ms, bool *usable)
{
	uint32_t node = cache_find(v, name, rrtype), first = 0, idx;
	struct cache_iter it;

	if (node == 0)
		return 0;
	cache_iter_init(&it, v, cache_node_at(v, node));
	while ((idx = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(v, idx);

		if (r->link != link || !cache_record_live(r, now_ms))
			continue;
		if (first == 0)
			first = idx;
		if ((atomic_load_explicit(&r->flags, memory_order_relaxed) &
			    CACHE_REC_LINK_LOCAL) == 0) {
			*usable = true;
			break;
		}
	}
	return first;
}

enum cache_service_state cache_host_state(
	const struct cache_view *v, const uint8_t *host, uint16_t link, uint32_t now_ms)
{
	bool usable = false;
	uint32_t known = survey(v, host, DNS_TYPE_A, link, now_ms, &usable);

	if (!usable)
		known |= survey(v, host, DNS_TYPE_AAAA, link, now_ms, &usable);
	if (usable)
		return CACHE_SERVICE_COMPLETE;
	return known != 0 ? CACHE_SERVICE_HIDDEN : CACHE_SERVICE_INCOMPLETE;
}

enum cache_service_state cache_service_state(const struct cache_view *v, const uint8_t *instance,
	uint16_t link, uint32_t now_ms, struct cache_service *out)
{
	enum cache_service_state state = CACHE_SERVICE_INCOMPLETE;
	struct cache_service s;
	const uint8_t *host;
	bool usable = false;

	s.srv = survey(v, instance, DNS_TYPE_SRV, link, now_ms, &usable);
	s.txt = survey(v, instance, DNS_TYPE_TXT, link, now_ms, &usable);
	if (out != NULL)
		*out = s;
	if (s.srv == 0)
		return CACHE_SERVICE_INCOMPLETE;
	host = dns_rdata_name(DNS_TYPE_SRV, cache_record_rdata(v, cache_record_at(v, s.srv)));
	if (host != NULL)
		state = cache_host_state(v, host, link, now_ms);
	return state == CACHE_SERVICE_COMPLETE && s.txt == 0 ? CACHE_SERVICE_INCOMPLETE : state;
}
