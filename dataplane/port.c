/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/port.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include "base/log.h"
#include "dataplane/pkt.h"
#include "dataplane/world.h"

LOG_MODULE(port);

#define PORT_RXD 1024
#define PORT_TXD 1024
#define PORT_CACHE 256  /* mbufs a lcore keeps of a pool */
#define PORT_BURST 64   /* mbufs a worker has at hand */
#define PORT_FILE 24576 /* packets of a file that is read without end */
#define PORT_MTU_MAX                                                                               \
	9216 /* beyond it mbuf sizes leave their 16 bits, and mDNS ends at 9000 (RFC 6762 §17) */
#define PORT_MTU_MIN 576
#define PACKET_QUEUES_MAX 16 /* of net_af_packet */

static int __attribute__((format(printf, 4, 5)))
fail(char *why, const struct dp_port_spec *spec, int err, const char *fmt, ...)
{
	int n = snprintf(why, DP_PORT_WHY, "port %s (%s): ", spec->name, spec->device);
	va_list ap;

	if (n >= 0 && n < DP_PORT_WHY) {
		va_start(ap, fmt);
		vsnprintf(why + n, DP_PORT_WHY - (size_t)n, fmt, ap);
		va_end(ap);
	}
	return err;
}

static bool is_kernel_backed(enum dp_port_kind kind)
{
	return kind == DP_PORT_KERNEL || kind == DP_PORT_XDP || kind == DP_PORT_TAP;
}

/* Bytes behind the headroom of an mbuf that a port with this MTU needs. */
static unsigned port_data_room(enum dp_port_kind kind, unsigned mtu)
{
	struct dp_packet_ring ring;
	unsigned data = RTE_ALIGN_CEIL(mtu + DP_PORT_L2_MAX, 1024u);

	if (kind == DP_PORT_KERNEL) { /* the PMD wants room for a whole frame of its ring */
		dp_packet_ring_size(mtu, (unsigned)getpagesize(), 1, &ring);
		data = ring.framesz;
	}
	if (kind == DP_PORT_XDP)
		data += DP_PORT_XDP_HEADROOM;
	return RTE_MAX(data, (unsigned)DP_PORT_ROOM) + DP_PORT_TAIL;
}

static unsigned port_mbufs(
	const struct dp_port_spec *spec, unsigned n_queues, unsigned n_rxd, unsigned n_txd)
{
	/* net_pcap keeps a file in mbufs if it is to read it without end. */
	bool file = spec->target != NULL && strstr(spec->target, "infinite_rx=1") != NULL;

	return DP_PORT_HELD / 2 + n_queues * (n_rxd + n_txd + DP_PORT_HELD / 2 + PORT_BURST +
						     PORT_CACHE + (file ? PORT_FILE : 0));
}

/* Data lies behind it: at the beginning of a line, which vector copies of drivers want too. */
#define PORT_PRIV RTE_ALIGN(sizeof(struct dp_pkt), RTE_CACHE_LINE_SIZE)

size_t dp_port_memory(const struct dp_port_spec *spec)
{
	unsigned mtu = RTE_MAX(spec->mtu, 1500u), queues = spec->workers;
	struct dp_netif nif;
	size_t mbuf;

	if (is_kernel_backed(spec->kind)) {
		queues = RTE_MIN(queues, (unsigned)PACKET_QUEUES_MAX);
		if (dp_netif_read(spec->target, &nif) == 0)
			mtu = RTE_MIN(nif.mtu, (unsigned)PORT_MTU_MAX);
	}
	mbuf = sizeof(struct rte_mbuf) + PORT_PRIV + RTE_PKTMBUF_HEADROOM +
	       port_data_room(spec->kind, mtu) + 2 * RTE_CACHE_LINE_SIZE;
	/* A quarter more: rings, the mempool's own, and devices that want more descriptors. */
	return port_mbufs(spec, queues, PORT_RXD, PORT_TXD) * mbuf / 4 * 5;
}

/* --- the device ------------------------------------------------------------------------------ */

/* Writes the device's DPDK name and arguments. 0, or -errno with why. Fills what the kernel knows.
 */
static int port_devargs(
	struct dp_port *p, const struct dp_port_spec *spec, char *args, size_t size, char *why)
{
	struct dp_packet_ring ring;
	struct dp_netif nif;
	unsigned queues;
	int rc;

