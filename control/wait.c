/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/wait.h"

#include <errno.h>

#include "control/ctl.h"

int ctl_waits_init(struct ctl *c)
{
	struct ctl_waits *t = &c->waits;
	int rc;

	t->max = RTE_MIN((uint32_t)CTL_WAIT_MAX, c->s->pool->size / 4);
	rc = ctl_table_init(
		&t->waiters, "waiters", sizeof(struct ctl_waiter), CTL_WAIT_MAX, c->socket);
	if (rc == 0)
		rc = ctl_table_init(&t->keys, "wait keys", sizeof(struct ctl_wait_key),
			CTL_WAIT_MAX * CTL_WAIT_KEYS, c->socket);
	if (rc < 0)
		return rc;
	t->refs = slab_create("wait refs", sizeof(struct ctl_wait_ref),
		CTL_WAIT_MAX * CTL_WAIT_KEYS, c->socket, &slab_mem_dpdk);
	return t->refs != NULL ? 0 : -ENOMEM;
}

static struct ctl_waiter *waiter_at(const struct ctl *c, uint32_t idx)
{
	return ctl_table_at(&c->waits.waiters, idx);
}

void ctl_waits_fini(struct ctl *c)
{
	struct ctl_waits *t = &c->waits;

	for (uint32_t i = 1; t->waiters.slab != NULL && i < slab_limit(t->waiters.slab); i++)
		if (slab_live(t->waiters.slab, i))
			rte_pktmbuf_free(waiter_at(c, i)->m);
	ctl_table_fini(&t->waiters);
	ctl_table_fini(&t->keys);
	slab_destroy(t->refs);
}

void ctl_wait_for(struct ctl_wait_list *list, struct hash128 node_key)
{
	for (unsigned i = 0; i < list->n; i++)
		if (hash_equal(list->key[i], node_key))
			return;
	if (list->n < CTL_WAIT_KEYS)
		list->key[list->n++] = node_key;
}

/* Enters the waiter under a key. */
static void ref_add(struct ctl *c, uint32_t idx, struct hash128 key)
{
	struct ctl_waiter *w = waiter_at(c, idx);
	uint32_t k = ctl_table_find(&c->waits.keys, key), ref;
	struct ctl_wait_key *wk;
	struct ctl_wait_ref *r;

	if (w->n_refs == CTL_WAIT_KEYS)
		return;
	ref = slab_alloc(c->waits.refs);
	if (ref == 0)
		return;
	if (k == 0)
		k = ctl_table_add(&c->waits.keys, key);
	if (k == 0) {
		slab_free(c->waits.refs, ref);
		return;
	}
	wk = ctl_table_at(&c->waits.keys, k);
	r = slab_at(c->waits.refs, ref);
	*r = (struct ctl_wait_ref){.next = wk->refs, .key = k, .waiter = idx};
	if (wk->refs != 0)
		((struct ctl_wait_ref *)slab_at(c->waits.refs, wk->refs))->prev = ref;
	wk->refs = ref;
	wk->touched_ms = 0;
	w->ref[w->n_refs++] = ref;
}

static void refs_drop(struct ctl *c, struct ctl_waiter *w)
{
	struct slab *refs = c->waits.refs;

	while (w->n_refs > 0) {
		uint32_t ref = w->ref[--w->n_refs];
		struct ctl_wait_ref *r = slab_at(refs, ref);
		struct ctl_wait_key *wk = ctl_table_at(&c->waits.keys, r->key);

		if (r->prev != 0)
			((struct ctl_wait_ref *)slab_at(refs, r->prev))->next = r->next;
		else
			wk->refs = r->next;
		if (r->next != 0)
			((struct ctl_wait_ref *)slab_at(refs, r->next))->prev = r->prev;
		if (wk->refs == 0)
			ctl_table_del(&c->waits.keys, r->key);
		slab_free(refs, ref);
	}
}

/* The waiter is done with; its mbuf is the caller's from now on. */
static struct rte_mbuf *waiter_drop(struct ctl *c, uint32_t idx)
{
	struct ctl_waiter *w = waiter_at(c, idx);
	struct rte_mbuf *m = w->m;

