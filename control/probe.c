/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/probe.h"

#include <string.h>

#include "cache/service.h"
#include "control/ctl.h"
#include "dataplane/visible.h"
#include "dns/name.h"
#include "dns/rdata.h"

#define STEPS_MAX 4
#define SAME_MOMENT_MS 1000 /* workers store a touch at most once a second */
#define PUT_OFF_MS 1000     /* the link's budget has not let the questions go yet */

/* When the questions go, in ms since the first; the last one is the end. 0 behind it. */
static const uint16_t steps[][STEPS_MAX + 1] = {
	[CTL_DOUBT_PROBED] = {0, 1000, 3000, 10000},
	[CTL_DOUBT_MOVED] = {0, 500, 1000},
};

int ctl_probes_init(struct ctl *c)
{
	return ctl_table_init(
		&c->probes.doubts, "doubts", sizeof(struct ctl_doubt), CTL_DOUBTS_MAX, c->socket);
}

void ctl_probes_fini(struct ctl *c)
{
	ctl_table_fini(&c->probes.doubts);
}

/* Type 0 stands for all of them; both halves are keyed hashes, the seat only makes them different.
 */
static struct hash128 doubt_key(const struct ctl *c, const uint8_t *name, struct ctl_seat seat)
{
	struct hash128 key = ctl_node_key(c, name, 0);
	uint64_t where = (uint64_t)seat.station << 16 | seat.link;

	key.lo ^= where * UINT64_C(0x9e3779b97f4a7c15);
	key.hi += where;
	return key;
}

/* Puts one question for each record type the owner has under the name. */
static bool ask_owner(struct ctl *c, const struct ctl_doubt *d)
{
	struct ctl_name_walk w = {.name = d->name};
	bool asked = false;
	uint32_t rec;

	while ((rec = ctl_name_next(c, &w)) != 0) {
		const struct cache_record *r = cache_record_at(c->view, rec);
		struct ctl_ask a = {.qname = d->name,
			.qtype = r->rrtype,
			.link = d->seat.link,
			.how = CTL_ASK_REFRESH,
			.verify = true,
			/* The address may be what has changed. */
			.multicast = d->asked > 0,
			.station = r->station};

		if (ctl_seat_has(&d->seat, r) && cache_record_held(r, c->now_ms))
			asked |= ctl_question_ask(c, &a) != CTL_NOT_ASKED;
	}
	return asked;
}

/* Is the host still where it was? It answers ARP and neighbour discovery sooner than mDNS (RFC 826,
 * RFC 4861 §7.2). */
static void ask_presence(struct ctl *c, struct ctl_doubt *d)
{
	const struct dp_link *l = ctl_gateway_link(c, d->seat.link);
	struct ctl_name_walk w = {.name = d->name};
	uint32_t rec;

	while (l != NULL && (rec = ctl_name_next(c, &w)) != 0) {
		const struct cache_record *r = cache_record_at(c->view, rec);
		const struct cache_station *st = cache_station_at(c->view, r->station);
		struct ip_addr ip4 = ip_from_bytes(4, st->ip4), ip6 = ip_from_bytes(6, st->ip6);
		bool has4 = !ip_is_unspecified(&ip4) && dp_link_on_link(l, 4, st->ip4);
		bool has6 = !ip_is_unspecified(&ip6) && dp_link_on_link(l, 6, st->ip6);

		if (!ctl_seat_has(&d->seat, r) || !cache_record_held(r, c->now_ms) ||
			(!has4 && !has6))
			continue;
		d->mac = st->mac;
		if (has4)
			ctl_arp_ask(c, l, st->ip4);
		if (has6)
			ctl_nd_ask(c, l, st->ip6);
		return;
	}
}

bool ctl_probe_present(struct ctl *c, uint16_t link, const struct mac_addr *mac)
{
	const struct slab *slab = c->probes.doubts.slab;
	bool asked = false;

	if (ctl_table_count(&c->probes.doubts) == 0)
		return false;
	for (uint32_t i = 1; i < slab_limit(slab); i++) {
		struct ctl_doubt *d = ctl_table_at(&c->probes.doubts, i);

		if (slab_live(slab, i) && d->seat.link == link && mac_equal(&d->mac, mac))
			asked = d->present = true;
	}
	return asked;
}

enum life { LIFE_NONE, LIFE_SILENT, LIFE_HEARD };

/* Was one of the owner's records of the name heard since? LIFE_NONE: none is left. */
static enum life look(const struct ctl *c, const struct ctl_doubt *d)
{
	struct ctl_name_walk w = {.name = d->name};
	enum life life = LIFE_NONE;
	uint32_t rec;

