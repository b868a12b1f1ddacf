/* SPDX-License-Identifier: BSD-3-Clause */
#include "load.h"

/* Every line that a bad file gets, with its place. */

#define PORT "ports: [{name: p, device: \"tap:t0\"}]\n"
#define LINK "links: [{name: l, port: p, mode: off}]\n"
#define KEYS                                                                                       \
	"expected one of gateway, ports, locations, roles, services, links, policies, stations, "  \
	"stations_file, pinned, gateways, admission, audit, radius, metrics, control, eal"

Test(bad, required_keys)
{
	expect_lines("gateway: {}\n", "t.yaml:1:1: ports: found nothing, expected a list of maps "
				      "(required)\n"
				      "t.yaml:1:1: links: found nothing, expected a list of maps "
				      "(required)\n");
	expect_lines("ports: []\n" LINK,
		"t.yaml:1:8: ports: found an empty list, expected a list of maps\n");
	expect_lines("ports:\n"
		     "  - {name: p}\n"
		     "  - {device: \"tap:t1\"}\n"
		     "links:\n"
		     "  - {}\n",
		"t.yaml:2:5: ports[0].device: found nothing, expected kernel:IF, xdp:IF, tap:NAME, "
		"a PCI address like 0000:3b:00.0 or a DPDK vdev like net_pcap0,rx_pcap=FILE "
		"(required)\n"
		"t.yaml:3:5: ports[1].name: found nothing, expected a name of 1 to 31 characters: "
		"letters, digits and . _ : / - (required)\n"
		"t.yaml:5:5: links[0].name: found nothing, expected a name of 1 to 63 characters: "
		"letters, digits and . _ : / - (required)\n"
		"t.yaml:5:5: links[0].port: found nothing, expected the name of a port (required)\n"
		"t.yaml:5:5: warning: links[0]: found no policy: nothing is learned from this link "
		"and nothing shown to it\n");
}

Test(bad, unknown_keys)
{
	expect_lines("gatway: {}\n"
		     "metric: {listen: x}\n"
		     "gateway: {domains: [local], limits: {station: 1, record: 1}}\n" PORT
		     "links: [{name: l, port: p, mode: off, vlans: 1, kind: wireless}]\n"
		     "policies: {x: [{permit: any, whem: {same: user}}, {allow: any}]}\n",
		"t.yaml:1:1: gatway: found an unknown key, " KEYS " (did you mean \"gateway\"?)\n"
		"t.yaml:2:1: metric: found an unknown key, " KEYS " (did you mean \"metrics\"?)\n"
		"t.yaml:3:11: gateway.domains: found an unknown key, expected one of id, workers, "
		"memory, idle, sandbox, limits\n"
		"t.yaml:3:38: gateway.limits.station: found an unknown key, expected one of "
		"records, stations, records_per_station, records_per_link, records_per_type, "
		"rendered, ttl (did you "
		"mean "
		"\"stations\"?)\n"
		"t.yaml:3:50: gateway.limits.record: found an unknown key, expected one of "
		"records, stations, records_per_station, records_per_link, records_per_type, "
		"rendered, ttl (did you "
		"mean "
		"\"records\"?)\n"
		"t.yaml:5:39: links[0].vlans: found an unknown key, expected one of name, port, "
		"vlan, addresses, prefixes, mode, type, delivery, bridged, require, silence, mtu, "
		"query_budget, "
		"announce, "
		"conflicts, group, location, policy (did you "
		"mean "
		"\"vlan\"?)\n"
		"t.yaml:5:49: links[0].kind: found an unknown key, expected one of name, port, "
		"vlan, "
		"addresses, prefixes, mode, type, delivery, bridged, require, silence, mtu, "
		"query_budget, announce, "
		"conflicts, group, location, policy\n"
		"t.yaml:6:12: warning: policies.x: no link uses this policy\n"
		"t.yaml:6:30: policies.x[0].whem: found an unknown key, expected one of permit, "
		"deny, instance, kind, txt, role, user, when, nearest, audit, from, to (did you "
		"mean "
		"\"when\"?)\n"
		"t.yaml:6:52: policies.x[1].allow: found an unknown key, expected one of permit, "
		"deny, instance, kind, txt, role, user, when, nearest, audit, from, to\n");
}

