/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/question.h"

#include <errno.h>
#include <string.h>

#include "cache/service.h"
#include "control/ctl.h"
#include "dns/name.h"
#include "dns/nsec.h"

#define FIRST_MS 1000      /* between the first two questions of a series (RFC 6762 §5.2) */
#define LONGEST_MS 3600000 /* §5.2: may be capped to an hour */
#define REPEATS 2          /* three questions within 6 s (RFC 8766 §5.6) */
#define REFRESH_MS 1000    /* between two refreshes of one RRset */
#define VERIFY_MS 450      /* ... while it is in doubt whether its owner lives */
#define BATCH 64           /* questions per message */
#define TURN_MESSAGES 256  /* per turn */

int ctl_questions_init(struct ctl *c)
{
	struct ctl_questions *t = &c->questions;
	int rc = ctl_table_init(
		&t->table, "questions", sizeof(struct ctl_question), CTL_QUESTIONS_MAX, c->socket);

	if (rc < 0)
		return rc;
	t->names = blob_create("questions", CTL_QUESTION_NAMES, c->socket, &slab_mem_dpdk);
	return t->names != NULL ? 0 : -ENOMEM;
}

void ctl_questions_fini(struct ctl *c)
{
	ctl_table_fini(&c->questions.table);
	blob_destroy(c->questions.names);
}

static struct ctl_question *question_at(const struct ctl *c, uint32_t idx)
{
	return ctl_table_at(&c->questions.table, idx);
}

/* Both halves are keyed hashes: the link only has to make them different. */
static struct hash128 question_key(struct hash128 node, uint16_t link)
{
	node.lo ^= link * UINT64_C(0x9e3779b97f4a7c15);
	node.hi += link;
	return node;
}

/* ... and, of a question that is one station's alone, that station. */
static struct hash128 ask_key(struct hash128 node, const struct ctl_ask *a)
{
	struct hash128 key = question_key(node, a->link);

	if (a->alone)
		key.hi += (uint64_t)a->station << 16;
	return key;
}

static void question_drop(struct ctl *c, uint32_t idx)
{
	struct ctl_question *q = question_at(c, idx);

	ctl_cancel(c, &q->timer);
	blob_free(c->questions.names, q->name);
	ctl_table_del(&c->questions.table, idx);
}

static uint32_t question_new(struct ctl *c, const struct ctl_ask *a, struct hash128 node)
{
	uint32_t name = blob_put(c->questions.names, a->qname, dns_name_len(a->qname)), idx;
	struct ctl_question *q;

	if (name == 0)
		return 0;
	idx = ctl_table_add(&c->questions.table, ask_key(node, a));
	if (idx == 0) {
		blob_free(c->questions.names, name);
		return 0;
	}
	q = question_at(c, idx);
	q->node = node;
	q->name = name;
	q->link = a->link;
	q->qtype = a->qtype;
	q->wanted_ms = c->now_ms;
	return idx;
}

/* Asked by a timetable of its own: the series of intervals goes on as if it had not been. */
static bool is_aside(const struct ctl_ask *a)
{
	return a->how == CTL_ASK_REFRESH || a->how == CTL_ASK_PINNED;
}

static bool is_browse(const struct ctl_ask *a)
{
	return a->how == CTL_ASK_BROWSE || a->how == CTL_ASK_PINNED;
}

/* Where to: the owner's address if it is one of the link, else the group of the families it may
 * listen on. */
static void aim(const struct ctl *c, const struct dp_link *l, const struct ctl_ask *a,
	struct ctl_question *q)
{
	const struct cache_station *st =
		a->station != 0 ? cache_station_at(c->view, a->station) : NULL;
	bool ip4 = false, ip6 = false, speaks4 = false, speaks6 = false;

	if (st != NULL) {
		struct ip_addr a4 = ip_from_bytes(4, st->ip4), a6 = ip_from_bytes(6, st->ip6);

		speaks4 = l->has_addr4 && !ip_is_unspecified(&a4);
		speaks6 = l->n_addr6 > 0 && !ip_is_unspecified(&a6);
		ip4 = l->has_addr4 && !ip_is_unspecified(&a4) && dp_link_on_link(l, 4, st->ip4);
		ip6 = l->n_addr6 > 0 && !ip_is_unspecified(&a6) && dp_link_on_link(l, 6, st->ip6);
	}
	q->flags &= (uint8_t) ~(CTL_Q_UNICAST | CTL_Q_QU | CTL_Q_GROUP);
	q->families = (uint8_t)((l->has_addr4 ? 1 : 0) | (l->n_addr6 > 0 ? 2 : 0));
	/* A known owner has shown which family it speaks; who is not known may speak either. */
	if (ip4 || ip6)
		q->families = ip4 ? 1 : 2;
	if (!is_browse(a) && !a->multicast)
		q->flags |= CTL_Q_QU;
	/* The address a wireless station had may be gone; that it is there is known by its MAC. */
	if (l->unicast && st != NULL && !a->multicast && !is_browse(a)) {
		q->flags |= CTL_Q_UNICAST | CTL_Q_GROUP;
		q->mac = st->mac;
		memset(q->ip, 0, sizeof(q->ip));
		if (speaks4 || speaks6)
			q->families = speaks4 ? 1 : 2;
		return;
	}
	if (a->multicast || is_browse(a) || (!ip4 && !ip6))
		return;
	q->flags |= CTL_Q_UNICAST;
	q->family = ip4 ? 4 : 6;
	q->mac = st->mac;
	memset(q->ip, 0, sizeof(q->ip));
	memcpy(q->ip, ip4 ? st->ip4 : st->ip6, ip4 ? 4 : 16);
}

