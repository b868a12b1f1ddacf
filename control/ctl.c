/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/ctl.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

#include "dns/name.h"

/* The turn: everything once, each within a budget, so that no flood of one kind starves another
 * (DESIGN §3). */

#define UPCALL_BUDGET 256 /* messages from workers, all together */
#define UPCALL_BURST 32   /* ... from one before the next has its turn */
#define CACHE_BUDGET 2048 /* expiries, milestones */
#define WHEEL_BUDGET 2048
#define SWEEP_BUDGET 2048 /* records of a reload: a million take some hundred turns */
#define GRANT_BUDGET 4096
#define CONFLICT_BUDGET 256
#define DEFER_BUDGET 4096
#define DEFER_ENTRIES 65536
#define REQUESTS 64 /* of management under way; */
#define SAYS 1024   /* ... about stations */

static void on_added(void *arg, uint32_t rec)
{
	struct ctl *c = arg;

	ctl_grant_added(c, rec);
	ctl_types_added(c, rec);
	ctl_question_answered(c, rec);
	ctl_wait_arrived(c, rec);
	ctl_tell_added(c, rec);
	ctl_conflict_added(c, rec);
}

static void on_removing(void *arg, uint32_t rec)
{
	struct ctl *c = arg;

	ctl_types_removing(c, rec);
	ctl_conflict_leaving(c, rec);
	ctl_grant_removing(c, rec);
}

static void on_dying(void *arg, uint32_t rec)
{
	ctl_tell_dying(arg, rec);
	ctl_withdraw_dying(arg, rec);
	ctl_conflict_leaving(arg, rec);
}

static void on_due(void *arg, uint32_t rec, unsigned stage)
{
	ctl_refresh_due(arg, rec, stage);
}

static void on_station(void *arg, uint32_t station)
{
	ctl_people_made(arg, station);
}

static void on_station_gone(void *arg, uint32_t station)
{
	ctl_people_gone(arg, station);
}

static void on_changed(void *arg, uint64_t key)
{
	ctl_stale(arg, key);
}

static const struct cache_ops cache_ops = {
	.added = on_added,
	.removing = on_removing,
	.dying = on_dying,
	.due = on_due,
	.station = on_station,
	.station_gone = on_station_gone,
	.changed = on_changed,
};

/* Rings of our own memory: rings of the EAL have names, and a test may have more than one control.
 */
static struct rte_ring *ring_make(const struct ctl *c, unsigned entries)
{
	struct rte_ring *r = slab_mem_dpdk.alloc((size_t)rte_ring_get_memsize(entries), c->socket);

	if (r == NULL)
		return NULL;
	if (rte_ring_init(r, "ctl", entries, RING_F_SP_ENQ | RING_F_SC_DEQ) < 0) {
		slab_mem_dpdk.free(r);
		return NULL;
	}
	return r;
}

static int make_parts(struct ctl *c, const struct ctl_params *p, uint64_t cache_seed)
{
	static _Atomic unsigned serial; /* the cache's hashes have names of the process */
	char name[11];
	int rc;

	c->requests = ring_make(c, REQUESTS);
	c->says = ring_make(c, SAYS);
	c->replies = ring_make(c, 2 * SAYS);
	c->link = slab_mem_dpdk.alloc(DP_LINKS_MAX * sizeof(*c->link), c->socket);
	if (c->requests == NULL || c->says == NULL || c->replies == NULL || c->link == NULL)
		return -ENOMEM;
	rc = defer_init(&c->defer, c->s->rcu, DEFER_ENTRIES, c->socket, &slab_mem_dpdk);
	if (rc < 0)
		return rc;
	snprintf(name, sizeof(name), "ls%u", atomic_fetch_add(&serial, 1) % 1000000);
	c->cache = cache_create(name, &p->limits, &p->hash_key, &c->defer, &cache_ops, c, c->socket,
		c->now_ms, cache_seed);
	if (c->cache == NULL)
		return -errno;
	c->view = cache_view(c->cache);
	rc = ctl_grants_init(c);
	if (rc == 0)
		rc = ctl_people_init(c);
	if (rc == 0)
		rc = ctl_types_init(c);
	if (rc == 0)
		rc = ctl_questions_init(c);
	if (rc == 0)
		rc = ctl_waits_init(c);
	if (rc == 0)
		rc = ctl_interests_init(c);
	if (rc == 0)
		rc = ctl_tells_init(c);
	if (rc == 0)
		rc = ctl_probes_init(c);
	if (rc == 0)
		rc = ctl_silences_init(c);
	if (rc == 0)
		rc = ctl_bindings_init(c);
	if (rc == 0)
		rc = ctl_conflicts_init(c);
	if (rc == 0)
		rc = ctl_tiebreaks_init(c);
	if (rc == 0)
		rc = ctl_poofs_init(c);
	if (rc == 0)
		rc = ctl_peers_init(c);
	if (rc == 0)
		rc = ctl_updates_init(c);
	if (rc == 0)
		rc = ctl_prefixes_init(c);
	return rc;
}