	ctl_cancel(c, &w->timer);
	refs_drop(c, w);
	c->link[w->link].waiting--;
	ctl_table_del(&c->waits.waiters, idx);
	return m;
}

static void replay(struct ctl *c, uint32_t idx)
{
	struct ctl_waiter *w = waiter_at(c, idx);
	const struct dp_link *l = ctl_gateway_link(c, w->link);
	struct dp_downcall d = {.op = DP_DOWN_REPLAY, .link = w->link};
	struct dp_pkt *pkt = dp_pkt(w->m);

	pkt->flags |= DP_PKT_REPLAY;
	if (w->flags & CTL_WAIT_COMPLETING)
		pkt->flags |= DP_PKT_COMPLETING;
	pkt->wait_from_ms = pkt->arrived_ms;
	for (unsigned i = 0; (w->flags & CTL_WAIT_MULTICAST) && i < w->n_refs; i++) {
		const struct ctl_wait_ref *r = slab_at(c->waits.refs, w->ref[i]);
		const struct ctl_wait_key *wk = ctl_table_at(&c->waits.keys, r->key);

		ctl_interest_replayed(c, wk->entry.key, w->link);
	}
	d.m = waiter_drop(c, idx);
	if (l == NULL) {
		rte_pktmbuf_free(d.m);
		return;
	}
	if (ctl_down(c, l->home, &d))
		CTL_INC(c, waiting_answered);
}

static void wake(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_waiter *w = ctl_container(t, struct ctl_waiter, timer);
	uint32_t idx = ctl_table_find(&c->waits.waiters, w->entry.key);
	bool over = !clock_ms_before(c->now_ms, w->deadline_ms);
	struct ctl_wait_list more = {0};
	enum ctl_ready ready;
	uint32_t at;

	if (over && (w->flags & CTL_WAIT_COMPLETING)) {
		replay(c, idx);
		return;
	}
	ready = ctl_gateway_link(c, w->link) != NULL ? ctl_query_ready(c, w, &more) : CTL_NOT_READY;
	if (ready == CTL_READY) {
		replay(c, idx);
		return;
	}
	if (over && ready == CTL_LACKING && (w->flags & CTL_WAIT_SHORT)) {
		/* It crossed with a PTR alone: the rest has its time as well. */
		w->flags &= (uint8_t)~CTL_WAIT_SHORT;
		w->deadline_ms = c->now_ms + CTL_WAIT_COMPLETE_MS;
		over = false;
	}
	if (over && ready == CTL_LACKING) {
		/* Told as far as it is known. */
		replay(c, idx);
		return;
	}
	if (over) {
		CTL_INC(c, waiting_expired);
		rte_pktmbuf_free(waiter_drop(c, idx));
		return;
	}
	/* What came was not for this consumer, or not all: on with the old names, or with those
	 * that turned up. */
	w->first_ms = 0;
	at = w->deadline_ms;
	if (more.n > 0) {
		refs_drop(c, w);
		for (unsigned i = 0; i < more.n; i++)
			ref_add(c, idx, more.key[i]);
		if (clock_ms_before(c->now_ms + CTL_WAIT_COMPLETE_MS, at))
			at = c->now_ms + CTL_WAIT_COMPLETE_MS;
	}
	ctl_arm(c, &w->timer, at, wake);
}

/* Who says what: the same query said again while it waits is one. */
static struct hash128 digest(struct ctl *c, struct rte_mbuf *m, unsigned flags)
{
	const struct dp_pkt *pkt = dp_pkt(m);
	const uint8_t *dns = ctl_message(c, m);
	struct {
		struct hash128 msg;
		uint8_t src[16];
		uint16_t link, sport;
		uint8_t smac[6];
		uint8_t family, kind;
		uint8_t pad[4]; /* hashed too */
	} d = {.link = pkt->link,
		.sport = pkt->sport,
		.family = pkt->family,
		.kind = flags & (CTL_WAIT_COMPLETING | CTL_WAIT_SHORT)};

