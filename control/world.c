/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/world.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "control/ctl.h"

LOG_MODULE(control);

#define LEAVE_BUDGET 64
#define SAYS_BUDGET 256
#define NEW_CONSUMERS 16 /* found in a turn */
#define REVIVE_BUDGET 4  /* questions held against all links in a turn */
#define LEAVE_SLOTS 4096 /* of the cache looked at in a turn, for goodbyes */

int ctl_submit(struct ctl *c, struct ctl_request *r)
{
	return rte_ring_enqueue(r->op == CTL_REQ_STATION ? c->says : c->requests, r) == 0 ? 0
											  : -ENOSPC;
}

struct ctl_request *ctl_reply(struct ctl *c)
{
	void *r;

	return rte_ring_dequeue(c->replies, &r) == 0 ? r : NULL;
}

const struct dp_world *ctl_job_classifies(const struct ctl *c)
{
	const struct ctl_job *j = &c->job;

	return j->phase >= CTL_JOB_STATIONS && j->phase <= CTL_JOB_LEAVE ? j->r->world : NULL;
}

/* There is room: no more are taken up than can be given back. */
static void give_back(struct ctl *c, int64_t status)
{
	struct ctl_request *r = c->job.r;

	r->status = status;
	c->job.r = NULL;
	c->job.phase = CTL_JOB_IDLE;
	rte_ring_enqueue(c->replies, r);
}

static void enter(struct ctl *c, enum ctl_job_phase phase)
{
	c->job.phase = phase;
	c->job.cursor = 1;
	c->job.record = 1;
}

/* Does mDNS end with the new world where this link is now? */
static bool goes(const struct dp_link *l, const struct dp_world *to)
{
	const struct dp_link *n = dp_world_link(to, l->id);

	return l->mode == DP_LINK_GATEWAY && (n == NULL || n->mode != DP_LINK_GATEWAY ||
						     n->port != l->port || n->vlan != l->vlan);
}

/* Is it another link to its stations and switches than it was? */
static bool is_changed(const struct dp_link *a, const struct dp_link *b)
{
	return a->mode != b->mode || a->port != b->port || a->vlan != b->vlan ||
	       !mac_equal(&a->mac, &b->mac) || a->has_addr4 != b->has_addr4 ||
	       a->addr4 != b->addr4 || a->n_addr6 != b->n_addr6 ||
	       memcmp(a->addr6, b->addr6, a->n_addr6 * 16u) != 0;
}

static void link_take_up(struct ctl *c, const struct dp_link *l, const struct dp_link *was)
{
	struct ctl_link *cl = &c->link[l->id];

	if (was == NULL || was->query_budget != l->query_budget) {
		bucket_set(&cl->budget, l->query_budget, l->query_budget);
		bucket_fill(&cl->budget.rate, &cl->budget.level, c->now_us);
	}
	if (was == NULL) {
		bucket_fill(&c->world->misses.link, &cl->misses, c->now_us);
	}
	if (was != NULL && !is_changed(was, l))
		return;
	ctl_host_stop(c, l->id);
	if (l->mode == DP_LINK_GATEWAY)
		ctl_host_start(c, l->id);
}

/* From here on the new world is in force. */
static void publish(struct ctl *c)
{
	struct ctl_request *r = c->job.r;
	struct dp_world *now = r->world;
	const struct dp_world *was = c->world;

	r->old = atomic_load_explicit(&c->s->world, memory_order_relaxed);
	c->world = now;
	if (was == NULL)
		bucket_fill(&now->misses.gateway, &c->misses.gateway, c->now_us);
	ctl_share_world(c, now);
	atomic_store_explicit(&c->s->world, now, memory_order_release);
	c->job.token = rcu_start(c->s->rcu);
	ctl_prefixes_load(c, now);
	ctl_tells_world(c, now);
	for (uint16_t id = 1; id < now->n_ids; id++)
		if (now->link[id] != NULL)
			link_take_up(c, now->link[id], was != NULL ? dp_world_link(was, id) : NULL);
	for (uint16_t id = 1; was != NULL && id < was->n_ids; id++)
		if (was->link[id] != NULL && dp_world_link(now, id) == NULL) {
			ctl_host_stop(c, id);
			ctl_peer_link_gone(c, id);
		}
	ctl_peer_world(c, was);
	ctl_pinned_world(c, was);
	ctl_conflict_world(c);
	LOG_INFO("world in force", "generation=%lu links=%u", (unsigned long)now->generation,
		now->n_links);
	enter(c, CTL_JOB_GRACE);
}

/* One step of a sweep over indexes below `limit`; false at its end. */
static bool next_index(struct ctl *c, uint32_t limit, uint32_t *idx)
{
	if (c->job.cursor >= limit)
		return false;
	*idx = c->job.cursor++;
	return true;
}

