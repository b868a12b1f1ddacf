/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/tell.h"

#include <errno.h>

#include "cache/service.h"
#include "control/ctl.h"
#include "dataplane/visible.h"
#include "dns/rdata.h"

#define SRV_WALK 32  /* services of a host whose browsers hear of its new address */
#define NODE_WALK 64 /* records of a node looked at */
/* what was learned so shortly before belongs to the same announcement */
#define SAME_BURST_MS 1000
#define LATE_MS 10000 /* an address that comes so long after its service belongs to it */

void ctl_tells_world(struct ctl *c, const struct dp_world *w)
{
	struct ctl_tells *t = &c->tells;

	t->n_announce = 0;
	for (uint16_t id = 1; id < w->n_ids; id++)
		if (w->link[id] != NULL && w->link[id]->announce &&
			w->link[id]->mode == DP_LINK_GATEWAY)
			t->announce[t->n_announce++] = id;
}

/* What is being told. */
struct telling {
	uint32_t rec;
	unsigned op;          /* DP_DOWN_TELL, DP_DOWN_GOODBYE */
	struct hash128 ident; /* of a shared record */
	uint32_t from_ms;     /* who heard it since is not told again */
};

/*
 * Does the link have the record, or a unique name, of its own? Then it is its own host's to say
 * (RFC 6762 §6), and our flush bit would drop what that one said (§10.2).
 */
static bool is_near(const struct ctl *c, const struct telling *t, uint16_t link)
{
	const struct cache_record *r = cache_record_at(c->view, t->rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);
	/* What dies there too has been, or will be, withdrawn by its own host. */
	bool dying_too = t->op == DP_DOWN_GOODBYE;
	struct cache_iter it;
	uint32_t other;

	if (dp_world_link(c->world, link) != NULL && dp_world_link(c->world, link)->isolated)
		return false;
	if ((atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_UNIQUE) == 0) {
		other = cache_find_record(c->view, t->ident, link);
		return other != 0 &&
		       (dying_too || cache_record_held(cache_record_at(c->view, other), c->now_ms));
	}
	cache_iter_init(&it, c->view, n);
	for (unsigned i = 0; i < NODE_WALK && (other = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *o = cache_record_at(c->view, other);

		if (o->link == link && (dying_too || cache_record_held(o, c->now_ms)))
			return true;
	}
	return dp_is_contested(r) &&
	       cache_name_held(c->view, cache_node_name(c->view, n), link, NULL, c->now_ms);
}

/* Once, however many questions of the link the record concerns. Returns how often it was told. */
static unsigned tell_link(struct ctl *c, uint16_t link, const struct telling *t)
{
	const struct cache_record *r = cache_record_at(c->view, t->rec);
	const struct dp_link *l = ctl_gateway_link(c, link);
	struct dp_downcall d = {.op = (uint16_t)t->op,
		.link = link,
		.rec = t->rec,
		.gen = atomic_load_explicit(&r->gen, memory_order_relaxed)};

	if (l == NULL || dp_is_near(l, r) || !dp_permitted(c->world, l, r) ||
		c->link[link].told_serial == c->tells.serial || is_near(c, t, link))
		return 0;
	if (!ctl_down(c, l->home, &d))
		return 0;
	c->link[link].told_serial = c->tells.serial;
	if (t->op == DP_DOWN_TELL)
		CTL_INC(c, told);
	else
		CTL_INC(c, withdrawn);
	return 1;
}

/* Who may see what not everybody may: told alone. Returns how often it was. */
static unsigned tell_station(struct ctl *c, const struct ctl_browser *b, const struct telling *t)
{
	const struct cache_record *r = cache_record_at(c->view, t->rec);
	const struct dp_link *l = ctl_gateway_link(c, b->link);
	struct dp_downcall d = {.op = (uint16_t)t->op, .link = b->link, .rec = t->rec};
	const struct cache_station *st = cache_station_at(c->view, b->station);
	struct dp_viewer viewer;
	bool alone;

	if (l == NULL || dp_is_near(l, r) || st->link != b->link ||
		!cache_station_is_live(c->view, b->station))
		return 0;
	dp_viewer_init(&viewer, c->world, c->view, l, &st->mac);
	if (dp_owned_by(c->view, r, &viewer.mac) ||
		!policy_permits(dp_verdict(c->world, c->view, l, &viewer, r, &alone)) ||
		!(alone || l->unicast) || is_near(c, t, b->link))
		return 0;
	d.gen = atomic_load_explicit(&r->gen, memory_order_relaxed);
	d.station = b->station;
	if (!ctl_down(c, l->home, &d))
		return 0;
	if (t->op == DP_DOWN_TELL)
		CTL_INC(c, told);
	else
		CTL_INC(c, withdrawn);
	return 1;
}

static bool is_unicast(const struct ctl *c, uint16_t link)
{
	const struct dp_link *l = ctl_gateway_link(c, link);

	return l != NULL && l->unicast;
}

/* Tells the record to every link that browses the question, but not to one that heard it in an
 * answer since. */
static unsigned tell_browsers(struct ctl *c, struct hash128 question, const struct telling *t)
{
	const struct ctl_browser *b = ctl_interest_first(c, question);
	unsigned told = 0;

	for (; b != NULL; b = ctl_interest_next(c, b)) {
		if (t->op == DP_DOWN_TELL && b->replayed_ms != 0 &&
			clock_ms_diff(b->replayed_ms, t->from_ms) >= 0)
			continue;
		if (!is_unicast(c, b->link))
			told += tell_link(c, b->link, t);
		if (b->station != 0)
			told += tell_station(c, b, t);
	}
	return told;
}

/* The browse question under which people see this service record. */
static struct hash128 browse_key(const struct ctl *c, const struct cache_node *n)
{
	return ctl_node_key(c, cache_node_name(c->view, n) + n->sd.type_off, DNS_TYPE_PTR);
}

/* Tells a record to browsers of its question, of its service's type, or of its host's services. */
static unsigned tell_interested(struct ctl *c, const struct telling *t)
{
	const struct cache_record *r = cache_record_at(c->view, t->rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);
	struct hash128 done[SRV_WALK];
	unsigned n_done = 0, told = 0, i;

	if (n->sd.kind == DNS_NAME_SERVICE_TYPE || n->sd.kind == DNS_NAME_SUBTYPE)
		return tell_browsers(c, n->key, t);
	if (n->sd.kind == DNS_NAME_INSTANCE)
		return tell_browsers(c, browse_key(c, n), t);
	for (uint32_t srv = ctl_grant_first_srv(c, t->rec); srv != 0 && n_done < SRV_WALK;
		srv = ctl_grant_next_srv(c, srv)) {
		const struct cache_record *s = cache_record_at(c->view, srv);
		struct hash128 key = browse_key(c, cache_node_at(c->view, s->node));

		for (i = 0; i < n_done && !hash_equal(done[i], key); i++)
			;
		if (i < n_done)
			continue;
		done[n_done++] = key;
		told += tell_browsers(c, key, t);
	}
	return told;
}

/* Tells a record to all it concerns, each link once. Returns how many. */
static unsigned tell(struct ctl *c, unsigned op, uint32_t rec, uint32_t from_ms)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const uint8_t *rdata = cache_record_rdata(c->view, r);
	struct telling t = {.rec = rec, .op = op, .from_ms = from_ms};
	struct ctl_tells *all = &c->tells;
	unsigned told = 0;

	dns_rdata_canon(r->rrtype, c->scratch.canon, rdata, r->rdlen);
	t.ident = cache_ident(
		c->view, cache_node_at(c->view, r->node)->key, c->scratch.canon, r->rdlen);
	all->serial++;
	for (unsigned i = 0; i < all->n_announce; i++)
		told += tell_link(c, all->announce[i], &t);
	return told + tell_interested(c, &t);
}