struct ctl *ctl_create(struct dp_shared *s, const struct ctl_params *p, uint64_t now_us)
{
	struct ctl *c = slab_mem_dpdk.alloc(sizeof(*c), p->socket);
	uint64_t seed;
	int rc;

	if (c == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	c->s = s;
	c->socket = p->socket;
	c->now_us = now_us;
	c->now_ms = clock_ms(now_us);
	rng_seed(&c->rng, p->seed);
	seed = rng_u64(&c->rng);
	/* Tables of our own under a key of our own: what is seen of the one says nothing about the
	 * other. */
	c->key.k[0] = siphash24(&p->hash_key, "control 0", 9);
	c->key.k[1] = siphash24(&p->hash_key, "control 1", 9);
	wheel_init(&c->wheel, c->now_ms);
	c->job.budget = SWEEP_BUDGET;
	rc = make_parts(c, p, seed);
	if (rc < 0) {
		ctl_destroy(c);
		errno = -rc;
		return NULL;
	}
	ctl_host_init(c);
	s->cache = c->view;
	s->ttl_cap = p->limits.ttl;
	return c;
}

void ctl_destroy(struct ctl *c)
{
	if (c == NULL)
		return;
	ctl_waits_fini(c);
	ctl_tells_fini(c);
	ctl_interests_fini(c);
	ctl_probes_fini(c);
	ctl_silences_fini(c);
	ctl_bindings_fini(c);
	ctl_conflicts_fini(c);
	ctl_tiebreaks_fini(c);
	ctl_poofs_fini(c);
	ctl_peers_fini(c);
	ctl_updates_fini(c);
	ctl_questions_fini(c);
	ctl_prefixes_fini(c);
	/* The cache lets its deferred frees run; those of the type lists are among them. */
	if (c->cache != NULL)
		cache_destroy(c->cache);
	defer_fini(&c->defer);
	ctl_types_fini(c);
	ctl_grants_fini(c);
	ctl_people_fini(c);
	c->s->cache = NULL;
	slab_mem_dpdk.free(c->link);
	slab_mem_dpdk.free(c->requests);
	slab_mem_dpdk.free(c->says);
	slab_mem_dpdk.free(c->replies);
	slab_mem_dpdk.free(c);
}

void ctl_arm(struct ctl *c, struct ctl_timer *t, uint32_t at_ms, ctl_fire_fn fire)
{
	t->fire = fire;
	wheel_arm(&c->wheel, &t->item, at_ms);
}

void ctl_cancel(struct ctl *c, struct ctl_timer *t)
{
	wheel_cancel(&c->wheel, &t->item);
}

static void fire(struct wheel_item *item, void *arg)
{
	struct ctl_timer *t = ctl_container(item, struct ctl_timer, item);

	t->fire(arg, t);
}

bool ctl_down(struct ctl *c, unsigned worker, struct dp_downcall *d)
{
	if (worker < c->s->n_workers &&
		rte_ring_enqueue_elem(c->s->down[worker], d, sizeof(*d)) == 0)
		return true;
	if (dp_down_has_mbuf(d))
		rte_pktmbuf_free(d->m);
	CTL_INC(c, down_full);
	return false;
}

const uint8_t *ctl_message(struct ctl *c, struct rte_mbuf *m)
{
	const struct dp_pkt *pkt = dp_pkt(m);

	if ((uint32_t)pkt->dns_off + pkt->dns_len > rte_pktmbuf_pkt_len(m) ||
		pkt->dns_len > DNS_MSG_MAX)
		return NULL;
	return rte_pktmbuf_read(m, pkt->dns_off, pkt->dns_len, c->scratch.linear);
}

struct hash128 ctl_node_key(const struct ctl *c, const uint8_t *name, uint16_t rrtype)
{
	uint8_t canon[DNS_NAME_MAX + 1] __attribute__((aligned(64)));
	size_t len = dns_name_len(name);

