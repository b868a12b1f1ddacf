/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/build.h"

#include <errno.h>

#include "dataplane/additional.h"
#include "dataplane/fragment.h"
#include "dataplane/negative.h"

/*
 * One message at a time: as many answers as fit together with what resolves them, then those
 * additional records, then the next message. A browse that finds more than DENSE services is packed
 * without room for additional records, or a type with a thousand instances would cost ten times the
 * frames; who picks one asks for the rest.
 */
#define DENSE 32

#define LEGACY_TTL 10 /* seconds; RFC 6762 §6.7 */

#define LARGEST_REST (DNS_HEADER_LEN + DNS_NAME_MAX + 10) /* of a message, beside one rdata */

static const uint8_t enum_name[] = "\x09_services\x07_dns-sd\x04_udp\x05local";

/* Additional records of the answers so far, as they were found while the answers were packed: they
 * follow when all answers are in. */
#define EXTRAS 192
#define EXTRA_NEGATIVES 4

struct extras {
	unsigned n, n_negative;
	bool more; /* ... than there is room for */
	struct {
		uint32_t rec; /* 0: ttl is an index into negative[] */
		uint32_t ttl;
	} at[EXTRAS];
	struct dp_negative negative[EXTRA_NEGATIVES];
};

struct message {
	struct dp_worker *w;
	const struct dp_link *l;
	const struct dp_dest *dest;
	const struct dp_query *q;
	const struct dp_viewer *asker;
	bool legacy;
	struct rte_mbuf *m;
	uint8_t *dns;
	bool incomplete;   /* a record was left out */
	uint32_t ttl_node; /* the node msg->ttl is the RRset TTL of */
	uint32_t ttl;
	size_t reserve; /* bytes the additional records of the answers so far may need */
	struct extras extras;
};

/* Repeats the questions of a legacy query (RFC 6762 §6.7). */
static void echo_questions(struct message *msg)
{
	struct dp_worker *w = msg->w;
	struct dns_reader r;

	if (dns_reader_init(&r, msg->q->dns, msg->q->pkt->dns_len) < 0)
		return;
	while (dns_reader_question(&r, &w->wire_question) > 0) {
		const struct dns_question *qu = &w->wire_question;

		if (dns_write_question(&w->writer, qu->qname, qu->qtype,
			    (uint16_t)(qu->qclass | (qu->qu ? DNS_QU_BIT : 0))) < 0)
			return;
	}
}

static bool begin(struct message *msg)
{
	struct dp_worker *w = msg->w;
	size_t head = dp_frame_headroom(msg->l, msg->dest->family);
	size_t room = dp_frame_room(msg->l, msg->dest->family);

	msg->m = rte_pktmbuf_alloc(w->shared->pool);
	if (unlikely(msg->m == NULL)) {
		dp_event(w, msg->l->id, DP_EV_no_mbuf, 1);
		return false;
	}
	if (room > rte_pktmbuf_tailroom(msg->m) - head)
		room = rte_pktmbuf_tailroom(msg->m) - head;
	msg->dns = rte_pktmbuf_mtod(msg->m, uint8_t *) + head;
	msg->reserve = 0;
	msg->extras.n = 0;
	msg->extras.n_negative = 0;
	msg->extras.more = false;
	/* AA is set and the id is 0, but in legacy answers (RFC 6762 §18.1, §18.4). */
	dns_writer_init(&w->writer, msg->dns, room, msg->legacy ? msg->q->reader.id : 0,
		DNS_FLAG_QR | DNS_FLAG_AA);
	dp_idset_clear(&w->packed);
	if (msg->legacy)
		echo_questions(msg);
	return true;
}

static void count_sent(struct message *msg, uint16_t answers)
{
	dp_event(msg->w, msg->l->id, DP_EV_tx_records, answers);
	dp_event(msg->w, msg->l->id,
		msg->dest->group && !msg->dest->unicast_l2 ? DP_EV_tx_multicast : DP_EV_tx_unicast,
		1);
}

static void send(struct message *msg)
{
	struct dp_worker *w = msg->w;
	uint16_t answers = w->writer.counts[DNS_SECTION_ANSWER];
	size_t head = dp_frame_headroom(msg->l, msg->dest->family);
	size_t len;

	/* Never an empty answer (RFC 6762 §6). */
	if (answers == 0) {
		rte_pktmbuf_free(msg->m);
		return;
	}
	len = dns_writer_finish(&w->writer);
	dp_frame_fill(msg->l, msg->dest, msg->dns, len);
	msg->m->data_len = (uint16_t)(head + len);
	msg->m->pkt_len = (uint32_t)(head + len);
	if (w->deps.on)
		dp_rendered_message(w, msg->dns, len, answers);
	count_sent(msg, answers);
	dp_tx(w, msg->l->port, msg->l->id, msg->m);
}

