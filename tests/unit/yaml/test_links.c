/* SPDX-License-Identifier: BSD-3-Clause */
#include "load.h"

/* Ranges of VLANs, and what links must not share. Line 1 holds two ports, line 2 the policy. */
#define HEAD                                                                                       \
	"ports: [{name: p, device: \"tap:t0\"}, {name: q, device: \"tap:t1\"}]\n"                  \
	"policies: {x: [{permit: any, from: {link: all}}]}\n"                                      \
	"links:\n"                                                                                 \
	"  - {name: all, port: p, vlan: 4000, addresses: [10.0.0.1/24], policy: {in: x}}\n"
#define POLICY ", policy: {in: x}}\n"

Test(links, range_makes_a_link_of_each_vlan)
{
	struct config *c = load_good(
		HEAD "  - name: dorm-{vlan}\n"
		     "    port: q\n"
		     "    vlan: \"250-260\"\n"
		     "    addresses: [\"10.{vlan/256}.{vlan%256}.2/24\", \"fd00:{vlan}::2/64\"]\n"
		     "    prefixes: [\"172.16.{vlan%256}.0/24\"]\n"
		     "    mtu: 1400\n"
		     "    policy: {out: x}\n");
	static const char *const rows[][4] = {
		{"dorm-250", "10.0.250.2/24", "fd00:250::2/64", "172.16.250.0/24"},
		{"dorm-255", "10.0.255.2/24", "fd00:255::2/64", "172.16.255.0/24"},
		{"dorm-256", "10.1.0.2/24", "fd00:256::2/64", "172.16.0.0/24"},
		{"dorm-260", "10.1.4.2/24", "fd00:260::2/64", "172.16.4.0/24"},
	};
	static const uint16_t vlans[] = {250, 255, 256, 260};

	cr_assert(eq(u32, c->n_links, 12));
	for (size_t i = 0; i < 4; i++) {
		const struct config_link *link = &c->links[1 + vlans[i] - 250];
		char text[PREFIX_TEXT_SIZE];

		cr_expect_str_eq(link->name, rows[i][0]);
		cr_expect(eq(u16, link->vlan, vlans[i]));
		cr_expect(eq(u32, link->port, 1));
		cr_expect(eq(u16, link->mtu, 1400));
		cr_expect(eq(u32, link->policy_out, 0));
		cr_expect(eq(u32, link->pos.line, 5));
		cr_assert(eq(u32, link->n_addresses, 2));
		cr_expect_str_eq(prefix_format(&link->addresses[0], text), rows[i][1]);
		cr_expect_str_eq(prefix_format(&link->addresses[1], text), rows[i][2]);
		cr_expect_str_eq(prefix_format(&link->prefixes[0], text), rows[i][3]);
	}
	config_free(c);
}

Test(links, whole_range_of_both_ports)
{
	struct config *c =
		load_good("ports: [{name: p, device: \"tap:t0\"}, {name: q, device: \"tap:t1\"}]\n"
			  "links:\n"
			  "  - {name: \"p{vlan}\", port: p, vlan: 1-4094" POLICY
			  "  - {name: \"q{vlan}\", port: q, vlan: 1-4094" POLICY
			  "  - {name: p, port: p" POLICY
			  "policies: {x: [{permit: any, from: {link: [q4094, p1, p]}}]}\n");
	const struct config_link_list *from = &c->policies[0].rules[0].from;

	cr_assert(eq(u32, c->n_links, 8189));
	cr_assert(eq(u32, from->n, 3));
	cr_expect(eq(u32, from->links[0], 0));
	cr_expect(eq(u32, from->links[1], 8187));
	cr_expect(eq(u32, from->links[2], 8188));
	config_free(c);
}

Test(links, range_of_one_and_vlan_in_names_without_a_range)
{
	struct config *c = load_good(HEAD "  - {name: \"a{vlan}\", port: q, vlan: 7-7" POLICY
					  "  - {name: \"b{vlan}\", port: q, vlan: 8, addresses: "
					  "[\"10.{vlan}.0.1/24\"]" POLICY);

	cr_expect_str_eq(c->links[1].name, "a7");
	cr_expect_str_eq(c->links[2].name, "b8");
	cr_expect(eq(u8, c->links[2].addresses[0].addr.b[1], 8));
	config_free(c);
}

