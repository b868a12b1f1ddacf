/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/reassemble.h"

#include <string.h>

#include <rte_ip.h>

#include "base/clock.h"
#include "dataplane/worker_priv.h"
#include "dns/wire.h"

#define END(o) (-1 - (int)(o))

_Static_assert(DP_REASM_DATAGRAMS == 64, "a bit each in dp_reassembly.used");
_Static_assert(sizeof(struct dp_reasm_key) == 44, "no padding: keys are compared as bytes");

static void make_key(struct rte_mbuf *m, struct dp_reasm_key *key)
{
	const struct dp_pkt *pkt = dp_pkt(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l3_off);

	memset(key, 0, sizeof(*key));
	if (pkt->family == 4)
		memcpy(key->dst, ip + 16, 4);
	else
		memcpy(key->dst, ip + 24, 16);
	memcpy(key->src, pkt->src, sizeof(key->src));
	key->id = pkt->fragment.id;
	key->link = pkt->link;
	key->smac = pkt->smac;
}

static void free_parts(struct dp_reassembly *r, struct dp_reasm_datagram *d)
{
	for (unsigned i = 0; i < d->n; i++)
		rte_pktmbuf_free(d->part[i].m);
	r->held = (uint16_t)(r->held - d->n);
	d->n = 0;
}

static void remove_slot(struct dp_reassembly *r, unsigned slot)
{
	unsigned i = 0;

	while (r->order[i] != slot)
		i++;
	r->n--;
	memmove(r->order + i, r->order + i + 1, r->n - i);
	r->used &= ~(UINT64_C(1) << slot);
}

/* The datagram of the fragment, or a new one; NULL: there are too many under way. */
static struct dp_reasm_datagram *datagram_of(struct dp_worker *w, const struct dp_reasm_key *key)
{
	struct dp_reassembly *r = &w->reassembly;
	unsigned of_link = 0, of_mac = 0, slot;
	struct dp_reasm_datagram *d;

	for (unsigned i = 0; i < r->n; i++) {
		d = &r->slot[r->order[i]];
		if (memcmp(&d->key, key, sizeof(*key)) == 0)
			return d;
		if (d->key.link != key->link)
			continue;
		of_link++;
		of_mac += mac_equal(&d->key.smac, &key->smac);
	}
	if (r->n == DP_REASM_DATAGRAMS || of_link >= DP_REASM_PER_LINK ||
		of_mac >= DP_REASM_PER_MAC)
		return NULL;
	slot = (unsigned)__builtin_ctzll(~r->used);
	r->used |= UINT64_C(1) << slot;
	r->order[r->n++] = (uint8_t)slot;
	d = &r->slot[slot];
	memset(d, 0, sizeof(*d));
	d->key = *key;
	d->expires_ms = w->now_ms + DP_REASM_MS;
	return d;
}

/* Nothing of it is kept, and what comes of it until it expires is shed. */
static void spoil(struct dp_worker *w, struct dp_reasm_datagram *d)
{
	dp_event(w, d->key.link, DP_EV_fragments_lost, d->n);
	free_parts(&w->reassembly, d);
	d->spoiled = true;
}

/*
 * Puts a part at its place. False: it is not taken, being a double, of a datagram that is spoiled,
 * or what spoils it: an overlap, a second end, data behind the end, one too many.
 */
static bool insert(struct dp_worker *w, struct dp_reasm_datagram *d, struct rte_mbuf *m)
{
	const struct dp_pkt *pkt = dp_pkt(m);
	struct dp_reasm_part p = {.m = m, .off = pkt->fragment.off, .len = pkt->dns_len};
	uint16_t end = (uint16_t)(p.off + p.len);
	unsigned at = 0;

	if (d->spoiled)
		return false;
	while (at < d->n && d->part[at].off < p.off)
		at++;
	/* A double is dropped alone, the network may make one (RFC 8200 §4.5). */
	if (at < d->n && d->part[at].off == p.off && d->part[at].len == p.len &&
		pkt->fragment.more == (end != d->size))
		return false;
	if (d->n == DP_REASM_FRAGMENTS ||
		(at > 0 && d->part[at - 1].off + d->part[at - 1].len > p.off) ||
		(at < d->n && end > d->part[at].off) ||
		(d->size != 0 && (!pkt->fragment.more || end > d->size)) ||
		(!pkt->fragment.more && at < d->n)) {
		spoil(w, d);
		return false;
	}
	memmove(&d->part[at + 1], &d->part[at], (d->n - at) * sizeof(p));
	d->part[at] = p;
	d->n++;
	d->have = (uint16_t)(d->have + p.len);
	if (!pkt->fragment.more)
		d->size = end;
	w->reassembly.held++;
	return true;
}

