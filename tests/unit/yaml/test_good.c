/* SPDX-License-Identifier: BSD-3-Clause */
#include "load.h"

static const char minimal[] = "ports:\n"
			      "  - {name: p, device: \"kernel:gw0\"}\n"
			      "links: []\n";

Test(good, defaults)
{
	struct config *c = load_good(minimal);

	cr_expect_str_eq(c->file, "t.yaml");
	cr_expect_str_eq(c->gateway.id, "linkspan");
	cr_expect(eq(u32, c->gateway.workers, 0));
	cr_expect(eq(u64, c->gateway.memory, 0));
	cr_expect(eq(int, c->gateway.idle, CONFIG_IDLE_AUTO));
	cr_expect(eq(u32, c->gateway.limits.records, 1000000));
	cr_expect(eq(u32, c->gateway.limits.records_per_station, 1024));
	cr_expect(eq(u32, c->gateway.limits.records_per_link, 100000));
	cr_expect(eq(u64, c->gateway.limits.rendered, 64 << 20));
	cr_expect(eq(u32, c->gateway.limits.ttl, 86400));
	cr_expect_str_eq(c->control.socket, "/run/linkspan/control.sock");
	cr_expect_null(c->control.group);
	cr_expect(eq(u32, c->n_eal, 0));
	cr_expect(eq(u32, c->n_links, 0));
	cr_expect(eq(u32, c->n_policies, 0));
	cr_expect(eq(u32, c->n_sets, 0));
	config_free(c);
}

static const char full[] =
	"gateway:\n"
	"  id: north-agg-1\n"
	"  workers: 2\n"
	"  memory: 1GiB\n"
	"  idle: yield\n"
	"  limits: {records: 500, records_per_station: 10, records_per_link: 20, rendered: 4MiB, "
	"ttl: 90s}\n"
	"ports:\n"
	"  - {name: trunk0, device: \"kernel:gw0\"}\n"
	"  - {name: core, device: \"0000:3B:00.0\"}\n"
	"  - {name: replay, device: \"net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap\"}\n"
	"services:\n"
	"  print: [airprint, _pdl-datastream._tcp]\n"
	"links:\n"
	"  - name: dorm-a\n"
	"    port: trunk0\n"
	"    vlan: 10\n"
	"    addresses: [10.10.0.2/24, \"fd00:10::2/64\"]\n"
	"    prefixes: [10.11.0.0/16]\n"
	"    query_budget: 20/s\n"
	"    announce: true\n"
	"    mode: gateway\n"
	"    mtu: 1280\n"
	"    policy: {in: learn, out: students}\n"
	"  - {name: quiet, port: core, mode: off, type: wireless, conflicts: report}\n"
	"policies:\n"
	"  learn:\n"
	"    - {deny: [_companion-link._tcp, _rdlink._tcp, sleep-proxy]}\n"
	"    - {permit: any}\n"
	"  students:\n"
	"    - {permit: print, from: {link: [quiet, dorm-a, quiet]}, to: {link: dorm-a}}\n"
	"    - permit: any\n"
	"      instance: \"Lecture \\\\* *\"\n"
	"      kind: advertisement\n"
	"    - {deny: any, kind: query}\n"
	"pinned: [_ipp._tcp, print, _ipp._tcp]\n"
	"gateways: \"02:00:00:00:00:0a\"\n"
	"control: {socket: /tmp/c.sock, group: linkspan}\n"
	"eal: {log-level: [\"lib.eal:warning\", x:1], no-huge: , in-memory: true, lcores: 0-1}\n";