Test(links, overlap_within_a_port)
{
	expect_lines(HEAD "  - {name: a, port: p, vlan: 4000" POLICY
			  "  - {name: b, port: q, vlan: 4000" POLICY "  - {name: c, port: p" POLICY
			  "  - {name: d, port: p" POLICY "  - {name: e, port: p, vlan: 0" POLICY
			  "  - {name: \"f{vlan}\", port: q, vlan: 3990-4010" POLICY
			  "  - {name: \"g{vlan}\", port: q, vlan: 4005-4020" POLICY,
		"t.yaml:5:30: links[1].vlan: found VLAN 4000 of port p, expected it once (links[0] "
		"at line 4 has it)\n"
		"t.yaml:8:5: links[4]: found the untagged link of port p, expected it once "
		"(links[3] at line 7 is it)\n"
		"t.yaml:9:30: links[5].vlan: found the untagged link of port p, expected it once "
		"(links[4] at line 8 is it)\n"
		"t.yaml:10:38: links[6].vlan: found VLAN 4000 of port q, expected it once "
		"(links[2] at line 6 has it)\n"
		"t.yaml:11:38: links[7].vlan: found VLAN 4005 of port q, expected it once "
		"(links[6] at line 10 has it)\n");
}

Test(links, names)
{
	expect_lines(HEAD
		"  - {name: all, port: q" POLICY "  - {name: \"d{vlan}\", port: q, vlan: 1-9" POLICY
		"  - {name: d5, port: q, vlan: 20" POLICY
		"  - {name: \"d\", port: q, vlan: 30-31" POLICY
		"  - {name: \"d{vlan%256}\", port: q, vlan: 40-41" POLICY
		"  - {name: \"e{vlan}{x}\", port: q, vlan: 50-51" POLICY
		"  - {name: \"a b\", port: q, vlan: 60" POLICY "  - {name: "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, port: q, "
		"vlan: 61" POLICY,
		"t.yaml:5:12: links[1].name: found \"all\", expected a name of its own (links[0] "
		"at "
		"line 4 makes a link \"all\", too)\n"
		"t.yaml:7:12: links[3].name: found \"d5\", expected a name of its own (links[2] at "
		"line 6 makes a link \"d5\", too)\n"
		"t.yaml:8:12: links[4].name: found \"d\", expected a name with {vlan}, since vlan "
		"is a range, like \"dorm-{vlan}\"\n"
		"t.yaml:9:12: links[5].name: found \"d{vlan%256}\", expected a name with {vlan}, "
		"since vlan is a range, like \"dorm-{vlan}\"\n"
		"t.yaml:10:12: links[6].name: found \"e{vlan}{x}\", expected 1 to 63 characters: "
		"letters, digits and . _ : / -, or {vlan}, {vlan/256}, {vlan%256}\n"
		"t.yaml:11:12: links[7].name: found \"a b\", expected 1 to 63 characters: letters, "
		"digits and . _ : / -, or {vlan}, {vlan/256}, {vlan%256}\n"
		"t.yaml:12:12: links[8].name: found "
		"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", expected 1 "
		"to 63 characters: letters, digits and . _ : / -, or {vlan}, {vlan/256}, "
		"{vlan%256}\n");
}

