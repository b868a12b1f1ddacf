/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/withdraw.h"

#include "cache/service.h"
#include "control/ctl.h"
#include "control/emit.h"
#include "dataplane/visible.h"

#define NODE_WALK 64 /* records of a node looked at */
#define SLOTS_PER_TURN 4096
#define DEATHS_PER_TURN 64 /* each may be told to many links */
#define ASKED_PER_TURN 32
#define GOODBYES 64 /* in one message */

/* The owner's records of an instance that are left of a service whose PTR it withdrew. */
static void withdraw_type(struct ctl *c, const struct cache_record *ptr, uint16_t rrtype)
{
	const uint8_t *instance = cache_record_rdata(c->view, ptr);
	uint32_t node = cache_find(c->view, instance, rrtype), rec, going[NODE_WALK];
	struct cache_iter it;
	unsigned n = 0;

	if (node == 0)
		return;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	for (unsigned i = 0; i < NODE_WALK && (rec = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (r->link == ptr->link && cache_record_held(r, c->now_ms))
			going[n++] = rec;
	}
	for (unsigned i = 0; i < n; i++)
		cache_goodbye(c->cache, going[i], c->now_ms);
}

void ctl_withdraw_dying(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	uint16_t flags = atomic_load_explicit(&r->flags, memory_order_relaxed);

	if (r->rrtype != DNS_TYPE_PTR || (flags & CACHE_REC_GOODBYE) == 0 ||
		cache_node_at(c->view, r->node)->sd.kind != DNS_NAME_SERVICE_TYPE)
		return;
	withdraw_type(c, r, DNS_TYPE_SRV);
	withdraw_type(c, r, DNS_TYPE_TXT);
}

static struct ctl_lost *lost_of(struct ctl *c, uint16_t link)
{
	return &c->link[link].lost;
}

static void lost_timer(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_link *cl = ctl_container(t, struct ctl_link, lost.timer);

	if (cl->lost.gone)
		return;
	cl->lost.gone = true;
	c->withdrawals.lost_links++;
	c->withdrawals.left = cache_record_max(c->cache);
}

static void set_back(struct ctl *c, struct ctl_lost *l, bool back)
{
	if (l->back == back)
		return;
	l->back = back;
	if (back)
		c->withdrawals.back_links++;
	else
		c->withdrawals.back_links--;
}

static void set_here(struct ctl *c, struct ctl_lost *l)
{
	ctl_cancel(c, &l->timer);
	if (l->gone)
		c->withdrawals.lost_links--;
	l->gone = false;
}

void ctl_withdraw_port(struct ctl *c, uint16_t port, bool up)
{
	for (uint16_t id = 1; c->world != NULL && id < c->world->n_ids; id++) {
		const struct dp_link *l = ctl_gateway_link(c, id);

		if (l == NULL || l->port != port)
			continue;
		set_back(c, lost_of(c, id), up);
		if (up)
			set_here(c, lost_of(c, id));
		else if (!lost_of(c, id)->gone)
			ctl_arm(c, &lost_of(c, id)->timer, c->now_ms + CTL_LOST_MS, lost_timer);
	}
}

void ctl_withdraw_stop(struct ctl *c, uint16_t link)
{
	set_back(c, lost_of(c, link), false);
	set_here(c, lost_of(c, link));
}

/* Records of links without a carrier die; their names stay known, with whom to ask. */
static unsigned sweep(struct ctl *c)
{
	struct ctl_withdrawals *w = &c->withdrawals;
	uint32_t max = cache_record_max(c->cache);
	unsigned slots = 0, deaths = 0;

	for (; w->left > 0 && slots < SLOTS_PER_TURN && deaths < DEATHS_PER_TURN; slots++) {
		uint32_t rec = w->record % max + 1;
		const struct cache_record *r = cache_record_at(c->view, rec);

		w->record = rec;
		w->left--;
		if (!cache_record_is_live(c->view, rec) || !lost_of(c, r->link)->gone ||
			!cache_record_held(r, c->now_ms))
			continue;
		cache_lose(c->cache, rec, c->now_ms);
		deaths++;
	}
	return slots;
}

/* Puts the browsed questions on a link that is back (RFC 6762 §10.3); its budget paces them. */
static unsigned ask_again(struct ctl *c)
{
	struct ctl_withdrawals *w = &c->withdrawals;
	const struct ctl_table *t = &c->interests.questions;
	unsigned asked = 0, looked = 0;

	while (w->back_links > 0 && looked < SLOTS_PER_TURN && asked < ASKED_PER_TURN) {
		looked++;
		if (w->link >= DP_LINKS_MAX)
			w->link = 0;
		if (!lost_of(c, w->link)->back || w->question >= slab_limit(t->slab)) {
			set_back(c, lost_of(c, w->link), false);
			w->link++;
			w->question = 1;
			continue;
		}
		if (slab_live(t->slab, w->question))
			asked += ctl_interest_ask(c, w->question, w->link);
		w->question++;
	}
	return looked;
}

unsigned ctl_withdraw_turn(struct ctl *c)
{
	unsigned done = 0;

	if (c->withdrawals.lost_links > 0)
		done += sweep(c);
	if (c->withdrawals.back_links > 0)
		done += ask_again(c);
	return done;
}

/* Goodbyes of one message. */
struct goodbyes {
	const struct ctl *c;
	unsigned n;
	uint32_t size;
	uint32_t rec[GOODBYES];
};

static int write_goodbyes(struct dns_writer *w, const void *arg)
{
	const struct goodbyes *g = arg;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < g->n; i++) {
		const struct cache_record *r = cache_record_at(g->c->view, g->rec[i]);
		const struct cache_node *n = cache_node_at(g->c->view, r->node);

		rc = dns_write_rr(w, DNS_SECTION_ANSWER, cache_node_name(g->c->view, n), r->rrtype,
			DNS_CLASS_IN, 0, cache_record_rdata(g->c->view, r), r->rdlen, 0);
	}
	return rc;
}

