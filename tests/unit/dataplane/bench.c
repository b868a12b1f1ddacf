/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <criterion/criterion.h>

#include <string.h>

#include <rte_byteorder.h>
#include <rte_eal.h>
#include <rte_ip.h>

struct bench bench;

static void start_eal(void)
{
	static char args[][24] = {"test", "--no-huge", "-m", "256", "--no-shconf", "--no-telemetry",
		"--no-pci", "--lcores=0", "--log-level=*:warning"};
	enum { ARGC = sizeof(args) / sizeof(args[0]) };
	char *argv[ARGC + 1] = {NULL};

	for (int i = 0; i < ARGC; i++)
		argv[i] = args[i];
	cr_assert_geq(rte_eal_init(ARGC, argv), 0);
}

static void lay_links(void)
{
	static const uint8_t mac[6] = {0x02, 0, 0, 0, 0, 0xfe};
	static const uint8_t ll[16] = {0xfe, 0x80, [15] = 0xfe};
	static const uint8_t ula[16] = {0xfd, 0, 0, 0x10, [15] = 2};

	for (uint16_t i = 1; i <= 2; i++) {
		struct dp_link *l = &bench.link[i];

		l->id = i;
		l->vlan = i == 1 ? 10 : 0;
		l->mtu = 1500;
		l->mode = DP_LINK_GATEWAY;
		memcpy(l->mac.b, mac, 6);
		memcpy(l->addr6[0], ll, 16);
		l->n_addr6 = 1;
		bench.links[i] = l;
	}
	bench.link[1].has_addr4 = 1;
	bench.link[1].addr4 = rte_cpu_to_be_32(RTE_IPV4(10, 10, 0, 2));
	bench.link[1].n_pfx4 = 1;
	bench.link[1].pfx4[0] = rte_cpu_to_be_32(RTE_IPV4(10, 10, 0, 0));
	bench.link[1].mask4[0] = rte_cpu_to_be_32(0xffffff00u);
	memcpy(bench.link[1].addr6[1], ula, 16);
	bench.link[1].n_addr6 = 2;
	bench.link[1].n_pfx6 = 1;
	memcpy(bench.link[1].pfx6[0].addr, ula, 8);
	memset(bench.link[1].pfx6[0].mask, 0xff, 8);
	dp_link_finish(&bench.link[1]);
	dp_link_finish(&bench.link[2]);
}

void bench_start(void)
{
	static const struct cache_view nothing; /* no test here looks anything up */

	start_eal();
	memset(&bench, 0, sizeof(bench));
	cr_assert_eq(dp_shared_init(&bench.shared, 1, 255, 2048, 0), 0);
	lay_links();
	bench.port.present = true;
	bench.port.mac = bench.link[1].mac;
	bench.port.n_queues = 1;
	bench.port.soft_checksum = true;
	dp_port_map_link(&bench.port, &bench.link[1]);
	dp_port_map_link(&bench.port, &bench.link[2]);
	bench.world.n_workers = 1;
	bench.world.n_ids = 3;
	bench.world.link = bench.links;
	bench.world.port[0] = &bench.port;
	dp_world_finish(&bench.world);
	bench.shared.cache = &nothing;
	bench.worker = dp_worker_create(&bench.shared, 0, 0, 1, 1000000);
	cr_assert_not_null(bench.worker);
	bench.worker->world = &bench.world;
}

void bench_stop(void)
{
	dp_worker_destroy(bench.worker);
	cr_assert_eq(rte_mempool_in_use_count(bench.shared.pool), 0, "an mbuf leaked");
	dp_shared_fini(&bench.shared);
	rte_eal_cleanup();
}

struct rte_mbuf *bench_frame(const void *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(bench.shared.pool);

	cr_assert_not_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	m->port = 0;
	return m;
}