static int put_record(
	struct message *msg, enum dns_section section, const struct cache_record *r, uint32_t ttl)
{
	struct dp_worker *w = msg->w;
	const struct cache_node *node = cache_node_at(w->cache, r->node);
	uint16_t rrclass = DNS_CLASS_IN;

	/* The owner's flush bit, but never towards a legacy resolver (RFC 6762 §6.7, §10.2), nor
	 * with a goodbye that concerns only a part of the RRset. */
	if (!msg->legacy &&
		(atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_UNIQUE) &&
		(ttl != 0 || dp_rrset_ttl(w, msg->l, msg->asker, node) == 0))
		rrclass |= DNS_CACHE_FLUSH_BIT;
	if (msg->legacy && ttl > LEGACY_TTL)
		ttl = LEGACY_TTL;
	return dns_write_rr(&w->writer, section, cache_node_name(w->cache, node), r->rrtype,
		rrclass, ttl, cache_record_rdata(w->cache, r), r->rdlen,
		msg->legacy ? DNS_W_NO_SRV_COMPRESS : 0);
}

static int put_negative(struct message *msg, enum dns_section section, const struct dp_negative *n)
{
	uint32_t ttl = n->item.ttl;
	uint16_t rrclass = DNS_CLASS_IN;

	if (msg->legacy)
		ttl = RTE_MIN(ttl, (uint32_t)LEGACY_TTL);
	else
		rrclass |= DNS_CACHE_FLUSH_BIT;
	return dns_write_rr(&msg->w->writer, section, n->name, DNS_TYPE_NSEC, rrclass, ttl,
		n->rdata, n->rdlen, 0);
}

static int put_answer(struct message *msg, const struct dp_item *it)
{
	struct dp_worker *w = msg->w;
	const struct cache_record *r;
	uint32_t ttl = it->ttl;
	int rc;

	if (it->flags & DP_ITEM_TYPE) {
		const struct cache_node *node = cache_node_at(w->cache, it->node);

		if (msg->legacy && ttl > LEGACY_TTL)
			ttl = LEGACY_TTL;
		return dns_write_rr(&w->writer, DNS_SECTION_ANSWER, enum_name, DNS_TYPE_PTR,
			DNS_CLASS_IN, ttl, cache_node_name(w->cache, node), node->name_len, 0);
	}
	if (it->flags & DP_ITEM_NSEC) {
		struct dp_negative n;

		/* It was so when the item was made, a moment ago. */
		if (!dp_negative_make(w, msg->l, msg->asker, it->rec, &n))
			return -EINVAL;
		rc = put_negative(msg, DNS_SECTION_ANSWER, &n);
		if (rc == 0)
			dp_idset_add(&w->packed, n.item.ident, 0);
		return rc;
	}
	r = cache_record_at(w->cache, it->rec);
	if (ttl != 0 && (it->flags & DP_ITEM_UNIQUE)) {
		/* Records of an RRset stand together: one look at it does for all. */
		if (msg->ttl_node != r->node) {
			msg->ttl_node = r->node;
			msg->ttl = dp_rrset_ttl(
				w, msg->l, msg->asker, cache_node_at(w->cache, r->node));
		}
		if (msg->ttl != 0)
			ttl = msg->ttl;
	}
	rc = put_record(msg, DNS_SECTION_ANSWER, r, ttl);
	if (rc == 0)
		dp_idset_add(&w->packed, it->ident, 0);
	return rc;
}

static void note_extra(struct extras *e, uint32_t rec, uint32_t ttl)
{
	if (e->n == EXTRAS) {
		e->more = true;
		return;
	}
	e->at[e->n].rec = rec;
	e->at[e->n++].ttl = ttl;
}

/* Noted, with an upper bound of what it takes uncompressed. */
static bool note_record(void *arg, uint32_t rec, const struct cache_record *r, uint32_t ttl)
{
	struct message *msg = arg;

	note_extra(&msg->extras, rec, ttl);
	msg->reserve += (size_t)r->rdlen + cache_node_at(msg->w->cache, r->node)->name_len + 10;
	return true;
}

static bool add_record(void *arg, uint32_t rec, const struct cache_record *r, uint32_t ttl)
{
	struct message *msg = arg;

	(void)rec;
	if (!dp_idset_add(&msg->w->packed, r->ident, 0))
		return true;
	/* What does not fit is left out: clients must work without it (RFC 6763 §12). */
	put_record(msg, DNS_SECTION_ADDITIONAL, r, ttl);
	return true;
}

static void note_negative(void *arg, const struct dp_negative *n)
{
	struct message *msg = arg;
	struct extras *e = &msg->extras;

	if (e->n_negative == EXTRA_NEGATIVES) {
		e->more = true;
	} else {
		e->negative[e->n_negative] = *n;
		note_extra(e, 0, e->n_negative++);
	}
	msg->reserve += 2 * n->rdlen + 10; /* the name stands in rdata too */
}

