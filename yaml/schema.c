/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/schema.h"

#include <stdio.h>
#include <string.h>

#include "yaml/check.h"
#include "yaml/draft.h"
#include "yaml/scalar.h"

#define FIELD(type, member) .offset = offsetof(type, member), .width = sizeof(((type *)0)->member)
#define NAME_EXPECTED "letters, digits and . _ : / -"

static const struct schema_element port_element = {
	.size = sizeof(struct config_port),
	.count = offsetof(struct draft, config.n_ports),
	.pos = offsetof(struct config_port, pos),
	.name = SCHEMA_NO_FIELD,
};
static const struct schema_element link_element = {
	.size = sizeof(struct raw_link),
	.count = offsetof(struct draft, n_links),
	.pos = offsetof(struct raw_link, pos),
	.name = SCHEMA_NO_FIELD,
};
static const struct schema_element set_element = {
	.size = sizeof(struct raw_set),
	.count = offsetof(struct draft, n_sets),
	.pos = offsetof(struct raw_set, pos),
	.name = offsetof(struct raw_set, name),
};
static const struct schema_element policy_element = {
	.size = sizeof(struct raw_policy),
	.count = offsetof(struct draft, n_policies),
	.pos = offsetof(struct raw_policy, pos),
	.name = offsetof(struct raw_policy, name),
};
static const struct schema_element rule_element = {
	.size = sizeof(struct raw_rule),
	.count = offsetof(struct raw_policy, n_rules),
	.pos = offsetof(struct raw_rule, pos),
	.name = SCHEMA_NO_FIELD,
};

