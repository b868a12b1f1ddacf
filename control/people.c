/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/people.h"

#include <errno.h>
#include <stdlib.h>

#include "control/ctl.h"
#include "control/request.h"
#include "dataplane/admit.h"

#define SWEEP_MS 60000        /* between two looks at all stations */
#define SWEEP_SILENCE_MS 5000 /* ... where a link looks for silent ones */
#define SWEEP_STEP_MS 100     /* ... between two parts of one */
#define SWEEP_STATIONS 4096   /* looked at in a part */
#define TURN_STATIONS 16

int ctl_people_init(struct ctl *c)
{
	uint32_t stations = c->view->station_slab->max;
	int rc = ctl_table_init(&c->people.persons, "people", sizeof(struct ctl_person),
		CTL_PEOPLE_MAX + stations, c->socket);

	if (rc < 0)
		return rc;
	c->people.at =
		slab_mem_dpdk.alloc(((size_t)stations + 1) * sizeof(*c->people.at), c->socket);
	return c->people.at != NULL ? 0 : -ENOMEM;
}

void ctl_people_fini(struct ctl *c)
{
	ctl_table_fini(&c->people.persons);
	slab_mem_dpdk.free(c->people.at);
}

/* --- persons --------------------------------------------------------------------------------- */

static struct hash128 person_key(const struct ctl *c, const struct mac_addr *mac)
{
	return hash_bytes(&c->key, mac, sizeof(*mac));
}

static struct ctl_person *person_at(const struct ctl *c, uint32_t idx)
{
	return ctl_table_at(&c->people.persons, idx);
}

struct ctl_person *ctl_person_find(const struct ctl *c, const struct mac_addr *mac)
{
	uint32_t idx = ctl_table_find(&c->people.persons, person_key(c, mac));

	return idx != 0 ? person_at(c, idx) : NULL;
}

/* Found or made; 0: no room. */
static uint32_t person_get(struct ctl *c, const struct mac_addr *mac)
{
	struct hash128 key = person_key(c, mac);
	uint32_t idx = ctl_table_find(&c->people.persons, key);

	if (idx != 0)
		return idx;
	idx = ctl_table_add(&c->people.persons, key);
	if (idx != 0)
		person_at(c, idx)->said.who.mac = *mac;
	return idx;
}

static void person_release(struct ctl *c, uint32_t idx)
{
	const struct ctl_person *p = person_at(c, idx);

	if (p->said.set == 0 && p->stations == 0 && p->moves == 0)
		ctl_table_del(&c->people.persons, idx);
}

static void moves_over(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_person *p = ctl_container(t, struct ctl_person, timer);

	p->moves = 0;
	person_release(c, ctl_table_find(&c->people.persons, p->entry.key));
}

void ctl_person_moved(struct ctl *c, struct ctl_person *p)
{
	if (p->moves++ == 0)
		ctl_arm(c, &p->timer, c->now_ms + CTL_ROAM_MS, moves_over);
}

void ctl_people_said(const struct ctl *c, const struct dp_world *w, const struct mac_addr *mac,
	struct dp_said *out)
{
	const struct dp_said *file = dp_said_find(w->stations, w->n_stations, mac);
	const struct ctl_person *p = ctl_person_find(c, mac);

	if (file != NULL)
		*out = *file;
	else
		*out = (struct dp_said){.who.mac = *mac};
	if (p != NULL)
		dp_said_over(out, &p->said);
}

/* Who has no place of its own is where its link is. */
static void place_of_link(const struct dp_world *w, uint16_t link, struct policy_who *who)
{
	const struct dp_link *l = dp_world_link(w, link);

	if (who->place == 0 && l != NULL)
		who->place = l->place;
}

void ctl_people_of(const struct ctl *c, const struct dp_world *w, uint16_t link,
	const struct mac_addr *mac, struct policy_who *out)
{
	struct dp_said said;

	ctl_people_said(c, w, mac, &said);
	*out = said.who;
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
}

