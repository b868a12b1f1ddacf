/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/top.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/counter.h"
#include "management/people.h"

/* What a station had at a look. */
struct talker {
	uint32_t queries, refused;
};

struct link_look {
	uint64_t packets, answered, denied;
};

struct look {
	uint64_t at_us;
	uint64_t outcome[DP_N_OUTCOMES];
	uint64_t busy_us[DP_WORKERS_MAX + 1];
	struct link_look link[DP_LINKS_MAX];
	struct talker *talker; /* [n_talkers], by station slot */
	uint32_t n_talkers;
};

struct mgmt_top {
	struct look *last;
	json_t *told; /* made from the two last looks */
};

/* The highest first: at most TOP_LINES. */
struct chart {
	unsigned n;
	struct {
		uint64_t value;
		uint32_t of;
	} line[TOP_LINES];
};

static void chart_add(struct chart *c, uint64_t value, uint32_t of)
{
	unsigned i = c->n;

	if (value == 0 || (i == TOP_LINES && value <= c->line[i - 1].value))
		return;
	if (i == TOP_LINES)
		i--;
	else
		c->n++;
	for (; i > 0 && c->line[i - 1].value < value; i--)
		c->line[i] = c->line[i - 1];
	c->line[i].value = value;
	c->line[i].of = of;
}

/* --- a look ---------------------------------------------------------------------------------- */

static void look_free(struct look *l)
{
	if (l != NULL)
		free(l->talker);
	free(l);
}

void mgmt_top_free(struct mgmt *m)
{
	if (m->top == NULL)
		return;
	look_free(m->top->last);
	json_decref(m->top->told);
	free(m->top);
	m->top = NULL;
}

static void look_at_links(struct mgmt *m, struct look *l)
{
	struct dp_link_counters sum;

	for (uint16_t id = 0; id < m->state.world->n_ids; id++) {
		show_link_counters(m, id, &sum);
		for (unsigned i = 0; i < DP_N_OUTCOMES; i++) {
			l->outcome[i] += sum.outcome[i];
			l->link[id].packets += sum.outcome[i];
		}
		l->link[id].answered = sum.outcome[DP_answered];
		l->link[id].denied = sum.event[DP_EV_denied];
	}
}

/* A page of slots at a time, as an RCU reader. */
static void look_at_stations(struct mgmt *m, struct look *l)
{
	const struct cache_view *v = m->p.shared->cache;

	for (uint32_t from = 1; from < l->n_talkers; from += SHOW_SLOTS) {
		uint32_t end = l->n_talkers - from < SHOW_SLOTS ? l->n_talkers : from + SHOW_SLOTS;

		rcu_online(m->p.shared->rcu, m->rcu_id);
		for (uint32_t i = from; i < end; i++) {
			const struct cache_station *st = cache_station_at(v, i);

			if (!cache_station_is_live(v, i))
				continue;
			l->talker[i].queries =
				atomic_load_explicit(&st->queries, memory_order_relaxed);
			l->talker[i].refused =
				__atomic_load_n(&st->refused, __ATOMIC_RELAXED) +
				atomic_load_explicit(&st->shed, memory_order_relaxed);
		}
		rcu_offline(m->p.shared->rcu, m->rcu_id);
	}
}

static struct look *look_take(struct mgmt *m)
{
	struct look *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->n_talkers = cache_station_max(ctl_cache(m->p.ctl)) + 1;
	l->talker = calloc(l->n_talkers, sizeof(*l->talker));
	if (l->talker == NULL) {
		look_free(l);
		return NULL;
	}
	l->at_us = m->now_us;
	for (unsigned i = 0; i <= m->p.shared->n_workers; i++)
		l->busy_us[i] = counter_read(&m->p.shared->counters[i].busy_us);
	look_at_links(m, l);
	look_at_stations(m, l);
	return l;
}

/* --- what is told ---------------------------------------------------------------------------- */

struct pair {
	struct mgmt *m;
	const struct look *was, *is;
	double seconds;
};

static json_t *rate(const struct pair *p, uint64_t n)
{
	return json_real((double)n / p->seconds);
}

/* A slot that another station has now, or a link id, begins anew. */
static uint64_t grown(uint64_t is, uint64_t was)
{
	return is >= was ? is - was : is;
}

static json_t *outcomes(const struct pair *p)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < DP_N_OUTCOMES; i++) {
		uint64_t n = grown(p->is->outcome[i], p->was->outcome[i]);

		if (n > 0)
			json_object_set_new(o, dp_outcome_name(i), rate(p, n));
	}
	return o;
}

static json_t *lcores(const struct pair *p)
{
	json_t *o = json_object();

	for (unsigned i = 0; i <= p->m->p.shared->n_workers; i++) {
		char name[24] = "control";

		if (i < p->m->p.shared->n_workers)
			snprintf(name, sizeof(name), "worker-%u", i);
		json_object_set_new(o, name,
			json_real((double)grown(p->is->busy_us[i], p->was->busy_us[i]) /
				  (p->seconds * 1e6)));
	}
	return o;
}

