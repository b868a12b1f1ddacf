/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/roam.h"

#include "base/log.h"
#include "control/ctl.h"
#include "dns/rdata.h"

LOG_MODULE(control);

#define ASK_RECORDS 32 /* records of a station asked about */

/* False: it moved too often. */
static bool may_move(struct ctl *c, struct ctl_person *p)
{
	if (p->moves >= CTL_ROAM_MOVES) {
		CTL_INC(c, moves_refused);
		return false;
	}
	ctl_person_moved(c, p);
	return true;
}

/* Does the record say what is true wherever its host is? */
static bool follows(const struct ctl *c, const struct cache_record *r)
{
	const struct cache_node *n = cache_node_at(c->view, r->node);

	switch (r->rrtype) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
	case DNS_TYPE_NSEC:
		return false;
	default:
		return n->sd.kind != DNS_NAME_REVERSE4 && n->sd.kind != DNS_NAME_REVERSE6;
	}
}

/* One query about all that came along, and for the addresses that did not. */
static void ask(struct ctl *c, uint32_t station)
{
	uint32_t rec = cache_station_at(c->view, station)->records;

	for (unsigned i = 0; i < ASK_RECORDS && rec != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);
		const uint8_t *name = cache_node_name(c->view, cache_node_at(c->view, r->node));
		const uint8_t *host = NULL;

		ctl_question_verify(c, name, r->rrtype, r->link, station);
		if (r->rrtype == DNS_TYPE_SRV)
			host = dns_rdata_name(DNS_TYPE_SRV, cache_record_rdata(c->view, r));
		if (host != NULL && host[0] != 0) {
			ctl_question_verify(c, host, DNS_TYPE_A, r->link, station);
			ctl_question_verify(c, host, DNS_TYPE_AAAA, r->link, station);
		}
		rec = r->station_next;
	}
}

/* All of it leaves its link first: then it is nobody's claim that another could contest. */
static void move(struct ctl *c, uint32_t station, const struct dp_link *to)
{
	const struct cache_station *st = cache_station_at(c->view, station);
	uint32_t *moving = c->scratch.moving, arrived;
	struct mac_addr mac = st->mac;
	unsigned n = 0;

	for (uint32_t rec = st->records; rec != 0 && n < CTL_MOVING_MAX;
		rec = cache_record_at(c->view, rec)->station_next)
		if (cache_record_held(cache_record_at(c->view, rec), c->now_ms))
			moving[n++] = rec;
	for (unsigned i = 0; i < n; i++)
		cache_moved(c->cache, moving[i], c->now_ms);
	for (unsigned i = 0; i < n; i++)
		if (follows(c, cache_record_at(c->view, moving[i])))
			ctl_learn_moved(c, to, moving[i]);
	arrived = cache_find_station(c->view, to->id, &mac);
	if (arrived != 0) {
		/* It speaks what it spoke. */
		struct cache_station *new = cache_station_at(c->view, arrived);

		memcpy(new->ip4, st->ip4, sizeof(new->ip4));
		memcpy(new->ip6, st->ip6, sizeof(new->ip6));
		ask(c, arrived);
	}
	cache_station_unask(c->cache, station);
}

static void arrive(struct ctl *c, const struct dp_link *to, struct ctl_person *p)
{
	char mac[MAC_TEXT_SIZE];
	uint32_t station, next;

	for (station = p->stations; station != 0; station = next) {
		const struct dp_link *from =
			ctl_gateway_link(c, cache_station_at(c->view, station)->link);

		/* The person stays while it is remembered that it moved. */
		next = c->people.at[station].next;
		if (from == NULL || from == to || !from->wireless)
			continue;
		if (!may_move(c, p))
			return;
		CTL_INC(c, stations_moved);
		LOG_LIMITED(LOG_LEVEL_INFO, "station moved", "mac=%s from=%s to=%s",
			mac_format(&p->said.who.mac, mac), from->name, to->name);
		move(c, station, to);
	}
}

void ctl_roam_reported(struct ctl *c, uint16_t link, const struct mac_addr *mac)
{
	const struct dp_link *l = ctl_gateway_link(c, link);
	struct ctl_person *p = ctl_person_find(c, mac);

	if (l != NULL && l->wireless && p != NULL)
		arrive(c, l, p);
}

void ctl_roam_seen(struct ctl *c, uint16_t link, const struct mac_addr *mac)
{
	if (cache_find_station(c->view, link, mac) == 0)
		ctl_roam_reported(c, link, mac);
}
