/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/audit.h"
#include "management/show.h"

#include <unistd.h>

#include <rte_malloc.h>

#include "base/clock.h"
#include "base/counter.h"
#include "policy/policy.h"

/* show status, show ports, show links: what is configured and how it is. */

/* --- status ---------------------------------------------------------------------------------- */

static json_t *workers_object(const struct mgmt *m)
{
	json_t *list = json_array();

	for (unsigned w = 0; w < m->p.shared->n_workers; w++) {
		const struct dp_counters *c = &m->p.shared->counters[w];

		json_array_append_new(
			list, json_pack("{s:i,s:i,s:I,s:I}", "worker", (int)w, "lcore",
				      m->p.lcore != NULL ? (int)m->p.lcore[w] : -1, "turns",
				      (json_int_t)counter_read(&c->turns), "busy_turns",
				      (json_int_t)counter_read(&c->busy_turns)));
	}
	return list;
}

static json_t *memory_object(void)
{
	struct rte_malloc_socket_stats stats;
	size_t total = 0, used = 0;

	for (unsigned s = 0; s < RTE_MAX_NUMA_NODES; s++) {
		if (rte_malloc_get_socket_stats((int)s, &stats) < 0)
			continue;
		total += stats.heap_totalsz_bytes;
		used += stats.heap_allocsz_bytes;
	}
	return json_pack(
		"{s:I,s:I}", "heap_bytes", (json_int_t)total, "used_bytes", (json_int_t)used);
}

static json_t *policy_object(const struct mgmt *m)
{
	struct policy_stats ps;

	policy_stats(m->state.world->policy, &ps);
	return json_pack("{s:i,s:i,s:i,s:I}", "rules", (int)ps.rules, "classes", (int)ps.classes,
		"columns", (int)ps.columns, "bytes", (json_int_t)ps.bytes);
}

static json_t *status_object(struct mgmt *m)
{
	const struct config *config = m->state.config;
	struct cache_stats cs;
	json_t *o;

	cache_stats(ctl_cache(m->p.ctl), &cs);
	o = json_pack("{s:s,s:s,s:s,s:i,s:b,s:I,s:I}", "gateway", config->gateway.id, "version",
		LINKSPAN_VERSION, "config", config->file, "pid", (int)getpid(), "ready",
		(int)mgmt_ready(m), "uptime_s",
		(json_int_t)((m->now_us - m->started_us) / US_PER_SEC), "generation",
		(json_int_t)m->state.world->generation);
	json_object_set_new(o, "paused", json_boolean(m->switches.paused));
	json_object_set_new(o, "reload_error",
		m->reload_why[0] != '\0' ? json_string(m->reload_why) : json_null());
	json_object_set_new(o, "ports", json_integer(m->p.n_ports));
	json_object_set_new(o, "links", json_integer(m->state.world->n_links));
	json_object_set_new(o, "records", json_integer(cs.records));
	json_object_set_new(o, "records_limit", json_integer(config->gateway.limits.records));
	json_object_set_new(o, "stations", json_integer(cs.stations));
	json_object_set_new(o, "cache_bytes", json_integer((json_int_t)cs.bytes));
	json_object_set_new(o, "memory", memory_object());
	json_object_set_new(o, "policy", policy_object(m));
	json_object_set_new(o, "audit", mgmt_audit_show(m));
	json_object_set_new(o, "main_lcore", json_integer(m->p.main_lcore));
	json_object_set_new(o, "workers", workers_object(m));
	return o;
}

bool show_status(struct mgmt *m, struct show_state *s, struct text *out)
{
	(void)s;
	text_json(out, status_object(m));
	return false;
}

/* --- ports ----------------------------------------------------------------------------------- */

json_t *show_port_stats(const struct dp_port *p)
{
	struct rte_eth_stats st = {0};

	rte_eth_stats_get(p->id, &st);
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "ipackets", (json_int_t)st.ipackets,
		"opackets", (json_int_t)st.opackets, "ibytes", (json_int_t)st.ibytes, "obytes",
		(json_int_t)st.obytes, "imissed", (json_int_t)st.imissed, "ierrors",
		(json_int_t)st.ierrors, "oerrors", (json_int_t)st.oerrors, "rx_nombuf",
		(json_int_t)st.rx_nombuf);
}

static json_t *queues_object(const struct mgmt *m, const struct dp_port *p)
{
	json_t *list = json_array();

	for (unsigned q = 0; q < p->n_queues; q++)
		json_array_append_new(
			list, json_pack("{s:i,s:i,s:i}", "queue", (int)q, "worker", (int)q, "lcore",
				      m->p.lcore != NULL ? (int)m->p.lcore[q] : -1));
	return list;
}

static json_t *port_object(const struct mgmt *m, const struct dp_port *p)
{
	json_t *o;

	o = json_pack("{s:s,s:s,s:s,s:i,s:o,s:s,s:i}", "name", p->name, "device", p->device,
		"driver", p->driver, "dpdk_port", (int)p->id, "mac", show_mac(&p->mac), "link",
		p->up ? "up" : "down", "mtu", (int)p->mtu);
	if (m->state.config->ports[p - m->p.ports].peer != CONFIG_NO_PORT)
		json_object_set_new(o, "bypass",
			json_string(m->p.ports[m->state.config->ports[p - m->p.ports].peer].name));
	json_object_set_new(o, "promiscuous", json_boolean(p->promiscuous));
	json_object_set_new(o, "allmulticast", json_boolean(p->allmulticast));
	json_object_set_new(o, "soft_checksum", json_boolean(p->soft_checksum));
	json_object_set_new(o, "rss", json_sprintf("0x%llx", (unsigned long long)p->rss));
	json_object_set_new(
		o, "descriptors", json_pack("{s:i,s:i}", "rx", (int)p->n_rxd, "tx", (int)p->n_txd));
	json_object_set_new(o, "queues", queues_object(m, p));
	json_object_set_new(o, "stats", show_port_stats(p));
	return o;
}