Test(links, own_addresses)
{
	expect_lines(HEAD "  - name: a\n"
			  "    port: q\n"
			  "    policy: {in: x}\n"
			  "    addresses:\n"
			  "      - 10.1.0.0/24\n"
			  "      - 10.1.0.255/24\n"
			  "      - 224.0.0.251/32\n"
			  "      - 127.0.0.1/8\n"
			  "      - 0.0.0.0/24\n"
			  "      - 250.0.0.1/24\n"
			  "      - 10.1.0.1\n"
			  "      - 10.1.0.1/33\n"
			  "      - 10.1.0/24\n"
			  "      - fe80::1/64\n"
			  "      - fd00::/64\n"
			  "      - ff02::fb/128\n"
			  "      - ::1/128\n"
			  "      - 10.1.0.1/0\n"
			  "      - 10.1.0.{vlan}/24\n"
			  "      - 10.1.{port}.1/24\n",
		"t.yaml:9:9: links[1].addresses[0]: found \"10.1.0.0/24\", expected a host's "
		"address, not the network's\n"
		"t.yaml:10:9: links[1].addresses[1]: found \"10.1.0.255/24\", expected a host's "
		"address, not the broadcast address\n"
		"t.yaml:11:9: links[1].addresses[2]: found \"224.0.0.251/32\", expected a unicast "
		"address of the gateway itself\n"
		"t.yaml:12:9: links[1].addresses[3]: found \"127.0.0.1/8\", expected a unicast "
		"address of the gateway itself\n"
		"t.yaml:13:9: links[1].addresses[4]: found \"0.0.0.0/24\", expected a unicast "
		"address of the gateway itself\n"
		"t.yaml:14:9: links[1].addresses[5]: found \"250.0.0.1/24\", expected a unicast "
		"address of the gateway itself\n"
		"t.yaml:15:9: links[1].addresses[6]: found \"10.1.0.1\", expected a prefix length "
		"behind the address: /24, /64\n"
		"t.yaml:16:9: links[1].addresses[7]: found \"10.1.0.1/33\", expected an address, "
		"'/' "
		"and a prefix length like 10.0.0.2/24 or fd00::2/64\n"
		"t.yaml:17:9: links[1].addresses[8]: found \"10.1.0/24\", expected an address, '/' "
		"and a prefix length like 10.0.0.2/24 or fd00::2/64\n"
		"t.yaml:18:9: links[1].addresses[9]: found \"fe80::1/64\", expected no fe80 "
		"address: "
		"the gateway makes its own from the MAC\n"
		"t.yaml:19:9: links[1].addresses[10]: found \"fd00::/64\", expected a host's "
		"address, not the network's (the routers' anycast address)\n"
		"t.yaml:20:9: links[1].addresses[11]: found \"ff02::fb/128\", expected a unicast "
		"address of the gateway itself\n"
		"t.yaml:21:9: links[1].addresses[12]: found \"::1/128\", expected a unicast "
		"address "
		"of the gateway itself\n"
		"t.yaml:22:9: links[1].addresses[13]: found \"10.1.0.1/0\", expected a prefix "
		"length "
		"of at least 1\n"
		"t.yaml:23:9: links[1].addresses[14]: found \"10.1.0.{vlan}/24\", expected a "
		"host's "
		"address, not the network's (it comes to \"10.1.0.0/24\")\n"
		"t.yaml:24:9: links[1].addresses[15]: found \"10.1.{port}.1/24\", expected an "
		"address, '/' and a prefix length, with no braces but {vlan}, {vlan/256}, "
		"{vlan%256}\n");
}

Test(links, point_to_point_prefixes_have_no_network_address)
{
	struct config *c = load_good(HEAD
		"  - {name: a, port: q, addresses: [10.9.0.0/31, \"fd00::/127\"]" POLICY
		"  - {name: b, port: q, vlan: 1, addresses: [10.9.0.9/32, \"fd00::9/128\"]" POLICY);

	cr_expect(eq(u32, c->links[1].n_addresses, 2));
	cr_expect(eq(u32, c->links[2].n_addresses, 2));
	config_free(c);
}

Test(links, shared_addresses)
{
	expect_lines(HEAD
		"  - {name: a, port: q, vlan: 1, addresses: [10.0.0.1/24]" POLICY
		"  - {name: b, port: q, vlan: 2, addresses: [\"fd00::1/64\", \"fd00::1/48\"]" POLICY
		"  - {name: c, port: q, vlan: 3, addresses: [10.3.0.1/24, 10.4.0.1/24]" POLICY
		"  - {name: \"d{vlan}\", port: q, vlan: 10-19, addresses: [10.5.0.1/24]" POLICY
		"  - {name: \"e{vlan}\", port: q, vlan: 20-29, addresses: [\"fd00::1/64\"]" POLICY,
		"t.yaml:5:45: links[1].addresses[0]: found 10.0.0.1, expected an address of this "
		"link only (links[0] at line 4 has it)\n"
		"t.yaml:6:59: links[2].addresses[1]: found fd00::1 twice, expected it once\n"
		"t.yaml:7:58: links[3].addresses[1]: found \"10.4.0.1/24\", expected at most one "
		"IPv4 address a link\n"
		"t.yaml:8:57: links[4].addresses[0]: found 10.5.0.1 on VLAN 10 and VLAN 11, "
		"expected "
		"each VLAN's own: {vlan} stands for its id\n"
		"t.yaml:9:57: links[5].addresses[0]: found fd00::1, expected an address of this "
		"link "
		"only (links[2] at line 6 has it)\n");
}

