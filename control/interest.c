/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/interest.h"

#include <errno.h>

#include "control/ctl.h"
#include "dns/name.h"

int ctl_interests_init(struct ctl *c)
{
	struct ctl_interests *t = &c->interests;
	int rc = ctl_table_init(&t->questions, "interests", sizeof(struct ctl_interest),
		CTL_INTEREST_MAX, c->socket);

	if (rc < 0)
		return rc;
	t->browsers = slab_create("browsers", sizeof(struct ctl_browser), CTL_INTEREST_MAX,
		c->socket, &slab_mem_dpdk);
	return t->browsers != NULL ? 0 : -ENOMEM;
}

void ctl_interests_fini(struct ctl *c)
{
	ctl_table_fini(&c->interests.questions);
	slab_destroy(c->interests.browsers);
}

static struct ctl_browser *browser_at(const struct ctl *c, uint32_t idx)
{
	return slab_at(c->interests.browsers, idx);
}

struct ctl_browser *ctl_interest_first(const struct ctl *c, struct hash128 node_key)
{
	uint32_t idx = ctl_table_find(&c->interests.questions, node_key);
	const struct ctl_interest *in;

	if (idx == 0)
		return NULL;
	in = ctl_table_at(&c->interests.questions, idx);
	return browser_at(c, in->links);
}

struct ctl_browser *ctl_interest_next(const struct ctl *c, const struct ctl_browser *b)
{
	return b->next != 0 ? browser_at(c, b->next) : NULL;
}

static struct ctl_browser *browser_find(
	const struct ctl *c, struct hash128 node_key, uint16_t link, uint32_t station)
{
	struct ctl_browser *b = ctl_interest_first(c, node_key);

	while (b != NULL && (b->link != link || b->station != station))
		b = ctl_interest_next(c, b);
	return b;
}

static void browser_drop(struct ctl *c, struct ctl_browser *b)
{
	struct ctl_interest *in = ctl_table_at(&c->interests.questions, b->interest);

	if (b->prev != 0)
		browser_at(c, b->prev)->next = b->next;
	else
		in->links = b->next;
	if (b->next != 0)
		browser_at(c, b->next)->prev = b->prev;
	if (in->links == 0)
		ctl_table_del(&c->interests.questions, b->interest);
	if (b->station != 0) {
		if (b->st_prev != 0)
			browser_at(c, b->st_prev)->st_next = b->st_next;
		else
			c->people.at[b->station].browsers = b->st_next;
		if (b->st_next != 0)
			browser_at(c, b->st_next)->st_prev = b->st_prev;
	}
	c->link[b->link].interests--;
	slab_free(c->interests.browsers, b->self);
}

/* Asked again meanwhile, the interest lasts on. */
static void browser_timer(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_browser *b = ctl_container(t, struct ctl_browser, timer);

	if (clock_ms_diff(c->now_ms, b->asked_ms) < (int32_t)CTL_INTEREST_MS &&
		ctl_gateway_link(c, b->link) != NULL)
		ctl_arm(c, t, b->asked_ms + CTL_INTEREST_MS, browser_timer);
	else
		browser_drop(c, b);
}

void ctl_interest_station_gone(struct ctl *c, uint32_t station)
{
	while (c->people.at[station].browsers != 0) {
		struct ctl_browser *b = browser_at(c, c->people.at[station].browsers);

		ctl_cancel(c, &b->timer);
		browser_drop(c, b);
	}
}

static uint32_t interest_get(struct ctl *c, struct hash128 node_key, const uint8_t *qname)
{
	uint32_t idx = ctl_table_find(&c->interests.questions, node_key);
	size_t len = dns_name_len(qname);
	struct ctl_interest *in;

	if (idx == 0)
		idx = ctl_table_add(&c->interests.questions, node_key);
	if (idx == 0)
		return 0;
	in = ctl_table_at(&c->interests.questions, idx);
	if (in->name_len == 0 && len <= sizeof(in->name)) {
		in->name_len = (uint8_t)len;
		memcpy(in->name, qname, len);
	}
	return idx;
}

void ctl_interest_asked(struct ctl *c, const uint8_t *qname, uint16_t link, uint32_t station)
{
	struct hash128 node_key = ctl_node_key(c, qname, DNS_TYPE_PTR);
	struct ctl_browser *b = browser_find(c, node_key, link, station);
	uint32_t most = station != 0 ? CTL_INTEREST_STATIONS_MAX : CTL_INTEREST_LINK_MAX;
	struct ctl_interest *in;
	uint32_t idx, question;

	if (b != NULL) {
		b->asked_ms = c->now_ms;
		return;
	}
	idx = c->link[link].interests < most ? slab_alloc(c->interests.browsers) : 0;
	question = idx != 0 ? interest_get(c, node_key, qname) : 0;
	if (question == 0) {
		slab_free(c->interests.browsers, idx);
		CTL_INC(c, interest_refused);
		return;
	}
	in = ctl_table_at(&c->interests.questions, question);
	b = browser_at(c, idx);
	*b = (struct ctl_browser){.next = in->links,
		.interest = question,
		.self = idx,
		.asked_ms = c->now_ms,
		.station = station,
		.link = link};
	if (in->links != 0)
		browser_at(c, in->links)->prev = idx;
	in->links = idx;
	if (station != 0) {
		b->st_next = c->people.at[station].browsers;
		if (b->st_next != 0)
			browser_at(c, b->st_next)->st_prev = idx;
		c->people.at[station].browsers = idx;
	}
	c->link[link].interests++;
	ctl_arm(c, &b->timer, c->now_ms + CTL_INTEREST_MS, browser_timer);
}

