/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/metrics.h"

#include <inttypes.h>

#include <rte_malloc.h>
#include <rte_version.h>

#include "base/counter.h"
#include "management/audit.h"
#include "management/hits.h"
#include "management/radius.h"
#include "management/show.h"
#include "policy/policy.h"

/* --- the format ------------------------------------------------------------------------------ */

/* Opens a family of metrics: "linkspan_NAME". type: "counter" or "gauge". */
static void family(struct text *t, const char *name, const char *type, const char *help)
{
	text_fmt(t, "# HELP linkspan_%s %s\n# TYPE linkspan_%s %s\n", name, help, name, type);
}

/* A label: the first of a sample opens the braces. */
static void label(struct text *t, const char *name, const char *value, bool first)
{
	text_fmt(t, "%c%s=\"", first ? '{' : ',', name);
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '\\' || *p == '"')
			text_add(t, "\\", 1);
		if (*p == '\n')
			text_add(t, "\\n", 2);
		else
			text_add(t, p, 1);
	}
	text_add(t, "\"", 1);
}

static void number(struct text *t, uint64_t value)
{
	text_fmt(t, " %" PRIu64 "\n", value);
}

/* A family of one sample without labels. */
static void single(
	struct text *t, const char *name, const char *type, const char *help, uint64_t value)
{
	family(t, name, type, help);
	text_fmt(t, "linkspan_%s", name);
	number(t, value);
}

/* A sample with one label. */
static void labelled(
	struct text *t, const char *name, const char *key, const char *value, uint64_t n)
{
	text_fmt(t, "linkspan_%s", name);
	label(t, key, value, true);
	text_add(t, "}", 1);
	number(t, n);
}

/* ... the value of which is a number. */
static void numbered(struct text *t, const char *name, const char *key, unsigned which, uint64_t n)
{
	text_fmt(t, "linkspan_%s{%s=\"%u\"}", name, key, which);
	number(t, n);
}

/* --- the gateway ----------------------------------------------------------------------------- */

static void put_gateway(struct mgmt *m, struct text *t, unsigned part)
{
	(void)part;
	family(t, "build_info", "gauge", "1; the labels say which gateway this is.");
	text_str(t, "linkspan_build_info");
	label(t, "gateway", m->state.config->gateway.id, true);
	label(t, "version", LINKSPAN_VERSION, false);
	label(t, "dpdk", rte_version(), false);
	text_str(t, "} 1\n");
	single(t, "ready", "gauge", "1 once the first configuration is in force.", mgmt_ready(m));
	single(t, "paused", "gauge", "1 while the gateway is paused by command.",
		m->switches.paused);
	single(t, "uptime_seconds", "gauge", "Seconds since the start.",
		(m->now_us - m->started_us) / 1000000);
	single(t, "config_generation", "gauge",
		"Grows with each configuration that comes into force.", m->state.world->generation);
	single(t, "config_last_reload_successful", "gauge", "0 if the last reload was refused.",
		m->reload_why[0] == '\0');
	single(t, "links", "gauge", "Links in force.", m->state.world->n_links);
}

static void put_memory(struct mgmt *m, struct text *t, unsigned part)
{
	struct rte_malloc_socket_stats stats;
	size_t total = 0, used = 0;

	(void)m;
	(void)part;
	for (unsigned s = 0; s < RTE_MAX_NUMA_NODES; s++) {
		if (rte_malloc_get_socket_stats((int)s, &stats) < 0)
			continue;
		total += stats.heap_totalsz_bytes;
		used += stats.heap_allocsz_bytes;
	}
	single(t, "memory_bytes", "gauge", "Memory that DPDK has for packets and records.", total);
	single(t, "memory_used_bytes", "gauge", "... of which is in use.", used);
}

/* --- lcores, rings, pools -------------------------------------------------------------------- */

static void busy_seconds(struct text *t, const char *lcore, const struct dp_counters *c)
{
	uint64_t us = counter_read(&c->busy_us);

	text_fmt(t, "linkspan_lcore_busy_seconds_total");
	label(t, "lcore", lcore, true);
	text_fmt(t, "} %" PRIu64 ".%06u\n", us / 1000000, (unsigned)(us % 1000000));
}