	while ((rec = ctl_name_next(c, &w)) != 0) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (!ctl_seat_has(&d->seat, r) || !cache_record_held(r, c->now_ms))
			continue;
		life = LIFE_SILENT;
		if (clock_ms_diff(atomic_load_explicit(&r->touched_ms, memory_order_relaxed),
			    d->from_ms - SAME_MOMENT_MS) > 0)
			return LIFE_HEARD;
	}
	return life;
}

/* The name is not the owner's any more (RFC 6762 §10.4). */
static void let_go(struct ctl *c, const struct ctl_doubt *d)
{
	struct ctl_name_walk w = {.name = d->name};
	uint32_t ptr = ctl_name_pointer(c, d->name, d->seat.link), rec;
	bool others = false;

	while ((rec = ctl_name_next(c, &w)) != 0) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (ctl_seat_has(&d->seat, r) && cache_record_held(r, c->now_ms))
			cache_goodbye(c->cache, rec, c->now_ms);
		else if (r->link == d->seat.link && r->rrtype == DNS_TYPE_SRV)
			others |= cache_record_held(r, c->now_ms);
	}
	/* It goes with its SRV, unless it is another station's as well. */
	if (ptr != 0 && !others && cache_record_held(cache_record_at(c->view, ptr), c->now_ms))
		cache_goodbye(c->cache, ptr, c->now_ms);
	CTL_INC(c, names_let_go);
}

static void doubt_timer(struct ctl *c, struct ctl_timer *t);

/* Takes the next step. False: the doubt is over. */
static bool step(struct ctl *c, struct ctl_doubt *d)
{
	enum life life = look(c, d);

	if (life != LIFE_SILENT) {
		if (life == LIFE_HEARD)
			CTL_INC(c, names_confirmed);
		return false;
	}
	if (ctl_gateway_link(c, d->seat.link) == NULL) {
		CTL_INC(c, names_not_doubted);
		return false;
	}
	/* An owner that was not asked is not silent. */
	if (d->asked > 0 && c->link[d->seat.link].ask_head != 0) {
		ctl_arm(c, &d->timer, c->now_ms + PUT_OFF_MS, doubt_timer);
		return true;
	}
	if (steps[d->why][d->asked + 1] == 0) {
		if (d->why == CTL_DOUBT_MOVED && d->present)
			CTL_INC(c, names_confirmed);
		else
			let_go(c, d);
		return false;
	}
	if (!ask_owner(c, d)) {
		CTL_INC(c, names_not_doubted);
		return false;
	}
	if (d->why == CTL_DOUBT_MOVED && d->asked == 1)
		ask_presence(c, d);
	ctl_arm(c, &d->timer, c->now_ms + steps[d->why][d->asked + 1] - steps[d->why][d->asked],
		doubt_timer);
	d->asked++;
	return true;
}

static void doubt_timer(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_doubt *d = ctl_container(t, struct ctl_doubt, timer);

	if (!step(c, d))
		ctl_table_del(&c->probes.doubts,
			ctl_table_find(&c->probes.doubts, doubt_key(c, d->name, d->seat)));
}

void ctl_doubt(struct ctl *c, const uint8_t *name, struct ctl_seat seat, enum ctl_doubt_why why)
{
	struct hash128 key = doubt_key(c, name, seat);
	uint32_t idx = ctl_table_find(&c->probes.doubts, key);
	struct ctl_doubt *d;

	if (idx != 0) {
		d = ctl_table_at(&c->probes.doubts, idx);
		if (d->why >= why)
			return;
		ctl_cancel(c, &d->timer);
	} else {
		idx = ctl_table_add(&c->probes.doubts, key);
		if (idx == 0) {
			CTL_INC(c, names_not_doubted);
			return;
		}
		CTL_INC(c, names_doubted);
		d = ctl_table_at(&c->probes.doubts, idx);
		d->seat = seat;
		memcpy(d->name, name, dns_name_len(name));
	}
	d->why = (uint8_t)why;
	d->asked = 0;
	d->from_ms = c->now_ms;
	if (!step(c, d))
		ctl_table_del(&c->probes.doubts, idx);
}

void ctl_probe(
	struct ctl *c, const struct dp_link *l, const struct dp_viewer *prober, const uint8_t *name)
{
	struct ctl_name_walk w = {.name = name};
	policy_verdict_t v;
	uint32_t rec;

	CTL_INC(c, probes_unsure);
	while ((rec = ctl_name_next(c, &w)) != 0) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (dp_judge(c->world, c->view, l, prober, r, c->now_ms, &v) <= DP_TELL_ALONE)
			ctl_doubt(c, name, ctl_seat_of(c, r), CTL_DOUBT_PROBED);
	}
}
