/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include <rte_mbuf.h>

#include "bench.h"
#include "dataplane/pkt.h"
#include "dataplane/queues.h"

/* dataplane/port.c and queues.c, on vdevs. */

static char why[DP_PORT_WHY];

static int try_open(struct dp_port *p, enum dp_port_kind kind, const char *target, unsigned workers,
	uint16_t mtu)
{
	const struct dp_port_spec spec = {.name = "trunk",
		.device = target,
		.kind = kind,
		.target = target,
		.index = 4,
		.workers = workers,
		.mtu = mtu};

	return dp_port_open(p, &spec, why);
}

Test(port, of_rings_has_as_many_queues_as_there_are_workers_at_most, .init = bench_eal)
{
	const unsigned lcore[] = {1, 2, 3};
	char text[64];

	bench_port(3);
	cr_assert_eq(bench.port.n_queues, 3);
	cr_assert_eq(bench.port.rss, 0);
	cr_assert_eq(bench.port.mtu, 1500);
	cr_assert_not(bench.port.soft_checksum);
	cr_assert_str_eq(dp_queues_text(&bench.port, lcore, text, sizeof(text)),
		"0:w0@lcore1 1:w1@lcore2 2:w2@lcore3");
	cr_assert_str_eq(
		dp_queues_text(&bench.port, lcore, text, 16), "0:w0@lcore1", "cut between queues");
	dp_port_close(&bench.port);
}

Test(port, mbufs_have_a_private_area_and_room_to_spare, .init = bench_eal)
{
	struct rte_mbuf *m;

	bench_port(1);
	m = rte_pktmbuf_alloc(bench.port.pool);
	cr_assert_not_null(m);
	cr_assert_geq(rte_pktmbuf_priv_size(bench.port.pool), sizeof(struct dp_pkt));
	cr_assert_geq(rte_pktmbuf_tailroom(m), 1500 + DP_PORT_L2_MAX + DP_PORT_TAIL);
	rte_pktmbuf_free(m);
	dp_port_close(&bench.port);
}

Test(port, takes_the_queues_a_device_has_up_to_the_workers, .init = bench_eal)
{
	struct dp_port p;

	cr_assert_eq(try_open(&p, DP_PORT_VDEV, "net_null0,no-rx=1", 4, 0), 0, "%s", why);
	cr_assert_eq(p.n_queues, 4);
	cr_assert_gt(p.max_queues, 4);
	cr_assert_neq(p.rss, 0, "several queues and a device that can hash");
	cr_assert_eq(p.rss & ~RTE_ETH_RSS_IP, 0, "addresses only");
	cr_assert_str_eq(p.driver, "net_null");
	dp_port_close(&p);
	cr_assert_eq(rte_eth_dev_count_avail(), 0, "the device is gone with its port");
	dp_port_close(&p); /* once more: nothing happens */
}

Test(port, has_buffers_for_the_mtu_of_its_links, .init = bench_eal)
{
	struct rte_mbuf *m;
	struct dp_port p;

	cr_assert_eq(try_open(&p, DP_PORT_VDEV, "net_null0,no-rx=1", 1, 9000), 0, "%s", why);
	cr_assert_eq(p.mtu, 9000);
	m = rte_pktmbuf_alloc(p.pool);
	cr_assert_geq(rte_pktmbuf_tailroom(m), 9000 + DP_PORT_L2_MAX + DP_PORT_TAIL);
	rte_pktmbuf_free(m);
	dp_port_close(&p);
}

Test(port, without_a_mac_gets_a_locally_administered_one, .init = bench_eal)
{
	struct dp_port p;

	cr_assert_eq(try_open(&p, DP_PORT_VDEV, "net_ring0", 1, 0), 0, "%s", why);
	cr_assert_eq(p.mac.b[0] & 3, 2);
	cr_assert_eq(p.mac.b[5], 4, "its place among the ports");
	dp_port_close(&p);
}

struct refusal {
	enum dp_port_kind kind;
	const char *target, *why;
};

static const struct refusal refusals[] = {
	{DP_PORT_VDEV, "net_bogus0",
		"port trunk (net_bogus0): DPDK knows no such device or driver"},
	{DP_PORT_VDEV, "net_null0,nonsense=1",
		"port trunk (net_null0,nonsense=1): the DPDK driver refused it, see its lines "
		"above"},
	{DP_PORT_KERNEL, "nope0", "port trunk (nope0): there is no interface nope0"},
	{DP_PORT_XDP, "nope0", "port trunk (nope0): there is no interface nope0"},
};

Test(port, refusals_name_port_and_device, .init = bench_eal)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct dp_port p;

		cr_assert_lt(try_open(&p, refusals[i].kind, refusals[i].target, 1, 0), 0);
		cr_assert_str_eq(why, refusals[i].why);
		cr_assert_eq(rte_eth_dev_count_avail(), 0);
	}
}

/* What the kernel wants of a ring: blocks of whole pages, frames that fill them, and data in a
 * frame. */
Test(port, packet_rings_are_what_the_kernel_takes)
{
	static const unsigned mtus[] = {576, 1500, 1800, 1982, 2048, 3498, 9000, 9216};

	for (size_t i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		for (unsigned queues = 1; queues <= 16; queues++) {
			struct dp_packet_ring r;

			dp_packet_ring_size(mtus[i], 4096, queues, &r);
			cr_assert_eq(r.framesz % 16, 0);
			cr_assert_eq(r.blocksz % 4096, 0);
			cr_assert_eq(r.blocksz % r.framesz, 0);
			cr_assert_eq(r.framecnt % (r.blocksz / r.framesz), 0);
			cr_assert_geq(r.data, mtus[i] + DP_PORT_L2_MAX);
			cr_assert_geq(r.framecnt, 2);
		}
	}
}