static unsigned do_stations(struct ctl *c)
{
	uint32_t end = cache_station_max(c->cache) + 1, idx;
	struct policy_stats before, now;
	unsigned done = 0;

	policy_stats(c->job.r->world->policy, &before);
	now = before;
	/* Those that are like others cost next to nothing, those that are like none many rules. */
	while (done < c->job.budget && now.consumers - before.consumers < NEW_CONSUMERS) {
		if (!next_index(c, end, &idx)) {
			enter(c, CTL_JOB_CLASSIFY);
			return done + 1;
		}
		if (cache_station_is_live(c->view, idx))
			ctl_people_reclassify(c, idx);
		policy_stats(c->job.r->world->policy, &now);
		done++;
	}
	return done;
}

static unsigned do_classify(struct ctl *c)
{
	uint32_t end = cache_record_max(c->cache) + 1, idx;
	unsigned done = 0;

	while (done < c->job.budget) {
		if (!next_index(c, end, &idx)) {
			enter(c, CTL_JOB_GROUPS);
			return done + 1;
		}
		if (cache_record_is_live(c->view, idx))
			ctl_grant_reclassify(c, idx);
		done++;
	}
	return done;
}

static unsigned do_groups(struct ctl *c)
{
	const struct slab *slab = c->grants.groups.slab;
	unsigned done = 0;
	uint32_t idx;

	while (done < c->job.budget) {
		if (!next_index(c, slab_limit(slab), &idx)) {
			enter(c, CTL_JOB_LEAVE);
			return done + 1;
		}
		if (slab_live(slab, idx))
			ctl_grant_regroup(c, idx);
		done++;
	}
	return done;
}

static unsigned do_leave(struct ctl *c)
{
	const struct dp_world *was = c->world;
	unsigned done = 0, left = 0;
	uint32_t id;

	while (was != NULL && left < LEAVE_BUDGET) {
		if (!next_index(c, was->n_ids, &id)) {
			publish(c);
			return done + 1;
		}
		if (was->link[id] != NULL && goes(was->link[id], c->job.r->world)) {
			if (was->link[id]->announce && !ctl_withdraw_announced(c, was->link[id],
							       &c->job.record, LEAVE_SLOTS)) {
				c->job.cursor = id; /* the rest of it next turn */
				return done + 1;
			}
			c->job.record = 1;
			ctl_host_leave(c, was->link[id]);
			left++;
		}
		done++;
	}
	if (was == NULL)
		publish(c);
	return done + 1;
}

static unsigned do_grace(struct ctl *c)
{
	/* Not idle: whoever turns until nothing is left to do shall turn the workers too. */
	if (rcu_check(c->s->rcu, c->job.token))
		enter(c, CTL_JOB_FORGET);
	return 1;
}

static unsigned do_forget(struct ctl *c)
{
	const struct slab *slab = c->grants.groups.slab;
	unsigned done = 0;
	uint32_t idx;

	while (done < c->job.budget) {
		if (!next_index(c, slab_limit(slab), &idx)) {
			enter(c, c->job.r->old != NULL ? CTL_JOB_REVIVE : CTL_JOB_PURGE);
			return done + 1;
		}
		if (slab_live(slab, idx))
			ctl_grant_forget(c, idx, c->world->slot ^ 1);
		done++;
	}
	return done;
}

static unsigned do_revive(struct ctl *c)
{
	if (!ctl_interest_revive(c, c->job.r->old, &c->job.cursor, REVIVE_BUDGET))
		enter(c, CTL_JOB_PURGE);
	return 1;
}

/* May the record stay under the policy in force? */
static bool may_stay(const struct ctl *c, const struct cache_record *r)
{
	const struct cache_node *n = cache_node_at(c->view, r->node);
	const struct dp_link *l = ctl_gateway_link(c, r->link);
	struct ctl_subject s;

	if (l == NULL || !ctl_require_is_met(c, l, &cache_station_at(c->view, r->station)->mac))
		return false;
	ctl_subject(
		cache_node_name(c->view, n), &n->sd, r->rrtype, cache_record_rdata(c->view, r), &s);
	if (!s.service)
		return policy_permits(policy_ask(c->world->table, POLICY_TYPE_HOST, l->col_in));
	return policy_permits(policy_verdict(c->world->table,
		atomic_load_explicit(&r->cls[c->world->slot], memory_order_relaxed), l->col_in));
}

/* Removes the record; false if deferral is full: the same one next turn. */
static bool remove_record(struct ctl *c, uint32_t idx)
{
	if (cache_remove(c->cache, idx, c->now_ms) != -EAGAIN)
		return true;
	CTL_INC(c, deferral_full);
	c->job.cursor = idx;
	return false;
}

