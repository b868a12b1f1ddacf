/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/complete.h"

#include "control/ctl.h"
#include "dns/rdata.h"

/* Live records of a name on a link: are there any, and any that may leave it? The first one's
 * index, or 0. */
static uint32_t survey(
	const struct ctl *c, const uint8_t *name, uint16_t rrtype, uint16_t link, bool *usable)
{
	uint32_t node = ctl_find_node(c, name, rrtype), first = 0, rec;
	struct cache_iter it;

	if (node == 0)
		return 0;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	while ((rec = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (r->link != link || !cache_record_live(r, c->now_ms))
			continue;
		if (first == 0)
			first = rec;
		if ((atomic_load_explicit(&r->flags, memory_order_relaxed) &
			    CACHE_REC_LINK_LOCAL) == 0)
			*usable = true;
	}
	return first;
}

static enum ctl_service_state host_state(const struct ctl *c, const uint8_t *host, uint16_t link)
{
	bool usable = false;
	uint32_t known = survey(c, host, DNS_TYPE_A, link, &usable);

	known |= survey(c, host, DNS_TYPE_AAAA, link, &usable);
	if (usable)
		return CTL_SERVICE_COMPLETE;
	return known != 0 ? CTL_SERVICE_HIDDEN : CTL_SERVICE_INCOMPLETE;
}

/* *srv and *txt get the records that were found, 0: missing. */
static enum ctl_service_state judge(
	const struct ctl *c, const uint8_t *instance, uint16_t link, uint32_t *srv, uint32_t *txt)
{
	enum ctl_service_state state = CTL_SERVICE_INCOMPLETE;
	const uint8_t *host;
	bool usable = false;

	*srv = survey(c, instance, DNS_TYPE_SRV, link, &usable);
	*txt = survey(c, instance, DNS_TYPE_TXT, link, &usable);
	if (*srv == 0)
		return CTL_SERVICE_INCOMPLETE;
	host = dns_rdata_name(
		DNS_TYPE_SRV, cache_record_rdata(c->view, cache_record_at(c->view, *srv)));
	if (host != NULL)
		state = host_state(c, host, link);
	return state == CTL_SERVICE_COMPLETE && *txt == 0 ? CTL_SERVICE_INCOMPLETE : state;
}

enum ctl_service_state ctl_service_state(
	const struct ctl *c, const uint8_t *instance, uint16_t link)
{
	uint32_t srv, txt;

	return judge(c, instance, link, &srv, &txt);
}

bool ctl_usable(const struct ctl *c, const struct dp_link *l, const struct mac_addr *asker,
	const struct cache_record *r)
{
	uint32_t cls = atomic_load_explicit(&r->cls[c->world->slot], memory_order_relaxed);

	return cache_record_live(r, c->now_ms) && r->link != l->id &&
	       (atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_LINK_LOCAL) ==
		       0 &&
	       policy_permits(policy_verdict(c->world->table, cls, l->col_out)) &&
	       (asker == NULL || !mac_equal(&cache_station_at(c->view, r->station)->mac, asker));
}

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

	if (ctl_question_ask(c, &a))
		ctl_wait_for(list, ctl_node_key(c, name, qtype));
}

static void ask_missing(struct ctl *c, const struct cache_record *ptr, const uint8_t *instance,
	uint32_t srv, uint32_t txt, struct ctl_wait_list *list)
{
	const uint8_t *host = NULL;

	if (srv == 0)
		ask(c, ptr, instance, DNS_TYPE_SRV, list);
	else
		host = dns_rdata_name(
			DNS_TYPE_SRV, cache_record_rdata(c->view, cache_record_at(c->view, srv)));
	if (txt == 0)
		ask(c, ptr, instance, DNS_TYPE_TXT, list);
	if (host != NULL && host_state(c, host, ptr->link) == CTL_SERVICE_INCOMPLETE) {
		ask(c, ptr, host, DNS_TYPE_A, list);
		ask(c, ptr, host, DNS_TYPE_AAAA, list);
	}
}

unsigned ctl_complete(struct ctl *c, const struct dp_link *l, const struct mac_addr *asker,
	uint32_t node, struct ctl_wait_list *list)
{
	unsigned services = 0;
	struct cache_iter it;
	uint32_t rec, srv, txt;

	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	while ((rec = cache_iter_next(&it)) != 0) {
		struct cache_record *r = cache_record_at(c->view, rec);
		uint32_t asked = atomic_load_explicit(&r->completed_ms, memory_order_relaxed);
		int32_t since = clock_ms_diff(c->now_ms, asked);
		const uint8_t *instance = cache_record_rdata(c->view, r);
		bool fresh = asked == 0 || since > CTL_COMPLETE_AGAIN_MS;

		if (!fresh && since >= CTL_COMPLETE_WAIT_MS)
			continue;
		if (!ctl_usable(c, l, asker, r))
			continue;
		/* What is too much for one question is told as far as it is known: marked, not
		 * asked. */
		if (services < CTL_COMPLETE_SERVICES &&
			judge(c, instance, r->link, &srv, &txt) != CTL_SERVICE_INCOMPLETE)
			continue;
		if (fresh)
			atomic_store_explicit(
				&r->completed_ms, c->now_ms | 1, memory_order_relaxed);
		if (services == CTL_COMPLETE_SERVICES)
			continue;
		ask_missing(c, r, instance, srv, txt, list);
		services++;
	}
	return services;
}