	switch (spec->kind) {
	case DP_PORT_PCI:
	case DP_PORT_VDEV:
		snprintf(args, size, "%s", spec->target);
		return 0;
	case DP_PORT_TAP:
		snprintf(args, size, "net_tap%u,iface=%s", spec->index, spec->target);
		return 0;
	case DP_PORT_KERNEL:
	case DP_PORT_XDP:
		break;
	}
	rc = dp_netif_read(spec->target, &nif);
	if (rc == -ENODEV)
		return fail(why, spec, rc, "there is no interface %s", spec->target);
	if (rc < 0)
		return fail(why, spec, rc, "interface %s: %s", spec->target, strerror(-rc));
	p->mtu = (uint16_t)RTE_MIN(nif.mtu, (unsigned)PORT_MTU_MAX);
	if (!nif.up)
		LOG_WARN("interface is down", "port=%s interface=%s hint=\"ip link set %s up\"",
			spec->name, spec->target, spec->target);
	if (spec->kind == DP_PORT_XDP) {
		queues = RTE_MIN(spec->workers, nif.channels);
		snprintf(args, size, "net_af_xdp%u,iface=%s,start_queue=0,queue_count=%u",
			spec->index, spec->target, queues);
		return 0;
	}
	/*
	 * Several queues are a fan-out by flow, done by the kernel. Its queueing discipline is
	 * kept: bypassing it would also hide what we send from captures on the interface.
	 */
	queues = RTE_MIN(spec->workers, (unsigned)PACKET_QUEUES_MAX);
	dp_packet_ring_size(p->mtu, (unsigned)getpagesize(), queues, &ring);
	p->mtu_max = (uint16_t)(ring.data - DP_PORT_L2_MAX);
	snprintf(args, size,
		"net_af_packet%u,iface=%s,qpairs=%u,blocksz=%u,framesz=%u,framecnt=%u,qdisc_bypass="
		"0",
		spec->index, spec->target, queues, ring.blocksz, ring.framesz, ring.framecnt);
	return 0;
}

/* Brings the device into DPDK and finds its port id. */
static int port_probe(struct dp_port *p, const struct dp_port_spec *spec, char *why)
{
	char args[512], name[RTE_ETH_NAME_MAX_LEN];
	int rc;

	rc = port_devargs(p, spec, args, sizeof(args), why);
	if (rc < 0)
		return rc;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(args, ","), args);
	if (rte_eth_dev_get_port_by_name(name, &p->id) == 0)
		return 0; /* EAL arguments made it */
	rc = rte_dev_probe(args);
	if (rc == -EFAULT)
		return fail(why, spec, -ENODEV, "DPDK knows no such device or driver");
	if (rc < 0)
		return fail(why, spec, -EIO, "the DPDK driver refused it, see its lines above");
	if (rte_eth_dev_get_port_by_name(name, &p->id) < 0)
		return fail(why, spec, -ENODEV,
			"DPDK made no Ethernet port of it (is the NIC bound to vfio-pci?)");
	p->created = true;
	return 0;
}

/* --- configuration --------------------------------------------------------------------------- */

static int port_choose_mtu(struct dp_port *p, const struct dp_port_spec *spec,
	const struct rte_eth_dev_info *info, char *why)
{
	unsigned mtu = RTE_MAX(spec->mtu, (unsigned)RTE_ETHER_MTU);

	if (is_kernel_backed(spec->kind) && p->mtu != 0) {
		if (p->mtu_max == 0)
			p->mtu_max = p->mtu;
		return 0;
	}
	if (spec->mtu > info->max_mtu)
		return fail(why, spec, -ERANGE, "a link wants mtu %u, the device can do %u",
			spec->mtu, info->max_mtu);
	mtu = RTE_MIN(mtu, (unsigned)info->max_mtu);
	p->mtu = (uint16_t)RTE_MIN(mtu, (unsigned)PORT_MTU_MAX);
	p->mtu_max = p->mtu;
	return 0;
}

static void port_choose_queues(
	struct dp_port *p, const struct dp_port_spec *spec, const struct rte_eth_dev_info *info)
{
	p->max_queues = (uint16_t)RTE_MIN(info->max_rx_queues, info->max_tx_queues);
	p->n_queues = (uint16_t)RTE_MIN((unsigned)p->max_queues, spec->workers);
	/* Only a hash, or a fan-out of the kernel, brings packets to the other queues of a NIC. */
	if (spec->kind == DP_PORT_PCI && p->rss == 0)
		p->n_queues = (uint16_t)RTE_MIN(p->n_queues, 1);
}