static void enqueue(struct ctl *c, uint32_t idx)
{
	struct ctl_question *q = question_at(c, idx);
	struct ctl_link *cl = &c->link[q->link];

	if (q->flags & CTL_Q_PENDING)
		return;
	q->flags |= CTL_Q_PENDING;
	q->next = 0;
	if (cl->ask_tail != 0)
		question_at(c, cl->ask_tail)->next = idx;
	else
		cl->ask_head = idx;
	cl->ask_tail = idx;
	/* A link that waits for its budget is put on the list by its timer. */
	if (!cl->ask_listed && !wheel_armed(&cl->ask_timer.item)) {
		cl->ask_listed = true;
		cl->ask_next = c->questions.links;
		c->questions.links = q->link;
	}
}

static bool answered(const struct ctl *c, const struct ctl_question *q)
{
	const uint8_t *name = blob_at(c->questions.names, q->name);
	uint32_t node = cache_find(c->view, name, q->qtype), rec;
	struct cache_iter it;

	if (node == 0)
		return false;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	for (unsigned i = 0; i < 64 && (rec = cache_iter_next(&it)) != 0; i++) {
		const struct cache_record *r = cache_record_at(c->view, rec);

		if (r->link == q->link && cache_record_held(r, c->now_ms))
			return true;
	}
	return false;
}

static void question_timer(struct ctl *c, struct ctl_timer *t);

/* After a question was sent: when it is repeated, or else forgotten. */
static void arm(struct ctl *c, struct ctl_question *q)
{
	uint32_t idle = q->interval_ms > FIRST_MS ? 2 * q->interval_ms : 2 * FIRST_MS;
	uint32_t last = clock_ms_before(q->wanted_ms, q->asked_ms) ? q->asked_ms : q->wanted_ms;

	if (q->repeats > 0)
		ctl_arm(c, &q->timer, q->asked_ms + q->interval_ms, question_timer);
	else
		ctl_arm(c, &q->timer, last + idle + 1, question_timer);
}

static void question_timer(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_question *q = ctl_container(t, struct ctl_question, timer);
	uint32_t idx = ctl_table_find(&c->questions.table, q->entry.key);

	if (q->flags & CTL_Q_PENDING)
		return; /* armed again when it is sent */
	if (q->repeats > 0 && ctl_gateway_link(c, q->link) != NULL && !answered(c, q)) {
		q->repeats--;
		q->flags &= (uint8_t) ~(CTL_Q_UNICAST | CTL_Q_QU | CTL_Q_GROUP); /* RFC 6762 §5.4 */
		enqueue(c, idx);
		return;
	}
	if (q->repeats > 0) {
		q->repeats = 0;
		arm(c, q);
		return;
	}
	question_drop(c, idx);
}

/* Is it time to ask (again)? */
static bool due(const struct ctl *c, struct ctl_question *q, const struct ctl_ask *a)
{
	int64_t idle = clock_ms_diff(c->now_ms, q->wanted_ms);
	int64_t since = clock_ms_diff(c->now_ms, q->asked_ms);

	if (q->asked_ms == 0)
		return true;
	if (is_aside(a))
		return since >= (a->verify ? VERIFY_MS : REFRESH_MS);
	if (idle > 2 * (int64_t)q->interval_ms)
		q->interval_ms = 0;
	return since >= q->interval_ms && since >= FIRST_MS;
}

bool ctl_question_is_news(struct ctl *c, const struct ctl_ask *a)
{
	struct hash128 node = ctl_node_key(c, a->qname, a->qtype);
	uint32_t idx = ctl_table_find(&c->questions.table, ask_key(node, a));
	const struct ctl_question *q = idx != 0 ? question_at(c, idx) : NULL;

	return q == NULL || ((q->flags & CTL_Q_PENDING) == 0 && due(c, question_at(c, idx), a));
}

