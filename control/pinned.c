/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/pinned.h"

#include <string.h>

#include "control/ctl.h"
#include "dns/name.h"

/* RFC 6762 §5.2: what asks unasked waits a moment first, so that it does not ask in step with
 * others. */
#define JITTER_MIN_MS 20
#define JITTER_MAX_MS 120
#define FIRST_MS 1000      /* §5.2 */
#define LONGEST_MS 3600000 /* §5.2 */
#define SRV_WALK 8         /* services of a host looked at */

static uint32_t jitter(struct ctl *c)
{
	return (uint32_t)rng_range(&c->rng, JITTER_MIN_MS, JITTER_MAX_MS);
}

/* Thousands of links may be due at once, as at the start: they are paced with the rest of it. */
static void is_due(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_link *cl = ctl_container(t, struct ctl_link, pin_timer);

	ctl_host_owes(c, (uint16_t)(cl - c->link), CTL_DUTY_PIN);
}

bool ctl_pinned_ask_station(struct ctl *c, uint32_t i, uint32_t station)
{
	const struct dp_pinned *p = &c->world->pinned[i];
	const struct cache_station *st = cache_station_at(c->view, station);
	const struct dp_link *l = ctl_gateway_link(c, st->link);

	return l != NULL &&
	       policy_permits(policy_ask(c->world->table,
		       policy_type(c->world->policy, p->name, p->type_len), l->col_probe)) &&
	       ctl_question_verify(c, p->name, DNS_TYPE_PTR, st->link, station) == CTL_ASKED_NOW;
}

void ctl_pinned_ask(struct ctl *c, const struct dp_link *l)
{
	struct ctl_link *cl = &c->link[l->id];

	if (l->mode != DP_LINK_GATEWAY || c->world->n_pinned == 0)
		return;
	for (uint32_t i = 0; i < c->world->n_pinned; i++) {
		const struct dp_pinned *p = &c->world->pinned[i];
		uint32_t type = policy_type(c->world->policy, p->name, p->type_len);
		struct ctl_ask a = {.qname = p->name,
			.qtype = DNS_TYPE_PTR,
			.link = l->id,
			.how = CTL_ASK_PINNED};

		if (!policy_permits(policy_ask(c->world->table, type, l->col_probe)))
			continue;
		if (ctl_question_ask(c, &a) == CTL_ASKED_NOW)
			CTL_INC(c, pinned_asked);
	}
	ctl_arm(c, &cl->pin_timer, c->now_ms + cl->pin_ms + jitter(c), is_due);
	cl->pin_ms = cl->pin_ms < LONGEST_MS / 2 ? 2 * cl->pin_ms : LONGEST_MS;
}

void ctl_pinned_restart(struct ctl *c, const struct dp_link *l)
{
	struct ctl_link *cl = &c->link[l->id];

	if (c->world->n_pinned == 0 || l->mode != DP_LINK_GATEWAY) {
		ctl_cancel(c, &cl->pin_timer);
		return;
	}
	cl->pin_ms = FIRST_MS;
	ctl_arm(c, &cl->pin_timer, c->now_ms + jitter(c), is_due);
}

static bool same_types(const struct dp_world *a, const struct dp_world *b)
{
	return a->n_pinned == b->n_pinned &&
	       (a->n_pinned == 0 ||
		       memcmp(a->pinned, b->pinned, a->n_pinned * sizeof(*a->pinned)) == 0);
}

void ctl_pinned_world(struct ctl *c, const struct dp_world *was)
{
	bool same = was != NULL && same_types(was, c->world);

	for (uint16_t id = 1; id < c->world->n_ids; id++) {
		const struct dp_link *l = dp_world_link(c->world, id);
		const struct dp_link *old = was != NULL ? dp_world_link(was, id) : NULL;

		if (l == NULL)
			continue;
		if (!same || old == NULL || old->mode != l->mode || old->port != l->port ||
			old->vlan != l->vlan)
			ctl_pinned_restart(c, l);
	}
}

static bool is_pinned(const struct ctl *c, const struct cache_node *n)
{
	uint8_t type[2 * (DNS_LABEL_MAX + 1)];

	if (n->sd.type_len == 0 || n->sd.type_len > sizeof(type))
		return false;
	dns_name_canon(type, cache_node_name(c->view, n) + n->sd.type_off, n->sd.type_len);
	for (uint32_t i = 0; i < c->world->n_pinned; i++) {
		const struct dp_pinned *p = &c->world->pinned[i];

		if (p->type_len == n->sd.type_len && memcmp(p->name, type, p->type_len) == 0)
			return true;
	}
	return false;
}

bool ctl_pinned_has(const struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);
	uint32_t srv;

	if (c->world == NULL || c->world->n_pinned == 0)
		return false;
	if (n->sd.type_len > 0)
		return is_pinned(c, n);
	if (r->rrtype != DNS_TYPE_A && r->rrtype != DNS_TYPE_AAAA)
		return false;
	srv = ctl_grant_first_srv(c, rec);
	for (unsigned i = 0; i < SRV_WALK && srv != 0; i++, srv = ctl_grant_next_srv(c, srv))
		if (is_pinned(c, cache_node_at(c->view, cache_record_at(c->view, srv)->node)))
			return true;
	return false;
}
