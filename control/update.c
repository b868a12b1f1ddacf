/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/update.h"

#include "control/ctl.h"

int ctl_updates_init(struct ctl *c)
{
	return ctl_table_init(&c->updates.table, "updates", sizeof(struct ctl_update),
		CTL_UPDATES_MAX, c->socket);
}

void ctl_updates_fini(struct ctl *c)
{
	ctl_table_fini(&c->updates.table);
}

/* All parts are keyed hashes but the link, which only has to make them different. */
static struct hash128 update_key(const struct ctl *c, const struct cache_record *r)
{
	struct hash128 key = cache_node_at(c->view, r->node)->key;

	if ((atomic_load_explicit(&r->flags, memory_order_relaxed) & CACHE_REC_UNIQUE) == 0)
		key.lo ^= r->ident;
	key.lo ^= r->link * UINT64_C(0x9e3779b97f4a7c15);
	key.hi += r->link;
	return key;
}

static void minute_over(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_update *u = ctl_container(t, struct ctl_update, timer);
	uint32_t idx = ctl_table_find(&c->updates.table, u->entry.key), rec = u->rec;
	const struct cache_record *r = rec != 0 ? cache_record_get(c->view, rec, u->gen) : NULL;

	ctl_table_del(&c->updates.table, idx);
	if (r != NULL && cache_record_live(r, c->now_ms))
		ctl_tell_soon(c, rec);
}

bool ctl_update_allowed(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	struct hash128 key = update_key(c, r);
	uint32_t idx = ctl_table_find(&c->updates.table, key);
	struct ctl_update *u;

	if (idx == 0) {
		idx = ctl_table_add(&c->updates.table, key);
		if (idx == 0)
			return true;
		u = ctl_table_at(&c->updates.table, idx);
		ctl_arm(c, &u->timer, c->now_ms + CTL_UPDATES_MS, minute_over);
	}
	u = ctl_table_at(&c->updates.table, idx);
	u->rec = 0;
	if (u->n++ < CTL_UPDATES_PER_MIN)
		return true;
	u->rec = rec;
	u->gen = atomic_load_explicit(&r->gen, memory_order_relaxed);
	CTL_INC(c, updates_put_off);
	return false;
}

bool ctl_update_withdrawn(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	uint32_t idx = ctl_table_find(&c->updates.table, update_key(c, r));
	struct ctl_update *u;

	if (idx == 0)
		return true;
	u = ctl_table_at(&c->updates.table, idx);
	if (u->rec != rec || u->gen != atomic_load_explicit(&r->gen, memory_order_relaxed))
		return true;
	u->rec = 0;
	return false;
}
