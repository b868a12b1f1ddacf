/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache/state.h"

#include "dns/name.h"

/*
 * Owner memory: empty nodes stay for a while in a FIFO, oldest first, and tell whom to ask for the
 * name. They are the first to go when nodes run short.
 */

/* RFC 2782: priority, weight, port, then the target. */
#define SRV_TARGET_OFF 6

static void insert(struct cache *c, uint32_t idx, uint32_t prev, uint32_t next)
{
	struct cache_node *n = cache_node_at(&c->view, idx);

	n->flags |= CACHE_NODE_IDLE;
	n->idle_prev = prev;
	n->idle_next = next;
	if (prev != 0)
		cache_node_at(&c->view, prev)->idle_next = idx;
	else
		c->idle_head = idx;
	if (next != 0)
		cache_node_at(&c->view, next)->idle_prev = idx;
	else
		c->idle_tail = idx;
	cache_gauge_add(&c->stats.hints, 1);
}

/* The node became empty now. */
void idle_push(struct cache *c, uint32_t node, uint32_t now_ms)
{
	cache_node_at(&c->view, node)->idle_ms = now_ms;
	insert(c, node, c->idle_tail, 0);
}

/* The node is empty and of no use: the next turn drops it. */
void idle_push_overdue(struct cache *c, uint32_t node, uint32_t now_ms)
{
	cache_node_at(&c->view, node)->idle_ms = now_ms - CACHE_HINT_MS;
	insert(c, node, 0, c->idle_head);
}

/* Takes the node out of the FIFO if it is in it. */
void idle_unlink(struct cache *c, uint32_t node)
{
	struct cache_node *n = cache_node_at(&c->view, node);

	if (!(n->flags & CACHE_NODE_IDLE))
		return;
	n->flags &= (uint8_t)~CACHE_NODE_IDLE;
	if (n->idle_prev != 0)
		cache_node_at(&c->view, n->idle_prev)->idle_next = n->idle_next;
	else
		c->idle_head = n->idle_next;
	if (n->idle_next != 0)
		cache_node_at(&c->view, n->idle_next)->idle_prev = n->idle_prev;
	else
		c->idle_tail = n->idle_prev;
	n->idle_prev = n->idle_next = 0;
	cache_gauge_add(&c->stats.hints, -1);
}

static void idle_drop(struct cache *c, uint32_t node)
{
	idle_unlink(c, node);
	node_drop(c, node);
}

/* Makes room for a node. False if there is no hint, or no room in the deferral. */
bool idle_drop_oldest(struct cache *c)
{
	if (c->idle_head == 0 || !defer_room(c->defer, 1))
		return false;
	idle_drop(c, c->idle_head);
	return true;
}

/* Does the owner still advertise the instance that the node is named after? */
static bool instance_is_advertised(struct cache *c, const struct cache_node *n)
{
	const uint8_t *name = cache_node_name(&c->view, n);
	uint8_t off = n->sd.type_off;
	struct hash128 key;
	uint32_t ptr;

	if (n->sd.kind != DNS_NAME_INSTANCE || !(n->flags & CACHE_NODE_OWNED))
		return false;
	key = node_key_of(c, name + off, (uint8_t)(n->name_len - off), DNS_TYPE_PTR);
	ptr = cache_find_record(
		&c->view, record_ident(c, key, DNS_TYPE_PTR, name, n->name_len), n->owner_link);
	if (ptr == 0)
		return false;
	return !(
		atomic_load_explicit(&cache_record_at(&c->view, ptr)->flags, memory_order_relaxed) &
		CACHE_REC_DYING);
}

static uint32_t idle_age_out_ms(const struct cache *c)
{
	return cache_node_at(&c->view, c->idle_head)->idle_ms + CACHE_HINT_MS;
}

bool idle_next(const struct cache *c, uint32_t *at_ms)
{
	if (c->idle_head == 0)
		return false;
	*at_ms = idle_age_out_ms(c);
	return true;
}

/* Ages hints out: at most `budget`; returns how many were looked at. */
unsigned idle_turn(struct cache *c, uint32_t now_ms, unsigned budget)
{
	unsigned done = 0;

	for (; done < budget && c->idle_head != 0; done++) {
		uint32_t idx = c->idle_head;

		if (clock_ms_before(now_ms, idle_age_out_ms(c)))
			break;
		if (instance_is_advertised(c, cache_node_at(&c->view, idx))) {
			idle_unlink(c, idx);
			idle_push(c, idx, now_ms);
		} else if (!idle_drop_oldest(c)) {
			break;
		}
	}
	return done;
}

uint32_t cache_hint(struct cache *c, const uint8_t *name, uint8_t name_len, uint16_t rrtype,
	uint16_t link, const struct mac_addr *mac, uint32_t now_ms)
{
	struct hash128 key = node_key_of(c, name, name_len, rrtype);
	uint32_t idx = cache_find_node(&c->view, key, name, name_len);
	struct cache_node *n;

	if (idx == 0) {
		idx = node_make(c, key, name, name_len, rrtype);
		if (idx == 0) {
			counter_add(&c->stats.hint_refused, 1);
			return 0;
		}
	} else if (cache_node_at(&c->view, idx)->tail != 0) {
		return idx;
	} else {
		idle_unlink(c, idx);
	}
	n = cache_node_at(&c->view, idx);
	n->flags |= CACHE_NODE_OWNED;
	n->owner_link = link;
	n->owner_mac = *mac;
	idle_push(c, idx, now_ms);
	return idx;
}

/* A record was learned whose target's owner must be the same station: remember whom to ask for it.
 */
void hint_learned(struct cache *c, const struct cache_node *node, const struct cache_learn *l,
	uint32_t now_ms)
{
	const uint8_t *target = l->rdata;
	struct dns_service_name sd;

	if (node->rrtype == DNS_TYPE_PTR) {
		if (node->sd.kind != DNS_NAME_SERVICE_TYPE && node->sd.kind != DNS_NAME_SUBTYPE)
			return;
		dns_service_parse(target, &sd);
		if (sd.kind == DNS_NAME_INSTANCE)
			cache_hint(c, target, (uint8_t)dns_name_len(target), DNS_TYPE_SRV, l->link,
				&l->mac, now_ms);
	} else if (node->rrtype == DNS_TYPE_SRV) {
		target += SRV_TARGET_OFF;
		/* "." says that there is no such service (RFC 2782). */
		if (target[0] != 0)
			cache_hint(c, target, (uint8_t)dns_name_len(target), DNS_TYPE_A, l->link,
				&l->mac, now_ms);
	}
}

/* The PTR to an instance is gone: nobody will ask for the instance, so its owner need not be
 * remembered. */
void hint_withdraw(struct cache *c, const struct cache_node *node, const struct cache_record *ptr)
{
	static const uint16_t types[] = {DNS_TYPE_SRV, DNS_TYPE_TXT};
	const uint8_t *target = cache_record_rdata(&c->view, ptr);
	uint8_t len;

	if (node->rrtype != DNS_TYPE_PTR || node->sd.kind != DNS_NAME_SERVICE_TYPE)
		return;
	len = (uint8_t)ptr->rdlen;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct hash128 key = node_key_of(c, target, len, types[i]);
		uint32_t idx = cache_find_node(&c->view, key, target, len);
		const struct cache_node *n;

		if (idx == 0)
			continue;
		n = cache_node_at(&c->view, idx);
		if (n->tail == 0 && (n->flags & CACHE_NODE_OWNED) && n->owner_link == ptr->link &&
			defer_room(c->defer, 1))
			idle_drop(c, idx);
	}
}
