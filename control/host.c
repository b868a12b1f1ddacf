/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/host.h"

#include "control/ctl.h"

#define ROUND_MS 1000  /* Unsolicited Report Interval of both protocols; RetransTimer of DAD */
#define SCRATCH 2048   /* no host duty packet is longer */
#define TURN_DUTIES 64 /* per turn at most */

/*
 * The rounds of a start. Reports go Robustness Variable (2) times at random intervals within a
 * second (RFC 3376 §5.1, RFC 3810 §6.1), ARP announcements twice two seconds apart (RFC 5227 §2.3),
 * and addresses are announced once nobody objected to them for a second (RFC 4862 §5.4).
 */
static const uint8_t rounds[] = {
	CTL_DUTY_MLD | CTL_DUTY_DAD | CTL_DUTY_ARP | CTL_DUTY_IGMP,
	CTL_DUTY_MLD | CTL_DUTY_IGMP,
	CTL_DUTY_NA | CTL_DUTY_SEEK | CTL_DUTY_SELF,
	CTL_DUTY_ARP | CTL_DUTY_SELF,
};

/* Since all of the round before was sent: a crowd of links may take its time. */
static const uint16_t round_delay_ms[][2] = {
	{0, 0}, {200, ROUND_MS}, {ROUND_MS, ROUND_MS}, {ROUND_MS, ROUND_MS + 200}};

static struct ctl_host *host_of(struct ctl *c, uint16_t link)
{
	return &c->link[link].host;
}

void ctl_host_init(struct ctl *c)
{
	bucket_set(&c->duties.pace, CTL_START_RATE, CTL_START_RATE / 10);
	bucket_fill(&c->duties.pace.rate, &c->duties.pace.level, c->now_us);
	bucket_rate_set(&c->duties.shed, CTL_HOST_RATE, CTL_HOST_BURST);
	for (unsigned i = 0; i < DP_LINKS_MAX; i++) {
		bucket_fill(&c->duties.shed, &c->link[i].host.shed, c->now_us);
		bucket_fill(&c->duties.shed, &c->link[i].host.group_shed, c->now_us);
	}
}

static void list_add(struct ctl *c, uint16_t link)
{
	struct ctl_host *h = host_of(c, link);

	if (h->listed)
		return;
	h->listed = true;
	h->next = 0;
	if (c->duties.tail != 0)
		host_of(c, c->duties.tail)->next = link;
	else
		c->duties.head = link;
	c->duties.tail = link;
}

static void list_pop(struct ctl *c)
{
	struct ctl_host *h = host_of(c, c->duties.head);

	c->duties.head = h->next;
	if (c->duties.head == 0)
		c->duties.tail = 0;
	h->listed = false;
}

static void next_round(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_link *cl = ctl_container(t, struct ctl_link, host.start);

	cl->host.duties |= rounds[cl->host.round++];
	list_add(c, (uint16_t)(cl - c->link));
}

/* The round is over. */
static void arm_round(struct ctl *c, struct ctl_host *h)
{
	const uint16_t *delay;

	if (h->round == RTE_DIM(rounds))
		return;
	delay = round_delay_ms[h->round];
	ctl_arm(c, &h->start, c->now_ms + rng_range(&c->rng, delay[0], delay[1]), next_round);
}

void ctl_host_start(struct ctl *c, uint16_t link)
{
	struct ctl_host *h = host_of(c, link);

	ctl_cancel(c, &h->start);
	h->round = 0;
	next_round(c, &h->start);
}

void ctl_host_owes(struct ctl *c, uint16_t link, uint8_t duty)
{
	host_of(c, link)->duties |= duty;
	list_add(c, link);
}

void ctl_host_stop(struct ctl *c, uint16_t link)
{
	struct ctl_host *h = host_of(c, link);

	ctl_cancel(c, &h->start);
	ctl_cancel(c, &h->igmp);
	ctl_cancel(c, &h->mld);
	ctl_self_stop(c, link);
	ctl_withdraw_stop(c, link);
	h->duties = 0;
	h->igmp_v1_ms = h->igmp_v2_ms = h->mld_v1_ms = 0;
	h->defended_ms = 0;
}

void ctl_host_leave(struct ctl *c, const struct dp_link *l)
{
	ctl_igmp_report(c, l, CTL_REPORT_LEAVE);
	ctl_mld_report(c, l, CTL_REPORT_LEAVE);
	ctl_self_leave(c, l);
}

/* Frames a duty costs. */
static unsigned cost(const struct dp_link *l, uint8_t duty)
{
	if (duty == CTL_DUTY_SEEK || duty == CTL_DUTY_SELF || duty == CTL_DUTY_PIN)
		return 2;
	return duty == CTL_DUTY_DAD || duty == CTL_DUTY_NA ? l->n_addr6 : 1;
}