Test(good, gateway_and_ports)
{
	struct config *c = load_good(full);

	cr_expect_str_eq(c->gateway.id, "north-agg-1");
	cr_expect(eq(u32, c->gateway.workers, 2));
	cr_expect(eq(u64, c->gateway.memory, 1ull << 30));
	cr_expect(eq(int, c->gateway.idle, CONFIG_IDLE_YIELD));
	cr_expect(eq(u32, c->gateway.limits.records, 500));
	cr_expect(eq(u32, c->gateway.limits.records_per_station, 10));
	cr_expect(eq(u32, c->gateway.limits.records_per_link, 20));
	cr_expect(eq(u64, c->gateway.limits.rendered, 4 << 20));
	cr_expect(eq(u32, c->gateway.limits.ttl, 90));
	cr_assert(eq(u32, c->n_ports, 3));
	cr_expect_str_eq(c->ports[0].name, "trunk0");
	cr_expect(eq(int, c->ports[0].kind, CONFIG_DEVICE_KERNEL));
	cr_expect_str_eq(c->ports[0].target, "gw0");
	cr_expect(eq(int, c->ports[1].kind, CONFIG_DEVICE_PCI));
	cr_expect_str_eq(c->ports[1].device, "0000:3B:00.0");
	cr_expect_str_eq(c->ports[1].target, "0000:3b:00.0");
	cr_expect(eq(int, c->ports[2].kind, CONFIG_DEVICE_VDEV));
	cr_expect(eq(u32, c->ports[2].pos.line, 10));
	cr_expect(eq(u32, c->ports[2].pos.col, 5));
	cr_expect_str_eq(c->control.socket, "/tmp/c.sock");
	cr_expect_str_eq(c->control.group, "linkspan");
	config_free(c);
}

Test(good, links)
{
	struct config *c = load_good(full);
	const struct config_link *link = c->links;
	char text[PREFIX_TEXT_SIZE];

	cr_assert(eq(u32, c->n_links, 2));
	cr_expect_str_eq(link->name, "dorm-a");
	cr_expect(eq(u32, link->port, 0));
	cr_expect(eq(u16, link->vlan, 10));
	cr_expect(eq(u16, link->mtu, 1280));
	cr_expect(eq(int, link->mode, CONFIG_LINK_GATEWAY));
	cr_expect(eq(u32, link->query_budget, 20));
	cr_expect(link->announce);
	cr_expect_not(link->conflicts_report);
	cr_expect_not(link->wireless);
	cr_assert(eq(u32, link->n_addresses, 2));
	cr_expect_str_eq(prefix_format(&link->addresses[0], text), "10.10.0.2/24");
	cr_expect_str_eq(prefix_format(&link->addresses[1], text), "fd00:10::2/64");
	cr_assert(eq(u32, link->n_prefixes, 1));
	cr_expect_str_eq(prefix_format(&link->prefixes[0], text), "10.11.0.0/16");
	cr_expect(eq(u32, link->policy_in, 0));
	cr_expect(eq(u32, link->policy_out, 1));
	cr_expect(eq(u32, link->pos.line, 14));
	cr_expect(eq(u32, link->pos.col, 5));

	link++;
	cr_expect_str_eq(link->name, "quiet");
	cr_expect(eq(u32, link->port, 1));
	cr_expect(eq(u16, link->vlan, 0));
	cr_expect(eq(u16, link->mtu, 0));
	cr_expect(eq(int, link->mode, CONFIG_LINK_OFF));
	cr_expect(eq(u32, link->query_budget, 20));
	cr_expect(link->wireless);
	cr_expect_not(link->announce);
	cr_expect(link->conflicts_report);
	cr_expect(eq(u32, link->n_addresses, 0));
	cr_expect(eq(u32, link->policy_in, CONFIG_NO_POLICY));
	cr_expect(eq(u32, link->policy_out, CONFIG_NO_POLICY));
	config_free(c);
}

Test(good, gateways)
{
	static const struct mac_addr mac = {{2, 0, 0, 0, 0, 0x0a}};
	struct config *c = load_good(full);

	cr_assert(eq(u32, c->n_gateways, 1));
	cr_expect(mac_equal(&c->gateways[0], &mac));
	config_free(c);
}

