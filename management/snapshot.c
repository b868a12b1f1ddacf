/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/snapshot.h"

#include <string.h>

#include "base/clock.h"
#include "cache/cache.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "management/show.h"

_Static_assert(SHOW_SLOTS == 1000, "the arrays of a snapshot");

/* Room for the longest name, rdata and TXT of one more entry? */
#define ENTRY_MAX (2 * DNS_NAME_MAX + 2 * BLOB_MAX)

static struct snapshot_bytes keep(struct snapshot *s, const uint8_t *bytes, size_t len)
{
	struct snapshot_bytes b = {.off = (uint32_t)s->used, .len = (uint16_t)len};

	memcpy(s->bytes + s->used, bytes, len);
	s->used += len;
	return b;
}

static bool has_room(const struct snapshot *s)
{
	return s->n < SHOW_SLOTS && sizeof(s->bytes) - s->used >= ENTRY_MAX;
}

typedef void (*slot_fn)(struct mgmt *m, struct snapshot *s, uint32_t idx);

/* Walks up to SHOW_SLOTS slots, online. */
static uint32_t walk(struct mgmt *m, uint32_t cursor, uint32_t max, struct snapshot *s, slot_fn fn)
{
	uint32_t idx = cursor > 0 ? cursor : 1, end = idx + SHOW_SLOTS;

	s->n = 0;
	s->used = 0;
	rcu_online(m->p.shared->rcu, m->rcu_id);
	for (; idx <= max && idx < end && has_room(s); idx++)
		fn(m, s, idx);
	rcu_offline(m->p.shared->rcu, m->rcu_id);
	return idx <= max ? idx : 0;
}

/* --- records --------------------------------------------------------------------------------- */

static void provider(const struct cache_view *v, const struct cache_record *r, struct mac_addr *mac)
{
	memset(mac, 0, sizeof(*mac));
	if (r->station != 0)
		*mac = cache_station_at(v, r->station)->mac;
}

static void take_record(struct mgmt *m, struct snapshot *s, uint32_t idx)
{
	const struct cache_view *v = m->p.shared->cache;
	struct snapshot_record *out = &s->record[s->n];
	const struct cache_record *r;
	const struct cache_node *node;

	if (!cache_record_is_live(v, idx))
		return;
	r = cache_record_at(v, idx);
	node = cache_node_at(v, r->node);
	out->name = keep(s, cache_node_name(v, node), node->name_len);
	out->rdata = keep(s, cache_record_rdata(v, r), r->rdlen);
	out->rrtype = r->rrtype;
	out->flags = atomic_load_explicit(&r->flags, memory_order_relaxed);
	out->link = r->link;
	out->ttl = atomic_load_explicit(&r->ttl, memory_order_relaxed);
	out->ttl_left = cache_record_ttl_left(r, clock_ms(m->now_us));
	provider(v, r, &out->mac);
	s->n++;
}

uint32_t snapshot_records(struct mgmt *m, uint32_t cursor, struct snapshot *s)
{
	return walk(m, cursor, cache_record_max(ctl_cache(m->p.ctl)), s, take_record);
}

/* --- services -------------------------------------------------------------------------------- */

static void take_addresses(struct mgmt *m, struct snapshot_service *out, const uint8_t *host,
	uint16_t rrtype, unsigned len)
{
	const struct cache_view *v = m->p.shared->cache;
	uint32_t node = cache_find(v, host, rrtype), idx;
	struct cache_iter it;

	if (node == 0)
		return;
	cache_iter_init(&it, v, cache_node_at(v, node));
	while ((idx = cache_iter_next(&it)) != 0 && out->n_addrs < SNAPSHOT_ADDRS) {
		const struct cache_record *r = cache_record_at(v, idx);
		struct snapshot_addr *a = &out->addr[out->n_addrs];
		uint16_t flags = atomic_load_explicit(&r->flags, memory_order_relaxed);

		if (r->link != out->link || r->rdlen != len ||
			!cache_record_live(r, clock_ms(m->now_us)))
			continue;
		a->family = len == 4 ? 4 : 6;
		memcpy(a->bytes, cache_record_rdata(v, r), len);
		a->link_local = flags & CACHE_REC_LINK_LOCAL;
		out->n_addrs++;
	}
}

/* What an SRV says (RFC 2782): port at 4, the host behind. */
static void take_host(
	struct mgmt *m, struct snapshot *s, struct snapshot_service *out, const uint8_t *srv)
{
	const uint8_t *host = dns_rdata_name(DNS_TYPE_SRV, srv);

	out->port = (uint16_t)(srv[4] << 8 | srv[5]);
	out->host = keep(s, host, dns_name_len(host));
	take_addresses(m, out, host, DNS_TYPE_A, 4);
	take_addresses(m, out, host, DNS_TYPE_AAAA, 16);
}