/* The first fragment's header becomes that of the whole. */
static void finish4(struct rte_mbuf *m, const struct dp_pkt *pkt, size_t size)
{
	struct rte_ipv4_hdr *h = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, pkt->l3_off);
	size_t ihl = (size_t)(pkt->l4_off - pkt->l3_off);

	h->total_length = rte_cpu_to_be_16((uint16_t)(ihl + size));
	h->fragment_offset = 0;
	h->hdr_checksum = 0;
	h->hdr_checksum = (uint16_t)~rte_raw_cksum(h, ihl);
}

/*
 * ... and loses its fragment header, which is the last one before the data: what is in front of it
 * moves up, and the "next header" that named it names UDP.
 */
static void finish6(struct rte_mbuf *m, const struct dp_pkt *pkt, size_t size)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	size_t header = (size_t)pkt->l4_off - 8, next = (size_t)pkt->l3_off + 6;
	size_t ext = (size_t)pkt->l3_off + 40;

	while (ext < header) {
		next = ext;
		ext += ((size_t)data[ext + 1] + 1) * 8;
	}
	data[next] = IPPROTO_UDP;
	dns_store16(data + pkt->l3_off + 4, (uint16_t)(header - pkt->l3_off - 40 + size));
	memmove(data + 8, data, header);
	rte_pktmbuf_adj(m, 8);
}

/* All parts are there: one chain of them, the first with the headers. */
static struct rte_mbuf *join(struct dp_reasm_datagram *d)
{
	struct rte_mbuf *first = d->part[0].m, *last = first;
	struct dp_pkt *pkt = dp_pkt(first);

	first->data_len = (uint16_t)(pkt->l4_off + d->part[0].len); /* no padding */
	first->pkt_len = first->data_len;
	for (unsigned i = 1; i < d->n; i++) {
		struct rte_mbuf *m = d->part[i].m;

		rte_pktmbuf_adj(m, dp_pkt(m)->l4_off);
		m->data_len = d->part[i].len;
		last->next = m;
		last = m;
		first->nb_segs++;
		first->pkt_len += m->data_len;
	}
	/* What the device found of one fragment says nothing of the whole. */
	first->ol_flags &= ~(RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_IP_CKSUM_MASK);
	if (pkt->family == 4)
		finish4(first, pkt, d->size);
	else
		finish6(first, pkt, d->size);
	return first;
}

int dp_reassemble(struct dp_worker *w, struct rte_mbuf **m)
{
	struct dp_reassembly *r = &w->reassembly;
	const struct dp_pkt *pkt = dp_pkt(*m);
	struct dp_reasm_datagram *d, alone;
	struct dp_reasm_key key;

	/* An atomic fragment is whole, whatever else has its id (RFC 6946 §4). */
	if (pkt->fragment.off == 0 && !pkt->fragment.more) {
		alone.n = 1;
		alone.size = pkt->dns_len;
		alone.part[0] = (struct dp_reasm_part){.m = *m, .len = pkt->dns_len};
		*m = join(&alone);
		dp_event(w, pkt->link, DP_EV_reassembled, 1);
		return DP_REASSEMBLED;
	}
	make_key(*m, &key);
	d = datagram_of(w, &key);
	if (d == NULL || !insert(w, d, *m))
		return END(DP_fragment);
	/* No two parts overlap and none is behind the end: all bytes are there once. */
	if (d->size == 0 || d->have < d->size) {
		dp_count(w, key.link, DP_fragment_held);
		return DP_REASM_HELD;
	}
	*m = join(d);
	r->held = (uint16_t)(r->held - d->n);
	remove_slot(r, (unsigned)(d - r->slot));
	dp_event(w, key.link, DP_EV_reassembled, 1);
	return DP_REASSEMBLED;
}

unsigned dp_reassemble_turn(struct dp_worker *w)
{
	struct dp_reassembly *r = &w->reassembly;
	unsigned done = 0;

	while (r->n > 0) {
		struct dp_reasm_datagram *d = &r->slot[r->order[0]];

		if (clock_ms_before(w->now_ms, d->expires_ms))
			break;
		dp_event(w, d->key.link, DP_EV_fragments_lost, d->n);
		free_parts(r, d);
		remove_slot(r, r->order[0]);
		done++;
	}
	return done;
}

bool dp_reassemble_next(const struct dp_reassembly *r, uint32_t *at_ms)
{
	if (r->n == 0)
		return false;
	*at_ms = r->slot[r->order[0]].expires_ms;
	return true;
}

void dp_reassemble_clear(struct dp_reassembly *r)
{
	while (r->n > 0) {
		free_parts(r, &r->slot[r->order[0]]);
		remove_slot(r, r->order[0]);
	}
}
