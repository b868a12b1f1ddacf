/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/people.h"

#include <errno.h>
#include <stdlib.h>

#include "control/ctl.h"
#include "control/request.h"

#define SWEEP_MS 60000      /* between two looks at all stations */
#define SWEEP_STEP_MS 100   /* ... between two parts of one */
#define SWEEP_STATIONS 4096 /* looked at in a part */
#define TURN_STATIONS 16

/* What was said by command. */
struct ctl_person {
	struct ctl_entry entry;
	uint8_t set; /* CTL_WHO_*: what of it was */
	uint16_t role, place;
	uint32_t user;
};

int ctl_people_init(struct ctl *c)
{
	uint32_t stations = c->view->station_slab->max;
	int rc = ctl_table_init(
		&c->people.said, "people", sizeof(struct ctl_person), CTL_PEOPLE_MAX, c->socket);

	if (rc < 0)
		return rc;
	c->people.change_next = slab_mem_dpdk.alloc(
		((size_t)stations + 1) * sizeof(*c->people.change_next), c->socket);
	return c->people.change_next != NULL ? 0 : -ENOMEM;
}

void ctl_people_fini(struct ctl *c)
{
	ctl_table_fini(&c->people.said);
	slab_mem_dpdk.free(c->people.change_next);
}

static struct hash128 person_key(const struct ctl *c, const struct mac_addr *mac)
{
	return hash_bytes(&c->key, mac, sizeof(*mac));
}

static int by_mac(const void *pa, const void *pb)
{
	const struct policy_who *a = pa, *b = pb;

	return memcmp(&a->mac, &b->mac, sizeof(a->mac));
}

/* What file and commands say of an address, without its link's place. */
static void said_of(const struct ctl *c, const struct dp_world *w, const struct mac_addr *mac,
	struct policy_who *out)
{
	const struct policy_who key = {.mac = *mac}, *file = NULL;
	uint32_t idx = ctl_table_find(&c->people.said, person_key(c, mac));

	if (w->n_stations > 0)
		file = bsearch(&key, w->stations, w->n_stations, sizeof(key), by_mac);
	*out = file != NULL ? *file : key;
	if (idx != 0) {
		const struct ctl_person *p = ctl_table_at(&c->people.said, idx);

		if (p->set & CTL_WHO_USER)
			out->user = p->user;
		if (p->set & CTL_WHO_ROLE)
			out->role = p->role;
		if (p->set & CTL_WHO_PLACE)
			out->place = p->place;
	}
}

static void place_of_link(const struct dp_world *w, uint16_t link, struct policy_who *who)
{
	const struct dp_link *l = dp_world_link(w, link);

	if (who->place == 0 && l != NULL)
		who->place = l->place;
}

void ctl_people_of(const struct ctl *c, const struct dp_world *w, uint16_t link,
	const struct mac_addr *mac, struct policy_who *out)
{
	said_of(c, w, mac, out);
	place_of_link(w, link, out);
}

void ctl_people_who(
	const struct ctl *c, const struct dp_world *w, uint32_t station, struct policy_who *out)
{
	const struct cache_station *st = cache_station_at(c->view, station);
	uint64_t who = atomic_load_explicit(&st->who[w->slot], memory_order_relaxed);

	*out = (struct policy_who){.mac = st->mac,
		.user = (uint32_t)(who >> 32),
		.role = (uint16_t)(who >> 16),
		.place = (uint16_t)who};
	place_of_link(w, st->link, out);
}

/* Gives a station what it is under a world. */
static void fill(struct ctl *c, const struct dp_world *w, uint32_t station)
{
	struct cache_station *st = cache_station_at(c->view, station);
	struct policy_who who;
	uint32_t consumer = POLICY_NO_CONSUMER;

	said_of(c, w, &st->mac, &who);
	atomic_store_explicit(
		&st->who[w->slot], cache_who(who.user, who.role, who.place), memory_order_relaxed);
	place_of_link(w, st->link, &who);
	if (st->asker)
		consumer = policy_consumer(w->policy, st->link, &who);
	/* Release: who it is, and its row of verdicts, were complete before. */
	atomic_store_explicit(&st->consumer[w->slot], consumer, memory_order_release);
}

static void fill_both(struct ctl *c, uint32_t station)
{
	const struct dp_world *coming = ctl_job_classifies(c);

	if (c->world != NULL)
		fill(c, c->world, station);
	if (coming != NULL)
		fill(c, coming, station);
}

