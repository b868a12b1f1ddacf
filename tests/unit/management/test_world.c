/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "load.h"
#include "management/world_build.h"
#include "policy/names.h"
#include "policy/policy.h"
#include "yaml/load.h"

#define HEAD                                                                                       \
	"gateway: {id: t}\n"                                                                       \
	"ports: [{name: p, device: net_null0}, {name: q, device: net_null1}]\n"

static struct dp_port ports[] = {
	{.name = "p",
		.id = 3,
		.n_queues = 2,
		.mtu = 9000,
		.mtu_max = 9000,
		.mac = {{2, 0, 0, 0, 0, 1}},
		.soft_checksum = true},
	{.name = "q",
		.id = 5,
		.n_queues = 1,
		.mtu = 1400,
		.mtu_max = 1400,
		.mac = {{2, 0, 0, 0, 0, 2}}},
};

static char why[MGMT_WHY];
static struct config *config;
static struct link_ids *ids;
static struct policy_names *names;

static struct dp_world *build(const char *text, uint64_t generation)
{
	struct mgmt_world_input in = {.ports = ports, .n_workers = 4, .generation = generation};

	if (names == NULL)
		names = policy_names_create();
	in.names = names;
	why[0] = '\0';
	config = load(text);
	ids = link_ids_make(NULL, config, NULL, NULL);
	cr_assert_not_null(ids);
	in.config = config;
	in.ids = ids;
	return mgmt_world_build(&in, why);
}

static void drop(struct dp_world *w)
{
	mgmt_world_free(w);
	link_ids_free(ids);
	config_free(config);
}

static uint32_t be(const char *text)
{
	uint32_t v;

	cr_assert_eq(inet_pton(AF_INET, text, &v), 1);
	return v;
}

Test(world, a_link_is_what_its_entry_and_port_say)
{
	struct dp_world *w = build(HEAD "links:\n"
					"  - {name: a, port: q, vlan: 10, query_budget: 7/s,\n"
					"     addresses: [10.1.2.3/20, \"fd00:1::2/64\"],\n"
					"     prefixes: [192.168.4.0/22]}\n"
					"  - {name: b, port: p, mode: off}\n",
		7);
	const struct dp_link *a, *b;
	uint8_t ll[16], own[16];

	cr_assert_not_null(w, "%s", why);
	cr_assert_eq(w->generation, 7);
	cr_assert_eq(w->slot, 1);
	cr_assert_eq(w->n_workers, 4);
	cr_assert_eq(w->n_links, 2);
	a = dp_world_link(w, 1);
	b = dp_world_link(w, 2);
	cr_assert_str_eq(a->name, "a");
	cr_assert_eq(a->id, 1);
	cr_assert_eq(a->port, 5);
	cr_assert_eq(a->vlan, 10);
	cr_assert_eq(a->mode, DP_LINK_GATEWAY);
	cr_assert_eq(a->query_budget, 7);
	cr_assert_eq(a->mtu, 1400, "the port's, which is below 1500");
	cr_assert(mac_equal(&a->mac, &ports[1].mac));
	cr_assert_eq(a->addr4, be("10.1.2.3"));
	cr_assert_eq(a->n_pfx4, 2);
	cr_assert_eq(a->pfx4[0], be("10.1.0.0"));
	cr_assert_eq(a->mask4[0], be("255.255.240.0"));
	cr_assert_eq(a->pfx4[1], be("192.168.4.0"));
	cr_assert_eq(a->n_addr6, 2);
	inet_pton(AF_INET6, "fe80::ff:fe00:2", ll);
	cr_assert_arr_eq(a->addr6[0], ll, 16, "from the port's MAC");
	inet_pton(AF_INET6, "fd00:1::2", own);
	cr_assert_arr_eq(a->addr6[1], own, 16);
	cr_assert(dp_link_on_link(a, 4, (const uint8_t *)&(uint32_t){be("10.1.15.9")}));
	cr_assert_not(dp_link_on_link(a, 4, (const uint8_t *)&(uint32_t){be("10.1.16.9")}));
	cr_assert_eq(a->l2_len, 18);

	cr_assert_eq(b->mode, DP_LINK_OFF);
	cr_assert_eq(b->mtu, 1500, "not the port's 9000");
	cr_assert_not(b->has_addr4);
	cr_assert_eq(b->n_addr6, 1, "mDNS over IPv6 works without any address configured");
	cr_assert_eq(b->l2_len, 14);
	drop(w);
}