enum ctl_asked ctl_question_ask(struct ctl *c, const struct ctl_ask *a)
{
	const struct dp_link *l = ctl_gateway_link(c, a->link);
	struct hash128 node;
	struct ctl_question *q;
	uint32_t idx;
	bool now;

	if (l == NULL || l->query_budget == 0 || (!l->has_addr4 && l->n_addr6 == 0))
		return CTL_NOT_ASKED;
	node = ctl_node_key(c, a->qname, a->qtype);
	idx = ctl_table_find(&c->questions.table, ask_key(node, a));
	if (idx == 0 &&
		(!is_browse(a) || slab_in_use(c->questions.table.slab) < CTL_QUESTIONS_BROWSE))
		idx = question_new(c, a, node);
	if (idx == 0) {
		CTL_INC(c, questions_refused);
		return CTL_NOT_ASKED;
	}
	q = question_at(c, idx);
	now = (q->flags & CTL_Q_PENDING) == 0 && due(c, q, a);
	if (!is_aside(a))
		q->wanted_ms = c->now_ms;
	if (!now) {
		if (!is_aside(a))
			CTL_INC(c, questions_coalesced);
		return CTL_ASKED_BEFORE;
	}
	if (is_browse(a))
		q->flags |= CTL_Q_BROWSE;
	aim(c, l, a, q);
	if (is_aside(a))
		q->flags |= CTL_Q_REFRESH;
	else
		q->flags &= (uint8_t)~CTL_Q_REFRESH;
	if (!is_aside(a) && q->interval_ms == 0)
		q->repeats = REPEATS;
	enqueue(c, idx);
	return CTL_ASKED_NOW;
}

enum ctl_asked ctl_question_verify(
	struct ctl *c, const uint8_t *qname, uint16_t qtype, uint16_t link, uint32_t station)
{
	const struct ctl_ask a = {.qname = qname,
		.qtype = qtype,
		.link = link,
		.how = CTL_ASK_REFRESH,
		.verify = true,
		.alone = true,
		.station = station};

	return ctl_question_ask(c, &a);
}

static void answered_by(struct ctl *c, struct hash128 node, const struct cache_record *r)
{
	uint32_t idx = ctl_table_find(&c->questions.table, question_key(node, r->link));
	struct ctl_question *q;

	if (idx == 0)
		return;
	q = question_at(c, idx);
	if (q->flags & CTL_Q_PENDING)
		return;
	q->repeats = 0;
	/* No more is to come for a unique RRset (RFC 6762 §5.2): whoever asks next begins a new
	 * series. */
	if (atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_UNIQUE)
		question_drop(c, idx);
}

void ctl_question_answered(struct ctl *c, uint32_t rec)
{
	static const uint16_t asked_for[] = {DNS_TYPE_A, DNS_TYPE_AAAA, DNS_TYPE_SRV, DNS_TYPE_TXT};
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);

	if (ctl_table_count(&c->questions.table) == 0)
		return;
	answered_by(c, n->key, r);
	/* That there is none of a type is its owner's answer too (RFC 6762 §6.1). */
	for (unsigned i = 0; r->rrtype == DNS_TYPE_NSEC && i < RTE_DIM(asked_for); i++) {
		struct dns_type_set set = {0};

		if (dns_nsec_types(cache_record_rdata(c->view, r), r->rdlen, &set) == 0 &&
			!dns_type_set_has(&set, asked_for[i]))
			answered_by(
				c, ctl_node_key(c, cache_node_name(c->view, n), asked_for[i]), r);
	}
}

static bool same_destination(const struct ctl_question *a, const struct ctl_question *b)
{
	if ((a->flags ^ b->flags) & (CTL_Q_UNICAST | CTL_Q_GROUP))
		return false;
	if (a->flags & CTL_Q_GROUP)
		return a->families == b->families && mac_equal(&a->mac, &b->mac);
	if (a->flags & CTL_Q_UNICAST)
		return a->family == b->family && mac_equal(&a->mac, &b->mac) &&
		       memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
	return a->families == b->families;
}

/* Takes what goes where the first question of the link goes off its list, as far as it fits one
 * message. */
static unsigned take_batch(
	struct ctl *c, const struct dp_link *l, struct ctl_question *batch[BATCH])
{
	struct ctl_link *cl = &c->link[l->id];
	uint32_t room = ctl_emit_room(l), idx = cl->ask_head, prev = 0;
	unsigned n = 0;

	while (idx != 0 && n < BATCH) {
		struct ctl_question *q = question_at(c, idx);
		uint32_t next = q->next, size = blob_len(c->questions.names, q->name) + 4u;

		/* One that was heard is skipped when its turn comes. */
		if (n > 0 && (size > room || (q->flags & CTL_Q_HEARD) != 0 ||
				     !same_destination(batch[0], q))) {
			prev = idx;
			idx = next;
			continue;
		}
		room -= size < room ? size : room;
		if (prev != 0)
			question_at(c, prev)->next = next;
		else
			cl->ask_head = next;
		if (cl->ask_tail == idx)
			cl->ask_tail = prev;
		q->flags &= (uint8_t)~CTL_Q_PENDING;
		batch[n++] = q;
		idx = next;
	}
	return n;
}