static void send(struct ctl *c, const struct dp_link *l, struct goodbyes *g)
{
	if (g->n > 0 && ctl_emit_message(c, l, DNS_FLAG_QR | DNS_FLAG_AA, write_goodbyes, g))
		CTL_ADD(c, withdrawn, g->n);
	g->n = 0;
	g->size = 0;
}

/* Was the service announced there, and is it nobody's of the link itself? */
static bool was_announced(const struct ctl *c, const struct dp_link *l, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);
	policy_verdict_t v;

	return r->rrtype == DNS_TYPE_PTR &&
	       (n->sd.kind == DNS_NAME_SERVICE_TYPE || n->sd.kind == DNS_NAME_SUBTYPE) &&
	       dp_judge(c->world, c->view, l, NULL, r, c->now_ms, &v) == DP_TELL &&
	       cache_service_state(c->view, cache_record_rdata(c->view, r), r->link, c->now_ms,
		       NULL) != CACHE_SERVICE_HIDDEN;
}

bool ctl_withdraw_announced(struct ctl *c, const struct dp_link *l, uint32_t *at, unsigned budget)
{
	uint32_t max = cache_record_max(c->cache), room = ctl_emit_room(l);
	struct goodbyes g = {.c = c};

	for (; *at <= max && budget > 0; ++*at, budget--) {
		const struct cache_record *r = cache_record_at(c->view, *at);
		uint32_t size;

		if (!cache_record_is_live(c->view, *at) || !was_announced(c, l, *at))
			continue;
		size = r->rdlen + cache_node_at(c->view, r->node)->name_len + 10u;
		if (g.n == GOODBYES || g.size + size > room)
			send(c, l, &g);
		g.rec[g.n++] = *at;
		g.size += size;
	}
	send(c, l, &g);
	return *at > max;
}