static void add_negative(void *arg, const struct dp_negative *n)
{
	struct message *msg = arg;

	if (dp_idset_add(&msg->w->packed, n->item.ident, 0))
		put_negative(msg, DNS_SECTION_ADDITIONAL, n);
}

/*
 * A record that fits no message of the link goes alone in one that is sent in fragments (RFC 6762
 * §17). False: it does fit one.
 */
static bool send_alone(struct message *msg, const struct dp_item *it)
{
	struct dp_worker *w = msg->w;
	unsigned family = msg->dest->family;
	size_t len;

	dns_writer_init(&w->writer, dp_large_dns(w, msg->l, family), dp_large_room(family), 0,
		DNS_FLAG_QR | DNS_FLAG_AA);
	dp_idset_clear(&w->packed);
	if (put_answer(msg, it) < 0) {
		dp_event(w, msg->l->id, DP_EV_excess_answers, 1);
		return true;
	}
	len = dns_writer_finish(&w->writer);
	if (len <= dp_frame_room(msg->l, family))
		return false;
	if (dp_large_send(w, msg->l, msg->dest, len))
		count_sent(msg, 1);
	return true;
}

/* Takes the records that are too large for the link off the items and sends them. */
static void send_large(struct message *msg)
{
	struct dp_items *items = &msg->w->items;
	size_t room = dp_frame_room(msg->l, msg->dest->family);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < items->n; i++) {
		const struct dp_item *it = &items->item[i];

		size_t rdlen = 0;

		if ((it->flags & DP_ITEM_TYPE) == 0)
			rdlen = cache_record_at(msg->w->cache, it->rec)->rdlen;
		if (unlikely(rdlen + LARGEST_REST > room) && send_alone(msg, it))
			continue;
		items->item[kept++] = *it;
	}
	items->n = kept;
}

/* Packs items from *at on into the message; returns how many answers it took. */
static uint32_t pack(struct message *msg, uint32_t *at, bool dense)
{
	struct dp_worker *w = msg->w;
	uint32_t packed = 0;

	for (; *at < w->items.n; (*at)++) {
		const struct dp_item *it = &w->items.item[*at];
		unsigned noted = msg->extras.n;
		size_t before = msg->reserve;

		if (!dense)
			dp_additional_walk(
				w, msg->l, msg->asker, it, note_record, note_negative, msg);
		if (packed > 0 && w->writer.len + msg->reserve > w->writer.cap) {
			msg->extras.n = noted;
			break;
		}
		if (put_answer(msg, it) < 0) {
			msg->extras.n = noted;
			if (packed > 0)
				break;
			/* Too large for a legacy resolver. */
			dp_event(w, msg->l->id, DP_EV_excess_answers, 1);
			msg->incomplete = true;
			msg->reserve = before;
			continue;
		}
		packed++;
	}
	return packed;
}

/* The additional records of items [from, to), which are in the message. */
static void put_extras(struct message *msg, uint32_t from, uint32_t to)
{
	struct extras *e = &msg->extras;
	struct dp_worker *w = msg->w;

	for (unsigned i = 0; i < e->n && !e->more; i++) {
		if (e->at[i].rec == 0)
			add_negative(msg, &e->negative[e->at[i].ttl]);
		else
			add_record(msg, e->at[i].rec, cache_record_at(w->cache, e->at[i].rec),
				e->at[i].ttl);
	}
	for (uint32_t i = from; i < to && e->more; i++)
		dp_additional_walk(
			w, msg->l, msg->asker, &w->items.item[i], add_record, add_negative, msg);
}

void dp_build_answers(struct dp_worker *w, const struct dp_link *l, const struct dp_dest *dest,
	const struct dp_query *q, const struct dp_viewer *viewer)
{
	struct message msg;
	bool dense;
	uint32_t at = 0;

	msg.w = w;
	msg.l = l;
	msg.dest = dest;
	msg.q = q;
	msg.asker = viewer;
	msg.legacy = q != NULL && (q->pkt->flags & DP_PKT_LEGACY);
	msg.incomplete = false;
	msg.ttl_node = 0;
	msg.extras.n = 0;
	if (!msg.legacy)
		send_large(&msg);
	dense = w->items.n > DENSE;
	while (at < w->items.n) {
		uint32_t first = at, packed;

		if (!begin(&msg))
			return;
		packed = pack(&msg, &at, dense);
		if (packed > 0 && !dense)
			put_extras(&msg, first, at);
		if (msg.legacy && (at < w->items.n || msg.incomplete)) {
			/* One message is all a legacy resolver takes; TC tells it there is more
			 * (§18.5). */
			w->writer.flags |= DNS_FLAG_TC;
			dp_event(w, l->id, DP_EV_truncated_legacy, 1);
			at = w->items.n;
		}
		send(&msg);
	}
}