Test(good, pinned)
{
	struct config *c = load_good(full);

	/* Presets and sets flattened, none twice. */
	cr_assert(c->pinned.n_types > 2);
	cr_expect_str_eq(c->pinned.types[0].type, "_ipp._tcp");
	for (uint32_t i = 1; i < c->pinned.n_types; i++)
		cr_expect_str_neq(c->pinned.types[i].type, "_ipp._tcp");
	cr_expect_str_eq(c->pinned.types[c->pinned.n_types - 1].type, "_pdl-datastream._tcp");
	config_free(c);
}

Test(good, rules)
{
	struct config *c = load_good(full);
	const struct config_rule *rule;

	cr_assert(eq(u32, c->n_policies, 2));
	cr_expect_str_eq(c->policies[0].name, "learn");
	cr_expect(eq(u32, c->policies[0].pos.line, 26));
	cr_expect(eq(u32, c->policies[0].pos.col, 3));
	cr_assert(eq(u32, c->policies[0].n_rules, 2));
	rule = &c->policies[0].rules[0];
	cr_expect_not(rule->permit);
	cr_expect(eq(int, rule->kind, CONFIG_KIND_BOTH));
	cr_assert(eq(u32, rule->services.n_types, 3));
	cr_expect_str_eq(rule->services.types[2].type, "_sleep-proxy._udp");
	cr_expect_str_eq(rule->services.types[2].via, "sleep-proxy");
	cr_expect_null(rule->instance);
	cr_expect(eq(u32, rule->from.n, 0));

	cr_assert(eq(u32, c->policies[1].n_rules, 3));
	rule = c->policies[1].rules;
	cr_expect(rule->permit);
	cr_assert(eq(u32, rule->from.n, 2));
	cr_expect(eq(u32, rule->from.links[0], 0));
	cr_expect(eq(u32, rule->from.links[1], 1));
	cr_assert(eq(u32, rule->to.n, 1));
	cr_expect(eq(u32, rule->to.links[0], 0));
	cr_expect(eq(u32, rule->pos.line, 30));
	cr_expect(eq(u32, rule->pos.col, 7));
	cr_expect_str_eq(rule[1].instance, "Lecture \\* *");
	cr_expect(eq(int, rule[1].kind, CONFIG_KIND_ADVERTISEMENT));
	cr_expect(rule[1].services.any);
	cr_expect(eq(u32, rule[1].pos.line, 31));
	cr_expect(eq(u32, rule[1].pos.col, 7));
	cr_expect(eq(int, rule[2].kind, CONFIG_KIND_QUERY));
	cr_expect_not(rule[2].permit);
	config_free(c);
}

Test(good, eal_options_become_arguments)
{
	static const char *const expected[] = {"--log-level=lib.eal:warning", "--log-level=x:1",
		"--no-huge", "--in-memory", "--lcores=0-1"};
	struct config *c = load_good(full);

	cr_assert(eq(u32, c->n_eal, 5));
	for (uint32_t i = 0; i < c->n_eal; i++)
		cr_expect_str_eq(c->eal[i], expected[i]);
	config_free(c);
}

Test(good, names_may_look_like_other_yaml_types)
{
	struct config *c = load_good("gateway: {id: 123, workers: auto, memory: auto}\n"
				     "ports: [{name: yes, device: \"tap:t0\"}]\n"
				     "links: [{name: 1.5, port: yes, mode: off}]\n");

	cr_expect_str_eq(c->gateway.id, "123");
	cr_expect_str_eq(c->ports[0].name, "yes");
	cr_expect_str_eq(c->links[0].name, "1.5");
	config_free(c);
}

Test(good, warnings_refuse_nothing)
{
	expect_lines("ports: [{name: p, device: \"tap:t0\"}]\n"
		     "links:\n"
		     "  - {name: a, port: p}\n"
		     "  - {name: b, port: p, vlan: 1, policy: {in: used}}\n"
		     "policies:\n"
		     "  used:\n"
		     "    - {permit: any, kind: query}\n"
		     "    - {permit: any}\n"
		     "    - {deny: web}\n"
		     "    - {deny: chat}\n"
		     "  unused: []\n",
		"t.yaml:3:5: warning: links[0]: found no policy: nothing is learned from this link "
		"and nothing shown to it\n"
		"t.yaml:9:7: warning: policies.used[2]: never reached: the rule at line 8 matches "
		"all that this one does\n"
		"t.yaml:11:3: warning: policies.unused: no link uses this policy\n");
}

