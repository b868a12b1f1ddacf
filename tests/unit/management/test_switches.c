/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "load.h"
#include "management/switches.h"
#include "yaml/load.h"

static struct config *config;
static struct mgmt_switches s;

static void start(void)
{
	config = load("gateway: {id: t}\n"
		      "ports:\n"
		      "  - {name: agg, device: net_null0}\n"
		      "  - {name: core, device: net_null1, bypass: agg}\n"
		      "  - {name: p, device: net_null2}\n"
		      "links:\n"
		      "  - {name: floor, port: agg, vlan: 10, mode: filter}\n"
		      "  - {name: a, port: p, vlan: 10}\n"
		      "  - {name: a/core, port: p, vlan: 11}\n");
	s = (struct mgmt_switches){0};
}

static void stop(void)
{
	mgmt_switches_free(&s);
	config_free(config);
}

/* The modes of floor, floor/core, a and a/core, a letter each: Gateway, Filter, Off. */
static void expect(const char *modes)
{
	static const char letters[] = {
		[CONFIG_LINK_GATEWAY] = 'G', [CONFIG_LINK_FILTER] = 'F', [CONFIG_LINK_OFF] = 'O'};
	char found[5] = "";

	cr_assert_eq(config->n_links, 4);
	for (unsigned i = 0; i < 4; i++)
		found[i] = letters[mgmt_switched(&s, config, &config->links[i])];
	cr_assert_str_eq(found, modes);
}

static void set(const char *name, enum config_link_mode mode)
{
	cr_assert_eq(mgmt_switch_link(&s, name, &mode), 0);
}

TestSuite(switches, .init = start, .fini = stop);

Test(switches, nothing_switched_is_the_file)
{
	expect("FFGG");
	cr_assert_eq(mgmt_switched(NULL, config, &config->links[0]), CONFIG_LINK_FILTER);
}

Test(switches, a_link_of_a_pair_with_both_sides_or_one)
{
	set("floor", CONFIG_LINK_OFF);
	expect("OOGG");
	set("floor/core", CONFIG_LINK_GATEWAY);
	expect("OGGG");
	cr_assert_eq(mgmt_switch_link(&s, "floor", NULL), 0);
	expect("FGGG");
	cr_assert_eq(mgmt_switch_link(&s, "floor/core", NULL), 0);
	expect("FFGG");
	/* Not switched, so there is nothing to take back. */
	cr_assert_eq(mgmt_switch_link(&s, "floor", NULL), 0);
}

/* A name that only looks like another side's is a link of its own. */
Test(switches, no_pair_no_other_side)
{
	set("a", CONFIG_LINK_OFF);
	expect("FFOG");
}

Test(switches, a_pause_is_before_all_and_keeps_the_rest)
{
	struct mgmt_switches copy;

	set("a", CONFIG_LINK_FILTER);
	cr_assert_eq(mgmt_switches_copy(&copy, &s), 0);
	s.paused = true;
	expect("OOOO");
	s.paused = false;
	expect("FFFG");
	/* A copy is one. */
	set("a", CONFIG_LINK_GATEWAY);
	cr_assert_eq(mgmt_switched(&copy, config, &config->links[2]), CONFIG_LINK_FILTER);
	mgmt_switches_free(&copy);
}
