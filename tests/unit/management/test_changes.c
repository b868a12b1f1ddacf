/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "load.h"
#include "management/mgmt_priv.h"
#include "yaml/load.h"

#define HEAD "gateway: {id: t}\nports: [{name: p, device: net_null0}]\n"
#define LINK(name, vlan, rest) "  - {name: " name ", port: p, vlan: " vlan rest "}\n"

static char *compare(const char *before, const char *after)
{
	struct config *old = load(before), *new = load(after);
	json_t *changes = mgmt_changes(old, new);
	char line[160], *text;

	cr_assert_not_null(changes);
	text = strdup(mgmt_changes_text(changes, line, sizeof(line)));
	json_decref(changes);
	config_free(old);
	config_free(new);
	return text;
}

static void expect(const char *before, const char *after, const char *what)
{
	char *found = compare(before, after);

	cr_assert_str_eq(found, what);
	free(found);
}

#define BASE                                                                                       \
	HEAD "links:\n" LINK("a", "1", ", policy: {in: x, out: y}")                                \
		LINK("b", "2", "") "policies:\n  x: [{permit: any}]\n  y: [{permit: airprint, "    \
				   "from: {link: b}}]\n"

Test(changes, nothing)
{
	expect(BASE, BASE, "links +0 -0 ~0 policies +0 -0 ~0");
}

/* Indexes move, names do not. */
Test(changes, an_order_is_no_change)
{
	expect(BASE,
		HEAD "links:\n" LINK("b", "2", "")
			LINK("a", "1", ", policy: {in: x, out: y}") "policies:\n  y: [{permit: "
								    "airprint, from: {link: b}}]\n"
								    "  x: [{permit: any}]\n",
		"links +0 -0 ~0 policies +0 -0 ~0");
}

Test(changes, links_come_go_and_change)
{
	expect(BASE,
		HEAD "links:\n" LINK("c", "1", ", policy: {in: x, out: y}")
			LINK("b", "3", "") "policies:\n  x: [{permit: any}]\n"
					   "  y: [{permit: airprint, from: {link: b}}]\n",
		"links +1 -1 ~1 policies +0 -0 ~0");
}

Test(changes, of_each_member_of_a_link_are_seen)
{
	static const char *const after[] = {
		LINK("a", "5", ""),
		LINK("a", "1", ", mtu: 1400"),
		LINK("a", "1", ", mode: off"),
		LINK("a", "1", ", query_budget: 5/s"),
		LINK("a", "1", ", type: wireless"),
		LINK("a", "1", ", delivery: unicast"),
		LINK("a", "1", ", bridged: false"),
		LINK("a", "1", ", addresses: [10.0.0.1/24]"),
		LINK("a", "1", ", prefixes: [10.0.0.0/24]"),
		LINK("a", "1", ", policy: {in: x}"),
		LINK("a", "1", ", policy: {out: x}"),
	};

	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), HEAD "links:\n%spolicies: {x: [{permit: any}]}\n",
			after[i]);
		expect(HEAD "links:\n" LINK("a", "1", "") "policies: {x: [{permit: any}]}\n", text,
			"links +0 -0 ~1 policies +0 -0 ~0");
	}
}

Test(changes, of_each_member_of_a_rule_are_seen)
{
	static const char *const after[] = {
		"{deny: airprint}",
		"{permit: airplay}",
		"{permit: any}",
		"{permit: airprint, instance: \"L*\"}",
		"{permit: airprint, kind: query}",
		"{permit: airprint, from: {link: a}}",
		"{permit: airprint, to: {link: a}}",
		"{permit: airprint, txt: \"a=b\"}",
		"{permit: airprint, role: staff}",
		"{permit: airprint, from: {user: ann}}",
		"{permit: airprint, from: {station: \"02:00\"}}",
		"{permit: airprint, to: {location: c}}",
		"{permit: airprint, when: {same: user}}",
		"{permit: airprint, when: {same: location, level: 1}}",
		"{permit: airprint, nearest: 2}",
		"{permit: airprint, audit: true}",
		"{permit: airprint}, {deny: any}",
	};

	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			HEAD "locations: {c: {}}\nlinks:\n%spolicies: {x: [%s]}\n",
			LINK("a", "1", ""), after[i]);
		expect(HEAD "locations: {c: {}}\nlinks:\n" LINK(
			       "a", "1", "") "policies: {x: [{permit: airprint}]}\n",
			text, "links +0 -0 ~0 policies +0 -0 ~1");
	}
}

Test(changes, stations_come_go_and_change)
{
	const char *before =
		HEAD "links:\n" LINK("a", "1", "") "stations:\n"
						   "  - {mac: \"02:00:00:00:00:01\", user: ann}\n"
						   "  - {mac: \"02:00:00:00:00:02\", user: bob}\n"
						   "  - {mac: \"02:00:00:00:00:03\", role: r}\n";
	const char *after =
		HEAD "links:\n" LINK("a", "1", "") "stations:\n"
						   "  - {mac: \"02:00:00:00:00:03\", role: s}\n"
						   "  - {mac: \"02:00:00:00:00:02\", user: bob}\n"
						   "  - {mac: \"02:00:00:00:00:04\", user: eve}\n";
	struct config *old = load(before), *new = load(after);
	json_t *changes = mgmt_changes(old, new), *s = json_object_get(changes, "stations");

	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(s, "added"), 0)),
		"02:00:00:00:00:04");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(s, "removed"), 0)),
		"02:00:00:00:00:01");
	cr_assert_str_eq(json_string_value(json_array_get(json_object_get(s, "changed"), 0)),
		"02:00:00:00:00:03");
	for (const char *const *k = (const char *const[]){"added", "removed", "changed", NULL}; *k;
		k++)
		cr_assert_eq(
			json_integer_value(json_object_get(json_object_get(s, "count"), *k)), 1);
	json_decref(changes);
	config_free(old);
	config_free(new);
}