	dns_name_canon(canon, name, len);
	return cache_key(c->view, canon, len, rrtype);
}

static void upcall(struct ctl *c, const struct dp_upcall *u)
{
	switch (u->op) {
	case DP_UP_REFRESH:
		ctl_refresh_used(c, u->rec, u->gen);
		return;
	case DP_UP_POOF:
		ctl_poof(c, u->rec, u->gen);
		return;
	case DP_UP_KNOW:
		ctl_people_know(c, (uint16_t)u->rec, &u->mac);
		return;
	case DP_UP_SHORT:
		ctl_share_short(c, (uint16_t)u->rec);
		return;
	case DP_UP_WHO:
		ctl_people_asks(c, u->worker, u->m);
		return;
	case DP_UP_RESPONSE:
		ctl_learn(c, u->m);
		break;
	case DP_UP_QUERY:
		ctl_query(c, u->m);
		break;
	case DP_UP_HOST:
		ctl_host_input(c, u->m);
		break;
	default:
		break;
	}
	rte_pktmbuf_free(u->m);
}

/* A burst of each worker in turn, another worker first each time, until the budget is used up. */
static unsigned upcalls(struct ctl *c)
{
	unsigned n_workers = c->s->n_workers, done = 0, before;

	do {
		before = done;
		for (unsigned i = 0; i < n_workers; i++) {
			unsigned w = (c->next_worker + i) % n_workers;
			struct dp_upcall u[UPCALL_BURST];
			unsigned n = rte_ring_dequeue_burst_elem(
				c->s->up[w], u, sizeof(u[0]), UPCALL_BURST, NULL);

			for (unsigned k = 0; k < n; k++)
				upcall(c, &u[k]);
			done += n;
		}
	} while (done > before && done < UPCALL_BUDGET);
	c->next_worker = n_workers > 0 ? (c->next_worker + 1) % n_workers : 0;
	return done;
}

unsigned ctl_turn(struct ctl *c, uint64_t now_us)
{
	struct dp_counters *load = &c->s->counters[c->s->n_workers];
	unsigned done;

	c->now_us = now_us;
	c->now_ms = clock_ms(now_us);
	done = ctl_job_turn(c);
	done += ctl_says_turn(c);
	done += upcalls(c);
	done += cache_turn(c->cache, c->now_ms, CACHE_BUDGET);
	done += wheel_turn(&c->wheel, c->now_ms, WHEEL_BUDGET, fire, c);
	/* What the above gathered: one union, one message, one list for all of the turn. */
	done += ctl_leave_turn(c);
	done += ctl_conflict_turn(c, CONFLICT_BUDGET);
	done += ctl_withdraw_turn(c);
	done += ctl_refresh_turn(c);
	done += ctl_people_turn(c);
	done += ctl_grant_turn(c, GRANT_BUDGET);
	done += ctl_question_turn(c);
	done += ctl_host_turn(c);
	ctl_types_turn(c);
	if (c->world != NULL && c->world->audit)
		dp_audit_turn(c->s->audit[c->s->n_workers], c->now_ms);
	done += defer_turn(&c->defer, DEFER_BUDGET);
	COUNTER_INC(load->turns);
	if (done > 0)
		COUNTER_INC(load->busy_turns);
	return done;
}

bool ctl_next(const struct ctl *c, uint32_t *at_ms)
{
	uint32_t cache_at;
	bool own = wheel_wake(&c->wheel, at_ms);

	if (!cache_next(c->cache, &cache_at))
		return own;
	if (!own || clock_ms_before(cache_at, *at_ms))
		*at_ms = cache_at;
	return true;
}

struct cache *ctl_cache(struct ctl *c)
{
	return c->cache;
}

unsigned ctl_held(const struct ctl *c)
{
	return ctl_table_count(&c->waits.waiters);
}

static const char *const counter_names[] = {
#define COUNTER_NAME(name, text) #name,
	CTL_COUNTERS(COUNTER_NAME)
#undef COUNTER_NAME
};

static const char *const counter_texts[] = {
#define COUNTER_TEXT(name, text) text,
	CTL_COUNTERS(COUNTER_TEXT)
#undef COUNTER_TEXT
};

const char *ctl_counter_name(unsigned counter)
{
	return counter < CTL_N_COUNTERS ? counter_names[counter] : NULL;
}

const char *ctl_counter_text(unsigned counter)
{
	return counter < CTL_N_COUNTERS ? counter_texts[counter] : NULL;
}

uint64_t ctl_counter(const struct ctl *c, unsigned counter)
{
	return counter < CTL_N_COUNTERS ? counter_read(&c->count[counter]) : 0;
}

const char *ctl_table_name(unsigned table)
{
	static const char *const names[] = {
#define TABLE_NAME(name, table) #name,
		CTL_TABLES(TABLE_NAME)
#undef TABLE_NAME
	};

	return table < CTL_N_TABLES ? names[table] : NULL;
}

void ctl_deferral(const struct ctl *c, struct ctl_deferral *out)
{
	const struct defer *d = &c->defer;

	out->waiting = defer_pending(d);
	out->most = __atomic_load_n(&d->high_water, __ATOMIC_RELAXED);
	out->room = d->capacity;
	out->done = counter_read(&d->done);
	out->refused = counter_read(&d->refused);
}

uint32_t ctl_table_in_use(const struct ctl *c, unsigned table)
{
	const struct ctl_table *const tables[] = {
#define TABLE(name, table) table,
		CTL_TABLES(TABLE)
#undef TABLE
	};

	return table < CTL_N_TABLES ? ctl_table_count(tables[table]) : 0;
}