Test(world, ports_map_vlans_to_links)
{
	struct dp_world *w = build(HEAD "links:\n"
					"  - {name: \"v{vlan}\", port: p, vlan: \"20-22\"}\n"
					"  - {name: u, port: p}\n",
		1);
	const struct dp_port_map *p;

	cr_assert_not_null(w, "%s", why);
	p = w->port[3];
	cr_assert_not_null(p);
	cr_assert(p->present);
	cr_assert(p->soft_checksum);
	cr_assert_eq(p->n_queues, 2);
	cr_assert_str_eq(p->name, "p");
	cr_assert_eq(p->link_of_vlan[20], dp_world_link(w, 1));
	cr_assert_eq(p->link_of_vlan[22], dp_world_link(w, 3));
	cr_assert_eq(p->link_of_vlan[0], dp_world_link(w, 4));
	cr_assert_null(p->link_of_vlan[23]);
	cr_assert_not_null(w->port[5], "a port without links is ours all the same");
	cr_assert_null(w->port[0]);
	drop(w);
}

Test(world, home_workers_have_a_queue_on_the_port)
{
	struct dp_world *w = build(HEAD "links:\n"
					"  - {name: \"v{vlan}\", port: p, vlan: \"1-8\"}\n"
					"  - {name: \"w{vlan}\", port: q, vlan: \"1-8\"}\n",
		1);
	unsigned seen[2] = {0};

	cr_assert_not_null(w, "%s", why);
	for (uint16_t id = 1; id <= 16; id++) {
		const struct dp_link *l = dp_world_link(w, id);

		cr_assert_lt(l->home, w->port[l->port]->n_queues);
		if (l->port == 3)
			seen[l->home]++;
	}
	cr_assert_eq(seen[0], 4);
	cr_assert_eq(seen[1], 4);
	drop(w);
}

Test(world, an_mtu_the_port_cannot_carry_is_refused_with_both_numbers)
{
	struct dp_world *w = build(HEAD "links: [{name: a, port: q, mtu: 1500}]\n", 1);

	cr_assert_null(w);
	cr_assert_eq(errno, EINVAL);
	cr_assert_str_eq(why, "test.yaml:3:9: link a: mtu: found 1500, but port q has 1400");
	drop(NULL);
}

Test(world, columns_are_the_policys)
{
	struct dp_world *w =
		build(HEAD "links:\n"
			   "  - {name: a, port: p, vlan: 1, policy: {in: learn, out: none}}\n"
			   "  - {name: b, port: p, vlan: 2, policy: {in: none, out: print}}\n"
			   "policies:\n"
			   "  learn: [{permit: any}]\n"
			   "  none: [{deny: any}]\n"
			   "  print: [{permit: _ipp._tcp}]\n",
			2);
	struct policy_subject ipp = {
		.type = (const uint8_t *)"\4_ipp\4_tcp", .type_len = 10, .link = 1};
	const struct dp_link *a, *b;
	uint32_t cls;

	cr_assert_not_null(w, "%s", why);
	a = dp_world_link(w, 1);
	b = dp_world_link(w, 2);
	cls = policy_class(w->policy, &ipp);
	cr_assert(policy_permits(policy_verdict(w->table, cls, a->col_in)));
	cr_assert_not(policy_permits(policy_verdict(w->table, cls, a->col_out)));
	cr_assert(policy_permits(policy_verdict(w->table, cls, b->col_out)));
	cr_assert_eq(a->col_query, policy_query_column(w->policy, 1));
	cr_assert_eq(b->col_probe, policy_probe_column(w->policy, 2));
	cr_assert_eq(w->table->slot, 0);
	drop(w);
}

Test(world, the_empty_one_has_ports_and_no_links)
{
	struct dp_world *w = build(HEAD "links: [{name: a, port: p, policy: {in: x, out: x}}]\n"
					"policies: {x: [{permit: any}]}\n",
		1);
	struct mgmt_world_input in = {.config = config,
		.ports = ports,
		.n_workers = 4,
		.generation = 2,
		.ids = ids,
		.names = names};
	struct dp_world *empty = mgmt_world_empty(&in, why);

	cr_assert_not_null(empty, "%s", why);
	cr_assert_eq(empty->n_links, 0);
	cr_assert_null(dp_world_link(empty, 1));
	cr_assert_not_null(empty->port[3]);
	cr_assert_null(empty->port[3]->link_of_vlan[0]);
	cr_assert_not_null(empty->table);
	mgmt_world_free(empty);
	drop(w);
}
