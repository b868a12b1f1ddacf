/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/complete.h"

#include "cache/service.h"
#include "control/ctl.h"
#include "dataplane/visible.h"
#include "dns/rdata.h"

static void ask(struct ctl *c, const struct cache_record *ptr, const uint8_t *name, uint16_t qtype,
	struct ctl_wait_list *list)
{
	struct ctl_ask a = {
		.qname = name,
		.qtype = qtype,
		.link = ptr->link,
		.how = CTL_ASK_OWNER,
		.station = ptr->station,
	};

	if (ctl_question_ask(c, &a) != CTL_NOT_ASKED)
		ctl_wait_for(list, ctl_node_key(c, name, qtype));
}

static void ask_missing(struct ctl *c, const struct cache_record *ptr,
	const struct cache_service *has, struct ctl_wait_list *list)
{
	const uint8_t *instance = cache_record_rdata(c->view, ptr), *host = NULL;

	if (has->srv == 0)
		ask(c, ptr, instance, DNS_TYPE_SRV, list);
	else
		host = dns_rdata_name(DNS_TYPE_SRV,
			cache_record_rdata(c->view, cache_record_at(c->view, has->srv)));
	if (has->txt == 0)
		ask(c, ptr, instance, DNS_TYPE_TXT, list);
	if (host != NULL &&
		cache_host_state(c->view, host, ptr->link, c->now_ms) == CACHE_SERVICE_INCOMPLETE) {
		ask(c, ptr, host, DNS_TYPE_A, list);
		ask(c, ptr, host, DNS_TYPE_AAAA, list);
	}
}

unsigned ctl_complete(struct ctl *c, const struct dp_link *l, const struct dp_viewer *asker,
	uint32_t node, struct ctl_wait_list *list)
{
	unsigned services = 0;
	struct cache_service has;
	struct cache_iter it;
	policy_verdict_t v;
	uint32_t rec;

	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	while ((rec = cache_iter_next(&it)) != 0) {
		struct cache_record *r = cache_record_at(c->view, rec);
		uint32_t asked = atomic_load_explicit(&r->completed_ms, memory_order_relaxed);
		int32_t since = clock_ms_diff(c->now_ms, asked);
		bool fresh = asked == 0 || since > DP_COMPLETE_AGAIN_MS;

		if (!fresh && since >= DP_COMPLETE_WAIT_MS)
			continue;
		if (dp_judge(c->world, c->view, l, asker, r, c->now_ms, &v) > DP_TELL_ALONE)
			continue;
		/* What is too much for one question is told as far as it is known: marked, not
		 * asked. */
		if (services < CTL_COMPLETE_SERVICES &&
			cache_service_state(c->view, cache_record_rdata(c->view, r), r->link,
				c->now_ms, &has) != CACHE_SERVICE_INCOMPLETE)
			continue;
		if (fresh)
			atomic_store_explicit(
				&r->completed_ms, c->now_ms | 1, memory_order_relaxed);
		if (services == CTL_COMPLETE_SERVICES)
			continue;
		ask_missing(c, r, &has, list);
		services++;
	}
	return services;
}
