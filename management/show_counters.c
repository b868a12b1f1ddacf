/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/radius.h"
#include "management/show.h"

#include "base/counter.h"
#include "policy/policy.h"

/* show counters: each outcome and event of each link, by the names of dataplane/outcome.h, and what
 * else counts. */

json_t *show_control_counters(const struct mgmt *m)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < CTL_N_COUNTERS; i++)
		json_object_set_new(
			o, ctl_counter_name(i), json_integer((json_int_t)ctl_counter(m->p.ctl, i)));
	return o;
}

static const char *const outcome_names[CACHE_OUTCOMES] = {
	[CACHE_NEW] = "new",
	[CACHE_REFRESHED] = "refreshed",
	[CACHE_CHANGED] = "changed",
	[CACHE_HANDOVER] = "handover",
	[CACHE_COPY] = "copy",
	[CACHE_GOODBYE] = "goodbye",
	[CACHE_GOODBYE_UNKNOWN] = "goodbye_unknown",
	[CACHE_GOODBYE_OTHERS] = "goodbye_others",
	[CACHE_REFUSED_TOTAL] = "refused_total",
	[CACHE_REFUSED_LINK] = "refused_link",
	[CACHE_REFUSED_STATION] = "refused_station",
	[CACHE_REFUSED_TYPE] = "refused_type",
	[CACHE_REFUSED_MEMORY] = "refused_memory",
};

const char *show_cache_outcome(unsigned outcome)
{
	return outcome_names[outcome];
}

json_t *show_cache_counters(const struct mgmt *m)
{
	struct cache_stats cs;
	json_t *o;

	cache_stats(ctl_cache(m->p.ctl), &cs);
	o = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "records", (json_int_t)cs.records,
		"nodes", (json_int_t)cs.nodes, "stations", (json_int_t)cs.stations, "hints",
		(json_int_t)cs.hints, "bytes", (json_int_t)cs.bytes, "expired",
		(json_int_t)cs.expired, "flushed", (json_int_t)cs.flushed, "postponed",
		(json_int_t)cs.postponed, "hint_refused", (json_int_t)cs.hint_refused);
	for (unsigned i = 0; i < CACHE_OUTCOMES; i++)
		json_object_set_new(o, outcome_names[i], json_integer((json_int_t)cs.outcome[i]));
	return o;
}

static json_t *link_counters(const struct mgmt *m, const char *name, uint16_t id)
{
	json_t *outcomes = json_object(), *events = json_object();
	struct dp_link_counters sum;

	show_link_counters(m, id, &sum);
	for (unsigned i = 0; i < DP_N_OUTCOMES; i++)
		json_object_set_new(
			outcomes, dp_outcome_name(i), json_integer((json_int_t)sum.outcome[i]));
	for (unsigned i = 0; i < DP_N_EVENTS; i++)
		json_object_set_new(
			events, dp_event_name(i), json_integer((json_int_t)sum.event[i]));
	return json_pack("{s:s?,s:o,s:o}", "link", name, "outcomes", outcomes, "events", events);
}

/* How full control's tables are. */
static json_t *tables_object(const struct mgmt *m)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < CTL_N_TABLES; i++)
		json_object_set_new(
			o, ctl_table_name(i), json_integer(ctl_table_in_use(m->p.ctl, i)));
	return o;
}

static void other_counters(struct mgmt *m, struct show_state *s, struct text *out)
{
	struct policy_stats ps;

	text_str(out, "],\"control\":");
	text_json(out, show_control_counters(m));
	text_str(out, ",\"cache\":");
	text_json(out, show_cache_counters(m));
	policy_stats(m->state.world->policy, &ps);
	text_str(out, ",\"tables\":");
	text_json(out, tables_object(m));
	text_str(out, ",\"radius\":");
	text_json(out, mgmt_radius_show(m));
	text_str(out, ",\"policy\":");
	text_json(out, json_pack("{s:I}", "class_full", (json_int_t)ps.class_full));
	text_str(out, ",");
	show_array(s, out, "ports");
	for (unsigned i = 0; i < m->p.n_ports; i++)
		show_element(s, out,
			json_pack("{s:s,s:o}", "port", m->p.ports[i].name, "stats",
				show_port_stats(&m->p.ports[i])));
	text_str(out, "]}");
}

#define LINKS_PAGE 100

bool show_counters(struct mgmt *m, struct show_state *s, struct text *out)
{
	const struct config *config = m->state.config;
	uint32_t i = s->cursor, end = s->cursor + LINKS_PAGE;

	if (i == 0) {
		text_str(out, "{");
		show_array(s, out, "links");
		/* What belongs to no link; its name is null. */
		show_element(s, out, link_counters(m, NULL, 0));
	}
	for (; i < config->n_links && i < end; i++)
		show_element(s, out,
			link_counters(m, config->links[i].name, m->state.ids->of_config[i]));
	s->cursor = i;
	if (i < config->n_links)
		return true;
	other_counters(m, s, out);
	return false;
}
