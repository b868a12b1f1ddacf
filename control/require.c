/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/require.h"

#include "control/ctl.h"
#include "dns/name.h"

#define ASK_SLOTS 4096 /* interests looked at for a station that may be learned from now */
#define ASK_QUESTIONS 32

int ctl_bindings_init(struct ctl *c)
{
	return ctl_table_init(&c->bindings.table, "bindings", sizeof(struct ctl_binding),
		CTL_BINDINGS_MAX, c->socket);
}

void ctl_bindings_fini(struct ctl *c)
{
	ctl_table_fini(&c->bindings.table);
}

/* --- whose addresses are --------------------------------------------------------------------- */

static struct hash128 binding_key(const struct ctl *c, uint16_t link, const struct ip_addr *addr)
{
	struct {
		struct ip_addr addr;
		uint8_t pad;
		uint16_t link;
	} id = {.addr = *addr, .link = link};

	return hash_bytes(&c->key, &id, sizeof(id));
}

static struct ctl_binding *binding_find(
	const struct ctl *c, uint16_t link, const struct ip_addr *addr)
{
	uint32_t idx = ctl_table_find(&c->bindings.table, binding_key(c, link, addr));

	return idx != 0 ? ctl_table_at(&c->bindings.table, idx) : NULL;
}

static void binding_drop(struct ctl *c, struct ctl_binding *b)
{
	ctl_cancel(c, &b->timer);
	ctl_table_del(&c->bindings.table, ctl_table_find(&c->bindings.table, b->entry.key));
}

static struct ctl_binding *binding_new(struct ctl *c, uint16_t link, const struct ip_addr *addr)
{
	uint32_t idx = ctl_table_add(&c->bindings.table, binding_key(c, link, addr));
	struct ctl_binding *b;

	if (idx == 0) {
		CTL_INC(c, bindings_refused);
		return NULL;
	}
	b = ctl_table_at(&c->bindings.table, idx);
	b->addr = *addr;
	b->link = link;
	return b;
}

static bool is_whole(const struct ip_prefix *p)
{
	return p->len == (p->addr.family == 4 ? 32 : 128);
}

static void unsay(struct ctl *c, const struct dp_said *said)
{
	for (unsigned i = 0; i < said->n_addrs; i++) {
		struct ctl_binding *b =
			is_whole(&said->addr[i]) ? binding_find(c, 0, &said->addr[i].addr) : NULL;

		if (b != NULL && mac_equal(&b->mac, &said->who.mac) && --b->said == 0)
			binding_drop(c, b);
	}
}

void ctl_bind_said(struct ctl *c, const struct dp_said *was, const struct dp_said *is)
{
	struct ctl_binding *before;

	unsay(c, was);
	for (unsigned i = 0; i < is->n_addrs; i++) {
		struct ctl_binding *b;

		if (!is_whole(&is->addr[i]))
			continue;
		before = binding_find(c, 0, &is->addr[i].addr);
		/* The last one to be said of has it: a lease goes from one to the other. */
		if (before != NULL && !mac_equal(&before->mac, &is->who.mac)) {
			binding_drop(c, before);
			before = NULL;
		}
		b = before != NULL ? before : binding_new(c, 0, &is->addr[i].addr);
		if (b == NULL)
			continue;
		b->mac = is->who.mac;
		b->known = true;
		b->said++;
	}
}

static void ask_whose(struct ctl *c, const struct dp_link *l, struct ctl_binding *b)
{
	b->asked++;
	if (b->addr.family == 4)
		ctl_arp_ask(c, l, b->addr.b);
	else
		ctl_nd_ask(c, l, b->addr.b);
}

static void binding_timer(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_binding *b = ctl_container(t, struct ctl_binding, timer);
	const struct dp_link *l = ctl_gateway_link(c, b->link);

	if (b->known || b->asked > 1 || l == NULL) {
		binding_drop(c, b);
		return;
	}
	ask_whose(c, l, b);
	ctl_arm(c, t, c->now_ms + CTL_BIND_WAIT_MS - CTL_BIND_WAIT_MS / 3, binding_timer);
}

/* Of an address nobody knows of yet. */
static enum ctl_unmet find_out(struct ctl *c, const struct dp_link *l, const struct dp_pkt *pkt,
	const struct dns_rr *rr, const struct ip_addr *addr)
{
	struct ctl_binding *b;

	/* Made-up addresses cost the link no more of the air than questions do. */
	if (!bucket_take(&c->link[l->id].budget, c->now_us, 1)) {
		CTL_INC(c, queries_over_budget);
		return CTL_UNMET_ASKED;
	}
	b = binding_new(c, l->id, addr);
	if (b == NULL)
		return CTL_UNMET_ASKED;
	b->asker = pkt->smac;
	memcpy(b->name, rr->name, rr->name_len);
	ask_whose(c, l, b);
	ctl_arm(c, &b->timer, c->now_ms + CTL_BIND_WAIT_MS / 3, binding_timer);
	return CTL_UNMET_ASKED;
}

/* It is the claimant's: the record that could not be learned is asked for. */
static void ask_claimant(struct ctl *c, const struct ctl_binding *b)
{
	if (b->name[0] != 0 && mac_equal(&b->asker, &b->mac))
		ctl_question_verify(c, b->name, b->addr.family == 4 ? DNS_TYPE_A : DNS_TYPE_AAAA,
			b->link, ctl_people_know(c, b->link, &b->mac));
}

