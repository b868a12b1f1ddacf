/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/poof.h"

#include "control/ctl.h"

#define SAME_MOMENT_MS 1000 /* workers store a touch at most once a second */

int ctl_poofs_init(struct ctl *c)
{
	return ctl_table_init(
		&c->poofs.table, "poofs", sizeof(struct ctl_poof), CTL_POOFS_MAX, c->socket);
}

void ctl_poofs_fini(struct ctl *c)
{
	ctl_table_fini(&c->poofs.table);
}

static void silent(struct ctl *c, struct ctl_timer *t)
{
	struct ctl_poof *p = ctl_container(t, struct ctl_poof, timer);
	const struct cache_record *r = cache_record_get(c->view, p->rec, p->gen);
	uint32_t touched =
		r != NULL ? atomic_load_explicit(&r->touched_ms, memory_order_relaxed) : 0;

	if (r != NULL && cache_record_held(r, c->now_ms) &&
		clock_ms_diff(touched, p->from_ms - SAME_MOMENT_MS) <= 0) {
		cache_lose(c->cache, p->rec, c->now_ms);
		CTL_INC(c, failures_observed);
	}
	ctl_table_del(&c->poofs.table, ctl_table_find(&c->poofs.table, p->entry.key));
}

void ctl_poof(struct ctl *c, uint32_t rec, uint32_t gen)
{
	uint32_t id[2] = {rec, gen}, idx;
	struct hash128 key = hash_bytes(&c->key, id, sizeof(id));
	struct ctl_poof *p;

	if (ctl_table_find(&c->poofs.table, key) != 0)
		return;
	idx = ctl_table_add(&c->poofs.table, key);
	if (idx == 0)
		return;
	p = ctl_table_at(&c->poofs.table, idx);
	p->rec = rec;
	p->gen = gen;
	p->from_ms = c->now_ms;
	ctl_arm(c, &p->timer, c->now_ms + CTL_POOF_MS, silent);
}

void ctl_poof_goodbye(struct ctl *c, uint32_t rec)
{
	const struct cache_record *r = cache_record_at(c->view, rec);
	const struct cache_node *n = cache_node_at(c->view, r->node);

	ctl_question_verify(c, cache_node_name(c->view, n), r->rrtype, r->link, r->station);
	ctl_poof(c, rec, atomic_load_explicit(&r->gen, memory_order_relaxed));
}