Test(bad, gateway_values)
{
	expect_lines("gateway:\n"
		     "  id: North_1\n"
		     "  workers: 65\n"
		     "  memory: 1GB\n"
		     "  idle: never\n"
		     "  limits:\n"
		     "    records: 0\n"
		     "    records_per_station: \"5\"\n"
		     "    records_per_link: ~\n"
		     "    ttl: 8d\n" PORT LINK,
		"t.yaml:2:7: gateway.id: found \"North_1\", expected 1 to 31 characters of a-z, "
		"0-9 "
		"and -\n"
		"t.yaml:3:12: gateway.workers: found \"65\", expected an integer 1..64 or auto\n"
		"t.yaml:4:11: gateway.memory: found \"1GB\", expected a size 64MiB..1TiB or auto\n"
		"t.yaml:5:9: gateway.idle: found \"never\", expected one of auto|poll|yield|sleep\n"
		"t.yaml:7:14: gateway.limits.records: found \"0\", expected an integer "
		"1..10000000\n"
		"t.yaml:8:26: gateway.limits.records_per_station: found \"5\" in quotes, expected "
		"an "
		"integer 1..10000000\n"
		"t.yaml:9:23: gateway.limits.records_per_link: found nothing, expected an integer "
		"1..10000000\n"
		"t.yaml:10:10: gateway.limits.ttl: found \"8d\", expected a duration 1s..7d\n");
}

Test(bad, wrong_types)
{
	expect_lines("gateway: [1]\n"
		     "ports: {name: p}\n"
		     "services: [web]\n"
		     "links: l\n"
		     "policies: 5\n"
		     "control:\n"
		     "eal: x\n",
		"t.yaml:1:10: gateway: found a list, expected a map\n"
		"t.yaml:2:8: ports: found a map, expected a list of maps\n"
		"t.yaml:3:11: services: found a list, expected a map of named sets\n"
		"t.yaml:4:8: links: found \"l\", expected a list of maps\n"
		"t.yaml:5:11: policies: found \"5\", expected a map of policies\n"
		"t.yaml:6:9: control: found nothing, expected a map\n"
		"t.yaml:7:6: eal: found \"x\", expected a map of EAL options: NAME: VALUE, NAME: "
		"[VALUE, ...], or NAME: true for a flag\n");
	expect_lines("gateway: {id: [a], workers: {}, idle: []}\n" PORT "links:\n"
		     "  - l\n"
		     "  - {name: {}, port: [p], vlan: [1, 2], addresses: 10.0.0.1/24, policy: x}\n"
		     "  - {name: m, port: p, addresses: [[10.0.0.1/24], ~], mtu: 1.5e3, "
		     "query_budget: 20, mode: on}\n",
		"t.yaml:1:15: gateway.id: found a list, expected 1 to 31 characters of a-z, 0-9 "
		"and "
		"-\n"
		"t.yaml:1:29: gateway.workers: found an empty map, expected an integer 1..64 or "
		"auto\n"
		"t.yaml:1:39: gateway.idle: found an empty list, expected one of "
		"auto|poll|yield|sleep\n"
		"t.yaml:4:5: links[0]: found \"l\", expected a map\n"
		"t.yaml:5:12: links[1].name: found an empty map, expected a name of 1 to 63 "
		"characters: letters, digits and . _ : / -\n"
		"t.yaml:5:22: links[1].port: found a list, expected the name of a port\n"
		"t.yaml:5:33: links[1].vlan: found a list, expected a VLAN id 1..4094, 0 for "
		"untagged, or a range \"10-59\"\n"
		"t.yaml:5:52: links[1].addresses: found \"10.0.0.1/24\", expected a list of "
		"addresses with prefix length like 10.0.0.2/24\n"
		"t.yaml:5:73: links[1].policy: found \"x\", expected a map like {in: POLICY, out: "
		"POLICY}\n"
		"t.yaml:6:5: warning: links[2]: found no policy: nothing is learned from this link "
		"and nothing shown to it\n"
		"t.yaml:6:36: links[2].addresses[0]: found a list, expected text\n"
		"t.yaml:6:51: links[2].addresses[1]: found nothing, expected text\n"
		"t.yaml:6:60: links[2].mtu: found \"1.5e3\", expected an integer 576..9000\n"
		"t.yaml:6:81: links[2].query_budget: found \"20\", expected a rate 1/s..100000/s\n"
		"t.yaml:6:91: links[2].mode: found \"on\", expected one of gateway|off|filter\n");
}