static int port_make_pool(struct dp_port *p, const struct dp_port_spec *spec, char *why)
{
	unsigned n = port_mbufs(spec, p->n_queues, p->n_rxd, p->n_txd);
	unsigned room = RTE_PKTMBUF_HEADROOM + port_data_room(spec->kind, p->mtu);
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "port%u", p->id);
	p->pool = rte_pktmbuf_pool_create(
		name, n, PORT_CACHE, PORT_PRIV, (uint16_t)room, (int)p->socket);
	if (p->pool == NULL)
		return fail(why, spec, -ENOMEM,
			"no memory for %u buffers of %u bytes: raise gateway.memory", n, room);
	return 0;
}

static int port_set_up_queues(struct dp_port *p, const struct dp_port_spec *spec, char *why)
{
	int rc;

	for (uint16_t q = 0; q < p->n_queues; q++) {
		rc = rte_eth_rx_queue_setup(p->id, q, p->n_rxd, p->socket, NULL, p->pool);
		if (rc < 0)
			return fail(why, spec, rc, "RX queue %u: %s", q, strerror(-rc));
		rc = rte_eth_tx_queue_setup(p->id, q, p->n_txd, p->socket, NULL);
		if (rc < 0)
			return fail(why, spec, rc, "TX queue %u: %s", q, strerror(-rc));
	}
	return 0;
}

static int port_configure(struct dp_port *p, const struct dp_port_spec *spec, char *why)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {0};
	int rc, socket;

	rc = rte_eth_dev_info_get(p->id, &info);
	if (rc < 0)
		return fail(why, spec, rc, "device information: %s", strerror(-rc));
	snprintf(p->driver, sizeof(p->driver), "%s", info.driver_name);
	p->soft_checksum = is_kernel_backed(spec->kind) || strcmp(p->driver, "net_pcap") == 0 ||
			   strcmp(p->driver, "net_af_packet") == 0 ||
			   strcmp(p->driver, "net_af_xdp") == 0 ||
			   strcmp(p->driver, "net_tap") == 0;
	socket = rte_eth_dev_socket_id(p->id);
	p->socket = socket < 0 ? rte_socket_id() : (unsigned)socket;

	/* IP only: ports are always 5353, and hashing them would part fragments from their first
	 * one. */
	p->rss = info.flow_type_rss_offloads & RTE_ETH_RSS_IP;
	port_choose_queues(p, spec, &info);
	if (p->n_queues == 0)
		return fail(why, spec, -ENODEV, "the device has no queues");
	if (p->n_queues < 2)
		p->rss = 0;
	rc = port_choose_mtu(p, spec, &info, why);
	if (rc < 0)
		return rc;
	if (!is_kernel_backed(spec->kind))
		conf.rxmode.mtu = p->mtu;
	if (p->rss != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = p->rss;
	}
	rc = rte_eth_dev_configure(p->id, p->n_queues, p->n_queues, &conf);
	if (rc < 0)
		return fail(why, spec, rc, "configure with %u queues and mtu %u: %s", p->n_queues,
			p->mtu, strerror(-rc));
	p->n_rxd = PORT_RXD;
	p->n_txd = PORT_TXD;
	rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &p->n_rxd, &p->n_txd);
	if (rc < 0)
		return fail(why, spec, rc, "descriptors: %s", strerror(-rc));
	rc = port_make_pool(p, spec, why);
	if (rc < 0)
		return rc;
	return port_set_up_queues(p, spec, why);
}

/* mDNS is multicast and queries may be for any of it: take all, and say so if the device cannot. */
static void port_accept_multicast(struct dp_port *p)
{
	rte_eth_promiscuous_enable(p->id);
	rte_eth_allmulticast_enable(p->id);
	p->promiscuous = rte_eth_promiscuous_get(p->id) == 1;
	p->allmulticast = rte_eth_allmulticast_get(p->id) == 1;
	if (!p->promiscuous && !p->allmulticast && p->ifindex != 0)
		LOG_WARN("device offers neither promiscuous nor allmulticast mode",
			"port=%s driver=%s hint=\"multicast may be filtered before it gets here\"",
			p->name, p->driver);
}