bool ctl_bind_heard(
	struct ctl *c, uint16_t link, const struct ip_addr *addr, const struct mac_addr *mac)
{
	struct ctl_binding *b =
		ctl_table_count(&c->bindings.table) > 0 ? binding_find(c, link, addr) : NULL;

	/* The first to answer has it, for as long as it is believed. */
	if (b == NULL || b->known)
		return b != NULL;
	b->mac = *mac;
	b->known = true;
	ctl_arm(c, &b->timer, c->now_ms + CTL_BIND_MS, binding_timer);
	ask_claimant(c, b);
	return true;
}

/* --- what links require ---------------------------------------------------------------------- */

static enum ctl_unmet own(struct ctl *c, const struct dp_link *l, const struct dp_pkt *pkt,
	const struct dns_rr *rr, const struct ip_addr *addr)
{
	const struct ctl_binding *b = binding_find(c, 0, addr);
	struct dp_said said;

	if (b == NULL)
		b = binding_find(c, l->id, addr);
	if (b != NULL && b->known)
		return mac_equal(&b->mac, &pkt->smac) ? CTL_MET : CTL_UNMET_OWN;
	ctl_people_said(c, c->world, &pkt->smac, &said);
	for (unsigned i = 0; i < said.n_addrs; i++)
		if (prefix_contains(&said.addr[i], addr->family, addr->b))
			return CTL_MET;
	/* A link-local address is nobody's outside its link, and there DAD sees to it. */
	if (ip_is_link_local(addr))
		return CTL_MET;
	if (b != NULL)
		return CTL_UNMET_ASKED;
	return dp_link_on_link(l, addr->family, addr->b) ? find_out(c, l, pkt, rr, addr)
							 : CTL_UNMET_OWN;
}

static void refused(struct ctl *c, const struct dp_pkt *pkt, const struct dns_rr *rr,
	const uint8_t *rdata, enum ctl_unmet why)
{
	uint32_t station = cache_find_station(c->view, pkt->link, &pkt->smac);

	if (station != 0)
		cache_station_at(c->view, station)->refused++;
	switch (why) {
	case CTL_UNMET_AUTHENTICATED:
		CTL_INC(c, refused_unauthenticated);
		break;
	case CTL_UNMET_ON_LINK:
		CTL_INC(c, refused_off_link);
		break;
	case CTL_UNMET_OWN:
		CTL_INC(c, refused_not_own);
		break;
	case CTL_UNMET_ASKED:
		CTL_INC(c, refused_until_bound);
		return;
	case CTL_MET:
	default:
		return;
	}
	ctl_note_unmet(c, pkt, rr, rdata, why);
}

bool ctl_require_is_met(const struct ctl *c, const struct dp_link *l, const struct mac_addr *mac)
{
	struct dp_said said;

	if ((l->require & DP_REQUIRE_AUTHENTICATED) == 0)
		return true;
	ctl_people_said(c, c->world, mac, &said);
	return said.authenticated;
}

bool ctl_require_station(struct ctl *c, const struct dp_link *l, const struct dp_pkt *pkt)
{
	if (ctl_require_is_met(c, l, &pkt->smac))
		return true;
	refused(c, pkt, NULL, NULL, CTL_UNMET_AUTHENTICATED);
	return false;
}

bool ctl_require_address(struct ctl *c, const struct dp_link *l, const struct dp_pkt *pkt,
	const struct dns_rr *rr, const uint8_t *rdata)
{
	enum ctl_unmet unmet = CTL_MET;
	struct ip_addr addr;

	if (l->require == 0 || (rr->rrtype != DNS_TYPE_A && rr->rrtype != DNS_TYPE_AAAA) ||
		rr->ttl == 0)
		return true;
	addr = ip_from_bytes(rr->rrtype == DNS_TYPE_A ? 4 : 6, rdata);
	if ((l->require & DP_REQUIRE_ON_LINK) != 0 && !dp_link_on_link(l, addr.family, addr.b))
		unmet = CTL_UNMET_ON_LINK;
	else if ((l->require & DP_REQUIRE_OWN) != 0)
		unmet = own(c, l, pkt, rr, &addr);
	if (unmet == CTL_MET)
		return true;
	refused(c, pkt, rr, rdata, unmet);
	return false;
}

/* What others browse: it announced that, if at all, when nothing could be learned from it. */
static void ask_browsed(struct ctl *c, uint32_t station)
{
	const struct slab *slab = c->interests.questions.slab;
	unsigned asked = 0;

	for (uint32_t i = 1; i < slab_limit(slab) && i < ASK_SLOTS && asked < ASK_QUESTIONS; i++)
		if (slab_live(slab, i))
			asked += ctl_interest_ask_station(c, i, station);
	for (uint32_t i = 0; i < c->world->n_pinned && asked < ASK_QUESTIONS; i++)
		asked += ctl_pinned_ask_station(c, i, station);
}

void ctl_require_authenticated(struct ctl *c, uint32_t station, bool now)
{
	const struct dp_link *l = ctl_gateway_link(c, cache_station_at(c->view, station)->link);

	if (l == NULL || (l->require & DP_REQUIRE_AUTHENTICATED) == 0)
		return;
	if (now)
		ask_browsed(c, station);
	else
		ctl_leave(c, station);
}