static void drop_pending(struct ctl *c, struct ctl_link *cl)
{
	while (cl->ask_head != 0) {
		uint32_t idx = cl->ask_head;

		cl->ask_head = question_at(c, idx)->next;
		question_drop(c, idx);
	}
	cl->ask_tail = 0;
}

static void sent(struct ctl *c, struct ctl_question *q)
{
	q->asked_ms = c->now_ms | 1;
	if (q->interval_ms == 0)
		q->interval_ms = FIRST_MS;
	else if ((q->flags & CTL_Q_REFRESH) == 0)
		q->interval_ms = RTE_MIN(2 * q->interval_ms, (uint32_t)LONGEST_MS);
	arm(c, q);
}

static void budget_again(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_link *cl = ctl_container(t, struct ctl_link, ask_timer);

	if (cl->ask_head == 0 || cl->ask_listed)
		return;
	cl->ask_listed = true;
	cl->ask_next = c->questions.links;
	c->questions.links = (uint16_t)(cl - c->link);
}

/* Is it one station's alone, and that is not there any more? */
static bool is_of_nobody(const struct ctl *c, const struct ctl_question *q)
{
	return (q->flags & CTL_Q_GROUP) != 0 && cache_find_station(c->view, q->link, &q->mac) == 0;
}

/* Takes off the list what somebody else has asked meanwhile, and what nobody could answer. */
static void skip_heard(struct ctl *c, struct ctl_link *cl)
{
	while (cl->ask_head != 0) {
		uint32_t idx = cl->ask_head;
		struct ctl_question *q = question_at(c, idx);

		if (is_of_nobody(c, q)) {
			cl->ask_head = q->next;
			if (cl->ask_head == 0)
				cl->ask_tail = 0;
			question_drop(c, idx);
			continue;
		}
		if ((q->flags & CTL_Q_HEARD) == 0)
			return;
		cl->ask_head = q->next;
		if (cl->ask_head == 0)
			cl->ask_tail = 0;
		q->flags &= (uint8_t) ~(CTL_Q_PENDING | CTL_Q_HEARD);
		sent(c, q);
	}
}

void ctl_question_heard(struct ctl *c, const uint8_t *qname, uint16_t qtype, uint16_t link)
{
	uint32_t idx;
	struct ctl_question *q;

	if (c->link[link].ask_head == 0)
		return;
	idx = ctl_table_find(
		&c->questions.table, question_key(ctl_node_key(c, qname, qtype), link));
	if (idx == 0)
		return;
	q = question_at(c, idx);
	/* Nobody else asks one station, or for a unicast answer on our behalf. */
	if ((q->flags & CTL_Q_PENDING) == 0 ||
		(q->flags & (CTL_Q_UNICAST | CTL_Q_QU | CTL_Q_HEARD)) != 0)
		return;
	q->flags |= CTL_Q_HEARD;
	CTL_INC(c, questions_heard);
}

/* Sends what waits on one link. False: not all, the budget is used up and a timer armed. */
static bool send_link(struct ctl *c, const struct dp_link *l, unsigned *messages)
{
	struct ctl_link *cl = &c->link[l->id];
	struct ctl_question *batch[BATCH];

	for (skip_heard(c, cl); cl->ask_head != 0; skip_heard(c, cl)) {
		unsigned cost = ctl_emit_cost(question_at(c, cl->ask_head)), n;

		/* A budget of one a second has to do for a question in two families. */
		cost = RTE_MIN(cost, cl->budget.rate.burst);
		if (!bucket_take(&cl->budget, c->now_us, cost)) {
			CTL_INC(c, queries_over_budget);
			ctl_arm(c, &cl->ask_timer, c->now_ms + 1 + 1000 * cost / l->query_budget,
				budget_again);
			return false;
		}
		n = take_batch(c, l, batch);
		*messages += ctl_emit(c, l, batch, n);
		for (unsigned i = 0; i < n; i++)
			sent(c, batch[i]);
	}
	return true;
}

unsigned ctl_question_turn(struct ctl *c)
{
	unsigned messages = 0;

	while (c->questions.links != 0 && messages < TURN_MESSAGES) {
		uint16_t id = c->questions.links;
		struct ctl_link *cl = &c->link[id];
		const struct dp_link *l = ctl_gateway_link(c, id);

		c->questions.links = cl->ask_next;
		cl->ask_listed = false;
		if (l == NULL || l->query_budget == 0)
			drop_pending(c, cl);
		else
			send_link(c, l, &messages);
	}
	return messages;
}