/* Gives a station what it is under a world. */
static void fill(struct ctl *c, const struct dp_world *w, uint32_t station)
{
	struct cache_station *st = cache_station_at(c->view, station);
	struct policy_who who;
	struct dp_said said;
	uint32_t consumer = POLICY_NO_CONSUMER;
	uint64_t is;

	ctl_people_said(c, w, &st->mac, &said);
	who = said.who;
	place_of_link(w, st->link, &who);
	is = cache_who(who.user, who.role, who.place);
	if (st->asker)
		consumer = policy_consumer(w->policy, st->link, &who);
	if (atomic_load_explicit(&st->who[w->slot], memory_order_relaxed) == is &&
		atomic_load_explicit(&st->consumer[w->slot], memory_order_relaxed) == consumer)
		return;
	atomic_store_explicit(&st->who[w->slot], is, memory_order_relaxed);
	/* Release: who it is, and its row of verdicts, were complete before. */
	atomic_store_explicit(&st->consumer[w->slot], consumer, memory_order_release);
	/* Of the coming world nobody has found out anything yet. */
	if (w == c->world)
		cache_station_changed(st);
}

static void fill_both(struct ctl *c, uint32_t station)
{
	const struct dp_world *coming = ctl_job_classifies(c);

	if (c->world != NULL)
		fill(c, c->world, station);
	if (coming != NULL)
		fill(c, coming, station);
}

static uint32_t sweep_ms(const struct ctl *c)
{
	return c->world != NULL && c->world->silence ? SWEEP_SILENCE_MS : SWEEP_MS;
}

static void sweep(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_people *p = &c->people;
	uint32_t end = cache_station_max(c->cache) + 1;

	for (unsigned i = 0; i < SWEEP_STATIONS && p->sweep_at < end; i++, p->sweep_at++) {
		if (!cache_station_is_live(c->view, p->sweep_at))
			continue;
		cache_station_aged(c->cache, p->sweep_at, c->now_ms);
		ctl_silence_look(c, p->sweep_at);
		if (cache_station_idle(c->cache, p->sweep_at, c->now_ms))
			CTL_INC(c, askers_forgotten);
	}
	if (p->sweep_at < end) {
		ctl_arm(c, t, c->now_ms + SWEEP_STEP_MS, sweep);
		return;
	}
	p->sweep_at = 1;
	if (cache_stations(c->cache) > 0)
		ctl_arm(c, t, c->now_ms + sweep_ms(c), sweep);
}

/* There is a station: they are looked at now and then. */
static void sweeps(struct ctl *c)
{
	if (wheel_armed(&c->people.sweep.item))
		return;
	c->people.sweep_at = 1;
	ctl_arm(c, &c->people.sweep, c->now_ms + sweep_ms(c), sweep);
}

/* The tables have room for the person of each station the cache has room for. */
void ctl_people_made(struct ctl *c, uint32_t station)
{
	struct ctl_whereabouts *at = &c->people.at[station];
	uint32_t idx = person_get(c, &cache_station_at(c->view, station)->mac);

	if (c->world != NULL)
		dp_admit_new(c->world, cache_station_at(c->view, station), c->now_us);
	/* It may be on a list still, by what it was before: those look at who it is. */
	at->person = idx;
	at->next = 0;
	at->present_ms = 0;
	at->browsers = 0;
	if (idx != 0) {
		at->next = person_at(c, idx)->stations;
		person_at(c, idx)->stations = station;
	}
	fill_both(c, station);
	sweeps(c);
}

void ctl_people_gone(struct ctl *c, uint32_t station)
{
	uint32_t idx = c->people.at[station].person;
	uint32_t *link;

	ctl_interest_station_gone(c, station);
	if (idx == 0)
		return;
	link = &person_at(c, idx)->stations;
	while (*link != station)
		link = &c->people.at[*link].next;
	*link = c->people.at[station].next;
	c->people.at[station].person = 0;
	person_release(c, idx);
}

void ctl_people_heard(struct ctl *c, const struct dp_pkt *pkt)
{
	uint32_t station = cache_find_station(c->view, pkt->link, &pkt->smac);

	if (station == 0)
		ctl_roam_seen(c, pkt->link, &pkt->smac);
	else if ((pkt->flags & DP_PKT_OFFLINK) == 0)
		cache_station_from(c->cache, station, pkt->src, pkt->family == 4 ? 4 : 16);
}

