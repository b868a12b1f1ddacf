/* SPDX-License-Identifier: BSD-3-Clause */
#include "load.h"

/* Presets, named sets and types come down to a flat list. */

#define TAIL                                                                                       \
	"ports: [{name: p, device: \"tap:t0\"}]\n"                                                 \
	"links: [{name: l, port: p, policy: {in: x}}]\n"                                           \
	"policies:\n"                                                                              \
	"  x:\n"

/* Expect the types (with via) of the first rule, as one text. */
static void expect_types(const struct config_services *services, const char *expected)
{
	char text[4096] = "";

	for (uint32_t i = 0; i < services->n_types; i++)
		sprintf(text + strlen(text), "%s(%s) ", services->types[i].type,
			services->types[i].via);
	cr_expect_str_eq(text, expected);
}

Test(services, sets_are_flattened_once_each)
{
	struct config *c = load_good(
		"services:\n"
		"  media: [outer, spotify]\n"
		"  outer: [print, _ipp._tcp, _x._udp]\n"
		"  print: [airprint, _PDL-Datastream._TCP]\n"
		"  hosts: [workstation]\n"
		"  all: [hosts, any]\n" TAIL "    - {permit: [outer, print, _z._tcp, _Z._tcp]}\n"
		"    - {permit: media}\n"
		"    - {deny: hosts}\n"
		"    - {deny: all}\n");
	const struct config_rule *rules = c->policies[0].rules;

	expect_types(&rules[0].services,
		"_ipp._tcp(outer) _ipps._tcp(outer) _pdl-datastream._tcp(outer) _x._udp(outer) "
		"_z._tcp(_z._tcp) ");
	expect_types(&rules[1].services,
		"_ipp._tcp(media) _ipps._tcp(media) _pdl-datastream._tcp(media) _x._udp(media) "
		"_spotify-connect._tcp(media) ");
	cr_expect_not(rules[1].services.any);
	cr_expect_not(rules[1].services.workstation);
	expect_types(&rules[2].services, "_workstation._tcp(hosts) ");
	cr_expect(rules[2].services.workstation);
	cr_expect_not(rules[2].services.any);
	expect_types(&rules[3].services, "_workstation._tcp(all) ");
	cr_expect(rules[3].services.workstation);
	cr_expect(rules[3].services.any);

	cr_assert(eq(u32, c->n_sets, 5));
	cr_expect_str_eq(c->sets[2].name, "print");
	cr_expect(eq(u32, c->sets[2].pos.line, 4));
	expect_types(&c->sets[2].services, "_ipp._tcp(airprint) _ipps._tcp(airprint) "
					   "_pdl-datastream._tcp(_PDL-Datastream._TCP) ");
	config_free(c);
}

Test(services, many_types_stay_distinct)
{
	char *text = malloc(64 << 10), *p = text;
	struct config *c;

	p += sprintf(p, TAIL);
	for (int rule = 0; rule < 4; rule++) {
		p += sprintf(p, "    - permit: [_dup._tcp");
		for (int i = 0; i < 500; i++)
			p += sprintf(p, ", _t%d._tcp", rule * 250 + i);
		p += sprintf(p, ", _dup._tcp]\n");
	}
	c = load_good(text);
	for (int rule = 0; rule < 4; rule++) {
		const struct config_services *services = &c->policies[0].rules[rule].services;

		cr_assert(eq(u32, services->n_types, 501));
		for (int i = 0; i < 500; i++) {
			char type[24];

			sprintf(type, "_t%d._tcp", rule * 250 + i);
			cr_assert_str_eq(services->types[1 + i].type, type);
		}
	}
	/* Interned: the same type is the same pointer in every rule. */
	cr_expect_eq(c->policies[0].rules[0].services.types[0].type,
		c->policies[0].rules[3].services.types[0].type);
	config_free(c);
	free(text);
}

Test(services, cycles)
{
	expect_lines("services:\n"
		     "  a: [b, web]\n"
		     "  b: [c]\n"
		     "  c: [chat, a]\n"
		     "  self: self\n"
		     "  fine: [chat]\n" TAIL "    - {permit: a}\n",
		"t.yaml:4:13: services.c[1]: found a cycle: set \"a\" (line 2) already contains "
		"\"c\", expected sets that end in presets and types\n"
		"t.yaml:5:9: services.self: found a cycle: set \"self\" (line 5) already contains "
		"\"self\", expected sets that end in presets and types\n");
}

Test(services, unknown_names)
{
	expect_lines("services:\n"
		     "  printers: [airprnt]\n"
		     "  web: [chat]\n"
		     "  bad name: chat\n"
		     "  empty: []\n" TAIL
		     "    - {permit: [printer, _ipp, _ipp._tcp.local, _universal._sub._ipp._tcp]}\n"
		     "    - {deny: [airplay, {}, ]}\n"
		     "    - {deny: xyz}\n"
		     "    - {permit: []}\n",
		"t.yaml:2:14: services.printers[0]: found \"airprnt\", expected a preset, a set of "
		"services: or a service type like _ipp._tcp (did you mean \"airprint\"?)\n"
		"t.yaml:3:3: services.web: found the name of a preset, expected another name\n"
		"t.yaml:4:3: services.\"bad name\": found a bad name, expected 1 to 63 characters: "
		"letters, digits and . _ : / -\n"
		"t.yaml:5:10: services.empty: found an empty list, expected a preset, a named set, "
		"a service type like _ipp._tcp or a list of them\n"
		"t.yaml:10:17: policies.x[0].permit[0]: found \"printer\", expected a preset, a "
		"set "
		"of services: or a service type like _ipp._tcp (did you mean \"printers\"?)\n"
		"t.yaml:10:26: policies.x[0].permit[1]: found \"_ipp\", expected a service type "
		"like "
		"_ipp._tcp or _sip._udp\n"
		"t.yaml:10:32: policies.x[0].permit[2]: found \"_ipp._tcp.local\", expected a "
		"service type like _ipp._tcp or _sip._udp\n"
		"t.yaml:10:49: policies.x[0].permit[3]: found \"_universal._sub._ipp._tcp\", "
		"expected the base type, like _ipp._tcp: its subtypes match through it\n"
		"t.yaml:11:24: policies.x[1].deny[1]: found an empty map, expected text\n"
		"t.yaml:12:14: policies.x[2].deny: found \"xyz\", expected a preset, a set of "
		"services: or a service type like _ipp._tcp\n"
		"t.yaml:13:16: policies.x[3].permit: found an empty list, expected a preset, a "
		"named "
		"set, a service type like _ipp._tcp or a list of them\n");
}

Test(services, more_types_than_a_rule_may_have)
{
	char *text = malloc(64 << 10), *p = text;
	char expected[256];

	p += sprintf(p, "services:\n");
	for (int set = 0; set < 3; set++) {
		p += sprintf(p, "  s%d: [", set);
		for (int i = 0; i < 400; i++)
			p += sprintf(p, "_t%d._tcp, ", set * 400 + i);
		p += sprintf(p, "]\n");
	}
	sprintf(p, TAIL "    - {permit: [s0, s1, s2]}\n");
	sprintf(expected, "t.yaml:9:25: policies.x[0].permit[2]: found more than 1024 service "
			  "types, expected fewer\n");
	expect_lines(text, expected);
	free(text);
}