Test(links, bad_prefixes_and_ranges_out_of_bounds)
{
	expect_lines(HEAD
		"  - {name: a, port: q, vlan: 1, prefixes: [10.1.2.0/16, 239.0.0.0/8, fd00::/16, "
		"10.0.0.0/0, x]" POLICY "  - {name: \"b{vlan}\", port: q, vlan: 250-260, prefixes: "
		"[\"10.{vlan}.0.0/16\"]" POLICY,
		"t.yaml:5:44: links[1].prefixes[0]: found \"10.1.2.0/16\", expected no bits behind "
		"the prefix: 10.1.0.0/16\n"
		"t.yaml:5:57: links[1].prefixes[1]: found \"239.0.0.0/8\", expected a prefix of "
		"unicast addresses\n"
		"t.yaml:5:81: links[1].prefixes[3]: found \"10.0.0.0/0\", expected a prefix length "
		"of at least 1\n"
		"t.yaml:5:93: links[1].prefixes[4]: found \"x\", expected a prefix length behind "
		"the "
		"address: /24, /64\n"
		"t.yaml:6:58: links[2].prefixes[0]: found \"10.{vlan}.0.0/16\", expected an "
		"address, "
		"'/' and a prefix length like 10.0.0.2/24 or fd00::2/64 (it comes to "
		"\"10.256.0.0/16\")\n");
}

Test(links, one_error_does_not_make_others)
{
	/* Neither "unknown link" for a link whose name is unknown, nor overlap on a bad VLAN. */
	expect_lines("ports: [{name: p, device: \"tap:t0\"}]\n"
		     "policies: {x: [{permit: any, from: {link: b}}]}\n"
		     "links:\n"
		     "  - {name: \"b!\", port: p, vlan: 5000, addresses: [10.0.0.0/8]" POLICY
		     "  - {name: c, port: p" POLICY "  - {port: p, vlan: 9" POLICY,
		"t.yaml:4:12: links[0].name: found \"b!\", expected 1 to 63 characters: letters, "
		"digits and . _ : / -, or {vlan}, {vlan/256}, {vlan%256}\n"
		"t.yaml:4:33: links[0].vlan: found \"5000\", expected a VLAN id 1..4094, 0 for "
		"untagged, or a range \"10-59\"\n"
		"t.yaml:4:51: links[0].addresses[0]: found \"10.0.0.0/8\", expected a host's "
		"address, not the network's\n"
		"t.yaml:6:5: links[2].name: found nothing, expected a name of 1 to 63 characters: "
		"letters, digits and . _ : / - (required)\n");
}

#define PAIR                                                                                       \
	"ports:\n"                                                                                 \
	"  - {name: agg, device: \"tap:t0\", bypass: core}\n"                                      \
	"  - {name: core, device: \"tap:t1\"}\n"                                                   \
	"  - {name: other, device: \"tap:t2\"}\n"                                                  \
	"policies: {x: [{permit: any, from: {link: floor}}, {permit: any, from: {link: "           \
	"far/agg}}]}\n"

Test(links, link_of_an_inline_pair_has_two_sides)
{
	struct config *c = load_good(
		PAIR "links:\n"
		     "  - {name: floor, port: agg, vlan: 10, addresses: [10.0.0.1/24]" POLICY
		     "  - {name: far, port: core, vlan: 11, mode: filter" POLICY
		     "  - {name: alone, port: other, vlan: 10" POLICY);
	static const struct {
		const char *name;
		uint32_t port;
		bool far_side;
	} rows[] = {{"floor", 0, false}, {"floor/core", 1, true}, {"far", 1, false},
		{"far/agg", 0, true}, {"alone", 2, false}};

	cr_assert(eq(u32, c->n_links, 5));
	for (size_t i = 0; i < 5; i++) {
		cr_expect_str_eq(c->links[i].name, rows[i].name);
		cr_expect(eq(u32, c->links[i].port, rows[i].port));
		cr_expect(eq(int, c->links[i].far_side, rows[i].far_side));
	}
	cr_expect(eq(u16, c->links[1].vlan, 10));
	cr_expect(eq(u32, c->links[1].n_addresses, 1));
	cr_expect(eq(int, c->links[3].mode, CONFIG_LINK_FILTER));
	cr_expect(eq(u32, c->ports[0].peer, 1));
	cr_expect(eq(u32, c->ports[1].peer, 0));
	cr_expect(eq(u32, c->ports[2].peer, CONFIG_NO_PORT));
	/* A rule that names the link means both sides, one that names a side that one. */
	cr_assert(eq(u32, c->policies[0].rules[0].from.n, 2));
	cr_expect(eq(u32, c->policies[0].rules[0].from.links[1], 1));
	cr_assert(eq(u32, c->policies[0].rules[1].from.n, 1));
	cr_expect(eq(u32, c->policies[0].rules[1].from.links[0], 3));
	config_free(c);
}

