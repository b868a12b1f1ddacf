/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ethdev.h>

#include "base/addr.h"

/*
 * Ports: DPDK ethdevs, made from what an operator wrote (DESIGN §3). Opened and closed by the main
 * thread while no lcore polls; what a device cannot do (queues, RSS, promiscuous mode) degrades
 * with one warning, what it must do and does not is an error in one line that names port and
 * device.
 */

struct rte_mempool;

/* mbufs a port's pool has for packets that left the RX ring: bursts, rings to control and workers,
 * waiting queries. */
#define DP_PORT_HELD 8192
#define DP_PORT_ROOM                                                                               \
	2048 /* bytes that every mbuf a worker gets has behind the headroom, at least */
#define DP_PORT_XDP_HEADROOM                                                                       \
	256               /* bytes the kernel leaves free before a frame besides, by AF_XDP */
#define DP_PORT_TAIL 64   /* spare bytes behind the data of every mbuf */
#define DP_PORT_L2_MAX 26 /* Ethernet header, two VLAN tags, FCS */
#define DP_PORT_WHY 256   /* room for a reason */

enum dp_port_kind {
	DP_PORT_KERNEL, /* a Linux interface by AF_PACKET; target: its name */
	DP_PORT_XDP,    /* ... by AF_XDP */
	DP_PORT_TAP,    /* a tap interface made by DPDK; target: its name */
	DP_PORT_PCI,    /* a NIC that EAL was allowed (-a); target: address[,devargs] */
	DP_PORT_VDEV,   /* target: vdev name and devargs */
};

/* What to open. Strings are only read during the call. */
struct dp_port_spec {
	const char *name;   /* the operator's name of the port */
	const char *device; /* as the operator wrote it, for messages */
	enum dp_port_kind kind;
	const char *target;
	unsigned index;   /* among the ports: makes names and MAC addresses unique */
	unsigned workers; /* queues wanted */
	uint16_t mtu;     /* largest MTU a link of the port is configured for, 0: none */
};

/* An open port. Constant after opening but where said; read by main and management. */
struct dp_port {
	char name[32];
	char device[160];
	char driver[32];
	char ifname[IF_NAMESIZE]; /* kernel-backed: the interface; else empty */
	unsigned ifindex;         /* kernel-backed, else 0 */
	uint16_t id;              /* DPDK port id */
	uint16_t n_queues;        /* RX and TX queues; queue q belongs to worker q */
	uint16_t max_queues;      /* the device's */
	uint16_t n_rxd, n_txd;    /* descriptors a queue */
	uint16_t mtu;             /* bytes of IP packet; management follows the kernel's */
	uint16_t mtu_max;         /* what the buffers hold: never beyond this while running */
	struct mac_addr mac;
	unsigned socket;    /* NUMA node of its memory */
	uint64_t rss;       /* hash fields in force, RTE_ETH_RSS_*; 0: none */
	bool soft_checksum; /* kernel-backed or pcap: unfinished UDP checksums occur */
	bool promiscuous;
	bool allmulticast;
	bool was_promiscuous; /* kernel-backed: the interface was so before us */
	bool created;         /* by dp_port_open(): closing removes the device */
	_Atomic bool up;      /* management writes: carrier, as last seen */
	struct rte_mempool *pool;
};

/*
 * Opens, configures and starts a port. Needs the EAL; main thread. Returns 0, or a negative errno
 * with a line in why (DP_PORT_WHY bytes) and nothing left behind.
 */
int dp_port_open(struct dp_port *p, const struct dp_port_spec *spec, char *why);

/* The same for a DPDK port that exists, as rte_eth_from_rings() makes them; closing stops it and
 * leaves it there. */
int dp_port_open_existing(
	struct dp_port *p, const struct dp_port_spec *spec, uint16_t id, char *why);

/* Stops and closes; no lcore polls it and none of its mbufs is held any more. A zeroed port is
 * fine. */
void dp_port_close(struct dp_port *p);

/* Bytes of EAL memory the ports' pools will take, an upper bound; before EAL. kernel-backed
 * interfaces are asked for their MTU. */
size_t dp_port_memory(const struct dp_port_spec *spec);

/*
 * Facts of a Linux interface and what AF_PACKET needs for it. Any thread; a few ioctls.
 */
struct dp_netif {
	unsigned index;
	unsigned mtu;
	unsigned channels; /* combined or RX channels, at least 1 */
	bool up;           /* IFF_UP */
	bool promiscuous;  /* IFF_PROMISC */
	bool running;      /* IFF_RUNNING: carrier */
};

/* Returns 0 or a negative errno: -ENODEV if there is no such interface. */
int dp_netif_read(const char *ifname, struct dp_netif *out);

/* AF_PACKET ring geometry: one frame holds a packet of the MTU with two VLAN tags and the kernel's
 * header. */
struct dp_packet_ring {
	unsigned framesz;
	unsigned blocksz;  /* a multiple of the page size and of framesz */
	unsigned framecnt; /* frames of one queue, one way; fills whole blocks */
	unsigned data;     /* bytes of packet a frame holds; an mbuf needs room for framesz */
};

void dp_packet_ring_size(
	unsigned mtu, unsigned page_size, unsigned queues, struct dp_packet_ring *out);