static void do_duty(struct ctl *c, const struct dp_link *l, uint8_t duty)
{
	switch (duty) {
	case CTL_DUTY_MLD:
		ctl_mld_report(c, l, CTL_REPORT_JOIN);
		break;
	case CTL_DUTY_DAD:
		ctl_nd_probe(c, l);
		break;
	case CTL_DUTY_ARP:
		ctl_arp_announce(c, l);
		break;
	case CTL_DUTY_IGMP:
		ctl_igmp_report(c, l, CTL_REPORT_JOIN);
		break;
	case CTL_DUTY_NA:
		ctl_nd_announce(c, l);
		break;
	case CTL_DUTY_SEEK:
		ctl_self_seek(c, l);
		break;
	case CTL_DUTY_SELF:
		ctl_self_announce(c, l);
		break;
	case CTL_DUTY_PIN:
		ctl_pinned_ask(c, l);
		break;
	default:
		break;
	}
}

static void pace_again(struct ctl *c, struct ctl_timer *t)
{
	/* The turn that fired this looks at the list anyway. */
	(void)c;
	(void)t;
}

unsigned ctl_host_turn(struct ctl *c)
{
	unsigned done = 0;

	while (c->duties.head != 0 && done < TURN_DUTIES) {
		struct ctl_host *h = host_of(c, c->duties.head);
		const struct dp_link *l =
			c->world != NULL ? dp_world_link(c->world, c->duties.head) : NULL;
		uint8_t duty = h->duties & (uint8_t)-h->duties;

		if (l == NULL || duty == 0) {
			h->duties = 0;
			list_pop(c);
			continue;
		}
		if (!bucket_take(&c->duties.pace, c->now_us, cost(l, duty))) {
			ctl_arm(c, &c->duties.timer, c->now_ms + 2 + cost(l, duty), pace_again);
			break;
		}
		do_duty(c, l, duty);
		h->duties &= (uint8_t)~duty;
		done++;
		if (h->duties == 0) {
			list_pop(c);
			arm_round(c, h);
		}
	}
	return done;
}

/* Fills `in` from the mbuf; false if what the worker found there is not all there. */
static bool take_apart(const struct ctl *c, struct rte_mbuf *m, uint8_t *scratch, struct ctl_in *in)
{
	const struct dp_pkt *pkt = dp_pkt(m);
	size_t len = rte_pktmbuf_pkt_len(m), end;
	const uint8_t *data;

	if (len > SCRATCH || pkt->l3_off >= len || pkt->l4_off >= len || pkt->l4_off < pkt->l3_off)
		return false;
	data = rte_pktmbuf_read(m, 0, (uint32_t)len, scratch);
	in->l = c->world != NULL ? dp_world_link(c->world, pkt->link) : NULL;
	if (data == NULL || in->l == NULL)
		return false;
	in->smac = pkt->smac;
	in->l3 = data + pkt->l3_off;
	in->l3_len = len - pkt->l3_off;
	in->l4 = data + pkt->l4_off;
	if (pkt->outcome == DP_arp) {
		in->l4_len = 0;
		return true;
	}
	if (in->l3_len < (pkt->outcome == DP_igmp ? 20u : CTL_IP6_LEN))
		return false;
	end = pkt->outcome == DP_igmp ? dns_load16(in->l3 + 2)
				      : CTL_IP6_LEN + dns_load16(in->l3 + 4);
	if (end > in->l3_len || end < (size_t)(pkt->l4_off - pkt->l3_off))
		return false;
	in->l4_len = end - (size_t)(pkt->l4_off - pkt->l3_off);
	return true;
}

bool ctl_host_present(
	struct ctl *c, uint16_t link, const struct ip_addr *addr, const struct mac_addr *mac)
{
	bool asked = ctl_probe_present(c, link, mac);

	asked |= ctl_silence_present(c, link, mac);
	asked |= ctl_bind_heard(c, link, addr, mac);
	return asked;
}

void ctl_host_input(struct ctl *c, struct rte_mbuf *m)
{
	uint8_t scratch[SCRATCH];
	struct ctl_host *host;
	struct ctl_in in;
	bool ours, groups;

	if (!take_apart(c, m, scratch, &in)) {
		CTL_INC(c, host_ignored);
		return;
	}
	host = &c->link[in.l->id].host;
	groups = dp_pkt(m)->outcome == DP_igmp || dp_pkt(m)->outcome == DP_mld;
	if (!bucket_level_take(
		    &c->duties.shed, groups ? &host->group_shed : &host->shed, c->now_us, 1)) {
		CTL_INC(c, host_shed);
		return;
	}
	switch (dp_pkt(m)->outcome) {
	case DP_arp:
		ours = ctl_arp_input(c, &in);
		break;
	case DP_nd:
		ours = ctl_nd_input(c, &in);
		break;
	case DP_igmp:
		ours = ctl_igmp_input(c, &in);
		break;
	case DP_mld:
		ours = ctl_mld_input(c, &in);
		break;
	default:
		ours = false;
		break;
	}
	if (!ours)
		CTL_INC(c, host_ignored);
}