	if (dns != NULL)
		d.msg = hash_bytes(&c->key, dns, pkt->dns_len);
	memcpy(d.src, pkt->src, sizeof(d.src));
	memcpy(d.smac, pkt->smac.b, sizeof(d.smac));
	return hash_bytes(&c->key, &d, sizeof(d));
}

/* A copy that holds no RX buffer, with what the worker found out about the packet. */
static struct rte_mbuf *copy(struct ctl *c, const struct rte_mbuf *m)
{
	struct rte_mbuf *n = rte_pktmbuf_copy(m, c->s->pool, 0, UINT32_MAX);

	if (n == NULL) {
		CTL_INC(c, no_mbuf);
		return NULL;
	}
	*dp_pkt(n) = *dp_pkt((struct rte_mbuf *)(uintptr_t)m);
	return n;
}

void ctl_wait(struct ctl *c, struct rte_mbuf *m, const struct ctl_wait_list *list,
	uint64_t questions, unsigned flags)
{
	uint16_t link = dp_pkt(m)->link;
	struct hash128 key = digest(c, m, flags);
	struct ctl_waiter *w;
	uint32_t idx;

	if (ctl_table_find(&c->waits.waiters, key) != 0)
		return;
	if (ctl_table_count(&c->waits.waiters) >= c->waits.max ||
		c->link[link].waiting >= CTL_WAIT_LINK_MAX) {
		CTL_INC(c, waiting_refused);
		return;
	}
	m = copy(c, m);
	if (m == NULL)
		return;
	idx = ctl_table_add(&c->waits.waiters, key);
	if (idx == 0) {
		CTL_INC(c, waiting_refused);
		rte_pktmbuf_free(m);
		return;
	}
	w = waiter_at(c, idx);
	w->m = m;
	dp_pkt(m)->ask = questions;
	w->link = link;
	w->flags = (uint8_t)flags;
	w->deadline_ms = c->now_ms + (flags & CTL_WAIT_SHORT               ? 0
					     : flags & CTL_WAIT_COMPLETING ? CTL_WAIT_COMPLETE_MS
									   : CTL_WAIT_MS);
	c->link[link].waiting++;
	for (unsigned i = 0; i < list->n; i++)
		ref_add(c, idx, list->key[i]);
	ctl_arm(c, &w->timer, w->deadline_ms, wake);
}

static void arrived(struct ctl *c, struct hash128 key)
{
	uint32_t k = ctl_table_find(&c->waits.keys, key);
	struct ctl_wait_key *wk;

	if (k == 0)
		return;
	wk = ctl_table_at(&c->waits.keys, k);
	if (wk->touched_ms == (c->now_ms | 1))
		return;
	wk->touched_ms = c->now_ms | 1;
	for (uint32_t i = wk->refs; i != 0;) {
		const struct ctl_wait_ref *ref = slab_at(c->waits.refs, i);
		struct ctl_waiter *w = waiter_at(c, ref->waiter);
		uint32_t at = c->now_ms + CTL_WAIT_QUIET_MS;

		i = ref->next;
		if (w->first_ms == 0)
			w->first_ms = c->now_ms | 1;
		if (clock_ms_before(w->first_ms + CTL_WAIT_GATHER_MS, at))
			at = w->first_ms + CTL_WAIT_GATHER_MS;
		if (clock_ms_before(w->deadline_ms, at))
			at = w->deadline_ms;
		ctl_arm(c, &w->timer, at, wake);
	}
}

void ctl_wait_arrived(struct ctl *c, uint32_t rec)
{
	static const uint16_t waited_for[] = {
		DNS_TYPE_A, DNS_TYPE_AAAA, DNS_TYPE_SRV, DNS_TYPE_TXT};
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);

	if (ctl_table_count(&c->waits.keys) == 0)
		return;
	arrived(c, n->key);
	/* That there is none is an answer too (RFC 6762 §6.1). */
	for (unsigned i = 0; r->rrtype == DNS_TYPE_NSEC && i < RTE_DIM(waited_for); i++)
		arrived(c, ctl_node_key(c, cache_node_name(c->view, n), waited_for[i]));
}
