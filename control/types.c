/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/types.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "control/ctl.h"

struct ctl_type {
	struct ctl_entry entry;
	uint32_t records;
	uint32_t pos; /* in node[] */
};

int ctl_types_init(struct ctl *c)
{
	struct ctl_types *t = &c->types;
	int rc = ctl_table_init(
		&t->table, "types", sizeof(struct ctl_type), CTL_TYPES_MAX, c->socket);

	if (rc < 0)
		return rc;
	t->node = slab_mem_dpdk.alloc(CTL_TYPES_MAX * sizeof(*t->node), c->socket);
	return t->node != NULL ? 0 : -ENOMEM;
}

void ctl_types_fini(struct ctl *c)
{
	struct dp_types *list = atomic_load_explicit(&c->s->types, memory_order_relaxed);

	atomic_store_explicit(&c->s->types, NULL, memory_order_release);
	rte_free(list);
	slab_mem_dpdk.free(c->types.node);
	ctl_table_fini(&c->types.table);
}

static bool is_type(const struct cache_node *n)
{
	return n->rrtype == DNS_TYPE_PTR && n->sd.kind == DNS_NAME_SERVICE_TYPE;
}

void ctl_types_added(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);
	struct ctl_types *t = &c->types;
	struct ctl_type *type;
	uint32_t idx;

	if (!is_type(n) || c->grants.rec[rec].typed)
		return;
	idx = ctl_table_find(&t->table, n->key);
	if (idx == 0) {
		idx = ctl_table_add(&t->table, n->key);
		if (idx == 0)
			return;
		type = ctl_table_at(&t->table, idx);
		type->pos = t->n;
		t->node[t->n++] = r->node;
		t->changed = true;
	}
	type = ctl_table_at(&t->table, idx);
	type->records++;
	c->grants.rec[rec].typed = true;
}

void ctl_types_removing(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);
	struct ctl_types *t = &c->types;
	struct ctl_type *type, *last;
	uint32_t idx;

	if (!c->grants.rec[rec].typed)
		return;
	c->grants.rec[rec].typed = false;
	idx = ctl_table_find(&t->table, n->key);
	if (idx == 0)
		return;
	type = ctl_table_at(&t->table, idx);
	if (--type->records > 0)
		return;
	t->node[type->pos] = t->node[--t->n];
	if (type->pos < t->n) {
		const struct cache_node *moved = cache_node_at(c->view, t->node[type->pos]);

		last = ctl_table_at(&t->table, ctl_table_find(&t->table, moved->key));
		last->pos = type->pos;
	}
	ctl_table_del(&t->table, idx);
	t->changed = true;
}

static void free_list(uint64_t list, uint64_t unused)
{
	(void)unused;
	rte_free((void *)(uintptr_t)list);
}

void ctl_types_turn(struct ctl *c)
{
	struct ctl_types *t = &c->types;
	struct dp_types *old, *list;

	if (!t->changed)
		return;
	if (!defer_room(&c->defer, 1)) {
		CTL_INC(c, deferral_full);
		return;
	}
	list = slab_mem_dpdk.alloc(sizeof(*list) + t->n * sizeof(list->node[0]), c->socket);
	if (list == NULL)
		return; /* the next turn tries again */
	list->n = t->n;
	memcpy(list->node, t->node, t->n * sizeof(list->node[0]));
	old = atomic_load_explicit(&c->s->types, memory_order_relaxed);
	atomic_store_explicit(&c->s->types, list, memory_order_release);
	if (old != NULL)
		defer_push(&c->defer, free_list, (uintptr_t)old, 0);
	t->changed = false;
}
