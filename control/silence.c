/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/silence.h"

#include "control/ctl.h"

#define RECORDS_WALK 64 /* records of a station looked at */

/* What is done when, in ms from the beginning: asked, looked for, looked for again; given up. */
static const uint16_t steps[] = {0, 1000, 2000, 3000};

int ctl_silences_init(struct ctl *c)
{
	return ctl_table_init(&c->silences.table, "silences", sizeof(struct ctl_silence),
		CTL_SILENCES_MAX, c->socket);
}

void ctl_silences_fini(struct ctl *c)
{
	ctl_table_fini(&c->silences.table);
}

static struct hash128 silence_key(const struct ctl *c, uint32_t station)
{
	uint32_t id[2] = {station, cache_station_life(cache_station_at(c->view, station))};

	return hash_bytes(&c->key, id, sizeof(id));
}

/* When it was heard last: learned from, asked by, its records touched, or found there. */
static uint32_t heard_ms(const struct ctl *c, uint32_t station)
{
	const struct cache_station *st = cache_station_at(c->view, station);
	uint32_t last = atomic_load_explicit(&st->seen_ms, memory_order_relaxed);
	uint32_t asked = atomic_load_explicit(&st->asked_ms, memory_order_relaxed), rec;
	uint32_t present = c->people.at[station].present_ms;

	if (asked != 0 && clock_ms_before(last, asked))
		last = asked;
	if (present != 0 && clock_ms_before(last, present))
		last = present;
	rec = st->records;
	for (unsigned i = 0; i < RECORDS_WALK && rec != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);
		uint32_t touched = atomic_load_explicit(&r->touched_ms, memory_order_relaxed);

		if (clock_ms_before(last, touched))
			last = touched;
		rec = r->station_next;
	}
	return last;
}

/* A query about the first of its records will do. */
static void ask(struct ctl *c, uint32_t station)
{
	uint32_t rec = cache_station_at(c->view, station)->records;

	for (unsigned i = 0; i < RECORDS_WALK && rec != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);
		const uint8_t *name = cache_node_name(c->view, cache_node_at(c->view, r->node));

		if (cache_record_held(r, c->now_ms) &&
			ctl_question_verify(c, name, r->rrtype, r->link, station) != CTL_NOT_ASKED)
			return;
		rec = r->station_next;
	}
}

/* Whoever is there answers these sooner than mDNS (RFC 826, RFC 4861 §7.2). */
static void look_for(struct ctl *c, uint32_t station)
{
	const struct cache_station *st = cache_station_at(c->view, station);
	const struct dp_link *l = ctl_gateway_link(c, st->link);
	struct ip_addr ip4 = ip_from_bytes(4, st->ip4), ip6 = ip_from_bytes(6, st->ip6);

	if (l == NULL)
		return;
	if (!ip_is_unspecified(&ip4) && dp_link_on_link(l, 4, st->ip4))
		ctl_arp_ask(c, l, st->ip4);
	if (!ip_is_unspecified(&ip6) && dp_link_on_link(l, 6, st->ip6))
		ctl_nd_ask(c, l, st->ip6);
}

static void silence_timer(struct ctl *c, struct ctl_timer *t);

/* Takes the next step; false: it is over. */
static bool step(struct ctl *c, struct ctl_silence *s)
{
	const struct cache_station *st = cache_station_at(c->view, s->station);
	const struct dp_link *l;

	if (cache_station_life(st) != s->life || st->n_records == 0)
		return false;
	l = ctl_gateway_link(c, st->link);
	if (l == NULL || s->present || !clock_ms_before(heard_ms(c, s->station), s->from_ms)) {
		if (s->present)
			c->people.at[s->station].present_ms = c->now_ms;
		return false;
	}
	if (s->step == RTE_DIM(steps) - 1) {
		ctl_leave(c, s->station);
		return false;
	}
	if (s->step == 0)
		ask(c, s->station);
	else
		look_for(c, s->station);
	s->step++;
	ctl_arm(c, &s->timer, s->from_ms + steps[s->step], silence_timer);
	return true;
}

static void silence_timer(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_silence *s = ctl_container(t, struct ctl_silence, timer);

	if (!step(c, s))
		ctl_table_del(&c->silences.table, ctl_table_find(&c->silences.table, s->entry.key));
}

static void check(struct ctl *c, uint32_t station)
{
	struct hash128 key = silence_key(c, station);
	struct ctl_silence *s;
	uint32_t idx;

	if (ctl_table_find(&c->silences.table, key) != 0)
		return;
	/* Without room it is looked at again by the next sweep. */
	idx = ctl_table_add(&c->silences.table, key);
	if (idx == 0)
		return;
	CTL_INC(c, stations_doubted);
	s = ctl_table_at(&c->silences.table, idx);
	s->station = station;
	s->life = cache_station_life(cache_station_at(c->view, station));
	s->from_ms = c->now_ms;
	if (!step(c, s))
		ctl_table_del(&c->silences.table, idx);
}

void ctl_silence_look(struct ctl *c, uint32_t station)
{
	const struct cache_station *st = cache_station_at(c->view, station);
	const struct dp_link *l = ctl_gateway_link(c, st->link);

	if (l == NULL || l->silence_ms == 0 || st->n_records == 0 ||
		clock_ms_diff(c->now_ms, heard_ms(c, station)) < (int64_t)l->silence_ms)
		return;
	check(c, station);
}

bool ctl_silence_present(struct ctl *c, uint16_t link, const struct mac_addr *mac)
{
	uint32_t station = ctl_table_count(&c->silences.table) > 0
				   ? cache_find_station(c->view, link, mac)
				   : 0;
	uint32_t idx =
		station != 0 ? ctl_table_find(&c->silences.table, silence_key(c, station)) : 0;

	if (idx == 0)
		return false;
	((struct ctl_silence *)ctl_table_at(&c->silences.table, idx))->present = true;
	return true;
}