Test(bad, ports)
{
	expect_lines("ports:\n"
		     "  - {name: a, device: \"kernel:gw0\"}\n"
		     "  - {name: a, device: gw1}\n"
		     "  - {name: \"b c\", device: \"xdp:gw0\"}\n"
		     "  - {name: d, device: \"0000:3b:00.0\"}\n"
		     "  - {name: e, device: \"3B:00.0\"}\n"
		     "links: []\n",
		"t.yaml:3:12: ports[1].name: found \"a\", expected a name of its own (ports[0] at "
		"line 2 has it)\n"
		"t.yaml:3:23: ports[1].device: found \"gw1\", expected kernel:IF, xdp:IF, "
		"tap:NAME, "
		"a PCI address like 0000:3b:00.0 or a DPDK vdev like net_pcap0,rx_pcap=FILE\n"
		"t.yaml:4:12: ports[2].name: found \"b c\", expected a name of 1 to 31 characters: "
		"letters, digits and . _ : / -\n"
		"t.yaml:4:27: ports[2].device: found \"xdp:gw0\", expected a device of its own "
		"(ports[0] at line 2 has it)\n"
		"t.yaml:6:23: ports[4].device: found \"3B:00.0\", expected a device of its own "
		"(ports[3] at line 5 has it)\n");
}

Test(bad, more_ports_than_dpdk_has_room_for)
{
	char text[4096] = "links: []\nports:\n";

	for (int i = 0; i < 33; i++)
		sprintf(text + strlen(text), "  - {name: p%d, device: \"tap:t%d\"}\n", i, i);
	expect_lines(text, "t.yaml:3:3: ports: found 33 entries, expected at most 32\n");
}

Test(bad, unknown_names)
{
	expect_lines(PORT
		"links:\n"
		"  - {name: staff, port: trunk, policy: {in: studnts, out: ~}}\n"
		"  - {name: rooms, port: P, vlan: 2, policy: {in: staff, out: students}}\n"
		"policies:\n"
		"  students: [{permit: any, from: {link: staf}, to: {link: [rooms, x]}}]\n",
		"t.yaml:3:25: links[0].port: found \"trunk\", expected the name of a port\n"
		"t.yaml:3:45: links[0].policy.in: found \"studnts\", expected the name of a policy "
		"(did you mean \"students\"?)\n"
		"t.yaml:3:59: links[0].policy.out: found nothing, expected the name of a policy\n"
		"t.yaml:4:25: links[1].port: found \"P\", expected the name of a port\n"
		"t.yaml:4:50: links[1].policy.in: found \"staff\", expected the name of a policy\n"
		"t.yaml:6:41: policies.students[0].from.link: found \"staf\", expected the name of "
		"a "
		"link (did you mean \"staff\"?)\n"
		"t.yaml:6:67: policies.students[0].to.link[1]: found \"x\", expected the name of a "
		"link\n");
}

