/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/admit.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "dataplane/note.h"

#define KNOW_UNITS 1  /* control is told of an unknown station so often (dp_told_now()) */
#define SHORT_UNITS 1 /* ... and of a link's meter that is empty */

int dp_admit_init(struct dp_worker *w, int socket)
{
	w->meter = rte_zmalloc_socket("meters", sizeof(*w->meter), RTE_CACHE_LINE_SIZE, socket);
	if (w->meter == NULL)
		return -ENOMEM;
	for (unsigned k = 0; k <= DP_METERS; k++)
		for (unsigned i = 0; i < DP_LINKS_MAX; i++)
			w->meter->of[k][i].level.empty = BUCKET_BRIM;
	w->shared->meter[w->id] = w->meter;
	return 0;
}

void dp_admit_fini(struct dp_worker *w)
{
	rte_free(w->meter);
}

void dp_admit_new(const struct dp_world *world, struct cache_station *st, uint64_t now_us)
{
	for (unsigned i = 0; i < DP_METERS; i++)
		atomic_store_explicit(&st->meter[i],
			bucket_time(now_us) - bucket_full(&world->admit[i]) / 2,
			memory_order_relaxed);
}

/* Control makes it a station of its own, with meters of its own. */
static void tell_unknown(struct dp_worker *w, const struct dp_pkt *pkt)
{
	uint64_t tag = dp_audit_tag(0x6b6e6f77, mac_word(pkt->smac.b), pkt->link);
	struct dp_upcall u = {.op = DP_UP_KNOW, .worker = (uint16_t)w->id, .rec = pkt->link};

	if (!dp_told_news(dp_told_set(w, tag), tag, w->now_ms, KNOW_UNITS))
		return;
	u.mac = pkt->smac;
	if (!dp_upcall_send(w, &u, DP_UP_RING / 4))
		dp_event(w, pkt->link, DP_EV_control_busy_hint, 1);
}

/* As control shared it out. */
static struct bucket_rate link_rate(
	const struct dp_worker *w, const struct dp_link *l, unsigned what)
{
	const struct dp_link_meter *m = &w->meter->of[what][l->id];

	return (struct bucket_rate){.cost = atomic_load_explicit(&m->cost, memory_order_relaxed),
		.burst = atomic_load_explicit(&m->burst, memory_order_relaxed)};
}

void dp_admit_cost(struct dp_worker *w, const struct dp_link *l, const struct mac_addr *mac,
	uint32_t items, uint32_t looks)
{
	const struct bucket_rate link = link_rate(w, l, DP_METER_QUERIES);
	const struct bucket_rate *rate = &w->world->admit[DP_METER_QUERIES];
	uint32_t n = items / DP_ADMIT_ITEMS + looks / DP_ADMIT_LOOKS, station;

	if (likely(n == 0) || !w->world->admission)
		return;
	bucket_level_pay(&link, &w->meter->of[DP_METER_QUERIES][l->id].level, w->now_us, n,
		bucket_full(&link) / 8);
	station = cache_find_station(w->cache, l->id, mac);
	if (station != 0) {
		_Atomic int64_t *meter =
			&cache_station_at(w->cache, station)->meter[DP_METER_QUERIES];
		struct bucket_level level = {atomic_load_explicit(meter, memory_order_relaxed)};

		bucket_level_pay(rate, &level, w->now_us, n, 0);
		atomic_store_explicit(meter, level.empty, memory_order_relaxed);
	}
}

void dp_admit_refund(
	struct dp_worker *w, const struct dp_link *l, struct cache_station *st, unsigned what)
{
	struct bucket_level level = {atomic_load_explicit(&st->meter[what], memory_order_relaxed)};
	const struct bucket_rate rate = link_rate(w, l, what);

	bucket_level_refund(&w->world->admit[what], &level, 1);
	atomic_store_explicit(&st->meter[what], level.empty, memory_order_relaxed);
	bucket_level_refund(&rate, &w->meter->of[what][l->id].level, 1);
}

/* Other workers may have more than they need: control shares the link's rate out anew. */
static void tell_short(struct dp_worker *w, const struct dp_pkt *pkt)
{
	struct dp_upcall u = {.op = DP_UP_SHORT, .worker = (uint16_t)w->id, .rec = pkt->link};
	uint64_t tag = dp_audit_tag(0x73686f72, 0, pkt->link);

	if (w->shared->n_workers > 1 &&
		dp_told_news(dp_told_set(w, tag), tag, w->now_ms, SHORT_UNITS))
		dp_upcall_send(w, &u, DP_UP_RING / 4);
}

int dp_admit(struct dp_worker *w, const struct dp_pkt *pkt)
{
	const struct dp_link *l = dp_world_link(w->world, pkt->link);
	unsigned what = pkt->flags & DP_PKT_RESPONSE ? DP_METER_ADVERTISEMENTS : DP_METER_QUERIES;
	const struct bucket_rate rate = w->world->admit[what];
	bool heavy = true;
	int64_t left;
	uint32_t station;

	if (unlikely(l == NULL))
		return 0;
	station = cache_find_station(w->cache, pkt->link, &pkt->smac);
	if (likely(station != 0)) {
		struct cache_station *st = cache_station_at(w->cache, station);

		if (what == DP_METER_QUERIES)
			cache_station_asked(st, w->now_ms);
		left = dp_admit_station(w, st, what, rate);
		heavy = dp_admit_heavy(left, rate);
		if (unlikely(left < 0)) {
			cache_station_shed(st);
			dp_note_refused(w, pkt, DP_over_station);
			return -1 - (int)DP_over_station;
		}
	} else {
		if (!dp_admit_link(w, l, DP_METER_UNKNOWN, false)) {
			tell_short(w, pkt);
			dp_note_refused(w, pkt, DP_over_unknown);
			return -1 - (int)DP_over_unknown;
		}
		tell_unknown(w, pkt);
	}
	if (unlikely(!dp_admit_link(w, l, what, heavy))) {
		tell_short(w, pkt);
		dp_note_refused(w, pkt, DP_over_link);
		return -1 - (int)DP_over_link;
	}
	return 0;
}