static void port_read_mac(struct dp_port *p, const struct dp_port_spec *spec)
{
	struct rte_ether_addr addr = {0};

	if (rte_eth_macaddr_get(p->id, &addr) < 0 || rte_is_zero_ether_addr(&addr)) {
		/* Ring ports have none: a locally administered one by the port's place in the file.
		 */
		static const uint8_t own[] = {0x02, 0x6c, 0x73, 0x70, 0x00, 0x00};

		memcpy(addr.addr_bytes, own, sizeof(own));
		addr.addr_bytes[5] = (uint8_t)spec->index;
	}
	memcpy(p->mac.b, addr.addr_bytes, sizeof(p->mac.b));
}

static bool port_link_up(const struct dp_port *p)
{
	struct rte_eth_link link = {0};
	struct dp_netif nif;

	if (p->ifindex != 0 && dp_netif_read(p->ifname, &nif) == 0)
		return nif.running;
	return rte_eth_link_get_nowait(p->id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

static void port_tell(const struct dp_port *p)
{
	char mac[MAC_TEXT_SIZE];

	LOG_INFO("port open",
		"port=%s device=\"%s\" driver=%s id=%u mac=%s mtu=%u queues=%u of=%u rss=0x%" PRIx64
		" link=%s",
		p->name, p->device, p->driver, p->id, mac_format(&p->mac, mac), p->mtu, p->n_queues,
		p->max_queues, p->rss, p->up ? "up" : "down");
}

/* What is behind the id becomes a started port. */
static int port_bring_up(struct dp_port *p, const struct dp_port_spec *spec, char *why)
{
	struct dp_netif nif;
	int rc;

	if (p->id >= DP_PORTS_MAX)
		return fail(
			why, spec, -ERANGE, "DPDK port id %u, at most %u", p->id, DP_PORTS_MAX - 1);
	if (is_kernel_backed(spec->kind) && dp_netif_read(spec->target, &nif) == 0) {
		snprintf(p->ifname, sizeof(p->ifname), "%s", spec->target);
		p->ifindex = nif.index;
		p->was_promiscuous = nif.promiscuous;
		p->mtu = (uint16_t)RTE_MIN(nif.mtu, (unsigned)PORT_MTU_MAX);
	}
	rc = port_configure(p, spec, why);
	if (rc < 0)
		return rc;
	rc = rte_eth_dev_start(p->id);
	if (rc < 0)
		return fail(why, spec, rc, "start: %s", strerror(-rc));
	port_accept_multicast(p);
	port_read_mac(p, spec);
	p->up = port_link_up(p);
	if (p->mtu < PORT_MTU_MIN)
		return fail(
			why, spec, -ERANGE, "mtu %u, at least %u is needed", p->mtu, PORT_MTU_MIN);
	port_tell(p);
	return 0;
}

static void port_init(struct dp_port *p, const struct dp_port_spec *spec)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "%s", spec->name);
	snprintf(p->device, sizeof(p->device), "%s", spec->device);
	p->id = RTE_MAX_ETHPORTS;
}

int dp_port_open(struct dp_port *p, const struct dp_port_spec *spec, char *why)
{
	int rc;

	port_init(p, spec);
	rc = port_probe(p, spec, why);
	if (rc == 0)
		rc = port_bring_up(p, spec, why);
	if (rc < 0)
		dp_port_close(p);
	return rc;
}

int dp_port_open_existing(
	struct dp_port *p, const struct dp_port_spec *spec, uint16_t id, char *why)
{
	int rc;

	port_init(p, spec);
	if (!rte_eth_dev_is_valid_port(id))
		return fail(why, spec, -ENODEV, "there is no DPDK port %u", id);
	p->id = id;
	rc = port_bring_up(p, spec, why);
	if (rc < 0)
		dp_port_close(p);
	return rc;
}

void dp_port_close(struct dp_port *p)
{
	struct rte_eth_dev_info info = {0};

	if (p->name[0] != '\0' && p->id < RTE_MAX_ETHPORTS && rte_eth_dev_is_valid_port(p->id)) {
		/* The kernel keeps the interface's mode after us otherwise. */
		if (p->promiscuous && !p->was_promiscuous && p->ifindex != 0)
			rte_eth_promiscuous_disable(p->id);
		if (rte_eth_dev_info_get(p->id, &info) == 0)
			rte_eth_dev_stop(p->id);
		if (p->created) {
			rte_eth_dev_close(p->id);
			if (info.device != NULL)
				rte_dev_remove(info.device);
		}
	}
	rte_mempool_free(p->pool);
	memset(p, 0, sizeof(*p));
}