bool show_ports(struct mgmt *m, struct show_state *s, struct text *out)
{
	text_str(out, "{");
	show_array(s, out, "ports");
	for (unsigned i = 0; i < m->p.n_ports; i++)
		show_element(s, out, port_object(m, &m->p.ports[i]));
	text_str(out, "]}");
	return false;
}

/* --- links ----------------------------------------------------------------------------------- */

static json_t *addresses_object(const struct dp_link *l)
{
	json_t *list = json_array();

	if (l->has_addr4)
		json_array_append_new(list, show_ip(4, (const uint8_t *)&l->addr4));
	for (unsigned i = 0; i < l->n_addr6; i++)
		json_array_append_new(list, show_ip(6, l->addr6[i]));
	return list;
}

static json_t *policy_name(const struct config *c, uint32_t index)
{
	return index == CONFIG_NO_POLICY ? json_null() : json_string(c->policies[index].name);
}

/* What the core filter takes out, and how much that is of all that is flooded. */
static json_t *flooded_object(const struct dp_link_counters *sum)
{
	uint64_t multicast = sum->event[DP_EV_rx_multicast];
	uint64_t broadcast = sum->event[DP_EV_rx_broadcast];
	uint64_t removed = sum->outcome[DP_filtered], all = multicast + broadcast;

	return json_pack("{s:I,s:I,s:I,s:f}", "multicast", (json_int_t)multicast, "broadcast",
		(json_int_t)broadcast, "removed", (json_int_t)removed, "share",
		all > 0 ? (double)removed / (double)all : 0.0);
}

static json_t *link_object(const struct mgmt *m, const struct config_link *cl, uint16_t id)
{
	const struct config *config = m->state.config;
	const struct dp_link *l = show_link(m, id);
	struct dp_link_counters sum;
	json_t *o;

	if (l == NULL) /* leaving */
		return json_pack("{s:s,s:s}", "name", cl->name, "mode", "gone");
	o = json_pack("{s:s,s:i,s:s,s:i,s:s,s:i,s:o}", "name", l->name, "id", (int)l->id, "port",
		show_port_name(m, l->port), "vlan", (int)l->vlan, "mode",
		l->mode == DP_LINK_GATEWAY ? "gateway"
		: l->mode == DP_LINK_OFF   ? "off"
					   : "filter",
		"mtu", (int)l->mtu, "addresses", addresses_object(l));
	json_object_set_new(o, "policy",
		json_pack("{s:o,s:o}", "in", policy_name(config, cl->policy_in), "out",
			policy_name(config, cl->policy_out)));
	json_object_set_new(o, "mode_of_file",
		json_boolean(mgmt_switched(&m->switches, config, cl) == cl->mode));
	json_object_set_new(o, "home_worker", json_integer(l->home));
	json_object_set_new(o, "type", json_string(cl->wireless ? "wireless" : "wired"));
	json_object_set_new(o, "bridged", json_boolean(!cl->isolated));
	json_object_set_new(o, "delivery", json_string(cl->unicast ? "unicast" : "multicast"));
	json_object_set_new(o, "query_budget", json_integer(l->query_budget));
	json_object_set_new(o, "announce", json_boolean(l->announce));
	json_object_set_new(o, "conflicts", json_string(l->conflicts_report ? "report" : "defend"));
	json_object_set_new(
		o, "records", json_integer(cache_link_records(ctl_cache(m->p.ctl), id)));
	show_link_counters(m, id, &sum);
	json_object_set_new(o, "packets", json_integer((json_int_t)show_packets(&sum)));
	json_object_set_new(o, "answered", json_integer((json_int_t)sum.outcome[DP_answered]));
	json_object_set_new(o, "flooded", flooded_object(&sum));
	return o;
}

#define LINKS_PAGE 200

bool show_links(struct mgmt *m, struct show_state *s, struct text *out)
{
	const struct config *config = m->state.config;
	uint32_t i = s->cursor, end = s->cursor + LINKS_PAGE;

	if (i == 0) {
		text_str(out, "{");
		show_array(s, out, "links");
	}
	for (; i < config->n_links && i < end; i++)
		show_element(s, out, link_object(m, &config->links[i], m->state.ids->of_config[i]));
	s->cursor = i;
	if (i < config->n_links)
		return true;
	text_str(out, "]}");
	return false;
}

/* --- other gateways -------------------------------------------------------------------------- */

/* All entries fit one page: there are 256 at most. */
bool show_gateways(struct mgmt *m, struct show_state *s, struct text *out)
{
	struct dp_gateways *g = &m->p.shared->gateways;

	text_str(out, "{");
	show_array(s, out, "gateways");
	for (unsigned i = 0; i < DP_GATEWAY_SETS * DP_GATEWAY_WAYS; i++) {
		uint64_t e = atomic_load_explicit(
			&g->entry[i / DP_GATEWAY_WAYS][i % DP_GATEWAY_WAYS], memory_order_relaxed);
		struct mac_addr mac;

		if (e == 0)
			continue;
		for (unsigned b = 0; b < 6; b++)
			mac.b[b] = (uint8_t)(e >> (56 - 8 * b));
		show_element(s, out,
			json_pack("{s:o,s:o,s:s}", "mac", show_mac(&mac), "link",
				(e & 0xffff) != 0 ? show_link_name(m, (uint16_t)e) : json_null(),
				"by", (e & 0xffff) != 0 ? "its own word" : "gateways:"));
	}
	text_str(out, "]}");
	return false;
}