uint32_t ctl_people_know(struct ctl *c, uint16_t link, const struct mac_addr *mac)
{
	uint32_t idx = 0;

	if (ctl_gateway_link(c, link) != NULL) {
		ctl_roam_seen(c, link, mac);
		idx = cache_station_ask(c->cache, link, mac, c->now_ms);
	}
	if (idx == 0) {
		CTL_INC(c, askers_refused);
		return 0;
	}
	fill_both(c, idx);
	return idx;
}

void ctl_people_asks(struct ctl *c, unsigned worker, struct rte_mbuf *m)
{
	struct dp_pkt *pkt = dp_pkt(m);
	struct dp_downcall d = {.op = DP_DOWN_QUERY, .link = pkt->link, .m = m};

	ctl_people_know(c, pkt->link, &pkt->smac);
	ctl_people_heard(c, pkt);
	/* The second time it is answered in any case, if only with what everybody may see. */
	pkt->flags |= DP_PKT_ASKED;
	ctl_down(c, worker, &d);
}

/* --- what is said ---------------------------------------------------------------------------- */

/* Of an address that has a person. */
static void take_in(struct ctl *c, struct ctl_person *p, const struct dp_said *said)
{
	c->people.n_said += (said->set != 0) - (p->said.set != 0);
	ctl_bind_said(c, &p->said, said);
	p->said = *said;
}

/* What is kept of its records rests on who it is: in force with the next packet. */
static void tell_stale(struct ctl *c, uint32_t station)
{
	uint32_t rec = cache_station_at(c->view, station)->records;

	for (; rec != 0; rec = cache_record_at(c->view, rec)->station_next)
		cache_changed(c->cache, rec);
}

int ctl_people_say(struct ctl *c, const struct ctl_request *r)
{
	const struct mac_addr *mac = &r->said.who.mac;
	const struct ctl_person *known = ctl_person_find(c, mac);
	struct dp_said before, now;
	uint32_t idx, station, next;

	if (known == NULL && r->said.set == 0)
		return -ENOENT;
	if ((known == NULL || known->said.set == 0) && r->said.set != 0 &&
		c->people.n_said >= CTL_PEOPLE_MAX)
		return -ENOSPC;
	idx = person_get(c, mac);
	if (idx == 0)
		return -ENOSPC;
	if (c->world != NULL)
		ctl_people_said(c, c->world, mac, &before);
	take_in(c, person_at(c, idx), &r->said);
	if (c->world != NULL)
		ctl_people_said(c, c->world, mac, &now);
	for (station = person_at(c, idx)->stations; c->world != NULL && station != 0;
		station = next) {
		next = c->people.at[station].next;
		fill_both(c, station);
		ctl_people_changed(c, station);
		tell_stale(c, station);
		if (r->left)
			ctl_leave(c, station);
		else if (before.authenticated != now.authenticated)
			ctl_require_authenticated(c, station, now.authenticated);
	}
	if (r->link != 0)
		ctl_roam_reported(c, r->link, mac);
	if (r->left) {
		/* Whoever left is where it comes back. */
		ctl_cancel(c, &person_at(c, idx)->timer);
		person_at(c, idx)->moves = 0;
	}
	person_release(c, idx);
	return 0;
}

void ctl_people_changed(struct ctl *c, uint32_t station)
{
	struct ctl_people *p = &c->people;

	if (station == 0 || p->at[station].changed_next != 0)
		return;
	p->at[station].changed_next = p->changed != 0 ? p->changed : station;
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
		struct ctl_whereabouts *at = &p->at[station];

		p->changed = at->changed_next == station ? 0 : at->changed_next;
		at->changed_next = 0;
		done++;
		if (!cache_station_is_live(c->view, station))
			continue;
		for (rec = cache_station_at(c->view, station)->records; rec != 0;
			rec = cache_record_at(c->view, rec)->station_next)
			ctl_grant_again(c, rec);
	}
	return done;
}