static void tell_waiting(struct ctl *c, struct ctl_timer *t);

/* False: there is no room. */
static bool push(struct ctl *c, struct ctl_tell_fifo *f, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);

	if (f->tail - f->head == CTL_TELL_MAX)
		return false;
	f->tell[f->tail++ % CTL_TELL_MAX] = (struct ctl_tell){.rec = rec,
		.gen = atomic_load_explicit(&r->gen, memory_order_relaxed),
		.from_ms = c->now_ms};
	if (f->tail - f->head == 1)
		ctl_arm(c, &f->timer, c->now_ms + f->delay_ms, tell_waiting);
	return true;
}

/* Takes the next that has waited long enough and still lives; false: none, and the timer is armed
 * for the rest. */
static bool pull(struct ctl *c, struct ctl_tell_fifo *f, struct ctl_tell *out)
{
	while (f->head != f->tail) {
		const struct cache_record *r;

		*out = f->tell[f->head % CTL_TELL_MAX];
		if (clock_ms_diff(c->now_ms, out->from_ms) < (int32_t)f->delay_ms) {
			ctl_arm(c, &f->timer, out->from_ms + f->delay_ms, tell_waiting);
			return false;
		}
		f->head++;
		r = cache_record_get(c->view, out->rec, out->gen);
		if (r != NULL && cache_record_live(r, c->now_ms))
			return true;
	}
	return false;
}

/* Sends off what has waited long enough. */
static void tell_waiting(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_tell_fifo *f = ctl_container(t, struct ctl_tell_fifo, timer);
	unsigned told = 0;
	struct ctl_tell e;

	while (told < CTL_TELL_PER_TURN && pull(c, f, &e))
		told += f->say(c, e.rec, e.from_ms);
	if (told >= CTL_TELL_PER_TURN && f->head != f->tail)
		ctl_arm(c, t, c->now_ms + 1, tell_waiting);
}

/* The second announcement: who lost the first hears it now (RFC 6762 §8.3). */
static unsigned tell_again(struct ctl *c, uint32_t rec, uint32_t from_ms)
{
	return tell(c, DP_DOWN_TELL, rec, from_ms);
}