Test(bad, rules)
{
	expect_lines(PORT "links: [{name: l, port: p, policy: {in: x}}]\n"
			  "policies:\n"
			  "  x:\n"
			  "    - {permit: web, deny: chat}\n"
			  "    - {}\n"
			  "    - {instance: a}\n"
			  "    - {permit: web, instance: \"a\\\\\"}\n"
			  "    - {permit: web, instance: \"\"}\n"
			  "    - {permit: web, kind: both}\n"
			  "    - {permit: web, from: {}}\n"
			  "    - {permit: web, from: l}\n"
			  "    - {permit: web, to: {link: []}}\n"
			  "    - permit\n"
			  "    - {permit: ~}\n",
		"t.yaml:5:7: policies.x[0]: found both permit and deny, expected one of them\n"
		"t.yaml:6:7: policies.x[1]: found neither permit nor deny, expected one of them\n"
		"t.yaml:7:7: policies.x[2]: found neither permit nor deny, expected one of them\n"
		"t.yaml:8:31: policies.x[3].instance: found \"a\\\", expected a glob of 1 to 255 "
		"bytes "
		"(* ? and \\ before a literal character) that a name of 63 bytes can match\n"
		"t.yaml:9:31: policies.x[4].instance: found \"\", expected a glob of 1 to 255 "
		"bytes "
		"(* ? and \\ before a literal character) that a name of 63 bytes can match\n"
		"t.yaml:10:27: policies.x[5].kind: found \"both\", expected one of "
		"query|advertisement\n"
		"t.yaml:11:27: policies.x[6].from: found an empty map, expected a map like {link: "
		"NAME}, {group: NAME} or {role: NAME}\n"
		"t.yaml:12:27: policies.x[7].from: found \"l\", expected a map like {link: "
		"NAME}, {group: NAME} or {role: NAME}\n"
		"t.yaml:13:32: policies.x[8].to.link: found an empty list, expected the name of a "
		"link or a list of them\n"
		"t.yaml:14:7: policies.x[9]: found \"permit\", expected a map\n"
		"t.yaml:15:16: policies.x[10].permit: found nothing, expected a preset, a named "
		"set, "
		"a service type like _ipp._tcp or a list of them\n");
}

Test(bad, control_and_eal)
{
	expect_lines(PORT LINK "control: {socket: run/c.sock, group: \"a b\"}\n"
			       "eal:\n"
			       "  --log-level: x\n"
			       "  l: 0-1\n"
			       "  no-huge: false\n"
			       "  vdev: [{}, a]\n"
			       "  allow: {a: b}\n",
		"t.yaml:3:19: control.socket: found \"run/c.sock\", expected an absolute path of "
		"at "
		"most 107 bytes\n"
		"t.yaml:3:38: control.group: found \"a b\", expected the name of a Unix group\n"
		"t.yaml:5:3: eal.--log-level: found no long EAL option, expected its name without "
		"dashes in front, like log-level\n"
		"t.yaml:6:3: eal.l: found no long EAL option, expected its name without dashes in "
		"front, like log-level\n"
		"t.yaml:7:12: eal.no-huge: found \"false\", expected text, a list of texts, or "
		"true "
		"for a flag without a value; leave out what is not set\n"
		"t.yaml:8:10: eal.vdev[0]: found an empty map, expected text\n"
		"t.yaml:9:10: eal.allow: found a map, expected text, a list of texts, or true for "
		"a "
		"flag without a value\n");
}

Test(bad, socket_path_fits_its_address)
{
	char text[400], expected[400], path[110];
	struct config *config;

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[107] = '\0';
	sprintf(text, PORT LINK "control: {socket: %s}\n", path);
	config = load_good(text);
	cr_expect_str_eq(config->control.socket, path);
	config_free(config);
	path[107] = 'a';
	path[108] = '\0';
	sprintf(text, PORT LINK "control: {socket: %s}\n", path);
	sprintf(expected,
		"t.yaml:3:19: control.socket: found \"%.93s...\", expected an absolute path of at "
		"most 107 bytes\n",
		path);
	expect_lines(text, expected);
}

Test(bad, gateways)
{
	expect_lines(
		"gateways: [\"02:00:00:00:00:01\", \"01:00:5e:00:00:fb\", north, 7]\n" PORT LINK,
		"t.yaml:1:33: gateways[1]: found \"01:00:5e:00:00:fb\", expected the MAC address "
		"of a station like \"02:00:00:00:00:01\"\n"
		"t.yaml:1:54: gateways[2]: found \"north\", expected the MAC address of a station "
		"like \"02:00:00:00:00:01\"\n"
		"t.yaml:1:61: gateways[3]: found \"7\", expected the MAC address of a station like "
		"\"02:00:00:00:00:01\"\n");
}

Test(bad, pinned)
{
	expect_lines("ports: [{name: p, device: \"tap:t\"}]\n"
		     "links: [{name: l, port: p, announce: yes}]\n"
		     "pinned: [airprint, any, _ipp]\n",
		"t.yaml:2:9: warning: links[0]: found no policy: nothing is learned from this "
		"link and nothing shown to it\n"
		"t.yaml:2:38: links[0].announce: found \"yes\", expected one of false|true\n"
		"t.yaml:3:9: pinned: found a list, expected presets, sets and service types that "
		"name types: not any or workstation\n"
		"t.yaml:3:25: pinned[2]: found \"_ipp\", expected a service type like _ipp._tcp or "
		"_sip._udp\n");
}