static void lcore_samples(
	struct mgmt *m, struct text *t, const char *name, size_t offset, bool seconds)
{
	const struct dp_shared *s = m->p.shared;

	for (unsigned i = 0; i <= s->n_workers; i++) {
		const struct dp_counters *c = &s->counters[i];
		char lcore[24] = "control";

		if (i < s->n_workers)
			snprintf(lcore, sizeof(lcore), "worker-%u", i);
		if (seconds)
			busy_seconds(t, lcore, c);
		else
			labelled(t, name, "lcore", lcore,
				counter_read((
					const uint64_t *)(const void *)((const char *)c + offset)));
	}
}

static void put_lcores(struct mgmt *m, struct text *t, unsigned part)
{
	(void)part;
	family(t, "lcore_busy_seconds_total", "counter",
		"Time spent in turns that did something; its rate is the busy share.");
	lcore_samples(m, t, NULL, 0, true);
	family(t, "lcore_turns_total", "counter", "Turns of an lcore's loop.");
	lcore_samples(m, t, "lcore_turns_total", offsetof(struct dp_counters, turns), false);
	family(t, "lcore_busy_turns_total", "counter", "... that did something.");
	lcore_samples(
		m, t, "lcore_busy_turns_total", offsetof(struct dp_counters, busy_turns), false);
}

static void put_rings(struct mgmt *m, struct text *t, unsigned part)
{
	const struct dp_shared *s = m->p.shared;

	(void)part;
	family(t, "upcall_ring_entries", "gauge",
		"Messages on their way from a worker to control.");
	for (unsigned w = 0; w < s->n_workers; w++)
		numbered(t, "upcall_ring_entries", "worker", w, rte_ring_count(s->up[w]));
	family(t, "downcall_ring_entries", "gauge",
		"Messages on their way from control to a worker.");
	for (unsigned w = 0; w < s->n_workers; w++)
		numbered(t, "downcall_ring_entries", "worker", w, rte_ring_count(s->down[w]));
	family(t, "hand_ring_entries", "gauge",
		"Packets on their way to a worker from the others.");
	for (unsigned w = 0; w < s->n_workers; w++) {
		unsigned n = 0;

		for (unsigned from = 0; from < s->n_workers; from++)
			n += s->hand[from][w] != NULL ? rte_ring_count(s->hand[from][w]) : 0;
		numbered(t, "hand_ring_entries", "worker", w, n);
	}
	family(t, "ring_size", "gauge", "Room of each of these rings, by kind.");
	labelled(t, "ring_size", "ring", "upcall", DP_UP_RING);
	labelled(t, "ring_size", "ring", "downcall", DP_DOWN_RING);
	labelled(t, "ring_size", "ring", "hand", DP_HAND_RING);
}

static void put_deferral(struct mgmt *m, struct text *t, unsigned part)
{
	struct ctl_deferral d;

	(void)part;
	ctl_deferral(m->p.ctl, &d);
	single(t, "rcu_deferred", "gauge", "Frees that wait until no worker sees what they free.",
		d.waiting);
	single(t, "rcu_deferred_most", "gauge", "... the most of them there ever were.", d.most);
	single(t, "rcu_deferred_size", "gauge", "... and the most there can be.", d.room);
	single(t, "rcu_freed_total", "counter", "Frees done.", d.done);
	single(t, "rcu_deferral_refused_total", "counter",
		"Frees put off since too many were waiting.", d.refused);
}

static void put_pools(struct mgmt *m, struct text *t, unsigned part)
{
	(void)part;
	family(t, "mempool_available", "gauge", "Packet buffers that are free, by pool.");
	labelled(t, "mempool_available", "pool", "answers",
		rte_mempool_avail_count(m->p.shared->pool));
	for (unsigned i = 0; i < m->p.n_ports; i++)
		if (m->p.ports[i].pool != NULL)
			labelled(t, "mempool_available", "pool", m->p.ports[i].name,
				rte_mempool_avail_count(m->p.ports[i].pool));
	family(t, "mempool_size", "gauge", "Packet buffers there are, by pool.");
	labelled(t, "mempool_size", "pool", "answers", m->p.shared->pool->size);
	for (unsigned i = 0; i < m->p.n_ports; i++)
		if (m->p.ports[i].pool != NULL)
			labelled(t, "mempool_size", "pool", m->p.ports[i].name,
				m->p.ports[i].pool->size);
}