Test(good, stations_and_places)
{
	struct config *c = load_good(
		"ports: [{name: p, device: \"tap:t0\"}]\n"
		"locations: {campus: {north: {dorm: {f1: {}, f2: ~}}, south: {}}}\n"
		"links: [{name: l, port: p, location: campus/north, policy: {in: x, out: y}}]\n"
		"stations:\n"
		"  - {mac: \"02:00:00:00:00:09\", user: ann, role: staff}\n"
		"  - {mac: \"02:00:00:00:00:01\", location: campus/north/dorm/f2}\n"
		"policies:\n"
		"  x: [{permit: any}]\n"
		"  y:\n"
		"    - {permit: any, txt: \"Model=Apple*\", when: {same: location, level: 3}, "
		"nearest: 4}\n"
		"    - {permit: any, role: staff, user: [ann, bob]}\n"
		"    - {permit: any, from: {station: [\"02:00:00\", \"02:00:00\", "
		"\"aa:bb:cc:dd:ee:ff\"], location: [campus/south, campus]}}\n"
		"    - {permit: any, when: {same: user}}\n");
	const struct config_rule *r = c->policies[1].rules;

	cr_assert_eq(c->n_locations, 6);
	cr_expect_str_eq(c->locations[4].path, "campus/north/dorm/f2");
	cr_expect_eq(c->locations[4].level, 4);
	cr_expect_eq(c->locations[4].parent, 2);
	cr_expect_eq(c->locations[0].parent, CONFIG_NO_LOCATION);
	cr_expect_eq(c->links[0].location, 1);
	cr_assert_eq(c->n_stations, 2);
	cr_expect_eq(c->stations[0].mac.b[5], 1);
	cr_expect_eq(c->stations[0].location, 4);
	cr_expect_str_eq(c->stations[1].user, "ann");
	cr_expect_eq(c->stations[1].location, CONFIG_NO_LOCATION);
	cr_expect_str_eq(r[0].txt, "Model=Apple*");
	cr_expect_eq(r[0].same, CONFIG_SAME_LOCATION);
	cr_expect_eq(r[0].level, 3);
	cr_expect_eq(r[0].nearest, 4);
	cr_expect_eq(r[1].to_who.n_roles, 1);
	cr_expect_eq(r[1].to_who.n_users, 2);
	cr_expect_str_eq(r[1].to_who.users[1], "bob");
	cr_expect_eq(r[1].same, CONFIG_SAME_NONE);
	cr_expect_eq(r[2].from_who.n_macs, 2);
	cr_expect_eq(r[2].from_who.macs[0].bits, 24);
	cr_expect_eq(r[2].from_who.macs[1].bits, 48);
	cr_expect_eq(r[2].from_who.n_locations, 2);
	cr_expect_eq(r[2].from_who.locations[0], 0);
	cr_expect_eq(r[3].same, CONFIG_SAME_USER);
	config_free(c);
}

Test(good, admission)
{
#define LINKS_OF "ports: [{name: p, device: \"tap:t0\"}]\nlinks: [{name: l, port: p, mode: off}]\n"
	struct config *c = load_good(LINKS_OF);

	cr_expect_not(c->admission.off);
	cr_expect_eq(c->admission.station_queries, 50);
	cr_expect_eq(c->admission.station_burst, 100);
	cr_expect_eq(c->admission.link_advertisements, 20000);
	cr_expect_eq(c->admission.link_unknown, 500);
	cr_expect_eq(c->admission.misses_station, 5);
	cr_expect_eq(c->admission.misses_gateway, 500);
	config_free(c);
	c = load_good(LINKS_OF "admission: off\n");
	cr_expect(c->admission.off);
	config_free(c);
	c = load_good(LINKS_OF "admission: {station: {queries: 7/s}, link: {unknown: 9/s}, "
			       "misses: {station: 2/s}}\n");
	cr_expect_not(c->admission.off);
	cr_expect_eq(c->admission.station_queries, 7);
	cr_expect_eq(c->admission.station_advertisements, 50);
	cr_expect_eq(c->admission.link_unknown, 9);
	cr_expect_eq(c->admission.misses_station, 2);
	cr_expect_eq(c->admission.misses_gateway, 500);
	config_free(c);
}