static json_t *links(const struct pair *p)
{
	json_t *list = json_array();
	struct chart c = {0};

	for (uint16_t id = 1; id < p->m->state.world->n_ids; id++)
		chart_add(&c, grown(p->is->link[id].packets, p->was->link[id].packets), id);
	for (unsigned i = 0; i < c.n; i++) {
		uint16_t id = (uint16_t)c.line[i].of;
		const struct link_look *is = &p->is->link[id], *was = &p->was->link[id];

		json_array_append_new(
			list, json_pack("{s:o,s:o,s:o,s:o}", "link", show_link_name(p->m, id),
				      "packets", rate(p, c.line[i].value), "answered",
				      rate(p, grown(is->answered, was->answered)), "denied",
				      rate(p, grown(is->denied, was->denied))));
	}
	return list;
}

static struct talker talked(const struct pair *p, uint32_t slot)
{
	struct talker is = p->is->talker[slot], was = {0};

	if (slot < p->was->n_talkers)
		was = p->was->talker[slot];
	is.queries = (uint32_t)grown(is.queries, was.queries);
	is.refused = (uint32_t)grown(is.refused, was.refused);
	return is;
}

static json_t *talker_object(const struct pair *p, uint32_t slot)
{
	struct talker t = talked(p, slot);
	struct mac_addr mac = {0};
	const struct cache_station *st;
	uint16_t link = 0;

	rcu_online(p->m->p.shared->rcu, p->m->rcu_id);
	if (cache_station_is_live(p->m->p.shared->cache, slot)) {
		st = cache_station_at(p->m->p.shared->cache, slot);
		mac = st->mac;
		link = st->link;
	}
	rcu_offline(p->m->p.shared->rcu, p->m->rcu_id);
	if (link == 0) /* gone in the meantime */
		return NULL;
	return json_pack("{s:o,s:o,s:o,s:o}", "link", show_link_name(p->m, link), "mac",
		show_mac(&mac), "queries", rate(p, t.queries), "refused", rate(p, t.refused));
}

static json_t *talkers(const struct pair *p)
{
	json_t *list = json_array();
	struct chart c = {0};

	for (uint32_t i = 1; i < p->is->n_talkers; i++) {
		struct talker t = talked(p, i);

		chart_add(&c, (uint64_t)t.queries + t.refused, i);
	}
	for (unsigned i = 0; i < c.n; i++) {
		json_t *o = talker_object(p, c.line[i].of);

		if (o != NULL)
			json_array_append_new(list, o);
	}
	return list;
}

/* Instances of a type: its PTR records. */
static uint32_t instances(const struct cache_view *v, uint32_t node)
{
	struct cache_iter it;
	uint32_t n = 0;

	cache_iter_init(&it, v, cache_node_at(v, node));
	while (cache_iter_next(&it) != 0)
		n++;
	return n;
}

static json_t *services(const struct mgmt *m)
{
	const struct cache_view *v = m->p.shared->cache;
	json_t *list = json_array();
	struct dp_types *types;
	struct chart c = {0};
	char name[TOP_LINES][DNS_NAME_TEXT_MAX];

	rcu_online(m->p.shared->rcu, m->rcu_id);
	types = atomic_load_explicit(&m->p.shared->types, memory_order_acquire);
	for (uint32_t i = 0; types != NULL && i < types->n; i++)
		chart_add(&c, instances(v, types->node[i]), types->node[i]);
	for (unsigned i = 0; i < c.n; i++)
		if (dns_name_to_text(cache_node_name(v, cache_node_at(v, c.line[i].of)), name[i],
			    sizeof(name[i])) < 0)
			name[i][0] = '\0';
	rcu_offline(m->p.shared->rcu, m->rcu_id);
	for (unsigned i = 0; i < c.n; i++)
		json_array_append_new(list, json_pack("{s:s,s:I}", "type", name[i], "instances",
						    (json_int_t)c.line[i].value));
	return list;
}

static json_t *tell(struct mgmt *m, const struct look *was, const struct look *is)
{
	struct pair p = {.m = m, .was = was, .is = is};
	struct cache_stats cs;
	json_t *o;

	p.seconds = (double)(is->at_us - was->at_us) / 1e6;
	cache_stats(ctl_cache(m->p.ctl), &cs);
	o = json_pack("{s:s,s:f,s:I,s:I}", "gateway", m->state.config->gateway.id, "interval_s",
		p.seconds, "records", (json_int_t)cs.records, "stations", (json_int_t)cs.stations);
	json_object_set_new(o, "outcomes", outcomes(&p));
	json_object_set_new(o, "lcores", lcores(&p));
	json_object_set_new(o, "links", links(&p));
	json_object_set_new(o, "talkers", talkers(&p));
	json_object_set_new(o, "services", services(m));
	return o;
}

bool show_top(struct mgmt *m, struct show_state *s, struct text *out)
{
	struct mgmt_top *top = m->top;
	struct look *is;

	(void)s;
	if (top == NULL)
		top = m->top = calloc(1, sizeof(*top));
	if (top == NULL) {
		text_json(out, NULL);
		return false;
	}
	if (top->last == NULL || m->now_us - top->last->at_us >= TOP_LOOK_US) {
		is = look_take(m);
		if (is != NULL && top->last != NULL) {
			json_decref(top->told);
			top->told = tell(m, top->last, is);
		}
		if (is != NULL) {
			look_free(top->last);
			top->last = is;
		}
	}
	/* The first look alone says nothing: ask again in a second. */
	text_json(out,
		top->told != NULL ? json_incref(top->told) : json_pack("{s:f}", "interval_s", 0.0));
	return false;
}