static const struct schema_key schema[] = {
	{
		.path = "gateway",
		.type = SCHEMA_MAP,
		.restart = true,
		.doc = "The process as a whole.",
	},
	{
		.path = "gateway.id",
		.type = SCHEMA_TEXT,
		.restart = true,
		FIELD(struct draft, config.gateway.id),
		.min = 1,
		.max = 31,
		.def = "linkspan",
		.check = yaml_check_id,
		.expected = "1 to 31 characters of a-z, 0-9 and -",
		.doc = "Names this gateway, and the EAL file prefix.",
	},
	{
		.path = "gateway.workers",
		.type = SCHEMA_UINT,
		.restart = true,
		FIELD(struct draft, config.gateway.workers),
		.min = 1,
		.max = 64,
		.def = "auto",
		.unit = "lcores",
		.words = "auto",
		.doc = "Worker lcores; auto: all lcores but one.",
	},
	{
		.path = "gateway.memory",
		.type = SCHEMA_SIZE,
		.restart = true,
		FIELD(struct draft, config.gateway.memory),
		.min = 64ull << 20,
		.max = 1ull << 40,
		.def = "auto",
		.unit = "bytes",
		.words = "auto",
		.doc = "Memory for packets and records: hugepages if there are any.",
	},
	{
		.path = "gateway.idle",
		.type = SCHEMA_WORD,
		.restart = true,
		FIELD(struct draft, config.gateway.idle),
		.def = "auto",
		.words = "auto|poll|yield|sleep",
		.doc = "What an lcore does when there is nothing to do.",
	},
	{
		.path = "gateway.limits",
		.type = SCHEMA_MAP,
		.restart = true,
		.doc = "Bounds of the record cache.",
	},
	{
		.path = "gateway.limits.records",
		.type = SCHEMA_UINT,
		.restart = true,
		FIELD(struct draft, config.gateway.limits.records),
		.min = 1,
		.max = 10000000,
		.def = "1000000",
		.unit = "records",
		.doc = "Records held in all.",
	},
	{
		.path = "gateway.limits.records_per_station",
		.type = SCHEMA_UINT,
		.restart = true,
		FIELD(struct draft, config.gateway.limits.records_per_station),
		.min = 1,
		.max = 10000000,
		.def = "1024",
		.unit = "records",
		.doc = "Records held of one provider.",
	},
	{
		.path = "gateway.limits.records_per_link",
		.type = SCHEMA_UINT,
		.restart = true,
		FIELD(struct draft, config.gateway.limits.records_per_link),
		.min = 1,
		.max = 10000000,
		.def = "100000",
		.unit = "records",
		.doc = "Records held of one link.",
	},
	{
		.path = "gateway.limits.ttl",
		.type = SCHEMA_DURATION,
		.restart = true,
		FIELD(struct draft, config.gateway.limits.ttl),
		.min = 1,
		.max = 7 * 86400,
		.def = "24h",
		.unit = "seconds",
		.doc = "Longest TTL a record is held with.",
	},
	{
		.path = "ports[]",
		.type = SCHEMA_RECORDS,
		.required = true,
		.restart = true,
		FIELD(struct draft, config.ports),
		.min = 1,
		.max = 32,
		.element = &port_element,
		.doc = "DPDK ports.",
	},
	{
		.path = "ports[].name",
		.type = SCHEMA_TEXT,
		.required = true,
		.restart = true,
		FIELD(struct config_port, name),
		.min = 1,
		.max = 31,
		.check = yaml_check_name,
		.expected = "a name of 1 to 31 characters: " NAME_EXPECTED,
		.doc = "What links call the port.",
	},
	{
		.path = "ports[].device",
		.type = SCHEMA_DEVICE,
		.required = true,
		.restart = true,
		FIELD(struct config_port, device),
		.expected = "kernel:IF, xdp:IF, tap:NAME, a PCI address like 0000:3b:00.0 or a "
			    "DPDK vdev like net_pcap0,rx_pcap=FILE",
		.doc = "The device: a Linux interface, a NIC bound to DPDK, or any DPDK vdev.",
	},
	{
		.path = "ports[].bypass",
		.type = SCHEMA_TEXT,
		.restart = true,
		FIELD(struct config_port, bypass),
		.min = 1,
		.max = 31,
		.expected = "the name of another port",
		.doc = "Makes an inline pair with that port: frames that are not for the gateway "
		       "cross from one to the other untouched. A link of the one is a link of "
		       "both: "
		       "the other side is called NAME/PORT.",
	},
	{
		.path = "services",
		.type = SCHEMA_NAMED,
		FIELD(struct draft, sets),
		.max = 1024,
		.element = &set_element,
		.expected = "a map of named sets",
		.doc = "Named sets of services, for rules.",
	},
	{
		.path = "services.*",
		.type = SCHEMA_ONE_OR_LIST,
		FIELD(struct raw_set, items),
		.min = 1,
		.max = 512,
		.check = yaml_check_name,
		.expected = "a preset, a named set, a service type like _ipp._tcp or a list of "
			    "them",
		.doc = "Presets, named sets and service types.",
	},
	{
		.path = "links[]",
		.type = SCHEMA_RECORDS,
		.required = true,
		FIELD(struct draft, links),
		.max = CONFIG_LINKS_MAX,
		.element = &link_element,
		.doc = "Broadcast domains: a VLAN, or the untagged frames, of a port.",
	},
	{
		.path = "links[].name",
		.type = SCHEMA_TEXT,
		.required = true,
		FIELD(struct raw_link, name),
		.min = 1,
		.max = 128,
		.expected = "a name of 1 to 63 characters: " NAME_EXPECTED,
		.doc = "Names the link; with a range of VLANs it holds {vlan}.",
	},
	{
		.path = "links[].port",
		.type = SCHEMA_TEXT,
		.required = true,
		FIELD(struct raw_link, port),
		.min = 1,
		.max = 31,
		.expected = "the name of a port",
		.doc = "The port the link is on.",
	},
	{
		.path = "links[].vlan",
		.type = SCHEMA_VLAN,
		FIELD(struct raw_link, vlan),
		.def = "0",
		.expected = "a VLAN id 1..4094, 0 for untagged, or a range \"10-59\"",
		.doc = "The VLAN id; 0: untagged. A range makes one link of each VLAN: {vlan}, "
		       "{vlan/256} and {vlan%256} in name, addresses and prefixes stand for its "
		       "id.",
	},
	{
		.path = "links[].addresses",
		.type = SCHEMA_LIST,
		FIELD(struct raw_link, addresses),
		.max = CONFIG_LINK_ADDRESSES_MAX,
		.expected = "a list of addresses with prefix length like 10.0.0.2/24",
		.doc = "The gateway's own addresses on the link, at most one IPv4 among them. Its "
		       "fe80 address is made from the MAC.",
	},
	{
		.path = "links[].prefixes",
		.type = SCHEMA_LIST,
		FIELD(struct raw_link, prefixes),
		.max = CONFIG_LINK_PREFIXES_MAX,
		.expected = "a list of prefixes like 10.0.0.0/24",
		.doc = "Further prefixes of stations on the link.",
	},
	{
		.path = "links[].mode",
		.type = SCHEMA_WORD,
		FIELD(struct raw_link, mode),
		.def = "gateway",
		.words = "gateway|off|filter",
		.doc = "gateway: learn and answer; filter: drop all mDNS; off: take no part. On an "
		       "inline pair mDNS crosses only where the mode is off.",
	},
	{
		.path = "links[].type",
		.type = SCHEMA_WORD,
		FIELD(struct raw_link, wireless),
		.def = "wired",
		.words = "wired|wireless",
		.doc = "What the link is made of: sets the default of query_budget.",
	},
	{
		.path = "links[].mtu",
		.type = SCHEMA_UINT,
		FIELD(struct raw_link, mtu),
		.min = 576,
		.max = 9000,
		.unit = "bytes",
		.doc = "Largest IP packet sent. Default: the port's, at most 1500.",
	},
	{
		.path = "links[].query_budget",
		.type = SCHEMA_RATE,
		FIELD(struct raw_link, query_budget),
		.min = 1,
		.max = 100000,
		.unit = "queries per second",
		.doc = "The gateway's own queries onto the link. Default: 200/s, on wireless links "
		       "20/s.",
	},
	{
		.path = "links[].announce",
		.type = SCHEMA_WORD,
		FIELD(struct raw_link, announce),
		.def = "false",
		.words = "false|true",
		.doc = "true: what other links' stations announce is announced here too, as far "
		       "as policy shows it; false: only those who asked are told.",
	},
	{
		.path = "links[].conflicts",
		.type = SCHEMA_WORD,
		FIELD(struct raw_link, conflicts),
		.def = "defend",
		.words = "defend|report",
		.doc = "What becomes of a name that a station claims here and another link's has "
		       "already. defend: the station is told; what it claims all the same is not "
		       "extended. report: both keep it, and each is shown where the other is not.",
	},
	{
		.path = "links[].group",
		.type = SCHEMA_TEXT,
		FIELD(struct raw_link, group),
		.min = 1,
		.max = 63,
		.check = yaml_check_name,
		.expected = "a name of 1 to 63 characters: " NAME_EXPECTED,
		.doc = "Links of one group are named together in rules.",
	},
	{
		.path = "links[].policy",
		.type = SCHEMA_MAP,
		.expected = "a map like {in: POLICY, out: POLICY}",
		.doc = "Policies of the link. One left out denies all.",
	},
	{
		.path = "links[].policy.in",
		.type = SCHEMA_TEXT,
		FIELD(struct raw_link, policy_in),
		.min = 1,
		.max = 63,
		.expected = "the name of a policy",
		.doc = "What may be learned from the link.",
	},
	{
		.path = "links[].policy.out",
		.type = SCHEMA_TEXT,
		FIELD(struct raw_link, policy_out),
		.min = 1,
		.max = 63,
		.expected = "the name of a policy",
		.doc = "What may be shown to the link.",
	},
	{
		.path = "policies",
		.type = SCHEMA_NAMED,
		FIELD(struct draft, policies),
		.max = 65535,
		.element = &policy_element,
		.expected = "a map of policies",
		.doc = "Lists of rules, by name. The first rule that matches decides.",
	},
	{
		.path = "policies.*[]",
		.type = SCHEMA_RECORDS,
		FIELD(struct raw_policy, rules),
		.check = yaml_check_name,
		.element = &rule_element,
		.doc = "A rule: permit or deny, narrowed by the rest.",
	},
	{
		.path = "policies.*[].permit",
		.type = SCHEMA_ONE_OR_LIST,
		FIELD(struct raw_rule, permit),
		.min = 1,
		.max = 512,
		.expected = "a preset, a named set, a service type like _ipp._tcp or a list of "
			    "them",
		.doc = "Services to permit.",
	},
	{
		.path = "policies.*[].deny",
		.type = SCHEMA_ONE_OR_LIST,
		FIELD(struct raw_rule, deny),
		.min = 1,
		.max = 512,
		.expected = "a preset, a named set, a service type like _ipp._tcp or a list of "
			    "them",
		.doc = "Services to deny.",
	},
	{
		.path = "policies.*[].instance",
		.type = SCHEMA_TEXT,
		FIELD(struct raw_rule, instance),
		.min = 1,
		.max = 255,
		.check = yaml_check_glob,
		.expected = "a glob of 1 to 255 bytes (* ? and \\ before a literal character) "
			    "that a name of 63 bytes can match",
		.doc = "Glob over the instance name.",
	},
	{
		.path = "policies.*[].kind",
		.type = SCHEMA_WORD,
		FIELD(struct raw_rule, kind),
		.min = CONFIG_KIND_QUERY,
		.words = "query|advertisement",
		.doc = "Only queries, or only advertisements. Default: both.",
	},
	{
		.path = "policies.*[].from",
		.type = SCHEMA_MAP,
		.expected = "a map like {link: NAME} or {group: NAME}",
		.doc = "The provider.",
	},
	{
		.path = "policies.*[].from.link",
		.type = SCHEMA_ONE_OR_LIST,
		FIELD(struct raw_rule, from),
		.min = 1,
		.max = CONFIG_LINKS_MAX,
		.expected = "the name of a link or a list of them",
		.doc = "Its link.",
	},
	{
		.path = "policies.*[].from.group",
		.type = SCHEMA_ONE_OR_LIST,
		FIELD(struct raw_rule, from_group),
		.min = 1,
		.max = 1024,
		.expected = "the name of a group of links or a list of them",
		.doc = "The group of its link.",
	},
	{
		.path = "policies.*[].to",
		.type = SCHEMA_MAP,
		.expected = "a map like {link: NAME} or {group: NAME}",
		.doc = "The consumer.",
	},
	{
		.path = "policies.*[].to.link",
		.type = SCHEMA_ONE_OR_LIST,
		FIELD(struct raw_rule, to),
		.min = 1,
		.max = CONFIG_LINKS_MAX,
		.expected = "the name of a link or a list of them",
		.doc = "Its link.",
	},
	{
		.path = "policies.*[].to.group",
		.type = SCHEMA_ONE_OR_LIST,
		FIELD(struct raw_rule, to_group),
		.min = 1,
		.max = 1024,
		.expected = "the name of a group of links or a list of them",
		.doc = "The group of its link.",
	},
	{
		.path = "pinned",
		.type = SCHEMA_ONE_OR_LIST,
		FIELD(struct draft, pinned),
		.min = 1,
		.max = 512,
		.expected = "a preset, a named set, a service type like _ipp._tcp or a list of "
			    "them",
		.doc = "Services asked for and kept fresh although nobody asks.",
	},
	{
		.path = "gateways",
		.type = SCHEMA_ONE_OR_LIST,
		FIELD(struct draft, gateways),
		.min = 1,
		.max = CONFIG_GATEWAYS_MAX,
		.expected = "a MAC address like \"02:00:00:00:00:01\" or a list of them",
		.doc = "MAC addresses of other gateways on our links, besides those that say so "
		       "themselves: nothing is learned from them, and their queries cause none of "
		       "ours.",
	},
	{
		.path = "control",
		.type = SCHEMA_MAP,
		.restart = true,
		.doc = "The control socket.",
	},
	{
		.path = "control.socket",
		.type = SCHEMA_TEXT,
		.restart = true,
		FIELD(struct draft, config.control.socket),
		.min = 2,
		.max = 107,
		.def = "/run/linkspan/control.sock",
		.check = yaml_check_path,
		.expected = "an absolute path of at most 107 bytes",
		.doc = "Where linkspanctl connects.",
	},
	{
		.path = "control.group",
		.type = SCHEMA_TEXT,
		.restart = true,
		FIELD(struct draft, config.control.group),
		.min = 1,
		.max = 31,
		.check = yaml_check_group,
		.expected = "the name of a Unix group",
		.doc = "The group that may connect. Default: the gateway's own.",
	},
	{
		.path = "eal",
		.type = SCHEMA_OPTIONS,
		.restart = true,
		FIELD(struct draft, eal),
		.max = 256,
		.expected = "a map of EAL options: NAME: VALUE, NAME: [VALUE, ...], or NAME: true "
			    "for a flag",
		.doc = "Long EAL options, passed on to DPDK.",
	},
};