/* --- ports ----------------------------------------------------------------------------------- */

static const struct {
	const char *name, *help;
	size_t offset; /* in struct rte_eth_stats */
} port_counters[] = {
	{"port_rx_packets_total", "Frames received.", offsetof(struct rte_eth_stats, ipackets)},
	{"port_tx_packets_total", "Frames sent.", offsetof(struct rte_eth_stats, opackets)},
	{"port_rx_bytes_total", "Bytes received.", offsetof(struct rte_eth_stats, ibytes)},
	{"port_tx_bytes_total", "Bytes sent.", offsetof(struct rte_eth_stats, obytes)},
	{"port_rx_missed_total", "Frames lost since no worker took them in time.",
		offsetof(struct rte_eth_stats, imissed)},
	{"port_rx_errors_total", "Frames received broken.",
		offsetof(struct rte_eth_stats, ierrors)},
	{"port_tx_errors_total", "Frames that could not be sent.",
		offsetof(struct rte_eth_stats, oerrors)},
	{"port_rx_nombuf_total", "Frames lost for want of a packet buffer.",
		offsetof(struct rte_eth_stats, rx_nombuf)},
};

#define N_PORT_COUNTERS (sizeof(port_counters) / sizeof(port_counters[0]))

static void put_port_counter(struct mgmt *m, struct text *t, unsigned part)
{
	family(t, port_counters[part].name, "counter", port_counters[part].help);
	for (unsigned i = 0; i < m->p.n_ports; i++) {
		struct rte_eth_stats st = {0};
		uint64_t value;

		rte_eth_stats_get(m->p.ports[i].id, &st);
		memcpy(&value, (const char *)&st + port_counters[part].offset, sizeof(value));
		labelled(t, port_counters[part].name, "port", m->p.ports[i].name, value);
	}
}

static void put_ports(struct mgmt *m, struct text *t, unsigned part)
{
	(void)part;
	family(t, "port_up", "gauge", "1 while the port has carrier.");
	for (unsigned i = 0; i < m->p.n_ports; i++)
		labelled(t, "port_up", "port", m->p.ports[i].name, m->p.ports[i].up);
}

/* --- links ----------------------------------------------------------------------------------- */

static void link_sum(const struct mgmt *m, struct dp_link_counters *sum)
{
	struct dp_link_counters one;

	memset(sum, 0, sizeof(*sum));
	for (uint16_t id = 0; id < m->state.world->n_ids; id++) {
		show_link_counters(m, id, &one);
		counter_sum(
			(uint64_t *)sum, (const uint64_t *)&one, sizeof(*sum) / sizeof(uint64_t));
	}
}

/* Of links that are gone too, and of no link: so these do not go backwards when a link goes. */
static void put_outcomes(struct mgmt *m, struct text *t, unsigned part)
{
	struct dp_link_counters sum;

	(void)part;
	link_sum(m, &sum);
	family(t, "packets_total", "counter",
		"Packets by what became of them; each is counted once.");
	for (unsigned i = 0; i < DP_N_OUTCOMES; i++)
		labelled(t, "packets_total", "outcome", dp_outcome_name(i), sum.outcome[i]);
	for (unsigned i = 0; i < DP_N_EVENTS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s_total", dp_event_name(i));
		single(t, name, "counter", dp_event_text(i), sum.event[i]);
	}
}

/* One link's sample. */
static void of_link(struct text *t, const char *name, const char *link, uint64_t value)
{
	if (value != 0)
		labelled(t, name, "link", link, value);
}