/* May a link be asked now for what it could not be, or would not have been learned from? */
static bool is_new_there(const struct ctl *c, const struct dp_world *was, const struct dp_link *l,
	const uint8_t *type, uint8_t type_len)
{
	const struct dp_world *w = c->world;
	const struct dp_link *before = dp_world_link(was, l->id);

	if (!policy_permits(
		    policy_ask(w->table, policy_type(w->policy, type, type_len), l->col_probe)))
		return false;
	return before == NULL || before->mode != DP_LINK_GATEWAY || before->in_sig != l->in_sig ||
	       !policy_permits(policy_ask(
		       was->table, policy_type(was->policy, type, type_len), before->col_probe));
}

bool ctl_interest_revive(
	struct ctl *c, const struct dp_world *was, uint32_t *cursor, unsigned budget)
{
	const struct slab *slab = c->interests.questions.slab;
	uint8_t canon[CTL_INTEREST_NAME + 1] __attribute__((aligned(64)));

	for (; *cursor < slab_limit(slab) && budget > 0; ++*cursor) {
		const struct ctl_interest *in = ctl_table_at(&c->interests.questions, *cursor);
		struct dns_service_name sd;

		if (!slab_live(slab, *cursor) || in->name_len == 0)
			continue;
		budget--;
		dns_name_canon(canon, in->name, in->name_len);
		dns_service_parse(canon, &sd);
		for (uint16_t id = 1; sd.type_len > 0 && id < c->world->n_ids; id++) {
			const struct dp_link *l = ctl_gateway_link(c, id);
			const struct ctl_ask ask = {.qname = in->name,
				.qtype = DNS_TYPE_PTR,
				.link = id,
				.how = CTL_ASK_BROWSE};

			if (l != NULL && is_new_there(c, was, l, canon + sd.type_off, sd.type_len))
				ctl_question_ask(c, &ask);
		}
	}
	return *cursor < slab_limit(slab);
}

void ctl_interest_replayed(struct ctl *c, struct hash128 node_key, uint16_t link)
{
	struct ctl_browser *b = ctl_interest_first(c, node_key);

	for (; b != NULL; b = ctl_interest_next(c, b))
		if (b->link == link)
			b->replayed_ms = c->now_ms | 1;
}

/* May the browse question be put on the link, and does another link browse it? */
static bool is_to_be_asked(const struct ctl *c, const struct ctl_interest *in,
	const struct dp_link *l, const uint8_t *qname)
{
	uint8_t canon[DNS_NAME_MAX + 1] __attribute__((aligned(64)));
	uint32_t b = in->links;
	struct dns_service_name sd;

	while (b != 0 && browser_at(c, b)->link == l->id && !l->isolated)
		b = browser_at(c, b)->next;
	if (b == 0)
		return false;
	dns_name_canon(canon, qname, dns_name_len(qname));
	dns_service_parse(canon, &sd);
	return sd.type_len > 0 &&
	       policy_permits(policy_ask(c->world->table,
		       policy_type(c->world->policy, canon + sd.type_off, sd.type_len),
		       l->col_probe));
}

bool ctl_interest_ask(struct ctl *c, uint32_t interest, uint16_t link)
{
	const struct ctl_interest *in = ctl_table_at(&c->interests.questions, interest);
	const struct dp_link *l = ctl_gateway_link(c, link);
	const struct hash128 *key = &in->entry.key;
	struct ctl_ask a = {.qtype = DNS_TYPE_PTR, .link = link, .how = CTL_ASK_BROWSE};
	uint32_t node = 0;

	/* The node has the name; all on the link are not asked for what nobody ever had. */
	cache_find_nodes(c->view, &key, 1, &node);
	if (l == NULL || node == 0)
		return false;
	a.qname = cache_node_name(c->view, cache_node_at(c->view, node));
	return is_to_be_asked(c, in, l, a.qname) && ctl_question_ask(c, &a) == CTL_ASKED_NOW;
}

bool ctl_interest_ask_station(struct ctl *c, uint32_t interest, uint32_t station)
{
	const struct ctl_interest *in = ctl_table_at(&c->interests.questions, interest);
	const struct cache_station *st = cache_station_at(c->view, station);
	const struct dp_link *l = ctl_gateway_link(c, st->link);

	return l != NULL && in->name_len > 0 && is_to_be_asked(c, in, l, in->name) &&
	       ctl_question_verify(c, in->name, DNS_TYPE_PTR, st->link, station) == CTL_ASKED_NOW;
}