const struct schema_key *yaml_schema(size_t *n)
{
	*n = sizeof(schema) / sizeof(schema[0]);
	return schema;
}

bool yaml_schema_is_child(const struct schema_key *parent, const struct schema_key *key)
{
	const char *rest = key->path;

	if (parent) {
		size_t len = strlen(parent->path);

		if (strncmp(rest, parent->path, len) != 0 || rest[len] != '.')
			return false;
		rest += len + 1;
	}
	return !strchr(rest, '.');
}

size_t yaml_schema_name(const struct schema_key *key, const char **name)
{
	const char *dot = strrchr(key->path, '.');

	*name = dot ? dot + 1 : key->path;
	return strcspn(*name, "[");
}

const struct schema_key *yaml_schema_child(const struct schema_key *parent, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < sizeof(schema) / sizeof(schema[0]); i++) {
		const char *name;

		if (yaml_schema_is_child(parent, &schema[i]) &&
			yaml_schema_name(&schema[i], &name) == len && !memcmp(name, key, len))
			return &schema[i];
	}
	return NULL;
}

const char *yaml_schema_expected(const struct schema_key *key, char *buf, size_t size)
{
	char low[24], high[24];
	const char *what = "";

	if (key->expected) {
		snprintf(buf, size, "%s", key->expected);
		return buf;
	}
	switch (key->type) {
	case SCHEMA_MAP:
	case SCHEMA_NAMED:
		snprintf(buf, size, "a map");
		return buf;
	case SCHEMA_RECORDS:
		snprintf(buf, size, "a list of maps");
		return buf;
	case SCHEMA_WORD:
		snprintf(buf, size, "one of %s", key->words);
		return buf;
	case SCHEMA_UINT:
		what = "an integer";
		break;
	case SCHEMA_SIZE:
		what = "a size";
		break;
	case SCHEMA_DURATION:
		what = "a duration";
		break;
	case SCHEMA_RATE:
		what = "a rate";
		break;
	default:
		snprintf(buf, size, "text");
		return buf;
	}
	yaml_scalar_format(key->type, key->min, low, sizeof(low));
	yaml_scalar_format(key->type, key->max, high, sizeof(high));
	snprintf(buf, size, "%s %s..%s%s%s", what, low, high, key->words ? " or " : "",
		key->words ? key->words : "");
	return buf;
}
