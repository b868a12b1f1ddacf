/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "dns/name.h"
#include "management/top.h"

static const struct show_ops things[] = {
	{.name = "status", .page = show_status},
	{.name = "ports", .page = show_ports},
	{.name = "links", .page = show_links},
	{.name = "services", .page = show_services},
	{.name = "records", .page = show_records},
	{.name = "stations", .page = show_stations},
	{.name = "policy", .page = show_policy},
	{.name = "gateways", .page = show_gateways},
	{.name = "counters", .page = show_counters},
	{.name = "top", .page = show_top},
};

const struct show_ops *show_find(const char *name)
{
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		if (strcmp(name, things[i].name) == 0)
			return &things[i];
	}
	return NULL;
}

void show_element(struct show_state *s, struct text *out, json_t *element)
{
	if (s->comma)
		text_str(out, ",");
	s->comma = true;
	text_json(out, element);
}

void show_array(struct show_state *s, struct text *out, const char *name)
{
	text_json(out, json_string(name));
	text_str(out, ":[");
	s->comma = false;
}

json_t *show_mac(const struct mac_addr *mac)
{
	char text[MAC_TEXT_SIZE];

	return json_string(mac_format(mac, text));
}

json_t *show_name(const uint8_t *wire)
{
	char text[DNS_NAME_TEXT_MAX];

	if (dns_name_to_text(wire, text, sizeof(text)) < 0)
		return json_string("?");
	return json_string(text);
}

json_t *show_ip(unsigned family, const uint8_t *bytes)
{
	struct ip_addr addr = ip_from_bytes((uint8_t)family, bytes);
	char text[IP_TEXT_SIZE];

	return json_string(ip_format(&addr, text));
}

const struct dp_link *show_link(const struct mgmt *m, uint16_t id)
{
	return dp_world_link(m->state.world, id);
}

json_t *show_link_name(const struct mgmt *m, uint16_t id)
{
	const struct dp_link *l = show_link(m, id);

	return l != NULL ? json_string(l->name) : json_sprintf("#%u", id);
}

const char *show_port_name(const struct mgmt *m, uint16_t id)
{
	for (unsigned i = 0; i < m->p.n_ports; i++) {
		if (m->p.ports[i].id == id)
			return m->p.ports[i].name;
	}
	return "?";
}

/* --- counters -------------------------------------------------------------------------------- */

#define N_COUNTERS (sizeof(struct dp_link_counters) / sizeof(uint64_t))

void show_link_counters(const struct mgmt *m, uint16_t id, struct dp_link_counters *sum)
{
	dp_counters_link(m->p.shared, id, sum);
	if (m->baseline[id] != NULL)
		counter_since((uint64_t *)sum, (const uint64_t *)m->baseline[id], N_COUNTERS);
}

struct dp_link_counters *show_link_baseline(const struct mgmt *m, uint16_t id)
{
	struct dp_link_counters *sum = aligned_alloc(64, sizeof(*sum));

	if (sum != NULL)
		dp_counters_link(m->p.shared, id, sum);
	return sum;
}

uint64_t show_packets(const struct dp_link_counters *sum)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < DP_N_OUTCOMES; i++)
		n += sum->outcome[i];
	return n;
}