static void put_link_outcomes(struct mgmt *m, struct text *t, unsigned part)
{
	struct dp_link_counters sum;

	(void)part;
	family(t, "link_packets_total", "counter",
		"Packets of a link by what became of them, if there were any.");
	for (uint16_t id = 1; id < m->state.world->n_ids; id++) {
		const struct dp_link *l = show_link(m, id);

		if (l == NULL)
			continue;
		show_link_counters(m, id, &sum);
		for (unsigned i = 0; i < DP_N_OUTCOMES; i++) {
			if (sum.outcome[i] == 0)
				continue;
			text_str(t, "linkspan_link_packets_total");
			label(t, "link", l->name, true);
			label(t, "outcome", dp_outcome_name(i), false);
			text_add(t, "}", 1);
			number(t, sum.outcome[i]);
		}
	}
}

static void put_link_event(struct mgmt *m, struct text *t, unsigned part)
{
	struct dp_link_counters sum;
	char name[64];

	snprintf(name, sizeof(name), "link_%s_total", dp_event_name(part));
	family(t, name, "counter", dp_event_text(part));
	for (uint16_t id = 1; id < m->state.world->n_ids; id++) {
		const struct dp_link *l = show_link(m, id);

		if (l == NULL)
			continue;
		show_link_counters(m, id, &sum);
		of_link(t, name, l->name, sum.event[part]);
	}
}

static void put_link_records(struct mgmt *m, struct text *t, unsigned part)
{
	(void)part;
	family(t, "link_records", "gauge", "Records held of a link's stations, if there are any.");
	for (uint16_t id = 1; id < m->state.world->n_ids; id++) {
		const struct dp_link *l = show_link(m, id);

		if (l != NULL)
			of_link(t, "link_records", l->name,
				cache_link_records(ctl_cache(m->p.ctl), id));
	}
}

static void put_link_meters(struct mgmt *m, struct text *t, unsigned part)
{
	static const char *const names[] = {[DP_METER_QUERIES] = "queries",
		[DP_METER_ADVERTISEMENTS] = "advertisements",
		[DP_METER_UNKNOWN] = "unknown"};

	(void)part;
	family(t, "link_admission_rate", "gauge",
		"Packets a second that a link's meters let in (admission.link).");
	for (uint16_t id = 1; id < m->state.world->n_ids; id++) {
		const struct dp_link *l = show_link(m, id);

		for (unsigned i = 0; l != NULL && i <= DP_METERS; i++) {
			text_str(t, "linkspan_link_admission_rate");
			label(t, "link", l->name, true);
			label(t, "meter", names[i], false);
			text_add(t, "}", 1);
			number(t, l->rate[i]);
		}
	}
}

/* --- control, cache, policy ------------------------------------------------------------------ */

static void put_control(struct mgmt *m, struct text *t, unsigned part)
{
	(void)part;
	for (unsigned i = 0; i < CTL_N_COUNTERS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "control_%s_total", ctl_counter_name(i));
		single(t, name, "counter", ctl_counter_text(i), ctl_counter(m->p.ctl, i));
	}
	family(t, "control_table_entries", "gauge", "Entries in use of control's tables.");
	for (unsigned i = 0; i < CTL_N_TABLES; i++)
		labelled(t, "control_table_entries", "table", ctl_table_name(i),
			ctl_table_in_use(m->p.ctl, i));
}

static void put_cache(struct mgmt *m, struct text *t, unsigned part)
{
	const struct config_limits *limits = &m->state.config->gateway.limits;
	struct cache_stats cs;

	(void)part;
	cache_stats(ctl_cache(m->p.ctl), &cs);
	single(t, "cache_records", "gauge", "Records held.", cs.records);
	single(t, "cache_records_limit", "gauge", "... at most.", limits->records);
	single(t, "cache_stations", "gauge", "Stations known.", cs.stations);
	single(t, "cache_stations_limit", "gauge", "... at most.", limits->stations);
	single(t, "cache_nodes", "gauge", "Names with a type that have records.", cs.nodes);
	single(t, "cache_hints", "gauge", "Owners remembered of names without records.", cs.hints);
	single(t, "cache_bytes", "gauge", "Bytes that records, nodes and stations take.", cs.bytes);
	single(t, "cache_expired_total", "counter", "Records whose TTL ran out.", cs.expired);
	single(t, "cache_flushed_total", "counter",
		"Records that a cache-flush bit made go (RFC 6762 10.2).", cs.flushed);
	single(t, "cache_postponed_total", "counter",
		"Removals and moves that waited since deferral was full.", cs.postponed);
	single(t, "cache_hint_refused_total", "counter", "Owners not remembered: too many.",
		cs.hint_refused);
	family(t, "cache_learned_total", "counter",
		"Records of advertisements by what became of them.");
	for (unsigned i = 0; i < CACHE_OUTCOMES; i++)
		labelled(t, "cache_learned_total", "outcome", show_cache_outcome(i), cs.outcome[i]);
}