void ctl_people_made(struct ctl *c, uint32_t station)
{
	fill_both(c, station);
}

static void sweep(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_people *p = &c->people;
	uint32_t end = cache_station_max(c->cache) + 1;

	for (unsigned i = 0; i < SWEEP_STATIONS && p->sweep_at < end; i++, p->sweep_at++)
		if (cache_station_is_live(c->view, p->sweep_at) &&
			cache_station_idle(c->cache, p->sweep_at, c->now_ms))
			CTL_INC(c, askers_forgotten);
	if (p->sweep_at < end) {
		ctl_arm(c, t, c->now_ms + SWEEP_STEP_MS, sweep);
		return;
	}
	p->sweep_at = 1;
	/* Nobody asks, nobody is to be forgotten. */
	if (cache_askers(c->cache) > 0)
		ctl_arm(c, t, c->now_ms + SWEEP_MS, sweep);
}

uint32_t ctl_people_know(struct ctl *c, uint16_t link, const struct mac_addr *mac)
{
	uint32_t idx = 0;

	if (ctl_gateway_link(c, link) != NULL)
		idx = cache_station_ask(c->cache, link, mac, c->now_ms);
	if (idx == 0) {
		CTL_INC(c, askers_refused);
		return 0;
	}
	fill_both(c, idx);
	if (!wheel_armed(&c->people.sweep.item)) {
		c->people.sweep_at = 1;
		ctl_arm(c, &c->people.sweep, c->now_ms + SWEEP_MS, sweep);
	}
	return idx;
}

void ctl_people_asks(struct ctl *c, unsigned worker, struct rte_mbuf *m)
{
	struct dp_pkt *pkt = dp_pkt(m);
	struct dp_downcall d = {.op = DP_DOWN_QUERY, .link = pkt->link, .m = m};

	ctl_people_know(c, pkt->link, &pkt->smac);
	/* The second time it is answered in any case, if only with what everybody may see. */
	pkt->flags |= DP_PKT_ASKED;
	ctl_down(c, worker, &d);
}

/* Finds the person, or adds it; forgets it where nothing is said any more. */
static int say(struct ctl *c, const struct ctl_request *r)
{
	struct hash128 key = person_key(c, &r->who.mac);
	uint32_t idx = ctl_table_find(&c->people.said, key);
	struct ctl_person *p;

	if (r->set == 0) {
		if (idx == 0)
			return -ENOENT;
		ctl_table_del(&c->people.said, idx);
		return 0;
	}
	if (idx == 0)
		idx = ctl_table_add(&c->people.said, key);
	if (idx == 0)
		return -ENOSPC;
	p = ctl_table_at(&c->people.said, idx);
	p->set |= (uint8_t)r->set;
	if (r->set & CTL_WHO_USER)
		p->user = r->who.user;
	if (r->set & CTL_WHO_ROLE)
		p->role = r->who.role;
	if (r->set & CTL_WHO_PLACE)
		p->place = r->who.place;
	return 0;
}

int ctl_people_say(struct ctl *c, const struct ctl_request *r)
{
	int rc = say(c, r);

	for (uint16_t id = 1; rc == 0 && c->world != NULL && id < c->world->n_ids; id++) {
		uint32_t station = cache_find_station(c->view, id, &r->who.mac);

		if (station == 0)
			continue;
		fill_both(c, station);
		ctl_people_changed(c, station);
	}
	return rc;
}

void ctl_people_changed(struct ctl *c, uint32_t station)
{
	struct ctl_people *p = &c->people;

	if (station == 0 || p->change_next[station] != 0)
		return;
	p->change_next[station] = p->changed != 0 ? p->changed : station;
	p->changed = station;
}

void ctl_people_reclassify(struct ctl *c, uint32_t station)
{
	const struct dp_world *coming = ctl_job_classifies(c);

	if (coming != NULL)
		fill(c, coming, station);
}

unsigned ctl_people_turn(struct ctl *c)
{
	struct ctl_people *p = &c->people;
	unsigned done = 0;

	while (p->changed != 0 && done < TURN_STATIONS) {
		uint32_t station = p->changed, rec;

		p->changed = p->change_next[station] == station ? 0 : p->change_next[station];
		p->change_next[station] = 0;
		done++;
		if (!cache_station_is_live(c->view, station))
			continue;
		for (rec = cache_station_at(c->view, station)->records; rec != 0;
			rec = cache_record_at(c->view, rec)->station_next)
			ctl_grant_again(c, rec);
	}
	return done;
}