static unsigned tell_twice(struct ctl *c, uint32_t rec, uint32_t from_ms)
{
	unsigned told;

	if (!ctl_update_allowed(c, rec))
		return 0;
	told = tell(c, DP_DOWN_TELL, rec, from_ms);
	if (told > 0 && !push(c, &c->tells.again, rec))
		CTL_INC(c, told_once);
	return told;
}

void ctl_tell_soon(struct ctl *c, uint32_t rec)
{
	if (!push(c, &c->tells.first, rec))
		tell_twice(c, rec, c->now_ms);
}

/* Does the node hold an older record of the same link, so that this one is a change? */
static bool is_change(
	const struct ctl *c, uint32_t rec, const struct cache_record *r, const struct cache_node *n)
{
	struct cache_iter it;
	uint32_t other;

	cache_iter_init(&it, c->view, n);
	for (unsigned i = 0; i < NODE_WALK && (other = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *o = cache_record_at(c->view, other);

		if (other != rec && o->link == r->link &&
			clock_ms_diff(c->now_ms, o->learned_ms) > SAME_BURST_MS)
			return true;
	}
	return false;
}

/* Was a service of the address's host told without it just before? An address that is learned again
 * when somebody asks is no news to the others. */
static bool is_late(const struct ctl *c, uint32_t rec)
{
	unsigned n = 0;

	for (uint32_t srv = ctl_grant_first_srv(c, rec); srv != 0 && n++ < SRV_WALK;
		srv = ctl_grant_next_srv(c, srv)) {
		uint32_t learned = cache_record_at(c->view, srv)->learned_ms;
		int32_t age = clock_ms_diff(c->now_ms, learned);

		if (age > SAME_BURST_MS && age <= LATE_MS)
			return true;
	}
	return false;
}

/* Nobody there who could be told? */
static bool nobody(const struct ctl *c)
{
	return ctl_table_count(&c->interests.questions) == 0 && c->tells.n_announce == 0;
}

void ctl_tell_added(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);

	if (nobody(c))
		return;
	switch (r->rrtype) {
	case DNS_TYPE_PTR:
		if ((n->sd.kind == DNS_NAME_SERVICE_TYPE || n->sd.kind == DNS_NAME_SUBTYPE) &&
			(c->tells.n_announce > 0 || ctl_interest_first(c, n->key) != NULL))
			ctl_tell_soon(c, rec);
		break;
	case DNS_TYPE_SRV:
	case DNS_TYPE_TXT:
		/* With a new service they go as additional records of its PTR. */
		if (is_change(c, rec, r, n))
			ctl_tell_soon(c, rec);
		break;
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		if (is_change(c, rec, r, n) || is_late(c, rec))
			ctl_tell_soon(c, rec);
		break;
	default:
		break;
	}
}

/* Does another link's provider still offer the very same record? Then it is not gone. */
static bool still_offered(const struct ctl *c, uint32_t rec, const struct cache_record *r)
{
	struct cache_iter it;
	uint32_t other;

	cache_iter_init(&it, c->view, cache_node_at(c->view, r->node));
	for (unsigned i = 0; i < NODE_WALK && (other = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *o = cache_record_at(c->view, other);

		if (other != rec && o->ident == r->ident && cache_record_live(o, c->now_ms))
			return true;
	}
	return false;
}

void ctl_tell_dying(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	uint16_t flags = atomic_load_explicit(&r->flags, memory_order_relaxed);

	if (c->world == NULL || nobody(c))
		return;
	if (flags & CACHE_REC_HIDDEN) /* nobody was told of it */
		return;
	if (r->rrtype == DNS_TYPE_NSEC) /* never passed on; each link is told its own */
		return;
	/* What was flushed was replaced, and its successor is told with the flush bit (RFC 6762
	 * §10.2); a PTR is not replaced. */
	if ((flags & CACHE_REC_GOODBYE) == 0 && r->rrtype != DNS_TYPE_PTR)
		return;
	if (!still_offered(c, rec, r) && ctl_update_withdrawn(c, rec))
		tell(c, DP_DOWN_GOODBYE, rec, c->now_ms);
}

static struct ctl_tell_fifo fifo(struct ctl *c, uint32_t delay_ms, ctl_say_fn say)
{
	return (struct ctl_tell_fifo){
		.tell = slab_mem_dpdk.alloc(CTL_TELL_MAX * sizeof(struct ctl_tell), c->socket),
		.delay_ms = delay_ms,
		.say = say};
}

int ctl_tells_init(struct ctl *c)
{
	struct ctl_tells *t = &c->tells;

	t->first = fifo(c, CTL_TELL_DELAY_MS, tell_twice);
	t->again = fifo(c, CTL_TELL_AGAIN_MS, tell_again);
	t->announce = slab_mem_dpdk.alloc(DP_LINKS_MAX * sizeof(*t->announce), c->socket);
	return t->first.tell != NULL && t->again.tell != NULL && t->announce != NULL ? 0 : -ENOMEM;
}

void ctl_tells_fini(struct ctl *c)
{
	slab_mem_dpdk.free(c->tells.first.tell);
	slab_mem_dpdk.free(c->tells.again.tell);
	slab_mem_dpdk.free(c->tells.announce);
}
