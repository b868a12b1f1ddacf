/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "control/ctl.h"
#include "control/emit.h"
#include "dataplane/frame.h"

/* Our questions as mDNS messages (RFC 6762 §5, §7.1, §7.2): packed to the link's MTU, known answers
 * behind them. */

/* a message and what of its known answers did not fit it: further ones are not listed */
#define KNOWN_MESSAGES 16
#define PROBE_TTL 120 /* seconds; not compared (RFC 6762 §8.2), host records have it (§10) */

/* A message being written straight into its mbuf. */
struct draft {
	struct rte_mbuf *m;
	uint8_t *dns;
};

struct emission {
	const struct dp_link *l;
	struct dp_dest dest;
	struct draft d;
	unsigned sent;
};

uint32_t ctl_emit_room(const struct dp_link *l)
{
	size_t room = dp_frame_room(l, l->n_addr6 > 0 ? 6 : 4);

	return (uint32_t)(RTE_MIN(room, (size_t)DNS_MSG_MAX) - DNS_HEADER_LEN);
}

unsigned ctl_emit_cost(const struct ctl_question *q)
{
	if ((q->flags & (CTL_Q_UNICAST | CTL_Q_GROUP)) == CTL_Q_UNICAST)
		return 1;
	return q->families == 3 ? 2 : 1;
}

/* Begins a message; false, counted, without an mbuf. */
static bool draft_begin(struct ctl *c, struct emission *e)
{
	size_t head = dp_frame_headroom(e->l, e->dest.family),
	       room = dp_frame_room(e->l, e->dest.family);

	e->d.m = rte_pktmbuf_alloc(c->s->pool);
	if (e->d.m == NULL || rte_pktmbuf_tailroom(e->d.m) < head + DNS_HEADER_LEN) {
		rte_pktmbuf_free(e->d.m);
		e->d.m = NULL;
		CTL_INC(c, no_mbuf);
		return false;
	}
	e->d.dns = rte_pktmbuf_mtod(e->d.m, uint8_t *) + head;
	room = RTE_MIN(room, rte_pktmbuf_tailroom(e->d.m) - head);
	dns_writer_init(&c->scratch.writer, e->d.dns, room, 0, 0);
	return true;
}

static void draft_send(struct ctl *c, struct emission *e, uint16_t flags)
{
	struct dns_writer *w = &c->scratch.writer;
	size_t len;

	w->flags = flags;
	len = dns_writer_finish(w);
	dp_frame_fill(e->l, &e->dest, e->d.dns, len);
	rte_pktmbuf_append(e->d.m, (uint16_t)(dp_frame_headroom(e->l, e->dest.family) + len));
	if (ctl_frame_send(c, e->l, e->d.m)) {
		if ((flags & DNS_FLAG_QR) == 0)
			CTL_INC(c, queries_sent);
		e->sent++;
	}
	e->d.m = NULL;
}

/*
 * Known answers of a browse question: what we hold of this very link, with more than half of its
 * life before it, as it will be then (§7.1). False: no room any more, nor another message.
 */
static bool write_known(
	struct ctl *c, struct emission *e, const struct ctl_question *q, unsigned *messages)
{
	const uint8_t *name = blob_at(c->questions.names, q->name);
	uint32_t node = cache_find_node(
			 c->view, q->node, name, blob_len(c->questions.names, q->name)),
		 rec;
	struct cache_iter it;