#define TREE "locations: {campus: {north: {a: {}, b: {}}, south: {}}}\n"
#define WITH(rules)                                                                                \
	PORT TREE "links: [{name: l, port: p, policy: {in: i, out: x}}]\n"                         \
		  "policies:\n  i: [{permit: any}]\n  x:\n" rules

Test(bad, criteria_of_stations)
{
	expect_lines(WITH("    - {permit: any, to: {location: campus/nort}}\n"
			  "    - {permit: any, from: {station: \"02:00:0\"}}\n"
			  "    - {permit: any, from: {station: \"01:00\"}}\n"
			  "    - {permit: any, txt: \"=x\"}\n"
			  "    - {permit: any, role: a, to: {role: b}}\n"
			  "    - {permit: any, user: [ann, \"\"]}\n") "roles: [a, b]\n",
		"t.yaml:7:36: policies.x[0].to.location: found \"campus/nort\", expected the path "
		"of a location (did you mean \"campus/north\"?)\n"
		"t.yaml:8:37: policies.x[1].from.station: found \"02:00:0\", expected a MAC "
		"address "
		"or its first octets, like \"02:00:00\"\n"
		"t.yaml:9:37: policies.x[2].from.station: found \"01:00\", expected a MAC address "
		"or its first octets, like \"02:00:00\"\n"
		"t.yaml:10:26: policies.x[3].txt: found \"=x\", expected KEY=GLOB, or KEY alone: "
		"an "
		"attribute of the TXT record and a glob over its value\n"
		"t.yaml:11:27: policies.x[4].role: found to.role as well, expected one of them\n"
		"t.yaml:12:33: policies.x[5].user[1]: found \"\", expected a name of 1 to 63 "
		"bytes\n");
}

Test(bad, relations)
{
	expect_lines(WITH("    - {permit: any, when: {same: floor}}\n"
			  "    - {permit: any, when: {level: 2}}\n"
			  "    - {permit: any, when: {same: user, level: 2}}\n"
			  "    - {permit: any, when: {same: location, level: 13}}\n"
			  "    - {deny: any, nearest: 3}\n"
			  "    - {permit: any, nearest: 0}\n"
			  "    - {permit: any, kind: query, nearest: 1}\n"),
		"t.yaml:7:34: policies.x[0].when.same: found \"floor\", expected one of "
		"user|role|location\n"
		"t.yaml:8:27: policies.x[1].when.same: found nothing, expected one of "
		"user|role|location (required)\n"
		"t.yaml:9:47: policies.x[2].when.level: found a level, expected it with same: "
		"location only\n"
		"t.yaml:10:51: policies.x[3].when.level: found \"13\", expected an integer 1..12\n"
		"t.yaml:11:19: policies.x[4].nearest: found in a rule that denies, expected in one "
		"that permits\n"
		"t.yaml:12:30: policies.x[5].nearest: found \"0\", expected an integer 1..1000\n"
		"t.yaml:13:34: policies.x[6].nearest: found in a rule for queries, which count no "
		"instances\n");
	/* What is learned has no consumer yet. */
	expect_lines(PORT "links: [{name: l, port: p, policy: {in: x}}]\n"
			  "policies:\n  x:\n"
			  "    - {permit: any, when: {same: user}}\n"
			  "    - {permit: any, nearest: 1}\n",
		"t.yaml:5:21: policies.x[0].when: found in a policy that links have as in: what "
		"they "
		"learn has no consumer yet\n"
		"t.yaml:6:21: policies.x[1].nearest: found in a policy that links have as in: what "
		"they learn has no consumer yet\n");
}

