/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "dataplane/shared.h"
#include "load.h"
#include "management/start.h"
#include "yaml/load.h"

#define HEAD                                                                                       \
	"gateway: {id: t}\nports: [{name: p, device: net_null0}, {name: q, device: \"tap:t0\"}]\n"

Test(start, a_port_is_opened_for_the_largest_mtu_of_its_links)
{
	struct config *c = load(HEAD "links:\n"
				     "  - {name: a, port: p, vlan: 1}\n"
				     "  - {name: b, port: p, vlan: 2, mtu: 9000}\n"
				     "  - {name: c, port: p, vlan: 3, mtu: 1400}\n");
	struct dp_port_spec spec;

	start_port_spec(c, 0, 4, &spec);
	cr_assert_eq(spec.mtu, 9000);
	cr_assert_eq(spec.workers, 4);
	cr_assert_eq(spec.kind, DP_PORT_VDEV);
	cr_assert_str_eq(spec.target, "net_null0");
	start_port_spec(c, 1, 4, &spec);
	cr_assert_eq(spec.mtu, 0);
	cr_assert_eq(spec.index, 1);
	cr_assert_eq(spec.kind, DP_PORT_TAP);
	cr_assert_str_eq(spec.target, "t0");
	config_free(c);
}

Test(start, memory_is_what_is_configured_or_grows_with_the_limits)
{
	struct config *small =
		load("gateway: {id: t, limits: {records: 1000}}\n"
		     "ports: [{name: p, device: net_null0}]\nlinks: [{name: a, port: p}]\n");
	struct config *big =
		load("gateway: {id: t, limits: {records: 1000000}}\n"
		     "ports: [{name: p, device: net_null0}]\nlinks: [{name: a, port: p}]\n");
	struct config *given =
		load("gateway: {id: t, memory: 300MiB}\n"
		     "ports: [{name: p, device: net_null0}]\nlinks: [{name: a, port: p}]\n");

	cr_assert_eq(start_memory(given, 1), (size_t)300 << 20);
	cr_assert_geq(start_memory(big, 1), start_memory(small, 1) + ((size_t)512 << 20));
	cr_assert_gt(start_memory(small, 8), start_memory(small, 1));
	config_free(small);
	config_free(big);
	config_free(given);
}

Test(start, workers_are_as_many_as_said_or_the_cpus_but_one)
{
	struct config config = {0};
	struct eal_cpus cpus = {.n = 9};

	cr_assert_eq(start_workers(&config, &cpus), 8);
	cpus.n = 1;
	cr_assert_eq(start_workers(&config, &cpus), 1);
	cpus.n = EAL_CPUS_MAX;
	cr_assert_eq(start_workers(&config, &cpus), DP_WORKERS_MAX);
	config.gateway.workers = 3;
	cr_assert_eq(start_workers(&config, &cpus), 3);
}