Test(links, what_is_no_inline_pair)
{
	expect_lines("ports:\n"
		     "  - {name: a, device: \"tap:t0\", bypass: a}\n"
		     "  - {name: b, device: \"tap:t1\", bypass: nobody}\n"
		     "  - {name: c, device: \"tap:t2\", bypass: d}\n"
		     "  - {name: d, device: \"tap:t3\", bypass: c}\n"
		     "  - {name: e, device: \"tap:t4\", bypass: d}\n"
		     "links: []\n",
		"t.yaml:2:41: ports[0].bypass: found \"a\", expected the name of another port\n"
		"t.yaml:3:41: ports[1].bypass: found \"nobody\", expected the name of another "
		"port\n"
		"t.yaml:6:41: ports[4].bypass: found a second pair with port d, expected one\n");
	/* A VLAN of the one port is the other's too; the longer name has to fit as well. */
	expect_lines(PAIR
		"links:\n"
		"  - {name: floor, port: agg, vlan: 10" POLICY
		"  - {name: far, port: core, vlan: 10" POLICY
		"  - {name: far/agg, port: other, vlan: 10" POLICY "  - {name: "
		"a123456789a123456789a123456789a123456789a123456789a123456789, port: core" POLICY,
		"t.yaml:8:35: links[1].vlan: found VLAN 10 of port agg, expected it once (links[0] "
		"at line 7 has it)\n"
		"t.yaml:9:12: links[2].name: found \"far/agg\", expected a name of its own "
		"(links[1] at line 8 makes a link \"far/agg\", too)\n"
		"t.yaml:10:12: links[3].name: found "
		"\"a123456789a123456789a123456789a123456789a123456789a123456789\", expected a "
		"shorter name: with /agg behind it, for the other side of the pair, it has to fit "
		"into 63 characters\n");
}

#define GROUPS                                                                                     \
	"ports: [{name: p, device: \"tap:t0\"}]\n"                                                 \
	"links:\n"                                                                                 \
	"  - {name: \"a{vlan}\", port: p, vlan: 10-12, group: dorms" POLICY                        \
	"  - {name: b, port: p, vlan: 20, group: halls" POLICY                                     \
	"  - {name: \"c{vlan}\", port: p, vlan: 30-31, group: dorms" POLICY                        \
	"  - {name: d, port: p, vlan: 40" POLICY

Test(links, groups_in_rules)
{
	struct config *c = load_good(
		GROUPS "policies:\n"
		       "  x:\n"
		       "    - {permit: any, from: {group: dorms}, to: {group: [halls, dorms]}}\n"
		       "    - {permit: any, from: {link: [a11, b, d], group: dorms}}\n");
	static const uint32_t dorms[] = {0, 1, 2, 4, 5}, all[] = {0, 1, 2, 3, 4, 5};
	const struct config_rule *r = c->policies[0].rules;

	cr_assert(eq(u32, r[0].from.n, 5));
	cr_expect_arr_eq(r[0].from.links, dorms, sizeof(dorms));
	cr_assert(eq(u32, r[0].to.n, 6));
	cr_expect_arr_eq(r[0].to.links, all, sizeof(all));
	cr_expect_str_eq(r[0].to.groups[0], "halls");
	/* Both are written: both must hold. */
	cr_assert(eq(u32, r[1].from.n, 1));
	cr_expect(eq(u32, r[1].from.links[0], 1));
	config_free(c);
}

Test(links, groups_that_are_none)
{
	expect_lines(GROUPS "policies:\n"
			    "  x:\n"
			    "    - {permit: any, from: {group: dorm}}\n"
			    "    - {permit: any, to: {link: b, group: dorms}}\n"
			    "    - {permit: any, to: {group: []}}\n"
			    "    - {permit: any, from: {group: [dorms, {}]}}\n",
		"t.yaml:9:35: policies.x[0].from.group: found \"dorm\", expected the name of a "
		"group of links (did you mean \"dorms\"?)\n"
		"t.yaml:10:42: policies.x[1].to.group: found no link of that group among the "
		"links, expected one\n"
		"t.yaml:11:33: policies.x[2].to.group: found an empty list, expected the name of "
		"a group of links or a list of them\n"
		"t.yaml:12:43: policies.x[3].from.group[1]: found an empty map, expected text\n");
}