Test(bad, wireless_and_radius)
{
	expect_lines(PORT
		"locations: {c: {}}\nroles: [staff]\n"
		"links: [{name: l, port: p, mode: off, require: [authenticated, on-link], silence: "
		"1s}]\n"
		"stations:\n"
		"  - {mac: \"02:00:00:00:00:01\", authenticated: maybe, addresses: [10.0.0.1, "
		"10.0.0.0.1]}\n"
		"  - {mac: \"02:00:00:00:00:02\", addresses: 10.0.0.1}\n"
		"  - {mac: \"02:00:00:00:00:03\", addresses: [10.0.0.1/24]}\n"
		"radius:\n"
		"  listen: 127.0.0.1\n"
		"  clients: [10.0.0.0/8, local]\n"
		"  roles: {students: student, Staff: staff}\n"
		"  locations: {\"00-10-A4-23-19-C0\": c, \"00:10:a4:23:19:c0\": c, ap: d, x: {}}\n"
		"metrics: {listen: \"::1:9153\"}\n",
		"t.yaml:4:64: links[0].require[1]: found \"on-link\", expected authenticated, "
		"on-link-address or own-address\n"
		"t.yaml:4:83: links[0].silence: found \"1s\", expected a duration 10s..7d or off\n"
		"t.yaml:6:47: stations[0].authenticated: found \"maybe\", expected one of "
		"false|true\n"
		"t.yaml:6:76: stations[0].addresses[1]: found \"10.0.0.0.1\", expected an address "
		"like 10.0.0.7, or a prefix like 10.0.0.0/24 without host bits\n"
		"t.yaml:7:43: stations[1].addresses: found an address of the station at line 6, "
		"expected others\n"
		"t.yaml:8:44: stations[2].addresses[0]: found \"10.0.0.1/24\", expected an address "
		"like 10.0.0.7, or a prefix like 10.0.0.0/24 without host bits\n"
		"t.yaml:10:3: radius.secret_file: found nothing, expected an absolute path, since "
		"listen is there (required)\n"
		"t.yaml:10:11: radius.listen: found \"127.0.0.1\", expected an address with a port "
		"like \"127.0.0.1:1813\" or \"[::1]:1813\"\n"
		"t.yaml:11:25: radius.clients[1]: found \"local\", expected an address like "
		"10.0.0.7, or a prefix like 10.0.0.0/24 without host bits\n"
		"t.yaml:12:21: radius.roles.students: found \"student\", expected one of the roles "
		"that roles: lists\n"
		"t.yaml:13:39: radius.locations.\"00:10:a4:23:19:c0\": found the same as in line "
		"13, "
		"expected another\n"
		"t.yaml:13:67: radius.locations.ap: found \"d\", expected the path of a location\n"
		"t.yaml:13:73: radius.locations.x: found an empty map, expected text\n"
		"t.yaml:14:19: metrics.listen: found \"::1:9153\", expected an address with a port "
		"like \"127.0.0.1:9153\" or \"[::1]:9153\"\n");
}

Test(bad, locations_and_stations)
{
	expect_lines(PORT "locations: {a/b: {}, c: x, d: {e: ~}}\n"
			  "links: [{name: l, port: p, mode: off, location: d/f}]\n"
			  "stations:\n"
			  "  - {mac: \"02:00:00:00:00:1\", user: ann}\n"
			  "  - {mac: \"02:00:00:00:00:02\", location: d/e}\n"
			  "  - {mac: \"02:00:00:00:00:02\", role: r}\n"
			  "  - {mac: \"02:00:00:00:00:03\"}\n"
			  "  - {user: eve}\n",
		"t.yaml:2:13: locations.\"a/b\": found a bad name, expected 1 to 63 characters: "
		"letters, "
		"digits and . _ : -\n"
		"t.yaml:2:25: locations.c: found \"x\", expected a map of the places in it, {} if "
		"there are none\n"
		"t.yaml:5:11: stations[0].mac: found \"02:00:00:00:00:1\", expected the MAC "
		"address "
		"of a station like \"02:00:00:00:00:01\"\n"
		"t.yaml:7:11: stations[2].mac: found the address of the station at line 6, "
		"expected "
		"another\n"
		"t.yaml:8:5: warning: stations[3]: found nothing but mac: it says nothing of the "
		"station\n"
		"t.yaml:9:5: stations[4].mac: found nothing, expected the MAC address of a station "
		"like \"02:00:00:00:00:01\" (required)\n");
	expect_lines(PORT "locations: {d: {}}\nroles: [staff, student]\n"
			  "links: [{name: l, port: p, mode: off, location: e}]\n"
			  "stations: [{mac: \"02:00:00:00:00:02\", role: stuff}]\n",
		"t.yaml:4:49: links[0].location: found \"e\", expected the path of a location\n"
		"t.yaml:5:45: stations[0].role: found \"stuff\", expected one of the roles that "
		"roles: lists (did you mean \"staff\"?)\n");
}

