/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/peer.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "control/ctl.h"
#include "dns/name.h"
#include "dns/rdata.h"

LOG_MODULE(control);

int ctl_peers_init(struct ctl *c)
{
	return ctl_table_init(
		&c->peers.table, "peers", sizeof(struct ctl_peer), CTL_PEERS_MAX, c->socket);
}

void ctl_peers_fini(struct ctl *c)
{
	ctl_table_fini(&c->peers.table);
}

static struct hash128 peer_key(const struct ctl *c, uint16_t link, const struct mac_addr *mac)
{
	uint8_t bytes[8];

	memcpy(bytes, mac->b, 6);
	memcpy(bytes + 6, &link, 2);
	return hash_bytes(&c->key, bytes, sizeof(bytes));
}

static void drop(struct ctl *c, uint32_t idx)
{
	struct ctl_peer *p = ctl_table_at(&c->peers.table, idx);

	ctl_cancel(c, &p->end);
	dp_gateway_remove(&c->s->gateways, p->link, &p->mac);
	ctl_table_del(&c->peers.table, idx);
}

static void peer_ends(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_peer *p = ctl_container(t, struct ctl_peer, end);

	drop(c, ctl_table_find(&c->peers.table, p->entry.key));
}

/* What was learned of it before it was known for what it is. */
static void forget_records(struct ctl *c, uint16_t link, const struct mac_addr *mac)
{
	uint32_t station = cache_find_station(c->view, link, mac), rec, next;

	if (station == 0)
		return;
	for (rec = cache_station_at(c->view, station)->records; rec != 0; rec = next) {
		next = cache_record_at(c->view, rec)->station_next;
		cache_goodbye(c->cache, rec, c->now_ms);
	}
}

static void note(struct ctl *c, const struct dp_link *l, const struct mac_addr *mac, uint32_t ttl)
{
	struct hash128 key = peer_key(c, l->id, mac);
	uint32_t idx = ctl_table_find(&c->peers.table, key);
	struct ctl_peer *p;
	char text[MAC_TEXT_SIZE];

	if (ttl == 0) {
		if (idx != 0)
			drop(c, idx);
		return;
	}
	if (idx == 0) {
		idx = ctl_table_add(&c->peers.table, key);
		if (idx == 0 || !dp_gateway_add(&c->s->gateways, l->id, mac)) {
			if (idx != 0)
				ctl_table_del(&c->peers.table, idx);
			CTL_INC(c, gateways_overlooked);
			return;
		}
		p = ctl_table_at(&c->peers.table, idx);
		p->link = l->id;
		p->mac = *mac;
		CTL_INC(c, gateways_found);
		LOG_LIMITED(LOG_LEVEL_NOTICE, "another gateway", "link=%s mac=%s", l->name,
			mac_format(mac, text));
		forget_records(c, l->id, mac);
	}
	p = ctl_table_at(&c->peers.table, idx);
	ttl = RTE_MIN(ttl, c->s->ttl_cap);
	ctl_arm(c, &p->end, c->now_ms + ttl * 1000, peer_ends);
}

/*
 * Does the message announce a gateway? The MAC in its name has to be the sender's, then *ttl is
 * that of the announcement: a repeater brings it too, ours among them, and may have services of its
 * own.
 */
static bool announces(struct ctl *c, const struct dp_pkt *pkt, const uint8_t *dns, int64_t *ttl)
{
	static const uint8_t type_name[] = "\x09_linkspan\x04_udp\x05local";
	struct dns_rr *rr = &c->scratch.rr;
	struct dns_reader r;
	int rc;

	*ttl = -1;
	/* Most messages do not even have the label. */
	if (memmem(dns, pkt->dns_len, type_name, 10) == NULL ||
		dns_reader_init(&r, dns, pkt->dns_len) < 0)
		return false;
	while ((rc = dns_reader_rr(&r, rr)) != 0 && rc != -EBADMSG) {
		if (rc < 0 || rr->section != DNS_SECTION_ANSWER || rr->rrtype != DNS_TYPE_PTR ||
			rr->rrclass != DNS_CLASS_IN || !dns_name_equal(rr->name, type_name) ||
			dns_rdata_expand(&r, rr, c->scratch.rdata, sizeof(c->scratch.rdata)) <= 0)
			continue;
		if (ctl_self_names(c->scratch.rdata, &pkt->smac))
			*ttl = rr->ttl;
		return true;
	}
	return false;
}

bool ctl_peer_heard(
	struct ctl *c, const struct dp_link *l, const struct dp_pkt *pkt, const uint8_t *dns)
{
	bool known = dp_is_gateway(&c->s->gateways, l->id, &pkt->smac);
	int64_t ttl;

	if (announces(c, pkt, dns, &ttl)) {
		if (ttl >= 0)
			note(c, l, &pkt->smac, (uint32_t)ttl);
		return true;
	}
	return known;
}

void ctl_peer_world(struct ctl *c, const struct dp_world *was)
{
	for (uint32_t i = 0; was != NULL && i < was->n_gateways; i++)
		dp_gateway_remove(&c->s->gateways, 0, &was->gateways[i]);
	for (uint32_t i = 0; i < c->world->n_gateways; i++) {
		if (!dp_gateway_add(&c->s->gateways, 0, &c->world->gateways[i]))
			CTL_INC(c, gateways_overlooked);
		for (uint16_t id = 1; id < c->world->n_ids; id++)
			forget_records(c, id, &c->world->gateways[i]);
	}
}

void ctl_peer_link_gone(struct ctl *c, uint16_t link)
{
	for (uint32_t i = 1; i < slab_limit(c->peers.table.slab); i++) {
		const struct ctl_peer *p = ctl_table_at(&c->peers.table, i);

		if (slab_live(c->peers.table.slab, i) && p->link == link)
			drop(c, i);
	}
}