	if (node == 0)
		return true;
	cache_iter_init(&it, c->view, cache_node_at(c->view, node));
	while ((rec = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(c->view, rec);
		uint32_t ttl = atomic_load_explicit(&r->ttl, memory_order_relaxed);
		uint32_t left = cache_record_ttl_left(r, c->now_ms);

		if (r->link != e->l->id || !cache_record_live(r, c->now_ms) || left <= ttl / 2)
			continue;
		while (dns_write_rr(&c->scratch.writer, DNS_SECTION_ANSWER, name, q->qtype,
			       DNS_CLASS_IN, left, cache_record_rdata(c->view, r), r->rdlen,
			       0) < 0) {
			if (dns_writer_empty(&c->scratch.writer) || ++*messages >= KNOWN_MESSAGES)
				return dns_writer_empty(&c->scratch.writer);
			/* More follows, without the question (§7.2). */
			draft_send(c, e, DNS_FLAG_TC);
			if (!draft_begin(c, e))
				return false;
		}
	}
	return true;
}

/* One family's copy of the message. */
static unsigned emit_family(struct ctl *c, const struct dp_link *l, struct ctl_question *const q[],
	unsigned n, unsigned family)
{
	struct emission e = {.l = l, .dest = {.family = (uint8_t)family, .group = 1, .port = 5353}};
	unsigned messages = 0;
	bool qu = false;

	if (q[0]->flags & CTL_Q_GROUP) {
		e.dest.unicast_l2 = 1;
		e.dest.dmac = q[0]->mac;
	} else if (q[0]->flags & CTL_Q_UNICAST) {
		e.dest.group = 0;
		e.dest.dmac = q[0]->mac;
		memcpy(e.dest.addr, q[0]->ip, sizeof(e.dest.addr));
	}
	if (!draft_begin(c, &e))
		return 0;
	for (unsigned i = 0; i < n; i++) {
		uint16_t qclass = DNS_CLASS_IN | (q[i]->flags & CTL_Q_QU ? DNS_QU_BIT : 0);

		if (dns_write_question(&c->scratch.writer, blob_at(c->questions.names, q[i]->name),
			    q[i]->qtype, qclass) == 0)
			qu |= (q[i]->flags & (CTL_Q_QU | CTL_Q_UNICAST)) != 0;
	}
	for (unsigned i = 0; i < n; i++)
		if ((q[i]->flags & CTL_Q_BROWSE) && !write_known(c, &e, q[i], &messages))
			break;
	if (e.d.m != NULL)
		draft_send(c, &e, 0);
	/* Workers hear unicast responses for two seconds from now (§6). */
	if (qu)
		atomic_store_explicit(
			&c->s->unicast_asked_ms[l->id], c->now_ms | 1, memory_order_relaxed);
	return e.sent;
}

static bool emit_message(struct ctl *c, const struct dp_link *l, unsigned family, uint16_t flags,
	ctl_write_fn write, const void *arg)
{
	struct emission e = {.l = l, .dest = {.family = (uint8_t)family, .group = 1, .port = 5353}};

	if (!draft_begin(c, &e))
		return false;
	if (write(&c->scratch.writer, arg) < 0) {
		rte_pktmbuf_free(e.d.m);
		return false;
	}
	draft_send(c, &e, flags);
	return e.sent > 0;
}

bool ctl_emit_message(
	struct ctl *c, const struct dp_link *l, uint16_t flags, ctl_write_fn write, const void *arg)
{
	bool sent = false;

	if (l->has_addr4)
		sent |= emit_message(c, l, 4, flags, write, arg);
	if (l->n_addr6 > 0)
		sent |= emit_message(c, l, 6, flags, write, arg);
	return sent;
}

/* All of it or nothing: a part would compare otherwise. */
static int write_probe(struct dns_writer *w, const void *arg)
{
	const struct ctl_proposal *p = arg;
	uint16_t at = 0, rrtype, rdlen;
	const uint8_t *rdata;
	int rc = dns_write_question(w, p->name, DNS_TYPE_ANY, DNS_CLASS_IN);

	while (rc == 0 && ctl_proposal_next(p, &at, &rrtype, &rdlen, &rdata))
		rc = dns_write_rr(w, DNS_SECTION_AUTHORITY, p->name, rrtype, DNS_CLASS_IN,
			PROBE_TTL, rdata, rdlen, 0);
	return rc;
}

bool ctl_emit_probe(struct ctl *c, const struct dp_link *l, const struct ctl_proposal *p)
{
	bool both = l->has_addr4 && l->n_addr6 > 0;

	if (!bucket_take(&c->link[l->id].budget, c->now_us, both ? 2 : 1)) {
		CTL_INC(c, queries_over_budget);
		return false;
	}
	return ctl_emit_message(c, l, 0, write_probe, p);
}

unsigned ctl_emit(
	struct ctl *c, const struct dp_link *l, struct ctl_question *const q[], unsigned n)
{
	unsigned sent = 0;

	if ((q[0]->flags & (CTL_Q_UNICAST | CTL_Q_GROUP)) == CTL_Q_UNICAST)
		return emit_family(c, l, q, n, q[0]->family);
	if (q[0]->families & 1)
		sent += emit_family(c, l, q, n, 4);
	if (q[0]->families & 2)
		sent += emit_family(c, l, q, n, 6);
	return sent;
}