#define REACH(rules)                                                                               \
	PORT TREE "links:\n"                                                                       \
		  "  - {name: a, port: p, vlan: 1, policy: {in: i, out: x}}\n"                     \
		  "  - {name: b, port: p, vlan: 2, policy: {in: i, out: x}}\n"                     \
		  "  - {name: c, port: p, vlan: 3, policy: {in: i}}\n"                             \
		  "policies:\n  i: [{permit: any}]\n  x:\n" rules

Test(bad, rules_behind_others)
{
	expect_lines(
		REACH("    - {permit: [airprint, airplay], from: {link: [a, b]}}\n"
		      "    - {deny: _ipp._tcp, from: {link: b}, role: staff}\n"
		      "    - {permit: any, from: {link: a}, instance: \"L*\"}\n"
		      "    - {permit: _ssh._tcp, from: {link: a}, instance: \"L*\", nearest: 2}\n"
		      "    - {permit: _rdlink._tcp, from: {link: a}, instance: \"L*\"}\n"
		      "    - {deny: any, role: staff, when: {same: user}}\n"
		      "    - {permit: web, role: staff, when: {same: user}}\n"
		      "    - {permit: web, role: staff}\n"
		      "    - {deny: any}\n"
		      "    - {permit: chat}\n"
		      "    - {permit: remote}\n") "roles: [staff]\n",
		"t.yaml:11:7: warning: policies.x[1]: never reached: the rule at line 10 matches "
		"all "
		"that this one does\n"
		"t.yaml:13:7: warning: policies.x[3]: never reached: the rule at line 12 matches "
		"all "
		"that this one does\n"
		"t.yaml:16:7: warning: policies.x[6]: never reached: the rule at line 15 matches "
		"all "
		"that this one does\n"
		"t.yaml:19:7: warning: policies.x[9]: never reached: the rule at line 18 matches "
		"all "
		"that this one does\n");
	/* One criterion more, or another one, and it is reached. */
	expect_lines(REACH("    - {permit: any, from: {link: a}, kind: query}\n"
			   "    - {permit: any, from: {link: a}}\n"
			   "    - {permit: any, to: {link: a}, txt: \"k=v\"}\n"
			   "    - {permit: any, to: {link: a}, txt: \"k=w\"}\n"
			   "    - {permit: any, when: {same: location, level: 2}}\n"
			   "    - {permit: any, when: {same: location, level: 1}}\n"
			   "    - {permit: any, from: {station: \"02:00\"}}\n"
			   "    - {permit: any, from: {station: \"02\"}}\n"
			   "    - {permit: any, to: {location: campus/north}}\n"
			   "    - {permit: any, to: {location: campus}}\n"
			   "    - {permit: any}\n"
			   "    - {permit: _rdlink._tcp}\n"),
		"");
}

Test(bad, rules_of_links_without_the_policy)
{
	expect_lines(REACH("    - {permit: any, to: {link: c}}\n"
			   "    - {permit: any, to: {link: [b, c]}}\n"
			   "    - {permit: any, from: {link: c}}\n"),
		"t.yaml:10:7: warning: policies.x[0]: never matches: no link in to: has this "
		"policy "
		"as "
		"its out, and the others are not asked about it\n");
}

Test(bad, admission)
{
	expect_lines(PORT LINK "admission: on\n",
		"t.yaml:3:12: admission: found \"on\", expected a map like {station: {queries: "
		"50/s}}, or off\n");
	expect_lines(PORT LINK "admission: {station: {queries: 0/s, burst: 1/s}, link: off}\n",
		"t.yaml:3:32: admission.station.queries: found \"0/s\", expected a rate "
		"1/s..1000000/s\n"
		"t.yaml:3:44: admission.station.burst: found \"1/s\", expected an integer "
		"1..1000000\n"
		"t.yaml:3:56: admission.link: found \"off\", expected a map\n");
}