/* Is the instance not extended since another host claims its name (RFC 6762 §9)? */
static bool is_hidden(const struct cache_view *v, const uint8_t *instance, uint16_t link)
{
	uint32_t node = cache_find(v, instance, DNS_TYPE_SRV), idx;
	struct cache_iter it;

	if (node == 0)
		return false;
	cache_iter_init(&it, v, cache_node_at(v, node));
	while ((idx = cache_iter_next(&it)) != 0) {
		const struct cache_record *r = cache_record_at(v, idx);

		if (r->link == link && (atomic_load_explicit(&r->flags, memory_order_relaxed) &
					       CACHE_REC_HIDDEN) != 0)
			return true;
	}
	return false;
}

/* A PTR of a service type stands for one instance (RFC 6763 §4.1); what resolves it is looked up.
 */
static void take_service(struct mgmt *m, struct snapshot *s, uint32_t idx)
{
	const struct cache_view *v = m->p.shared->cache;
	struct snapshot_service *out = &s->service[s->n];
	struct cache_service found = {0};
	const struct cache_record *ptr;
	const struct cache_node *node;
	const uint8_t *instance;

	if (!cache_record_is_live(v, idx))
		return;
	ptr = cache_record_at(v, idx);
	node = cache_node_at(v, ptr->node);
	if (ptr->rrtype != DNS_TYPE_PTR || node->sd.kind != DNS_NAME_SERVICE_TYPE ||
		!cache_record_live(ptr, clock_ms(m->now_us)))
		return;
	memset(out, 0, sizeof(*out));
	instance = cache_record_rdata(v, ptr);
	out->instance = keep(s, instance, ptr->rdlen);
	out->type = keep(s, cache_node_name(v, node), node->name_len);
	out->link = ptr->link;
	out->cls = atomic_load_explicit(&ptr->cls[m->state.world->slot], memory_order_relaxed);
	out->contested = is_hidden(v, instance, ptr->link);
	out->ttl_left = cache_record_ttl_left(ptr, clock_ms(m->now_us));
	provider(v, ptr, &out->mac);
	out->state = cache_service_state(v, instance, ptr->link, clock_ms(m->now_us), &found);
	if (found.txt != 0) {
		const struct cache_record *txt = cache_record_at(v, found.txt);

		out->txt = keep(s, cache_record_rdata(v, txt), txt->rdlen);
	}
	if (found.srv != 0)
		take_host(m, s, out, cache_record_rdata(v, cache_record_at(v, found.srv)));
	s->n++;
}

uint32_t snapshot_services(struct mgmt *m, uint32_t cursor, struct snapshot *s)
{
	return walk(m, cursor, cache_record_max(ctl_cache(m->p.ctl)), s, take_service);
}

/* --- stations -------------------------------------------------------------------------------- */

static uint32_t ago(const struct mgmt *m, uint32_t then_ms)
{
	int32_t ms = clock_ms_diff(clock_ms(m->now_us), then_ms);

	return ms > 0 ? (uint32_t)ms : 0;
}

static void take_station(struct mgmt *m, struct snapshot *s, uint32_t idx)
{
	const struct cache_view *v = m->p.shared->cache;
	struct snapshot_station *out = &s->station[s->n];
	const struct cache_station *st;
	uint32_t asked;

	if (!cache_station_is_live(v, idx))
		return;
	st = cache_station_at(v, idx);
	out->seen_ms = ago(m, atomic_load_explicit(&st->seen_ms, memory_order_relaxed));
	asked = atomic_load_explicit(&st->asked_ms, memory_order_relaxed);
	if (asked != 0 && ago(m, asked) < out->seen_ms)
		out->seen_ms = ago(m, asked);
	out->first_ms = ago(m, atomic_load_explicit(&st->first_ms, memory_order_relaxed));
	out->n_records = __atomic_load_n(&st->n_records, __ATOMIC_RELAXED);
	out->n_services = __atomic_load_n(&st->n_services, __ATOMIC_RELAXED);
	out->queries = atomic_load_explicit(&st->queries, memory_order_relaxed);
	out->refused = __atomic_load_n(&st->refused, __ATOMIC_RELAXED) +
		       atomic_load_explicit(&st->shed, memory_order_relaxed);
	out->link = st->link;
	out->asker = __atomic_load_n(&st->asker, __ATOMIC_RELAXED);
	out->mac = st->mac;
	memcpy(out->ip4, st->ip4, sizeof(out->ip4));
	memcpy(out->ip6, st->ip6, sizeof(out->ip6));
	s->n++;
}

uint32_t snapshot_stations(struct mgmt *m, uint32_t cursor, struct snapshot *s)
{
	return walk(m, cursor, cache_station_max(ctl_cache(m->p.ctl)), s, take_station);
}
