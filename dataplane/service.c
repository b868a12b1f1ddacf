/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/service.h"

#include "dns/name.h"
#include "dns/rdata.h"

uint32_t dp_find(struct dp_worker *w, const uint8_t *name, uint16_t rrtype)
{
	uint8_t canon[256] __attribute__((aligned(64)));
	size_t len = dns_name_len(name);

	dns_name_canon(canon, name, len);
	return cache_find_node(w->cache, cache_key(w->cache, canon, len, rrtype), canon, len);
}

/* What a node has for us: live records at all, and such as may leave their link. link 0: of any
 * link. */
static void survey(struct dp_worker *w, uint32_t node, uint16_t link, bool *known, bool *usable)
{
	struct cache_iter it;
	uint32_t idx;

	if (node == 0)
		return;
	cache_iter_init(&it, w->cache, cache_node_at(w->cache, node));
	while ((idx = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(w->cache, idx);

		if (!cache_record_live(r, w->now_ms) || (link != 0 && r->link != link))
			continue;
		*known = true;
		if ((atomic_load_explicit(&r->flags, memory_order_relaxed) &
			    CACHE_REC_LINK_LOCAL) == 0)
			*usable = true;
	}
}

enum dp_service_state dp_host_state(struct dp_worker *w, const uint8_t *host, uint16_t link)
{
	bool known = false, usable = false;

	survey(w, dp_find(w, host, DNS_TYPE_A), link, &known, &usable);
	if (!usable)
		survey(w, dp_find(w, host, DNS_TYPE_AAAA), link, &known, &usable);
	if (usable)
		return DP_SERVICE_COMPLETE;
	return known ? DP_SERVICE_HIDDEN : DP_SERVICE_INCOMPLETE;
}

enum dp_service_state dp_service_state(struct dp_worker *w, const uint8_t *instance, uint16_t link)
{
	uint32_t node = dp_find(w, instance, DNS_TYPE_SRV), idx;
	bool txt_known = false, txt_usable = false;
	enum dp_service_state state = DP_SERVICE_INCOMPLETE;
	struct cache_iter it;

	if (node == 0)
		return DP_SERVICE_INCOMPLETE;
	cache_iter_init(&it, w->cache, cache_node_at(w->cache, node));
	while ((idx = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(w->cache, idx);
		const uint8_t *host;

		if (r->link != link || !cache_record_live(r, w->now_ms))
			continue;
		host = dns_rdata_name(DNS_TYPE_SRV, cache_record_rdata(w->cache, r));
		state = host != NULL ? dp_host_state(w, host, link) : DP_SERVICE_INCOMPLETE;
		if (state == DP_SERVICE_COMPLETE)
			break;
	}
	if (state != DP_SERVICE_COMPLETE)
		return state;
	survey(w, dp_find(w, instance, DNS_TYPE_TXT), link, &txt_known, &txt_usable);
	return txt_known ? DP_SERVICE_COMPLETE : DP_SERVICE_INCOMPLETE;
}