static void put_policy(struct mgmt *m, struct text *t, unsigned part)
{
	struct policy_stats ps;

	(void)part;
	policy_stats(m->state.world->policy, &ps);
	single(t, "policy_rules", "gauge", "Rules in force.", ps.rules);
	single(t, "policy_classes", "gauge", "Kinds of records that rules tell apart.", ps.classes);
	single(t, "policy_consumers", "gauge", "Kinds of consumers that rules tell apart.",
		ps.consumers);
	single(t, "policy_bytes", "gauge", "Bytes that the compiled tables take.", ps.bytes);
	single(t, "policy_class_full_total", "counter",
		"Records or consumers that found no room for their kind.", ps.class_full);
	single(t, "policy_no_rule_hits_total", "counter",
		"Records and questions that no rule matched: denied by default.",
		mgmt_rule_hits(m, UINT32_MAX));
}

/* Number: of the rule within its policy, from 1. */
static void put_rules(struct mgmt *m, struct text *t, unsigned part)
{
	const struct policy *p = m->state.world->policy;
	struct policy_rule_info r;
	const char *policy = "";
	unsigned number_in = 0;

	(void)part;
	family(t, "policy_rule_hits_total", "counter",
		"Records and questions that a rule decided on.");
	for (unsigned i = 0; policy_rule_info(p, i, &r); i++) {
		char text[16];

		number_in = strcmp(policy, r.policy) == 0 ? number_in + 1 : 1;
		policy = r.policy;
		snprintf(text, sizeof(text), "%u", number_in);
		text_str(t, "linkspan_policy_rule_hits_total");
		label(t, "policy", r.policy, true);
		label(t, "number", text, false);
		label(t, "rule", r.text, false);
		text_add(t, "}", 1);
		number(t, mgmt_rule_hits(m, i));
	}
}

/* --- accounting, audit ----------------------------------------------------------------------- */

static void put_radius(struct mgmt *m, struct text *t, unsigned part)
{
	(void)part;
	single(t, "radius_sessions", "gauge", "Sessions of stations.", m->sessions.n);
	for (unsigned i = 0; i < RADIUS_N_COUNTERS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "radius_%s_total", mgmt_radius_name(i));
		single(t, name, "counter", mgmt_radius_text(i), mgmt_radius_count(m, i));
	}
}

static void put_audit(struct mgmt *m, struct text *t, unsigned part)
{
	(void)part;
	single(t, "audit_lines_total", "counter", "Lines written to the audit.",
		mgmt_audit_lines(m));
	single(t, "audit_lost_total", "counter", "Notes and lines of the audit that were lost.",
		mgmt_audit_lost(m));
}

/* --- all of it ------------------------------------------------------------------------------- */

static const struct {
	void (*put)(struct mgmt *m, struct text *t, unsigned part);
	unsigned parts;
} groups[] = {
	{put_gateway, 1},
	{put_memory, 1},
	{put_lcores, 1},
	{put_rings, 1},
	{put_deferral, 1},
	{put_pools, 1},
	{put_ports, 1},
	{put_port_counter, N_PORT_COUNTERS},
	{put_outcomes, 1},
	{put_link_outcomes, 1},
	{put_link_event, DP_N_EVENTS},
	{put_link_records, 1},
	{put_link_meters, 1},
	{put_control, 1},
	{put_cache, 1},
	{put_policy, 1},
	{put_rules, 1},
	{put_radius, 1},
	{put_audit, 1},
};

bool mgmt_metrics_page(struct mgmt *m, uint32_t *cursor, struct text *out)
{
	unsigned at = *cursor;

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (at < groups[i].parts) {
			groups[i].put(m, out, at);
			++*cursor;
			return true;
		}
		at -= groups[i].parts;
	}
	return false;
}