Test(good, delivery_follows_the_type)
{
	struct config *c = load_good(
		"ports: [{name: p, device: \"tap:t0\"}]\n"
		"links:\n"
		"  - {name: a, port: p, vlan: 1, mode: off}\n"
		"  - {name: b, port: p, vlan: 2, mode: off, type: wireless}\n"
		"  - {name: c, port: p, vlan: 3, mode: off, type: wireless, delivery: multicast}\n"
		"  - {name: d, port: p, vlan: 4, mode: off, delivery: unicast, bridged: false}\n");

	cr_expect_not(c->links[0].unicast);
	cr_expect(c->links[1].unicast);
	cr_expect_not(c->links[2].unicast);
	cr_expect(c->links[3].unicast);
	cr_expect_not(c->links[1].isolated);
	cr_expect(c->links[3].isolated);
	config_free(c);
}

Test(good, wireless_and_radius)
{
	struct config *c = load_good(
		"ports: [{name: p, device: \"tap:t0\"}]\n"
		"locations: {c: {hall: {}}}\n"
		"links: [{name: l, port: p, type: wireless, require: [own-address, authenticated], "
		"silence: 10m, policy: {in: x}}, {name: m, port: p, vlan: 2, require: "
		"on-link-address, "
		"policy: {in: x}}]\n"
		"stations:\n"
		"  - {mac: \"02:00:00:00:00:01\", ap: ap-17, authenticated: true, addresses: "
		"[10.0.0.7, \"2001:db8:0:7::/64\"]}\n"
		"  - {mac: \"02:00:00:00:00:02\", authenticated: false}\n"
		"policies: {x: [{permit: any}]}\n"
		"radius: {listen: \"[::1]:1813\", secret_file: /s, roles: {b: staff, a: student}, "
		"locations: {\"00-10-A4-23-19-C0\": c/hall}}\n"
		"metrics: {listen: \"127.0.0.1:9153\"}\n");
	const struct config_radius *r = &c->radius;

	cr_expect_eq(c->links[0].require, CONFIG_REQUIRE_AUTHENTICATED | CONFIG_REQUIRE_OWN);
	cr_expect_eq(c->links[0].silence, 600);
	cr_expect_eq(c->links[1].require, CONFIG_REQUIRE_ON_LINK);
	cr_expect_eq(c->links[1].silence, 0);
	cr_expect_str_eq(c->stations[0].ap, "ap-17");
	cr_expect_eq(c->stations[0].authenticated, CONFIG_AUTHENTICATED_YES);
	cr_assert_eq(c->stations[0].n_addresses, 2);
	cr_expect_eq(c->stations[0].addresses[0].len, 32);
	cr_expect_eq(c->stations[0].addresses[1].len, 64);
	cr_expect_eq(c->stations[1].authenticated, CONFIG_AUTHENTICATED_NO);
	cr_expect_eq(r->listen.family, 6);
	cr_expect_eq(r->port, 1813);
	cr_expect_eq(c->metrics.listen.family, 4);
	cr_expect_eq(c->metrics.port, 9153);
	cr_expect_eq(r->n_clients, 2, "this machine, over both families");
	cr_assert_eq(r->n_roles, 2);
	cr_expect_str_eq(r->roles[0].key, "a");
	cr_expect_str_eq(r->roles[0].role, "student");
	cr_assert_eq(r->n_locations, 1);
	cr_expect_str_eq(r->locations[0].key, "00:10:a4:23:19:c0");
	cr_expect_eq(r->locations[0].location, 1);
	config_free(c);
}