static unsigned do_purge(struct ctl *c)
{
	uint32_t end = cache_record_max(c->cache) + 1, idx;
	unsigned done = 0;

	while (done < c->job.budget) {
		if (!next_index(c, end, &idx)) {
			give_back(c, 0);
			return done + 1;
		}
		done++;
		if (cache_record_is_live(c->view, idx) &&
			!may_stay(c, cache_record_at(c->view, idx)) && !remove_record(c, idx))
			break;
	}
	return done;
}

static unsigned do_flush(struct ctl *c)
{
	uint32_t end = cache_record_max(c->cache) + 1, idx;
	uint16_t link = c->job.r->link;
	unsigned done = 0;

	while (done < c->job.budget) {
		if (!next_index(c, end, &idx)) {
			give_back(c, (int64_t)c->job.removed);
			return done + 1;
		}
		done++;
		if (!cache_record_is_live(c->view, idx) ||
			(link != 0 && cache_record_at(c->view, idx)->link != link))
			continue;
		if (!remove_record(c, idx))
			break;
		c->job.removed++;
	}
	return done;
}

static void port_state(struct ctl *c, const struct ctl_request *r)
{
	ctl_withdraw_port(c, r->port, r->up);
	for (uint16_t id = 1; c->world != NULL && r->up && id < c->world->n_ids; id++) {
		const struct dp_link *l = ctl_gateway_link(c, id);

		/* A switch that lost us must learn of our groups and addresses anew. */
		if (l == NULL || l->port != r->port)
			continue;
		ctl_host_start(c, id);
		ctl_pinned_restart(c, l);
	}
}

/* It goes on beside other requests. */
static void take_sweep(struct ctl *c)
{
	struct ctl_request *r = c->job.r;
	int rc = ctl_sweep_begin(c, r);

	if (rc < 0) {
		give_back(c, rc);
		return;
	}
	c->job.r = NULL;
	c->job.phase = CTL_JOB_IDLE;
}

static void receive(struct ctl *c, const struct ctl_request *r)
{
	const struct dp_link *l = ctl_gateway_link(c, r->link);
	struct dp_downcall d = {.op = DP_DOWN_RECEIVE, .m = r->frame};

	if (l != NULL)
		ctl_down(c, l->home, &d);
	else
		rte_pktmbuf_free(r->frame);
}

/* Takes up the next request. False: none, or no room to give it back. */
static bool take_up(struct ctl *c)
{
	struct ctl_job *j = &c->job;
	void *r;

	if (rte_ring_full(c->replies) || rte_ring_dequeue(c->requests, &r) != 0)
		return false;
	j->r = r;
	switch (j->r->op) {
	case CTL_REQ_WORLD:
		if (j->r->world == NULL ||
			(c->world != NULL && c->world->slot == j->r->world->slot)) {
			give_back(c, -EINVAL);
			break;
		}
		j->number++;
		enter(c, CTL_JOB_STATIONS);
		break;
	case CTL_REQ_PORT_STATE:
		port_state(c, j->r);
		give_back(c, 0);
		break;
	case CTL_REQ_SWEEP:
		take_sweep(c);
		break;
	case CTL_REQ_RECEIVE:
		receive(c, j->r);
		give_back(c, 0);
		break;
	case CTL_REQ_FLUSH:
		j->removed = 0;
		enter(c, CTL_JOB_FLUSH);
		break;
	default:
		give_back(c, -EINVAL);
		break;
	}
	return true;
}

unsigned ctl_says_turn(struct ctl *c)
{
	unsigned done = 0;
	void *p;

	/* No more are taken up than can be given back, a job's request among them. */
	for (; done < SAYS_BUDGET && rte_ring_free_count(c->replies) > 1 &&
		rte_ring_dequeue(c->says, &p) == 0;
		done++) {
		struct ctl_request *r = p;

		r->status = ctl_people_say(c, r);
		rte_ring_enqueue(c->replies, r);
	}
	return done;
}

unsigned ctl_job_turn(struct ctl *c)
{
	switch (c->job.phase) {
	case CTL_JOB_STATIONS:
		return do_stations(c);
	case CTL_JOB_CLASSIFY:
		return do_classify(c);
	case CTL_JOB_GROUPS:
		return do_groups(c);
	case CTL_JOB_LEAVE:
		return do_leave(c);
	case CTL_JOB_GRACE:
		return do_grace(c);
	case CTL_JOB_FORGET:
		return do_forget(c);
	case CTL_JOB_REVIVE:
		return do_revive(c);
	case CTL_JOB_PURGE:
		return do_purge(c);
	case CTL_JOB_FLUSH:
		return do_flush(c);
	case CTL_JOB_IDLE:
	default:
		return take_up(c) ? 1 : 0;
	}
}
